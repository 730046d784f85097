"""A source that is in trouble raises the one right alarm, and it closes by itself when the source recovers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from detection import heartbeat, jobs, pipeline
from detection.models import Source
from detection.watched import Alarm, SourceVisit
from tests.base import Cast
from tests.detection import shelf
from tests.detection.site import Site, a_source, opened, time_passes
from tests.detection.town import detail, listing

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    with opened(settings) as site:
        show(site, 1, 2, 3)
        yield site


def show(site: Site, *numbers: int) -> None:
    site.put("/", listing(*numbers))
    for number in numbers:
        site.put(f"/watch/{number}", detail(number))


def visits(source: Source, count: int, minutes: float = 31) -> None:
    """So many visits, one after the other, at the source's pace."""
    for _visit in range(count):
        time_passes(minutes=minutes)
        pipeline.visit_source(source.pk)


def ringing() -> list[str]:
    return list(Alarm.objects.ringing().values_list("kind", flat=True))


def test_a_site_that_is_well_raises_no_alarm(site: Site) -> None:
    visits(a_source(), 6)
    assert not Alarm.objects.exists()
    assert set(SourceVisit.objects.values_list("outcome", flat=True)) == {"good"}


def test_a_site_that_starts_answering_429_raises_its_alarm_and_recovers(site: Site) -> None:
    source = a_source()
    visits(source, 3)
    site.status = 429
    visits(source, 1)
    assert ringing() == []
    visits(source, 1)
    assert ringing() == ["refused"]
    assert "429" in Alarm.objects.get().sentence
    site.status = 0
    visits(source, 1, minutes=300)
    assert ringing() == []
    assert Alarm.objects.get().closed_at


def test_a_site_that_starts_answering_403_is_refusing_too(site: Site) -> None:
    source = a_source()
    visits(source, 2)
    site.status = 403
    visits(source, 2)
    assert ringing() == ["refused"]


def test_a_site_that_goes_silent_raises_its_alarm_and_recovers(site: Site, settings: Any) -> None:
    source, there = a_source(), dict(settings.DEMO_HOSTS)
    visits(source, 3)
    settings.DEMO_HOSTS = {"clips.example": "127.0.0.1:1"}
    visits(source, 2)
    assert ringing() == []
    visits(source, 2, minutes=60)
    assert ringing() == ["silent"]
    settings.DEMO_HOSTS = there
    visits(source, 1)
    assert ringing() == []


def test_a_server_that_answers_500_everywhere_is_silent_and_not_forbidden(site: Site) -> None:
    source = a_source()
    visits(source, 2)
    site.status = 500
    visits(source, 4, minutes=400)
    assert ringing() == ["silent"]


def test_a_site_whose_layout_changes_raises_its_alarm_and_recovers(site: Site) -> None:
    source = a_source(item_selector="article h3 a")
    visits(source, 3)
    site.put("/", listing(1, 2, 3).replace("h3", "h5"))
    visits(source, 1)
    assert ringing() == ["layout"]
    visits(source, 4, minutes=500)
    assert ringing() == ["layout"]
    show(site, 1, 2, 3)
    visits(source, 1, minutes=500)
    assert ringing() == []


def test_pages_that_hold_no_media_any_more_are_a_changed_layout(site: Site) -> None:
    source = a_source()
    for first in (1, 4, 7):
        show(site, first, first + 1, first + 2)
        visits(source, 1)
    site.put("/", listing(11, 12, 13))
    for number in (11, 12, 13):
        site.put(f"/watch/{number}", "<h1>Holiday</h1><canvas></canvas>")
    visits(source, 1)
    assert ringing() == ["layout"]
    show(site, 11, 12, 13)
    visits(source, 1)
    assert ringing() == []


def test_a_search_that_finds_nothing_now_and_then_raises_no_alarm(site: Site) -> None:
    source, full = a_source(), site.pages["/"]
    for _round in range(4):
        site.pages["/"] = full
        visits(source, 1)
        site.put("/", "<p>Nothing found</p>")
        visits(source, 1)
    assert Alarm.objects.filter(kind="layout").count() <= 1


def test_a_source_that_brought_news_daily_and_brings_none_any_more_raises_its_alarm(site: Site) -> None:
    source = a_source(every_minutes=240)
    for day in range(6):
        show(site, 10 + day, 20 + day)
        visits(source, 1, minutes=1440)
    visits(source, 6, minutes=300)
    assert ringing() == []
    visits(source, 6, minutes=1000)
    assert ringing() == ["nothing_new"]
    show(site, 90)
    visits(source, 1)
    assert ringing() == []


