"""The deadline engine: when a rung's time has passed, the next rung's letter is drafted and waits for one click.

Nothing escalates by itself: a step is a draft like every other. It is written once per address, rung and desk in one
window (`Asked`), only while the address is not known to be gone, and only after a look that is not older than the deadline.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Prefetch
from django.utils.translation import gettext as _

from cases import custody
from cases.models import Case, User
from takedown import drafting, rungs
from takedown.answering import silent_sites
from takedown.desks import Addressee, addressees_for
from takedown.drafting import ADDRESSES_PER_NOTICE, LETTER_TROUBLES, NoticeError, locked
from takedown.ladder_models import Asked, SiteLadder, Step, places_of
from takedown.models import Contact, HostingSite, Location, Notice
from takedown.rungs import FIRST, Rung, Standing, Trodden

S, L = Notice.Status, Location.Status
# Still to be asked for. What is unreachable, replaced or absent once may be gone: nobody is accused of it.
ASKED_FOR = (L.UP, L.MOVED, L.LOGIN_WALLED, L.GEO_WALLED, L.BLOCKED_KR)
OVER = (L.REMOVED,)
# A deadline counts as missed only by a look that is not older than so long before it.
FRESH = timedelta(hours=1)
# A round reads every open letter: not their texts.
LONG = ("message", "paragraphs", "composed", "korean")
SHORT = (
    "location_id", "rung", "site_id", "window", "step__ready_at", "step__notice__status", "step__notice__sent_at",
    "step__notice__contact__state",
)  # fmt: skip
WAITING = (S.DRAFT, S.APPROVED, S.BY_HAND, S.SENDING, S.UNCERTAIN)


@dataclass(frozen=True)
class _Wish:
    location: Location
    due_at: datetime


_Key = tuple[Any, str, int, Any]  # case, rung, site of the desk, and for a reminder the letter it reminds of


def climb(at: datetime) -> list[Notice]:
    """Draft every step that is due, withdraw what is not needed any more. Returns the letters written. Safe to repeat."""
    withdraw_needless(at)
    wishes: dict[_Key, list[_Wish]] = defaultdict(list)
    whom: dict[_Key, Addressee] = {}
    stale: set[int] = set()
    round_ = _Round(at)
    for notice in _open_letters(at):
        for location in notice.locations.all():
            for rung, due_at, addressee in _due(notice, location, round_):
                if not _looked_at(location, rung, due_at, minor=notice.case.minor):
                    stale.add(location.pk)
                    continue
                key = (notice.case_id, rung.key, addressee.site.pk, notice.pk if rung.key == "reminder" else None)
                whom[key] = addressee
                wishes[key].append(_Wish(location, due_at))
    Location.objects.filter(pk__in=stale, next_check_at__gt=at).update(next_check_at=at)
    return [step for key, wanted in wishes.items() for step in _drafted(key, whom[key], wanted, at)]


# --- where each address stands -----------------------------------------------------------------------------------
def _open_letters(at: datetime) -> Iterable[Notice]:
    """First letters with an address that is still to be asked for, of cases whose consent holds."""
    climbing = Location.objects.filter(status__in=ASKED_FOR).annotate(looked_at=Max("checks__at"))
    climbing = climbing.prefetch_related(
        Prefetch("asked", Asked.objects.select_related("step__notice__contact").only(*SHORT)),
    )
    rows = Notice.objects.filter(
        pk__in=Location.objects.filter(status__in=ASKED_FOR).values("notice"),
        case__in=Case.objects.watched(at),
        status__in=[*WAITING, S.SENT, S.FAILED],
    )
    rows = rows.select_related("case", "site__ladder", "contact").defer(*LONG)
    return rows.prefetch_related(Prefetch("locations", climbing))


class _Round:
    """One look over all letters: who is silent, and whom each rung turns to, asked once for each site."""

    def __init__(self, at: datetime) -> None:
        self.at, self.silent = at, silent_sites(at)
        self._known: dict[tuple[str, int, str], list[Addressee]] = {}

    def addressees(self, rung: Rung, notice: Notice) -> list[Addressee]:
        key = (rung.key, notice.site_id, notice.case.content_kind)
        if key not in self._known:
            self._known[key] = addressees_for(rung, notice.site, notice.case.content_kind)
        return self._known[key]


def _due(notice: Notice, location: Location, round_: _Round) -> Iterator[tuple[Rung, datetime, Addressee]]:
    asked = {(one.rung, one.site_id) for one in location.asked.all() if one.window == location.window}
    for rung, due_at in rungs.due_rungs(standing_of(notice, location, silent=notice.site_id in round_.silent)):
        if due_at > round_.at:
            continue
        for addressee in round_.addressees(rung, notice):
            if (rung.key, addressee.site.pk) not in asked:
                yield rung, due_at, addressee


def standing_of(notice: Notice, location: Location, *, silent: bool) -> Standing:
    own = ladder_of(notice.site)
    trodden = {FIRST: _trodden(notice, notice.drafted_at)}
    for one in location.asked.all():
        if one.window == location.window:
            step = _trodden(one.step.notice, one.step.ready_at)
            trodden[one.rung] = min(trodden.get(one.rung, step), step, key=_further)
    return Standing(
        minor=notice.case.minor,
        drafted_at=notice.drafted_at,
        trodden=trodden,
        statute_due_at=_statute_due_at(notice),
        hours={key: int(hours) for key, hours in own.hours.items()},
        silent=silent,
        dedicated=own.dedicated_to_abuse,
    )


def next_due_at(at: datetime) -> datetime | None:
    """When the next deadline passes; None when none is running."""
    silent = silent_sites(at)
    times = (
        due_at
        for notice in _open_letters(at)
        for location in notice.locations.all()
        for _rung, due_at in rungs.due_rungs(standing_of(notice, location, silent=notice.site_id in silent))
        if due_at > at
    )
    return min(times, default=None)


def ladder_of(site: HostingSite) -> SiteLadder:
    return getattr(site, "ladder", None) or SiteLadder(site=site)


def _statute_due_at(notice: Notice) -> datetime | None:
    """The clock of the law the letter cites, as the letter says it (`Notice.deadline_hours`)."""
    if notice.sent_at is None or notice.deadline_hours is None:
        return None
    return notice.sent_at + timedelta(hours=notice.deadline_hours)


def _trodden(notice: Notice, ready_at: datetime) -> Trodden:
    if notice.sent_at and notice.status in (S.SENT, S.REMOVED):
        return Trodden("sent", notice.sent_at)
    if notice.status in (S.FAILED, S.CANCELLED) or _bounced(notice):
        return Trodden("passed", ready_at)
    # Nobody is known who could be written to: the next rung has the same time, but does not wait for this letter.
    return Trodden(
        "sent" if notice.contact is None and notice.status == S.DRAFT and _is_step(notice) else "waiting", ready_at
    )


def _bounced(notice: Notice) -> bool:
    """Every address that could have got this draft sent mail back."""
    contact = notice.contact
    return notice.status == S.DRAFT and contact is not None and contact.state == Contact.State.BOUNCED


def _is_step(notice: Notice) -> bool:
    return hasattr(notice, "step")


def _further(one: Trodden) -> tuple[int, datetime]:
    """Of several desks of one rung the first that was really asked sets the clock."""
    return {"sent": 0, "waiting": 1, "passed": 2}[one.state], one.at


def _looked_at(location: Location, rung: Rung, due_at: datetime, *, minor: bool) -> bool:
    """True for what is ready with the first letter; else the last look must belong to the deadline."""
    if rungs.is_at_once(rung, minor=minor) or location.notice.sent_at is None:
        return True
    looked_at = getattr(location, "looked_at", None)
    return looked_at is not None and looked_at >= due_at - FRESH


# --- the letter --------------------------------------------------------------------------------------------------
def _drafted(key: _Key, addressee: Addressee, wishes: list[_Wish], at: datetime) -> list[Notice]:
    """One letter that cannot be composed must not hold up the others."""
    try:
        with transaction.atomic():
            return _ask(key, addressee, wishes, at)
    except LETTER_TROUBLES:
        drafting.logger.exception("a letter of rung %s to site %s could not be composed", key[1], addressee.site.pk)
        return []


def _ask(key: _Key, addressee: Addressee, wishes: list[_Wish], at: datetime) -> list[Notice]:
    case_id, rung, _site, reminded = key
    # The case's row is the lock: two sweeps at once must not ask twice.
    case = Case.objects.select_for_update().get(pk=case_id)
    known = {(one.location_id, one.window) for one in Asked.objects.filter(rung=rung, site=addressee.site)}
    waiting = [wish for wish in wishes if (wish.location.pk, wish.location.window) not in known]
    written = []
    while waiting:
        step = _open_step(case, rung, addressee, reminded) or _new_step(case, rung, addressee, waiting[0], at)
        room = ADDRESSES_PER_NOTICE - step.asked.count()
        listed, waiting = waiting[:room], waiting[room:]
        _list(step, addressee, listed)
        written.append(step.notice)
    return written


def _open_step(case: Case, rung: str, addressee: Addressee, reminded: Any) -> Step | None:
    rows = Step.objects.filter(notice__case=case, notice__status=S.DRAFT, rung=rung, notice__site=addressee.site)
    if reminded:
        rows = rows.filter(notice__follows=reminded)
    return next((row for row in rows.select_related("notice") if row.asked.count() < ADDRESSES_PER_NOTICE), None)


def _new_step(case: Case, rung: str, addressee: Addressee, first: _Wish, at: datetime) -> Step:
    notice = Notice.objects.create(
        reference=drafting.new_reference(), case=case, site=addressee.site, contact=addressee.contact,
        language=addressee.language, follows=_before(first.location, rung),
        found_at=first.location.match.candidate.found_at, drafted_at=at,
    )  # fmt: skip
    return Step.objects.create(
        notice=notice, rung=rung, desk=addressee.desk, addressee=addressee.addressee_type, due_at=first.due_at,
        jurisdiction=addressee.jurisdiction, ready_at=at,
        is_parallel=rungs.is_at_once(rungs.rung(rung), minor=case.minor),
    )  # fmt: skip


def _before(location: Location, rung: str) -> Notice | None:
    """The letter before this one that really left: the first, or for a reminder's successors the latest of the ladder."""
    if rung == "reminder":
        return location.notice
    steps = [one.step.notice for one in location.asked.select_related("step__notice")]
    sent = [
        (one.sent_at, one)
        for one in (location.notice, *steps)
        if one.sent_at and one.site_id == location.notice.site_id
    ]
    return max(sent, key=lambda pair: pair[0])[1] if sent else None


