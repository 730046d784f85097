"""Finding near hashes by exact matches of parts, without missing one: which parts, and what to look up.

Multi-index hashing: the 256 bits are cut into substrings of b_i bits. If the thresholds t_i satisfy
sum(t_i + 1) > radius, two hashes within the radius differ in at most t_i bits in at least one substring
(pigeonhole). So looking up every substring with up to t_i bits flipped finds every hash within the radius,
and comparing what was found leaves only those. Nothing is approximated.
"""

from __future__ import annotations

from functools import lru_cache
from math import comb
from typing import NamedTuple

import numpy as np

HASH_BITS = 256
DESIGN_RADIUS = 31
BYTES_PER_HASH = 99
SMALL_BLOCK_BYTES = 16 << 20
# Nanoseconds, measured: look up one substring, fetch and compare one row by number, compare one row in passing.
PROBE_NS, CANDIDATE_NS, SCAN_NS = 20.0, 30.0, 3.0
SCAN_ROWS, SCAN_PAIRS, HALF_RADIUS = 1 << 13, 1 << 16, 40


class Near(NamedTuple):
    """Parallel arrays: which query, which row of the block, how many bits apart."""

    query: np.ndarray
    row: np.ndarray
    distance: np.ndarray


class Probes(NamedTuple):
    """For one radius: the bits to flip (all tables), and how many of them belong to each table."""

    flips: np.ndarray
    per_table: np.ndarray
    candidates: float


