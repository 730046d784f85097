"""From single frames that look alike to a judgement about two media.

1. A hit is one hashed part of a candidate frame close to one part of a reference frame.
2. Hits vote for a line: the same turn, the same parts, the same shift in time.
3. Every frame on a line that got votes is looked at again; runs of close frames become segments.
4. A run is a copy only if time vouches for it. The frames must fit at this shift and clearly worse a second earlier or
   later (`gain`), and the candidate must move at all (`variety`). Another minute of the same fixed camera fits
   everywhere, another camera move over the same place fits for a moment: both are for an officer to look at.
Distances are bits of 256; two unlike pictures are about 128 apart, and the best of thousands rarely below 80.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .alignment import (
    GAP_SECONDS,
    LINE_RADIUS,
    SEED_BATCH,
    SEED_RADIUS,
    SIMPLER,
    Ballot,
    Line,
    Run,
    distinct_frames,
    runs_on,
    seed_frames,
)
from .audio import SoundMatch, compare_sound
from .fingerprint import FULL, Layer
from .index import HashIndex, Hits
from .media import FLAT, MediaFingerprint

SAME_SHIFT = 0.4
CONFIRMED_FRAMES, CONFIRMED_SECONDS, CONFIRMED_DISTANCE = 4, 1.0, 44
LOOSE_FRAMES, LOOSE_DISTANCE, LOOSE_GAIN = 8, 58, 30
SMALLEST_GAIN, SMALLEST_VARIETY = 8, 8
STILL_DISTANCE, STILL_OPINION, STILL_GAIN, STILL_AREA = 24, 8, 40, 0.6
STILL_FRAMES, STILL_EXACT = 3, 8
REVIEW_DISTANCE = 48
SOUND_REVIEW_SECONDS = 3.0
LISTED, REVIEWED, SURE = 0.05, 0.2, 0.6


class Segment(NamedTuple):
    """Seconds of the candidate that show these seconds of the reference."""

    cand_start: float
    cand_end: float
    ref_start: float
    ref_end: float
    score: float


def _rows_with_detail(media: MediaFingerprint, frames: np.ndarray) -> np.ndarray:
    """Numbers of the hashes (frames x layers, counted through) of some frames that are not plain."""
    rows = (frames[:, None] * len(media.layers) + np.arange(len(media.layers))).ravel()
    return rows[media.detail.ravel()[rows] >= FLAT]


@dataclass(frozen=True)
class Finding:
    """What is said about a candidate and one reference. `verdict`: `confirmed`, `review`, `none` (too faint)."""

    reference: str
    score: float
    verdict: str
    segments: list[Segment] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    transform: str = "none"
    best_cand_s: float = 0.0
    best_ref_s: float = 0.0
    query_percent: float = 0.0
    reference_percent: float = 0.0


class ReferenceSet:
    """The references one candidate is compared with; they come and go without rebuilding."""

    def __init__(self) -> None:
        self._fingerprints: dict[str, MediaFingerprint] = {}
        self._rows: dict[str, np.ndarray] = {}
        self._index = HashIndex()

    def __len__(self) -> int:
        return len(self._fingerprints)

    def add(self, ref_id: str, fingerprint: MediaFingerprint) -> None:
        """Add a reference, or put another fingerprint in its place. Parts without detail are not searched."""
        rows = _rows_with_detail(fingerprint, distinct_frames(fingerprint, step=1, alike=2, longest_gap=1.0))
        self._fingerprints[ref_id], self._rows[ref_id] = fingerprint, rows
        self._index.add(ref_id, fingerprint.hashes.reshape(-1, 4)[rows])

    def remove(self, ref_id: str) -> None:
        """Forget a reference; an unknown one is no error."""
        self._index.remove(ref_id)
        self._fingerprints.pop(ref_id, None)
        self._rows.pop(ref_id, None)

    def fingerprints(self) -> dict[str, MediaFingerprint]:
        return self._fingerprints

    def hits(self, hashes: np.ndarray, radius: int) -> dict[str, Hits]:
        """Hits by reference; `entry` counts frames x layers of that reference's fingerprint."""
        found = self._index.search(hashes, radius)
        return {name: hits._replace(entry=self._rows[name][hits.entry]) for name, hits in found.items()}


def compare(candidate: MediaFingerprint, references: ReferenceSet) -> list[Finding]:
    """Judge a candidate against every reference: findings scoring at least 0.05, best first."""
    ballots: dict[str, Ballot] = {}
    seeds = seed_frames(candidate)
    for start in range(0, len(seeds), SEED_BATCH):
        rows = _rows_with_detail(candidate, seeds[start : start + SEED_BATCH])
        for name, hits in references.hits(candidate.hashes.reshape(-1, 4)[rows], SEED_RADIUS).items():
            ballot = ballots.setdefault(name, Ballot(candidate, references.fingerprints()[name]))
            ballot.count(hits._replace(query=rows[hits.query]))
    findings = []
    for name, reference in references.fingerprints().items():
        lines = ballots[name].elected() if name in ballots else []
        finding = _judge(name, candidate, reference, lines)
        if finding.score >= LISTED:
            findings.append(finding)
    return sorted(findings, key=lambda finding: (-finding.score, finding.reference))


