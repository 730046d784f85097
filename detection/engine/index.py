"""Exact search: every stored 256-bit hash within a radius of a query, no approximation.

Blocked brute force with hardware popcount, in blocks that stay in the processor's cache. Three quarters of each hash
are compared first: if they differ in more than the radius that decides it, which for unlike pictures is nearly always.
Exactness is worth more here than speed: a graph index that is faster loses matches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BLOCK_PAIRS = 1 << 16
BLOCK_ROWS = 4096


class Hits(NamedTuple):
    """Parallel arrays: which query, which row of the reference, how many bits apart."""

    query: np.ndarray
    entry: np.ndarray
    distance: np.ndarray


def distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """All Hamming distances, uint16 (n, m), between uint64 rows (n, 4) and (m, 4)."""
    total = np.zeros((len(left), len(right)), np.uint16)
    for word in range(left.shape[1]):
        total += np.bitwise_count(left[:, None, word] ^ right[None, :, word])
    return total


class HashIndex:
    """Hashes by reference. References come and go one at a time; nothing has to be rebuilt."""

    def __init__(self) -> None:
        self._hashes: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return sum(map(len, self._hashes.values()))

    def add(self, ref_id: str, hashes: np.ndarray) -> None:
        """Store the hashes uint64 (n, 4) of one reference, in place of those it had."""
        self._hashes[ref_id] = np.ascontiguousarray(hashes, dtype=np.uint64).reshape(-1, 4)

    def remove(self, ref_id: str) -> None:
        """Forget one reference; an unknown one is no error."""
        self._hashes.pop(ref_id, None)

    def search(self, hashes: np.ndarray, radius: int) -> dict[str, Hits]:
        """All hits within `radius` bits (inclusive) by reference; references without a hit are left out."""
        queries = np.ascontiguousarray(hashes, dtype=np.uint64).reshape(-1, 4)
        found = {ref_id: _search_one(queries, rows, radius) for ref_id, rows in self._hashes.items()}
        return {ref_id: hits for ref_id, hits in found.items() if len(hits.query)}


def _search_one(queries: np.ndarray, rows: np.ndarray, radius: int) -> Hits:
    columns = np.ascontiguousarray(rows.T)
    step = max(1, BLOCK_PAIRS // BLOCK_ROWS)
    parts = [_block(queries[first : first + step], columns[:, row : row + BLOCK_ROWS], radius, first, row)
             for first in range(0, len(queries), step) for row in range(0, len(rows), BLOCK_ROWS)]  # fmt: skip
    if not parts:
        return Hits(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint16))
    return Hits(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _block(queries: np.ndarray, columns: np.ndarray, radius: int, first_query: int, first_row: int) -> Hits:
    most = np.bitwise_count(queries[:, None, 0] ^ columns[None, 0])
    most += np.bitwise_count(queries[:, None, 1] ^ columns[None, 1])
    most += np.bitwise_count(queries[:, None, 2] ^ columns[None, 2])
    # Flat and only where something is near: the two-dimensional nonzero costs as much as all the counting.
    close = np.flatnonzero(most.ravel() <= radius)
    query, entry = np.divmod(close, columns.shape[1])
    distance = most.ravel()[close] + np.bitwise_count(queries[query, 3] ^ columns[3, entry]).astype(np.uint16)
    near = distance <= radius
    return Hits(query[near] + first_query, entry[near] + first_row, distance[near])