@lru_cache(maxsize=256)
def plan(rows: int, run_bytes: int = 0) -> tuple[int, ...]:
    """Substring widths in bits that answer fastest at the design radius within the bytes allowed; () means scan.

    `run_bytes` are needed for the owner of every row, the rest may go into tables.
    """
    allowed = max(rows * (BYTES_PER_HASH - run_bytes), SMALL_BLOCK_BYTES)
    best: tuple[int, ...] = ()
    cheapest = rows * SCAN_NS
    for tables in range(8, 25):
        low, wide = divmod(DESIGN_RADIUS + 1, tables)
        for long in range(8, 27):
            most = min(long, (HASH_BITS - wide * long) // (tables - wide))
            for short in range(8, most + 1):
                bits = (long,) * wide + (short,) * (tables - wide)
                if tables * rows >= 1 << 32 or _bytes(rows, bits) > allowed:
                    continue
                cost = wide * _cost(rows, long, low) + (tables - wide) * _cost(rows, short, low - 1)
                if cost < cheapest:
                    best, cheapest = bits, cost
    return best


def _bytes(rows: int, bits: tuple[int, ...]) -> int:
    return rows * (32 + 4 * len(bits)) + 4 * sum(1 << width for width in bits)


def _cost(rows: int, width: int, flips: int) -> float:
    """Nanoseconds for looking up one substring with up to `flips` bits flipped."""
    return sum(comb(width, count) for count in range(flips + 1)) * (PROBE_NS + CANDIDATE_NS * rows / (1 << width))


@lru_cache(maxsize=32)
def probes(rows: int, bits: tuple[int, ...], radius: int) -> Probes | None:
    """What to look up so that nothing within the radius is missed; None where comparing every row is cheaper."""
    flips = [-1] * len(bits)
    spent = 0.0
    for _ in range(radius + 1):
        dearer = [
            _cost(rows, width, done + 1) - _cost(rows, width, done) for width, done in zip(bits, flips, strict=True)
        ]
        spent += min(dearer)
        if spent > rows * SCAN_NS:
            return None
        flips[dearer.index(min(dearer))] += 1
    masks = [_masks(width, done) for width, done in zip(bits, flips, strict=True)]
    candidates = sum(len(mask) * rows / (1 << width) for mask, width in zip(masks, bits, strict=True))
    return Probes(np.concatenate(masks), np.array([len(mask) for mask in masks]), candidates)


def _masks(width: int, flips: int) -> np.ndarray:
    """All numbers of `width` bits with at most `flips` of them set, in order."""
    exactly = [np.zeros(int(count == 0), np.int64) for count in range(flips + 1)]
    for bit in range(width):
        fewer = [np.zeros(0, np.int64), *exactly]
        exactly = [np.concatenate([one, less | 1 << bit]) for one, less in zip(exactly, fewer, strict=False)]
    return np.sort(np.concatenate([np.zeros(0, np.int64), *exactly]))


def as_hashes(hashes: np.ndarray) -> np.ndarray:
    """Any array of hashes as contiguous uint64 (n, 4)."""
    return np.ascontiguousarray(hashes, dtype=np.uint64).reshape(-1, 4)


# From which word, to which, how far the bits go, and which of them.
EXCHANGES = ((0, 1, 1, 0x5555555555555555), (2, 3, 1, 0x5555555555555555),
             (0, 2, 2, 0x3333333333333333), (1, 3, 2, 0x3333333333333333))  # fmt: skip


def spread(hashes: np.ndarray) -> np.ndarray:
    """The same bits dealt out over the four words.

    Neighbouring bits of a picture's hash are alike, so substrings of neighbours have favourite values, and a query would
    meet half as many candidates again (photographs: 1.5 times as many as of random hashes; dealt out, 1.1 times).
    """
    words = list(hashes.T)
    for left, right, shift, mask in EXCHANGES:
        moved = ((words[left] >> np.uint64(shift)) ^ words[right]) & np.uint64(mask)
        words[right] = words[right] ^ moved
        words[left] = words[left] ^ (moved << np.uint64(shift))
    return np.stack(words, axis=1)


def distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bits that differ, row by row: uint16 (n,)."""
    return np.bitwise_count(left ^ right).sum(axis=-1, dtype=np.uint16)


def substring(hashes: np.ndarray, start: int, width: int) -> np.ndarray:
    """Bits start … start + width of every hash, as uint64 (n,)."""
    word, shift = divmod(start, 64)
    value = hashes[:, word] >> np.uint64(shift)
    if shift + width > 64:
        value |= hashes[:, word + 1] << np.uint64(64 - shift)
    return value & np.uint64((1 << width) - 1)


def size_class(rows: int) -> int:
    """Row counts that share a plan: an eighth of a power of two, rounded down."""
    unit = 1 << max(0, rows.bit_length() - 4)
    return rows // unit * unit


def ordered(numbers: np.ndarray) -> np.ndarray:
    """Sorted, each once (np.unique, which is slower on many numbers)."""
    numbers = np.sort(numbers)
    return numbers[np.flatnonzero(np.diff(numbers, prepend=-1))] if len(numbers) else numbers


def joined(parts: list[Near]) -> Near:
    """One after the other."""
    if not parts:
        return Near(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint16))
    return parts[0] if len(parts) == 1 else Near(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def scan(queries: np.ndarray, rows: np.ndarray, radius: int) -> Near:
    """Compare every row, in pieces that stay in the processor's cache."""
    parts = []
    # Half of the bits rule out nearly everything at the radii of pictures; three quarters at wide ones.
    first_words = 2 if radius <= HALF_RADIUS else 3
    step = max(1, min(len(queries), SCAN_PAIRS // max(1, min(len(rows), SCAN_ROWS))))
    for low in range(0, len(rows), SCAN_ROWS):
        columns = np.ascontiguousarray(rows[low : low + SCAN_ROWS].T)
        for at in range(0, len(queries), step):
            some = queries[at : at + step]
            counts = np.bitwise_count(some[:, :1] ^ columns[0])
            for word in range(1, first_words):
                counts += np.bitwise_count(some[:, word, None] ^ columns[word])
            close = np.flatnonzero(counts.reshape(-1) <= radius)
            query, row = np.divmod(close, columns.shape[1])
            distance = distances(some[query], rows[low + row])
            within = distance <= radius
            parts.append(Near(query[within] + at, row[within] + low, distance[within]))
    return joined(parts)
