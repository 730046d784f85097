"""Terms around what is found: they move it forward, judge nothing, and are told to no site that was not ticked."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

import pytest
from django.utils import timezone

from cases import custody, terms, vault
from cases.models import Case, CustodyEntry
from cases.terms import TermError
from detection import jobs, pipeline, searching
from detection.asked import TermAt, TermHit
from detection.models import Candidate, Match, Source
from detection.text_hits import read_again
from detection.variants import variants
from detection.watched import PageSeen
from tests.base import Cast
from tests.cases.test_terms import everything_stored
from tests.detection.wire import HTML, Host, open_host

pytestmark = pytest.mark.django_db
WORD = "김민아"


def page(number: int, title: str) -> str:
    return f"""<html><head><title>x</title><meta property="og:title" content="{title}"></head>
    <body><video><source src="/media/{number}.mp4" type="video/mp4"></video></body></html>"""


def cards(*numbers: int, said: str = "") -> str:
    return f"<h1>{said}</h1>" + "".join(
        f'<article><a href="/watch/{one}"><img src="/t.jpg"><h3>Clip {one} of the day</h3></a></article>'
        for one in numbers
    )


@pytest.fixture
def host(settings: Any) -> Iterator[Host]:
    with open_host(settings) as opened:
        opened.put("/", cards(1, 2, 3))
        opened.put("/watch/1", page(1, "Holiday by the sea"))
        opened.put("/watch/2", page(2, "뉴스 낌 민 아 영상"))
        opened.put("/watch/3", page(3, "Another day"))
        yield opened


@pytest.fixture
def search(settings: Any) -> Iterator[Host]:
    """A site with a search of its own that shows on its page what was searched for, and keeps nothing from us."""
    with open_host(settings, "find.example") as opened:
        opened.put("/watch/7", page(7, "one day"))
        opened.otherwise = lambda path: (
            (200, HTML, cards(7, said=unquote_plus(path)).encode()) if path.startswith("/find") else None
        )
        yield opened


def a_source(url: str, **fields: Any) -> Source:
    return Source.objects.create(**{"name": "Clips", "kind": "listing", "url": url, **fields})


def a_search(host: Host, **fields: Any) -> Source:
    return a_source(f"{host.url}/find?q={{query}}", **{"kind": "search", "page_limit": 1, **fields})


def told(host: Host) -> list[str]:
    """What the site was asked to search for."""
    return [unquote(path.partition("q=")[2]) for path in host.asked if "q=" in path]


# --- reading -----------------------------------------------------------------------------------------------------
def test_a_page_with_a_disguised_name_waits_before_the_others(cast: Cast, host: Host) -> None:
    term = terms.add(cast.case, "name", WORD)
    pipeline.visit_source(a_source(f"{host.url}/").pk)
    first, *others = Candidate.objects.to_examine(timezone.now())
    assert (first.page_url, first.priority) == (f"{host.url}/watch/2", 2)
    assert [one.priority for one in others] == [0, 0]
    [hit] = TermHit.objects.all()
    assert (hit.candidate, hit.term, hit.place) == (first, term, "title")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"title": "오늘의 김민아"}, "title"),
        ({"uploader": "김 민아"}, "uploader"),
        ({"media_url": "https://a.example/f/" + quote("김민아_1.mp4")}, "filename"),
        ({"page_url": "https://a.example/tag/" + quote("뉴스-낌민아")}, "address"),
        ({"page_url": "https://a.example/s?q=kim+mina&x=1"}, "address"),
        ({"page_url": f"https://{WORD.encode('idna').decode()}.example/1"}, "address"),
    ],
)
def test_it_is_said_where_a_term_was_read(cast: Cast, fields: dict[str, str], place: str) -> None:
    terms.add(cast.case, "name", WORD)
    told = {"page_url": "https://a.example/1", "media_url": "https://a.example/1.mp4", **fields}
    candidate = Candidate.objects.create(**told)
    assert read_again(cast.case) == 1
    assert [hit.place for hit in candidate.term_hits.all()] == [place]


@pytest.mark.parametrize(
    ("name", "file", "hit"),
    [
        ("IMG_4821.mp4", "img_4821.webm", True),
        ("IMG_4821.mp4", "img_4822.mp4", False),
        ("video.mp4", "video-7.webm", False),
    ],
)
def test_a_file_is_known_by_what_its_name_tells(cast: Cast, name: str, file: str, hit: bool) -> None:
    terms.add(cast.case, "filename", name)
    Candidate.objects.create(page_url="https://a.example/1", media_url=f"https://a.example/files/{file}")
    read_again(cast.case)
    assert TermHit.objects.exists() == hit


def test_a_hit_is_never_a_match_by_itself(cast: Cast, host: Host) -> None:
    terms.add(cast.case, "name", WORD)
    host.put("/media/2.mp4", b"no video at all", "video/mp4")
    pipeline.visit_source(a_source(f"{host.url}/").pk)
    hit = TermHit.objects.get()
    pipeline.examine_candidate(hit.candidate_id)
    hit.candidate.refresh_from_db()
    assert hit.candidate.status != Candidate.Status.MATCHED
    assert not Match.objects.exists()
    assert not cast.case.custody.filter(act__in=["matched", "captured", "drafted"]).exists()


def test_the_doorbell_rings_first_for_what_carries_a_term(
    cast: Cast, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, bool]] = []
    monkeypatch.setattr(
        jobs, "ring", lambda queue, verb, ids, at_front=False: rung.extend((str(pk), at_front) for pk in ids)
    )
    terms.add(cast.case, "name", WORD)
    jobs.visit(str(a_source(f"{host.url}/").pk))
    foremost = str(TermHit.objects.get().candidate_id)
    assert sorted(rung) == sorted(
        (str(pk), str(pk) == foremost) for pk in Candidate.objects.values_list("pk", flat=True)
    )


@pytest.mark.parametrize("change", ["withdrawn", "paused", "erased"])
def test_a_case_that_is_not_watched_is_not_read_for(cast: Cast, host: Host, change: str) -> None:
    terms.add(cast.case, "name", WORD)
    if change == "withdrawn":
        cast.case.consents.update(withdrawn_at=timezone.now())
    elif change == "paused":
        Case.objects.filter(pk=cast.case.pk).update(status=Case.Status.PAUSED)
    else:
        vault.erase_case(cast.case)
    pipeline.visit_source(a_source(f"{host.url}/").pk)
    assert Candidate.objects.count() == 3
    assert not TermHit.objects.exists()


def test_a_removed_term_takes_its_hits_and_what_they_moved_along(cast: Cast, host: Host) -> None:
    term = terms.add(cast.case, "name", WORD)
    pipeline.visit_source(a_source(f"{host.url}/").pk)
    searching.remove_term(term, officer=cast.jiwoo)
    assert not TermHit.objects.exists()
    assert not Candidate.objects.filter(priority__gt=0).exists()


def test_a_page_that_is_found_holds_no_term_that_it_did_not_say_itself(cast: Cast, host: Host) -> None:
    terms.add(cast.case, "name", WORD)
    pipeline.visit_source(a_source(f"{host.url}/").pk)
    assert TermHit.objects.exists()
    assert WORD not in everything_stored()


# --- searching ---------------------------------------------------------------------------------------------------
def test_only_a_ticked_site_is_told_the_word(cast: Cast, search: Host, host: Host, settings: Any) -> None:
    with open_host(settings, "other.example") as other:
        other.otherwise = search.otherwise
        ticked, unticked = a_search(search), a_search(other, queries="sea")
        term = terms.add(cast.case, "name", WORD)
        terms.add(cast.case, "handle", "quiet_handle")
        searching.tick(term, ticked, officer=cast.jiwoo)
        for source in (ticked, unticked, a_source(f"{host.url}/")):
            pipeline.visit_source(source.pk)
        forms = {WORD, *variants(WORD, 30)}
        assert WORD in told(search)
        assert set(told(search)) <= forms
        assert told(other) == ["sea"]
        heard = unquote_plus(f"{other.asked} {other.headers} {host.asked} {host.headers}")
        assert not [form for form in forms if form in heard]
    assert "quiet_handle" not in unquote_plus(f"{search.asked} {search.headers}")


def test_what_was_searched_for_is_kept_nowhere(cast: Cast, search: Host, caplog: pytest.LogCaptureFixture) -> None:
    source = a_search(search)
    searching.tick(terms.add(cast.case, "name", WORD), source, officer=cast.jiwoo)
    with caplog.at_level(logging.DEBUG):
        account = pipeline.visit_with_account(source.pk)
    assert account is not None
    assert len(told(search)) > 5
    stored = everything_stored()
    for form in told(search):
        assert form not in stored
        assert quote(form) not in stored
        assert form not in caplog.text
        assert quote(form) not in caplog.text
    assert WORD not in str(account.as_json())
    assert Candidate.objects.get().page_url == f"{search.url}/watch/7"


@pytest.mark.parametrize("answer", [(500, HTML, b"broken"), (302, HTML, b"/find/again?said={}"), (200, HTML, b"{}")])
def test_a_search_that_fails_tells_nobody_what_for(
    cast: Cast, settings: Any, answer: tuple[int, str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with open_host(settings, "broken.example") as host:
        status, media_type, body = answer
        host.otherwise = lambda path: (
            (status, media_type, body.replace(b"{}", path.encode())) if "find?" in path else None
        )
        source = a_search(host)
        searching.tick(terms.add(cast.case, "name", WORD), source, officer=cast.jiwoo)
        with caplog.at_level(logging.DEBUG):
            account = pipeline.visit_with_account(source.pk)
        source.refresh_from_db()
    assert account is not None
    assert WORD in told(host)
    kept = f"{everything_stored()} {account.as_json()} {caplog.text} {account!r} {source.failure}"
    assert WORD not in unquote_plus(kept)


def test_a_ticked_site_that_sends_the_search_on_to_another_is_not_followed(
    cast: Cast, search: Host, settings: Any
) -> None:
    with open_host(settings, "other.example") as other:
        search.otherwise = lambda path: (302, HTML, f"{other.url}{path}".encode()) if "find" in path else None
        source = a_search(search)
        searching.tick(terms.add(cast.case, "name", WORD), source, officer=cast.jiwoo)
        pipeline.visit_source(source.pk)
        source.refresh_from_db()
        assert WORD in told(search)
        assert other.asked == []
    assert "another site" in source.failure


def test_an_interface_with_a_place_for_the_word_is_searched_too(cast: Cast, settings: Any) -> None:
    with open_host(settings, "api.example") as host:
        told_entries = b'[{"url": "/watch/7", "media": "/media/7.mp4", "title": "one day"}]'
        host.otherwise = lambda path: (200, "application/json", told_entries) if "q=" in path else None
        source = a_source(
            f"{host.url}/v1?q={{query}}", kind="json_api", page_path="url", media_path="media", page_limit=1
        )
        searching.tick(terms.add(cast.case, "name", WORD), source, officer=cast.jiwoo)
        pipeline.visit_source(source.pk)
        assert told(host)[0] == WORD
    assert Candidate.objects.get().page_url == f"{host.url}/watch/7"


def test_an_answer_to_a_search_is_not_kept_for_later(cast: Cast, settings: Any) -> None:
    with open_host(settings, "etag.example") as host:
        host.put("/watch/7", page(7, "one day"))
        host.otherwise = lambda path: (200, HTML, cards(7).encode()) if path.startswith("/find") else None
        host.extra = {"ETag": '"1"'}
        source = a_search(host)
        searching.tick(terms.add(cast.case, "name", WORD), source, officer=cast.jiwoo)
        pipeline.visit_source(source.pk)
        assert PageSeen.objects.count() == 1  # the page of the clip, not the lists of results


def test_searches_stay_within_the_budget_and_every_term_has_its_turn(cast: Cast, search: Host) -> None:
    source = a_search(search, request_budget=8, page_limit=2, queries="sea")
    names = ["김민아", "이서연", "박지우", "최수빈"]
    for name in names:
        searching.tick(terms.add(cast.case, "name", name), source, officer=cast.jiwoo)
    assert searching.room_for(source) == 1
    asked: list[str] = []
    for _visit in range(4):
        at = timezone.now() + _visit * timedelta(minutes=30)
        asked += searching.searches(source, at).words
    assert sorted(asked) == sorted(names)


def test_terms_come_before_their_variants(cast: Cast, search: Host) -> None:
    source = a_search(search, request_budget=20, page_limit=1)
    for word in ("딥페", "mina_kim97"):
        searching.tick(terms.add(cast.case, "title", word), source, officer=cast.jiwoo)
    words = searching.searches(source, timezone.now()).words
    assert set(words[:2]) == {"딥페", "mina_kim97"}
    assert len(words) == 10
    assert set(words[2:]) <= {*variants("딥페", 14), *variants("mina_kim97", 14)}


def test_a_source_that_was_turned_to_another_site_is_told_nothing(cast: Cast, search: Host) -> None:
    source = a_search(search)
    term = terms.add(cast.case, "name", WORD)
    searching.tick(term, source, officer=cast.jiwoo)
    source.url = "http://elsewhere.example/find?q={query}"
    source.save()
    assert searching.searches(source, timezone.now()).words == []
    searching.tick(term, source, officer=cast.jiwoo)
    assert WORD in searching.searches(source, timezone.now()).words


def test_a_site_that_is_no_longer_ticked_is_told_nothing_more(cast: Cast, search: Host) -> None:
    source, term = a_search(search, queries="sea"), terms.add(cast.case, "name", WORD)
    searching.tick(term, source, officer=cast.jiwoo)
    searching.untick(term, source, officer=cast.jiwoo)
    pipeline.visit_source(source.pk)
    assert told(search) == ["sea"]
    acts = CustodyEntry.objects.filter(case=cast.case, act__contains="ticked").values_list("act", flat=True)
    assert list(acts) == ["term_ticked", "term_unticked"]
    assert custody.verify_chain(cast.case) == []


def test_consent_that_was_withdrawn_ends_the_searches(cast: Cast, search: Host) -> None:
    source = a_search(search, queries="sea")
    searching.tick(terms.add(cast.case, "name", WORD), source, officer=cast.jiwoo)
    cast.case.consents.update(withdrawn_at=timezone.now())
    pipeline.visit_source(source.pk)
    assert told(search) == ["sea"]


@pytest.mark.parametrize("url", ["http://clips.example/", "http://{query}.example/find?q={query}"])
def test_a_source_without_a_search_and_a_name_server_are_told_nothing(cast: Cast, url: str) -> None:
    with pytest.raises(TermError, match="cannot be searched"):
        searching.tick(terms.add(cast.case, "name", WORD), a_source(url, kind="search"), officer=cast.jiwoo)


def test_it_is_kept_when_a_site_was_told_and_that_goes_with_the_case(cast: Cast, search: Host) -> None:
    source = a_search(search)
    searching.tick(terms.add(cast.case, "name", WORD), source, officer=cast.jiwoo)
    pipeline.visit_source(source.pk)
    assert TermAt.objects.get().asked_at
    vault.erase_case(cast.case)
    assert not TermAt.objects.exists()
    assert not re.search(WORD, everything_stored())
