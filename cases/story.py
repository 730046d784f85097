"""A case told to the victim, in plain words. The officer's telling is `cases.chronicle`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases import vault
from cases.chronicle import variant
from cases.models import Case, CustodyEntry, Evidence

# Acts of custody as the victim reads them, "act:variant" where it matters; what is not here is the house's own business.
TOLD: dict[str, Promise] = {
    "received": _("We received what you sent. It is locked away."),
    "fingerprinted": _("We made a fingerprint of it. With that we look for copies."),
    "fingerprinted:unusable": _("One file could not be used by itself. An officer sees that."),
    "matched": _("A copy was found."),
    "captured": _("Proof of the page was kept."),
    "drafted": _("A request for removal was written."),
    "approved": _("An officer checked the request."),
    "sent": _("The request was sent to the site."),
    "verified": _("We looked whether it is gone."),
    "verified:up": _("We looked: it is still there. We keep asking."),
    "verified:removed": _("We looked twice: it is gone."),
    "verified:answer": _("The site answered us."),
}
# A step that failed, or is in doubt, is not told as done; nor is the same letter told twice because it was edited.
NOT_TOLD = {"matched:review", "captured:failed", "captured:absence", "drafted:officer"}
LOCATION_WORDS: dict[str, Promise] = {
    "up": _("still there, we keep asking"),
    "absent": _("gone, we look once more to be sure"),
    "removed": _("removed"),
    "replaced": _("something else is there now, we are looking at it"),
    "moved": _("it was moved to another address, we keep asking"),
    "login": _("the site hides it behind a log-in, we keep asking"),
    "geo": _("the site hides it from visitors from here, we keep asking"),
    "blocked": _("blocked in Korea, but not removed: we keep asking"),
    "delisted": _("no longer found by the search engine, we keep asking"),
    "unreachable": _("the site does not answer at the moment"),
}
NAMED_WORDS: dict[str, Promise] = {
    Evidence.Status.RECEIVED: _("we will look at this page soon"),
    Evidence.Status.FINGERPRINTED: _("we have looked at this page"),
    Evidence.Status.UNUSABLE: _("we could not read this page by ourselves; an officer sees that"),
}
SHOWN_EVENTS = 12


def told_to_victim(case: Case) -> dict[str, Any]:
    """Counts, addresses with their state, the last events, and what comes next and when."""
    places = _places(case)
    return {
        "case": case,
        "found": _sure(case).count(),
        "all_gone": bool(places) and not _sure(case).exclude(location__status="removed").exists(),
        "asked": len(places),
        "removed": sum(place["status"] == "removed" for place in places),
        "places": places,
        "named": _named(case, {place["address"] for place in places}),
        "next_look": _next_look(places),
        "events": _events(case),
        **_standing(case),
    }


def _standing(case: Case) -> dict[str, bool]:
    """Whether the work goes on; taken back, run out and resting are different things to read."""
    working = case.allows_work(timezone.now())
    withdrawn = not working and not case.consents.filter(withdrawn_at=None).exists() and case.consents.exists()
    return {"withdrawn": withdrawn, "resting": not working and not withdrawn}


def _sure(case: Case) -> QuerySet[Any]:
    """Only what is sure: the engine's verdict, or an officer's. What is merely to be looked at is not told."""
    sure = Q(verdict="confirmed") | Q(accepted_at__isnull=False)
    return case.matches.filter(sure).exclude(status="dismissed")  # type: ignore[attr-defined, no-any-return]


def _places(case: Case) -> list[dict[str, Any]]:
    """Addresses that stand in a request that was sent. The rows belong to rooms above this one, reached backwards."""
    sent = case.notices.filter(status__in=["sent", "removed"]).prefetch_related("locations")  # type: ignore[attr-defined]
    return [
        {
            "address": place.page_url,
            "status": place.status,
            "words": LOCATION_WORDS.get(place.status, place.status),
            "next_check_at": place.next_check_at,
        }
        for notice in sent
        for place in notice.locations.all()
    ]


def _next_look(places: list[dict[str, Any]]) -> datetime | None:
    """When the next address that is still open is looked at again; never a time that has passed."""
    times = [place["next_check_at"] for place in places if place["status"] != "removed" and place["next_check_at"]]
    return max(min(times), timezone.now()) if times else None


def _named(case: Case, told: set[str]) -> list[dict[str, Any]]:
    """Addresses the person gave, as far as no request speaks of them yet. Closed again when the key is gone."""
    named = []
    for row in case.evidence.filter(kind=Evidence.Kind.URL):
        try:
            address = vault.open_text(case, "url", bytes(row.url_sealed))
        except vault.VaultError:
            continue
        if address not in told:
            named.append({"address": address, "words": NAMED_WORDS[row.status]})
    return named


def _events(case: Case) -> list[dict[str, Any]]:
    """The latest first; several of a kind within the same hour are told once."""
    told: list[dict[str, Any]] = []
    for entry in case.custody.order_by("-sequence"):
        words, hour = _words(entry), entry.at.replace(minute=0, second=0, microsecond=0)
        if words and not any(event["words"] == words and event["hour"] == hour for event in told):
            told.append({"hour": hour, "at": entry.at, "words": words})
    return told[:SHOWN_EVENTS]


def _words(entry: CustodyEntry) -> str:
    key = f"{entry.act}:{variant(entry)}"
    return "" if key in NOT_TOLD else str(TOLD.get(key) or TOLD.get(entry.act) or "")
