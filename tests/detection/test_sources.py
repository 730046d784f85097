"""What a visitor of a hosting site would find by hand is found by the watch."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from cases import browser
from detection.models import Source
from detection.sources import FoundMedia, SourceError, Watch, media_at, watch
from detection.sources.base import web_address
from detection.sources.listing import detail_links, next_page, shape_of
from detection.sources.pages import Page, found_on
from tests.detection.town import SITE, Town, detail, listing

NOW = timezone.now()


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> Town:
    return Town().open(monkeypatch)


def a_source(**fields: object) -> Source:
    return Source(**{"name": "Clips", "kind": Source.Kind.LISTING, "url": f"{SITE}/", **fields})


def visited(source: Source, since: datetime | None = None, **known: object) -> tuple[list[FoundMedia], Watch]:
    visit = watch(source, **known)
    return list(visit.candidates(since, NOW)), visit


def test_a_listing_leads_to_its_clips_and_not_to_tags_users_or_other_hosts(town: Town) -> None:
    town.put(f"{SITE}/", listing(1, 2))
    town.put(f"{SITE}/watch/1", detail(1))
    town.put(f"{SITE}/watch/2", detail(2))
    found, _ = visited(a_source())
    assert found == [
        FoundMedia(f"{SITE}/watch/{number}", f"{SITE}/media/{number}.mp4", f"Holiday {number}", f"ann{number}")
        for number in (1, 2)
    ]
    assert set(town.asked) == {f"{SITE}/", f"{SITE}/watch/1", f"{SITE}/watch/2"}


@pytest.mark.parametrize(
    "link",
    [
        '<a rel="next" href="/?p=2">weiter</a>',
        '<a href="/?p=2">次へ ›</a>',
        '<a href="/?p=2">Далее</a>',
        '<a href="/?p=2">»</a>',
    ],
)
def test_the_next_page_is_followed_whatever_the_language(link: str) -> None:
    assert next_page(Page(f"{SITE}/", listing(1, 2, following=link))) == f"{SITE}/?p=2"


def test_the_visit_ends_at_the_page_limit(town: Town) -> None:
    for number in range(1, 6):
        further = f'<a rel="next" href="/?p={number + 1}">next</a>'
        town.put(f"{SITE}/?p={number}", listing(number * 10, number * 10 + 1, following=further))
    visited(a_source(url=f"{SITE}/?p=1", page_limit=2))
    assert {url for url in town.asked if "?p=" in url} == {f"{SITE}/?p=1", f"{SITE}/?p=2"}


def test_a_next_page_that_leads_back_ends_the_visit(town: Town) -> None:
    town.put(f"{SITE}/", listing(1, following='<a rel="next" href="/">next</a>'))
    town.put(f"{SITE}/watch/1", detail(1))
    visited(a_source(page_limit=9))
    assert town.asked[f"{SITE}/"] == 1


def test_an_administrator_can_name_the_links(town: Town) -> None:
    town.put(f"{SITE}/", '<div class="row"><a href="/p/1">one</a></div><a href="/q/2"><img src=a><h2>two</h2></a>')
    town.put(f"{SITE}/p/1", detail(1))
    found, _ = visited(a_source(item_selector=".row a"))
    assert [one.page_url for one in found] == [f"{SITE}/p/1"]


def test_a_selector_that_cannot_be_read_is_named_in_the_sentence(town: Town) -> None:
    town.put(f"{SITE}/", listing(1))
    with pytest.raises(SourceError, match=r"a\[\["):
        visited(a_source(item_selector="a[["))


def test_a_start_page_that_answers_500_says_so(town: Town) -> None:
    town.put(f"{SITE}/", "broken", status=500)
    with pytest.raises(SourceError, match="500"):
        visited(a_source())


def test_a_page_without_any_media_says_so(town: Town) -> None:
    town.put(f"{SITE}/", "<p>Welcome</p>")
    with pytest.raises(SourceError, match="No link"):
        visited(a_source())


def test_detail_pages_that_do_not_answer_are_counted_and_the_rest_is_found(town: Town) -> None:
    town.put(f"{SITE}/", listing(1, 2, 3))
    town.put(f"{SITE}/watch/1", "broken", status=500)
    town.silence(f"{SITE}/watch/2")
    town.put(f"{SITE}/watch/3", detail(3))
    found, visit = visited(a_source())
    assert [one.media_url for one in found] == [f"{SITE}/media/3.mp4"]
    assert visit.account() == "2 of 3 pages did not answer: The site answered 500."


@pytest.mark.parametrize(
    ("age", "since", "opened", "why"),
    [
        (timedelta(hours=2), timedelta(minutes=30), False, "found today"),
        (timedelta(hours=25), timedelta(minutes=30), False, "looked at half an hour after its first day"),
        (timedelta(hours=24, minutes=10), timedelta(minutes=30), True, "its first day has just passed"),
        (timedelta(days=9), timedelta(days=3), True, "nobody looked for days"),
    ],
)
def test_a_known_page_is_opened_again_once_a_day(
    town: Town, age: timedelta, since: timedelta, opened: bool, why: str
) -> None:
    town.put(f"{SITE}/", listing(1, 2))
    visited(a_source(), NOW - since, known={f"{SITE}/watch/1": NOW - age})
    assert (f"{SITE}/watch/1" in town.asked) is opened, why
    assert f"{SITE}/watch/2" in town.asked


def test_after_its_deadline_a_visit_opens_nothing_and_says_what_is_left(town: Town) -> None:
    town.put(f"{SITE}/", listing(1, 2))
    found, visit = visited(a_source(), deadline=0.0)
    assert (found, visit.account()) == ([], "2 pages are left for the next visit.")


def test_a_page_built_by_scripts_is_read_through_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {f"{SITE}/": listing(1), f"{SITE}/watch/1": detail(1)}
    monkeypatch.setattr(browser, "render_html", lambda url, **_: (url, shown[url], 200))
    found, _ = visited(a_source(rendered=True))
    assert [one.media_url for one in found] == [f"{SITE}/media/1.mp4"]


def test_a_browser_that_fails_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(url: str, **_: object) -> tuple[str, str, int]:
        raise browser.CaptureError("timed_out", "The page was not ready in time.", permanent=False)

    monkeypatch.setattr(browser, "render_html", fail)
    with pytest.raises(SourceError, match="not ready in time"):
        visited(a_source(rendered=True))


# --- feeds -------------------------------------------------------------------------------------------------------
RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>New</title>
<item><title>Beach</title><author>ann</author><link>https://clips.example/e/1</link>
  <enclosure url="https://cdn.example/1.mp4" type="video/mp4" length="1"/></item>
<item><title>Song</title><link>https://clips.example/e/2</link>
  <enclosure url="/2.mp3" type="audio/mpeg" length="1"/></item>
<item><title>Hill</title><link>https://clips.example/e/3</link><media:content url="/3.webm" type="video/webm"/></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>Sea</title><author><name>bo</name></author>
<link rel="alternate" href="/s/1"/><link rel="enclosure" type="video/mp4" href="/s/1.mp4"/></entry></feed>"""


