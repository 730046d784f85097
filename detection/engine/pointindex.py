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
TURN_BINS, SIZE_BINS = 8, 16
MOST_NAMED = 64
# A segment is built anew when less than this share of it is left.
KEPT = 0.75


# One picture's codes, angles and sizes.
Row = tuple[np.ndarray, np.ndarray, np.ndarray]


class Vote(NamedTuple):
    """`points` of the query vote for picture `view`; `ours` and `theirs` number all pairs that are alike."""

    view: int
    points: int
    ours: np.ndarray
    theirs: np.ndarray


@dataclass(frozen=True)
class _Segment:
    """Points indexed together. A table lists points in the order of keys; the rest is by point: its picture, which of
    the picture's points it is, direction, size, and 64 bits of its code.

    `rows` are the pictures it was built from: not copies, but the arrays of the fingerprints.
    """

    rows: dict[int, Row]
    bits: int
    view: np.ndarray
    number: np.ndarray
    turn: np.ndarray
    size: np.ndarray
    signature: np.ndarray
    offsets: tuple[np.ndarray, ...]
    members: tuple[np.ndarray, ...]

    @property
    def nbytes(self) -> int:
        whole = (self.view, self.number, self.turn, self.size, self.signature, *self.offsets, *self.members)
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


def size_step(sizes: np.ndarray) -> np.ndarray:
    """Sizes in eighths of an octave, uint8."""
    return np.clip(np.round(np.log2(np.maximum(sizes, 1e-6)) * 8) + 200, 0, 255).astype(np.uint8)


def _most_agreed(
    query: np.ndarray, place: np.ndarray, count: int, turned: np.ndarray, resized: np.ndarray
) -> np.ndarray:
    """For each picture (`place`) the most queries in one bin of turn and size; bins overlap by half."""
    best = np.zeros(count, np.int64)
    wide = int(query.max()) + 1
    for turn_shift in (0, 128 // TURN_BINS):
        for size_shift in (0, 4):
            turns = (turned + np.uint8(turn_shift)) // (256 // TURN_BINS)
            octaves = np.clip((resized + size_shift + 64) // 8, 0, SIZE_BINS - 1)
            bins = (place * TURN_BINS + turns) * SIZE_BINS + octaves
            ballots = _distinct(bins * wide + query) // wide
            first = np.flatnonzero(np.concatenate([[True], ballots[1:] != ballots[:-1]]))
            counts = np.diff(np.append(first, len(ballots)))
            np.maximum.at(best, ballots[first] // (TURN_BINS * SIZE_BINS), counts)
    return best


def _clearness(query: np.ndarray, place: np.ndarray, count: int) -> np.ndarray:
    """For each picture how many queries it is like for each pair: 1 where each is like one point of it, 0.2 for five.

    The pairs are in the order of pictures, and within a picture of queries.
    """
    another = np.concatenate([[True], (place[1:] != place[:-1]) | (query[1:] != query[:-1])])
    clear: np.ndarray = np.bincount(place[another], minlength=count) / np.bincount(place, minlength=count)
    return clear


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

    def add(self, view: int, codes: np.ndarray, angles: np.ndarray, sizes: np.ndarray) -> None:
        """Add one picture's codes uint64 (n, 4), angles in radians and sizes (n,). A picture's number is used once."""
        if len(codes):
            self._waiting[view] = (codes, angles, sizes)

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
            if sum(len(row[0]) for row in segment.rows.values()) < KEPT * len(segment.view):
                self._gone.difference_update(np.unique(segment.view).tolist())
                self._segments[number] = _build(segment.rows)

    def votes(self, projections: np.ndarray, angles: np.ndarray, sizes: np.ndarray, fewest: int) -> list[Vote]:
        """Pictures with at least `fewest` votes from points turned and resized by about the same, most votes first.

        In turns with those whose votes are clearest: stalks of grass are like all stalks of grass, and outvote anything.
        """
        self.settle()
        found = [(segment, *_search(segment, projections)) for segment in self._segments]
        query = np.concatenate([np.zeros(0, np.int64), *(one[1] for one in found)])
        if not len(query):
            return []
        view, number, turn, size = (
            np.concatenate([getattr(segment, name)[point] for segment, _, point in found])
            for name in ("view", "number", "turn", "size")
        )
        # Pictures with too few votes of any kind need not be looked into.
        views, place, many = _grouped(view, fewest)
        query, number, turn, size = (one[many] for one in (query, number, turn, size))
        if not len(query):
            return []
        turned = turn_byte(angles)[query] - turn
        resized = size_step(sizes)[query].astype(np.int64) - size
        best = _most_agreed(query, place, len(views), turned, resized)
        clear = _clearness(query, place, len(views))
        ranked = np.stack([np.lexsort((views, -best)), np.lexsort((views, -best * clear**2))], axis=1).ravel()
        order = [
            one for one in dict.fromkeys(ranked.tolist()) if best[one] >= fewest and int(views[one]) not in self._gone
        ]
        ends = np.cumsum(np.bincount(place))
        parts = [slice(ends[one - 1] if one else 0, ends[one]) for one in order[:MOST_NAMED]]
        return [Vote(int(views[one]), int(best[one]), query[part], number[part])
                for one, part in zip(order, parts, strict=False)]  # fmt: skip

    def settle(self) -> None:
        """Index what is waiting, together with segments that are not much larger: there are never more than a few."""
        if not self._waiting:
            return
        rows, self._waiting = self._waiting, {}
        size = sum(len(row[0]) for row in rows.values())
        while self._segments and len(self._segments[-1].view) <= 2 * size:
            last = self._segments.pop()
            self._gone.difference_update(np.unique(last.view).tolist())
            rows = last.rows | rows
            size += len(last.view)
        self._segments.append(_build(rows))


def _build(rows: dict[int, Row]) -> _Segment:
    codes = np.concatenate([np.zeros((0, 4), np.uint64), *(row[0] for row in rows.values())])
    angles = np.concatenate([np.zeros(0, np.float32), *(row[1] for row in rows.values())])
    sizes = np.concatenate([np.zeros(0, np.float32), *(row[2] for row in rows.values())])
    counts = np.array([len(row[0]) for row in rows.values()], np.int64)
    views = np.repeat(np.array([*rows], np.uint32), counts)
    numbers = stretches(np.zeros(len(counts), np.int64), counts).astype(np.uint16)
    bits = int(np.clip(np.ceil(np.log2(max(2, len(codes)))), FEWEST_KEY_BITS, MOST_KEY_BITS))
    offsets, members = [], []
    for table in range(TABLES):
        keys = _keys(codes, table, bits)
        members.append(np.argsort(keys, kind="stable").astype(np.uint32))
        offsets.append(np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << bits))]).astype(np.uint32))
    return _Segment(rows, bits, views, numbers, turn_byte(angles), size_step(sizes), codes[:, 0].copy(), tuple(offsets),
                    tuple(members))  # fmt: skip


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


def _grouped(values: np.ndarray, fewest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values that occur at least `fewest` times, in order; for each occurrence of one its rank, and where it stands."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(np.append(first, len(ordered)))
    often = counts >= fewest
    return ordered[first[often]], np.repeat(np.arange(often.sum()), counts[often]), order[np.repeat(often, counts)]


def _distinct(values: np.ndarray) -> np.ndarray:
    """Sorted, each once. NumPy's own unique() hashes, which is many times slower for numbers."""
    ordered = np.sort(values)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered
