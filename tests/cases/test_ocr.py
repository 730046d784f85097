"""Letters read off a picture by the real tesseract in its cage; without it, or when it takes too long, a sentence."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from cases import ocr
from cases.ocr import OcrError, read_picture

FONTS = sorted(Path("/usr/share/fonts").rglob("NotoSansCJK-Regular*"))
needs_reader = pytest.mark.skipif(
    "kor" not in ocr.installed_languages() or not FONTS, reason="tesseract with Korean, or Noto CJK, is not installed"
)


def picture(*lines: str, height: int = 400) -> bytes:
    image = Image.new("RGB", (900, height), "white")
    font = ImageFont.truetype(str(FONTS[0]), 26) if FONTS else None
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((40, 40 + 60 * number), line, fill="black", font=font)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


@needs_reader
def test_korean_and_english_are_read_line_by_line() -> None:
    lines = read_picture(picture("조회수 12,345", "Posted by nightsea on March 1, 2026"))
    assert len(lines) == 2
    assert lines[0].replace(" ", "").startswith("조회수12")
    assert "nightsea" in lines[1]
    assert "March 1, 2026" in lines[1]


@needs_reader
def test_an_empty_picture_has_no_lines() -> None:
    assert read_picture(picture()) == []


@needs_reader
def test_only_the_top_of_a_tall_page_is_read() -> None:
    image = picture(*[""] * 30, "far below the fold", height=2400)
    assert read_picture(image) == []


@needs_reader
def test_the_reader_sees_no_file_of_this_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    if not ocr._bubblewrap_works():
        pytest.skip("bubblewrap does not work here")
    seen = subprocess.run(
        ocr._caged(["ls", str(tmp_path), "/home", "/root"]), capture_output=True, text=True, check=False
    )
    assert (seen.stdout, seen.returncode) == ("", 2)


def test_without_tesseract_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    ocr.installed_languages.cache_clear()
    with pytest.raises(OcrError) as caught:
        read_picture(picture())
    ocr.installed_languages.cache_clear()
    assert (caught.value.reason_code, ocr.version()) == ("no_ocr", "")


@needs_reader
def test_a_reader_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "WALL_SECONDS", 0.01)
    with pytest.raises(OcrError) as caught:
        read_picture(picture("slow"))
    assert caught.value.reason_code == "timed_out"


@needs_reader
def test_where_a_cage_is_demanded_nothing_is_read_without_one(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.CAGE_REQUIRED = True
    monkeypatch.setattr(ocr, "_bubblewrap_works", lambda: False)
    with pytest.raises(OcrError) as caught:
        read_picture(picture("x"))
    assert caught.value.reason_code == "no_cage"