def _list(step: Step, addressee: Addressee, wishes: list[_Wish]) -> None:
    for wish in wishes:
        place = wish.location
        Asked.objects.create(step=step, location=place, rung=step.rung, site=addressee.site, window=place.window)
    notice = step.notice
    notice.found_at = min(notice.found_at, *(wish.location.match.candidate.found_at for wish in wishes))
    drafting.write(notice, keep_edits=True)
    notice.save()
    custody.record(
        notice.case, "drafted", actor="job", subject=f"notice:{notice.pk}", reference=notice.reference, rung=step.rung,
        language=notice.language, locations=[wish.location.pk for wish in wishes],
    )  # fmt: skip


# --- what is not needed any more ---------------------------------------------------------------------------------
def withdraw_needless(at: datetime) -> int:
    """Drafted steps lose the addresses that are removed by now; one without any is withdrawn. Returns how many changed."""
    touched = Step.objects.filter(notice__status=S.DRAFT, asked__location__status__in=OVER).distinct()
    for step in touched.select_related("notice"):
        with transaction.atomic():
            row = locked(step.notice)
            if row.status == S.DRAFT:
                _without_the_removed(step, row)
    return len(touched)


def _without_the_removed(step: Step, row: Notice) -> None:
    if not places_of(row).exclude(status__in=OVER).exists():
        row.status, row.reason = S.CANCELLED, _("Not needed any more: everything it asks for is removed.")
        row.save(update_fields=["status", "reason"])
        return
    step.asked.filter(location__status__in=OVER).delete()
    drafting.write(row, keep_edits=True)
    row.save()


def skip(notice: Notice, officer: User) -> None:
    """The officer leaves out this rung; the next one is ready at once. Raises NoticeError."""
    with transaction.atomic():
        row = locked(notice)
        if row.status != S.DRAFT or not _is_step(row):
            raise NoticeError(_("Only a waiting step of the ladder can be left out."))
        row.status, row.reason = S.CANCELLED, _("Left out by an officer.")
        row.save(update_fields=["status", "reason"])
        custody.record(
            row.case, "undone", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}",
            reference=row.reference, rung=row.step.rung,
        )  # fmt: skip
    notice.refresh_from_db()
