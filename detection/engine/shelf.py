"""The references one candidate is compared with, and which of them are worth a closer look."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import fingerprint as pdq
from .geometry import View, backing
from .hashindex import HashIndex, Hits, RadiusIndex
from .learned import MOST_ALIKE, Alike, nearest
from .media import FLAT, MediaFingerprint
from .pointindex import PointIndex, Vote
from .points import VARIANTS, Points
from .soundindex import SoundIndex

HASH_RADIUS = 31
MOST_LOOKED_AT = 12
# Of so many pictures, and of no more of one reference, it is asked whether the points that vote for them lie alike.
MOST_ASKED, MOST_ASKED_IN_LONG, MOST_ASKED_OF_ONE = 48, 12, 8
# The strongest points are enough to ask with where there are many views.
ASKED_IN_LONG = 300
# Points that must lie alike before a closer look: fewer do by chance.
FEWEST_BACKING = 5
PER_REFERENCE, CLEARLY_FEWER = 3, 3
# A long film is asked about some of its views, seldom as a negative, and about all around those that something backs well.
SHORT_VIEWS, VERY_LONG_VIEWS = 48, 300
STEPS, STEPS_LONG, STEPS_VERY_LONG = (1, 1, 1, 1), (1, 2, 4, 4), (2, 2, 8, 8)
# In a very long one, views that clearly show one reference and no other are seldom asked about in further readings, and
# not at all between two of them: a whole copy would cost most of all.
BACKED_WELL, BACKED_FIRMLY, SELDOM = 8, 40, 8
# At least half of the most views a film has, or the moments left would lie too far apart to be one stretch.
MOST_LOOKS = 600
MOST_HASHED_FRAMES = 2_400


# (reference, candidate view, variant, reference view, points)
Look = tuple[str, int, int, int, int]


@dataclass
class Suspicion:
    """Why one reference deserves a closer look.

    `looks`: (candidate view, variant, reference view, votes); `hits`: rows of (candidate frame, layer, reference frame,
    reference layer, distance, whether as a negative); `alike`: views that look alike to the learned descriptor.
    """

    looks: list[tuple[int, int, int, int]] = field(default_factory=list)
    hits: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    alike: Alike | None = None


class ReferenceSet:
    """References come and go without rebuilding."""

    def __init__(self) -> None:
        self._fingerprints: dict[str, MediaFingerprint] = {}
        self._points = PointIndex()
        self._hashes: RadiusIndex = HashIndex()
        self._owners: dict[int, str] = {}
        self._owner_of: dict[str, int] = {}
        self._next_owner = 0
        self._sounds = SoundIndex()
        self._rows: dict[str, np.ndarray] = {}
        self._views: list[tuple[str, int]] = []
        self._numbers: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._fingerprints)

    def add(self, ref_id: str, fingerprint: MediaFingerprint) -> None:
        """Add a reference, or put another fingerprint in its place."""
        self.remove(ref_id)
        self._fingerprints[ref_id] = fingerprint
        self._sounds.add(ref_id, fingerprint.sound, fingerprint.loud)
        for view in range(fingerprint.view_count):
            part = fingerprint.points_of(view)
            self._numbers.setdefault(ref_id, []).append(len(self._views))
            self._points.add(
                len(self._views), fingerprint.codes[part], fingerprint.angles[part], fingerprint.sizes[part]
            )
            self._views.append((ref_id, view))
        rows = rows_with_detail(fingerprint, distinct_frames(fingerprint, step=1, alike=2, longest_gap=1.0))
        self._rows[ref_id] = rows
        # An owner's number is used once, so that what was removed can never be taken for something new.
        self._owners[self._next_owner], self._owner_of[ref_id] = ref_id, self._next_owner
        self._hashes.add(self._next_owner, fingerprint.hashes.reshape(-1, 4)[rows])
        self._next_owner += 1

    def remove(self, ref_id: str) -> None:
        """Forget a reference; an unknown one is no error."""
        if self._fingerprints.pop(ref_id, None) is None:
            return
        self._sounds.remove(ref_id)
        self._points.remove(self._numbers.pop(ref_id, []))
        owner = self._owner_of.pop(ref_id)
        del self._owners[owner]
        self._hashes.remove(owner)
        del self._rows[ref_id]

    def settle(self) -> None:
        """Index now what was added; otherwise the next comparison does it."""
        self._points.settle()

    def fingerprints(self) -> dict[str, MediaFingerprint]:
        return self._fingerprints

    def suspicions(self, candidate: MediaFingerprint) -> dict[str, Suspicion]:
        """References that share points, whole frames or sound with the candidate."""
        found: dict[str, Suspicion] = {}
        for looks in self._looks(candidate):
            for look in _likeliest(looks):
                found.setdefault(look[0], Suspicion()).looks.append(look[1:])
        for suspicion in found.values():
            suspicion.looks = _spread(suspicion.looks)
        self._resemble(candidate, found)
        self._hit(candidate, found)
        for ref_id in self._sounds.candidates(candidate.sound, candidate.loud):
            found.setdefault(ref_id, Suspicion())
        return found

    def _looks(self, candidate: MediaFingerprint) -> list[list[Look]]:
        """The registered pictures that something of each view backs, in any reading."""
        count = candidate.view_count
        looks: list[list[Look]] = [[] for _ in range(count)]
        plain: set[int] = set()
        for variant, step in enumerate(_steps(count)):
            first = [view for view in range(0, count, step) if view not in plain or view % SELDOM == 0]
            asked = {view: self._backed(candidate, view, variant) for view in first}
            shown = _clearly_shown(asked, count)
            near = {other for view, found in asked.items() if variant == 0 or _most_backed(found) >= BACKED_WELL
                    for other in range(max(0, view - step + 1), min(count, view + step))}  # fmt: skip
            near = {view for view in near - asked.keys() if not _between(view, step, shown)}
            asked.update((view, self._backed(candidate, view, variant)) for view in sorted(near))
            plain |= _clearly_shown(asked, count).keys()
            for view, found in asked.items():
                looks[view] += found
        return looks

    def _backed(self, candidate: MediaFingerprint, view: int, variant: int) -> list[Look]:
        """The registered pictures most like one view in one reading."""
        long = candidate.view_count > SHORT_VIEWS
        points, projections = candidate.points_read_as(view, VARIANTS[variant])
        asked = slice(0, ASKED_IN_LONG if long else None)
        looks = []
        votes = self._points.votes(projections[asked], points.angles[asked], points.sizes[asked], FEWEST_BACKING)
        for vote in self._few_of_each(votes)[: MOST_ASKED_IN_LONG if long else MOST_ASKED]:
            ref_id, ref_view = self._views[vote.view]
            backed = self._backing(points, ref_id, ref_view, vote)
            if backed >= FEWEST_BACKING:
                looks.append((ref_id, view, variant, ref_view, backed))
        return looks

    def _few_of_each(self, votes: list[Vote]) -> list[Vote]:
        """Votes without those for further pictures of one reference."""
        kept: list[Vote] = []
        named: dict[str, int] = {}
        for vote in votes:
            ref_id, _ = self._views[vote.view]
            named[ref_id] = named.get(ref_id, 0) + 1
            if named[ref_id] <= MOST_ASKED_OF_ONE:
                kept.append(vote)
        return kept

    def _backing(self, points: Points, ref_id: str, ref_view: int, vote: Vote) -> int:
        """How many of the points that vote also lie where one map puts them."""
        reference = self._fingerprints[ref_id]
        part = reference.points_of(ref_view)
        none = np.zeros((0, 4), np.uint64)
        ours = View(points.places, points.sizes, points.angles, none, (1, 1))
        theirs = View(reference.places[part], reference.sizes[part], reference.angles[part], none, (1, 1))
        return backing(ours, theirs, vote.ours, vote.theirs)

    def _resemble(self, candidate: MediaFingerprint, found: dict[str, Suspicion]) -> None:
        """What the learned descriptor finds alike is looked at too; it has no votes of its own."""
        for ref_id, reference in self._fingerprints.items():
            if not candidate.model or reference.model != candidate.model:
                continue
            alike = nearest(candidate.learned, reference.learned)
            if not len(alike.query):
                continue
            suspicion = found.setdefault(ref_id, Suspicion())
            suspicion.alike = alike
            known = {(look[0], look[2]) for look in suspicion.looks}
            closest = np.argsort(-alike.similarity, kind="stable")[:MOST_ALIKE]
            pairs = zip(alike.query[closest].tolist(), alike.entry[closest].tolist(), strict=True)
            suspicion.looks += [(view, 0, ref_view, 0) for view, ref_view in pairs if (view, ref_view) not in known]

    def _hit(self, candidate: MediaFingerprint, found: dict[str, Suspicion]) -> None:
        frames = distinct_frames(candidate, step=1, alike=2, longest_gap=2.0)
        frames = frames[:: max(1, -(-len(frames) // MOST_HASHED_FRAMES))]
        rows = rows_with_detail(candidate, frames)
        hashes = candidate.hashes.reshape(-1, 4)[rows]
        for negative, queries in enumerate((hashes, ~hashes)):
            hits = self._hashes.search(queries, HASH_RADIUS)
            for owner in np.unique(hits.owner).tolist():
                mine = hits.owner == owner
                ref_id = self._owners[owner]
                found.setdefault(ref_id, Suspicion()).hits += self._listed(
                    ref_id, candidate, rows, Hits(*(column[mine] for column in hits)), negative
                )

    def _listed(self, ref_id: str, candidate: MediaFingerprint, rows: np.ndarray, hits: Hits, negative: int
                ) -> list[tuple[int, int, int, int, int, int]]:  # fmt: skip
        frame, layer = np.divmod(rows[hits.query], len(candidate.layers))
        ref_frame, ref_layer = np.divmod(self._rows[ref_id][hits.entry], len(pdq.DENSE_LAYERS))
        columns = (frame, layer, ref_frame, ref_layer, hits.distance)
        return [(*row, negative) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _steps(count: int) -> tuple[int, ...]:
    """Of so many views every how many-th is asked about first, in each reading."""
    return STEPS_VERY_LONG if count > VERY_LONG_VIEWS else STEPS_LONG if count > SHORT_VIEWS else STEPS


def _clearly_shown(asked: dict[int, list[Look]], count: int) -> dict[int, str]:
    """The reference that a view clearly shows, and no other; of a film with few views every one is looked into."""
    if count <= VERY_LONG_VIEWS:
        return {}
    shown = {view: {look[0] for look in found if look[4] >= BACKED_WELL} for view, found in asked.items()}
    return {view: next(iter(names)) for view, names in shown.items()
            if len(names) == 1 and _most_backed(asked[view]) >= BACKED_FIRMLY}  # fmt: skip


def _between(view: int, step: int, shown: dict[int, str]) -> bool:
    """Whether the views asked about before and after this one show the same reference."""
    before = view - view % step
    return before in shown and shown[before] == shown.get(before + step)


def _most_backed(looks: list[Look]) -> int:
    return max((look[4] for look in looks), default=0)


def _likeliest(looks: list[Look]) -> list[Look]:
    """The best of one view's looks, a few for each reference."""
    most: dict[str, int] = {}
    seen: dict[str, int] = {}
    kept = []
    for look in sorted(looks, key=lambda look: -look[4])[:MOST_LOOKED_AT]:
        ref_id = look[0]
        seen[ref_id] = seen.get(ref_id, 0) + 1
        if seen[ref_id] <= PER_REFERENCE and look[4] >= most.setdefault(ref_id, look[4]) / CLEARLY_FEWER:
            kept.append(look)
    return kept


