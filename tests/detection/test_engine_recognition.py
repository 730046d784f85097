"""What the engine says about copies, about strangers, and about the same place at another time."""

from __future__ import annotations

from pathlib import Path

import pytest

from detection.engine import Finding, MediaFingerprint, ReferenceSet, compare, fingerprint_media
from tests import clips

EDITED = [
    # (edit, transform that explains it, why it must be found)
    ("reencode", "none", "every host encodes again"),
    ("low bitrate", "none", "phones send small files"),
    ("smaller", "none", "thumbnails and previews"),
    ("wider", "none", "stretched to another aspect"),
    ("crop 10", "crop", "watermarks are cut away"),
    ("crop 15", "crop", "watermarks are cut away"),
    ("crop 20", "crop", "watermarks are cut away"),
    ("crop corner", "crop", "a corner is cut to hide a logo"),
    ("hflip", "hflip", "the oldest trick against hashes"),
    ("hflip+crop", "hflip+crop", "two tricks at once"),
    ("rot90", "rot90", "filmed upright, shown lying"),
    ("caption", "none", "a bar with the site's name covers the foot"),
    ("caption below", "border", "a bar is added under the picture"),
    ("logo", None, "a logo covers a corner"),
    ("letterbox", "border", "black bars above and below"),
    ("pillarbox", "border", "grey bars left and right"),
    ("gray", "none", "colour taken away"),
    ("colour", "none", "colour and contrast changed"),
    ("trim", "none", "only an excerpt"),
    ("half rate", "none", "frames dropped"),
    ("mute", "none", "no sound to help"),
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shelf")
    clips.make_clip(folder / "evidence.mp4", "astronaut", "right", seconds=2)
    clips.make_clip(folder / "other.mp4", "chelsea", "in", seconds=2)
    clips.fixed_camera(folder / "monday.mp4", "coffee", "monday", seconds=3)
    return folder


@pytest.fixture(scope="module")
def registered(shelf: Path) -> ReferenceSet:
    references = ReferenceSet()
    for name in ("evidence", "monday"):
        references.add(name, fingerprint_media(shelf / f"{name}.mp4", dense=True))
    return references


def look_at(path: Path) -> MediaFingerprint:
    return fingerprint_media(path, dense=False)


def verdicts(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.reference, one.verdict) for one in findings]


@pytest.mark.parametrize(("kind", "transform", "why"), EDITED, ids=[row[0] for row in EDITED])
def test_an_edited_copy_is_confirmed(
    kind: str, transform: str | None, why: str, shelf: Path, registered: ReferenceSet, tmp_path: Path
) -> None:
    found = compare(look_at(clips.edit(shelf / "evidence.mp4", tmp_path / "copy.mp4", kind)), registered)
    assert verdicts(found) == [("evidence", "confirmed")], why
    assert transform is None or transform in found[0].transform


@pytest.mark.parametrize("suffix", [".mkv", ".webm", ".mov", ".avi", ".gif"])
def test_a_copy_in_another_container_is_confirmed(suffix: str, registered: ReferenceSet, tmp_path: Path) -> None:
    copy = clips.make_clip(tmp_path / f"copy{suffix}", "astronaut", "right", seconds=2, sound=False)
    assert verdicts(compare(look_at(copy), registered)) == [("evidence", "confirmed")]


@pytest.mark.parametrize(
    ("photo", "move"), [("rocket", "right"), ("flower", "in"), ("chelsea", "left"), ("hubble_deep_field", "down")]
)
def test_a_stranger_is_not_even_listed(photo: str, move: str, registered: ReferenceSet, tmp_path: Path) -> None:
    stranger = clips.make_clip(tmp_path / "stranger.mp4", photo, move)
    assert compare(look_at(stranger), registered) == []


