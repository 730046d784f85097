"""Which registered pictures share points with this one? A first guess over millions of points, checked later.

Each point stands in three tables under some bits of its code (locality-sensitive hashing; Indyk and Motwani, 1998). A
query looks under its own bits and under those it is least sure of turned over (multi-probe; Lv et al., 2007). What is
found there must agree in another 64 bits. Points that agree vote for a picture and for how far it was turned.
The index only shortlists: it may miss a point, never the check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .geometry import stretches
from .points import codes_of

TABLES = 3
MOST_KEY_BITS, FEWEST_KEY_BITS = 22, 12
SIGNATURE_BITS = 64
CLOSE = 15
SINGLE_FLIPS, PAIRED = 8, 4
CROWDED = 64
TURN_BINS = 8
# A segment is built anew when less than this share of it is left.
KEPT = 0.75


# One picture's codes and angles.
Row = tuple[np.ndarray, np.ndarray]


class Votes(NamedTuple):
    """Parallel arrays: number of a registered picture, how many points of the query vote for it."""

    view: np.ndarray
    votes: np.ndarray


@dataclass(frozen=True)
class _Segment:
    """Points indexed together. `view`, `turn`, `signature` are by point; a table lists points in the order of keys.

    `rows` are the pictures it was built from: not copies, but the arrays of the fingerprints.
    """

    rows: dict[int, Row]
    bits: int
    view: np.ndarray
    turn: np.ndarray
    signature: np.ndarray
    offsets: tuple[np.ndarray, ...]
    members: tuple[np.ndarray, ...]

    @property
    def nbytes(self) -> int:
        whole = (self.view, self.turn, self.signature, *self.offsets, *self.members)
        return sum(one.nbytes for one in whole)


def _key_columns(table: int, bits: int) -> np.ndarray:
    start = SIGNATURE_BITS + table * MOST_KEY_BITS
    return np.arange(start, start + bits)


def _keys(codes: np.ndarray, table: int, bits: int) -> np.ndarray:
    """The key of each code (n, 4) in a table, as integers below 2**bits."""
    start = SIGNATURE_BITS + table * MOST_KEY_BITS
    word, inside = divmod(start, 64)
    high = codes[:, word] << np.uint64(inside)
    low = codes[:, min(word + 1, 3)] >> np.uint64(64 - inside) if inside else np.zeros(len(codes), np.uint64)
    return ((high | low) >> np.uint64(64 - bits)).astype(np.int64)


def turn_byte(angles: np.ndarray) -> np.ndarray:
    """Angles in radians as 256ths of a full turn, uint8; differences wrap round by themselves."""
    return np.round(angles * (128 / np.pi)).astype(np.int64).astype(np.uint8)


class PointIndex:
    """Points of many pictures ("views", numbered by the caller). Views come and go without rebuilding everything."""

    def __init__(self) -> None:
        self._segments: list[_Segment] = []
        self._waiting: dict[int, Row] = {}
        self._gone: set[int] = set()

    @property
    def nbytes(self) -> int:
        return sum(segment.nbytes for segment in self._segments)

    def __len__(self) -> int:
        return sum(len(segment.view) for segment in self._segments) + sum(len(row[0]) for row in self._waiting.values())

    def add(self, view: int, codes: np.ndarray, angles: np.ndarray) -> None:
        """Add one picture's codes uint64 (n, 4) and angles in radians (n,). A number is used once."""
        if len(codes):
            self._waiting[view] = (codes, angles)

    def remove(self, views: list[int]) -> None:
        """Forget pictures: they are never voted for again, and their points are wiped."""
        for view in views:
            self._waiting.pop(view, None)
        for number, segment in enumerate(self._segments):
            here = [view for view in views if segment.rows.pop(view, None) is not None]
            if not here:
                continue
            self._gone.update(here)
            segment.signature[np.isin(segment.view, np.array(here, np.uint32))] = 0
            if sum(len(codes) for codes, _ in segment.rows.values()) < KEPT * len(segment.view):
                self._gone.difference_update(np.unique(segment.view).tolist())
                self._segments[number] = _build(segment.rows)

    def votes(self, projections: np.ndarray, angles: np.ndarray) -> Votes:
        """Pictures that at least three points vote for, all turned by about the same angle; the most voted first."""
        self._settle()
        found = [_search(segment, projections) for segment in self._segments]
        if not found:
            return Votes(np.zeros(0, np.int64), np.zeros(0, np.int64))
        query = np.concatenate([one[0] for one in found])
        views = np.concatenate([segment.view[one[1]] for segment, one in zip(self._segments, found, strict=True)])
        turns = np.concatenate([segment.turn[one[1]] for segment, one in zip(self._segments, found, strict=True)])
        return self._counted(query, views.astype(np.int64), turn_byte(angles)[query] - turns)

    def _counted(self, query: np.ndarray, views: np.ndarray, turned: np.ndarray) -> Votes:
        numbers, place = np.unique(views, return_inverse=True)
        best = np.zeros(len(numbers), np.int64)
        for shift in (0, 128 // TURN_BINS):
            bins = (turned + np.uint8(shift)) // (256 // TURN_BINS)
            ballots = _distinct((place * TURN_BINS + bins) * (int(query.max(initial=0)) + 1) + query)
            counts = np.bincount(ballots // (int(query.max(initial=0)) + 1), minlength=len(numbers) * TURN_BINS)
            best = np.maximum(best, counts.reshape(-1, TURN_BINS).max(axis=1))
        order = np.lexsort((numbers, -best))
        order = order[best[order] >= 3]
        if self._gone:
            order = order[~np.isin(numbers[order], list(self._gone))]
        return Votes(numbers[order], best[order])

    def _settle(self) -> None:
        """Index what is waiting, together with segments that are not much larger: there are never more than a few."""
        if not self._waiting:
            return
        rows, self._waiting = self._waiting, {}
        size = sum(len(codes) for codes, _ in rows.values())
        while self._segments and len(self._segments[-1].view) <= 2 * size:
            last = self._segments.pop()
            self._gone.difference_update(np.unique(last.view).tolist())
            rows = last.rows | rows
            size += len(last.view)
        self._segments.append(_build(rows))


def _build(rows: dict[int, Row]) -> _Segment:
    codes = np.concatenate([np.zeros((0, 4), np.uint64), *(codes for codes, _ in rows.values())])
    angles = np.concatenate([np.zeros(0, np.float32), *(angles for _, angles in rows.values())])
    views = np.repeat(np.array([*rows], np.uint32), [len(codes) for codes, _ in rows.values()])
    bits = int(np.clip(np.ceil(np.log2(max(2, len(codes)))), FEWEST_KEY_BITS, MOST_KEY_BITS))
    offsets, members = [], []
    for table in range(TABLES):
        keys = _keys(codes, table, bits)
        members.append(np.argsort(keys, kind="stable").astype(np.uint32))
        offsets.append(np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << bits))]).astype(np.uint32))
    return _Segment(rows, bits, views, turn_byte(angles), codes[:, 0].copy(), tuple(offsets), tuple(members))


