"""Issue 5, done-when 5: a simulated clock runs 200 addresses through 60 days."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from django.utils import timezone

from takedown import notices, schedule
from takedown.desks import site_of
from takedown.ladder_models import Asked, Step
from takedown.models import Contact, HostingSite, Location, Notice
from takedown.rungs import desks
from tests.base import Cast, make_case
from tests.takedown import scene
from tests.takedown.simulated import HOUR, START, Simulation

pytestmark = pytest.mark.django_db
SITES = [("us.example", "US"), ("kr.example", "KR"), ("de.example", "DE"), ("ru.example", "RU"), ("jp.example", "JP")]
ADDRESSES = 200
DAYS = 60
L = Location.Status


def goes_after(location: Location) -> timedelta | None:
    """A fifth within hours, a fifth within days, a fifth after weeks; the others never."""
    hours = {0: 3 + location.pk % 20, 1: 50 + location.pk % 100, 2: 300 + location.pk % 700}.get(location.pk % 5)
    return timedelta(hours=hours) if hours else None


def lay_out(cast: Cast) -> None:
    """Five sites with their networks, two search engines, four cases, one of them of a minor."""
    scene.lay_lawbook()
    for domain, law in SITES:
        site = scene.make_site(domain, jurisdiction=law)
        Contact.objects.create(
            site=site, address=f"abuse@net-{domain}", confirmed_at=timezone.now(), addressees=["host"]
        )
    for name in ("find.example", "seek.example"):
        scene.make_site(name, addressee_type="search")
    for desk in desks():
        body = site_of(desk)
        Contact.objects.create(
            site=body, channel="form", address=f"https://{desk.key}.example/report", confirmed_at=timezone.now()
        )
    child = make_case("A-2", cast.jiwoo, minor=True)
    cases = [child, *(make_case(f"A-{number}", cast.jiwoo) for number in (3, 4, 5))]
    for number in range(ADDRESSES):
        scene.make_match(cases[number % 4], host=SITES[number // 4 % 5][0])


@pytest.fixture
def run(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Simulation:
    simulation = Simulation(monkeypatch, cast.jiwoo, goes_after)
    lay_out(cast)
    notices.draft_due(simulation.at)
    simulation.run(DAYS)
    return simulation


def test_two_hundred_addresses_in_sixty_days(run: Simulation) -> None:
    assert Location.objects.count() == ADDRESSES
    the_schedule_is_exact(run)
    no_letter_is_doubled(run)
    every_missed_deadline_has_its_next_rung(run)
    minors_take_their_own_path(run)
    removed_means_seen_twice()


def the_schedule_is_exact(run: Simulation) -> None:
    """Every time of the rhythm was kept to the hour while the address was open; the other looks have a reason."""
    for place in Location.objects.select_related("notice"):
        looks, sent_at = run.looks[place.pk], place.notice.sent_at
        assert sent_at is not None
        over = place.removed_at or run.at
        rhythm = [at for at in schedule.looks(sent_at) if at <= over and at < run.at]
        assert set(rhythm) <= set(looks), (place.pk, sorted(set(rhythm) - set(looks)))
        extra = set(looks) - set(rhythm)
        assert extra <= second_looks(place) | deadlines(place), (place.pk, sorted(extra))
        assert len(looks) == len(set(looks))


def second_looks(place: Location) -> set[Any]:
    """A day after an absence, and on the days of the watch after the removal."""
    absent = {check.at for check in place.checks.filter(outcome="absent")}
    watch = [place.removed_at + timedelta(seconds=step) for step in schedule.WATCH_STEPS] if place.removed_at else []
    return absent | {at + timedelta(days=1) for at in absent} | set(watch)


def deadlines(place: Location) -> set[Any]:
    """Nobody is reminded of what may be gone: the engine looks when a deadline passes."""
    sent = [place.notice, *Notice.objects.filter(step__asked__location=place)]
    spans = [timedelta(hours=hours) for hours in (6, 24, 48, 72, 168)]
    return {one.sent_at + span for one in sent if one.sent_at for span in spans}


def no_letter_is_doubled(run: Simulation) -> None:
    asked = Counter(Asked.objects.values_list("location", "rung", "site", "window"))
    assert max(asked.values()) == 1
    mailed = Counter(message_from_bytes(raw)["Message-ID"] for _at, _to, raw in run.mails)
    assert set(mailed.values()) == {1}
    # To one desk about one address: one letter, and for the site one reminder.
    letters = Counter(
        (place, notice.site_id, notice.step.rung if hasattr(notice, "step") else "first")
        for notice in Notice.objects.exclude(sent_at=None).select_related("step")
        for place in {*notice.locations.values_list("pk", flat=True), *asked_of(notice)}
    )
    assert set(letters.values()) == {1}


def asked_of(notice: Notice) -> list[int]:
    return list(Asked.objects.filter(step__notice=notice).values_list("location", flat=True))


def every_missed_deadline_has_its_next_rung(run: Simulation) -> None:
    """Whatever is up at the end has been asked for on every rung of its law; each draft was there within the hour."""
    stuck = Location.objects.filter(status=L.UP).select_related("notice__case", "notice__site")
    assert stuck.count() > 60
    for place in stuck:
        rungs = set(place.asked.values_list("rung", flat=True))
        wanted = {"reminder", "host", "search", "regulator"}
        assert rungs == wanted | ({"hotline"} if place.notice.case.minor else set()), (place.pk, rungs)
    for step in Step.objects.filter(is_parallel=False).select_related("notice"):
        assert step.due_at <= run.ready[step.notice.reference] <= step.due_at + HOUR, step.rung
        assert step.notice.follows_id
    reminders = Step.objects.filter(rung="reminder", notice__follows__site__jurisdiction="US")
    hours = {(step.due_at - step.notice.follows.sent_at) / HOUR for step in reminders}
    assert hours == {48.0}  # the clock of the law, not the ladder's day


def minors_take_their_own_path(run: Simulation) -> None:
    """Hotlines, network and regulator stand ready in the hour of the first letter, and nothing is attached."""
    child = Notice.objects.filter(case__minor=True)
    first = child.filter(step=None)
    at_once = Step.objects.filter(notice__case__minor=True, rung__in=["hotline", "host", "regulator", "search"])
    assert {step.ready_at for step in at_once} == {START}
    for notice in first:
        rungs = set(Asked.objects.filter(location__notice=notice).values_list("rung", flat=True))
        assert {"hotline", "host", "regulator"} <= rungs
    arachnid = HostingSite.objects.get(domain="arachnid")
    assert Notice.objects.get(site=arachnid).sent_at == first.first().sent_at == START
    assert not Step.objects.filter(rung="hotline", notice__case__minor=False).exists()
    for _at, _to, raw in run.mails:
        assert not message_from_bytes(raw).is_multipart()
    reminders = Step.objects.filter(rung="reminder", notice__case__minor=True, notice__follows__deadline_hours=None)
    assert {step.due_at - step.notice.follows.sent_at for step in reminders} == {6 * HOUR}


def removed_means_seen_twice() -> None:
    removed = Location.objects.filter(status=L.REMOVED)
    assert removed.count() > 100
    for place in removed.prefetch_related("checks"):
        absences = [check for check in place.checks.all() if check.outcome == "absent"]
        assert absences[1].at - absences[0].at >= timedelta(days=1)
        assert all(check.capture_id for check in absences[:2])