def _judge(name: str, candidate: MediaFingerprint, reference: MediaFingerprint, lines: list[Line]) -> Finding:
    runs = sorted((run for line in lines for run in runs_on(candidate, reference, line)),
                  key=lambda run: -run.weight)  # fmt: skip
    sound = compare_sound((candidate.sound, candidate.loud), (reference.sound, reference.loud))
    if not runs:
        return _sound_only(name, candidate, reference, sound)
    scored = [(_score(candidate, reference, run, sound), run) for run in runs]
    score, best = max(scored, key=lambda pair: (verdict_of(pair[0]) == "confirmed", pair[0] * _plainness(pair[1])))
    if sound and score < REVIEWED:
        return _sound_only(name, candidate, reference, sound)
    chosen = _apart_in_time(candidate, [(value, run) for value, run in scored if value >= min(score, REVIEWED)], best)
    segments = _joined([_segment(candidate, reference, run, value) for value, run in chosen])
    closest = int(best.apart.argmin())
    return Finding(
        reference=name, score=round(score, 4), verdict=verdict_of(score), segments=segments,
        kinds=_kinds(candidate, reference, best, sound), transform=_transform(candidate, reference, best),
        best_cand_s=_seconds(candidate.times[best.frames[closest]]),
        best_ref_s=_seconds(reference.times[best.ref_frames[closest]]),
        query_percent=_percent([(one.cand_start, one.cand_end) for one in segments], candidate),
        reference_percent=_percent([(one.ref_start, one.ref_end) for one in segments], reference),
    )  # fmt: skip


def _plainness(run: Run) -> float:
    return SIMPLER if run.line.layer or run.line.ref_layer else 1.0


def verdict_of(score: float) -> str:
    """`confirmed` from 0.6, `review` from 0.2, else `none`."""
    return "confirmed" if score >= SURE else "review" if score >= REVIEWED else "none"


def _score(candidate: MediaFingerprint, reference: MediaFingerprint, run: Run, sound: SoundMatch | None) -> float:
    """0.6 to 1 for a copy, 0.2 to 0.6 for something worth a look, below that for a faint resemblance."""
    closeness = float(np.clip((LINE_RADIUS + 8 - run.distance) / (LINE_RADIUS + 8), 0, 1))
    amount = 1 - float(np.exp(-len(run.frames) / 4))
    if _is_copy(candidate, reference, run, sound):
        return SURE + (1 - SURE) * closeness * (amount if "image" not in (candidate.kind, reference.kind) else 1)
    if len(run.frames) >= 3 or run.apart.min() <= REVIEW_DISTANCE:
        return REVIEWED + (SURE - REVIEWED) * 0.95 * closeness * amount
    return LISTED + (REVIEWED - LISTED) * 0.9 * closeness


def _is_copy(candidate: MediaFingerprint, reference: MediaFingerprint, run: Run, sound: SoundMatch | None) -> bool:
    if "image" in (candidate.kind, reference.kind):
        return _is_same_still(candidate, reference, run)
    times = candidate.times[run.frames]
    enough = len(run.frames) >= CONFIRMED_FRAMES and float(times[-1] - times[0]) >= CONFIRMED_SECONDS - 0.26
    if not enough:
        return False
    if run.distance <= LOOSE_DISTANCE and _sounds_along(run, sound):
        return True
    moving = run.variety >= SMALLEST_VARIETY and run.gain >= SMALLEST_GAIN and run.distance <= 1.5 * run.gain
    close = run.distance <= CONFIRMED_DISTANCE
    loose = len(run.frames) >= LOOSE_FRAMES and run.distance <= LOOSE_DISTANCE and run.gain >= LOOSE_GAIN
    return moving and (close or loose)


def _is_same_still(candidate: MediaFingerprint, reference: MediaFingerprint, run: Run) -> bool:
    """One picture has no time to vouch for it: it must be closer, and a second hash or the film must agree."""
    shown = min(candidate.layers[run.line.layer].box.area, reference.layers[run.line.ref_layer].box.area)
    if run.apart.min() > STILL_DISTANCE or shown < STILL_AREA:
        return False
    if len(candidate.phash) and len(reference.phash):
        opinion = int(candidate.phash[run.line.layer]) ^ int(reference.phash[run.line.ref_layer])
        return opinion.bit_count() <= STILL_OPINION
    if reference.kind == "image":
        # Shown for a while, or all but identical: a film that only passes a similar view is not the photograph.
        return int((run.apart <= STILL_DISTANCE).sum()) >= STILL_FRAMES or run.apart.min() <= STILL_EXACT
    # A film of a fixed camera holds many frames much like any still of that room.
    return run.gain >= STILL_GAIN


