"""Points of a picture that are found again after cropping, turning, warping and covering parts of it.

Points and descriptors are SIFT (Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", 2004) as OpenCV gives
them, square-rooted (Arandjelovic and Zisserman, 2012) and cut down to the signs of 256 fixed projections: 32 bytes that
are compared by counting bits. Copies of a point differ in 5 to 60 bits, one unlike pair in ten thousand in fewer than 51.
Two things follow from how the descriptor is laid out and cost next to nothing: the descriptor of the mirrored picture
and that of the negative are the same numbers in another order. So one look at a picture serves four.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from .memory import keep_freed_memory

CODE_BITS = 256
DESCRIPTOR = 128
# Weaker points than usual are wanted: blurred footage has no others; where even those are few, it is dark.
CONTRAST, CONTRAST_IN_THE_DARK = 0.02, 0.006
FEW = 1 / 3
# OpenCV compares a point's response times its layers an octave with the contrast asked for.
LAYERS = np.float32(3)
# Where points are to be spread, so many times as many are found first, and a picture has so many cells a side.
CHOSEN_FROM, CELLS_A_SIDE = 3, 5


class Variant(NamedTuple):
    """How a picture is read: as it is, mirrored, as a negative, or both."""

    mirrored: bool
    negative: bool


VARIANTS = (Variant(False, False), Variant(True, False), Variant(False, True), Variant(True, True))


@dataclass(frozen=True)
class Points:
    """Points of one picture, strongest first.

    `places` float32 (n, 2), `sizes` float32 (n,) in shares of the picture's longer side; `angles` float32 (n,) in
    radians; `descriptors` uint8 (n, 128).
    """

    places: np.ndarray
    sizes: np.ndarray
    angles: np.ndarray
    descriptors: np.ndarray

    def __len__(self) -> int:
        return len(self.sizes)

    def __add__(self, other: Points) -> Points:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Points(*(np.concatenate(pair) for pair in pairs))


NO_POINTS = Points(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32),
                   np.zeros((0, DESCRIPTOR), np.uint8))  # fmt: skip


@functools.cache
def _detector(most: int) -> cv2.SIFT:
    cv2.setNumThreads(1)
    keep_freed_memory()
    return cv2.SIFT_create(most, contrastThreshold=CONTRAST_IN_THE_DARK)  # type: ignore[attr-defined]


def points_of(picture: np.ndarray, most: int, *, spread: bool = False) -> Points:
    """The `most` strongest points of a gray picture, uint8 (height, width).

    With `spread` only half of them are the strongest; the others are the strongest of each part of the picture, so that a
    plain inset in a rich film has some.
    """
    sought = CHOSEN_FROM * most if spread else most
    found, descriptors = _detector(sought).detectAndCompute(picture, None)
    if not found:
        return NO_POINTS
    longer = max(picture.shape)
    shapes = np.array([(*one.pt, one.size, one.angle, -one.response) for one in found], np.float32)
    firm = -shapes[:, 4] * LAYERS >= np.float32(CONTRAST)
    if firm.sum() >= FEW * most:
        shapes, descriptors = shapes[firm], descriptors[firm]
    # Ties in strength are broken by place, so that the order never depends on the library's.
    order = np.lexsort((shapes[:, 3], shapes[:, 1], shapes[:, 0], shapes[:, 4]))
    if spread:
        order = _spread(order, _cells(shapes[:, :2], picture), most)
    order = order[:most]
    shapes = shapes[order]
    return Points(shapes[:, :2] / longer, shapes[:, 2] / longer, np.deg2rad(shapes[:, 3]),
                  descriptors[order].astype(np.uint8))  # fmt: skip


def _cells(places: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """The number of the part of the picture in which each place (n, 2) lies."""
    height, width = picture.shape
    across, down = (places * (CELLS_A_SIDE / width, CELLS_A_SIDE / height)).astype(np.int64).T
    numbers: np.ndarray = down * CELLS_A_SIDE + across
    return numbers


def _spread(order: np.ndarray, cells: np.ndarray, most: int) -> np.ndarray:
    """Of points, strongest first, the first half of `most` and then the strongest of each cell, still strongest first."""
    together = np.argsort(cells[order], kind="stable")
    ordered = cells[order][together]
    rank = np.empty(len(order), np.int64)
    rank[together] = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    rank[: most // 2] = -1
    return order[np.sort(np.argsort(rank, kind="stable")[:most])]


@functools.cache
def _projections() -> np.ndarray:
    """Two random rotations side by side, float32 (128, 256); fixed for ever, because stored codes depend on it."""
    draw = np.random.Generator(np.random.PCG64(20250523))
    halves = [np.linalg.qr(draw.standard_normal((DESCRIPTOR, DESCRIPTOR)))[0] for _ in range(2)]
    return np.concatenate(halves, axis=1).astype(np.float32)


@functools.cache
def _order(variant: Variant) -> np.ndarray:
    """Where each of the 4 x 4 x 8 histogram values of a descriptor comes from in another reading of the picture.

    Mirroring turns the rows over and the directions round; in a negative every gradient points the other way, so the
    point's own direction does too and the grid is seen upside down.
    """
    grid = np.arange(DESCRIPTOR).reshape(4, 4, 8)
    if variant.mirrored:
        grid = grid[::-1][:, :, (-np.arange(8)) % 8]
    if variant.negative:
        grid = grid[::-1, ::-1]
    return grid.ravel()


# The mean of a square-rooted descriptor over photographs, one quarter of its grid; the rest follows by symmetry.
_MEAN_QUARTER = np.array([
    [[0.070, 0.062, 0.052, 0.053, 0.058, 0.044, 0.037, 0.046], [0.127, 0.087, 0.053, 0.050, 0.055, 0.045, 0.044, 0.076]],
    [[0.088, 0.064, 0.054, 0.062, 0.072, 0.055, 0.042, 0.054], [0.166, 0.097, 0.057, 0.062, 0.069, 0.055, 0.049, 0.093]],
], np.float32)  # fmt: skip


@functools.cache
def _mean() -> np.ndarray:
    top = np.concatenate([_MEAN_QUARTER, _MEAN_QUARTER[:, ::-1][:, :, (-np.arange(8)) % 8]], axis=1)
    return np.concatenate([top, top[::-1, ::-1]]).ravel()


def projected(descriptors: np.ndarray, variant: Variant = VARIANTS[0]) -> np.ndarray:
    """Float32 (n, 256): the signs are the code, the sizes say how sure each bit is."""
    values = descriptors[:, _order(variant)].astype(np.float32)
    values /= np.maximum(values.sum(axis=1, keepdims=True), 1)
    np.sqrt(values, out=values)
    return (values - _mean()) @ _projections()


def codes_of(projections: np.ndarray) -> np.ndarray:
    """Uint64 (n, 4)."""
    return np.packbits(projections > 0, axis=1).view(">u8").astype(np.uint64)


def read_as(points: Points, variant: Variant, aspect: float) -> Points:
    """The same points in another reading; `aspect` is width over the longer side. Descriptors stay as they are."""
    places, angles = points.places, points.angles
    if variant.mirrored:
        places = np.stack([np.float32(aspect) - places[:, 0], places[:, 1]], axis=1)
        angles = np.float32(np.pi) - angles
    if variant.negative:
        angles = angles + np.float32(np.pi)
    return Points(places, points.sizes, angles, points.descriptors)
