"""Removed means: absent at the source, seen twice, far enough apart, each time preserved."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone

from cases import browser, capture
from cases.custody import verify_chain
from cases.models import Capture
from cases.web import FetchError
from takedown import verify
from takedown.models import Location, Notice
from tests.base import Cast
from tests.detection.town import Town
from tests.takedown import scene

pytestmark = pytest.mark.django_db
L = Location.Status
DAY = timedelta(days=1)


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> Town:
    """The web in memory; without a browser, so that absences are preserved by plain HTTP."""

    def no_browser(url: str, **_: Any) -> None:
        raise browser.CaptureError("no_browser", "No browser.", permanent=True)

    monkeypatch.setattr(browser, "capture_page", no_browser)
    return Town().open(monkeypatch)


@pytest.fixture
def place(cast: Cast, town: Town) -> Location:
    """One address of a sent notice; page and medium answer 404 unless a test puts them there."""
    scene.lay_lawbook()
    scene.make_site()
    return scene.make_sent(cast.case).locations.get()


def check(place: Location) -> Location:
    """Let the clock ring for it now."""
    Location.objects.filter(pk=place.pk).update(next_check_at=timezone.now() - timedelta(seconds=1))
    verify.check_removed(place.pk)
    place.refresh_from_db()
    return place


def show(town: Town, place: Location) -> None:
    town.put(place.page_url, f'<video src="{place.media_url}"></video>')
    town.put(place.media_url, b"film", "video/mp4")


def test_a_copy_that_is_still_there_is_looked_at_again_by_the_rhythm(place: Location, town: Town) -> None:
    show(town, place)
    check(place)
    assert place.status == L.UP
    assert place.next_check_at == place.notice.sent_at + timedelta(hours=1)
    assert place.checks.get().capture is None


def test_one_absence_is_not_a_removal(place: Location) -> None:
    check(place)
    seen = place.checks.get()
    assert (place.status, seen.http_status) == (L.ABSENT_ONCE, 404)
    assert place.next_check_at == seen.at + DAY
    assert place.notice.status == Notice.Status.SENT


def test_two_absences_a_day_apart_are_a_removal_and_both_are_preserved(place: Location, cast: Cast) -> None:
    check(place)
    scene.a_day_passes(place.notice)
    check(place)
    place.notice.refresh_from_db()
    assert (place.status, place.removed_at) == (L.REMOVED, place.checks.first().at)
    assert place.next_check_at == place.removed_at + 7 * DAY
    assert place.notice.status == Notice.Status.REMOVED
    assert place.notice.removed_at is not None
    captures = [seen.capture for seen in place.checks.all()]
    assert [(one.purpose, one.status) for one in captures] == [("absence", Capture.Status.COMPLETE)] * 2
    assert list(cast.case.custody.values_list("act", flat=True)).count("verified") == 3
    assert verify_chain(cast.case) == []


def test_two_absences_within_the_day_are_not_enough(place: Location) -> None:
    check(place)
    first = place.next_check_at
    check(place)
    assert (place.status, place.next_check_at) == (L.ABSENT_ONCE, first)


def test_a_copy_that_came_back_in_between_begins_the_count_anew(place: Location, town: Town) -> None:
    check(place)
    scene.a_day_passes(place.notice)
    show(town, place)
    check(place)
    town.pages.clear()
    check(place)
    assert place.status == L.ABSENT_ONCE


def test_both_answers_are_sealed_beside_the_absence(place: Location) -> None:
    check(place)
    part = place.checks.get().capture.parts.get(name="probe.json")
    told = json.loads(capture.read_part(part))
    assert (told["page"]["status"], told["media"]["status"]) == (404, 404)


def test_a_page_that_stays_without_the_film_counts_as_absent(place: Location, town: Town) -> None:
    town.put(place.page_url, "<p>This video was removed.</p>")
    assert check(place).status == L.ABSENT_ONCE


def test_a_page_that_still_embeds_the_missing_film_does_not(place: Location, town: Town) -> None:
    town.put(place.page_url, f'<video src="{place.media_url}?token=2"></video>')
    assert check(place).status == L.UP


def test_a_film_without_its_page_is_still_there(place: Location, town: Town) -> None:
    town.put(place.media_url, b"film", "video/mp4")
    assert check(place).status == L.UP


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        (500, L.UNREACHABLE, "500"),
        (403, L.LOGIN_WALLED, "log-in"),
        (451, L.GEO_WALLED, "Blocked is not removed"),
        (302, L.UNREACHABLE, "302"),
    ],
)
def test_other_answers_are_no_removal(place: Location, town: Town, status: int, state: str, said: str) -> None:
    town.put(place.media_url, b"", "text/plain", status)
    check(place)
    assert place.status == state
    assert said in place.checks.get().reason


def test_a_log_in_page_in_place_of_the_film_is_no_removal(place: Location, town: Town) -> None:
    town.put(place.media_url, "<p>Please log in</p>", "text/html")
    assert check(place).status == L.LOGIN_WALLED


def test_a_site_that_does_not_answer_is_unreachable_and_tried_again(place: Location, town: Town) -> None:
    town.silence(place.media_url)
    check(place)
    assert place.status == L.UNREACHABLE
    assert place.checks.get().reason == "The site did not answer in time."
    assert place.next_check_at is not None


def test_a_film_larger_than_the_probe_wants_is_there(place: Location, town: Town) -> None:
    town.pages[place.media_url] = FetchError("too_large", "Too large.", permanent=True)
    assert check(place).status == L.UP


def test_an_absence_that_could_not_be_preserved_does_not_count(
    place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed(case: Any, url: str, **_: Any) -> Capture:
        return Capture.objects.create(case=case, url=url, status=Capture.Status.FAILED, reason="The disk is full.")

    monkeypatch.setattr(capture, "capture_page_of", failed)
    check(place)
    assert place.status == L.UNREACHABLE
    assert "The disk is full." in place.checks.get().reason


def test_a_notice_with_one_address_left_stays_open(place: Location, cast: Cast, town: Town) -> None:
    match = scene.make_match(cast.case)
    other = Location.objects.create(
        notice=place.notice, match=match, page_url=match.candidate.page_url, media_url=match.candidate.media_url
    )
    show(town, other)
    check(place)
    scene.a_day_passes(place.notice)
    check(place)
    place.notice.refresh_from_db()
    assert (place.status, place.notice.status) == (L.REMOVED, Notice.Status.SENT)


def test_what_is_not_due_is_left_alone(place: Location, town: Town) -> None:
    Location.objects.update(next_check_at=timezone.now() + DAY)
    verify.check_removed(place.pk)
    assert not place.checks.exists()
    assert not town.asked


def test_two_workers_do_not_probe_at_once(place: Location, town: Town) -> None:
    assert Location.objects.claim(place.pk, L.UP)
    verify.check_removed(place.pk)
    assert not town.asked


def test_after_the_last_time_of_the_rhythm_it_is_looked_at_every_month() -> None:
    now = timezone.now()
    assert now < verify.next_check(now - timedelta(days=800), now) <= now + timedelta(days=31)


# --- through the real door ---------------------------------------------------------------------------------------
class Host(BaseHTTPRequestHandler):
    """A large film sent in spite of the range, and nothing else."""

    def do_GET(self) -> None:
        there = self.path == "/film.mp4"
        self.send_response(200 if there else 410)
        self.send_header("Content-Type", "video/mp4" if there else "text/html")
        self.end_headers()
        with contextlib.suppress(OSError):  # the probe hangs up early
            self.wfile.write(b"f" * 1_000_000 if there else b"gone")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def host(settings: Any) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.DEMO_HOSTS = {"host.example": f"127.0.0.1:{server.server_port}"}
        yield "http://host.example"
        server.shutdown()


def test_a_probe_does_not_fetch_the_whole_film(host: str) -> None:
    assert verify.ask(f"{host}/film.mp4", part=True).there


def test_a_probe_hears_that_it_is_gone(host: str) -> None:
    answer = verify.ask(f"{host}/watch/1")
    assert (answer.gone, answer.text) == (True, "gone")