@pytest.mark.parametrize("pattern", ["testsrc2", "mandelbrot", "smptebars", "color=c=black", "color=c=gray"])
def test_a_pattern_or_an_empty_picture_is_not_listed(pattern: str, registered: ReferenceSet, tmp_path: Path) -> None:
    clip = clips.synthetic(tmp_path / "pattern.mp4", pattern, seconds=2)
    assert compare(look_at(clip), registered) == []


@pytest.mark.parametrize("move", ["left", "in", "out", "down", "still"])
def test_another_move_over_one_scene_is_never_confirmed(move: str, registered: ReferenceSet, tmp_path: Path) -> None:
    same_scene = clips.make_clip(tmp_path / "scene.mp4", "astronaut", move)
    assert "confirmed" not in {one.verdict for one in compare(look_at(same_scene), registered)}


@pytest.mark.parametrize("day", ["tuesday", "wednesday", "thursday"])
def test_the_same_fixed_camera_on_another_day_is_for_an_officer_to_look_at(
    day: str, registered: ReferenceSet, tmp_path: Path
) -> None:
    other_day = clips.fixed_camera(tmp_path / "day.mp4", "coffee", day, seconds=3)
    assert verdicts(compare(look_at(other_day), registered)) == [("monday", "review")]


def test_a_silent_copy_of_the_fixed_camera_is_confirmed(shelf: Path, registered: ReferenceSet, tmp_path: Path) -> None:
    copy = clips.edit(shelf / "monday.mp4", tmp_path / "copy.mp4", "mute")
    assert verdicts(compare(look_at(copy), registered)) == [("monday", "confirmed")]


def test_an_excerpt_inside_another_film_is_found_where_it_is(
    shelf: Path, registered: ReferenceSet, tmp_path: Path
) -> None:
    film = clips.embed(shelf / "evidence.mp4", shelf / "other.mp4", tmp_path / "film.mp4")
    (found,) = compare(look_at(film), registered)
    (segment,) = found.segments
    assert found.verdict == "confirmed"
    assert segment.cand_start == pytest.approx(2, abs=0.3)
    assert segment.cand_end == pytest.approx(4, abs=0.3)
    assert segment.ref_start == pytest.approx(0, abs=0.3)
    assert segment.ref_end == pytest.approx(2, abs=0.3)
    assert found.query_percent == pytest.approx(33, abs=6)
    assert found.reference_percent > 85


def test_a_trimmed_copy_tells_which_seconds_it_shows(shelf: Path, registered: ReferenceSet, tmp_path: Path) -> None:
    trimmed = clips.edit(shelf / "evidence.mp4", tmp_path / "trim.mp4", "trim")
    (found,) = compare(look_at(trimmed), registered)
    assert found.segments[0].ref_start == pytest.approx(0.6, abs=0.25)
    assert found.best_ref_s - found.best_cand_s == pytest.approx(0.6, abs=0.25)


def test_sound_that_came_along_is_named_as_a_reason(shelf: Path, registered: ReferenceSet, tmp_path: Path) -> None:
    copy = clips.edit(shelf / "monday.mp4", tmp_path / "copy.mp4", "reencode")
    assert "audio" in compare(look_at(copy), registered)[0].kinds


def test_a_removed_reference_is_no_longer_found(shelf: Path) -> None:
    references = ReferenceSet()
    references.add("evidence", fingerprint_media(shelf / "evidence.mp4", dense=True))
    references.remove("evidence")
    assert compare(look_at(shelf / "evidence.mp4"), references) == []


def test_a_fingerprint_survives_being_stored(shelf: Path, registered: ReferenceSet) -> None:
    made = look_at(shelf / "evidence.mp4")
    read = MediaFingerprint.from_bytes(made.to_bytes())
    assert (read.kind, read.duration_seconds, read.frame_count) == (made.kind, made.duration_seconds, made.frame_count)
    assert compare(read, registered) == compare(made, registered)


