"""Uploads are sealed while they arrive: neither a temporary file nor the memory ever holds a whole clip in the clear.

A victim's file goes under the key of the draft in the session; the case made of the draft inherits key and files.
An officer's proof of a page goes under a draft's key that no session knows, until `cases.upload_capture` has checked it.
Signed-in staff uploading elsewhere (a contact list) get a small file in memory. Other uploads are dropped unread.
"""

from __future__ import annotations

import io
import shutil
import uuid
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from cases import drafts
from cases.models import IntakeDraft
from cases.sealing import FileWriter, SealedFile, VaultError

HEAD_BYTES = 64 * 1024
STAFF_MAX_BYTES = 5 * 1024 * 1024
# A tenth of the disk stays free, so that the rows of what was received can still be written (threats.md T12).
RESERVE_SHARE = 0.1
# The name of the one route, in whatever app, that takes an officer's proof.
CAPTURE_ROUTE = "capture_upload"


class SealedUpload(UploadedFile):
    """A file that lies sealed in the draft's folder. Its name is known for this request only and stored nowhere.

    `problem` is "" or the code of an IntakeError: too_large, too_many, already_sent or no_space; then nothing was kept.
    """

    def __init__(self, name: str, file_id: uuid.UUID, sealed: SealedFile, head: bytes, problem: str = "",
                 draft: IntakeDraft | None = None) -> None:  # fmt: skip
        super().__init__(file=None, name=name or None, content_type="application/octet-stream", size=sealed.size)
        self.file_id = file_id
        self.digest = sealed.digest
        self.head = head
        self.problem = problem
        self.draft = draft

    def __bool__(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing is open: the writer closed the sealed file."""


class SealingUploadHandler(FileUploadHandler):
    """Django's door for files. See the module for which file goes where."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._draft: IntakeDraft | None = None
        self._seen = 0

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        """Nothing is read here; the parser cuts the body into files."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if not self.file_name:
            raise SkipFile
        self._file_id, self._head, self._size, self._problem = uuid.uuid4(), bytearray(), 0, ""
        self._writer: FileWriter | None = None
        self._memory: io.BytesIO | None = None
        if self._for_evidence() or (self._for_capture() and self._from_staff()):
            self._begin_sealing()
        elif self._from_staff() and not self._for_capture():
            self._memory = io.BytesIO()
        else:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Returns None: no other handler sees the bytes. A file with a problem is read to its end and dropped."""
        self._size += len(raw_data)
        if self._size > (STAFF_MAX_BYTES if self._memory is not None else settings.EVIDENCE_MAX_BYTES):
            self._drop("too_large")
        elif self._memory is not None:
            self._memory.write(raw_data)
        elif self._writer:
            self._head += raw_data[: HEAD_BYTES - len(self._head)]
            self._write(self._writer, raw_data)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        name = self.file_name or ""
        if self._memory is not None:
            self._memory.seek(0)
            return InMemoryUploadedFile(
                self._memory, self.field_name, name, self.content_type, file_size, self.charset, self.content_type_extra
            )
        sealed = SealedFile(file_size, "")
        if self._writer:
            try:
                sealed = self._writer.close()
            except VaultError as error:
                self._drop(error.code)
        return SealedUpload(name, self._file_id, sealed, bytes(self._head), self._problem, self._draft)

    def upload_interrupted(self) -> None:
        """The line broke: the half file goes."""
        if getattr(self, "_writer", None):
            self._drop("interrupted")

    def _for_evidence(self) -> bool:
        """Of this app's own forms, or of a request made outside the resolver (a test, a command)."""
        match = self.request.resolver_match if self.request else None
        return match is None or match.app_name == "cases" or match.namespace == "cases"

    def _for_capture(self) -> bool:
        match = self.request.resolver_match if self.request else None
        return getattr(match, "url_name", "") == CAPTURE_ROUTE

    def _from_staff(self) -> bool:
        return bool(self.request and self.request.user.is_authenticated)

    def _begin_sealing(self) -> None:
        assert self.request is not None  # noqa: S101
        if self._draft is None and self._for_capture():
            self._draft = drafts.begin()
        self._draft = self._draft or drafts.draft_of(self.request) or drafts.begin(self.request)
        self._seen += 1
        state = drafts.state_of(self._draft)
        if state.receipt:
            self._problem = "already_sent"
        elif len(state.files) + self._seen > settings.EVIDENCE_MAX_FILES:
            self._problem = "too_many"
        elif not room_for_uploads():
            self._problem = "no_space"
        else:
            self._writer = drafts.seal_of(self._draft).write(self._file_id)

    def _write(self, writer: FileWriter, chunk: bytes) -> None:
        try:
            writer.write(chunk)
        except VaultError as error:
            self._drop(error.code)

    def _drop(self, problem: str) -> None:
        if self._writer:
            self._writer.abort()
        self._writer, self._problem = None, problem
        if self._memory is not None:
            self._memory = io.BytesIO()


def room_for_uploads() -> bool:
    """Whether the reserve of the evidence disk is still free."""
    settings.EVIDENCE_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
    usage = shutil.disk_usage(settings.EVIDENCE_ROOT)
    return usage.free > usage.total * RESERVE_SHARE


def seal_upload(draft: IntakeDraft, stream: BinaryIO, name: str) -> SealedUpload:
    """Seal a stream as if it had been uploaded: for seeds and tests."""
    file_id, head = uuid.uuid4(), b""
    with drafts.seal_of(draft).write(file_id) as writer:
        while chunk := stream.read(FileUploadHandler.chunk_size):
            head = head or chunk[:HEAD_BYTES]
            writer.write(chunk)
        sealed = writer.close()
    return SealedUpload(name, file_id, sealed, head, draft=draft)


def problem_sentence(problem: str) -> str:
    """What a visitor reads about an upload's `problem`."""
    sentences = {
        "too_large": _("This file is larger than we can take. You can send a shorter part of it."),
        "too_many": _("No more files can be added. The ones listed are kept."),
        "already_sent": _("This was sent already. Your number is on the last page."),
        "no_space": _("The server has no room for this file at the moment. What you entered is kept."),
    }
    return sentences.get(problem, _("This file did not arrive. Please try once more."))
