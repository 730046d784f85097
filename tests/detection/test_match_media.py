"""`manage.py match_media` and `hash_media`: two folders in, one report out, nothing else touched."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import clips


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("folders")
    references, candidates = base / "references", base / "candidates"
    references.mkdir()
    candidates.mkdir()
    clips.make_clip(references / "film.mp4", "astronaut", "right")
    clips.still(clips.make_clip(base / "china.mp4", "china", "in"), references / "photo.png")
    (references / "broken.mp4").write_bytes(b"<html>sorry</html>")
    clips.edit(references / "film.mp4", candidates / "mirrored 복사본.mp4", "hflip")
    clips.edit(references / "photo.png", candidates / "smaller.jpg", "smaller")
    clips.make_clip(candidates / "stranger.webm", "chelsea", "left")
    (candidates / "empty.mp4").touch()
    (candidates / "notes.txt").write_text("not a medium")
    return references, candidates


def match(folders: tuple[Path, Path], **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("match_media", reference=folders[0], candidate=folders[1], json="-", stdout=out, **options)
    return dict(json.loads(out.getvalue()))


def without_costs(report: dict[str, Any]) -> dict[str, Any]:
    rows = [{key: value for key, value in row.items() if not key.endswith("_s") or key == "duration_s"}
            for row in report["candidates"]]  # fmt: skip
    return {"references": report["references"], "candidates": rows, "matches": report["matches"]}


def test_the_report_names_every_file_and_every_match(folders: tuple[Path, Path]) -> None:
    report = match(folders)
    assert report["version"] == 1
    assert [row["id"] for row in report["references"]] == ["broken", "film", "photo"]
    assert [row["id"] for row in report["candidates"]] == ["empty", "mirrored 복사본", "smaller", "stranger"]
    found = {(one["candidate"], one["reference"], one["verdict"]) for one in report["matches"]}
    assert found == {("mirrored 복사본", "film", "confirmed"), ("smaller", "photo", "confirmed")}
    mirrored = next(one for one in report["matches"] if one["reference"] == "film")
    assert mirrored["evidence"]["transform"].startswith("hflip")
    assert set(mirrored["segments"][0]) == {"cand_start", "cand_end", "ref_start", "ref_end", "score"}
    assert set(report["totals"]) == {"index_cpu_s", "match_cpu_s", "peak_rss_mb", "wall_s"}
    assert report["totals"]["match_cpu_s"] > 0.1


def test_a_file_that_cannot_be_read_has_its_error_and_the_rest_goes_on(folders: tuple[Path, Path]) -> None:
    report = match(folders)
    errors = {row["id"]: row["error"] for row in report["references"] + report["candidates"]}
    assert errors["broken"].startswith("not_media: ")
    assert errors["empty"].startswith("empty: ")
    assert errors["film"] is None
    assert errors["stranger"] is None


def test_two_workers_say_what_one_says(folders: tuple[Path, Path]) -> None:
    assert without_costs(match(folders, workers=2)) == without_costs(match(folders))


def test_an_index_gives_the_same_matches_as_its_folder(folders: tuple[Path, Path], tmp_path: Path) -> None:
    index = tmp_path / "references.index"
    call_command("match_media", build_index=folders[0], index=index, json=str(tmp_path / "built.json"))
    out = StringIO()
    call_command("match_media", index=index, candidate=folders[1], stdout=out)
    assert without_costs(json.loads(out.getvalue())) == without_costs(match(folders))
    assert len(json.loads((tmp_path / "built.json").read_text())["references"]) == 3


def test_the_fast_profile_still_finds_the_copies(folders: tuple[Path, Path]) -> None:
    assert {one["candidate"] for one in match(folders, profile="fast")["matches"]} == {"mirrored 복사본", "smaller"}


def test_neither_folder_is_written_to(folders: tuple[Path, Path]) -> None:
    before = [{path.name: path.stat().st_mtime_ns for path in folder.iterdir()} for folder in folders]
    match(folders)
    assert [{path.name: path.stat().st_mtime_ns for path in folder.iterdir()} for folder in folders] == before


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"candidate": Path("/nowhere"), "reference": Path("/nowhere")},
        {"build_index": Path("/nowhere")},
        {"candidate": Path("/usr"), "reference": Path("/usr"), "workers": 0},
        {"candidate": Path("/usr"), "reference": Path("/usr"), "json": "/usr/report.json"},
    ],
)
def test_unusable_arguments_end_with_2(options: dict[str, Any]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("match_media", stderr=StringIO(), **options)
    assert ended.value.code == 2


def test_hash_media_prints_one_row_for_each_moment(folders: tuple[Path, Path]) -> None:
    out = StringIO()
    call_command("hash_media", str(folders[0] / "film.mp4"), "--json", stdout=out)
    rows = json.loads(out.getvalue())
    assert [row["t"] for row in rows] == [number / 4 for number in range(8)]
    assert all(len(row["pdq_hex"]) == 64 and 0 <= row["quality"] <= 100 for row in rows)


def test_hash_media_says_why_a_file_has_no_hash(folders: tuple[Path, Path]) -> None:
    with pytest.raises(CommandError, match="not_media"):
        call_command("hash_media", str(folders[0] / "broken.mp4"))
