"""What waits, what left, and the clock."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from cases import access
from cases.models import Case, User
from detection.models import Match
from takedown import notices
from takedown.ladder_models import places_of
from takedown.models import Location, Notice, Reveal

S = Notice.Status
FILTERS = {
    "waiting": [S.DRAFT, S.APPROVED, S.BY_HAND, S.SENDING, S.FAILED, S.UNCERTAIN],
    "drafts": [S.DRAFT],
    "by_hand": [S.BY_HAND],
    "trouble": [S.FAILED, S.UNCERTAIN],
}


def desk(request: HttpRequest) -> HttpResponse:
    """The queue: letters to approve, matches to look at, oldest first."""
    officer = access.officer_page(request)
    return render(request, "takedown/desk.html", queue_context(officer, request))


def queue(request: HttpRequest) -> HttpResponse:
    """The same queue as a fragment, for the live update."""
    officer = access.officer_page(request)
    return render(request, "takedown/partials/queue.html", queue_context(officer, request))


def sent(request: HttpRequest) -> HttpResponse:
    """Letters that left, and what became of each address."""
    officer = access.officer_page(request)
    rows = with_counts(Notice.objects.visible_to(officer).filter(status__in=[S.SENT, S.REMOVED])).order_by("-sent_at")
    return render(request, "takedown/sent.html", {"notices": rows[:200], "page": "sent"})


def queue_context(officer: User, request: HttpRequest) -> dict[str, Any]:
    chosen = request.GET.get("show", "waiting")
    rows = with_counts(Notice.objects.visible_to(officer).filter(status__in=FILTERS.get(chosen, FILTERS["waiting"])))
    waiting = list(rows.order_by("found_at")[:200])
    looks = Match.objects.undecided().filter(case__in=Case.objects.visible_to(officer))
    return {
        "notices": [{"row": row, "stages": notices.stage_seconds(row), "places": places_of(row)} for row in waiting],
        "matches": looks.select_related("case", "candidate").order_by("judged_at")[:100],
        "figures": figures(officer),
        "show": chosen,
        "page": "desk",
    }


def with_counts(rows: QuerySet[Notice]) -> QuerySet[Notice]:
    counted = rows.select_related("case", "site", "contact", "follows", "step")
    own, asked = Count("locations", distinct=True), Count("step__asked", distinct=True)
    return counted.annotate(address_count=own + asked)


def figures(officer: User) -> dict[str, Any]:
    """The numbers at the top of the desk."""
    own = Notice.objects.visible_to(officer)
    spans = [
        (row.drafted_at - row.found_at).total_seconds()
        for row in own.filter(step=None).order_by("-drafted_at").only("drafted_at", "found_at")[:100]
    ]
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "drafts": own.filter(status=S.DRAFT).count(),
        "open": own.filter(status=S.SENT).count(),
        "removed": Location.objects.filter(notice__in=own, status=Location.Status.REMOVED).count(),
        "median_seconds": sorted(spans)[len(spans) // 2] if spans else None,
        "reveals_today": Reveal.objects.filter(officer=officer, at__gte=today).count(),
    }
