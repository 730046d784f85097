"""From single sightings to stretches of time: which seconds of a candidate run along which seconds of a reference.

A copy, however it was cut, warped or slowed down, shows the reference at one place of its picture and runs along it at
one speed for a while. Another film of the same place does neither for long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .sightings import Sighting

SAME_PLACE = 0.06
MOST_COMPARED, MOST_MOMENTS = 260, 600
SEEDS = 6
MOST_LINES = 8
ON_LINE = 0.3
SPEED_RANGE = (0.44, 2.75)
NORMAL, BACKWARDS = 0.08, 0.15
OTHER_SPEED = 0.75
SHORTEST_FOR_SPEED = 1.2


@dataclass(frozen=True)
class Line:
    """Sightings (numbers) at which candidate seconds `c` show reference seconds `speed * c + offset`."""

    members: np.ndarray
    speed: float
    offset: float
    weight: float
    matrix: np.ndarray

    def ref_seconds(self, cand_s: np.ndarray | float) -> np.ndarray:
        return np.asarray(cand_s) * self.speed + self.offset


def lines(kept: list[Sighting], still: bool, gap: float, normal_speed: bool = False) -> list[Line]:
    """The stretches that explain most sightings, strongest first; each moment of the candidate is explained once.

    `still` when one side has no time; a line ends where nothing was seen for more than `gap` seconds. With
    `normal_speed` only stretches as fast as the reference are looked for, where pieces in another order would else
    pass for one stretch at another speed.
    """
    if not kept:
        return []
    together = _same_place(kept)
    weight = np.array([one.points for one in kept], float)
    cand = np.array([one.cand_s for one in kept])
    ref = np.array([one.ref_s for one in kept])
    free = np.ones(len(kept), bool)
    chosen: list[Line] = []
    while len(chosen) < MOST_LINES and free.any():
        best = _best_line(kept, together, weight, cand, ref, free, still, normal_speed)
        if best is None:
            break
        best = best if still else _longest(best, cand, weight, gap)
        chosen.append(best)
        free &= ~_taken(cand, best, cand[best.members])
    return chosen


def likeliest(kept: list[Sighting]) -> Line | None:
    """The one line at the reference's own speed that explains most sightings, gaps and all."""
    if not kept:
        return None
    weight, cand, ref = (
        np.array([getattr(one, name) for one in kept], float) for name in ("points", "cand_s", "ref_s")
    )
    return _best_line(kept, _same_place(kept), weight, cand, ref, np.ones(len(kept), bool), False, True)


def _longest(line: Line, cand: np.ndarray, weight: np.ndarray, gap: float) -> Line:
    """The weightiest stretch of a line without a gap; the others are found again as lines of their own."""
    members = line.members[np.argsort(cand[line.members], kind="stable")]
    parts = np.split(members, np.flatnonzero(np.diff(cand[members]) > gap) + 1)
    best = max(parts, key=lambda part: float(weight[part].sum()))
    return Line(best, line.speed, line.offset, line.weight, line.matrix)


def _taken(cand: np.ndarray, line: Line, times: np.ndarray) -> np.ndarray:
    inside: np.ndarray = (cand >= times.min() - 0.1) & (cand <= times.max() + 0.1)
    return inside


def strongest(found: list[Sighting]) -> list[Sighting]:
    """At most MOST_COMPARED, or one a moment up to MOST_MOMENTS, spread over the candidate: the best of every stretch."""
    if len(found) <= MOST_COMPARED:
        return sorted(found, key=lambda one: (one.cand_s, one.ref_s, one.by))
    moments = np.unique([one.cand_s for one in found])
    stretch = float(moments[-1] - moments[0]) / MOST_MOMENTS if len(moments) > MOST_MOMENTS else 0.0
    ordered = sorted(found, key=lambda one: (-one.points, one.cand_s, one.ref_s))
    by_moment: dict[float, int] = {}
    ranked = []
    for one in ordered:
        moment = one.cand_s // stretch if stretch else one.cand_s
        rank = by_moment.get(moment, 0)
        by_moment[moment] = rank + 1
        ranked.append((rank, one))
    ranked.sort(key=lambda pair: (pair[0], -pair[1].points, pair[1].cand_s, pair[1].ref_s))
    most = max(MOST_COMPARED, min(len(by_moment), MOST_MOMENTS))
    return sorted((one for _, one in ranked[:most]), key=lambda one: (one.cand_s, one.ref_s, one.by))


def _same_place(found: list[Sighting]) -> np.ndarray:
    """Whether two sightings put the candidate's picture at the same place of the reference's: bool (n, n)."""
    matrices = np.stack([one.matrix for one in found])
    anchors = np.stack([one.anchors for one in found])
    full = np.concatenate([anchors, np.ones((*anchors.shape[:2], 1))], axis=2)
    land = np.einsum("kij,laj->klai", matrices, full)
    land = land[..., :2] / np.where(np.abs(land[..., 2:]) < 1e-9, 1e-9, land[..., 2:])
    own = land[np.arange(len(found)), np.arange(len(found))]
    apart = np.linalg.norm(land - own[None], axis=3).mean(axis=2)
    # What is seen enlarged in the reference is known less exactly there.
    scale = np.sqrt(np.abs(np.linalg.det(matrices[:, :2, :2])))
    apart = apart / np.maximum(1.0, scale)[None, :]
    together: np.ndarray = np.maximum(apart, apart.T) < SAME_PLACE
    return together


