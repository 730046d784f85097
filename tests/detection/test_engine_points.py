"""Points: found again in the mirrored picture and the negative, placed where they lie, shortlisted, forgotten."""

from __future__ import annotations

import platform
import subprocess
import sys

import cv2
import numpy as np
import pytest

from detection.engine.geometry import View, agree, backing, moved, place
from detection.engine.pointindex import PointIndex
from detection.engine.points import (
    CONTRAST,
    CONTRAST_IN_THE_DARK,
    VARIANTS,
    Points,
    Variant,
    codes_of,
    points_of,
    projected,
    read_as,
)
from tests import clips


def picture(name: str, width: int = 384) -> np.ndarray:
    gray = np.asarray(clips.photograph(name).convert("L"))
    return cv2.resize(gray, (width, round(gray.shape[0] * width / gray.shape[1])), interpolation=cv2.INTER_AREA)


def view(gray: np.ndarray, variant: Variant = VARIANTS[0]) -> View:
    longer = max(gray.shape)
    aspect = (gray.shape[1] / longer, gray.shape[0] / longer)
    found = points_of(gray, 400)
    points = read_as(found, variant, aspect[0])
    codes = codes_of(projected(found.descriptors, variant))
    return View(points.places, points.sizes, points.angles, codes, aspect)


def edited(gray: np.ndarray, variant: Variant) -> np.ndarray:
    turned = gray[:, ::-1] if variant.mirrored else gray
    return np.ascontiguousarray(255 - turned if variant.negative else turned)


@pytest.mark.parametrize("variant", VARIANTS, ids=["as it is", "mirrored", "negative", "mirrored negative"])
@pytest.mark.parametrize("other", VARIANTS, ids=["as it is", "mirrored", "negative", "mirrored negative"])
def test_one_look_at_a_picture_serves_four_readings(variant: Variant, other: Variant) -> None:
    whole = picture("coffee")
    placed = place(view(edited(whole, variant), other), view(whole))
    assert (placed is not None and placed.points > 150) == (variant == other)


EDITS = [
    # (map from the edited picture back to the whole one, why)
    (np.array([[2.0, 0, 0.1], [0, 2.0, 0.05]]), "half the size, in a corner"),
    (np.array([[0.6, 0, 0.2], [0, 0.6, 0.1]]), "six tenths of each side cut out"),
    (np.array([[0.8, -0.5, 0.3], [0.5, 0.8, -0.1]]), "turned by thirty degrees"),
    (np.array([[1.4, 0, 0.0], [0, 1.0, 0.0]]), "squeezed"),
]


@pytest.mark.parametrize(("matrix", "why"), EDITS, ids=[row[1] for row in EDITS])
def test_where_a_picture_lies_in_another_is_found(matrix: np.ndarray, why: str) -> None:
    whole = picture("astronaut")
    pixels = matrix.copy()
    pixels[:, 2] *= max(whole.shape)
    size = (whole.shape[1], whole.shape[0])
    seen = cv2.warpAffine(whole, pixels, size, flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP)
    placed = place(view(seen), view(whole))
    assert placed is not None, why
    middle = np.array([[0.5, 0.5], [0.6, 0.4]])
    expected = middle @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(moved(placed.matrix, middle) - expected).max() < 0.01


@pytest.mark.parametrize("stranger", ["chelsea", "rocket", "china", "hubble_deep_field"])
def test_a_stranger_has_no_place(stranger: str) -> None:
    placed = place(view(picture(stranger)), view(picture("astronaut")))
    assert placed is None or placed.points < 8


def test_the_same_pictures_are_placed_the_same_twice() -> None:
    ours, theirs = view(picture("flower")[20:200, 30:300]), view(picture("flower"))
    first, second = place(ours, theirs), place(ours, theirs)
    assert first is not None
    assert second is not None
    assert np.array_equal(first.matrix, second.matrix)


def test_agreement_of_places_is_what_comparing_everything_finds() -> None:
    ours, theirs = view(picture("coffee")), view(picture("coffee")[:, ::-1].copy())
    far = np.abs(ours.places[:, None] - theirs.places[None]).max(axis=2) >= 1.5 * 0.012
    apart = np.bitwise_count(ours.codes[:, None] ^ theirs.codes[None]).sum(axis=2)
    truth = ((apart <= 78) & ~far).any(axis=1)
    assert np.array_equal(agree(ours.places, ours.codes, theirs, np.eye(3)), truth)


def shelved(names: tuple[str, ...]) -> PointIndex:
    index = PointIndex()
    for number, name in enumerate(names):
        own = view(picture(name))
        index.add(number, own.codes, own.angles, own.sizes)
    return index


def ask(index: PointIndex, gray: np.ndarray) -> list[int]:
    found: Points = points_of(gray, 400)
    return [vote.view for vote in index.votes(projected(found.descriptors), found.angles, found.sizes, 3)]


NAMES = ("astronaut", "coffee", "chelsea", "rocket")


def test_the_index_names_the_picture_that_shares_points() -> None:
    index = shelved(NAMES)
    assert [ask(index, picture(name)[40:, 60:])[0] for name in NAMES] == [0, 1, 2, 3]


