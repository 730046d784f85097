"""Single moments at which a candidate shows a reference, and where in the picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .geometry import Placement, View, agree, moved, place
from .media import MediaFingerprint
from .points import VARIANTS, codes_of
from .shelf import Suspicion

# What a whole frame whose hash agrees is worth in points.
HASH_POINTS = 30
MOST_HITS = 400


class Sighting(NamedTuple):
    """At `cand_s` seconds the candidate shows what the reference shows at `ref_s`.

    `matrix` (3, 3) takes places of the candidate's picture to the reference's, both in shares of the longer side;
    `anchors` (5, 2) are places in the candidate where that is known to hold. `points` agree; `by` is local or
    frame_hash; `view`, `ref_view` are numbers of views, -1 for a frame hash; `cover` is the share of what there is to
    find in the reference's picture that the agreeing points span, `share` how many of the points that should agree do.
    """

    cand_s: float
    ref_s: float
    matrix: np.ndarray
    anchors: np.ndarray
    points: int
    by: str
    variant: int
    view: int
    ref_view: int
    cover: float
    share: float


class Pair:
    """A candidate and one reference, with what was worked out about them already."""

    def __init__(self, candidate: MediaFingerprint, reference: MediaFingerprint):
        self.candidate, self.reference = candidate, reference
        self._ours: dict[tuple[int, int], View] = {}
        # What passing.py and drift.py found out about the reference's own views.
        self.again: dict[int, np.ndarray | None] = {}
        self.moves: dict[tuple[int, int], np.ndarray] = {}

    def ours(self, view: int, variant: int) -> View:
        if (view, variant) not in self._ours:
            points, projections = self.candidate.points_read_as(view, VARIANTS[variant])
            self._ours[view, variant] = View(points.places, points.sizes, points.angles, codes_of(projections),
                                             self.candidate.aspect)  # fmt: skip
        return self._ours[view, variant]

    def theirs(self, view: int) -> View:
        ref, part = self.reference, self.reference.points_of(view)
        return View(ref.places[part], ref.sizes[part], ref.angles[part], ref.codes[part], ref.aspect)


def sightings(pair: Pair, suspicion: Suspicion) -> list[Sighting]:
    """Every suspicion that stands up to geometry."""
    found = []
    for view, variant, ref_view, _votes in suspicion.looks:
        ours, theirs = pair.ours(view, variant), pair.theirs(ref_view)
        placed = place(ours, theirs)
        if placed:
            found.append(local(pair, view, variant, ref_view, ours, theirs, placed))
    return found + _hashed(pair, suspicion)


def local(pair: Pair, view: int, variant: int, ref_view: int, ours: View, theirs: View, placed: Placement) -> Sighting:
    """What is known of two views of which one was found in the other."""
    here, there = ours.places[placed.ours], theirs.places[placed.theirs]
    matrix = placed.matrix @ unread(variant, pair.candidate.aspect[0])
    own = moved(unread(variant, pair.candidate.aspect[0]), here)
    return Sighting(
        float(pair.candidate.view_times[view]), float(pair.reference.view_times[ref_view]), matrix, _anchors(own),
        placed.points, "local", variant, view, ref_view,
        _spanned(there) / _ground(theirs), _share(ours, theirs, placed),
    )  # fmt: skip


def unread(variant: int, width: float) -> np.ndarray:
    """From the candidate's own places to those of its mirrored reading, and back."""
    return np.array([[-1.0, 0, width], [0, 1, 0], [0, 0, 1]]) if VARIANTS[variant].mirrored else np.eye(3)


def _anchors(places: np.ndarray) -> np.ndarray:
    """Middle and four sides of a cloud of points."""
    middle, spread = places.mean(axis=0), np.maximum(places.std(axis=0), 0.02)
    return middle + spread * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])


