"""The capture report: what a prosecutor finds in it, and what nobody finds in it."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader
from weasyprint.urls import FatalURLFetchingError

from cases import report
from cases.report import CustodyLine, Part, ReportContext, capture_report_pdf

AT = datetime(2026, 11, 23, 20, 15, 30, tzinfo=UTC)
DIGESTS = [f"sha256:{number:064x}" for number in (0xABC, 0xDEF, 0x123)]
MATCH: dict[str, Any] = {
    "score": 0.9731, "verdict": "confirmed", "reference_duration_s": 62.0, "candidate_duration_s": 41.5,
    "segments": [{"ref_start": 10.0, "ref_end": 28.2, "cand_start": 2.0, "cand_end": 20.2, "score": 0.98}],
    "evidence": {"kinds": ["frame_hash", "audio"], "transform": "hflip+crop"},
}  # fmt: skip


def picture(height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (1280, height), "#d0d4d8").save(stream, "PNG")
    return stream.getvalue()


CONTEXT = ReportContext(
    case_number="SG-2026-0012", alias="Blue Stone 17", organisation="Support Centre", officer="Jiwoo",
    url="http://clips.example/v/12", final_url="https://clips.example/watch?v=12", http_status=200,
    peer_address="93.184.215.14", dns_answers=("93.184.215.14",),
    certificate={
        "subject": "clips.example", "issuer": "Example Authority", "sha256": "f" * 64, "trusted": True,
        "not_before": "2026-10-01T00:00:00+00:00", "not_after": "2026-12-30T00:00:00+00:00",
    },
    captured_at=AT, browser_version="Chrome/156",
    parts=[Part("page.html", DIGESTS[0], 48211, "browser"), ("screenshot.png", DIGESTS[1], 900, "browser")],
    custody=[CustodyLine(7, AT, "job", "captured", DIGESTS[2])],
    custody_intact=True, match=MATCH, screenshot_png=picture(900), language="en", written_at=AT,
)  # fmt: skip


def read(context: ReportContext) -> tuple[str, PdfReader]:
    pdf = PdfReader(io.BytesIO(capture_report_pdf(context)))
    return "\n".join(page.extract_text() for page in pdf.pages), pdf


@pytest.fixture(scope="module")
def written() -> tuple[str, PdfReader]:
    return read(CONTEXT)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("SG-2026-0012", "which case"),
        ("Blue Stone 17", "who, by pseudonym"),
        ("Jiwoo", "who answers for it"),
        ("http://clips.example/v/12", "the address asked for"),
        ("https://clips.example/watch?v=12", "the address in the end"),
        ("93.184.215.14", "the machine it came from"),
        ("Example Authority", "who vouched for the site"),
        ("2026-11-23 20:15:30 UTC", "when"),
        ("2026-11-24 05:15:30 KST", "when, on a Korean clock"),
        ("48,211", "how many bytes"),
        ("page captured", "what was done"),
        ("Confirmed as a copy", "the result of the comparison"),
        ("mirrored left to right, cropped", "how the copy was changed"),
        ("0:10.0 – 0:28.2", "which stretch of the evidence"),
        ("97.3 %", "how well it agrees"),
        ("Confidential", "how it is to be kept"),
    ],
)
def test_a_reader_finds(written: tuple[str, PdfReader], what: str, why: str) -> None:
    assert what in written[0], why


def test_every_digest_stands_in_full(written: tuple[str, PdfReader]) -> None:
    unbroken = written[0].replace("\n", "")
    for digest in DIGESTS:
        assert digest in unbroken


def test_every_page_is_a4_and_numbered(written: tuple[str, PdfReader]) -> None:
    pages = written[1].pages
    for number, page in enumerate(pages, 1):
        assert (round(page.mediabox.width), round(page.mediabox.height)) == (595, 842)
        assert f"{number} / {len(pages)}" in page.extract_text()


def test_exhibits_are_numbered_without_a_gap_when_there_is_no_match() -> None:
    text, _pdf = read(replace(CONTEXT, match=None))
    assert [f"Exhibit {number}" in text for number in range(1, 6)] == [True, True, True, True, False]


def test_the_metadata_names_neither_case_nor_person(written: tuple[str, PdfReader]) -> None:
    pdf = written[1]
    spoken = f"{pdf.metadata} {pdf.xmp_metadata.stream.get_data().decode() if pdf.xmp_metadata else ''}"
    assert "Evidence capture report" in spoken
    for secret in ("SG-2026-0012", "Blue Stone", "Jiwoo", "clips.example", "Support Centre"):
        assert secret not in spoken


def test_the_report_is_a_tagged_archival_document(written: tuple[str, PdfReader]) -> None:
    catalog = written[1].trailer["/Root"]
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"


def test_korean_is_set_in_a_korean_font() -> None:
    text, pdf = read(replace(CONTEXT, alias="푸른돌 17", organisation="서울 안심지원센터", language="ko"))
    assert "푸른돌 17" in text
    assert "서울 안심지원센터" in text
    fonts = {str(font.get_object()["/BaseFont"]) for font in pdf.pages[0]["/Resources"]["/Font"].values()}
    assert any("CJK-KR" in name.replace(" ", "-") for name in fonts)


def test_a_tall_page_goes_over_several_sheets() -> None:
    short, tall = (len(read(replace(CONTEXT, screenshot_png=picture(height)))[1].pages) for height in (900, 4000))
    assert tall == short + 2


def test_a_page_of_20000_pixels_does_not_fill_a_folder() -> None:
    assert len(read(replace(CONTEXT, screenshot_png=picture(20_000)))[1].pages) < 12


def test_a_report_without_picture_match_or_certificate_is_still_a_report() -> None:
    bare = replace(CONTEXT, final_url="", match=None, screenshot_png=None, certificate=None, parts=(), custody=())
    text, _pdf = read(bare)
    assert "No part was preserved." in text
    assert "without encryption" in text


def test_a_broken_chain_is_said_plainly() -> None:
    assert "did not check out" in read(replace(CONTEXT, custody_intact=False))[0].replace("\n", " ")


@pytest.mark.parametrize("url", ["http://93.184.215.14/a.png", "file:///etc/hostname", "data:text/html,x"])
def test_the_report_loads_nothing(url: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        report._NoFetcher().fetch(url)


def test_a_hostile_address_stays_text() -> None:
    evil = "http://clips.example/<img src=http://93.184.215.14/a.png><script>alert(1)</script>"
    text, _pdf = read(replace(CONTEXT, url=evil))
    assert "<script>alert(1)</script>" in text.replace("\n", "")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00.0"), (59.96, "1:00.0"), (61.25, "1:01.2"), (3600, "60:00.0"), (None, "–")]
)
def test_seconds_read_as_a_time_code(seconds: float | None, shown: str) -> None:
    assert report.timecode(seconds) == shown
