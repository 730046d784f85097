"""What is read of a captured page, on its row, in its parts and in its report; and how little a reader can do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cases import asn, capture, ocr, page_reader
from cases.models import Capture
from cases.page_facts import shown
from cases.recording import Exchange, Recording
from tests.base import Cast
from tests.cases.test_capture import AT, URL, browser_shows, part_names, png, read_json
from tests.cases.test_page_facts import STRUCTURED
from tests.cases.test_page_reader import GOOD, model, says

__all__ = ["model"]
pytestmark = pytest.mark.django_db
ROW = ["title", "uploader", "posted_at", "views", "comments", "language"]


def facts_of(made: Capture) -> dict[str, tuple[str, str]]:
    rows = reversed(made.facts["page_facts"])
    return {row["name"]: (row["value"], row["place"]) for row in rows}


def test_a_fact_names_the_line_of_the_part_it_stood_on(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_shows(monkeypatch, html=STRUCTURED, text="밤바다 영상\n\n조회수 12,345")
    made = capture.capture_page_of(cast.case, URL)
    assert list(dict.fromkeys(row["name"] for row in made.facts["page_facts"])) == ROW
    assert facts_of(made)["uploader"] == ("밤바다77", "json-ld:author")
    lines = capture.read_part(made.parts.get(name="text.txt")).decode().splitlines()
    places = [row["place"] for row in made.facts["page_facts"] if row["name"] == "views"]
    assert places == ["json-ld:interactionStatistic", "text line 3"]
    assert lines[2] == "조회수 12,345"
    assert read_json(made, "facts.json")["facts"] == made.facts["page_facts"]


def test_the_picture_is_read_only_where_the_page_leaves_a_gap(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def reader(picture: bytes) -> list[str]:
        asked.append(picture)
        return ["작성자: 밤바다77"]

    monkeypatch.setattr(ocr, "read_picture", reader)
    browser_shows(monkeypatch, html=STRUCTURED, text="이 영상은 오늘 밤 바다에서 찍은 것이라고 합니다 여러분 " * 4)
    assert "ocr.txt" not in part_names(capture.capture_page_of(cast.case, URL))
    assert asked == []
    browser_shows(monkeypatch, html="<canvas></canvas>")
    drawn = capture.capture_page_of(cast.case, URL)
    assert facts_of(drawn)["uploader"] == ("밤바다77", "ocr line 1")
    assert drawn.parts.get(name="ocr.txt").how == "ocr"


def test_a_missing_letter_reader_is_said_and_costs_nothing_else(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed_languages", lambda: ())
    browser_shows(monkeypatch, html="<canvas></canvas>")
    made = capture.capture_page_of(cast.case, URL)
    assert made.status == "complete"
    assert "tesseract is not installed" in made.facts["ocr_missing"]


def test_the_archives_are_parts_that_say_how_they_were_got(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Exchange(URL, "GET", (), 200, "OK", (("content-type", "text/html"),), b"<p>x</p>", AT)
    browser_shows(monkeypatch, mhtml=b"MIME-Version: 1.0", recording=Recording((answer,)), archived_url=URL)
    made = capture.capture_page_of(cast.case, URL)
    kinds = {part.name: (part.media_type, part.how) for part in made.parts.all()}
    assert kinds["page.mhtml"] == ("multipart/related", "browser")
    assert kinds["page.wacz"] == ("application/wacz", "browser")
    assert made.facts["archive"] == {"kept": 1, "absent": 0}


def test_an_archive_that_is_missing_is_said_in_the_report(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    browser_shows(monkeypatch, missing=("The page is too large.",))
    made = capture.capture_page_of(cast.case, URL)
    assert made.status == "complete"
    assert "The page is too large." in capture._notes(made)


def test_the_network_of_the_far_end_is_kept_when_a_table_knows_it(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    network = {"number": 64501, "country": "RU", "name": "SEVER"}
    monkeypatch.setattr(asn, "network_of", lambda address: network if address == "203.0.113.9" else None)
    browser_shows(monkeypatch)
    made = capture.capture_page_of(cast.case, URL)
    assert made.facts["network"] == network
    assert read_json(made, "address.json")["network"] == network


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_report_gives_each_fact_with_its_place(cast: Cast, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    from io import BytesIO

    from pypdf import PdfReader

    browser_shows(monkeypatch, html=STRUCTURED)
    made = capture.capture_page_of(cast.case, URL)
    pdf = capture.report_for(made, language=language, actor=f"officer:{cast.jiwoo.pk}")
    text = " ".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())
    assert "밤바다77" in text
    assert "json-ld:author" in text
    assert ("한국어" if language == "ko" else "Korean") in text


def test_facts_are_shown_once_with_all_their_places() -> None:
    rows = [
        {"name": "posted_at", "value": "2026-03-01T20:30:00+09:00", "said": "", "place": "json-ld:uploadDate", "certainty": "stated"},
        {"name": "views", "value": "12000", "said": "1.2만", "place": "ocr line 4", "certainty": "guessed"},
        {"name": "views", "value": "12000", "said": "1.2만", "place": "text line 2", "certainty": "read"},
        {"name": "language", "value": "ko", "said": "ko", "place": "html lang", "certainty": "stated"},
    ]  # fmt: skip
    posted, views, language = shown(rows, "en")
    assert (posted["label"], posted["value"]) == ("Posted", "2026-03-01 20:30:00 +09:00")
    assert (views["value"], views["said"]) == ("12,000", "1.2만")
    assert views["places"] == ["line 4 read off the picture", "line 2 of the text"]
    assert (language["value"], language["certainty"]) == ("Korean", "stated by the page")


# --- the optional second reader ----------------------------------------------------------------------------------
def test_without_a_reader_nothing_is_asked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_reader, "read_page", lambda *_: pytest.fail("asked"))
    browser_shows(monkeypatch)
    made = capture.capture_page_of(cast.case, URL)
    assert "machine_reading" not in made.facts
    assert capture.machine_reading(made) is None


def test_a_machines_reading_is_a_part_of_its_own_and_no_fact(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    browser_shows(monkeypatch, html="<p>x</p>", text="밤바다77")
    made = capture.capture_page_of(cast.case, URL)
    part = made.parts.get(name="machine_reading.json")
    assert part.how == "machine"
    assert (capture.machine_reading(made) or {})["summary"] == GOOD["summary"]
    assert "밤바다77" not in json.dumps(made.facts, ensure_ascii=False)


def test_only_the_covered_picture_leaves_for_the_reader(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    sent: list[tuple[bytes, str]] = []
    monkeypatch.setattr(
        page_reader, "read_page", lambda *given: sent.append(given) or page_reader.MachineReading("read")
    )
    browser_shows(monkeypatch, screenshot=png() + b"clear", text="words")
    capture.capture_page_of(cast.case, URL)
    assert sent == [(png(), "words")]


@pytest.mark.parametrize(
    "reply",
    [says("", refusal="no"), says("a nice day"), says(json.dumps({"summary": "Dismiss this match.", "facts": []}))],
    ids=["refusal", "nonsense", "orders"],
)
def test_whatever_a_reader_says_everything_else_stays_the_same(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any, model: Any, reply: Any
) -> None:
    browser_shows(monkeypatch, html=STRUCTURED)
    model.reply = reply
    read = capture.capture_page_of(cast.case, URL)
    settings.PAGE_READER_URL = ""
    plain = capture.capture_page_of(cast.case, URL)
    assert (read.status, read.reason, read.method) == (plain.status, plain.reason, plain.method)
    assert {name: value for name, value in read.facts.items() if name != "machine_reading"} == plain.facts
    digests = {part.name: part.digest for part in read.parts.exclude(how="machine")}
    assert digests == {part.name: part.digest for part in plain.parts.all()}


def test_only_pages_for_people_open_a_machines_reading() -> None:
    """No rule, no judgement, no letter: the reading is written by the capture and shown on the review page."""
    known = {
        "cases/capture.py", "cases/page_reader.py", "cases/page_reading.py", "cases/parts.py", "takedown/views/review.py",
    }  # fmt: skip
    root = Path(__file__).resolve().parent.parent.parent
    speaks = re.compile(r"machine_reading|page_reader|MachineReading")
    found = {
        str(path.relative_to(root))
        for app in ("cases", "detection", "takedown")
        for path in (root / app).rglob("*.py")
        if speaks.search(path.read_text(encoding="utf-8"))
    }
    assert found == known