def _ground(theirs: View) -> float:
    """The part of a picture that has anything to find: a face before a black wall does not fill it."""
    whole = theirs.aspect[0] * theirs.aspect[1]
    return min(whole, max(0.15 * whole, 1.2 * _spanned(theirs.places)))


def _spanned(places: np.ndarray) -> float:
    """Area of the box that holds all but the outermost tenth of the points on each side."""
    low, high = np.quantile(places, (0.05, 0.95), axis=0)
    return float(np.prod(high - low))


def _share(ours: View, theirs: View, placed: Placement) -> float:
    """Of the candidate's points that lie where the agreeing ones do, how many agree."""
    low, high = np.quantile(ours.places[placed.ours], (0.05, 0.95), axis=0)
    land = moved(placed.matrix, ours.places)
    inside = ((ours.places >= low) & (ours.places <= high)).all(axis=1)
    inside &= (land > 0).all(axis=1) & (land < np.array(theirs.aspect)).all(axis=1)
    if not inside.any():
        return 0.0
    return float(agree(land[inside], ours.codes[inside], theirs, placed.matrix).mean())


def _hashed(pair: Pair, suspicion: Suspicion) -> list[Sighting]:
    """Whole frames that agree; only the closest reference frames of each candidate frame."""
    closest: dict[int, list[tuple[int, int, int, int, int, int]]] = {}
    for hit in sorted(suspicion.hits, key=lambda one: (one[4], one[1] > 0, one[3], one[2])):
        kept = closest.setdefault(hit[0], [])
        if len(kept) < 3 and hit[4] <= kept[0][4] + 6 if kept else True:
            kept.append(hit)
    chosen = [hit for hits in closest.values() for hit in hits]
    step = max(1, -(-len(chosen) // MOST_HITS))
    return [_whole(pair, *hit) for hit in chosen[::step]]


def _whole(
    pair: Pair, frame: int, layer: int, ref_frame: int, ref_layer: int, distance: int, negative: int
) -> Sighting:
    ours, theirs = pair.candidate, pair.reference
    read, ref_read = ours.layers[layer], theirs.layers[ref_layer]
    matrix = _from_unit(theirs, ref_read.trimmed) @ _TURNED[read.turn] @ np.linalg.inv(_from_unit(ours, read.trimmed))
    box = _from_unit(ours, read.trimmed)
    anchors = moved(box, np.array([[0.5, 0.5], [0.9, 0.5], [0.1, 0.5], [0.5, 0.9], [0.5, 0.1]]))
    points = max(4, round(HASH_POINTS * (1 - distance / 40)))
    return Sighting(float(ours.times[frame]), float(theirs.times[ref_frame]), matrix, anchors, points, "frame_hash",
                    2 * negative, -1, -1, 1.0, 1.0)  # fmt: skip


def _from_unit(media: MediaFingerprint, trimmed: bool) -> np.ndarray:
    """From shares of the hashed part of a picture to shares of the picture's longer side."""
    left, top, right, bottom = media.borders if trimmed else (0.0, 0.0, 1.0, 1.0)
    width, height = media.aspect
    return np.array(
        [[(right - left) * width, 0, left * width], [0, (bottom - top) * height, top * height], [0, 0, 1.0]]
    )


# From places in a turned picture back to places in the picture before it was turned, in shares of each side.
_TURNED = {
    "none": np.eye(3),
    "hflip": np.array([[-1.0, 0, 1], [0, 1, 0], [0, 0, 1]]),
    "vflip": np.array([[1.0, 0, 0], [0, -1, 1], [0, 0, 1]]),
    "rot180": np.array([[-1.0, 0, 1], [0, -1, 1], [0, 0, 1]]),
    "rot90": np.array([[0.0, 1, 0], [-1, 0, 1], [0, 0, 1]]),
    "rot270": np.array([[0.0, -1, 1], [1, 0, 0], [0, 0, 1]]),
    "transpose": np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]),
    "transverse": np.array([[0.0, -1, 1], [-1, 0, 1], [0, 0, 1]]),
}
