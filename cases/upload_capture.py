"""The third way of capture: an officer hands in what they kept of a page that no program could capture.

It proves less than a capture by the system, and says so: when the files arrived is certain, when and how they were made
is the officer's word. The files are sealed like every part and, unblurred as they may be, never shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from cases import capture as captures
from cases import drafts, uploads
from cases.media_types import IntakeError, sniff_kind
from cases.models import Capture, Case
from cases.uploads import SealedUpload
from cases.vault import VaultError

MOST_FILES = 10
# Longest first where one begins like another; what they are called, so that another program opens them.
STARTS = (
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"), (b"\xff\xd8\xff", "jpg", "image/jpeg"), (b"%PDF-", "pdf", "application/pdf"),
)  # fmt: skip
PAGES = ((b"<!doctype html", "html", "text/html"), (b"<html", "html", "text/html"))
# A ZIP whose first member is one of a web archive's.
WACZ = tuple(b"PK\x03\x04|" + name for name in (b"archive/", b"datapackage", b"indexes/", b"pages/"))
MHTML = (b"mime-version:", b"from: <saved by")


class CaptureUploadForm(forms.Form):
    seen_at = forms.DateTimeField(
        label=gettext_lazy("When did you see the page?"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    note = forms.CharField(
        label=gettext_lazy("How did you keep it? (optional)"), required=False, max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("For example: screenshot with a telephone, page saved in a browser."),
    )  # fmt: skip

    def clean_seen_at(self) -> datetime:
        seen_at: datetime = self.cleaned_data["seen_at"]
        if seen_at > timezone.now():
            raise forms.ValidationError(gettext("This time has not come yet."))
        return seen_at


def capture_by_upload(
    case: Case, url: str, files: Sequence[SealedUpload], *, actor: str, seen_at: datetime, note: str = "", why: str = ""
) -> Capture:
    """A complete capture out of uploaded files; `why`: the sentence with which the capture by program failed.

    Raises IntakeError (nothing_entered, too_many, too_large, no_space, empty_file or wrong_type) before anything is
    kept. A file that cannot be sealed makes the capture FAILED with its reason. The uploads are gone either way.
    """
    try:
        kinds = _checked(files)
        made = Capture.objects.create(case=case, url=url, purpose="presence", method=Capture.Method.UPLOAD)
        try:
            _seal(made, files, kinds, {"by": actor, "seen_at": seen_at, "note": note})
        except VaultError as error:
            captures.fail(made, error.sentence)
    finally:
        forget(files)
    made.captured_at = timezone.now()
    made.facts = {"handed_in": _handed_in(seen_at), "seen_at": seen_at.isoformat(), "browser_failed": why}
    captures.finish(made, actor)
    return made


def forget(files: Sequence[SealedUpload]) -> None:
    """Remove uploads and the keys they lay under."""
    for draft_id in {file.draft.pk for file in files if file.draft}:
        drafts.forget(draft_id)


def _handed_in(seen_at: datetime) -> str:
    local = timezone.localtime(seen_at).strftime("%Y-%m-%d %H:%M %Z")
    return _(
        "The files were handed in by an officer, who saw the page at %(at)s. The system did not fetch the page itself."
    ) % {"at": local}


def _seal(made: Capture, files: Sequence[SealedUpload], kinds: list[tuple[str, str]], told: dict[str, Any]) -> None:
    listed = []
    for number, (file, (ending, media_type)) in enumerate(zip(files, kinds, strict=True), start=1):
        assert file.draft is not None  # noqa: S101 (checked)
        chunks = drafts.seal_of(file.draft).stream(UUID(str(file.file_id)))
        part = captures.add_part(made, f"upload-{number}.{ending}", chunks, media_type, "upload")
        if part.digest != file.digest:
            raise VaultError("broken_seal", _("The file changed between its arrival and its sealing."))
        listed.append({"part": part.name, "digest": part.digest, "size": part.size})
    told = {**told, "handed_in_at": datetime.now(UTC).isoformat(), "files": listed}
    captures.add_json(made, "upload.json", told, "upload")


# --- what is taken -----------------------------------------------------------------------------------------------
def _checked(files: Sequence[SealedUpload]) -> list[tuple[str, str]]:
    """(ending, media type) of each file, by its first bytes."""
    if not files:
        raise IntakeError("nothing_entered", _("No file arrived. Choose at least one."))
    if len(files) > MOST_FILES:
        raise IntakeError("too_many", _("These are too many files at once."))
    for file in files:
        if file.problem or file.draft is None:
            raise IntakeError(file.problem or "gone", uploads.problem_sentence(file.problem))
    return [kind_of(file.head) for file in files]


def kind_of(head: bytes) -> tuple[str, str]:
    """What a proof of a page may be: a picture, a recording, a PDF, a saved page or a web archive."""
    for start, ending, media_type in STARTS:
        if head.startswith(start):
            return ending, media_type
    if (head[:4] + b"|" + head[30:]).startswith(WACZ):
        return "wacz", "application/wacz"
    text = head[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, ending, media_type in PAGES:
        if text.startswith(start):
            return ending, media_type
    if text.startswith(MHTML):
        return "mhtml", "multipart/related"
    try:
        kind = sniff_kind(head)
    except IntakeError as error:
        if error.code == "empty_file":
            raise
        raise IntakeError(
            "wrong_type", _("This is no proof that can be kept: a picture, a recording, a PDF or a saved page.")
        ) from error
    return ("mp4", "video/mp4") if head[4:8] == b"ftyp" and kind == "video" else ("bin", f"{kind}/x-unknown")
