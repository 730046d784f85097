"""An officer's own proof of a page that no program could capture."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import access, upload_capture
from cases.media_types import IntakeError
from cases.uploads import SealedUpload
from detection.models import Match
from detection.preserve import take_upload
from takedown.views.review import match_or_404


@require_POST
def capture_upload(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Seal the files as the match's capture; the medium and the letter follow as after any capture."""
    officer = access.officer_page(request)
    files = [file for file in request.FILES.getlist("files") if isinstance(file, SealedUpload)]
    try:
        match = match_or_404(officer, match_id)
        access.case_write(request, match.case_id)
        form = upload_capture.CaptureUploadForm(request.POST)
        if match.status != Match.Status.UNCAPTURED:
            messages.error(request, _("This page is captured already, or is being captured."))
        elif not form.is_valid():
            messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        else:
            _take(request, match, files, f"officer:{officer.pk}", form.cleaned_data)
    finally:
        upload_capture.forget(files)
    return redirect("takedown:review", match_id)


def _take(request: HttpRequest, match: Match, files: list[SealedUpload], actor: str, told: dict[str, object]) -> None:
    try:
        made = upload_capture.capture_by_upload(
            match.case, match.candidate.page_url, files, actor=actor, why=match.reason, **told,  # type: ignore[arg-type]
        )  # fmt: skip
    except IntakeError as error:
        messages.error(request, error.sentence)
        return
    if made.reason:
        messages.error(request, made.reason)
    elif take_upload(match, made):
        messages.success(request, _("Sealed as proof of the page. The letter can be drafted now."))
    else:
        messages.error(request, _("This page is captured already, or is being captured."))
