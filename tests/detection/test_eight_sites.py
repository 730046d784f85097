"""The watch as a whole: nine sites of different shapes in eight languages, real visits, real examinations.

Every planted copy is found, none twice, nothing else is taken for one, and each visit costs what is written beside
its site (tests/detection/places.py). A site that changes raises the alarm that says how.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from detection import pipeline
from detection.models import Candidate, Match, Source
from detection.watched import Alarm, SourceVisit
from tests.base import Cast
from tests.detection import shelf
from tests.detection.places import COPIES, PICTURES, PLACES, Shelf, page, stocked
from tests.detection.site import time_passes
from tests.detection.wire import Host, open_host

pytestmark = pytest.mark.django_db
PLANTED = {(place.name, path) for place in PLACES for path in place.planted}


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return stocked(tmp_path_factory.mktemp("places"))


@pytest.fixture
def hosts(settings: Any, media: Shelf) -> Iterator[dict[str, Host]]:
    with ExitStack() as open_sites:
        opened = {}
        for place in PLACES:
            host = opened[place.name] = open_sites.enter_context(open_host(settings, f"{place.name}.example"))
            place.build(host, media)
        yield opened


@pytest.fixture
def sources(hosts: dict[str, Host], monkeypatch: pytest.MonkeyPatch) -> dict[str, Source]:
    # Playwright keeps an event loop in this thread while a page is rendered.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    made = {}
    for place in PLACES:
        address = {"url": hosts[place.name].url + place.source["url"]} if "url" in place.source else {}
        made[place.name] = Source.objects.create(
            name=place.name, every_minutes=30, status="active", **{**place.source, **address}
        )
    return made


def visit(source: Source, minutes: float = 31) -> SourceVisit:
    time_passes(minutes=minutes)
    pipeline.visit_source(source.pk)
    return source.visits.latest("began_at")


def site_of(address: str) -> tuple[str, str]:
    """("board", "/media/4.mp4")"""
    host, _slash, path = address.removeprefix("http://").partition("/")
    return host.removesuffix(".example"), f"/{path}"


def matches() -> list[tuple[str, str]]:
    return sorted(map(site_of, Match.objects.values_list("candidate__media_url", flat=True)))


def register(cast: Cast, media: Shelf) -> dict[str, str]:
    """The references as evidence of one case: id → name."""
    registered = {}
    for name, content in media.references.items():
        evidence = shelf.hand_in(cast.case, content)
        pipeline.fingerprint_evidence(evidence.pk)
        registered[str(evidence.pk)] = name
    return registered


def test_every_planted_copy_is_found_once_and_nothing_else(
    cast: Cast, media: Shelf, hosts: dict[str, Host], sources: dict[str, Source]
) -> None:
    registered = register(cast, media)
    costs = {name: visit(source).requests for name, source in sources.items()}
    assert costs == {place.name: place.requests for place in PLACES}
    assert {name: source.candidates.count() for name, source in sources.items()} == {
        place.name: place.shown for place in PLACES
    }
    for candidate in Candidate.objects.all():
        pipeline.examine_candidate(candidate.pk)
    assert matches() == sorted(PLANTED)
    assert set(Match.objects.values_list("verdict", flat=True)) == {"confirmed"}
    for match in Match.objects.select_related("candidate"):
        planted = {**COPIES, **PICTURES}[site_of(match.candidate.media_url)[0]]
        assert registered[str(match.evidence_id)] == planted[0]
    assert not Candidate.objects.filter(status__in=["new", "failed"]).exists()
    # Every medium was asked for once; the stream in its list and four pieces.
    pieces = len(list(media.stream.iterdir())) - 1
    asked = [path for host in hosts.values() for path in host.asked]
    assert len(asked) == sum(costs.values()) + Candidate.objects.count() + pieces + _parts_of_the_scrolled_page(hosts)


def _parts_of_the_scrolled_page(hosts: dict[str, Host]) -> int:
    """What Chromium asks for beside the page itself, once in the visit."""
    return sum(path in ("/favicon.ico", "/thumb.jpg") for path in hosts["scroll"].asked)


def test_a_second_visit_finds_nothing_twice_and_asks_for_little(sources: dict[str, Source]) -> None:
    for source in sources.values():
        visit(source)
    found = Candidate.objects.count()
    again = {name: visit(source) for name, source in sources.items()}
    assert {name: one.requests for name, one in again.items()} == {place.name: place.again for place in PLACES}
    assert (Candidate.objects.count(), sum(one.new for one in again.values())) == (found, 0)


def test_a_changed_a_refusing_and_a_silent_site_each_raise_their_alarm_and_no_other_does(
    hosts: dict[str, Host], sources: dict[str, Source], settings: Any
) -> None:
    sources.pop("scroll").delete()  # a browser takes seconds a visit; its alarms come from the same rows
    for _round in range(3):
        for source in sources.values():
            visit(source)
    assert not Alarm.objects.exists()
    hosts["board"].put("/", page("ko", "자유게시판", '<div data-watch="4" role="button">골목길 카페 탐방</div>'))
    hosts["feed"].pages.clear()
    hosts["feed"].otherwise = lambda path: (429, "text/html", b"slow down") if path != "/robots.txt" else None
    settings.DEMO_HOSTS = {**settings.DEMO_HOSTS, "sitemap.example": "127.0.0.1:1"}
    for _round in range(3):
        for source in sources.values():
            visit(source, minutes=61 / len(sources))
    ringing = dict(Alarm.objects.ringing().values_list("source__name", "kind"))
    assert ringing == {"board": "layout", "feed": "refused", "sitemap": "silent"}
