"""Which references may sound like a candidate, without comparing it with every one of them.

Whole words of 32 bits seldom survive noise (measured: 0 to 2 in a thousand), so what is looked up are keys: seven
neighbouring bits at three moments a quarter of a second apart. Every agreement votes for one reference and one offset;
a true copy heaps its votes on one offset, chance scatters them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FIRST_BITS = (1, 5, 9, 13, 17, 21, 25)
KEY_BITS = 7
APART = 4
OFFSET_WORDS = 4
# Twenty seconds are counted by themselves, where chance heaps fewer votes, and then the whole candidate.
STRETCH_WORDS = 320
LEAST_IN_STRETCH, LEAST_IN_ALL = 5, 10
# A key is crowded that has more than so many rows, or in a large index more than one in so many of all rows.
CROWDED, CROWDED_OF = 200, 50_000
REPEATS = 8
MOST_HITS = 400_000
MOST_CANDIDATES = 24
MOST_PEAKS = 256
ALL_BITS = 32


class Block(NamedTuple):
    """Rows sorted by key: keys uint32 (n,) and where each was heard, counted through all references, uint32 (n,)."""

    keys: np.ndarray
    places: np.ndarray


class Hits(NamedTuple):
    """Agreements of candidate and references: key, candidate word, slot of the reference, reference word."""

    key: np.ndarray
    word: np.ndarray
    slot: np.ndarray
    ref_word: np.ndarray


class SoundIndex:
    """References come and go without rebuilding: small blocks are merged into larger ones."""

    def __init__(self) -> None:
        self._blocks: tuple[Block, ...] = ()
        self._names: list[str | None] = []
        self._starts: list[int] = [0]
        self._slots: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def nbytes(self) -> int:
        """Bytes of keys and places, rows of removed references that wait for a merge included."""
        return sum(block.keys.nbytes + block.places.nbytes for block in self._blocks)

    def add(self, ref_id: str, words: np.ndarray, loud: np.ndarray) -> None:
        """Add the sound of a reference, words uint32 (n,) and loud bool (n,), in place of what it had."""
        self.remove(ref_id)
        keys, places = keys_of(words, loud)
        if not len(keys):
            return
        self._slots[ref_id] = len(self._names)
        self._names.append(ref_id)
        block = Block(keys, (places + self._starts[-1]).astype(np.uint32))
        self._starts.append(self._starts[-1] + len(words))
        blocks = list(self._blocks)
        while blocks and len(blocks[-1].keys) <= 2 * len(block.keys):
            block = self._merged(blocks.pop(), block)
        self._blocks = (*blocks, block)

    def remove(self, ref_id: str) -> None:
        """Forget a reference; an unknown one is no error."""
        slot = self._slots.pop(ref_id, None)
        if slot is None:
            return
        self._names[slot] = None
        dead = sum(self._starts[number + 1] - self._starts[number]
                   for number, name in enumerate(self._names) if name is None)  # fmt: skip
        if 2 * dead > self._starts[-1]:
            self._renumber()

    def candidates(self, words: np.ndarray, loud: np.ndarray, bits: int = ALL_BITS) -> list[str]:
        """References that may run along with words uint32 (n,), the likeliest first; `bits` of each word count."""
        keys, places = keys_of(words, loud, bits)
        found = self._hits(keys, places)
        votes = _votes(found, len(words))
        return [name for slot in votes if (name := self._names[slot]) is not None]

    def _hits(self, keys: np.ndarray, places: np.ndarray) -> Hits:
        if not len(keys) or not self._blocks:
            return Hits(*[np.zeros(0, np.int64)] * 4)
        firsts = [np.searchsorted(block.keys, keys, "left") for block in self._blocks]
        counts = [np.searchsorted(block.keys, keys, "right") - first
                  for block, first in zip(self._blocks, firsts, strict=True)]  # fmt: skip
        rows = sum(len(block.keys) for block in self._blocks)
        wanted = _worth_reading(np.sum(counts, axis=0), max(CROWDED, rows // CROWDED_OF))
        parts = [_read(block, first, count * wanted)
                 for block, first, count in zip(self._blocks, firsts, counts, strict=True)]  # fmt: skip
        query, place = (np.concatenate(column) for column in zip(*parts, strict=True))
        slot = self._slots_at(place)
        alive = np.array([name is not None for name in self._names])[slot]
        query, place, slot = query[alive], place[alive], slot[alive]
        return Hits(keys[query], places[query], slot, place - np.array(self._starts)[slot])

    def _merged(self, one: Block, other: Block) -> Block:
        """Both blocks in one, without the rows of removed references."""
        one, other = self._living(one), self._living(other)
        spots = np.searchsorted(one.keys, other.keys, "right") + np.arange(len(other.keys))
        first = np.ones(len(one.keys) + len(other.keys), bool)
        first[spots] = False
        keys, places = np.empty(len(first), np.uint32), np.empty(len(first), np.uint32)
        keys[first], keys[spots] = one.keys, other.keys
        places[first], places[spots] = one.places, other.places
        return Block(keys, places)

    def _living(self, block: Block) -> Block:
        if None not in self._names:
            return block
        alive = np.array([name is not None for name in self._names])
        kept = alive[self._slots_at(block.places)]
        return Block(block.keys[kept], block.places[kept])

    def _slots_at(self, places: np.ndarray) -> np.ndarray:
        """Whose the places are; many are looked up in a table, which is ten times as fast as searching."""
        if len(places) < self._starts[-1] // 4:
            return np.searchsorted(np.array(self._starts), places, "right") - 1
        table = np.repeat(np.arange(len(self._names), dtype=np.int32), np.diff(self._starts))
        slots: np.ndarray = table[places]
        return slots

    def _renumber(self) -> None:
        """Drop the rows of removed references and close the gaps they left."""
        starts, lengths = np.array(self._starts[:-1]), np.diff(self._starts)
        alive = np.array([name is not None for name in self._names], bool)
        moved = np.cumsum(np.where(alive, lengths, 0)) - np.where(alive, lengths, 0)
        blocks = []
        for block in self._blocks:
            slot = self._slots_at(block.places)
            kept = alive[slot]
            places = (block.places - starts[slot] + moved[slot])[kept].astype(np.uint32)
            blocks.append(Block(block.keys[kept], places))
        self._blocks = tuple(block for block in blocks if len(block.keys))
        self._names = [name for name in self._names if name is not None]
        self._starts = [0, *np.cumsum(lengths[alive]).tolist()]
        self._slots = {name: slot for slot, name in enumerate(self._names) if name is not None}


def keys_of(words: np.ndarray, loud: np.ndarray, bits: int = ALL_BITS) -> tuple[np.ndarray, np.ndarray]:
    """Keys uint32 (k,) in ascending order and the numbers of the words they begin at, int64 (k,).

    A key that lasts counts once and one that returns counts REPEATS times, so that hum and loops do not flood.
    """
    count = len(words) - 2 * APART
    if count <= 0:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    heard = loud[:count] & loud[APART : count + APART] & loud[2 * APART :]
    keys, places = [], []
    for kind, first in enumerate(FIRST_BITS):
        if first + KEY_BITS > bits:
            continue
        part = (words >> np.uint32(ALL_BITS - first - KEY_BITS)) & np.uint32((1 << KEY_BITS) - 1)
        key = np.uint32(kind << 24) | part[:count] << np.uint32(16) | part[APART : count + APART] << np.uint32(8)
        key |= part[2 * APART :]
        kept = heard.copy()
        kept[1:] &= key[1:] != key[:-1]
        keys.append(key[kept])
        places.append(np.flatnonzero(kept))
    if not keys:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    key, place = np.concatenate(keys), np.concatenate(places)
    order = np.argsort(key, kind="stable")
    key, place = key[order], place[order]
    seldom = np.ones(len(key), bool)
    seldom[REPEATS:] = key[REPEATS:] != key[:-REPEATS]
    return key[seldom], place[seldom]


def _worth_reading(counts: np.ndarray, crowded: int) -> np.ndarray:
    """Which keys to read: not those that are everywhere, and the rarest first when there are too many."""
    counts = np.where(counts > crowded, 0, counts)
    if counts.sum() > MOST_HITS:
        order = np.argsort(counts, kind="stable")
        counts[order[np.cumsum(counts[order]) > MOST_HITS]] = 0
    wanted: np.ndarray = counts > 0
    return wanted


def _read(block: Block, first: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (number of the key, place), each key's `counts` rows of the block from `first` on."""
    query = np.repeat(np.arange(len(first)), counts)
    within = np.arange(len(query)) - np.repeat(np.cumsum(counts) - counts, counts)
    return query, block.places[first[query] + within].astype(np.int64)


