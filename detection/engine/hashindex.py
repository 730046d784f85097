"""Exact search in millions of 256-bit hashes that come and go while others search.

Rows live in blocks (shared_rows.py): a small one that is compared row by row, and larger ones with tables, merged like
a log-structured merge tree. Blocks are never changed except that a removed owner is erased from them at once; adding
and merging make new blocks and put them in place with one assignment, so a search never waits and needs no lock.

One process writes and may `publish` into a directory meant for memory (tmpfs); others `attach` and share its pages.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from .shared_rows import ENTRY, NOBODY, OWNER, ROW, Block
from .substrings import as_hashes, spread

SEALED_ROWS = 1 << 14
FAN_IN = 4
FEW = 8
MERGED_WHILE_ADDING = 1 << 18
MOST_ROWS = 1 << 28  # places in a block's tables are uint32
MANIFEST = "manifest.json"
SUFFIX = ".rows"


class Hits(NamedTuple):
    """Parallel arrays, ordered by query, owner, entry: number of the query, whose hash, which of it, bits apart."""

    query: np.ndarray
    owner: np.ndarray
    entry: np.ndarray
    distance: np.ndarray


class RadiusIndex(Protocol):
    """What the rest of the program may expect of an index, wherever its rows are: here, in a database, on a service."""

    def add(self, owner: int, hashes: np.ndarray, entries: np.ndarray | None = None) -> None:
        """Store hashes uint64 (n, 4) of one owner (uint32), in place of those it had."""

    def remove(self, owner: int) -> None:
        """Forget one owner at once; an unknown one is no error."""

    def search(self, queries: np.ndarray, radius: int) -> Hits:
        """Every stored hash within `radius` bits (inclusive) of any of the queries uint64 (q, 4)."""

    def __len__(self) -> int:
        """How many hashes are stored."""


class HashIndex:
    """The index of one machine. `add`, `remove`, `merge` and `publish` belong to one process; any thread may search."""

    def __init__(self) -> None:
        self._blocks: tuple[Block, ...] = ()
        self._published: tuple[Block, ...] = ()
        self._change = threading.RLock()
        self._merging = threading.Lock()
        self._taken: list[Block] = []
        self._folder: Path | None = None
        self._attached: Path | None = None
        self._seen: tuple[int, ...] = ()

    def __len__(self) -> int:
        self._refresh()
        return sum(block.live_rows() for block in self._blocks)

    @property
    def nbytes(self) -> int:
        """Bytes of hashes, tables and owners, erased rows that wait for a merge included."""
        return sum(block.nbytes for block in self._blocks)

    def add(self, owner: int, hashes: np.ndarray, entries: np.ndarray | None = None) -> None:
        """Store hashes uint64 (n, 4) of one owner, in place of those it had; `entries` number them (0, 1, … if left out)."""
        rows = as_hashes(hashes)
        self.extend(np.full(len(rows), owner, np.int64), rows, entries)
        if not len(rows):
            self.remove(owner)

    def extend(self, owners: np.ndarray, hashes: np.ndarray, entries: np.ndarray | None = None) -> None:
        """Store the hashes of many owners at once: owners (n,) grouped, one per row."""
        self._writable()
        rows, runs = spread(as_hashes(hashes)), _runs(np.asarray(owners), entries)
        if len(rows) != len(owners):
            raise ValueError("one owner for every hash")
        if not len(rows):
            return
        with self._change:
            self._erase(np.unique(runs[OWNER]))
            loose = [block for block in self._blocks if len(block) < SEALED_ROWS and block not in self._taken]
            kept = [block for block in self._blocks if block not in loose]
            if len(rows) >= SEALED_ROWS:
                self._blocks = (*kept, _join([(rows, runs)]), *loose)
            else:
                self._blocks = (*kept, _join([(block.rows, block.runs) for block in loose] + [(rows, runs)]))
        self._merge(MERGED_WHILE_ADDING)

    def remove(self, owner: int) -> None:
        """Forget one owner: not found from now on, here and in attached processes, its rows overwritten with zeros."""
        self._writable()
        with self._change:
            self._erase(np.array([owner]))

    def search(self, queries: np.ndarray, radius: int) -> Hits:
        """Every stored hash within `radius` bits (inclusive) of any of the queries uint64 (q, 4)."""
        self._refresh()
        wanted = spread(as_hashes(queries))
        return _in_order([_owned(block, wanted, radius) for block in self._blocks])

    def merge(self, everything: bool = False) -> None:
        """Merge what has piled up and drop erased rows, or make one block of all. For the writer's quiet moments."""
        self._writable()
        self._merge(None, everything, compact=True)

    def publish(self, directory: Path | str) -> None:
        """Merge, then share the index: blocks as private files, then a manifest that names them. Old files go."""
        self._writable()
        folder = self._folder = self._folder or Path(directory)
        if folder != Path(directory):
            raise ValueError("an index is published in one directory only")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._merge(None, compact=True)
        with self._change:
            blocks = tuple(block if block.path else block.save(folder / _new_name()) for block in self._blocks)
            listed = [{"file": block.path.name, "rows": len(block), "runs": block.runs.shape[1], "bits": block.bits}
                      for block in blocks if block.path]  # fmt: skip
            _replace(folder / MANIFEST, json.dumps(listed))
            self._blocks = self._published = blocks
            names = {block["file"] for block in listed}
            for old in folder.glob(f"*{SUFFIX}"):
                if old.name not in names:
                    old.unlink(missing_ok=True)

    @classmethod
    def attach(cls, directory: Path | str) -> HashIndex:
        """A read-only index over what another process publishes there; it follows every new publication."""
        index = cls()
        index._attached = Path(directory)
        index._refresh()
        return index

    def _writable(self) -> None:
        if self._attached:
            raise PermissionError("an attached index is read-only")

    def _refresh(self) -> None:
        """Map what was published since. A look at the manifest's inode tells."""
        if self._attached and _state(self._attached / MANIFEST) != self._seen:
            with self._change:
                while not self._map(self._attached):
                    pass

    def _map(self, folder: Path) -> bool:
        """Map the blocks that the manifest names; False if one went meanwhile, for then there is a newer manifest."""
        seen = _state(folder / MANIFEST)
        have = {block.path: block for block in self._blocks}
        try:
            listed = json.loads((folder / MANIFEST).read_text()) if seen else []
            self._blocks = tuple(
                have.get(folder / one["file"])
                or Block.load(folder / one["file"], one["rows"], one["runs"], tuple(one["bits"]))
                for one in listed
            )
        except FileNotFoundError:
            if _state(folder / MANIFEST) == seen:
                raise  # nobody published: a block was taken away
            return False
        self._seen = seen
        return True

    def _erase(self, owners: np.ndarray) -> None:
        for block in {id(block): block for block in (*self._blocks, *self._published)}.values():
            for owner in (owners if len(owners) < FEW else np.intersect1d(owners, block.runs[OWNER])).tolist():
                block.erase(owner)

    def _merge(self, limit: int | None, everything: bool = False, compact: bool = False) -> None:
        """Do the merges that are due and make no more than `limit` rows. Only putting in place holds the lock."""
        if not self._merging.acquire(blocking=limit is None):
            return  # another thread is at it
        try:
            while chosen := self._take(limit, everything, compact):
                before = [block.runs.copy() for block in chosen]
                merged = _join([(block.rows, runs) for block, runs in zip(chosen, before, strict=True)])
                with self._change:
                    for block, runs in zip(chosen, before, strict=True):
                        for owner in np.unique(runs[OWNER][runs[OWNER] != block.runs[OWNER]]).tolist():
                            merged.erase(owner)  # removed while the merge was on
                    rest = [block for block in self._blocks if block not in chosen]
                    self._blocks = (*([merged] if len(merged) else []), *rest)
        finally:
            self._taken = []
            self._merging.release()

    def _take(self, limit: int | None, everything: bool, compact: bool) -> list[Block]:
        """The next blocks to merge. Nothing is added to them from now on."""
        with self._change:
            self._taken = self._due(limit, everything, compact)
            return self._taken

    def _due(self, limit: int | None, everything: bool, compact: bool) -> list[Block]:
        blocks = list(self._blocks)
        if everything and sum(map(len, blocks)) <= MOST_ROWS:
            return blocks if len(blocks) > 1 or any(not block.alive.all() for block in blocks) else []
        tiers: dict[int, list[Block]] = {}
        for block in blocks:
            tiers.setdefault((len(block) // SEALED_ROWS).bit_length() // 2, []).append(block)
        for tier in tiers.values():
            if len(tier) >= FAN_IN and sum(map(len, tier)) <= (limit or MOST_ROWS):
                return tier
        stale = [block for block in blocks if (compact or everything) and not block.alive.all()]
        return stale[:1]


def _runs(owners: np.ndarray, entries: np.ndarray | None) -> np.ndarray:
    """Runs uint32 (3, k) of rows whose owner stays and whose entries count up by one."""
    if len(owners) and not 0 <= int(owners.min()) <= int(owners.max()) < NOBODY:
        raise ValueError("an owner is a number from 0 to 2**32 - 2")
    turn = np.flatnonzero(np.diff(owners.astype(np.int64), prepend=-1))
    if len(np.unique(owners[turn])) != len(turn):
        raise ValueError("rows of one owner belong together")
    if entries is None:
        return np.stack([owners[turn], turn, np.zeros(len(turn), np.int64)]).astype(np.uint32)
    numbers = np.asarray(entries, np.int64)
    turn = np.union1d(turn, np.flatnonzero(np.diff(numbers, prepend=-1) != 1)).astype(np.int64)
    return np.stack([owners[turn], turn, numbers[turn]]).astype(np.uint32)


def _join(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Block:
    """One block of the rows that still have an owner; with tables once it is large."""
    runs, masks, at = [], [], 0
    for rows, run in parts:
        alive = run[OWNER] != NOBODY
        sizes = np.diff(run[ROW].astype(np.int64), append=len(rows))
        masks.append(None if alive.all() else np.repeat(alive, sizes))
        sizes, kept = sizes[alive], run[:, alive].astype(np.int64)
        kept[ROW] = at + np.cumsum(sizes) - sizes
        runs.append(kept)
        at += int(sizes.sum())
    living = (rows if mask is None else rows[mask] for (rows, _), mask in zip(parts, masks, strict=True))
    return Block.build(living, np.concatenate(runs, axis=1).astype(np.uint32), at, at >= SEALED_ROWS)


def _owned(block: Block, queries: np.ndarray, radius: int) -> Hits:
    """Hits of one block. Owners are read last: whoever was removed meanwhile is left out."""
    near = block.near(queries, radius)
    run = np.searchsorted(block.runs[ROW], near.row.astype(np.uint32), "right") - 1
    entry = block.runs[ENTRY, run] + (near.row - block.runs[ROW, run]).astype(np.uint32)
    owner = block.runs[OWNER, run]
    kept = owner != NOBODY
    return Hits(near.query[kept], owner[kept], entry[kept], near.distance[kept])


def _in_order(parts: list[Hits]) -> Hits:
    if not parts:
        return Hits(np.zeros(0, np.int64), np.zeros(0, np.uint32), np.zeros(0, np.uint32), np.zeros(0, np.uint16))
    query, owner, entry, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((distance, entry, owner, query))
    return Hits(query[order], owner[order], entry[order], distance[order])


def _state(path: Path) -> tuple[int, ...]:
    """Differs whenever the file was replaced; () if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size


def _new_name() -> str:
    return secrets.token_hex(8) + SUFFIX


def _replace(path: Path, text: str) -> None:
    """Write a private file in one step."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
