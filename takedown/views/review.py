"""One match, looked at without being seen more than needed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import access, custody, page_reader
from cases import capture as captures
from cases.models import User
from cases.page_facts import NAMES, shown
from cases.report import describe_kind, describe_transform
from cases.upload_capture import CaptureUploadForm
from cases.vault import VaultError
from detection.models import Match
from takedown import frames
from takedown.charts import alignment_svg
from takedown.models import Reveal


def review(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """Blurred pairs, the alignment and the explanation. No clear pixel is in this page."""
    match = match_or_404(access.officer_page(request), match_id)
    context = {
        "match": match,
        "pairs": frames.frame_pairs(match),
        "chart": alignment_svg(match),
        "kinds": ", ".join(describe_kind(kind) for kind in match.kinds),
        "transform": describe_transform(match.transform or "none"),
        "location": getattr(match, "location", None),
        **page_readings(match),
        "page": "desk",
    }
    return render(request, "takedown/review.html", context)


def page_readings(match: Match) -> dict[str, Any]:
    """What is known of the page beyond the match, and the form for a page that could not be captured."""
    facts = match.capture.facts if match.capture else {}
    return {
        "page_facts": shown(facts.get("page_facts", ()), get_language() or "ko"),
        "network": facts.get("network"),
        "machine": machine_reading(match),
        "upload_form": CaptureUploadForm() if match.status == Match.Status.UNCAPTURED else None,
    }


def machine_reading(match: Match) -> dict[str, Any] | None:
    """The reading of the optional second reader, or why there is none; None where it is off."""
    told = match.capture.facts.get("machine_reading") if match.capture else None
    if match.capture is None or told is None:
        return None
    sentence = page_reader.OUTCOMES.get(told["outcome"], told["outcome"])
    try:
        read = captures.machine_reading(match.capture) or {}
    except VaultError as error:
        return {**told, "sentence": error.sentence}
    rows = [{**fact, "label": NAMES.get(fact["name"], fact["name"])} for fact in read.get("facts", ())]
    return {**told, "sentence": sentence, "summary": read.get("summary", ""), "facts": rows}


def frame(request: HttpRequest, match_id: UUID, number: int, side: str) -> HttpResponse:
    """One frame as JPEG: blurred and grey, or clear with a token that lives for seconds."""
    officer = access.officer_page(request)
    match = match_or_404(officer, match_id)
    clear = frames.token_opens(request.GET.get("token", ""), match, number, officer)
    jpeg = frames.frame_jpeg(frames.frame_part(match, number, side), clear=clear)
    return HttpResponse(jpeg, content_type="image/jpeg", headers={"X-Content-Type-Options": "nosniff"})


@require_POST
def reveal(request: HttpRequest, match_id: UUID, number: int) -> JsonResponse:
    """Count the look first, then open the pair for a few seconds."""
    officer = access.officer_page(request)
    match = match_or_404(officer, match_id)
    sides = frames.kept_sides(match, number)
    if not sides:
        raise Http404
    row = Reveal.objects.create(officer=officer, match=match)
    custody.record(match.case, "revealed", actor=f"officer:{officer.pk}", subject=f"match:{match.pk}", pair=number)
    token = frames.reveal_token(match, number, officer)
    urls = {side: reverse("takedown:frame", args=[match.pk, number, side]) + f"?token={token}" for side in sides}
    return JsonResponse({**urls, "ended": reverse("takedown:reveal_ended", args=[match.pk, row.pk])})


@require_POST
def reveal_ended(request: HttpRequest, match_id: UUID, reveal_id: int) -> HttpResponse:
    """How long the look lasted, as the browser measured it (at most as long as the token lives)."""
    officer = access.officer_page(request)
    row = get_object_or_404(Reveal, pk=reveal_id, match_id=match_id, officer=officer)
    row.seconds = min((timezone.now() - row.at).total_seconds(), frames.REVEAL_SECONDS)
    row.save(update_fields=["seconds"])
    return HttpResponse(status=204)


@require_POST
def accept(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """The officer judges: this is the material. A draft follows within seconds."""
    officer = access.officer_page(request)
    match = match_or_404(officer, match_id)
    if match.status == Match.Status.DISMISSED:
        messages.error(request, _("It was dismissed already."))
        return redirect("takedown:review", match.pk)
    match.accepted_at = timezone.now()
    match.save(update_fields=["accepted_at"])
    custody.record(match.case, "matched", actor=f"officer:{officer.pk}", subject=f"match:{match.pk}")
    messages.success(request, _("Marked as the same material. The letter is being drafted."))
    return redirect("takedown:desk")


@require_POST
def dismiss(request: HttpRequest, match_id: UUID) -> HttpResponse:
    """The officer judges: not the material. Only before it stands in a letter."""
    officer = access.officer_page(request)
    match = match_or_404(officer, match_id)
    if hasattr(match, "location"):
        messages.error(request, _("It stands in a letter already. Cancel the letter first."))
        return redirect("takedown:review", match.pk)
    match.status, match.dismissed_at = Match.Status.DISMISSED, timezone.now()
    match.save(update_fields=["status", "dismissed_at"])
    custody.record(match.case, "dismissed", actor=f"officer:{officer.pk}", subject=f"match:{match.pk}")
    messages.success(request, _("Dismissed: not the same material."))
    return redirect("takedown:desk")


def match_or_404(officer: User, match_id: UUID) -> Match:
    """A match of a case this officer may see."""
    match = Match.objects.select_related("case", "candidate", "evidence", "capture").filter(pk=match_id).first()
    if match is None or not access.may_see(officer, match.case):
        raise Http404
    return match
