"""Does time vouch for it? The same place at another moment looks alike everywhere and runs along nowhere.

Three witnesses, each asked about one line: whether the pictures agree less at other moments of the reference; whether
the same spots stir at the same moments; whether the sound runs along.
"""

from __future__ import annotations

import numpy as np

from .geometry import View, agree, moved, place
from .lines import Line
from .media import MediaFingerprint
from .sightings import Pair, Sighting, unread

ELSEWHERE_SECONDS, ELSEWHERE_PLACE = 1.0, 0.04
MOST_ASKED, MOMENTS = 10, 8
CELLS = 16
FEWEST_SAMPLES = 4
NEIGHBOURS = 12
QUARTER = 0.25
NEARBY = np.arange(-0.5, 0.51, 0.125)


def only_here(pair: Pair, found: list[Sighting], line: Line) -> float:
    """Share of the agreement that is lost at other moments of the reference: 1 nothing agrees there, 0 all the same.

    -1 when the reference has no other moment to compare with.
    """
    members = [found[one] for one in line.members.tolist() if found[one].by == "local"]
    asked = sorted(members, key=lambda one: -one.points)[:MOST_ASKED]
    lost = [value for one in asked if (value := _lost_elsewhere(pair, one)) is not None]
    return float(np.median(lost)) if lost else -1.0


def _lost_elsewhere(pair: Pair, one: Sighting) -> float | None:
    times = pair.reference.view_times
    away = np.flatnonzero(np.abs(times - one.ref_s) >= min(ELSEWHERE_SECONDS, pair.reference.duration_seconds / 3))
    if not len(away):
        return None
    some = away[np.unique(np.linspace(0, len(away) - 1, MOMENTS).round().astype(np.int64))]
    here = agreeing(pair, one, one.ref_view)
    there = [agreeing(pair, one, int(view)) for view in some]
    return 1 - float(np.mean(there)) / max(1, here)


def agreeing(pair: Pair, one: Sighting, ref_view: int) -> int:
    """How many points agree with a view of the reference at the place where the sighting put it."""
    ours, theirs = pair.ours(one.view, one.variant), pair.theirs(ref_view)
    return int(agree(moved(one.matrix, _own_places(pair, one)), ours.codes, theirs, one.matrix).sum())


