"""The judgement about a candidate and one reference.

1. The shelf names references that share points or whole frames with the candidate (shelf.suspicions).
2. Geometry keeps those sightings in which the points also lie alike (sightings).
3. Sightings at one place of the picture that run along the reference at one speed are a line (lines).
4. A line is a copy only if time vouches for it (vouching). The rest is for an officer to look at, or faint.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from .audio import SoundMatch, compare_sound
from .following import followed
from .learned import raised, suspicion_from
from .lines import Line, lines, strongest
from .media import MediaFingerprint
from .shelf import ReferenceSet, Suspicion
from .sightings import Pair, Sighting, sightings
from .transforms import named
from .weighing import REVIEWED, SURE, Signs, score_of, weigh

LISTED = 0.05
SHORTEST_GAP = 1.6
MOST_PAIRS = 12
LEAST_HEARD = 3.0


class Segment(NamedTuple):
    """Seconds of the candidate that show these seconds of the reference."""

    cand_start: float
    cand_end: float
    ref_start: float
    ref_end: float
    score: float


@dataclass(frozen=True)
class Finding:
    """What is said about a candidate and one reference. `verdict`: `confirmed`, `review`, `none` (too faint).

    `pairs` are moments that show the same: seconds of the candidate, of the reference, points that agree. `signs` is
    what the verdict was drawn from (weighing.Signs).
    """

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
    pairs: list[tuple[float, float, int]] = field(default_factory=list)
    signs: dict[str, Any] = field(default_factory=dict)


def compare(candidate: MediaFingerprint, references: ReferenceSet) -> list[Finding]:
    """Judge a candidate against every reference: findings scoring at least 0.05, best first."""
    findings = []
    for name, suspicion in references.suspicions(candidate).items():
        pair = Pair(candidate, references.fingerprints()[name])
        finding = _with_likeness(name, pair, suspicion, _judge(name, pair, suspicion))
        if finding is not None and finding.score >= LISTED:
            findings.append(finding)
    return sorted(findings, key=lambda finding: (-finding.score, finding.reference))


def verdict_of(score: float) -> str:
    """`confirmed` from 0.6, `review` from 0.2, else `none`."""
    return "confirmed" if score >= SURE else "review" if score >= REVIEWED else "none"


def _with_likeness(name: str, pair: Pair, suspicion: Suspicion, finding: Finding | None) -> Finding | None:
    """A pair for which nothing else speaks is for an officer to look at when the learned descriptor finds it alike."""
    if suspicion.alike is None:
        return finding
    moments = suspicion_from(suspicion.alike, pair.candidate.view_times, pair.reference.view_times)
    judged = finding or Finding(reference=name, score=0.0, verdict="none")
    score = raised(judged.score, moments)
    if score == judged.score:
        return finding
    return replace(judged, score=score, verdict=verdict_of(score), kinds=[*judged.kinds, "learned"],
                   best_cand_s=moments[0][0], best_ref_s=moments[0][1])  # fmt: skip


def _judge(name: str, pair: Pair, suspicion: Suspicion) -> Finding | None:
    still = "image" in (pair.candidate.kind, pair.reference.kind)
    found = strongest(sightings(pair, suspicion))
    found = strongest(found + followed(pair, found))
    drawn = lines(found, still, _gap(pair.candidate))
    sound = None if still else compare_sound((pair.candidate.sound, pair.candidate.loud),
                                             (pair.reference.sound, pair.reference.loud))  # fmt: skip
    if not drawn:
        return _heard(name, pair, sound)
    weighed = [weigh(pair, found, line, sound) for line in drawn]
    if not still and max(map(score_of, weighed)) < SURE and any(line.speed != 1 for line in drawn):
        again = lines(found, still, _gap(pair.candidate), normal_speed=True)
        weighed_again = [weigh(pair, found, line, sound) for line in again]
        if max(map(score_of, weighed_again), default=0.0) >= SURE:
            drawn, weighed = again, weighed_again
    score, best = max(((score_of(signs), -number) for number, signs in enumerate(weighed)))
    line, signs = drawn[-best], weighed[-best]
    chosen = [(one, mine) for one, mine in zip(drawn, weighed, strict=True)
              if one is line or score_of(mine) >= min(score, SURE)]  # fmt: skip
    segments = sorted(_segment(pair, found, one, mine) for one, mine in chosen)
    closest = max(line.members.tolist(), key=lambda one: found[one].points)
    return Finding(
        reference=name, score=round(score, 4), verdict=verdict_of(score), segments=segments,
        kinds=_kinds(found, line, signs), transform=named(pair, found[closest], line),
        best_cand_s=_seconds(found[closest].cand_s), best_ref_s=_seconds(found[closest].ref_s),
        query_percent=_percent([(one.cand_start, one.cand_end) for one in segments], pair.candidate),
        reference_percent=_percent([(one.ref_start, one.ref_end) for one in segments], pair.reference),
        pairs=_pairs(found, line), signs=_rounded(signs),
    )  # fmt: skip


def _heard(name: str, pair: Pair, sound: SoundMatch | None) -> Finding | None:
    """Sound without pictures is for an officer to look at: the same song lies under unlike films."""
    if sound is None or sound.cand_end - sound.cand_start < LEAST_HEARD:
        return None
    length = sound.cand_end - sound.cand_start
    score = round(REVIEWED + 0.3 * (1 - float(np.exp(-length / 20))), 4)
    start, end = (_seconds(sound.speed * one - sound.offset) for one in (sound.cand_start, sound.cand_end))
    heard = Segment(_seconds(sound.cand_start), _seconds(sound.cand_end), start, end, score)
    return Finding(name, score, verdict_of(score), [heard], ["audio"], "none", heard.cand_start, heard.ref_start,
                   _percent([(heard.cand_start, heard.cand_end)], pair.candidate),
                   _percent([(heard.ref_start, heard.ref_end)], pair.reference))  # fmt: skip


def _gap(media: MediaFingerprint) -> float:
    """Seconds without a sighting that end a stretch: a few of the moments at which this film was looked at."""
    usual = float(np.median(np.diff(media.view_times))) if media.view_count > 2 else 0.5
    return max(SHORTEST_GAP, 3.2 * usual)


def _segment(pair: Pair, found: list[Sighting], line: Line, signs: Signs) -> Segment:
    times = [found[one].cand_s for one in line.members.tolist()]
    step = _spacing(pair.candidate)
    start, end = max(0.0, min(times)), min(max(times) + step, pair.candidate.duration_seconds)
    if pair.reference.kind == "image":
        ref = (0.0, 0.0)
    elif pair.candidate.kind == "image":
        ref = (found[int(line.members[0])].ref_s,) * 2
    else:
        low, high = sorted((line.ref_seconds(np.array([start, end])) + signs.shift).tolist())
        ref = (max(0.0, low), min(pair.reference.duration_seconds, high))
    return Segment(_seconds(start), _seconds(end), _seconds(ref[0]), _seconds(ref[1]), round(score_of(signs), 4))


def _spacing(media: MediaFingerprint) -> float:
    """Seconds between a film's frames as they were sampled."""
    return float(media.times[1] - media.times[0]) if media.frame_count > 1 else 0.0


def _seconds(value: float) -> float:
    return round(float(value), 3)


def _percent(parts: list[tuple[float, float]], media: MediaFingerprint) -> float:
    if media.kind == "image" or media.duration_seconds <= 0:
        return 100.0
    covered, reached = 0.0, 0.0
    for start, end in sorted(parts):
        covered += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return round(min(100.0, 100 * covered / media.duration_seconds), 1)


def _pairs(found: list[Sighting], line: Line) -> list[tuple[float, float, int]]:
    """Some of the moments on a line, spread over it."""
    members = sorted((found[one] for one in line.members.tolist()), key=lambda one: one.cand_s)
    some = members[:: max(1, -(-len(members) // MOST_PAIRS))]
    return [(_seconds(one.cand_s), _seconds(one.ref_s), one.points) for one in some]


def _rounded(signs: Signs) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in signs._asdict().items()}


def _kinds(found: list[Sighting], line: Line, signs: Signs) -> list[str]:
    return [*sorted({found[one].by for one in line.members.tolist()}), *(["audio"] if signs.sound else [])]
