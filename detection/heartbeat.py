"""Is each source still alive? From the record of its visits comes at most one alarm, the most telling one.

Looked at after every visit, and by the clock for sources that are not visited any more. An alarm closes by itself as
soon as its reason is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise, takewhile
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from detection import hosts, robots
from detection.models import Candidate, Source
from detection.watched import Alarm, SourceVisit

Outcome = SourceVisit.Outcome
REFUSED_IN_A_ROW = 2
SILENT_AFTER_VISITS = 3
FAILED_IN_A_ROW = 2
HISTORY = 200
EARLIER = 10
KEEP = timedelta(days=60)
# What "usually something" means: so many earlier visits with links, or with news.
VISITS_WITH_LINKS = 2
VISITS_WITH_NEWS = 5
NEWS = 20
QUIET_FACTOR = 3
LATELY = timedelta(days=7)
QUIET_VISITS = 6
OPENED_FOR_NOTHING = 3


class Trouble(NamedTuple):
    """What is wrong with a source, in words, and since when."""

    kind: Alarm.Kind
    sentence: str
    since: datetime


class Look(NamedTuple):
    """A source and its visits that asked for something, the newest first."""

    source: Source
    visits: Sequence[SourceVisit]
    at: datetime

    @property
    def interval(self) -> timedelta:
        return timedelta(minutes=max(1, self.source.every_minutes))


def diagnose(source: Source, at: datetime) -> Trouble | None:
    """The most telling trouble of an active source, or None."""
    if source.status != Source.Status.ACTIVE:
        return None
    look = Look(source, list(source.visits.exclude(outcome=Outcome.HELD_BACK)[:HISTORY]), at)
    return next((trouble for sign in SIGNS if (trouble := sign(look))), None)


def settle(source: Source, at: datetime) -> Alarm | None:
    """Raise, keep or close the source's alarms. Returns the one that rings now."""
    trouble = diagnose(source, at)
    ringing = source.alarms.filter(closed_at=None)
    (ringing.exclude(kind=trouble.kind) if trouble else ringing).update(closed_at=at)
    return _ring(source, trouble, at) if trouble else None


def _ring(source: Source, trouble: Trouble, at: datetime) -> Alarm:
    found = {"sentence": trouble.sentence[:300], "last_seen_at": at}
    try:
        with transaction.atomic():
            alarm, _is_new = Alarm.objects.update_or_create(
                source=source, kind=trouble.kind, closed_at=None,
                defaults=found, create_defaults={**found, "since": trouble.since},
            )  # fmt: skip
    except IntegrityError:  # another worker rang in the same moment
        alarm = Alarm.objects.get(source=source, kind=trouble.kind, closed_at=None)
    return alarm


def look_at_all(at: datetime) -> int:
    """Settle every source, and drop visits nobody needs any more. Returns how many alarms ring."""
    for source in Source.objects.all():
        settle(source, at)
    SourceVisit.objects.filter(began_at__lt=at - KEEP).delete()
    return Alarm.objects.ringing().count()


# --- signs, the most telling first -------------------------------------------------------------------------------
def _refused(look: Look) -> Trouble | None:
    row = _in_a_row(look, Outcome.REFUSED)
    if len(row) < REFUSED_IN_A_ROW:
        return None
    said = _("The site answered %(status)d on the last %(count)d visits: it refuses us.")
    return Trouble(Alarm.Kind.REFUSED, said % {"status": row[0].status, "count": len(row)}, row[-1].began_at)


def _forbidden(look: Look) -> Trouble | None:
    if row := _in_a_row(look, Outcome.FORBIDDEN):
        said = _("The site's robots.txt asks not to open the start page. Nothing is looked at there.")
        return Trouble(Alarm.Kind.FORBIDDEN, said, row[-1].began_at)
    return None


def _layout(look: Look) -> Trouble | None:
    """No links where there were some; or pages opened for nothing where such pages always held media."""
    empty = _in_a_row(look, Outcome.EMPTY)
    if not empty:
        return _no_pages(look) or _opened_for_nothing(look)
    before = [visit for visit in look.visits[len(empty) :] if visit.outcome in (Outcome.GOOD, Outcome.EMPTY)][:EARLIER]
    good = [visit for visit in before if visit.outcome == Outcome.GOOD]
    # A search that finds nothing now and then is no changed page.
    usual = len(good) >= VISITS_WITH_LINKS and len(before) - len(good) <= len(before) // 5
    if not usual and not _rings(look, Alarm.Kind.LAYOUT):
        return None
    said = _("The site answers, but shows no entry any more; it used to show up to %(count)d.")
    most = max((visit.links for visit in look.visits), default=0)
    return Trouble(Alarm.Kind.LAYOUT, said % {"count": most}, empty[-1].began_at)


