"""What only an officer can say about the ladder: leave out a step, what a host answered, what stands at an address now."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import access
from takedown import answering, ladder, verify
from takedown.clicks import said
from takedown.ladder_models import places_of
from takedown.views.notice import notice_or_404


@require_POST
def skip(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Leave out this step: the next one is drafted with the next sweep."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    said(request, lambda: ladder.skip(row, officer), _("Left out. The next step follows by itself."))
    return redirect("takedown:notice", row.pk)


@require_POST
def answered(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Keep that the host refused and why, or that the letter was wrong."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    kind, reason = request.POST.get("kind", ""), request.POST.get("reason", "")
    said(request, lambda: answering.note_answer(row, officer, kind, reason), _("Kept."))
    return redirect("takedown:notice", row.pk)


@require_POST
def replaced(request: HttpRequest, notice_id: UUID, location_id: int) -> HttpResponse:
    """Something else is at the address: is it the same material still?"""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    place = get_object_or_404(places_of(row), pk=location_id)
    if request.POST.get("same") not in {"yes", "no"}:
        raise Http404
    same = request.POST["same"] == "yes"
    said(request, lambda: verify.decide_replaced(place, officer, same=same), _("Kept."))
    return redirect("takedown:notice", row.pk)
