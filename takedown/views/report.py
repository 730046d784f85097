"""The PDF report of one capture."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language

from cases import access
from cases.capture import report_for
from cases.models import Capture
from cases.vault import VaultError
from detection.facts import match_facts
from takedown.bundles import organisation_name


def report(request: HttpRequest, capture_id: UUID) -> HttpResponse:
    """In Korean or English; the download is put on record."""
    capture = access.capture_read(request, capture_id)
    if capture.status != Capture.Status.COMPLETE:
        raise Http404
    language = "en" if (request.GET.get("lang") or get_language()) == "en" else "ko"
    match = capture.matches.first()
    try:
        pdf = report_for(
            capture,
            language=language,
            actor=f"officer:{request.user.pk}",
            match_facts=match_facts(match) if match else None,
            organisation=organisation_name(language),
        )
    except VaultError as error:
        messages.error(request, error.sentence)
        return redirect("cases:case", capture.case_id)
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={
            "Content-Disposition": f'attachment; filename="report-{capture.pk.hex[:8]}.pdf"',
            "X-Content-Type-Options": "nosniff",
        },
    )
