"""The part of a picture inside borders of one colour."""

from __future__ import annotations

import numpy as np

from .fingerprint import SIDE, Box

BORDER_SPREAD = 6.0
SMALLEST_SHARE = 0.3
PixelBox = tuple[int, int, int, int]
WHOLE: PixelBox = (0, 0, SIDE, SIDE)


def content_box(pictures: np.ndarray) -> PixelBox:
    """Left, top, right, bottom in pixels of what is left without borders of one colour that stay the whole time."""
    step = max(1, len(pictures) // 200)
    sample = pictures[::step].astype(np.int16)
    top, bottom = _inner(sample.transpose(1, 0, 2).reshape(sample.shape[1], -1))
    if bottom <= top:
        return WHOLE
    kept = sample[:, top:bottom]
    left, right = _inner(kept.transpose(2, 0, 1).reshape(sample.shape[2], -1))
    if (bottom - top) * (right - left) < SMALLEST_SHARE**2 * sample.shape[1] * sample.shape[2]:
        return WHOLE
    return left, top, right, bottom


def _inner(lines: np.ndarray) -> tuple[int, int]:
    """First and last line that are not of one colour; each row of `lines` holds all pixels of one line over time."""
    plain = lines.std(axis=1) < BORDER_SPREAD
    busy = np.flatnonzero(~plain)
    if not len(busy):
        return 0, len(lines)
    first, last = int(busy[0]), int(busy[-1]) + 1
    # The line next to a border is half border after scaling.
    return first + (first > 0), last - (last < len(lines))


def part_of(box: PixelBox, part: Box) -> tuple[float, float, float, float]:
    """A share of a box, in pixels."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    return left + part.left * width, top + part.top * height, left + part.right * width, top + part.bottom * height
