"""Seventy-five damaged files: each ends with an error that says what is wrong, and the sound one between them is found."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from tests import clips

SUFFIXES = (".mp4", ".webm", ".gif", ".jpg", ".png")
DICE = random.Random(75)
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "one byte": lambda whole: whole[:1],
    "zeros": lambda whole: bytes(5_000),
    "noise": lambda whole: DICE.randbytes(5_000),
    "a web page": lambda whole: b"<!doctype html><title>Sorry</title><p>This video is gone." * 40,
    "a script": lambda whole: b'{"error": {"code": 404, "message": "gone"}}' * 40,
    "a zip": lambda whole: b"PK\x03\x04" + DICE.randbytes(3_000),
    "a playlist": lambda whole: b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n",
    "only its first bytes": lambda whole: whole[:24],
    "its first bytes and zeros": lambda whole: whole[:16] + bytes(len(whole)),
    "its first bytes and noise": lambda whole: whole[:16] + DICE.randbytes(len(whole)),
    "backwards": lambda whole: whole[::-1],
    "turned inside out": lambda whole: bytes(one ^ 0x55 for one in whole),
    "without its beginning": lambda whole: whole[512:1500],
    "text in two bytes": lambda whole: "유포된 영상이 없습니다".encode("utf-16") * 50,
}
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    references, candidates = tmp_path_factory.mktemp("references"), tmp_path_factory.mktemp("candidates")
    film = clips.make_clip(references / "film.mp4", "astronaut", "right", seconds=2)
    (candidates / "sound-copy.mp4").write_bytes(film.read_bytes())
    for suffix in SUFFIXES:
        whole = _whole(film, candidates / f"whole{suffix}")
        for number, damage in enumerate(DAMAGE.values()):
            (candidates / f"bad-{suffix[1:]}-{number:02}{suffix}").write_bytes(damage(whole))
    return references, candidates


def _whole(film: Path, path: Path) -> bytes:
    """The film, or a picture of it, in another format; the file itself is not kept."""
    if path.suffix in (".jpg", ".png"):
        clips.still(film, path)
    else:
        clips.edit(film, path, "same")
    content = path.read_bytes()
    path.unlink()
    return content


def test_every_damaged_file_ends_with_an_error_and_none_stops_the_run(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    call_command("match_media", reference=folders[0], candidate=folders[1], json=str(report), workers=2)
    told = json.loads(report.read_text(encoding="utf-8"))
    bad = {row["id"]: row["error"] for row in told["candidates"] if row["id"].startswith("bad-")}
    assert len(bad) == len(SUFFIXES) * len(DAMAGE) == 75
    assert [name for name, error in bad.items() if not error] == []
    assert [(one["candidate"], one["verdict"]) for one in told["matches"]] == [("sound-copy", "confirmed")]
    assert told["totals"]["peak_rss_mb"] < 1_500
