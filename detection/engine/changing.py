"""Does a film change as the reference does? Of a grid of cells it is kept how each became lighter or darker in a quarter
of a second. In a copy the same places change alike at the same moments; in another film of the same place they do not.

What changes has a sign and a place, so that noise, the tremble of a hand that films a screen, captions and insets, which
change by themselves, add to it but do not look like it: the correlation sinks and still beats every other moment's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .fingerprint import SIDE
from .geometry import moved
from .lines import Line
from .media import MediaFingerprint
from .points import VARIANTS
from .sightings import Pair, Sighting

CELLS, QUARTER = 32, 0.25
# Square roots with their sign are kept, so many steps to the root of a grey level: small changes count too.
STEPS = 7.9
BATCH = 256
# A cell of the candidate is laid over the reference in so many parts a side, most of which must fall into its picture.
PARTS, MOST_OF_A_CELL = 4, 0.7
FEWEST_CELLS, FEWEST_MOMENTS, MOST_MOMENTS = 12, 3, 64
# Of a long line a minute is enough, compared with half a minute more on both sides.
LONGEST, AROUND = 60.0, 30.0
NEARBY, ELSEWHERE, ENOUGH = 0.5, 1.0, 0.7


class Changes(NamedTuple):
    """`along`: correlation of what changes along a line, NOT_KNOWN where too little is seen; `elsewhere`: the best at any
    other moment of the reference; `shift`: by how many seconds the line should be moved to fit best."""

    along: float
    elsewhere: float = 0.0
    shift: float = 0.0


NOT_KNOWN = -2.0
UNKNOWN = Changes(NOT_KNOWN)


def change_of(small: np.ndarray, step: int) -> np.ndarray:
    """How each cell of pictures uint8 (n, SIDE, SIDE) changed since `step` pictures before: int8 (n, CELLS x CELLS)."""
    found = np.zeros((len(small), CELLS * CELLS), np.int8)
    fine = SIDE // CELLS
    for start in range(step, len(small), BATCH):
        part = small[start - step : start + BATCH]
        cells = part.reshape(len(part), CELLS, fine, CELLS, fine).mean(axis=(2, 4), dtype=np.float32)
        change = (cells[step:] - cells[:-step]).reshape(-1, CELLS * CELLS)
        found[start : start + len(change)] = np.round(_rooted(change) * STEPS)
    return found


def changes_along(pair: Pair, line: Line, best: Sighting, start: float, end: float) -> Changes:
    """Asked of a film in a film: one line, of which `best` is the strongest sighting, from `start` to `end` seconds of the
    candidate."""
    candidate, reference = pair.candidate, pair.reference
    start, end = max(start, best.cand_s - LONGEST / 2), min(end, best.cand_s + LONGEST / 2)
    # What changes at the first moment may be the cut from something else.
    moments = np.flatnonzero((candidate.times > start + 0.01) & (candidate.times <= end + 0.01))
    moments = moments[:: max(1, -(-len(moments) // MOST_MOMENTS))]
    cells, shown = _laid_over(pair, line.matrix)
    if not candidate.change[moments].any():
        return UNKNOWN
    if min(len(moments), reference.frame_count) < FEWEST_MOMENTS or len(cells) < FEWEST_CELLS or line.speed == 0:
        return UNKNOWN
    rate = 1 / float(np.median(np.diff(reference.times[:50])))
    places = np.round(line.ref_seconds(candidate.times[moments]) * rate).astype(np.int64)
    first = max(0, int(places.min() - AROUND * rate))
    window = slice(first, min(reference.frame_count, int(places.max() + AROUND * rate) + 1))
    ours = _levelled(_opened(candidate.change[moments][:, cells]))
    theirs = _levelled(_in_a_quarter(reference, line.speed, rate, window) @ shown.T)
    if not len(theirs):
        return UNKNOWN
    sign = -1 if VARIANTS[best.variant].negative else 1
    shifts, fit = _at_each_shift(sign * ours, theirs, places - first)
    near = np.flatnonzero(np.abs(shifts) <= NEARBY * rate)
    if not len(near):
        return UNKNOWN
    chosen = max(near.tolist(), key=lambda one: (fit[one], -abs(shifts[one])))
    away = fit[np.abs(shifts) >= ELSEWHERE * rate]
    return Changes(float(fit[chosen]), float(away.max(initial=0.0)), float(shifts[chosen] / rate))


def _at_each_shift(ours: np.ndarray, theirs: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shifts in frames, and the correlation of our moments (n, cells) with theirs (frames, cells) when moment i is compared
    with frame places[i] + shift; 0 where too many fall outside."""
    products, sizes, own = ours @ theirs.T, (theirs**2).sum(axis=1), (ours**2).sum(axis=1)
    latest = int(places.max())
    sums = np.zeros((4, len(theirs) + latest - int(places.min())))
    for number, place in enumerate(places.tolist()):
        part = slice(latest - place, latest - place + len(theirs))
        sums[0, part] += products[number]
        sums[1, part] += sizes
        sums[2, part] += own[number]
        sums[3, part] += 1
    known = sums[3] >= max(FEWEST_MOMENTS, ENOUGH * len(ours))
    fit = np.where(known, sums[0] / np.sqrt(np.maximum(sums[1] * sums[2], 1e-9)), 0.0)
    return np.arange(sums.shape[1]) - latest, fit


