"""Does what passes by agree? Of a camera that stands the background agrees with every moment, what passes only with its own.

A reference's points are lasting (there at other moments too) or passing (there at this one only). In a copy both agree
alike; in another film of the same place the lasting ones agree and the passing ones do not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .geometry import agree, moved
from .lines import Line
from .sightings import Pair, Sighting
from .vouching import ELSEWHERE_SECONDS, MOMENTS, MOST_ASKED, as_shown

FEWEST_PASSING = 8
SELDOM, OFTEN = 0.1, 0.5
MOST_SHIFTS = 12
STANDS = np.eye(3)


class Passing(NamedTuple):
    """`ratio` is how well passing points agree over how well lasting ones do, `elsewhere` the best ratio at other moments
    of the reference, `points` how many passing points were asked. Zeros when a camera moves or nothing passes."""

    ratio: float
    elsewhere: float
    points: int


NOTHING = Passing(0.0, 0.0, 0)


def this_moment(pair: Pair, one: Sighting) -> Passing:
    """Asked of a still from a film: the best of the view that it was found in and the two beside it."""
    views = [view for view in range(one.ref_view - 1, one.ref_view + 2) if 0 <= view < pair.reference.view_count]
    return max((_ratio(pair, [(one, view)]) for view in views), default=NOTHING)


def along(pair: Pair, found: list[Sighting], line: Line) -> Passing:
    """Asked of a film: all moments of a line together, and the same moments against other stretches of the reference."""
    members = [found[one] for one in line.members.tolist() if found[one].by == "local"]
    members = members[:: max(1, len(members) // MOST_ASKED)]
    here = _ratio(pair, [(one, one.ref_view) for one in members])
    if not here.points:
        return NOTHING
    return here._replace(elsewhere=max((_ratio(pair, asked).ratio for asked in _elsewhere(pair, members)), default=0.0))


def _elsewhere(pair: Pair, members: list[Sighting]) -> list[list[tuple[Sighting, int]]]:
    """The moments shifted along the reference, where at least six in ten of them stay inside it."""
    times, length = pair.reference.view_times, pair.reference.duration_seconds
    shifts = [
        shift for shift in np.arange(-length, length, ELSEWHERE_SECONDS / 2).tolist() if abs(shift) >= ELSEWHERE_SECONDS
    ]
    asked = []
    for shift in shifts[:: max(1, -(-len(shifts) // MOST_SHIFTS))]:
        inside = [one for one in members if 0 <= one.ref_s + shift <= length]
        if len(inside) >= max(2, 0.6 * len(members)):
            asked.append([(one, int(np.abs(times - one.ref_s - shift).argmin())) for one in inside])
    return asked


def _ratio(pair: Pair, asked: list[tuple[Sighting, int]]) -> Passing:
    """Passing over lasting, summed over sightings, each at a view of the reference."""
    count = np.zeros(2, np.int64)
    agreeing = np.zeros(2, np.int64)
    for one, view in asked:
        again = _again(pair, view)
        if again is None:
            continue
        theirs, inverse = pair.theirs(view), np.linalg.inv(one.matrix)
        own = as_shown(pair, one)
        land = moved(inverse, theirs.places)
        seen = ((land > 0.01) & (land < np.array(own.aspect) - 0.01)).all(axis=1)
        agreed = agree(land, theirs.codes, own, inverse)
        for which, some in enumerate((seen & (again <= SELDOM), seen & (again >= OFTEN))):
            count[which] += some.sum()
            agreeing[which] += agreed[some].sum()
    if count.min() < FEWEST_PASSING:
        return NOTHING
    passing, lasting = agreeing / count
    return Passing(float(passing / max(lasting, 0.05)), 0.0, int(count[0]))


def _again(pair: Pair, view: int) -> np.ndarray | None:
    """Of each point in a view of the reference, the share of other moments at which it is there too. None without any."""
    if view not in pair.again:
        theirs, times = pair.theirs(view), pair.reference.view_times
        apart = min(ELSEWHERE_SECONDS, pair.reference.duration_seconds / 3)
        away = np.flatnonzero(np.abs(times - times[view]) >= apart)
        if not len(away) or not len(theirs.sizes):
            pair.again[view] = None
        else:
            some = away[np.unique(np.linspace(0, len(away) - 1, MOMENTS).round().astype(np.int64))]
            found = [agree(theirs.places, theirs.codes, pair.theirs(int(other)), STANDS) for other in some]
            pair.again[view] = np.mean(found, axis=0)
    return pair.again[view]