def _no_pages(look: Look) -> Trouble | None:
    """What looks like entries is only the listing's own pictures: links to pages were there before, none is now."""
    good = [visit for visit in look.visits if visit.outcome == Outcome.GOOD]
    bare = list(takewhile(lambda visit: not visit.pages, good))
    before = good[len(bare) :][:EARLIER]
    usual = len(before) >= VISITS_WITH_LINKS and all(visit.pages for visit in before)
    if not bare or not (usual or (before and _rings(look, Alarm.Kind.LAYOUT))):
        return None
    said = _("The site answers, but shows no entry any more; it used to show up to %(count)d.")
    return Trouble(Alarm.Kind.LAYOUT, said % {"count": max(visit.pages for visit in before)}, bare[-1].began_at)


def _opened_for_nothing(look: Look) -> Trouble | None:
    told = [visit for visit in look.visits if visit.outcome == Outcome.GOOD and visit.opened][:EARLIER]
    if not told or told[0].found or told[0].opened < OPENED_FOR_NOTHING:
        return None
    usual = len(told) > VISITS_WITH_LINKS and all(visit.found for visit in told[1:])
    if not usual and not _rings(look, Alarm.Kind.LAYOUT):
        return None
    said = _("%(count)d pages were opened and held no media; such pages used to hold some.")
    return Trouble(Alarm.Kind.LAYOUT, said % {"count": told[0].opened}, told[0].began_at)


def _silent(look: Look) -> Trouble | None:
    """No visit went well for three intervals: the site does not answer, or nobody goes there."""
    visits, good = look.visits, next((one for one in look.visits if one.outcome == Outcome.GOOD), None)
    # A source that was never well counts from its first visit, or from when it should have had one.
    since = (good or visits[-1]).began_at if visits else look.source.next_visit_at
    tried = [visit for visit in visits if visit.began_at > since]
    if look.at - since < SILENT_AFTER_VISITS * look.interval:
        return None
    if len(tried) >= FAILED_IN_A_ROW:
        said = _("No visit went well since %(when)s: %(why)s")
        why = look.source.failure or _("The site does not answer.")
        return Trouble(Alarm.Kind.SILENT, said % {"when": _moment(since), "why": why}, since)
    if look.at - look.source.next_visit_at < SILENT_AFTER_VISITS * look.interval:
        return None
    said = _("It was due at %(when)s and was not visited. Are the workers running?")
    return Trouble(Alarm.Kind.SILENT, said % {"when": _moment(look.source.next_visit_at)}, since)


def _media_forbidden(look: Look) -> Trouble | None:
    """The pages may be opened, but what they show may not: nothing of it is examined."""
    recent = look.source.candidates.filter(status=Candidate.Status.FAILED, found_at__gt=look.at - LATELY)
    left_out = recent.filter(reason=robots.forbidden_sentence()).order_by("found_at")
    if not (count := left_out.count()):
        return None
    said = _("%(count)d media were found but not examined: the robots.txt of %(host)s asks not to open them.")
    first = left_out[0]
    return Trouble(
        Alarm.Kind.FORBIDDEN, said % {"count": count, "host": hosts.host_name(first.media_url)}, first.found_at
    )


def _nothing_new(look: Look) -> Trouble | None:
    """Quiet for three times the longest quiet so far."""
    news = list(look.source.visits.filter(new__gt=0).values_list("began_at", flat=True)[:NEWS])
    if not news or not look.visits or look.visits[0].outcome != Outcome.GOOD:
        return None
    longest = max((later - earlier for later, earlier in pairwise(news)), default=timedelta())
    long_quiet = look.visits[0].began_at - news[0] > QUIET_FACTOR * longest
    visits = sum(visit.began_at > news[0] for visit in look.visits)
    usual = len(news) >= VISITS_WITH_NEWS and visits >= QUIET_VISITS and long_quiet
    if not usual and not (visits and _rings(look, Alarm.Kind.NOTHING_NEW)):
        return None
    said = _("It answers, but nothing new was found since %(when)s; something new used to come more often.")
    return Trouble(Alarm.Kind.NOTHING_NEW, said % {"when": _moment(news[0])}, news[0])


SIGNS: tuple[Callable[[Look], Trouble | None], ...] = (
    _refused, _forbidden, _layout, _silent, _media_forbidden, _nothing_new,
)  # fmt: skip


def _in_a_row(look: Look, outcome: str) -> list[SourceVisit]:
    """The newest visits that all ended like this."""
    return list(takewhile(lambda visit: visit.outcome == outcome, look.visits))


def _rings(look: Look, kind: str) -> bool:
    return look.source.alarms.filter(kind=kind, closed_at=None).exists()


def _moment(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
