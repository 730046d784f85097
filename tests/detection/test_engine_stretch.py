"""A part of a film is looked at alone, and what is found there is told in the film's own seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detection.engine import MediaError, ReferenceSet, compare, fingerprint_media, length_of, reading
from tests import clips

# The copy is mirrored and stands from the fifth to the eighth second of thirteen.
START, END, WHOLE = 5.0, 8.0, 13.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stretch")


@pytest.fixture(scope="module")
def registered(folder: Path) -> ReferenceSet:
    references = ReferenceSet()
    recording = clips.make_clip(folder / "recording.mp4", "astronaut", "right", seconds=3)
    references.add("recording", fingerprint_media(recording, dense=True))
    return references


@pytest.fixture(scope="module")
def film(folder: Path, registered: ReferenceSet) -> Path:
    copy = clips.edit(folder / "recording.mp4", folder / "copy.mp4", "hflip")
    other = clips.make_clip(folder / "other.mp4", "coffee", "left", seconds=5, sound=False)
    return clips.embed(copy, other, folder / "film.mp4")


def test_the_times_of_a_stretch_are_the_films(film: Path) -> None:
    whole = fingerprint_media(film, dense=False)
    part = fingerprint_media(film, dense=False, stretch=(3.5, 6.0))
    assert (part.times[0], part.view_times[0]) == (3.5, 3.5)
    assert part.times[-1] == pytest.approx(9.25, abs=0.26)
    assert part.duration_seconds == pytest.approx(9.5, abs=0.26)
    assert (part.warning, whole.warning) == ("", "")
    # At the very first moment the picture before is not decoded, the one after stands for it.
    same = np.isin(whole.times, part.times[1:])
    assert np.array_equal(whole.hashes[same, 0], part.hashes[1 : 1 + same.sum(), 0])


@pytest.mark.parametrize(("start", "seconds"), [(2.0, 9.0), (3.3, 7.1)])
def test_a_copy_in_the_middle_of_a_film_is_found_at_its_place(
    film: Path, registered: ReferenceSet, start: float, seconds: float
) -> None:
    (found,) = compare(fingerprint_media(film, dense=False, stretch=(start, seconds)), registered)
    assert found.verdict == "confirmed"
    (segment,) = found.segments
    assert segment[:4] == pytest.approx((START, END, 0.0, END - START), abs=0.5)
    assert START <= found.best_cand_s <= END


def test_a_long_stretch_is_looked_at_as_its_film_is(
    film: Path, registered: ReferenceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LONG_SECONDS", 10)
    monkeypatch.setattr(reading, "SHORT_STRETCH", 4)
    part = fingerprint_media(film, dense=False, stretch=(2.5, 9.0))
    (found,) = compare(part, registered)
    assert len(part.places) <= part.view_count * reading.LONG_VIEW[1]
    assert (found.verdict, found.segments[0][:2]) == ("confirmed", pytest.approx((START, END), abs=0.5))


def test_a_stretch_beside_the_copy_shows_nothing_of_it(film: Path, registered: ReferenceSet) -> None:
    assert compare(fingerprint_media(film, dense=False, stretch=(9.0, 3.0)), registered) == []


def test_the_sound_of_a_stretch_is_where_it_is_in_the_film(folder: Path) -> None:
    film = clips.make_clip(folder / "with-sound.mp4", "chelsea", "in", seconds=5)
    whole, part = (fingerprint_media(film, dense=False, stretch=one) for one in (None, (2.0, 2.5)))
    assert not part.loud[:32].any()
    heard = slice(34, 66)
    agree = 32 - np.bitwise_count(whole.sound[heard] ^ part.sound[heard])
    assert agree.mean() > 30


def test_a_still_has_no_stretches(film: Path, folder: Path) -> None:
    still = clips.still(film, folder / "still.jpg")
    assert fingerprint_media(still, dense=False, stretch=(5.0, 5.0)).kind == "image"
    assert (length_of(still), length_of(film)) == (0.0, pytest.approx(WHOLE, abs=0.1))


def test_behind_the_end_of_a_film_there_is_nothing_to_look_at(film: Path) -> None:
    with pytest.raises(MediaError):
        fingerprint_media(film, dense=False, stretch=(40.0, 5.0))