def _in_a_quarter(reference: MediaFingerprint, speed: float, rate: float, window: slice) -> np.ndarray:
    """How the reference changed in as much of its time as a quarter of a second of the candidate shows, up to each frame
    of a window: float32 (frames, cells). Changes of quarters add up; of a part of one, a part is taken."""
    step = max(1, round(QUARTER * rate))
    # Backwards the change runs from a later frame to this one, the other way round.
    ahead = round(abs(speed) * step) if speed < 0 else 0
    ends = np.arange(window.start, window.stop) + ahead
    total = np.zeros((len(ends), CELLS * CELLS), np.float32)
    for number in range(int(np.ceil(abs(speed) - 1e-6))):
        frames = ends - number * step
        inside = (frames >= 0) & (frames < reference.frame_count)
        share = min(1.0, abs(speed) - number)
        total[inside] += share * _opened(reference.change[frames[inside]])
    return -total if speed < 0 else total


def _opened(change: np.ndarray) -> np.ndarray:
    """Grey levels again."""
    values = change.astype(np.float32) / STEPS
    return np.sign(values) * values**2


def _levelled(change: np.ndarray) -> np.ndarray:
    """Without what the whole picture does (a flash, a fade), and so that large changes do not drown small ones."""
    return _rooted(change - change.mean(axis=1, keepdims=True))


def _rooted(change: np.ndarray) -> np.ndarray:
    rooted: np.ndarray = np.sign(change) * np.sqrt(np.abs(change))
    return rooted


def _laid_over(pair: Pair, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the candidate's cells that show the reference (n,), and of what each consists: float32 (n, cells)."""
    fine = CELLS * PARTS
    middle = (np.arange(fine) + 0.5) / fine
    across, down = np.meshgrid(middle * pair.candidate.aspect[0], middle * pair.candidate.aspect[1])
    land = moved(matrix, np.stack([across.ravel(), down.ravel()], axis=1)) / pair.reference.aspect * CELLS
    column, row = np.floor(land).astype(np.int64).T
    inside = (column >= 0) & (column < CELLS) & (row >= 0) & (row < CELLS)
    place = np.arange(fine) // PARTS
    cell = (place[:, None] * CELLS + place[None, :]).ravel()
    together = np.bincount(cell[inside] * CELLS**2 + (row * CELLS + column)[inside], minlength=CELLS**4)
    shown = together.reshape(CELLS**2, CELLS**2).astype(np.float32) / PARTS**2
    cells = np.flatnonzero(shown.sum(axis=1) >= MOST_OF_A_CELL)
    return cells, shown[cells]
