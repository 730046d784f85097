"""A visitor without an account: a request with a session, and files in a multipart body."""

from __future__ import annotations

from io import BytesIO

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import RequestFactory

from cases import drafts, intake, uploads
from cases.drafts import IntakeAnswers
from cases.intake import Receipt

MP4 = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


def visit(*files: tuple[str, bytes], session: SessionStore | None = None, user: object = None) -> HttpRequest:
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    request = RequestFactory().post("/start/files/", {"files": sent} if sent else {})
    request.session = session if session is not None else SessionStore()
    request.user = user or AnonymousUser()
    return request


def send_in(answers: IntakeAnswers, *files: bytes, at) -> Receipt:
    """Files and answers of one visitor, received."""
    draft = drafts.begin()
    sealed = [uploads.seal_upload(draft, BytesIO(content), "") for content in files]
    return intake.receive(answers, sealed, at=at, draft=draft)