def a_feed() -> Source:
    return a_source(kind=Source.Kind.FEED, url=f"{SITE}/rss")


def test_enclosures_are_candidates_and_entries_without_one_are_opened(town: Town) -> None:
    town.put(f"{SITE}/rss", RSS, "application/rss+xml")
    town.put(f"{SITE}/e/2", detail(2))
    found, _ = visited(a_feed())
    assert {(one.page_url, one.media_url) for one in found} == {
        (f"{SITE}/e/1", "https://cdn.example/1.mp4"),
        (f"{SITE}/e/2", f"{SITE}/media/2.mp4"),
        (f"{SITE}/e/3", f"{SITE}/3.webm"),
    }
    assert f"{SITE}/e/1" not in town.asked


def test_an_atom_feed_is_read_too(town: Town) -> None:
    town.put(f"{SITE}/rss", ATOM, "application/atom+xml")
    found, _ = visited(a_feed())
    assert found == [FoundMedia(f"{SITE}/s/1", f"{SITE}/s/1.mp4", "Sea", "bo")]


def test_a_feed_that_is_a_file_name_opens_no_file(town: Town, tmp_path: object) -> None:
    trap = tmp_path / "feed.xml"  # type: ignore[operator]
    trap.write_text(RSS)
    town.put(f"{SITE}/rss", str(trap), "application/rss+xml")
    with pytest.raises(SourceError, match="not a feed"):
        visited(a_feed())