def _search(segment: _Segment, projections: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (number of the query, number of the point in the segment), each once."""
    codes = codes_of(projections)
    pairs = []
    crowd = max(CROWDED, CROWDED * len(segment.view) >> segment.bits)
    for table in range(TABLES):
        keys = _probes(codes, projections, table, segment.bits)
        first = segment.offsets[table][keys].astype(np.int64)
        count = segment.offsets[table][keys + 1].astype(np.int64) - first
        count[count > crowd] = 0
        rows = np.flatnonzero(count)
        query = np.repeat(rows // keys.shape[1], count.ravel()[rows])
        point = segment.members[table][stretches(first.ravel()[rows], count.ravel()[rows])].astype(np.int64)
        near = np.bitwise_count(segment.signature[point] ^ codes[query, 0]) <= CLOSE
        pairs.append(query[near] * len(segment.view) + point[near])
    both = _distinct(np.concatenate(pairs))
    return np.divmod(both, max(1, len(segment.view)))


def _probes(codes: np.ndarray, projections: np.ndarray, table: int, bits: int) -> np.ndarray:
    """Keys to look under, int64 (n, 15): the query's own, eight with one unsure bit turned, six with two."""
    own = _keys(codes, table, bits)
    sureness = np.abs(projections[:, _key_columns(table, bits)])
    unsure = np.argpartition(sureness, SINGLE_FLIPS, axis=1)[:, :SINGLE_FLIPS]
    unsure = np.take_along_axis(unsure, np.argsort(np.take_along_axis(sureness, unsure, 1), axis=1, kind="stable"), 1)
    flips = np.int64(1) << (bits - 1 - unsure)
    left, right = np.triu_indices(PAIRED, 1)
    return own[:, None] ^ np.concatenate([np.zeros_like(flips[:, :1]), flips, flips[:, left] | flips[:, right]], axis=1)


def _distinct(values: np.ndarray) -> np.ndarray:
    """Sorted, each once. NumPy's own unique() hashes, which is many times slower for numbers."""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
