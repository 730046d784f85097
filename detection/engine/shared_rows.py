"""One block of 256-bit hashes with the tables that find near ones: in this process's memory or in a shared file.

A block is one stretch of bytes: rows uint64 (n, 4), the row numbers of every table one after the other ordered by
substring (substrings.py), where each substring's rows start, and the runs of rows that belong to one owner.
Only erasing changes it.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np

from .substrings import Near, Probes, distances, joined, ordered, plan, probes, scan, size_class, substring

CHUNK, WINDOW = 1 << 17, 1 << 18
CROWDED = 0.4
NOBODY = 0xFFFFFFFF
OWNER, ROW, ENTRY = 0, 1, 2


class Block:
    """Hashes, their tables and their owners in one buffer. Searching never changes it and needs no lock."""

    def __init__(self, buffer: np.ndarray, rows: int, runs: int, bits: tuple[int, ...], path: Path | None = None):
        self.buffer, self.bits, self.path = buffer, bits, path
        at = layout(rows, runs, bits)
        parts = [buffer[start:stop] for start, stop in at]
        self.rows = parts[0].view(np.uint64).reshape(rows, 4)
        self.ids = parts[1].view(np.uint32)
        self.starts = parts[2].view(np.uint32)
        self.runs = parts[3].view(np.uint32).reshape(3, runs)
        self._halves = self.rows.reshape(-1).view(np.complex128)
        self._first_bits = np.cumsum((0, *bits))
        self._bases = np.cumsum([0] + [1 << width for width in bits])

    @classmethod
    def build(cls, parts: Iterable[np.ndarray], runs: np.ndarray, count: int, tables: bool = True) -> Block:
        """A block of `count` rows, uint64 (_, 4) in parts, and runs uint32 (3, k): owner, first row, first entry."""
        bits = plan(size_class(count), -(-runs.nbytes // max(1, count))) if tables else ()
        block = cls(np.empty(layout(count, runs.shape[1], bits)[-1][1], np.uint8), count, runs.shape[1], bits)
        at = 0
        for part in parts:
            block.rows[at : at + len(part)] = part
            at += len(part)
        block.runs[:] = runs
        for table in range(len(bits)):
            block._fill(table)
        return block

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def nbytes(self) -> int:
        """Bytes of the whole block."""
        return self.buffer.nbytes

    @property
    def sizes(self) -> np.ndarray:
        """Rows of every run, int64 (k,)."""
        return np.diff(self.runs[ROW].astype(np.int64), append=len(self.rows))

    @property
    def alive(self) -> np.ndarray:
        """Which runs still have an owner, bool (k,)."""
        return self.runs[OWNER] != NOBODY

    def live_rows(self) -> int:
        """Rows that still have an owner."""
        return int(self.sizes[self.alive].sum())

    def near(self, queries: np.ndarray, radius: int) -> Near:
        """Every row within `radius` bits (inclusive) of queries uint64 (q, 4), erased ones too."""
        if not len(self.rows) or radius < 0:
            return joined([])
        wanted = probes(size_class(len(self.rows)), self.bits, radius) if self.bits else None
        if wanted is None:
            return scan(queries, self.rows, radius)
        step = max(1, int(CHUNK / (len(wanted.flips) + wanted.candidates)))
        return joined(
            [self._lookup(queries[at : at + step], wanted, radius, at) for at in range(0, len(queries), step)]
        )

    def _lookup(self, queries: np.ndarray, wanted: Probes, radius: int, first: int) -> Near:
        keys = np.repeat(self._keys(queries), wanted.per_table, axis=1)
        keys ^= wanted.flips
        keys = keys.reshape(-1)
        begin = self.starts.take(keys, mode="clip").astype(np.int64)
        keys += 1
        size = self.starts.take(keys, mode="clip") - begin
        found = size.reshape(len(queries), -1).sum(axis=1)
        # Where most rows share a query's substrings the tables do not help: compare them all, once.
        crowded = np.flatnonzero(found > CROWDED * len(self.rows))
        size.reshape(len(queries), -1)[crowded] = 0
        found[crowded] = 0
        ends = np.cumsum(size)
        total = int(ends[-1])
        pairs = [self._compare(queries, begin, size, ends, np.cumsum(found), (low, min(low + WINDOW, total)), radius)
                 for low in range(0, total, WINDOW)]  # fmt: skip
        parts = [self._exact(queries, pairs, radius, first)]
        if len(crowded):
            hits = scan(queries[crowded], self.rows, radius)
            parts.append(Near(crowded[hits.query] + first, hits.row, hits.distance))
        return joined(parts)

    def _keys(self, queries: np.ndarray) -> np.ndarray:
        """The place of every query's every substring in `starts`, int64 (q, tables)."""
        word, shift = np.divmod(self._first_bits[:-1], 64)
        low = queries[:, word] >> shift.astype(np.uint64)
        high = queries[:, np.minimum(word + 1, 3)] << (64 - shift).astype(np.uint64)
        widths = (np.uint64(1) << np.array(self.bits, np.uint64)) - np.uint64(1)
        return ((low | high) & widths).astype(np.int64) + self._bases[:-1]

    def _compare(self, queries: np.ndarray, begin: np.ndarray, size: np.ndarray, ends: np.ndarray,
                 query_ends: np.ndarray, window: tuple[int, int], radius: int) -> np.ndarray:  # fmt: skip
        """query * n + row of the candidates numbered low … high whose first 128 bits do not rule them out."""
        low, high = window
        first, last = int(np.searchsorted(ends, low, "right")), int(np.searchsorted(ends, high, "left")) + 1
        before = ends[first:last] - size[first:last]
        times = np.minimum(ends[first:last], high) - np.maximum(before, low)
        place = np.repeat(begin[first:last] - before, times)
        place += np.arange(low, high)
        row = self.ids.take(place, mode="clip").astype(np.int64)
        times = np.diff(np.clip(query_ends, low, high), prepend=low)
        halves = np.ascontiguousarray(queries[:, :2]).view(np.complex128).reshape(-1)
        differ = self._halves.take(row * 2, mode="clip").view(np.uint64)
        differ ^= np.repeat(halves, times).view(np.uint64)
        counts = np.bitwise_count(differ).view(np.uint16)
        close = np.flatnonzero((counts & 255) + (counts >> 8) <= radius)
        query = np.searchsorted(query_ends, close + low, "right")
        return ordered(query * len(self.rows) + row[close])

    def _exact(self, queries: np.ndarray, pairs: list[np.ndarray], radius: int, first: int) -> Near:
        pair = pairs[0] if len(pairs) == 1 else ordered(np.concatenate([np.zeros(0, np.int64), *pairs]))
        query, row = np.divmod(pair, len(self.rows))
        distance = distances(queries[query], self.rows[row])
        within = distance <= radius
        return Near(query[within] + first, row[within], distance[within])

    def _fill(self, table: int) -> None:
        """Order the row numbers by one substring and note where each value of it starts."""
        rows, width = len(self.rows), self.bits[table]
        keyed = substring(self.rows, int(self._first_bits[table]), width)
        keyed <<= np.uint64(32)
        keyed |= np.arange(rows, dtype=np.uint64)
        keyed.sort()
        self.ids[table * rows : (table + 1) * rows] = keyed & np.uint64(0xFFFFFFFF)
        keyed >>= np.uint64(32)
        counts = np.zeros(1 << width, np.int64)
        for at in range(0, rows, 1 << 18):  # in pieces: counting does not let other threads run
            part = keyed[at : at + (1 << 18)].astype(np.int64)
            counts[part[0] : part[-1] + 1] += np.bincount(part - part[0])
        base = int(self._bases[table])
        self.starts[base] = table * rows
        self.starts[base + 1 : base + (1 << width) + 1] = np.cumsum(counts) + table * rows

    def erase(self, owner: int) -> bool:
        """Forget an owner's rows for good: nobody's first, then zeros, and no table names them any more."""
        mine = np.flatnonzero(self.runs[OWNER] == owner)
        for run in mine.tolist():
            start, *after = self.runs[ROW, run : run + 2].tolist()
            stop = after[0] if after else len(self.rows)
            self.runs[OWNER, run] = NOBODY
            for table in range(len(self.bits)):
                self._unlist(table, start, stop)
            self.rows[start:stop] = 0
            self.runs[ENTRY, run] = 0
        return bool(len(mine))

    def _unlist(self, table: int, start: int, stop: int) -> None:
        """Let one table name only the first of the rows start … stop: which value each of them had is lost."""
        keys = np.unique(substring(self.rows[start:stop], int(self._first_bits[table]), self.bits[table]))
        places = keys.astype(np.int64) + int(self._bases[table])
        for low, high in zip(self.starts[places].tolist(), self.starts[places + 1].tolist(), strict=True):
            named = self.ids[low:high]
            named[(named >= start) & (named < stop)] = start

    def save(self, path: Path) -> Block:
        """Write the block to a new private file and map it."""
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            self.buffer.tofile(file)
        return Block.load(path, len(self.rows), self.runs.shape[1], self.bits, writable=True)

    @classmethod
    def load(cls, path: Path, rows: int, runs: int, bits: tuple[int, ...], writable: bool = False) -> Block:
        """Map a block that `save` wrote; its pages are shared with every process that maps it."""
        size = layout(rows, runs, bits)[-1][1]
        with path.open("r+b" if writable else "rb") as file:
            protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
            mapped = mmap.mmap(file.fileno(), size, mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0), protection)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            mapped.madvise(mmap.MADV_HUGEPAGE)
        return cls(np.frombuffer(mapped, np.uint8), rows, runs, bits, path)


def layout(rows: int, runs: int, bits: tuple[int, ...]) -> list[tuple[int, int]]:
    """Byte ranges of rows, ids, starts and runs, each beginning on a cache line."""
    sizes = [32 * rows, 4 * rows * len(bits), 4 * (sum(1 << width for width in bits) + 1), 12 * runs]
    begins = np.cumsum([0] + [-(-size // 64) * 64 for size in sizes]).tolist()
    return [(begin, begin + size) for (begin, _), size in zip(pairwise(begins), sizes, strict=True)]