def _spread(looks: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Of a long copy enough is enough: fewer looks at each view, and only then fewer views, evenly spread."""
    if len(looks) <= MOST_LOOKS:
        return looks
    of_each: dict[int, list[tuple[int, int, int, int]]] = {}
    for look in looks:
        of_each.setdefault(look[0], []).append(look)
    a_view = max(1, MOST_LOOKS // len(of_each))
    views = sorted(of_each)[:: -(-len(of_each) // MOST_LOOKS)]
    return [look for view in views for look in sorted(of_each[view], key=lambda look: -look[3])[:a_view]]


def rows_with_detail(media: MediaFingerprint, frames: np.ndarray) -> np.ndarray:
    """Numbers of the hashes (frames x layers, counted through) of some frames that are not plain."""
    rows = (frames[:, None] * len(media.layers) + np.arange(len(media.layers))).ravel()
    return rows[media.detail.ravel()[rows] >= FLAT]


def distinct_frames(media: MediaFingerprint, step: int, alike: int, longest_gap: float) -> np.ndarray:
    """Every step-th frame unless it is within `alike` bits of one kept less than `longest_gap` seconds ago."""
    kept: list[int] = []
    for number in range(0, media.frame_count, step):
        recent = kept and media.times[number] - media.times[kept[-1]] < longest_gap
        if not recent or np.bitwise_count(media.hashes[number, 0] ^ media.hashes[kept[-1], 0]).sum() > alike:
            kept.append(number)
    return np.array(kept, dtype=np.int64)