def test_a_web_page_under_a_feed_address_says_so(town: Town) -> None:
    town.put(f"{SITE}/rss", "<html><body>Moved</body></html>")
    with pytest.raises(SourceError, match="not a feed"):
        visited(a_feed())


LINKED_DATA = '<script type="application/ld+json">'


# --- media of a page ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("html", "expected", "why"),
    [
        ('<video src="a.mp4"></video>', ["a.mp4"], "a video's own address"),
        ('<video><source src="a.webm"><source src="a.mp4"></video>', ["a.webm", "a.mp4"], "every form offered"),
        ('<meta property="og:video" content="/v/a.mp4">', ["v/a.mp4"], "what is shared elsewhere"),
        ('<meta property="og:video" content="/embed/1">', [], "a player is a page, not a medium"),
        ('<a href="a.MP4?dl=1">Download</a>', ["a.MP4?dl=1"], "a download"),
        (f'{LINKED_DATA}{{"@type":"VideoObject","contentUrl":"/c.mp4"}}</script>', ["c.mp4"], "JSON-LD"),
        (f'{LINKED_DATA}{{"@type":</script><video src=a.mp4>', ["a.mp4"], "broken JSON-LD"),
        ('<base href="/deep/"><video src="a.mp4"></video>', ["deep/a.mp4"], "a base address"),
        ('<img class="logo" src="l.png"><article><img src="a.jpg"></article>', ["a.jpg"], "the main picture"),
        ('<main><a href="big.jpg"><img src="small.jpg"></a></main>', ["big.jpg"], "the full picture"),
        ('<img width="16" src="i.png"><meta property="og:image" content="o.jpg">', ["o.jpg"], "no icons"),
        ('<video src="blob:https://x/1"></video><video src="javascript:1"></video>', [], "nothing that is no address"),
        ('<a href="http://[bad/a.mp4">x</a><video src=a.mp4>', ["a.mp4"], "a broken address beside a good one"),
    ],
)  # fmt: skip
def test_the_media_of_a_page(html: str, expected: list[str], why: str) -> None:
    found = found_on(Page(f"{SITE}/", f"<html><body>{html}</body></html>"))
    assert [one.media_url for one in found] == [f"{SITE}/{address}" for address in expected], why


def test_deeply_nested_linked_data_is_passed_over() -> None:
    trap = "[" * 100_000
    html = f'<script type="application/ld+json">{trap}</script><h1>Sea</h1><video src="a.mp4"></video>'
    assert [one.title for one in found_on(Page(f"{SITE}/", html))] == ["Sea"]


def test_an_address_that_is_a_file_is_its_own_page(town: Town) -> None:
    town.put(f"{SITE}/file", b"\x00", "video/mp4")
    assert media_at(f"{SITE}/file") == [FoundMedia(f"{SITE}/file", f"{SITE}/file")]


@pytest.mark.parametrize(
    "address", ["/a\x00.mp4", "/\ud800.mp4", "/" + "a" * 5000 + ".mp4", "ftp://a.example/a.mp4", "http:///a.mp4", " "]
)
def test_an_address_that_cannot_be_kept_is_none(address: str) -> None:
    assert web_address(f"{SITE}/", address) == ""


def test_a_page_of_endless_links_is_cut_and_says_so(town: Town) -> None:
    town.put(f"{SITE}/", "".join(f'<p><a href="/media/{number}.mp4">Film {number}</a>' for number in range(1000)))
    found, visit = visited(a_source())
    assert len(found) == 300
    assert visit.account() == "700 pages are left for the next visit."


def test_links_of_one_shape_stay_together() -> None:
    assert shape_of(f"{SITE}/watch/blue-sky?v=3") == shape_of(f"{SITE}/watch/12?v=9") != shape_of(f"{SITE}/tag/sea")
    assert shape_of(f"{SITE}/watch.php?id=3") == shape_of(f"{SITE}/watch.php?id=9") != shape_of(f"{SITE}/user.php?id=3")


def test_a_listing_of_a_single_clip_is_no_empty_one() -> None:
    assert detail_links(Page(f"{SITE}/", listing(7))) == [f"{SITE}/watch/7"]
