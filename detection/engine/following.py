"""Further moments of a long film, looked for where a line says that they are.

In a slow scene or a room where little happens, one moment of a reference looks like the next: the shortlist then names
other moments of the scene, and too few of the true ones are left to run along for long. Where some sightings agree on a
line, the views between and beyond them are laid over the very moments of the reference that it names.
"""

from __future__ import annotations

import numpy as np

from .geometry import moved, place
from .lines import SAME_PLACE, Line, likeliest
from .media import LONG_SECONDS
from .sightings import Pair, Sighting, local

FEWEST_MOMENTS = 3
# So many views are tried first, and the rest only if half of them lie on the line; other films of a place do not.
TRIED, ENOUGH, MOST_FOLLOWED = 12, 0.5, 300


def followed(pair: Pair, found: list[Sighting]) -> list[Sighting]:
    """Sightings along the likeliest line at views that have none on it; none for films that are not long."""
    if "image" in (pair.candidate.kind, pair.reference.kind) or pair.candidate.duration_seconds <= LONG_SECONDS:
        return []
    if pair.reference.view_count < 2:
        return []
    line = likeliest(found)
    members = [found[one] for one in line.members.tolist() if found[one].by == "local"] if line else []
    if line is None or len({one.cand_s for one in members}) < FEWEST_MOMENTS:
        return []
    best = max(members, key=lambda one: one.points)
    views = _ahead(pair, line, {one.view for one in members})
    tried = views[:: max(1, len(views) // TRIED)]
    first = _seen(pair, line, best, tried)
    if len(first) < ENOUGH * len(tried):
        return []
    rest = sorted(set(views) - set(tried))
    return first + _seen(pair, line, best, rest[:: max(1, -(-len(rest) // MOST_FOLLOWED))])


def _ahead(pair: Pair, line: Line, known: set[int]) -> list[tuple[int, int]]:
    """Views of the candidate, and of the reference at the moment that the line names, without those known."""
    times = pair.reference.view_times
    moments = line.ref_seconds(pair.candidate.view_times)
    after = np.searchsorted(times, moments).clip(1, max(1, len(times) - 1))
    nearest = np.where(moments - times[after - 1] < times[after] - moments, after - 1, after)
    inside = (moments >= 0) & (moments <= pair.reference.duration_seconds)
    return [(view, int(nearest[view])) for view in np.flatnonzero(inside).tolist() if view not in known]


def _seen(pair: Pair, line: Line, best: Sighting, views: list[tuple[int, int]]) -> list[Sighting]:
    """Those that lie where the line says."""
    there = moved(line.matrix, best.anchors)
    found = []
    for view, ref_view in views:
        ours, theirs = pair.ours(view, best.variant), pair.theirs(ref_view)
        placed = place(ours, theirs)
        if placed is None:
            continue
        one = local(pair, view, best.variant, ref_view, ours, theirs, placed)
        apart = float(np.linalg.norm(moved(one.matrix, best.anchors) - there, axis=1).mean())
        if apart < SAME_PLACE * max(1.0, float(np.sqrt(abs(np.linalg.det(line.matrix[:2, :2]))))):
            found.append(one)
    return found
