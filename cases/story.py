"""A case told in words: to the victim plainly, to the officer with who did what."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.models import Case, CustodyEntry, User

# Acts of custody as the victim reads them; acts that are not here are the house's own business.
TOLD: dict[str, Promise] = {
    "received": _("We received what you sent. It is locked away."),
    "fingerprinted": _("We made a fingerprint of it. With that we look for copies."),
    "matched": _("A copy was found."),
    "captured": _("Proof of the page was kept."),
    "drafted": _("A request for removal was written."),
    "approved": _("An officer checked the request."),
    "sent": _("The request was sent to the site."),
    "verified": _("We looked whether it is gone."),
}
ACTS: dict[str, Promise] = {
    "received": _("Received the intake"),
    "sealed": _("Sealed a piece of evidence"),
    "fingerprinted": _("Made a fingerprint"),
    "examined": _("Examined an address"),
    "matched": _("Judged a match"),
    "captured": _("Preserved a page"),
    "drafted": _("Wrote a removal request"),
    "approved": _("Approved a removal request"),
    "undone": _("Took an approval back"),
    "sent": _("Sent a removal request"),
    "verified": _("Checked whether it is gone"),
    "viewed": _("Opened the case"),
    "revealed": _("Looked at a clear frame"),
    "downloaded": _("Downloaded a report or a bundle"),
    "stamped": _("A time-stamp authority confirmed a capture"),
    "consent": _("Consent given or withdrawn"),
    "dismissed": _("Dismissed a match"),
    "term_added": _("Added a watch term"),
    "term_removed": _("Removed a watch term"),
    "term_shown": _("Looked at the watch terms"),
    "term_ticked": _("Allowed a site to be searched for a watch term"),
    "term_unticked": _("No longer allows a site to be searched for a watch term"),
    "answered": _("An answer to a removal request came in"),
    "returned": _("A removal request came back"),
}
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
SHOWN_EVENTS = 12


def told_to_victim(case: Case) -> dict[str, Any]:
    """Counts, addresses with their state, the last events, and what comes next."""
    places = _places(case)
    return {
        "case": case,
        "found": _copies(case),
        "asked": len(places),
        "removed": sum(place["status"] == "removed" for place in places),
        "places": places,
        "events": _events(case),
        **_standing(case),
    }


def _standing(case: Case) -> dict[str, bool]:
    """Whether the work goes on; taken back, run out and resting are different things to read."""
    working = case.allows_work(timezone.now())
    withdrawn = not working and not case.consents.filter(withdrawn_at=None).exists() and case.consents.exists()
    return {"withdrawn": withdrawn, "resting": not working and not withdrawn}


def _copies(case: Case) -> int:
    """Only what is sure: the engine's verdict, or an officer's. What is merely to be looked at is not told."""
    sure = Q(verdict="confirmed") | Q(accepted_at__isnull=False)
    return int(case.matches.filter(sure).exclude(status="dismissed").count())  # type: ignore[attr-defined]


def _happened(entry: CustodyEntry) -> bool:
    """Whether the sentence for this act is true: a step that failed, or is in doubt, is not told as done."""
    detail = entry.detail
    return (
        detail.get("outcome") != "unusable"
        and detail.get("verdict") != "review"
        and detail.get("status") != "failed"
        and detail.get("purpose") != "absence"
    )


def _places(case: Case) -> list[dict[str, Any]]:
    """Addresses that stand in a request that was sent. The rows belong to rooms above this one, reached backwards."""
    sent = case.notices.filter(status__in=["sent", "removed"]).prefetch_related("locations")  # type: ignore[attr-defined]
    return [
        {"address": place.page_url, "status": place.status, "words": LOCATION_WORDS.get(place.status, place.status)}
        for notice in sent
        for place in notice.locations.all()
    ]


def _events(case: Case) -> list[dict[str, Any]]:
    """The latest first; several of a kind within the same hour are told once."""
    told: list[dict[str, Any]] = []
    for entry in filter(_happened, case.custody.filter(act__in=TOLD).order_by("-sequence")):
        hour = entry.at.replace(minute=0, second=0, microsecond=0)
        if not any(event["act"] == entry.act and event["hour"] == hour for event in told):
            told.append({"act": entry.act, "hour": hour, "at": entry.at, "words": TOLD[entry.act]})
    return told[:SHOWN_EVENTS]


def timeline(case: Case) -> list[dict[str, Any]]:
    """Every entry of the chain with who did it, the latest first."""
    names = {f"officer:{user.pk}": user.shown_name for user in User.objects.all()}
    names |= {"job": str(_("SeoulGuard")), "victim": str(_("The person served"))}
    return [_line(entry, names) for entry in case.custody.order_by("-sequence")]


def _line(entry: CustodyEntry, names: dict[str, str]) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "act": ACTS.get(entry.act, entry.act),
        "actor": names.get(entry.actor, entry.actor),
        "digest": entry.digest[7:19],
        "reference": entry.detail.get("reference", ""),
    }
