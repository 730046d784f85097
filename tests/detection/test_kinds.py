"""Each kind of source against a host on loopback: what is planted is found, with no request too many."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from detection.models import Source
from detection.sources import FoundMedia, SourceError, Watch, watch
from detection.sources.keys import sealed_key
from detection.sources.listing import Listing
from detection.sources.named import rows_of
from detection.sources.telegram import preview_address
from detection.sources.times import moment_of
from tests.detection.town import detail
from tests.detection.wire import JSON, XML, Host, open_host

NOW = timezone.now()


@pytest.fixture
def host(settings: Any) -> Iterator[Host]:
    with open_host(settings) as opened:
        for number in range(1, 10):
            opened.put(f"/watch/{number}", detail(number))
        yield opened


def visited(
    kind: str, url: str = "", *, asking: dict[str, Any] | None = None, **fields: Any
) -> tuple[list[FoundMedia], Watch]:
    visit = watch(Source(name="x", kind=kind, url=url, **fields), **(asking or {}))
    return list(visit.candidates(None, NOW)), visit


def pages(found: list[FoundMedia]) -> list[str]:
    return [one.page_url.removeprefix("http://clips.example") for one in found]


def results(*numbers: int) -> str:
    return "".join(
        f'<article><a href="/watch/{one}"><img src="/t.jpg"><h3>Clip {one} of the sea</h3></a></article>'
        for one in numbers
    )


# --- search ------------------------------------------------------------------------------------------------------
def test_every_search_word_is_asked_for_and_nothing_is_opened_twice(host: Host) -> None:
    host.put("/find?q=%EB%B0%94%EB%8B%A4", results(1, 2))
    host.put("/find?q=sea%20%26%20sand", results(2, 3))
    found, _ = visited("search", f"{host.url}/find?q={{query}}", queries="바다\n\nsea & sand\n")
    assert pages(found) == ["/watch/1", "/watch/2", "/watch/3"]
    assert len(host.asked) == len(set(host.asked)) == 5


def test_a_search_counts_its_pages_where_the_address_says_so(host: Host) -> None:
    for number in (1, 2, 3):
        host.put(f"/find/sea/{number}", results(number))
    found, _ = visited("search", f"{host.url}/find/{{query}}/{{page}}", queries="sea", page_limit=2)
    assert pages(found) == ["/watch/1", "/watch/2"]


def test_a_search_ends_at_the_page_that_shows_nothing(host: Host) -> None:
    host.put("/find?q=sea&p=1", results(1))
    host.put("/find?q=sea&p=2", "<p>Nothing found.</p>")
    visited("search", f"{host.url}/find?q={{query}}&p={{page}}", queries="sea", page_limit=9)
    assert [path for path in host.asked if "find" in path] == ["/find?q=sea&p=1", "/find?q=sea&p=2"]


def test_a_search_that_repeats_its_last_page_for_ever_ends(host: Host) -> None:
    host.otherwise = lambda path: (200, "text/html", results(1).encode()) if path.startswith("/find") else None
    visited("search", f"{host.url}/find?q={{query}}&p={{page}}", queries="sea", page_limit=50)
    assert [path for path in host.asked if "find" in path] == ["/find?q=sea&p=1", "/find?q=sea&p=2"]


def test_one_search_that_fails_does_not_end_the_others(host: Host) -> None:
    host.put("/find?q=b", results(1))
    found, visit = visited("search", f"{host.url}/find?q={{query}}", queries="a\nb")
    assert pages(found) == ["/watch/1"]
    assert "404" in visit.account()


def test_a_secret_search_word_is_in_nothing_that_is_kept(host: Host) -> None:
    host.put("/find?q=mina_k", '<a href="/watch/one?q=Mina_K"><img><h2>One of the two</h2></a><a href="/f/a.mp4">Two</a>'
             '<article><a href="/watch/mina_k?q=mina_k"><img><h3>Her own name</h3></a></article>')  # fmt: skip
    host.put("/watch/one", detail(1))
    host.put("/watch/mina_k", detail(7))
    found, visit = visited("search", f"{host.url}/find?q={{query}}", asking={"queries": ["mina_k"]})
    kept = repr([found, visit.skipped, visit.remarks, visit.account()])
    assert "/watch/mina_k" in kept  # what the page itself is called
    assert "q=mina_k" not in kept.lower()
    assert pages(found) == ["/watch/one", "/watch/mina_k"]


@pytest.mark.parametrize(("url", "queries", "why"), [("/find", "a", "query"), ("/find?q={query}", "", "search words")])
def test_a_search_without_a_word_or_a_place_for_it_says_so(host: Host, url: str, queries: str, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        visited("search", host.url + url, queries=queries)


# --- sitemap -----------------------------------------------------------------------------------------------------
def urlset(*entries: str) -> str:
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:video="v" xmlns:image="i"'
    return f'<?xml version="1.0"?><urlset {spaces}>' + "".join(f"<url>{one}</url>" for one in entries) + "</urlset>"


def index(*files: str) -> str:
    return "<sitemapindex>" + "".join(f"<sitemap><loc>{one}</loc></sitemap>" for one in files) + "</sitemapindex>"


def test_a_packed_sitemap_behind_an_index_leads_to_its_pages_newest_first(host: Host) -> None:
    old, new = (f"<loc>/watch/{number}</loc><lastmod>2026-0{number}-01</lastmod>" for number in (1, 2))
    host.put("/sitemap.xml", index("/a.xml.gz"), XML)
    host.put("/a.xml.gz", gzip.compress(urlset(old, new).encode()), "application/gzip")
    found, _ = visited("sitemap", f"{host.url}/sitemap.xml")
    assert pages(found) == ["/watch/2", "/watch/1"]


def test_a_video_that_the_sitemap_names_costs_no_further_request(host: Host) -> None:
    video = ("<loc>/watch/1</loc><video:video><video:title>Sea</video:title><video:content_loc>/f/1.mp4</video:content_loc>"
             "<video:uploader>ann</video:uploader><video:publication_date>2026-03-01T10:00:00Z</video:publication_date>"
             "</video:video>")  # fmt: skip
    picture = "<loc>/watch/2</loc><image:image><image:loc>/f/2.jpg</image:loc></image:image>"
    host.put("/sitemap.xml", urlset(video, picture), XML)
    found, _ = visited("sitemap", f"{host.url}/sitemap.xml")
    posted = datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert found[0] == FoundMedia(f"{host.url}/watch/1", f"{host.url}/f/1.mp4", "Sea", "ann", posted)
    assert [one.media_url.rpartition("/")[2] for one in found] == ["1.mp4", "2.jpg", "2.mp4"]
    assert host.asked == ["/sitemap.xml", "/watch/2"]


def test_an_index_that_leads_to_itself_is_read_once(host: Host) -> None:
    host.put("/a.xml", index("/b.xml", "/a.xml"), XML)
    host.put("/b.xml", index("/a.xml", "/c.xml"), XML)
    host.put("/c.xml", urlset("<loc>/watch/1</loc>"), XML)
    assert pages(visited("sitemap", f"{host.url}/a.xml")[0]) == ["/watch/1"]
    assert host.asked == ["/a.xml", "/b.xml", "/c.xml", "/watch/1"]


def test_a_bottomless_index_is_left_with_a_remark(host: Host) -> None:
    def deeper(path: str) -> tuple[int, str, bytes]:
        return 200, XML, index(f"{path}1", f"{path}2").encode()

    host.otherwise = deeper
    visit = watch(Source(kind="sitemap", url=f"{host.url}/a"))
    with pytest.raises(SourceError):
        list(visit.candidates(None, NOW))
    assert len(host.asked) == 25
    assert "files of the sitemap were not read" in visit.account()


BOMB = '<!DOCTYPE z [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><urlset><url><loc>&b;</loc></url></urlset>'


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (gzip.compress(bytes(300 * 1024 * 1024), 1), "a zip bomb"),
        (gzip.compress(b"<urlset/>" * 50)[:40], "a cut packed file"),
        (b"\x1f\x8b\x08 nothing", "a damaged packed file"),
        (BOMB.encode(), "entities that unfold"),
        (b"<urlset>" + b"<url>" * 100_000, "too deep"),
        (b"<html><body>Hello", "a web page"),
        (b"<urlset><url><loc>cut", "cut off"),
        (b"", "nothing"),
        (b"<?xml version='1.0' encoding='nonsense-9'?><urlset/>", "an unknown encoding"),
    ],
)  # fmt: skip
def test_a_hostile_sitemap_is_an_error_with_a_sentence(host: Host, body: bytes, why: str) -> None:
    host.put("/sitemap.xml", body, XML)
    with pytest.raises(SourceError) as told:
        visited("sitemap", f"{host.url}/sitemap.xml")
    assert told.value.sentence, why


def test_a_sitemap_of_nearly_ten_megabytes_is_read_in_time(host: Host) -> None:
    row = "<loc>/page/{}/" + "x" * 900 + "</loc>"
    host.put("/sitemap.xml", urlset(*(row.format(number) for number in range(10_000))), XML)
    visit = watch(Source(kind="sitemap", url=f"{host.url}/sitemap.xml"), most_pages=2)
    list(visit.candidates(None, NOW))
    assert (visit.seen, visit.unopened, len(host.asked)) == (5000, 4998, 3)


def test_a_sitemap_larger_than_a_page_may_be_is_refused(host: Host) -> None:
    host.put("/sitemap.xml", urlset("<loc>/a</loc>") + " " * 11 * 1024 * 1024, XML)
    with pytest.raises(SourceError, match="larger"):
        visited("sitemap", f"{host.url}/sitemap.xml")


def test_a_plain_list_of_addresses_is_a_sitemap_too(host: Host) -> None:
    host.put("/sitemap.txt", f"{host.url}/watch/1\n{host.url}/watch/2\n", "text/plain")
    assert pages(visited("sitemap", f"{host.url}/sitemap.txt")[0]) == ["/watch/1", "/watch/2"]


# --- JSON --------------------------------------------------------------------------------------------------------
API = {"items_path": "list", "page_path": "page", "media_path": "files[].src", "title_path": "name", "uploader_path": "by.nick",
       "posted_path": "at"}  # fmt: skip


def put_json(host: Host, path: str, answer: Any) -> None:
    host.put(path, json.dumps(answer), JSON)


def entry(number: int, **more: Any) -> dict[str, Any]:
    return {"page": f"/watch/{number}", "files": [{"src": f"/f/{number}.mp4"}], "name": "<p>Sea <b>view</b></p>", "by": {"nick": "ann"},
            "at": 1_772_359_200, **more}  # fmt: skip


def test_an_interface_is_read_by_its_mapping(host: Host) -> None:
    put_json(host, "/api", {"list": [entry(1), {"page": "/watch/2"}, {"odd": 1}, "text", None]})
    found, visit = visited("json_api", f"{host.url}/api", **API)
    assert found[0] == FoundMedia(
        f"{host.url}/watch/1", f"{host.url}/f/1.mp4", "Sea view", "ann", datetime(2026, 3, 1, 10, tzinfo=UTC)
    )
    assert pages(found) == ["/watch/1", "/watch/2"]
    assert host.asked == ["/api", "/watch/2"]
    assert [one.sentence for one in visit.skipped] == ["It names neither a page nor media."] * 3


@pytest.mark.parametrize(
    ("fields", "second", "why"),
    [
        ({"next_path": "more"}, "/api?from=b", "an address"),
        ({"next_path": "mark", "next_parameter": "after"}, "/api?after=m1", "a mark for a parameter"),
    ],
)
def test_the_next_page_of_an_interface(host: Host, fields: dict[str, str], second: str, why: str) -> None:
    put_json(host, "/api", {"list": [entry(1)], "more": "/api?from=b", "mark": "m1"})
    put_json(host, second, {"list": [entry(2)], "mark": None})
    assert pages(visited("json_api", f"{host.url}/api", **API, **fields)[0]) == ["/watch/1", "/watch/2"], why


def test_endless_next_pages_end_at_the_limit(host: Host) -> None:
    host.otherwise = lambda path: (200, JSON, json.dumps({"list": [entry(1)], "more": f"{path}x"}).encode())
    visited("json_api", f"{host.url}/api", **API, next_path="more", page_limit=4)
    assert len(host.asked) == 4


@pytest.mark.parametrize(
    ("place", "names", "lines"),
    [
        ("header", "X-Token", ["s3cret-key"]),
        ("header", "X-Id, X-Secret", ["my-ident", "s3cret-key"]),
        ("parameter", "key", ["s3cret-key"]),
    ],
)
def test_a_key_is_sent_and_kept_nowhere(host: Host, place: str, names: str, lines: list[str]) -> None:
    leaking = {**entry(1, page="/watch/1?key=s3cret-key"), "files": [{"src": "/f/1.mp4"}, {"src": "/f/s3cret-key.mp4"}]}
    host.otherwise = lambda path: (
        200,
        JSON,
        json.dumps({"list": [leaking], "more": "/api?page=2&key=s3cret-key"}).encode(),
    )
    found, visit = visited("json_api", f"{host.url}/api", **API, next_path="more", page_limit=2, key_place=place, key_names=names,
                           key_sealed=sealed_key(lines))  # fmt: skip
    sent = [
        headers if place == "header" else {"key": path.rpartition("key=")[2]}
        for path, headers in zip(host.asked, host.headers, strict=True)
    ]
    assert len(sent) == 2
    assert all(
        dict(zip(map(str.lower, map(str.strip, names.split(","))), lines, strict=True)).items() <= one.items()
        for one in sent
    )
    assert "s3cret-key" not in repr([found, visit.skipped, visit.account(), visit.__dict__])


def test_a_key_is_not_carried_to_another_site(host: Host, settings: Any) -> None:
    with open_host(settings, "other.example") as other:
        put_json(other, "/api", {"list": []})
        host.put("/api", f"{other.url}/api", status=302)
        visited(
            "json_api",
            f"{host.url}/api",
            **API,
            key_place="header",
            key_names="X-Token",
            key_sealed=sealed_key(["s3cret"]),
        )
        assert host.headers[0]["x-token"] == "s3cret"
        assert "x-token" not in other.headers[0]


def test_a_failing_interface_with_a_key_does_not_tell_it(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with pytest.raises(SourceError) as told:
        visited(
            "json_api", f"{host.url}/gone", key_place="parameter", key_names="key", key_sealed=sealed_key(["s3cret"])
        )
    assert "s3cret" not in f"{told.value.sentence} {told.value.__cause__} {caplog.text}"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{broken", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"list": 5}', "no list"),
        ("<html>", "not JSON"),
        ("null", "no list"),
    ],
)
def test_a_broken_answer_is_an_error_with_a_sentence(host: Host, body: str, why: str) -> None:
    host.put("/api", body, JSON)
    with pytest.raises(SourceError, match=why):
        visited("json_api", f"{host.url}/api", **API)


def test_a_mapping_that_cannot_be_read_is_named(host: Host) -> None:
    with pytest.raises(SourceError, match=r"list\[\["):
        visited("json_api", f"{host.url}/api", items_path="list[[")


@pytest.mark.parametrize(
    ("said", "year"),
    [("2026-03-01T10:00:00+09:00", 2026), (1_772_359_200, 2026), (1_772_359_200_000, 2026), ("1772359200", 2026),
     ("Sun, 01 Mar 2026 10:00:00 GMT", 2026), ("yesterday", 0), (None, 0), (True, 0), (1e300, 0), ("0001-01-01", 0), ({}, 0)],
)  # fmt: skip
def test_times_as_interfaces_say_them(said: Any, year: int) -> None:
    moment = moment_of(said)
    assert (moment.year if moment else 0) == year


# --- telegram ----------------------------------------------------------------------------------------------------
def post(number: int, inside: str) -> str:
    return f"""<div class="tgme_widget_message" data-post="harbour/{number}"><a class="tgme_widget_message_owner_name">Harbour</a>
    {inside}<div class="tgme_widget_message_text">Sea {number}</div><time datetime="2026-03-01T10:00:00+00:00"></time></div>"""


THUMB = "<i class='tgme_widget_message_video_thumb' style='background-image:url(\"/f/{}.jpg\")'></i>"
PHOTO = "<a class='tgme_widget_message_photo_wrap' style='width:9px;background-image:url(/f/{}.jpg)'></a>"
VIDEO = f'<a class="tgme_widget_message_video_player">{THUMB.format("t")}<video src="/f/a.mp4?token=1"></video></a>'
ALBUM = PHOTO.format("b") + PHOTO.format("c")
HIDDEN = f'<a>{THUMB.format("d")}<div class="message_media_not_supported">Too big</div></a>'


def test_the_posts_of_a_channel_are_read_newest_first_and_older_ones_by_its_link(host: Host) -> None:
    older = '<a class="tme_messages_more" data-before="3" href="/s/harbour?before=3"></a>'
    host.put("/s/harbour", older + post(3, VIDEO) + post(4, ALBUM) + post(5, HIDDEN) + post(6, ""))
    host.put("/s/harbour?before=3", post(1, VIDEO))
    found, visit = visited("telegram", f"{host.url}/harbour")
    assert [(page, one.media_url.partition("/f/")[2]) for page, one in zip(pages(found), found, strict=True)] == [
        ("/harbour/5", "d.jpg"), ("/harbour/4", "b.jpg"), ("/harbour/4", "c.jpg"), ("/harbour/3", "a.mp4?token=1"),
        ("/harbour/1", "a.mp4?token=1"),
    ]  # fmt: skip
    assert (found[-1].title, found[-1].uploader, found[-1].posted_at) == (
        "Sea 1",
        "Harbour",
        datetime(2026, 3, 1, 10, tzinfo=UTC),
    )
    assert [one.sentence for one in visit.skipped] == [
        "No video or picture was found on this page.", "A video of this post can be seen in Telegram only.",
    ]  # fmt: skip


def test_a_known_post_is_not_found_again_under_a_new_token(host: Host) -> None:
    host.put("/s/harbour", post(3, VIDEO))
    found, _ = visited("telegram", f"{host.url}/s/harbour", asking={"known": {f"{host.url}/harbour/3": NOW}})
    assert found == []


def test_a_private_channel_says_so(host: Host) -> None:
    host.put("/s/harbour", "<p>Join</p>")
    with pytest.raises(SourceError, match="no public preview"):
        visited("telegram", f"{host.url}/s/harbour")


@pytest.mark.parametrize("said", ["https://t.me/harbour", "https://t.me/s/harbour", "@harbour", "harbour"])
def test_a_channel_may_be_named_in_any_way(said: str) -> None:
    assert preview_address(said) == "https://t.me/s/harbour"


# --- addresses ---------------------------------------------------------------------------------------------------
def test_a_defanged_list_is_visited_and_its_bad_rows_are_named(host: Host) -> None:
    rows = "hxxp://clips[.]example/watch/1\n\nhttp://clips(dot)example/watch/2\nnothing here\nhttp://clips.example/f/9.mp4\n"
    found, visit = visited("list", addresses=rows)
    assert pages(found) == ["/watch/1", "/watch/2", "/f/9.mp4"]
    assert visit.account() == "Rows without an address that can be read: 4"


def test_the_column_of_addresses_of_a_table_is_found_by_its_heading(host: Host) -> None:
    table = '번호;링크;비고\n1;hxxp://clips[.]example/watch/1;"a; b"\n2;;빈칸\n3\n'
    rows = rows_of(table)
    assert [row.addresses for row in rows] == [("http://clips.example/watch/1",), (), ()]
    assert [row.number for row in rows if row.trouble] == [3, 4]


def test_a_list_longer_than_a_visit_is_taken_in_turns(host: Host) -> None:
    source = Source(
        kind="list", every_minutes=30, addresses="\n".join(f"http://clips.example/watch/{one}" for one in range(1, 10))
    )
    opened = set()
    for visit in range(3):
        at = datetime.fromtimestamp(visit * 1800 + 5, UTC)
        opened |= set(pages(list(watch(source, most_pages=3).candidates(None, at))))
    assert len(opened) == 9


@pytest.mark.parametrize("addresses", ["", "\x00\n", "no address\n" * 9, "x" * 900_000, '"unclosed\nhttp://'])
def test_a_list_without_an_address_says_so(addresses: str) -> None:
    with pytest.raises(SourceError, match="no address"):
        visited("list", addresses=addresses)


def test_a_single_address_is_visited_and_must_show_something(host: Host) -> None:
    host.put("/empty", "<p>Nothing</p>")
    assert pages(visited("single", "http://clips.example/watch/1")[0]) == ["/watch/1"]
    with pytest.raises(SourceError, match="No video or picture"):
        visited("single", "http://clips.example/empty")


def test_every_kind_has_its_class() -> None:
    for kind in Source.Kind:
        assert issubclass(type(watch(Source(kind=kind))), Watch)
    assert type(watch(Source(kind="listing"))) is Listing
