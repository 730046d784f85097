"""Has something in a still moved? Then it is the same place at another moment, and no copy.

vouching.wandered() asks the points, of which small and plain things have too few. Here small pictures are asked: a window
of one that is gone from its place in the other, and stands at another place of the other that the first shows differently,
has moved. What an edit covers or adds has come from elsewhere and matches nothing; and it is one spot, not two.
"""

from __future__ import annotations

import cv2
import numpy as np

from .fingerprint import SIDE
from .overlay import FEWEST_PIXELS, HALF, WINDOW, Seen, laid_over, pixels

STEP = 4
# Maps are right to about a pixel; a window is gone when nothing within so many pixels is like it.
ASTRAY, GONE, LIKE = 4, 0.55, 0.75
# One window is like some place or other by chance (0.88 was seen); several that moved alike are not.
LIKE_ALONE = 0.9
# Grey levels of slope in the direction in which a window has least: along an edge everything is alike.
LEAST_SLOPE, LEAST_ROUND = 1.0, 0.25
# Grey levels and times by which what moved may be brighter and richer in contrast there.
TONE, CONTRAST = 25, 1.5
# What has moved may have come nearer or gone farther.
SCALES = (0.64, 0.8, 1.0, 1.25, 1.56)
TOGETHER, FARTHER = 1.5, 6
# Share of both places that must have changed, and what is left of a move within one changed spot: most are captions.
CHANGED, WITHIN_ONE_SPOT = 0.5, 0.4
LEAST_CHANGE, TIMES_USUAL = 6.0, 1.8


def displaced(
    reference: np.ndarray,
    candidate: np.ndarray,
    matrix: np.ndarray,
    ref_aspect: tuple[float, float],
    aspect: tuple[float, float],
) -> float:
    """How much of a picture stands elsewhere in the other: 0 (nothing) to 1, a share of the area that both show.

    `reference` and `candidate` are uint8 (SIDE, SIDE), whole pictures pressed into squares; `matrix` takes places of the
    candidate to places of the reference as in Sighting.
    """
    seen = laid_over(reference, candidate, pixels(ref_aspect) @ matrix @ np.linalg.inv(pixels(aspect)))
    if seen.both.sum() < FEWEST_PIXELS:
        return 0.0
    spots, turned = changed_spots(seen), Seen(seen.second, seen.first, seen.both)
    return max(_moved(seen, spots), _moved(turned, spots)) / float(seen.both.sum())


def _moved(seen: Seen, spots: np.ndarray) -> float:
    """Pixels of the first picture that are gone from their place and stand together elsewhere in the second."""
    gone = _gone(seen.first, seen.second, _windows(seen.first, seen.both, firm=True))
    new = _gone(seen.second, seen.first, _windows(seen.second, seen.both, firm=False))
    if not gone or not new:
        return 0.0
    places = np.zeros((SIDE, SIDE), np.uint8)
    for left, top in new:
        places[top + HALF - 2 : top + HALF + 3, left + HALF - 2 : left + HALF + 3] = 1
    return max(_together(_found_at(seen, gone, places, scale), scale, spots) for scale in SCALES)


def changed_spots(seen: Seen) -> np.ndarray:
    """Where the pictures differ, int32 (SIDE, SIDE): the number of the connected spot, 0 where they are the same."""
    around = np.ones((3, 3), np.uint8)
    missed = [np.maximum(cv2.erode(other, around) - one, one - cv2.dilate(other, around))
              for one, other in ((seen.first, seen.second), (seen.second, seen.first))]  # fmt: skip
    change = np.where(seen.both, np.minimum(*missed).clip(0), 0).astype(np.float32)
    least = max(LEAST_CHANGE, TIMES_USUAL * float(np.median(change[seen.both])))
    changed = (cv2.GaussianBlur(change, (0, 0), 1) > least).astype(np.uint8)
    return cv2.connectedComponents(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, around))[1]


