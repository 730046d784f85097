"""A visit asks for permission, keeps a pace, stops when told to, and fetches nothing twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.http import http_date

from cases import browser, web
from detection import hosts, pipeline, seen
from detection.models import Candidate, Source
from detection.watched import HostSeat, PageSeen, SourceVisit, WatchedHost
from tests.base import Cast
from tests.detection.site import HOME, NAME, Site, a_source, opened, time_passes
from tests.detection.town import detail, listing

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    with opened(settings) as site:
        site.put("/", listing(1, 2, 3))
        for number in (1, 2, 3):
            site.put(f"/watch/{number}", detail(number))
        yield site


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that would have been waited; nobody waits."""
    waited: list[float] = []
    monkeypatch.setattr(hosts, "pause", lambda seconds: waited.append(round(seconds, 1)))
    return waited


def visited(source: Source) -> Source:
    pipeline.visit_source(source.pk)
    source.refresh_from_db()
    return source


def host() -> WatchedHost:
    return WatchedHost.objects.get(name=NAME)


# --- robots.txt --------------------------------------------------------------------------------------------------
def test_pages_that_robots_txt_forbids_are_left_out_and_counted(site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /watch/2\n"
    source = visited(a_source())
    assert site.asked == ["/", "/watch/1", "/watch/3"]
    assert source.failure == "1 pages are left out: robots.txt asks for it."


def test_a_group_for_us_by_name_counts_before_the_one_for_all(site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /\n\nUser-agent: seoulguard\nDisallow: /watch/1\n"
    visited(a_source())
    assert site.asked == ["/", "/watch/2", "/watch/3"]


def test_a_forbidden_start_page_is_not_opened_and_raises_its_alarm(site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /\n"
    source = visited(a_source())
    assert site.asked == []
    assert source.failure == "The site's robots.txt asks not to open this page."
    assert source.alarms.get(closed_at=None).kind == "forbidden"


def test_hana_writes_down_why_and_the_source_is_visited(cast: Cast, client: Client, site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /\nCrawl-delay: 5\n"
    source = visited(a_source())
    client.force_login(cast.hana)
    form = {"override_reason": "The site lives from such footage.", "seconds_between": "", "at_once": ""}
    assert client.post(f"/keep/detection/watchedhost/{host().pk}/change/", form).status_code == 302
    assert (host().override_by, host().pace_seconds) == (cast.hana, 0)
    assert host().override_at
    visited(source)
    assert site.asked == ["/", "/watch/1", "/watch/2", "/watch/3"]
    assert not source.alarms.filter(closed_at=None).exists()


def test_media_that_were_left_out_are_examined_once_the_reason_is_written_down(
    cast: Cast, client: Client, site: Site
) -> None:
    row = hosts.host_of(f"{HOME}/")
    left_out = Candidate.objects.create(page_url=f"{HOME}/watch/1", media_url=f"{HOME}/media/1.mp4", status="failed")
    client.force_login(cast.hana)
    form = {"override_reason": "The site lives from such footage.", "seconds_between": "", "at_once": ""}
    client.post(f"/keep/detection/watchedhost/{row.pk}/change/", form)
    left_out.refresh_from_db()
    assert left_out.status == "new"


def test_officers_do_not_decide_about_robots_txt(cast: Cast, client: Client, site: Site) -> None:
    visited(a_source())
    client.force_login(cast.jiwoo)
    form = {"override_reason": "I say so.", "seconds_between": "", "at_once": ""}
    client.post(f"/keep/detection/watchedhost/{host().pk}/change/", form)
    assert (host().override_reason, host().override_by) == ("", None)


@pytest.mark.parametrize("place", ["watchedhost/", "sourcevisit/", "alarm/"])
def test_hana_sees_how_the_watch_behaves(cast: Cast, client: Client, site: Site, place: str) -> None:
    site.robots = b"User-agent: *\nDisallow: /watch/1\n"
    visited(a_source())
    client.force_login(cast.hana)
    assert client.get(f"/keep/detection/{place}").status_code == 200
    assert "Disallow: /watch/1" in client.get(f"/keep/detection/watchedhost/{host().pk}/change/").content.decode()


def test_robots_txt_is_read_once_a_day(site: Site) -> None:
    source = a_source()
    for hours in (0, 10, 10, 10):
        time_passes(hours=hours)
        visited(source)
    assert site.answers.count(404) == 2


def test_a_robots_txt_that_cannot_be_read_any_more_is_followed_as_it_was(site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /watch/2\n"
    source = visited(a_source())
    time_passes(days=2)
    row = host()
    answer = web.fetch(f"{HOME}/nowhere")
    from detection import robots

    robots.read_if_old(row, f"{HOME}/", lambda _address: answer.__class__(**{**vars(answer), "status": 503}))
    site.asked.clear()
    Candidate.objects.all().delete()
    visited(source)
    assert "/watch/2" not in site.asked


# --- the pace ----------------------------------------------------------------------------------------------------
def test_a_crawl_delay_is_kept_between_all_requests(site: Site, pauses: list[float]) -> None:
    site.robots = b"User-agent: *\nCrawl-delay: 7\n"
    visited(a_source())
    assert host().crawl_delay_seconds == 7
    # Nobody waited in truth, so that each request is promised a moment seven seconds after the one before.
    assert pauses == [7, 14, 21] or pauses == pytest.approx([7, 14, 21], abs=0.5)


def test_two_workers_never_get_the_same_moment(db: None, pauses: list[float], settings: Any) -> None:
    settings.HOST_SECONDS_BETWEEN = 2
    row = hosts.host_of(f"{HOME}/")
    for _request in range(4):
        with hosts.turn(row, patience_seconds=60):
            pass
    assert pauses == pytest.approx([2, 4, 6], abs=0.3)


def test_a_third_request_at_the_same_time_waits_for_a_seat(db: None, pauses: list[float]) -> None:
    row = hosts.host_of(f"{HOME}/")
    with hosts.turn(row, patience_seconds=0), hosts.turn(row, patience_seconds=0), pytest.raises(hosts.Later):
        hosts.turn(row, patience_seconds=0).__enter__()
    with hosts.turn(row, patience_seconds=0):
        assert HostSeat.objects.exclude(held_until=None).count() == 1


def test_a_worker_that_died_gives_its_seat_back_with_the_lease(db: None, pauses: list[float], settings: Any) -> None:
    settings.HOST_REQUESTS_AT_ONCE = 1
    row = hosts.host_of(f"{HOME}/")
    HostSeat.objects.create(host=row, number=0, held_until=timezone.now() - timedelta(seconds=1))
    with hosts.turn(row, patience_seconds=0):
        assert HostSeat.objects.get().held_until > timezone.now()


@pytest.mark.django_db(transaction=True)
def test_the_pace_holds_between_threads_with_connections_of_their_own(settings: Any) -> None:
    settings.HOST_SECONDS_BETWEEN, settings.HOST_REQUESTS_AT_ONCE = 1, 8
    row, starts = hosts.host_of(f"{HOME}/"), []

    def reserve() -> None:
        starts.append(hosts._reserve(row, timezone.now() + timedelta(seconds=60)))
        connection.close()

    threads = [threading.Thread(target=reserve) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts.sort()
    assert len(starts) == 6
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(starts))


# --- being refused -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("named", "seconds"),
    [("120", 120), (lambda: http_date(timezone.now().timestamp() + 600), 600), ("soon", 60), ("99999999", 86400)],
    ids=["seconds", "a date", "nothing readable", "longer than a day"],
)
def test_retry_after_is_honoured(site: Site, named: str | Callable[[], str], seconds: int) -> None:
    site.status, site.headers = 429, {"Retry-After": named if isinstance(named, str) else named()}
    visited(a_source())
    assert (host().refused_until - timezone.now()).total_seconds() == pytest.approx(seconds, abs=3)


def test_after_a_429_nothing_is_asked_until_the_time_is_over(site: Site) -> None:
    source = a_source()
    site.status = 429
    visited(source)
    assert source.next_visit_at >= host().refused_until
    for _early in range(3):
        visited(source)
    assert site.asked == ["/"]
    assert "left alone" in source.failure
    time_passes(hours=1)
    visited(source)
    assert site.asked == ["/", "/"]


def test_each_429_doubles_the_pause_and_a_good_answer_ends_it(site: Site) -> None:
    source, spans = a_source(), []
    site.status = 429
    for _refusal in range(3):
        time_passes(hours=1)
        visited(source)
        spans.append(round((host().refused_until - timezone.now()).total_seconds() / 60))
    assert spans == [1, 2, 4]
    site.status = 0
    time_passes(hours=1)
    visited(source)
    assert (host().refusals, host().refused_until) == (0, None)


def test_a_429_in_the_middle_leaves_the_rest_for_the_next_visit(site: Site) -> None:
    del site.pages["/watch/1"]
    real = site.reply

    def refuse_the_second_page(request: Any) -> None:
        site.status = 429 if request.path == "/watch/2" else 0
        real(request)

    site.reply = refuse_the_second_page  # type: ignore[method-assign]
    source = visited(a_source())
    assert site.asked == ["/", "/watch/1", "/watch/2"]
    assert "1 pages are left for the next visit." in source.failure


def test_one_broken_page_is_no_busy_host_but_three_in_a_row_are(site: Site) -> None:
    row = hosts.host_of(f"{HOME}/")
    untils = []
    for _error in range(3):
        hosts.note_answer(row, 500)
        untils.append(bool(host().refused_until))
    assert untils == [False, False, True]


# --- the budget --------------------------------------------------------------------------------------------------
def test_a_visit_ends_with_its_requests(site: Site) -> None:
    source = visited(a_source(request_budget=3))
    assert site.asked == ["/", "/watch/1"]
    assert source.failure == "2 pages are left for the next visit."
    visited(source)
    assert set(site.asked) >= {"/watch/2"}


def test_a_visit_ends_with_its_bytes(site: Site) -> None:
    site.put("/watch/1", detail(1) + " " * 1024 * 1024)
    visited(a_source(megabyte_budget=1))
    assert site.asked == ["/", "/watch/1"]


def test_a_visit_ends_with_its_seconds(site: Site) -> None:
    assert visited(a_source(second_budget=0)).visits.get().requests == 0
    assert site.asked == []


# --- conditional requests ----------------------------------------------------------------------------------------
def test_an_unchanged_page_is_not_sent_again_and_still_understood(site: Site) -> None:
    source = visited(a_source(request_budget=3))
    sent = site.sent["/"]
    visited(source)
    assert site.sent["/"] == sent
    assert source.visits.first().unchanged == 1
    assert site.asked == ["/", "/watch/1", "/", "/watch/2", "/watch/3"]


def test_a_changed_page_is_read_anew(site: Site) -> None:
    source = visited(a_source())
    site.put("/", listing(1, 2, 3, 4))
    site.put("/watch/4", detail(4))
    visited(source)
    assert "/watch/4" in site.asked
    visited(source)
    assert source.visits.first().unchanged == 1


def test_what_is_kept_of_a_page_is_sealed_and_forgotten_after_two_weeks(site: Site) -> None:
    visited(a_source())
    row = PageSeen.objects.get(key=seen.key_of(f"{HOME}/"))
    assert b"Holiday" not in bytes(row.body_sealed)
    assert "clips" not in row.key
    seen.forget(timezone.now() + timedelta(days=15))
    assert not PageSeen.objects.exists()


def test_a_page_whose_kept_text_cannot_be_opened_is_fetched_whole(site: Site) -> None:
    source = visited(a_source())
    PageSeen.objects.update(body_sealed=b"k1:spoiled")
    visited(source)
    assert source.failure == ""
    assert source.visits.first().unchanged == 0


# --- from the command line ---------------------------------------------------------------------------------------
def told(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("visit", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_the_command_tells_what_was_found_and_what_was_left_out_and_why(site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /watch/2\n"
    a_source()
    account = told("Clips")
    assert [one["media"] for one in account["found"]] == [f"{HOME}/media/1.mp4", f"{HOME}/media/3.mp4"]
    assert account["skipped"] == [
        {"url": f"{HOME}/watch/2", "why": "The site's robots.txt asks not to open this page."}
    ]
    assert (account["requests"], account["alarms"], account["outcome"]) == (4, [], "good")
    assert account["bytes"] > 0
    assert account["seconds"] > 0


def test_a_second_visit_tells_that_the_pages_are_known(site: Site) -> None:
    source = a_source()
    told("Clips")
    account = told(str(source.pk))
    assert account["found"] == []
    assert {one["why"] for one in account["skipped"]} == {"Known; it is looked at again once a day."}
    assert SourceVisit.objects.count() == 2


def test_the_command_says_when_a_visit_failed_and_which_alarms_ring(site: Site) -> None:
    site.robots = b"User-agent: *\nDisallow: /\n"
    a_source()
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("visit", "Clips", "--json", stdout=out)
    assert [alarm["kind"] for alarm in json.loads(out.getvalue())["alarms"]] == ["forbidden"]


@pytest.mark.parametrize(("name", "status"), [("Nobody", "active"), ("Clips", "paused")])
def test_the_command_refuses_what_it_cannot_visit(site: Site, name: str, status: str) -> None:
    a_source(status=status)
    with pytest.raises(CommandError):
        call_command("visit", name)
    assert site.asked == []


# --- pages that a browser opens ----------------------------------------------------------------------------------
def test_a_page_that_a_browser_would_open_follows_robots_txt_and_the_pace_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []

    def render(url: str, **_: Any) -> tuple[str, str, int]:
        shown.append(url)
        return url, site.pages[url.removeprefix(HOME)].decode(), 200

    monkeypatch.setattr(browser, "render_html", render)
    site.robots = b"User-agent: *\nDisallow: /watch/2\n"
    source = visited(a_source(rendered=True))
    assert shown == [f"{HOME}/", f"{HOME}/watch/1", f"{HOME}/watch/3"]
    assert source.visits.get().requests == 4
