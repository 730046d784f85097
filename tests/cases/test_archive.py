"""The page's archives: a WACZ by the letter of its specification, and an MHTML, both opening without the site."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import threading
import time
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from cases import addresses, browser, recording, wacz
from cases.browser import PageCapture, capture_page
from cases.recording import Absent, Exchange, Recording
from tests.cases.test_browser import CHECKERBOARD, Request
from tests.cases.test_web import Site, answer

AT = datetime(2026, 3, 1, 20, 30, 15, tzinfo=UTC)
PAGE = """<!doctype html><html lang="ko"><head><title>영상 7</title><link rel=stylesheet href=/s.css></head><body>
<h1>신고된 글</h1><img src=/a.png><img src=/big.png><video src=/clip.mp4 preload=auto></video>
<script src=/late.js></script></body></html>"""


def shop(request: Request) -> None:
    replies = {
        "/a.png": (CHECKERBOARD, "image/png"),
        "/big.png": (b"\x89PNG" + bytes(recording.BODY_MAX_BYTES), "image/png"),
        "/clip.mp4": (bytes(recording.BODY_MAX_BYTES + 9), "video/mp4"),
        "/s.css": (b"h1 { color: rgb(1, 2, 3) }", "text/css"),
        "/late.js": ("document.body.append('스크립트가 쓴 말')".encode(), "text/javascript; charset=utf-8"),
        "/v/7": (PAGE.encode(), "text/html; charset=utf-8"),
    }
    if request.path in replies:
        answer(request, *replies[request.path])
    else:
        answer(request, b"", status="302", Location="/v/7", Set_Cookie="a=b")


@pytest.fixture(scope="module")
def captured() -> PageCapture:
    site = Site(shop)
    with pytest.MonkeyPatch.context() as patch:
        allowance = addresses.LoopbackAllowance(names={"clips.example": site.host_port})
        patch.setattr(browser, "loopback_allowance", lambda: allowance)
        patch.setattr("cases.guard_proxy.loopback_allowance", lambda _=None: allowance)
        capture = capture_page("http://clips.example/old")
    site.close()
    return capture


@pytest.fixture(scope="module")
def archive(captured: PageCapture) -> zipfile.ZipFile:
    return opened(captured.recording, captured.archived_url)


def opened(taken: Recording, url: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(wacz.wacz_bytes(taken, page_url=url, title="영상 7", software="test", at=AT)))


def index_of(archive: zipfile.ZipFile) -> dict[str, dict[str, Any]]:
    lines = archive.read("indexes/index.cdx").decode().splitlines()
    assert lines == sorted(lines)
    entries = [json.loads(line.split(" ", 2)[2]) for line in lines]
    return {entry["url"]: entry for entry in entries}


def record_at(archive: zipfile.ZipFile, entry: dict[str, Any]) -> tuple[str, bytes]:
    """What a reader gets that knows nothing but the index: address and body."""
    start, length = int(entry["offset"]), int(entry["length"])
    piece = archive.read("archive/" + entry["filename"])[start : start + length]
    record = next(iter(ArchiveIterator(io.BytesIO(piece))))
    return record.rec_headers.get_header("WARC-Target-URI"), record.content_stream().read()


# --- the specification -------------------------------------------------------------------------------------------
def test_members_are_stored_and_named_as_the_specification_says(archive: zipfile.ZipFile) -> None:
    names = {"archive/data.warc.gz", "indexes/index.cdx", "pages/pages.jsonl", "absent.json", "datapackage.json",
             "datapackage-digest.json"}  # fmt: skip
    assert set(archive.namelist()) == names
    assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_package_names_every_file_with_its_digest(archive: zipfile.ZipFile) -> None:
    package = json.loads(archive.read("datapackage.json"))
    assert (package["profile"], package["wacz_version"]) == ("data-package", "1.1.1")
    listed = {one["path"]: (one["hash"], one["bytes"]) for one in package["resources"]}
    own = {"datapackage.json", "datapackage-digest.json"}
    for name in set(archive.namelist()) - own:
        content = archive.read(name)
        assert listed.pop(name) == (f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
    assert not listed
    digest = json.loads(archive.read("datapackage-digest.json"))
    assert digest["hash"] == f"sha256:{hashlib.sha256(archive.read('datapackage.json')).hexdigest()}"


def test_the_page_list_leads_to_an_archived_page(archive: zipfile.ZipFile) -> None:
    head, page = [json.loads(line) for line in archive.read("pages/pages.jsonl").decode().splitlines()]
    assert head["format"] == "json-pages-1.0"
    assert (page["url"], page["title"]) == ("http://clips.example/v/7", "영상 7")
    assert datetime.fromisoformat(page["ts"]).utcoffset() is not None
    assert page["url"] in index_of(archive)


def test_every_line_of_the_index_finds_its_record(archive: zipfile.ZipFile) -> None:
    index = index_of(archive)
    for url, entry in index.items():
        target, body = record_at(archive, entry)
        assert target == url
        assert entry["digest"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert record_at(archive, index["http://clips.example/a.png"])[1] == CHECKERBOARD
    assert index["http://clips.example/old"]["status"] == "302"


def test_the_records_pass_the_check_of_another_reader(archive: zipfile.ZipFile) -> None:
    kinds = []
    stream = io.BytesIO(archive.read("archive/data.warc.gz"))
    for record in ArchiveIterator(stream, check_digests="raise"):
        record.content_stream().read()
        kinds.append(record.rec_type)
    assert kinds[0] == "warcinfo"
    assert kinds.count("response") == kinds.count("request") == len(index_of(archive))


def test_what_is_too_large_is_named_as_absent(archive: zipfile.ZipFile) -> None:
    absent = {one["url"].rpartition("/")[2]: one["why"] for one in json.loads(archive.read("absent.json"))}
    assert (absent["big.png"], absent["clip.mp4"]) == ("too_large", "media")
    assert "http://clips.example/big.png" not in index_of(archive)


# --- single rules ------------------------------------------------------------------------------------------------
def exchange(url: str = "https://www.Clips.example:8443/b/%EA%B0%80?z=2&A=1", **changes: Any) -> Exchange:
    told = {
        "url": url, "method": "GET", "request_headers": ((":path", "/"), ("accept", "*/*")), "status": 200,
        "status_text": "", "headers": (("content-encoding", "gzip"), ("content-length", "5"), ("x-two", "a\nb")),
        "body": b"decoded", "at": AT,
    }  # fmt: skip
    return Exchange(**{**told, **changes})


def test_headers_say_nothing_untrue_of_a_decoded_body() -> None:
    made = opened(Recording((exchange(),)), exchange().url)
    [record] = [
        one for one in ArchiveIterator(io.BytesIO(made.read("archive/data.warc.gz"))) if one.rec_type == "response"
    ]
    headers = record.http_headers
    assert headers.get_header("content-encoding") is None
    assert (headers.get_header("x-orig-content-encoding"), headers.get_header("content-length")) == ("gzip", "7")
    assert headers.get_header("x-two") == "a b"


def test_an_address_is_filed_with_its_host_turned_round() -> None:
    assert wacz.sort_key(exchange().url) == "example,clips:8443)/b/%ea%b0%80?a=1&z=2"
    assert wacz.sort_key("http://93.184.215.14/") == "93.184.215.14)/"


def test_the_same_recording_gives_the_same_index_and_pages() -> None:
    first, second = (opened(Recording((exchange(),), (Absent("https://x.example/", "full"),)), "x") for _ in range(2))
    for name in ("pages/pages.jsonl", "absent.json"):
        assert first.read(name) == second.read(name)


# --- MHTML, and pages that do not want to be kept ----------------------------------------------------------------
def test_the_page_file_holds_the_page_and_its_pictures_without_the_blur(captured: PageCapture) -> None:
    from email import message_from_bytes, policy

    page, *more = message_from_bytes(captured.mhtml, policy=policy.default).iter_parts()
    assert "스크립트가 쓴 말" in page.get_payload(decode=True).decode()
    assert "http://clips.example/a.png" in [part["Content-Location"] for part in more]
    assert b"blur(24px)" not in b"".join(part.get_payload(decode=True) for part in (page, *more))


def test_what_a_visitor_can_read_is_taken_along(captured: PageCapture) -> None:
    assert captured.text.splitlines()[0] == "신고된 글"


def test_a_page_that_will_not_be_archived_keeps_its_pictures(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(lambda request: answer(request, b"<p>x</p>", "text/html"))
    settings.DEMO_LOOPBACK_HOSTS = site.allowed
    monkeypatch.setattr(browser, "ARCHIVE_SECONDS", 2)
    monkeypatch.setattr(browser, "_mhtml", lambda page: page.evaluate("() => { while (true); }"))
    taken = capture_page(site.url)
    site.close()
    assert taken.mhtml == b""
    assert taken.missing == ("The page did not rest long enough to be archived whole.",)
    assert taken.screenshot_blurred.startswith(b"\x89PNG")
    assert [one.url for one in taken.recording.exchanges] == [site.url]


def test_answers_that_unpack_to_much_more_are_left_out_and_soon_not_asked_for(settings: Any) -> None:
    bomb = gzip.compress(bytes(recording.WASTE_MAX_BYTES + 1))
    page = b"<p>x</p><img src=/a.png>" + b"".join(b"<link rel=stylesheet href=/%d.css>" % number for number in range(6))

    def reply(request: Request) -> None:
        if request.path.endswith(".css"):
            answer(request, bomb, "text/css", Content_Encoding="gzip")
        else:
            answer(request, *((CHECKERBOARD, "image/png") if request.path == "/a.png" else (page, "text/html")))

    site = Site(reply)
    settings.DEMO_LOOPBACK_HOSTS = site.allowed
    taken = capture_page(site.url).recording
    site.close()
    assert {one.url for one in taken.exchanges} == {site.url, site.url + "a.png"}
    assert {one.why for one in taken.absent} == {"too_large"}
    assert sum((one.size or 0) > len(bomb) for one in taken.absent) == 1


def test_an_answer_that_never_ends_is_absent_and_the_rest_is_kept(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def endless(request: Request) -> None:
        if request.path == "/":
            answer(request, b"<p>x</p><img src=/slow><img src=/mute>", "text/html")
            return
        if request.path == "/mute":
            ended.wait(20)
        request.send_response(200)
        request.send_header("Content-Type", "image/png")
        request.end_headers()
        request.wfile.write(b"first bytes")
        ended.wait(20)

    site = Site(endless)
    settings.DEMO_LOOPBACK_HOSTS = site.allowed
    monkeypatch.setattr(browser, "LOAD_STATES", (("domcontentloaded", 15_000), ("load", 1_000)))
    started = time.monotonic()
    taken = capture_page(site.url)
    ended.set()
    site.close()
    assert [one.url for one in taken.recording.exchanges] == [site.url]
    absent = {one.url: one.why for one in taken.recording.absent}
    assert absent == {site.url + "slow": "unfinished", site.url + "mute": "unanswered"}
    assert time.monotonic() - started < 20
