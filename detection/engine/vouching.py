"""Does time vouch for it? The same place at another moment looks alike everywhere and runs along nowhere.

Two witnesses, each asked about one line or one still: whether the pictures agree less at other moments of the reference,
and what the points tell that do not agree. Others: changing.py, passing.py, drift.py, displaced.py, restless.py.
"""

from __future__ import annotations

import numpy as np

from .geometry import View, agree, moved, place
from .lines import Line
from .overlay import alike_around, laid_over, pixels
from .sightings import Pair, Sighting, unread

ELSEWHERE_SECONDS, ELSEWHERE_PLACE = 1.0, 0.03
MOST_ASKED, MOMENTS = 10, 8
NEIGHBOURS = 12
# Small pictures as like as this show the same, though points were lost: under a tiled watermark, in a mosaic.
STILL_SHOWN = 0.8


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
    empty = (agreed[around].mean(axis=1) < agreed.mean() / 4) & ~_still_shown(pair, one, places)
    ours_there = moved(one.matrix, own.places)
    ours_there = ours_there[((ours_there > 0) & (ours_there < np.array(theirs.aspect))).all(axis=1)]
    if not empty.any() or not len(ours_there):
        return float(empty.mean()), 0.0
    gap = np.abs(ours_there[:, None, 0] - places[None, :, 0]) + np.abs(ours_there[:, None, 1] - places[None, :, 1])
    inside = empty[gap.argmin(axis=1)].mean()
    return float(empty.mean()), float(inside / empty.mean())


def _still_shown(pair: Pair, one: Sighting, places: np.ndarray) -> np.ndarray:
    """Where a still's pixels say that it is shown at places (n, 2), whatever its points say: bool (n,)."""
    theirs, ours = pair.reference.picture_of(one.ref_view), pair.candidate.picture_of(one.view)
    if theirs is None or ours is None:
        return np.zeros(len(places), bool)
    square = pixels(pair.reference.aspect)
    seen = laid_over(theirs, ours, square @ one.matrix @ np.linalg.inv(pixels(pair.candidate.aspect)))
    column, row = np.round(moved(square, places)).astype(np.int64).clip(0, len(theirs) - 1).T
    shown: np.ndarray = alike_around(seen)[row, column] >= STILL_SHOWN
    return shown


def wandered(pair: Pair, one: Sighting) -> int:
    """Points of both pictures that the sighting does not explain and that lie alike under another map.

    What was moved in a still is still there, somewhere else: it is the same place at another moment. What an edit
    covers or adds has nothing to agree with.
    """
    ours, theirs = pair.ours(one.view, one.variant), pair.theirs(one.ref_view)
    matrix = one.matrix @ unread(one.variant, pair.candidate.aspect[0])
    inverse = np.linalg.inv(matrix)
    # What stands beside the picture is not in it: on a page it may be shown twice.
    land = moved(matrix, ours.places)
    left = ((land > 0) & (land < np.array(theirs.aspect))).all(axis=1) & ~agree(land, ours.codes, theirs, matrix)
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
