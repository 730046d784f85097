"""Does one and the same map hold all along? A copy stays where it is in the picture; another camera move drifts away.

A sighting compares a frame with the nearest of the reference's views, up to an eighth of a second away. Under a quick
camera that alone moves the picture, so each map is first taken to the exact moment, by the reference's own movement
between its views. By how much the line itself is off is not known: the shift under which the maps agree best counts.
"""

from __future__ import annotations

import numpy as np

from .geometry import moved, place
from .lines import Line
from .sightings import Pair, Sighting
from .vouching import MOST_ASKED, agreeing

SHIFTS = np.arange(-0.2, 0.21, 0.05)
LONGEST_STEP = 0.6
STEADY_AS_IT_IS = 0.97


def steady(pair: Pair, found: list[Sighting], line: Line) -> float:
    """The share of the agreement that is left under the map that fits all along: 1 for a copy. -1 when too few are known."""
    members = [found[one] for one in line.members.tolist() if found[one].by == "local"]
    if len(members) < 3:
        return -1.0
    members = members[:: max(1, len(members) // MOST_ASKED)]
    as_it_is = _left(pair, members, np.stack([one.matrix for one in members]), [np.eye(3)] * len(members))
    if as_it_is >= STEADY_AS_IT_IS:
        return as_it_is
    return max(as_it_is, _left_in_time(pair, members, line))


def _left_in_time(pair: Pair, members: list[Sighting], line: Line) -> float:
    """The same after every map was taken to its exact moment."""
    tried = [_to_the_moment(pair, members, line, float(shift)) for shift in SHIFTS]
    exact = [np.stack([move @ one.matrix for move, one in zip(moves, members, strict=True)]) for moves in tried]
    best = min(range(len(SHIFTS)), key=lambda number: _spread(members, exact[number])[0])
    return _left(pair, members, exact[best], tried[best])


def _left(pair: Pair, members: list[Sighting], exact: np.ndarray, moves: list[np.ndarray]) -> float:
    middle = exact[_spread(members, exact)[1]]
    kept = []
    for one, move in zip(members, moves, strict=True):
        own = agreeing(pair, one, one.ref_view)
        there = one._replace(matrix=np.linalg.inv(move) @ middle)
        views = [view for view in range(one.ref_view - 1, one.ref_view + 2) if 0 <= view < pair.reference.view_count]
        kept.append(max(agreeing(pair, there, view) for view in views) / max(1, own))
    return float(np.median(kept))


def _spread(members: list[Sighting], exact: np.ndarray) -> tuple[float, int]:
    """How far the maps lie from the middle one (median, in shares of the longer side), and which that is."""
    land = np.stack([[moved(matrix, other.anchors) for other in members] for matrix in exact])
    own = land[np.arange(len(members)), np.arange(len(members))]
    apart = np.linalg.norm(land - own[None], axis=3).mean(axis=2)
    middle = int(apart.mean(axis=1).argmin())
    return float(np.median(apart[middle])), middle


def _to_the_moment(pair: Pair, members: list[Sighting], line: Line, shift: float) -> list[np.ndarray]:
    """For each sighting the reference's movement from the view it was compared with to the moment the line names."""
    times = pair.reference.view_times
    moves = []
    for one in members:
        late = float(line.ref_seconds(one.cand_s)) + shift - float(times[one.ref_view])
        other = one.ref_view + (1 if late > 0 else -1)
        step = float(times[other] - times[one.ref_view]) if 0 <= other < len(times) else 0.0
        if not 0 < abs(step) <= LONGEST_STEP:
            moves.append(np.eye(3))
            continue
        part = min(1.0, late / step)
        moves.append((1 - part) * np.eye(3) + part * _between(pair, one.ref_view, other))
    return moves


def _between(pair: Pair, view: int, other: int) -> np.ndarray:
    """The map from one view of the reference to the next; none where it cannot be told."""
    if (view, other) not in pair.moves:
        placed = place(pair.theirs(view), pair.theirs(other))
        pair.moves[view, other] = placed.matrix if placed else np.eye(3)
    return pair.moves[view, other]