def _votes(hits: Hits, length: int) -> list[int]:
    """Slots of the references on which enough votes agree about the offset, most votes first."""
    votes = _most_agreed(hits, length, STRETCH_WORDS, LEAST_IN_STRETCH)
    if length > STRETCH_WORDS:
        for slot, count in _most_agreed(hits, length, length + 1, LEAST_IN_ALL).items():
            votes[slot] = max(votes.get(slot, 0), count)
    return sorted(votes, key=lambda slot: (-votes[slot], slot))[:MOST_CANDIDATES]


def _most_agreed(hits: Hits, length: int, stretch: int, least: int) -> dict[int, int]:
    """Of each reference that has enough, the votes (different keys) for one offset in one stretch of the candidate."""
    if len(hits.key) < least:
        return {}
    offset = (hits.ref_word - hits.word + length) // OFFSET_WORDS
    widest = int(offset.max()) + 2
    # Offset runs fastest, so that the neighbouring offset of the same stretch is the next number.
    cells = (hits.slot * (length // stretch + 1) + hits.word // stretch) * widest + offset
    order = np.argsort(cells, kind="stable")
    values, begins, counts = np.unique(cells[order], return_index=True, return_counts=True)
    ends = begins + counts
    beside = np.flatnonzero(values[1:] == values[:-1] + 1)
    ends[beside] = (begins + counts)[beside + 1]
    peaks = np.flatnonzero(ends - begins >= least)
    peaks = peaks[np.argsort(begins[peaks] - ends[peaks], kind="stable")][:MOST_PEAKS]
    best: dict[int, int] = {}
    for peak in peaks.tolist():
        members = order[begins[peak] : ends[peak]]
        slot = int(hits.slot[members[0]])
        best[slot] = max(best.get(slot, 0), len(np.unique(hits.key[members])))
    return {slot: votes for slot, votes in best.items() if votes >= least}
