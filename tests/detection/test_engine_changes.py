"""Two witnesses: a film changes where and when the reference does; the part of a film that shows a still stands still."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest

from detection.engine import fingerprint_media
from detection.engine.changing import CELLS, NOT_KNOWN, change_of, changes_along
from detection.engine.fingerprint import SIDE
from detection.engine.lines import Line
from detection.engine.media import MediaFingerprint
from detection.engine.restless import restless
from detection.engine.sightings import Pair, Sighting
from detection.engine.weighing import MOST_RESTLESS

ROOM = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 256, (SIDE, SIDE)).astype(np.float32), (0, 0), 2)
ROOM = np.clip((ROOM - ROOM.mean()) * 5 + 120, 0, 255).astype(np.uint8)


def walk(seed: int, count: int = 64, rate: float = 8.0) -> np.ndarray:
    """A room before which a bright disc wanders: uint8 (count, SIDE, SIDE)."""
    stops = np.random.default_rng(seed).uniform(15, SIDE - 15, (9, 2))
    path = np.stack([np.interp(np.arange(count) / rate, range(9), stops[:, axis]) for axis in range(2)], axis=1)
    return np.stack([cv2.circle(ROOM.copy(), (round(x), round(y)), 12, 250, -1) for x, y in path.tolist()])


def film(pictures: np.ndarray, rate: float) -> MediaFingerprint:
    times = np.arange(len(pictures), dtype=np.float32) / np.float32(rate)
    return MediaFingerprint(kind="video", duration_seconds=len(pictures) / rate, dense=rate > 4, times=times,
                            hashes=np.zeros((len(pictures), 1, 4), np.uint64), detail=np.zeros((len(pictures), 1), np.uint8),
                            change=change_of(pictures, round(rate / 4)))  # fmt: skip


def sighting(cand_s: float = 0.0, variant: int = 0, view: int = 0, matrix: np.ndarray | None = None) -> Sighting:
    placed = np.eye(3) if matrix is None else matrix
    return Sighting(cand_s, cand_s, placed, np.zeros((5, 2)), 40, "local", variant, view, 0, 1.0, 1.0)


def along(candidate: np.ndarray, speed: float = 1.0, offset: float = 0.0, variant: int = 0) -> tuple[float, float]:
    pair = Pair(film(candidate, 4.0), film(walk(1), 8.0))
    line = Line(np.arange(3), speed, offset, 1.0, np.eye(3))
    found = changes_along(pair, line, sighting(3.0, variant), 0.0, 8.0)
    return found.along, found.elsewhere


def noisy(pictures: np.ndarray) -> np.ndarray:
    return np.clip(pictures + np.random.default_rng(2).normal(0, 15, pictures.shape), 0, 255).astype(np.uint8)


def trembling(pictures: np.ndarray) -> np.ndarray:
    return np.stack([np.roll(one, (number % 2, number // 2 % 2), (0, 1)) for number, one in enumerate(pictures)])


CHANGES = [
    # (copy, speed, offset, variant, why)
    (walk(1)[::2], 1.0, 0.0, 0, "the same film, looked at half as often"),
    (noisy(walk(1)[::2]), 1.0, 0.0, 0, "noise changes everywhere, and nowhere alike"),
    (trembling(walk(1)[::2]), 1.0, 0.0, 0, "filmed from a screen by hand"),
    (255 - walk(1)[::2], 1.0, 0.0, 2, "a negative grows darker where the film grows lighter"),
    (walk(1)[::4], 2.0, 0.0, 0, "twice as fast: two quarters of a second in one"),
    (walk(1)[::-2], -1.0, 7.875, 0, "backwards: what came goes"),
    (walk(1)[16::2], 1.0, 2.0, 0, "an excerpt"),
]


@pytest.mark.parametrize(("copy", "speed", "offset", "variant", "why"), CHANGES, ids=[row[4] for row in CHANGES])
def test_a_copy_changes_as_the_reference_does(
    copy: np.ndarray, speed: float, offset: float, variant: int, why: str
) -> None:
    here, elsewhere = along(copy, speed, offset, variant)
    assert here > 0.4, why
    assert here - elsewhere > 0.25, why


def test_another_walk_through_the_same_room_changes_elsewhere() -> None:
    here, elsewhere = along(walk(9)[::2])
    assert here < 0.3 or here - elsewhere < 0.25


def test_a_film_that_stands_still_tells_nothing() -> None:
    assert along(np.stack([ROOM] * 32)) == (NOT_KNOWN, 0.0)


def test_the_grid_is_kept_with_its_sign() -> None:
    brighter = np.full((3, SIDE, SIDE), 100, np.uint8)
    brighter[2, : SIDE // 2] = 116
    brighter[2, SIDE // 2 :] = 84
    change = change_of(brighter, 1).reshape(3, CELLS, CELLS)
    assert (change[:2] == 0).all()
    assert (change[2, : CELLS // 2] == 32).all()
    assert (change[2, CELLS // 2 :] == -32).all()


def shown(pictures: np.ndarray) -> Pair:
    room = np.stack([ROOM])
    still = replace(film(room, 8.0), kind="image", pictures=room, pictured=np.arange(1, dtype=np.int32))
    kept = replace(film(pictures, 4.0), pictures=pictures, pictured=np.arange(len(pictures), dtype=np.int32))
    return Pair(kept, still)


def test_a_photograph_that_is_shown_stands_still_though_it_comes_nearer() -> None:
    nearer = np.array([[1.1, 0, -0.05], [0, 1.1, -0.05], [0, 0, 1.0]])
    pixels = np.array([[1.1, 0, -0.05 * SIDE], [0, 1.1, -0.05 * SIDE]])
    grown = cv2.warpAffine(ROOM, pixels, (SIDE, SIDE))
    members = [sighting(0.0, view=0), sighting(2.0, view=1, matrix=np.linalg.inv(nearer))]
    assert restless(shown(np.stack([ROOM, noisy(grown[None] // 2)[0]])), members) < MOST_RESTLESS / 2


def test_in_a_film_of_the_same_place_somebody_walks() -> None:
    members = [sighting(0.0, view=0), sighting(2.0, view=1)]
    assert restless(shown(walk(3)[[0, 20]]), members) > 2 * MOST_RESTLESS


def test_what_moves_around_a_photograph_on_a_wall_is_not_in_it() -> None:
    """Hung so that the frame cuts it: the map that finds it reaches into the room, where somebody walks."""
    wall = np.roll(ROOM, 40, axis=0)
    around = np.stack([cv2.circle(wall.copy(), (100, down), 12, 250, -1) for down in (30, 90)])
    around[:, 20:, : SIDE // 2] = ROOM[20:, : SIDE // 2]
    members = [sighting(0.0, view=0), sighting(2.0, view=1)]
    assert restless(shown(around), members) < MOST_RESTLESS / 2


def test_one_picture_alone_says_nothing_about_rest() -> None:
    assert restless(shown(walk(3)[:1]), [sighting(0.0, view=0)]) == 0.0


def test_a_dark_film_is_looked_at_as_often_as_a_bright_one(tmp_path: Path) -> None:
    seen = []
    for shade in (1.0, 0.2):
        path = tmp_path / f"{shade}.mkv"
        lossless(path, (walk(4, 24) * shade).astype(np.uint8))
        seen.append(fingerprint_media(path, dense=False).view_count)
    assert seen[0] == seen[1] >= 6


def lossless(path: Path, pictures: np.ndarray) -> None:
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{SIDE}x{SIDE}", "-r", "8", "-i", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw, "-c:v", "ffv1", str(path)]
    subprocess.run(command, input=pictures.tobytes(), check=True)
