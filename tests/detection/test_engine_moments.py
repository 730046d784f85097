"""A place at another moment: what passed by is somewhere else, and what passes by agrees with its own moment only."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from detection.engine import ReferenceSet, compare, fingerprint_media
from tests import clips

WALKER = (170, 240)


def place(name: str, size: tuple[int, int] = (960, 640)) -> np.ndarray:
    return cv2.resize(cv2.cvtColor(np.array(clips.photograph(name)), cv2.COLOR_RGB2BGR), size)


def with_walker(across: int, down: int) -> np.ndarray:
    """A room in which someone stands at a place given in pixels."""
    picture, someone = place("coffee"), place("astronaut", WALKER)
    picture[down : down + WALKER[1], across : across + WALKER[0]] = someone
    return picture


def stored(picture: np.ndarray, quality: int = 80) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


@pytest.fixture(scope="module")
def registered() -> ReferenceSet:
    references = ReferenceSet()
    references.add("room", fingerprint_media(stored(with_walker(120, 200), 92), dense=True))
    return references


def judged(picture: np.ndarray, references: ReferenceSet) -> list[tuple[str, str]]:
    found = compare(fingerprint_media(stored(picture), dense=False), references)
    return [(one.reference, one.verdict) for one in found]


MOVED = [(600, 60), (640, 330), (380, 300)]


@pytest.mark.parametrize(("across", "down"), MOVED)
def test_a_photograph_of_the_room_at_another_moment_is_for_an_officer(
    across: int, down: int, registered: ReferenceSet
) -> None:
    assert judged(with_walker(across, down), registered) == [("room", "review")]


@pytest.mark.parametrize("mirrored", [False, True])
def test_mirroring_the_other_moment_does_not_make_it_a_copy(mirrored: bool, registered: ReferenceSet) -> None:
    picture = with_walker(600, 60)
    assert judged(picture[:, ::-1].copy() if mirrored else picture, registered) == [("room", "review")]


def test_the_photograph_under_a_caption_is_a_copy(registered: ReferenceSet) -> None:
    picture = with_walker(120, 200)
    cv2.rectangle(picture, (0, 520), (960, 640), (0, 0, 0), -1)
    cv2.putText(picture, "SHARED BY SOMEBODY", (60, 600), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 4)
    assert judged(picture, registered) == [("room", "confirmed")]


def test_the_photograph_with_a_blurred_part_is_a_copy(registered: ReferenceSet) -> None:
    picture = with_walker(120, 200)
    picture[180:460, 100:310] = cv2.GaussianBlur(picture[180:460, 100:310], (0, 0), 12)
    assert judged(picture, registered) == [("room", "confirmed")]


def test_the_photograph_under_many_small_watermarks_is_a_copy(registered: ReferenceSet) -> None:
    picture = with_walker(120, 200)
    written = picture.copy()
    for number in range(48):
        spot = (number % 6 * 160 + number // 6 % 2 * 60, number // 6 * 80 + 40)
        cv2.putText(written, "CLIPS.EX", spot, cv2.FONT_HERSHEY_SIMPLEX, 0.9, (255, 255, 255), 3, cv2.LINE_AA)
    assert judged(cv2.addWeighted(picture, 0.45, written, 0.55, 0), registered) == [("room", "confirmed")]


def test_the_photograph_twice_on_one_page_is_a_copy(registered: ReferenceSet) -> None:
    picture = cv2.resize(with_walker(120, 200), (480, 320))
    assert judged(np.hstack([picture, picture]), registered) == [("room", "confirmed")]


def with_balloon(across: int, down: int) -> np.ndarray:
    """The room with something small and plain in it, which has hardly a point of its own."""
    picture = place("coffee")
    cv2.ellipse(picture, (across, down), (50, 75), 0, 0, 360, (60, 60, 70), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (across - 12, down - 20), (22, 30), 30, 0, 360, (170, 170, 180), -1, cv2.LINE_AA)
    return picture


@pytest.fixture(scope="module")
def balloons() -> ReferenceSet:
    references = ReferenceSet()
    references.add("balloon", fingerprint_media(stored(with_balloon(160, 180), 92), dense=True))
    return references


@pytest.mark.parametrize(("across", "down"), [(700, 200), (800, 460), (300, 520)])
def test_something_small_that_was_elsewhere_makes_it_another_moment(
    across: int, down: int, balloons: ReferenceSet
) -> None:
    assert judged(with_balloon(across, down), balloons) == [("balloon", "review")]


def test_a_film_of_the_other_moment_is_no_copy_of_the_still_either(tmp_path: Path, balloons: ReferenceSet) -> None:
    still = tmp_path / "later.png"
    still.write_bytes(cv2.imencode(".png", with_balloon(700, 200))[1].tobytes())
    found = compare(fingerprint_media(clips.slideshow(still, tmp_path / "later.mp4", 2), dense=False), balloons)
    assert [(one.reference, one.verdict) for one in found] == [("balloon", "review")]


@pytest.mark.parametrize("spot", [(90, 90), (600, 380)])
def test_a_sticker_on_it_leaves_it_a_copy(spot: tuple[int, int], balloons: ReferenceSet) -> None:
    picture, (across, down) = with_balloon(160, 180), spot
    cv2.rectangle(picture, spot, (across + 220, down + 110), (200, 90, 30), -1)
    cv2.putText(picture, "CLIPS", (across + 15, down + 80), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 5)
    assert judged(picture, balloons) == [("balloon", "confirmed")]
