"""PDQ hashes of many pictures at once, and the stored form of a whole medium.

PDQ (Facebook, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm", 2019): a 64x64 luminance
picture, the 16x16 lowest non-constant coefficients of its DCT, one bit each: above the median or not. Two things follow
from its being linear until the last step and are used here:
- cutting out a tile and shrinking it is a matrix too, so a tile's coefficients cost two small products;
- mirroring and turning a picture only flips signs and transposes coefficients, so eight hashes cost one.
Bits are kept in the order of the official hexadecimal form (coefficient 15,15 first).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

# Pictures are hashed from a square of this many pixels a side.
SIDE = 128
HASH_BITS = 256
GRID = 64
LOW = 16


class Box(NamedTuple):
    """A part of a picture in shares of its width and height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return (self.right - self.left) * (self.bottom - self.top)


FULL = Box(0, 0, 1, 1)


TURNS = ("none", "hflip", "vflip", "rot180", "rot90", "rot270", "transpose", "transverse")


class Layer(NamedTuple):
    """One way a frame is hashed: which part of it, turned back from which edit, with its borders cut off or not."""

    turn: str
    box: Box
    trimmed: bool = True


# With its borders cut off and with them: a copy may have gained or lost some.
DENSE_LAYERS = (Layer("none", FULL), Layer("none", FULL, trimmed=False))
LIGHT_LAYERS = (*(Layer(turn, FULL) for turn in TURNS), Layer("none", FULL, trimmed=False))


@functools.cache
def dct_matrix() -> np.ndarray:
    """The 16x64 matrix of PDQ: rows are frequencies 1..16, the constant one is left out."""
    frequency = np.arange(1, LOW + 1)[:, None]
    place = np.arange(GRID)[None, :]
    return (np.sqrt(2 / GRID) * np.cos(np.pi / (2 * GRID) * frequency * (2 * place + 1))).astype(np.float32)


def shrink_matrix(start: float, stop: float, size: int) -> np.ndarray:
    """Rows average the stretch start..stop (in pixels of a side of `size`) into GRID cells: float32 (GRID, size)."""
    edges = np.linspace(start, stop, GRID + 1)
    pixels = np.arange(size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights = np.clip(overlap, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def coefficients(frames: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """PDQ coefficients float32 (n, 16, 16) of a box (left, top, right, bottom in pixels) of frames (n, side, side)."""
    left, top, right, bottom = box
    count, height, width = frames.shape
    across = dct_matrix() @ shrink_matrix(left, right, width)
    down = dct_matrix() @ shrink_matrix(top, bottom, height)
    rows = (frames.reshape(-1, width).astype(np.float32) @ across.T).reshape(count, height, LOW)
    return np.ascontiguousarray(np.einsum("fh,nhw->nfw", down, rows, optimize=True))


@functools.cache
def _signs() -> np.ndarray:
    """Mirroring flips the sign of every odd frequency; frequencies start at one."""
    return np.where(np.arange(1, LOW + 1) % 2 == 1, -1, 1).astype(np.float32)


def turned_back(coefficient: np.ndarray, turn: str) -> np.ndarray:
    """Coefficients of the picture before `turn` was applied to it (rot90 is clockwise)."""
    across, down, turned = _signs()[None, None, :], _signs()[None, :, None], coefficient.transpose(0, 2, 1)
    match turn:
        case "none":
            return coefficient
        case "hflip":
            return coefficient * across
        case "vflip":
            return coefficient * down
        case "rot180":
            return coefficient * across * down
        case "transpose":
            return turned
        case "transverse":
            return turned * across * down
        case "rot90":
            return turned * down
        case "rot270":
            return turned * across
    raise ValueError(turn)


def hashes_of(coefficient: np.ndarray) -> np.ndarray:
    """Bits above the median, uint64 (n, 4), first bit of the official hexadecimal form first."""
    flat = coefficient.reshape(len(coefficient), HASH_BITS)
    # PDQ takes the lower-middle element, not the mean of the two middle ones.
    median = np.partition(flat, HASH_BITS // 2 - 1, axis=1)[:, HASH_BITS // 2 - 1, None]
    packed = np.packbits(flat[:, ::-1] > median, axis=1)
    return packed.view(">u8").astype(np.uint64)


def detail_of(coefficient: np.ndarray) -> np.ndarray:
    """How firmly the bits stand, uint8 (n,): the median size of a coefficient in grey levels.

    Compression noise moves a coefficient by about one level, so below three the hash is mostly noise; unlike PDQ's own
    quality this is low for film grain and for plain gradients too.
    """
    return np.clip(np.median(np.abs(coefficient.reshape(len(coefficient), -1)), axis=1), 0, 255).astype(np.uint8)


def quality_of(pictures: np.ndarray) -> np.ndarray:
    """PDQ's quality 0..100 of pictures (n, 64, 64) in grey levels: the sum of the gradients."""
    scaled = pictures.astype(np.float32) * np.float32(100 / 255)
    down = np.abs(np.trunc(np.diff(scaled, axis=1))).sum(axis=(1, 2))
    across = np.abs(np.trunc(np.diff(scaled, axis=2))).sum(axis=(1, 2))
    return np.clip((down + across) / 90, 0, 100).astype(np.uint8)


@functools.cache
def jarosz_matrix(size: int) -> np.ndarray:
    """PDQ's two passes of a box filter and the picking of every size/64-th pixel, as one float32 (64, size) matrix."""
    window = (size + 2 * GRID - 1) // (2 * GRID)
    reach_right = window // 2
    reach_left = window - 1 - reach_right
    gap = np.arange(size)[None, :] - np.arange(size)[:, None]
    box = ((gap >= -reach_left) & (gap <= reach_right)).astype(np.float64)
    box /= box.sum(axis=1, keepdims=True)
    picked = ((np.arange(GRID) + 0.5) * size / GRID).astype(int)
    return (box[picked] @ box).astype(np.float32)


def pdq(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """PDQ hashes uint64 (n, 4) and qualities uint8 (n,) of gray frames (n, h, w), as other PDQ tools give them."""
    down, across, matrix = jarosz_matrix(frames.shape[1]), jarosz_matrix(frames.shape[2]), dct_matrix()
    small = np.stack([down @ frame.astype(np.float32) @ across.T for frame in frames])
    return hashes_of(np.einsum("fa,nab,gb->nfg", matrix, small, matrix, optimize=True)), quality_of(small)


@dataclass(frozen=True)
class Fingerprint:
    """One perceptual hash. Its string form is always 64 hexadecimal digits, leading zeros kept."""

    words: tuple[int, int, int, int]

    def __str__(self) -> str:
        return "".join(f"{word:016x}" for word in self.words)

    @classmethod
    def parse(cls, text: str) -> Fingerprint:
        """The reverse of str(). Raises ValueError unless it is exactly 64 hexadecimal digits."""
        if len(text) != 64:
            raise ValueError("A fingerprint has exactly 64 hexadecimal digits.")
        words = [int(text[start : start + 16], 16) for start in range(0, 64, 16)]
        return cls((words[0], words[1], words[2], words[3]))

    @classmethod
    def from_row(cls, row: np.ndarray) -> Fingerprint:
        return cls.parse("".join(f"{int(word):016x}" for word in row))

    def distance(self, other: Fingerprint) -> int:
        """Bits that differ, 0..256."""
        return sum((mine ^ theirs).bit_count() for mine, theirs in zip(self.words, other.words, strict=True))