def _windows(picture: np.ndarray, both: np.ndarray, *, firm: bool) -> list[tuple[int, int]]:
    """Left and top of windows; `firm`: only those that can be told from their neighbours in every direction."""
    whole = cv2.boxFilter(both.astype(np.float32), -1, (WINDOW, WINDOW), borderType=cv2.BORDER_CONSTANT) > 0.999
    if firm:
        across, down = (cv2.Sobel(picture, cv2.CV_32F, *way, ksize=3) / 8 for way in ((1, 0), (0, 1)))
        a, b, c = (cv2.boxFilter(one, -1, (WINDOW, WINDOW)) for one in (across**2, across * down, down**2))
        middle, spread = (a + c) / 2, np.sqrt(((a - c) / 2) ** 2 + b**2)
        whole &= (middle - spread >= LEAST_SLOPE) & (middle - spread >= LEAST_ROUND * (middle + spread))
    tops, lefts = np.nonzero(whole[HALF : SIDE - HALF : STEP, HALF : SIDE - HALF : STEP])
    return list(zip((lefts * STEP).tolist(), (tops * STEP).tolist(), strict=True))


def _gone(picture: np.ndarray, other: np.ndarray, windows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those windows of a picture that the other does not show there, nor next to it."""
    return [(left, top) for left, top in windows if _best_near(picture, other, left, top) < GONE]


def _best_near(picture: np.ndarray, other: np.ndarray, left: int, top: int) -> float:
    around = other[max(0, top - ASTRAY) : top + WINDOW + ASTRAY, max(0, left - ASTRAY) : left + WINDOW + ASTRAY]
    window = picture[top : top + WINDOW, left : left + WINDOW]
    return float(cv2.matchTemplate(around, window, cv2.TM_CCOEFF_NORMED).max())


def _found_at(seen: Seen, gone: list[tuple[int, int]], places: np.ndarray, scale: float) -> np.ndarray:
    """Rows left, top, shift across, shift down, likeness (n, 5): where windows of the first stand in the resized second."""
    side = round(SIDE * scale)
    second = cv2.resize(seen.second, (side, side), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    allowed = (
        cv2.resize(places, (side, side), interpolation=cv2.INTER_NEAREST)[HALF : side - HALF, HALF : side - HALF] > 0
    )
    level = cv2.boxFilter(second, -1, (WINDOW, WINDOW))
    spread = np.sqrt(np.maximum(cv2.boxFilter(second**2, -1, (WINDOW, WINDOW)) - level**2, 0.01))
    level, spread = (one[HALF : side - HALF, HALF : side - HALF] for one in (level, spread))
    rows = []
    for left, top in gone:
        window = seen.first[top : top + WINDOW, left : left + WINDOW]
        own = float(window.std())
        fits = (
            allowed & (np.abs(level - window.mean()) <= TONE) & (spread <= CONTRAST * own) & (spread >= own / CONTRAST)
        )
        like = np.where(fits, cv2.matchTemplate(second, window, cv2.TM_CCOEFF_NORMED), -1)
        row, column = divmod(int(like.argmax()), like.shape[1])
        away = np.hypot((column + HALF) / scale - left - HALF, (row + HALF) / scale - top - HALF)
        if like[row, column] >= LIKE and away >= FARTHER:
            rows.append((left, top, (column - left) / scale, (row - top) / scale, like[row, column]))
    return np.array(rows).reshape(-1, 5)


def _together(rows: np.ndarray, scale: float, spots: np.ndarray) -> float:
    """Pixels of the largest group of windows that moved alike, from one changed place to another."""
    alike = np.abs(rows[:, None, 2:4] - rows[None, :, 2:4]).max(axis=2) <= TOGETHER
    return max((_weight(rows[group], scale, spots) for group in alike), default=0.0)


def _weight(group: np.ndarray, scale: float, spots: np.ndarray) -> float:
    if len(group) == 1 and group[0, 4] < LIKE_ALONE:
        return 0.0
    middles = group[:, :2] + HALF
    here = _covered(middles, HALF)
    there = _covered(middles / scale + group[:, 2:4], HALF / scale)
    if min((spots[here] > 0).mean(), (spots[there] > 0).mean()) < CHANGED:
        return 0.0
    left, right = (np.bincount(spots[one], minlength=spots.max() + 1)[1:] for one in (here, there))
    one_spot = float(np.minimum(left / left.sum(), right / right.sum()).sum())
    return float(here.sum()) * (1 - (1 - WITHIN_ONE_SPOT) * one_spot)


def _covered(middles: np.ndarray, reach: float) -> np.ndarray:
    covered = np.zeros((SIDE, SIDE), bool)
    for across, down in middles.tolist():
        covered[
            max(0, round(down - reach)) : round(down + reach) + 1,
            max(0, round(across - reach)) : round(across + reach) + 1,
        ] = True
    return covered
