"""Two small pictures of one place laid over each other, so that pixels can be asked what points do not tell."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from .fingerprint import SIDE

WINDOW = 15
HALF = WINDOW // 2
FEWEST_PIXELS = 600
# Variance of grey levels below which a window is even: it is like nothing.
LEAST_SPREAD = 0.25


class Seen(NamedTuple):
    """Two pictures of one place laid over each other, float32 (SIDE, SIDE); `both` is where both show it."""

    first: np.ndarray
    second: np.ndarray
    both: np.ndarray


def pixels(aspect: tuple[float, float]) -> np.ndarray:
    """From shares of the longer side to pixels of the square."""
    return np.array([[SIDE / aspect[0], 0, -0.5], [0, SIDE / aspect[1], -0.5], [0, 0, 1.0]])


def laid_over(
    reference: np.ndarray, candidate: np.ndarray, matrix: np.ndarray, inside: np.ndarray | None = None
) -> Seen:
    """Two small pictures, the second under a map between their pixels; compared only where `inside`, if given."""
    whole = (SIDE, SIDE)
    over = cv2.warpPerspective(candidate.astype(np.float32), matrix, whole, flags=cv2.INTER_LINEAR)
    there = cv2.warpPerspective(np.ones(whole, np.uint8), matrix, whole, flags=cv2.INTER_NEAREST)
    both = cv2.erode(there, np.ones((3, 3), np.uint8)) > 0
    both &= True if inside is None else inside
    first, second = (cv2.GaussianBlur(one.astype(np.float32), (0, 0), 0.8) for one in (reference, over))
    return Seen(first, _toned(second, first, both), both)


def _toned(picture: np.ndarray, like: np.ndarray, both: np.ndarray) -> np.ndarray:
    """A picture in the tones of another: one line through the seven tenths of the pixels that agree best."""
    ours, theirs = picture[both], like[both]
    if len(ours) < FEWEST_PIXELS or ours.std() < 1:
        return picture
    kept = np.ones(len(ours), bool)
    slope, level = 1.0, 0.0
    for _round in range(4):
        slope, level = np.polyfit(ours[kept], theirs[kept], 1)
        missed = np.abs(slope * ours + level - theirs)
        kept = missed <= np.quantile(missed, 0.7)
    return (slope * picture + level).astype(np.float32)


def alike_around(seen: Seen) -> np.ndarray:
    """Correlation of the windows around each pixel, -1..1, float64 (SIDE, SIDE); the second may be a pixel astray."""
    first = seen.first.astype(np.float64)
    around, level = (WINDOW, WINDOW), cv2.blur(first, (WINDOW, WINDOW))
    spread = np.maximum(cv2.blur(first**2, around) - level**2, LEAST_SPREAD)
    best = np.full((SIDE, SIDE), -1.0)
    for shift in np.ndindex(3, 3):
        second = np.roll(seen.second.astype(np.float64), np.subtract(shift, 1), (0, 1))
        its_level = cv2.blur(second, around)
        its_spread = np.maximum(cv2.blur(second**2, around) - its_level**2, LEAST_SPREAD)
        likeness = (cv2.blur(first * second, around) - level * its_level) / np.sqrt(spread * its_spread)
        np.maximum(best, likeness, out=best)
    return best