def _sounds_along(run: Run, sound: SoundMatch | None) -> bool:
    return sound is not None and abs(sound.offset - run.line.shift) <= SAME_SHIFT


def _apart_in_time(candidate: MediaFingerprint, scored: list[tuple[float, Run]], best: Run) -> list[tuple[float, Run]]:
    """The best run and further ones that explain other seconds of the candidate (a recut copy has several)."""
    taken = np.zeros(candidate.frame_count, bool)
    chosen = []
    for value, run in sorted(scored, key=lambda pair: (pair[1] is not best, -pair[1].weight)):
        if not taken[run.frames[0] : run.frames[-1] + 1].any():
            taken[run.frames[0] : run.frames[-1] + 1] = True
            chosen.append((value, run))
    return chosen


def _segment(candidate: MediaFingerprint, reference: MediaFingerprint, run: Run, score: float) -> Segment:
    cand = _stretch(candidate, run.frames)
    ref = _stretch(reference, run.ref_frames)
    return Segment(*cand, *ref, round(score, 4))


def _joined(segments: list[Segment]) -> list[Segment]:
    """Segments in order of time; neighbours that continue each other at the same shift become one."""
    joined: list[Segment] = []
    for one in sorted(segments):
        last = joined[-1] if joined else None
        drift = abs((one.cand_start - one.ref_start) - (last.cand_start - last.ref_start)) if last else 1.0
        if last and drift <= SAME_SHIFT and one.cand_start - last.cand_end <= 2 * GAP_SECONDS:
            joined[-1] = Segment(last.cand_start, one.cand_end, last.ref_start, max(last.ref_end, one.ref_end),
                                 max(last.score, one.score))  # fmt: skip
        else:
            joined.append(one)
    return joined


def _stretch(media: MediaFingerprint, frames: np.ndarray) -> tuple[float, float]:
    start, last = float(media.times[frames.min()]), float(media.times[frames.max()])
    step = float(media.times[1] - media.times[0]) if media.frame_count > 1 else 0.0
    return _seconds(start), _seconds(min(last + step, max(media.duration_seconds, last)))


def _seconds(value: float) -> float:
    return round(float(value), 3)


def _percent(stretches: list[tuple[float, float]], media: MediaFingerprint) -> float:
    if media.kind == "image" or media.duration_seconds <= 0:
        return 100.0
    covered, reached = 0.0, 0.0
    for start, end in sorted(stretches):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return round(min(100.0, 100 * covered / media.duration_seconds), 1)


def _kinds(candidate: MediaFingerprint, reference: MediaFingerprint, run: Run, sound: SoundMatch | None) -> list[str]:
    whole = candidate.layers[run.line.layer].box == FULL and reference.layers[run.line.ref_layer].box == FULL
    return ["frame_hash" if whole else "crop"] + (["audio"] if _sounds_along(run, sound) else [])


def _transform(candidate: MediaFingerprint, reference: MediaFingerprint, run: Run) -> str:
    """The edits that explain the match, in words a person can check by eye."""
    layer: Layer = candidate.layers[run.line.layer]
    shown, whole = layer.box.area, reference.layers[run.line.ref_layer].box.area
    names = [
        "letterbox" if candidate.has_borders and not reference.has_borders else "",
        layer.turn if layer.turn != "none" else "",
        "crop" if whole < shown - 0.02 else "bar" if whole > shown + 0.02 else "",
        "overlay" if abs(whole - shown) <= 0.02 and shown < 1 else "",
    ]
    return "+".join(name for name in names if name) or "none"


def _sound_only(name: str, candidate: MediaFingerprint, reference: MediaFingerprint, sound: SoundMatch | None
                ) -> Finding:  # fmt: skip
    """Sound without pictures is never confirmed: the same song lies under unlike films."""
    if sound is None or sound.cand_end - sound.cand_start < SOUND_REVIEW_SECONDS:
        return Finding(name, 0.0, "none")
    length = sound.cand_end - sound.cand_start
    score = round(REVIEWED + 0.3 * (1 - float(np.exp(-length / 20))), 4)
    heard = Segment(_seconds(sound.cand_start), _seconds(sound.cand_end), _seconds(sound.cand_start - sound.offset),
                    _seconds(sound.cand_end - sound.offset), score)  # fmt: skip
    return Finding(name, score, verdict_of(score), [heard], ["audio"], "none", heard.cand_start, heard.ref_start,
                   _percent([(heard.cand_start, heard.cand_end)], candidate),
                   _percent([(heard.ref_start, heard.ref_end)], reference))  # fmt: skip
