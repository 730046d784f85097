"""Films of more than a minute: in a slow scene one moment looks like the next, and still the whole copy is found."""

from __future__ import annotations

from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest

from detection.engine import Finding, ReferenceSet, compare, fingerprint_media
from detection.engine.shelf import MOST_LOOKS, _spread
from tests import clips

SECONDS, RATE, WIDTH, HEIGHT = 90, 5, 256, 144


def wander(path: Path, seed: int, filters: str = "null") -> Path:
    """A hand-held camera that wanders slowly over one photograph, `seed` says how."""
    big = cv2.resize(np.asarray(clips.photograph("coffee").convert("L")), (3 * WIDTH, 3 * HEIGHT))
    draw = np.random.default_rng(seed)
    stops = draw.uniform((0, 0), (2 * WIDTH, 2 * HEIGHT), (SECONDS // 10 + 1, 2))
    writer = imageio_ffmpeg.write_frames(
        path, (WIDTH, HEIGHT), "gray", fps=RATE, output_params=["-vf", filters], quality=6
    )
    writer.send(None)
    for number in range(SECONDS * RATE):
        x, y = (np.interp(number / RATE / 10, range(len(stops)), stops[:, axis]) for axis in range(2))
        writer.send(np.ascontiguousarray(cv2.getRectSubPix(big, (WIDTH, HEIGHT), (x + WIDTH / 2, y + HEIGHT / 2))))
    writer.close()
    return path


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> ReferenceSet:
    references = ReferenceSet()
    references.add("recording", fingerprint_media(wander(tmp_path_factory.mktemp("long") / "it.mp4", 5), dense=True))
    return references


def judged(path: Path, references: ReferenceSet) -> Finding:
    [found] = compare(fingerprint_media(path, dense=False), references)
    return found


EDITED = "hflip,crop=iw*0.8:ih*0.8,drawbox=y=ih-20:h=20:color=white:t=fill,scale=256:144"


def test_a_whole_edited_copy_is_found_from_beginning_to_end(registered: ReferenceSet, tmp_path: Path) -> None:
    found = judged(wander(tmp_path / "copy.mp4", 5, EDITED), registered)
    assert found.verdict == "confirmed"
    assert found.query_percent > 50
    assert all(abs(one.cand_start - one.ref_start) < 0.5 for one in found.segments)


def test_another_film_of_the_same_place_is_for_an_officer(registered: ReferenceSet, tmp_path: Path) -> None:
    assert judged(wander(tmp_path / "other.mp4", 20), registered).verdict == "review"


def test_of_a_long_copy_every_view_is_looked_at_before_any_is_looked_at_twice() -> None:
    looks = [(view, 0, 3 * view + other, 20 + other) for view in range(500) for other in range(3)]
    kept = _spread(looks)
    assert [look[0] for look in kept] == list(range(500))
    assert {look[3] for look in kept} == {22}
    assert _spread(looks[:MOST_LOOKS]) == looks[:MOST_LOOKS]


def test_of_the_longest_film_no_two_neighbours_are_left_out() -> None:
    views = [look[0] for look in _spread([(view, 0, view, 9) for view in range(1_200)])]
    assert max(np.diff(views)) == 2