def hole(pair: Pair, one: Sighting) -> tuple[float, float]:
    """Share of the reference's points, where both pictures overlap, around which hardly any point agrees: 0..1.

    Points that compression lost are missing evenly; what was covered, or is somewhere else now, leaves a hole. The
    second number tells the two apart: how many points the candidate has there, measured by how many it has elsewhere.
    A logo or a mosaic has few; where someone has gone, the room behind has as many as anywhere.
    """
    theirs, inverse = pair.theirs(one.ref_view), np.linalg.inv(one.matrix)
    own = as_shown(pair, one)
    land = moved(inverse, theirs.places)
    seen = ((land > 0.02) & (land < np.array(own.aspect) - 0.02)).all(axis=1)
    if seen.sum() < 4 * NEIGHBOURS:
        return 0.0, 0.0
    places, agreed = theirs.places[seen], agree(land[seen], theirs.codes[seen], own, inverse)
    apart = np.abs(places[:, None, 0] - places[None, :, 0]) + np.abs(places[:, None, 1] - places[None, :, 1])
    around = np.argpartition(apart, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
    empty = agreed[around].mean(axis=1) < agreed.mean() / 4
    ours_there = moved(one.matrix, own.places)
    ours_there = ours_there[((ours_there > 0) & (ours_there < np.array(theirs.aspect))).all(axis=1)]
    if not empty.any() or not len(ours_there):
        return float(empty.mean()), 0.0
    gap = np.abs(ours_there[:, None, 0] - places[None, :, 0]) + np.abs(ours_there[:, None, 1] - places[None, :, 1])
    inside = empty[gap.argmin(axis=1)].mean()
    return float(empty.mean()), float(inside / empty.mean())


def wandered(pair: Pair, one: Sighting) -> int:
    """Points of both pictures that the sighting does not explain and that lie alike under another map.

    What was moved in a still is still there, somewhere else: it is the same place at another moment. What an edit
    covers or adds has nothing to agree with.
    """
    ours, theirs = pair.ours(one.view, one.variant), pair.theirs(one.ref_view)
    matrix = one.matrix @ unread(one.variant, pair.candidate.aspect[0])
    inverse = np.linalg.inv(matrix)
    left = ~agree(moved(matrix, ours.places), ours.codes, theirs, matrix)
    other = ~agree(moved(inverse, theirs.places), theirs.codes, ours, inverse)
    placed = place(ours.only(left), theirs.only(other))
    if placed is None:
        return 0
    here = ours.places[left][placed.ours]
    apart = np.linalg.norm(moved(placed.matrix, here) - moved(matrix, here), axis=1).mean()
    return placed.points if apart > ELSEWHERE_PLACE else 0


def as_shown(pair: Pair, one: Sighting) -> View:
    """The candidate's points as the sighting reads them, at their own places."""
    ours = pair.ours(one.view, one.variant)
    return View(_own_places(pair, one), ours.sizes, ours.angles, ours.codes, ours.aspect)


def _own_places(pair: Pair, one: Sighting) -> np.ndarray:
    return pair.candidate.places[pair.candidate.points_of(one.view)]


def stirs_along(pair: Pair, line: Line, start: float, end: float) -> tuple[float, float, float]:
    """Whether the same spots stir at the same moments: correlation -1..1 along the line, the best one at another moment
    of the reference, and by how many seconds the line should be moved to fit best. Zeros when too little is known."""
    candidate, reference = pair.candidate, pair.reference
    # What stirs at the first moment may be the cut from something else.
    moments = np.flatnonzero((candidate.times > start + 0.01) & (candidate.times <= end + 0.01))
    cells = _cells(pair, line.matrix)
    if len(moments) < FEWEST_SAMPLES or (cells >= 0).sum() < 6 or line.speed == 0:
        return 0.0, 0.0, 0.0
    inside = cells >= 0
    ours = candidate.stir[moments][:, inside].astype(np.float32)
    times = line.ref_seconds(candidate.times[moments])
    along = [(shift, _correlated(ours, reference, cells[inside], times + shift)) for shift in NEARBY.tolist()]
    shift, best = max(along, key=lambda pair: (pair[1], -abs(pair[0])))
    length = float(reference.times[-1])
    others = [_correlated(ours, reference, cells[inside], times + other)
              for other in np.arange(-length, length, 0.25).tolist() if abs(other) >= ELSEWHERE_SECONDS]  # fmt: skip
    return best, max(others, default=0.0), float(shift)


def _cells(pair: Pair, matrix: np.ndarray) -> np.ndarray:
    """For each cell of the candidate's grid the reference's cell that it shows, -1 outside: int (256,)."""
    (width, height), (ref_width, ref_height) = pair.candidate.aspect, pair.reference.aspect
    middle = (np.arange(CELLS) + 0.5) / CELLS
    across, down = np.meshgrid(middle * width, middle * height)
    land = moved(matrix, np.stack([across.ravel(), down.ravel()], axis=1)) / (ref_width, ref_height) * CELLS
    column, row = np.floor(land).astype(np.int64).T
    inside = (column >= 0) & (column < CELLS) & (row >= 0) & (row < CELLS)
    return np.where(inside, row * CELLS + column, -1)


def _stir_at(reference: MediaFingerprint, times: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """What stirs at these moments, float32 (n, cells); in a copy at double speed, twice as long a while counts."""
    pace = float(np.abs(np.diff(times)).mean()) / QUARTER if len(times) > 1 else 1.0
    whiles = np.linspace(0, QUARTER * max(0.0, pace - 1), 1 if pace < 1.3 else 3)
    found = [reference.stir[np.clip(np.searchsorted(reference.times, times - one), 0, reference.frame_count - 1)][:, cells]
             for one in whiles]  # fmt: skip
    return np.asarray(np.mean(found, axis=0, dtype=np.float32))


def _correlated(ours: np.ndarray, reference: MediaFingerprint, cells: np.ndarray, times: np.ndarray) -> float:
    """Correlation of what stirs, after taking away what each cell always does. 0 when the reference does not cover it."""
    known = (times >= -0.05) & (times <= float(reference.times[-1]) + 0.05)
    if known.sum() < max(FEWEST_SAMPLES, 0.7 * len(times)):
        return 0.0
    mine = ours[known]
    theirs = _stir_at(reference, times[known], cells)
    mine = mine - mine.mean(axis=0)
    theirs = theirs - theirs.mean(axis=0)
    size = float(np.sqrt((mine**2).sum() * (theirs**2).sum()))
    return float((mine * theirs).sum()) / size if size > 0 else 0.0