def test_a_stranger_gets_no_votes_worth_a_look() -> None:
    found = points_of(picture("china"), 400)
    votes = shelved(NAMES).votes(projected(found.descriptors), found.angles, found.sizes, 3)
    assert max((vote.points for vote in votes), default=0) < 8


def test_what_is_like_everything_does_not_outvote_what_is_like_one() -> None:
    """Twelve pictures of grass: of 120 points asked about each is like five of theirs, and of a copy 40 are like one."""
    found = points_of(picture("coffee"), 400)
    codes = codes_of(projected(found.descriptors))
    index = PointIndex()
    for number in range(12):
        grass = np.repeat(np.arange(120), 5)
        index.add(number, codes[grass], found.angles[grass], found.sizes[grass])
    index.add(12, codes[200:240], found.angles[200:240], found.sizes[200:240])
    votes = index.votes(projected(found.descriptors), found.angles, found.sizes, 3)
    assert max(vote.points for vote in votes) > 2 * 40
    assert 12 in [vote.view for vote in votes[:2]]


def test_letters_that_are_like_all_letters_are_not_all_that_proposes() -> None:
    """Ten strongest points, each like twenty others by chance, come first; thirty that lie as they should come after."""
    draw = np.random.default_rng(7)
    places, sizes = draw.uniform(0, 1, (230, 2)).astype(np.float32), np.full(230, 0.02, np.float32)
    no_codes = np.zeros((230, 4), np.uint64)
    ours = View(places, sizes, draw.uniform(0, 6, 230).astype(np.float32), no_codes, (1, 1))
    theirs = View(places, sizes, np.where(np.arange(230) < 200, draw.uniform(0, 6, 230), ours.angles), no_codes, (1, 1))
    letters, true = np.repeat(np.arange(10), 20), np.arange(200, 230)
    mine, other = np.concatenate([letters, true]), np.concatenate([draw.permutation(200), true])
    assert backing(ours, theirs, mine, other) >= 30


def test_points_are_spread_over_a_plain_inset_in_a_rich_picture() -> None:
    rich, plain = picture("gravel", 512), picture("coffee", 160) // 3 + 80
    down, across = plain.shape
    rich[40 : 40 + down, 60 : 60 + across] = plain

    def inside(spread: bool) -> int:
        places = points_of(rich, 400, spread=spread).places * max(rich.shape)
        return int(((places > (64, 44)) & (places < (56 + across, 36 + down))).all(axis=1).sum())

    assert inside(spread=True) >= 1.5 * inside(spread=False)
    assert len(points_of(rich, 400, spread=True)) == len(points_of(rich, 400)) == 400


def plain_sift(gray: np.ndarray, most: int, contrast: float) -> list[tuple[float, float]]:
    """Where OpenCV itself finds points of so much contrast, in shares of the longer side."""
    found = cv2.SIFT_create(most, contrastThreshold=contrast).detect(gray, None)  # type: ignore[attr-defined]
    return sorted((one.pt[0] / max(gray.shape), one.pt[1] / max(gray.shape)) for one in found)


@pytest.mark.parametrize(("gain", "contrast"), [(1.0, CONTRAST), (0.5, CONTRAST), (0.1, CONTRAST_IN_THE_DARK)])
def test_weak_points_are_taken_only_where_firm_ones_are_few(gain: float, contrast: float) -> None:
    gray = cv2.convertScaleAbs(picture("coffee", 256), alpha=gain)
    places = sorted((float(x), float(y)) for x, y in points_of(gray, 300).places)
    np.testing.assert_allclose(places, plain_sift(gray, 300, contrast), atol=1e-6)


FAULTS = """
import resource, numpy as np
from detection.engine.points import points_of
draw = np.random.default_rng(1)
pictures = draw.integers(0, 255, (13, 216, 384), np.uint8)
for number, picture in enumerate(pictures):
    if number == 3:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    points_of(picture, 400)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_memory_is_kept_from_one_picture_to_the_next() -> None:
    told = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    # Ten pictures ask for 46,000 pages when each is given back at once.
    assert int(told.stdout) < 5_000


def test_what_was_removed_is_never_named_again() -> None:
    index = shelved(NAMES)
    assert ask(index, picture("coffee"))[0] == 1
    index.remove([1])
    assert 1 not in ask(index, picture("coffee"))
    assert ask(index, picture("rocket"))[0] == 3


def test_pictures_that_come_one_by_one_are_found_like_those_that_came_together() -> None:
    together, one_by_one = shelved(NAMES), PointIndex()
    for number, name in enumerate(NAMES):
        own = view(picture(name))
        one_by_one.add(number, own.codes, own.angles, own.sizes)
        assert ask(one_by_one, picture(name))[0] == number
    assert [ask(together, picture(name))[0] for name in NAMES] == [ask(one_by_one, picture(name))[0] for name in NAMES]


def test_a_picture_without_points_is_no_trouble() -> None:
    blank = points_of(np.full((64, 64), 128, np.uint8), 400)
    assert len(blank) == 0
    assert shelved(NAMES).votes(projected(blank.descriptors), blank.angles, blank.sizes, 3) == []