def test_bytes_of_something_else_are_refused_as_a_fingerprint() -> None:
    with pytest.raises(ValueError, match="not a fingerprint"):
        MediaFingerprint.from_bytes(b"%PDF-1.7")


def test_no_picture_is_kept_in_a_fingerprint(shelf: Path) -> None:
    made = fingerprint_media(shelf / "evidence.mp4", dense=True)
    assert b"JFIF" not in made.to_bytes()
    # The finest grid of the picture that is kept says what changed in each of 32 x 32 cells.
    assert made.change.shape == (made.frame_count, 1024)


STILLS = [
    # (edit, expected, why)
    ("same", "confirmed", "saved again"),
    ("smaller", "confirmed", "a thumbnail"),
    ("crop 10", "confirmed", "edges cut"),
    ("hflip", "confirmed", "mirrored"),
    ("gray", "confirmed", "colour taken away"),
]


@pytest.fixture(scope="module")
def photograph(shelf: Path) -> Path:
    return clips.still(shelf / "evidence.mp4", shelf / "evidence.png", 1.0)


@pytest.mark.parametrize(("kind", "expected", "why"), STILLS, ids=[row[0] for row in STILLS])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_still_is_recognised(
    kind: str, expected: str, why: str, suffix: str, photograph: Path, tmp_path: Path
) -> None:
    references = ReferenceSet()
    references.add("photo", fingerprint_media(photograph, dense=True))
    copy = clips.edit(photograph, tmp_path / f"copy{suffix}", kind)
    assert verdicts(compare(look_at(copy), references)) == [("photo", expected)], why


def test_a_still_taken_from_the_film_is_confirmed(photograph: Path, registered: ReferenceSet) -> None:
    (found,) = compare(look_at(photograph), registered)
    assert (found.reference, found.verdict) == ("evidence", "confirmed")
    assert found.best_ref_s == pytest.approx(1.0, abs=0.2)


def test_a_photograph_shown_in_a_film_is_confirmed(photograph: Path, shelf: Path, tmp_path: Path) -> None:
    references = ReferenceSet()
    references.add("photo", fingerprint_media(photograph, dense=True))
    shown = clips.slideshow(photograph, tmp_path / "shown.mp4", seconds=1.5)
    film = clips.embed(shown, shelf / "other.mp4", tmp_path / "film.mp4")
    (found,) = compare(look_at(film), references)
    assert found.verdict == "confirmed"
    assert 1.9 <= found.best_cand_s <= 3.6


def test_a_film_that_dwells_on_the_uncut_photograph_shows_it(photograph: Path, tmp_path: Path) -> None:
    references = ReferenceSet()
    references.add("photo", fingerprint_media(photograph, dense=True))
    film = clips.make_clip(tmp_path / "film.mp4", "astronaut", "still")
    assert verdicts(compare(look_at(film), references)) == [("photo", "confirmed")]


@pytest.mark.parametrize("move", ["left", "out", "down"])
def test_a_film_of_the_same_scene_is_not_the_photograph(move: str, photograph: Path, tmp_path: Path) -> None:
    references = ReferenceSet()
    references.add("photo", fingerprint_media(photograph, dense=True))
    film = clips.make_clip(tmp_path / "film.mp4", "astronaut", move)
    assert "confirmed" not in {one.verdict for one in compare(look_at(film), references)}


def test_a_still_of_a_fixed_camera_leaves_the_moment_open(registered: ReferenceSet, tmp_path: Path) -> None:
    tuesday = clips.fixed_camera(tmp_path / "tuesday.mp4", "coffee", "tuesday", seconds=2)
    still = clips.still(tuesday, tmp_path / "still.jpg")
    assert "confirmed" not in {one.verdict for one in compare(look_at(still), registered)}


def test_a_still_of_something_else_is_not_listed(shelf: Path, registered: ReferenceSet, tmp_path: Path) -> None:
    assert compare(look_at(clips.still(shelf / "other.mp4", tmp_path / "other.jpg")), registered) == []