def test_daily_news_that_stop_are_noticed_at_a_quick_pace_too_and_stay_noticed(site: Site) -> None:
    source, now = a_source(), timezone.now()
    half_hours = range(1, 48 * 12)
    SourceVisit.objects.bulk_create(
        SourceVisit(
            source=source, outcome="good", links=3, pages=3, began_at=now - timedelta(minutes=30 * ago),
            new=int(ago % 48 == 0 and ago >= 48 * 4),
        )
        for ago in half_hours
    )  # fmt: skip
    assert heartbeat.settle(source, now)
    SourceVisit.objects.exclude(pk=SourceVisit.objects.filter(new__gt=0).first().pk).filter(new__gt=0).delete()
    assert heartbeat.settle(source, now)
    assert ringing() == ["nothing_new"]


def test_media_on_a_host_that_forbids_them_raise_an_alarm_that_names_the_host(site: Site, cast: Cast) -> None:
    site.robots = b"User-agent: *\nDisallow: /media/\n"
    pipeline.fingerprint_evidence(shelf.hand_in(cast.case, shelf.original()).pk)
    source = a_source()
    visits(source, 1)
    for candidate in source.candidates.all():
        pipeline.examine_candidate(candidate.pk)
    heartbeat.look_at_all(timezone.now())
    assert ringing() == ["forbidden"]
    assert "3 media" in Alarm.objects.get().sentence
    assert "clips.example" in Alarm.objects.get().sentence


def test_a_source_nobody_visits_is_noticed_by_the_clock(site: Site) -> None:
    source = a_source()
    visits(source, 1)
    time_passes(hours=3)
    heartbeat.look_at_all(timezone.now())
    assert ringing() == ["silent"]
    assert "workers" in Alarm.objects.get().sentence


def test_a_source_that_was_paused_for_weeks_is_not_called_silent_when_it_is_due_again(site: Site) -> None:
    source = a_source()
    visits(source, 2)
    source.refresh_from_db()
    time_passes(days=20)
    Source.objects.update(status="paused")
    heartbeat.look_at_all(timezone.now())
    Source.objects.update(status="active", next_visit_at=timezone.now())
    heartbeat.look_at_all(timezone.now())
    assert ringing() == []


def test_the_clocks_beat_closes_what_is_over_and_forgets_old_visits(site: Site) -> None:
    source = a_source(status="paused")
    at = timezone.now()
    Alarm.objects.create(source=source, kind="silent", sentence="…", since=at, last_seen_at=at)
    SourceVisit.objects.create(source=source, outcome="good", began_at=at - timedelta(days=90))
    jobs.heartbeat()
    assert ringing() == []
    assert not SourceVisit.objects.exists()


# --- people ------------------------------------------------------------------------------------------------------
@pytest.fixture
def alarm(db: None) -> Alarm:
    at = timezone.now()
    return Alarm.objects.create(source=a_source(), kind="layout", sentence="No entry.", since=at, last_seen_at=at)


@pytest.mark.parametrize(("who", "page"), [("jiwoo", "/desk/"), ("hana", "/health/")])
def test_officers_and_administrators_see_that_a_source_needs_a_look(
    cast: Cast, client: Client, alarm: Alarm, who: str, page: str
) -> None:
    client.force_login(getattr(cast, who))
    assert "1 source needs a look." in client.get(page).content.decode()
    shown = client.get("/alarms/").content.decode()
    assert "No entry." in shown
    assert escape(alarm.next_action) in shown


def test_jiwoo_takes_an_alarm_on_and_it_stays_hers(cast: Cast, client: Client, alarm: Alarm) -> None:
    for who in (cast.jiwoo, cast.hana):
        client.force_login(who)
        client.post("/alarms/", {"alarm": alarm.pk})
    alarm.refresh_from_db()
    assert (alarm.acknowledged_by, alarm.closed_at) == (cast.jiwoo, None)


def test_the_auditor_looks_and_takes_nothing_on(cast: Cast, client: Client, alarm: Alarm) -> None:
    client.force_login(cast.yuna)
    assert client.get("/alarms/").status_code == 200
    assert client.post("/alarms/", {"alarm": alarm.pk}).status_code == 403


def test_it_requires_a_member_of_the_staff(db: None, client: Client) -> None:
    assert client.get("/alarms/").status_code in (302, 403)
