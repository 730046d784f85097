"""The evidence bundle of a match, handed to an officer who says why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from cases import access, age, signing
from cases.archive import BundleError
from cases.vault import VaultError
from detection.models import Match
from takedown import bundles
from takedown.forms import BundleForm
from takedown.views.review import match_or_404

CHUNK = 1024 * 1024


def bundle(request: HttpRequest, match_id: UUID) -> HttpResponseBase:
    """Ask why, put it on record, and hand the bundle over; encrypted where a recipient's key is given."""
    officer = access.officer_page(request)
    match = match_or_404(officer, match_id)
    form = BundleForm(request.POST or None)
    if request.method != "POST" or not form.is_valid() or not bundles.is_captured(match):
        return _page(request, match, form)
    told = form.cleaned_data
    try:
        file = _made(match, f"officer:{officer.pk}", told["reason"], told["recipient"])
    except (BundleError, VaultError) as error:
        messages.error(request, error.sentence)
        return redirect("takedown:bundle", match.pk)
    return _download(file, f"bundle-{match.pk.hex[:8]}.zip", told["recipient"])


def _page(request: HttpRequest, match: Match, form: BundleForm) -> HttpResponse:
    try:
        fingerprint = signing.fingerprint()
    except VaultError as error:
        fingerprint = error.sentence
    context = {
        "match": match,
        "form": form,
        "fingerprint": fingerprint,
        "captured": bundles.is_captured(match),
        "stamps": match.capture.time_stamps.all() if match.capture else [],
        "page": "desk",
    }
    return render(request, "takedown/bundle.html", context, status=400 if form.errors else 200)


def _made(match: Match, actor: str, reason: str, recipient: str) -> BinaryIO:
    """The bundle in a memory file: in the clear it never touches the disk."""
    file = open(os.memfd_create("bundle", os.MFD_CLOEXEC), "w+b")  # noqa: SIM115
    try:
        bundles.export(match, file, actor=actor, reason=reason, recipient=recipient)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _download(file: BinaryIO, name: str, recipient: str) -> HttpResponseBase:
    headers = {"X-Content-Type-Options": "nosniff"}
    if not recipient:
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip", headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{name}.age"'
    pieces = age.encrypted(_chunks(file), age.public_key(recipient))
    return StreamingHttpResponse(pieces, content_type="application/octet-stream", headers=headers)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
