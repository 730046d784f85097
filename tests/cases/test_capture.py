from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError
from PIL import Image

from cases import browser, capture, custody, vault, web
from cases.browser import CaptureError, PageCapture
from cases.models import Capture, CustodyEntry
from cases.web import Fetched, FetchError
from tests.base import Cast

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 20, 30, 15, tzinfo=UTC)
URL = "https://host.example/v/1"
CERTIFICATE = {"subject": "host.example", "issuer": "Example CA", "sha256": "ab" * 32}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), "#8899aa").save(out, "PNG")
    return out.getvalue()


def browser_shows(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """The browser comes back with a page."""
    page = {
        "url": URL, "final_url": URL, "status": 200, "headers": {"server": "nginx"}, "title": "canary-title",
        "lang": "en", "html": "<html>canary-html</html>", "screenshot_blurred": png(), "screenshot": png(),
        "captured_at": AT, "browser_version": "Chrome/140", "peer_address": "203.0.113.9",
        "dns_answers": ("203.0.113.9",), "certificate": CERTIFICATE, "refused": (), "settled": True,
        "clipped": False, "elapsed_seconds": 1.2345,
    }  # fmt: skip
    monkeypatch.setattr(browser, "capture_page", lambda url: PageCapture(**{**page, **changes}))


def browser_fails(monkeypatch: pytest.MonkeyPatch, code: str, sentence: str = "The browser broke down.") -> None:
    monkeypatch.setattr(browser, "capture_page", raising(CaptureError(code, sentence, permanent=False)))


def http_shows(monkeypatch: pytest.MonkeyPatch, status: int = 200) -> None:
    def fetch(url: str, method: str = "GET") -> Fetched:
        body = b"" if method == "HEAD" else b"<html>plain</html>"
        return Fetched(
            url=url, final_url=url, status=status, headers={}, body=body, size=len(body), sha256="", charset="utf-8",
            media_type="text/html", peer_address="203.0.113.9", certificate=None, dns_answers=("203.0.113.9",),
            redirects=(), fetched_at=AT,
        )  # fmt: skip

    monkeypatch.setattr(web, "fetch", fetch)


def raising(error: Exception) -> Callable[..., None]:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


def part_names(made: Capture) -> list[str]:
    return sorted(made.parts.values_list("name", flat=True))


def test_a_page_is_preserved_with_all_that_proves_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_shows(monkeypatch)
    made = capture.capture_page_of(cast.case, URL)

    assert (made.status, made.method, made.http_status, made.captured_at) == ("complete", "browser", 200, AT)
    assert part_names(made) == [
        "address.json", "facts.json", "headers.json", "page.html", "page.json", "screenshot.png",
        "screenshot_blurred.png", "text.txt", "times.json",
    ]  # fmt: skip
    assert read_json(made, "times.json") == {"utc": "2026-03-01T20:30:15+00:00", "kst": "2026-03-02T05:30:15+09:00"}
    assert read_json(made, "address.json")["certificate"] == CERTIFICATE
    assert read_json(made, "headers.json")["headers"] == {"server": "nginx"}


def read_json(made: Capture, name: str) -> dict[str, Any]:
    return json.loads(capture.read_part(made.parts.get(name=name)))


def test_every_part_is_on_the_chain_of_custody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_shows(monkeypatch)
    made = capture.capture_page_of(cast.case, URL, actor="officer:7")
    entry = CustodyEntry.objects.get(case=cast.case, act="captured")
    assert (entry.actor, entry.subject) == ("officer:7", f"capture:{made.pk}")
    assert entry.detail["parts"] == dict(made.parts.values_list("name", "digest"))
    assert custody.verify_chain(cast.case) == []


def test_a_captured_page_lies_sealed(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_shows(monkeypatch)
    capture.capture_page_of(cast.case, URL)
    files = list((Path(django_settings.EVIDENCE_ROOT) / str(cast.case.pk)).iterdir())
    assert len(files) == 9
    for file in files:
        assert b"canary" not in file.read_bytes()
        assert b"\x89PNG" not in file.read_bytes()


@pytest.mark.parametrize("code", ["no_browser", "timed_out", "browser_failed", "unreachable"])
def test_without_a_browser_plain_http_is_used_and_said(cast: Cast, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    browser_fails(monkeypatch, code)
    http_shows(monkeypatch)
    made = capture.capture_page_of(cast.case, URL)
    assert (made.status, made.method) == ("complete", "http")
    assert made.facts["browser_failed"] == "The browser broke down."
    assert {part.how for part in made.parts.all()} == {"http", "rule"}
    assert {"page.wacz", "text.txt", "facts.json"} <= set(part_names(made))
    assert "screenshot.png" not in part_names(made)


def test_an_address_that_is_a_file_keeps_its_headers(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_fails(monkeypatch, "not_a_page")
    http_shows(monkeypatch)
    made = capture.capture_page_of(cast.case, URL)
    assert made.status == "complete"
    assert part_names(made) == ["address.json", "headers.json", "times.json"]


def test_a_page_that_times_out_both_ways_is_a_failed_capture_with_its_reason(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser_fails(monkeypatch, "timed_out")
    monkeypatch.setattr(
        web, "fetch", raising(FetchError("timed_out", "The site did not answer in time.", permanent=False))
    )
    made = capture.capture_page_of(cast.case, URL)
    assert (made.status, made.reason) == ("failed", "The site did not answer in time.")
    assert CustodyEntry.objects.get(case=cast.case).detail["status"] == "failed"


def test_an_address_that_is_not_public_is_not_tried_another_way(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_fails(monkeypatch, "refused_address", "The page leads to an address that is not public.")
    monkeypatch.setattr(web, "fetch", raising(AssertionError("went out all the same")))
    assert capture.capture_page_of(cast.case, URL).status == "failed"


@pytest.mark.parametrize("status", [404, 410, 500, 503])
def test_an_error_page_proves_absence_but_no_presence(cast: Cast, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    browser_shows(monkeypatch, status=status)
    present = capture.capture_page_of(cast.case, URL)
    assert present.status == "failed"
    assert str(status) in present.reason
    assert present.parts.exists()
    assert capture.capture_page_of(cast.case, URL, purpose="absence").status == "complete"


def test_a_case_that_was_erased_gets_no_capture(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_shows(monkeypatch)
    vault.erase_case(cast.case)
    made = capture.capture_page_of(cast.case, URL)
    assert made.status == "failed"
    assert "no key" in made.reason


def test_found_media_is_sealed_out_of_memory(cast: Cast) -> None:
    made = Capture.objects.create(case=cast.case, url=URL)
    fd = os.memfd_create("media")
    try:
        os.write(fd, b"media" * 100_000)
        part = capture.add_part(made, "media", fd, "video/mp4", "http")
        assert os.lseek(fd, 0, os.SEEK_CUR) == 500_000
    finally:
        os.close(fd)
    opened = capture.part_memfd(part)
    try:
        assert os.read(opened, 10) == b"mediamedia"
    finally:
        os.close(opened)
    assert part.size == 500_000


def test_a_part_is_never_replaced(cast: Cast) -> None:
    made = Capture.objects.create(case=cast.case, url=URL)
    kept = capture.add_part(made, "page.html", b"first", "text/html", "http")
    with pytest.raises(IntegrityError):
        capture.add_part(made, "page.html", b"second", "text/html", "http")
    assert capture.read_part(kept) == b"first"
    assert len(list((Path(django_settings.EVIDENCE_ROOT) / str(cast.case.pk)).iterdir())) == 1


def test_the_report_is_a_pdf_and_taking_it_is_on_record(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_shows(monkeypatch)
    made = capture.capture_page_of(cast.case, URL)
    facts = {
        "verdict": "Confirmed", "score": 0.93, "transform": "hflip", "kinds": ["frame_hash"],
        "segments": [
            {"candidate_start": 0, "candidate_end": 2, "reference_start": 1, "reference_end": 3, "score": 0.9}
        ],
    }  # fmt: skip
    pdf = capture.report_for(made, language="en", actor=f"officer:{cast.jiwoo.pk}", match_facts=facts)
    assert pdf.startswith(b"%PDF")
    entry = CustodyEntry.objects.get(case=cast.case, act="downloaded")
    assert (entry.actor, entry.subject) == (f"officer:{cast.jiwoo.pk}", f"capture:{made.pk}")