def _best_line(found: list[Sighting], together: np.ndarray, weight: np.ndarray, cand: np.ndarray, ref: np.ndarray,
               free: np.ndarray, still: bool, normal_speed: bool) -> Line | None:  # fmt: skip
    support = (together * np.where(free, weight, 0)[None, :]).sum(axis=1) * free
    tried: list[Line] = []
    unseen = free.copy()
    for seed in np.argsort(-support, kind="stable"):
        if not unseen[seed] or len(tried) >= SEEDS:
            continue
        group = np.flatnonzero(together[seed] & free)
        unseen[group] = False
        line = _still_line(group, weight, cand) if still else _line_through(group, weight, cand, ref, normal_speed)
        if line is not None:
            tried.append(_with_matrix(line, found))
    return max(tried, key=lambda one: one.weight, default=None)


def _with_matrix(line: Line, found: list[Sighting]) -> Line:
    """The map of the strongest sighting stands for the line; a whole frame's simple one is as good as many points."""
    strongest = max(line.members.tolist(), key=lambda one: (found[one].by == "frame_hash", found[one].points))
    return Line(line.members, line.speed, line.offset, line.weight, found[strongest].matrix)


def _still_line(group: np.ndarray, weight: np.ndarray, cand: np.ndarray) -> Line | None:
    """When one side is a still there is no time to run along: the best sighting of each moment."""
    best, value = _best_of_each(cand[group], weight[group], group)
    return Line(best, 0.0, 0.0, value, np.eye(3)) if len(best) else None


def _best_of_each(times: np.ndarray, worth: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, float]:
    """The most worthy sighting of each moment, and what they are worth together."""
    order = np.lexsort((numbers, -worth, times))
    first = np.concatenate([[True], np.diff(times[order]) > 1e-6]) if len(order) else np.zeros(0, bool)
    return numbers[order[first]], float(worth[order[first]].sum())


def _line_through(group: np.ndarray, weight: np.ndarray, cand: np.ndarray, ref: np.ndarray, normal_speed: bool
                  ) -> Line | None:  # fmt: skip
    best: Line | None = None
    for speed in [1.0] if normal_speed else _speeds(cand[group], ref[group]):
        offsets = ref[group] - speed * cand[group]
        reach = ON_LINE * max(1.0, abs(speed))
        error = np.abs(offsets - _densest(offsets, weight[group], cand[group], reach)) / reach
        near = error <= 1
        # A sighting at the edge of the line may be of the moment before or after.
        worth = weight[group][near] * (1 - 0.5 * error[near] ** 2)
        members, value = _best_of_each(cand[group][near], worth, group[near])
        value *= 1.0 if speed == 1 else OTHER_SPEED
        if best is None or value > best.weight:
            best = Line(
                members, speed, _offset(ref[members] - speed * cand[members], weight[members]), value, np.eye(3)
            )
    return best


def _offset(offsets: np.ndarray, weight: np.ndarray) -> float:
    return float((offsets * weight).sum() / weight.sum())


def _densest(offsets: np.ndarray, weight: np.ndarray, cand: np.ndarray, reach: float) -> float:
    """The offset around which most distinct moments of the candidate agree, by weight."""
    slot = np.floor(offsets / reach).astype(np.int64)
    order = np.lexsort((-weight, cand, slot))
    first = np.concatenate([[True], (np.diff(slot[order]) != 0) | (np.diff(cand[order]) > 1e-6)])
    slots, place = np.unique(slot[order][first], return_inverse=True)
    sums = np.bincount(place, weight[order][first])
    follows = np.concatenate([np.diff(slots) == 1, [False]])
    both = sums + np.where(follows, np.concatenate([sums[1:], [0]]), 0)
    lowest = slots[int(both.argmax())]
    inside = (slot == lowest) | (slot == lowest + 1)
    return float(np.average(offsets[inside], weights=weight[inside]))


def _speeds(cand: np.ndarray, ref: np.ndarray) -> list[float]:
    """Speeds that two sightings far enough apart propose; normal speed always."""
    step = max(1, len(cand) // 40)
    cand, ref = cand[::step], ref[::step]
    gap = cand[None, :] - cand[:, None]
    first, second = np.nonzero(gap >= SHORTEST_FOR_SPEED)
    if not len(first):
        return [1.0]
    speeds = (ref[second] - ref[first]) / gap[first, second]
    size = np.abs(speeds)
    speeds = speeds[(size >= SPEED_RANGE[0]) & (size <= SPEED_RANGE[1])]
    speeds = np.where(np.abs(speeds - 1) < NORMAL, 1.0, np.where(np.abs(speeds + 1) < BACKWARDS, -1.0, speeds))
    common, counts = np.unique(np.round(speeds * 25) / 25, return_counts=True)
    likely = common[np.argsort(-counts, kind="stable")][:6].tolist()
    return [1.0, *(speed for speed in likely if speed != 1.0)]
