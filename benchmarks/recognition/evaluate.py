"""From the truth of a set and a report of `match_media` to figures. Pure: dictionaries in, numbers out.

A pair is (candidate, reference). True pairs are the `copies` of the truth; `same_scene` pairs (the same place at another
moment) are neither right nor wrong and are counted on their own; every other pair is a negative.
A true pair without a row in the report, or whose candidate could not be read, is a miss.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

REVIEWED = 0.2  # a `review` row below this score is listed for ranking only

Pair = tuple[str, str]
Span = tuple[float, float]


@dataclass(frozen=True)
class Rate:
    """`hits` of `total` with the Wilson 95 % interval."""

    hits: int
    total: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassRecall:
    """One edit class: true pairs found at `confirmed`, and at `confirmed` or `review`."""

    name: str
    confirmed: Rate
    reviewed: Rate


@dataclass(frozen=True)
class PairNote:
    """One pair worth looking at while tuning; `score` 0 and `verdict` none when the report does not list it."""

    candidate: str
    reference: str
    edit: str
    score: float
    verdict: str
    params: dict[str, Any]
    error: str | None


@dataclass(frozen=True)
class SegmentFit:
    """How well the segments of found pairs lie, 0..1; `precision` and `recall` are products over the two axes."""

    pairs: int
    iou: float | None
    iou_candidate: float | None
    iou_reference: float | None
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Cost:
    """CPU seconds spent on candidates; `per_video_minute` is None when the report knows no lengths."""

    video_minutes: float
    per_video_minute: float | None
    images: int
    per_image: float | None


@dataclass(frozen=True)
class Evaluation:
    """Every figure of one report; shares are 0..1."""

    macro_recall_confirmed: float
    macro_recall_reviewed: float
    macro_by_base: dict[str, tuple[float, float]]
    classes: list[ClassRecall]
    micro_ap: float
    recall_above_every_negative: float
    true_pairs: int
    negative_pairs: int
    same_scene_pairs: int
    false_confirmed: int
    false_review: int
    same_scene_confirmed: int
    same_scene_review: int
    candidates_with_error: int
    candidates_without_row: int
    segments: SegmentFit
    cost: Cost
    misses: list[PairNote]
    false_pairs: list[PairNote]


def evaluate(truth: dict[str, Any], report: dict[str, Any]) -> Evaluation:
    """Compare a report with the truth. Raises ValueError when the report speaks of files the truth does not know."""
    found = _rows_by_pair(truth, report)
    copies, scenes = copies_of(truth), _scenes_of(truth)
    negatives = {pair: row for pair, row in found.items() if pair not in copies and pair not in scenes}
    wrong, akin = [level(row) for row in negatives.values()], [level(found.get(pair)) for pair in scenes]
    ranked = [(float(row["score"]), pair in copies) for pair, row in found.items() if pair not in scenes]
    classes = _recall_by_class(truth, found)
    return Evaluation(
        macro_recall_confirmed=_macro(classes)[0],
        macro_recall_reviewed=_macro(classes)[1],
        macro_by_base=_macro_by_base(classes),
        classes=classes,
        micro_ap=micro_average_precision(ranked, len(copies)),
        recall_above_every_negative=recall_above_every_negative(ranked, len(copies)),
        true_pairs=len(copies),
        negative_pairs=len(truth["references"]) * len(truth["candidates"]) - len(copies) - len(scenes),
        same_scene_pairs=len(scenes),
        false_confirmed=wrong.count("confirmed"),
        false_review=wrong.count("review"),
        same_scene_confirmed=akin.count("confirmed"),
        same_scene_review=akin.count("review"),
        candidates_with_error=sum(bool(row.get("error")) for row in report["candidates"]),
        candidates_without_row=len(_ids(truth["candidates"]) - _ids(report["candidates"])),
        segments=_segment_fit(copies, found),
        cost=cost_of(report),
        misses=_notes(truth, report, found, [pair for pair in copies if level(found.get(pair)) != "confirmed"]),
        false_pairs=_notes(truth, report, found, [pair for pair, row in negatives.items() if level(row) != "none"]),
    )


def level(row: dict[str, Any] | None) -> str:
    """`confirmed`, `review` or `none`: what a row of the report says to an officer."""
    if row is None:
        return "none"
    if row["verdict"] == "confirmed":
        return "confirmed"
    return "review" if row["verdict"] == "review" and row["score"] >= REVIEWED else "none"


def copies_of(truth: dict[str, Any]) -> dict[Pair, dict[str, Any]]:
    """Every true pair with its entry of `copies`."""
    return {(one["id"], copy["reference"]): copy for one in truth["candidates"] for copy in one.get("copies", [])}


def _scenes_of(truth: dict[str, Any]) -> set[Pair]:
    scenes = {(one["id"], name) for one in truth["candidates"] for name in one.get("same_scene", [])}
    return scenes - set(copies_of(truth))


def _ids(rows: list[dict[str, Any]]) -> set[str]:
    return {one["id"] for one in rows}


def _rows_by_pair(truth: dict[str, Any], report: dict[str, Any]) -> dict[Pair, dict[str, Any]]:
    candidates, references = _ids(truth["candidates"]), _ids(truth["references"])
    rows: dict[Pair, dict[str, Any]] = {}
    for row in report["matches"]:
        pair = (row["candidate"], row["reference"])
        if pair[0] not in candidates or pair[1] not in references:
            raise ValueError(f"The report names {pair}, which the truth does not know: it is of another set.")
        if pair in rows:
            raise ValueError(f"The report lists {pair} twice.")
        rows[pair] = row
    return rows


def wilson(hits: int, total: int) -> Rate:
    """Share with its 95 % interval (Wilson score); 0..1 without any trial."""
    if total == 0:
        return Rate(0, 0, 0.0, 0.0, 1.0)
    z = 1.959964
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return Rate(hits, total, share, max(0.0, middle - half), min(1.0, middle + half))


def _recall_by_class(truth: dict[str, Any], found: dict[Pair, dict[str, Any]]) -> list[ClassRecall]:
    classes = {one["id"]: one["class"] for one in truth["candidates"]}
    levels: dict[str, list[str]] = defaultdict(list)
    for pair in copies_of(truth):
        levels[classes[pair[0]]].append(level(found.get(pair)))
    return [
        ClassRecall(name, wilson(got.count("confirmed"), len(got)), wilson(len(got) - got.count("none"), len(got)))
        for name, got in sorted(levels.items())
    ]


def _macro(classes: list[ClassRecall]) -> tuple[float, float]:
    count = max(1, len(classes))
    return sum(one.confirmed.share for one in classes) / count, sum(one.reviewed.share for one in classes) / count


def _macro_by_base(classes: list[ClassRecall]) -> dict[str, tuple[float, float]]:
    """Macro recall of `video/…` and `image/…` classes apart."""
    bases = sorted({one.name.split("/")[0] for one in classes})
    return {base: _macro([one for one in classes if one.name.split("/")[0] == base]) for base in bases}


def micro_average_precision(ranked: list[tuple[float, bool]], true_pairs: int) -> float:
    """µAP over (score, is a copy) of all pairs at once. Pairs of equal score are taken together: their order cannot flatter."""
    total, seen, hits = 0.0, 0, 0
    by_score = sorted(ranked, key=lambda one: -one[0])
    for _, group in groupby(by_score, key=lambda one: one[0]):
        tied = [right for _, right in group]
        seen += len(tied)
        hits += sum(tied)
        total += sum(tied) * hits / seen
    return total / true_pairs if true_pairs else 0.0


def recall_above_every_negative(ranked: list[tuple[float, bool]], true_pairs: int) -> float:
    """Share of true pairs scoring above the highest negative: the recall that costs no false pair at all."""
    highest = max((score for score, right in ranked if not right), default=0.0)
    return sum(right and score > highest for score, right in ranked) / true_pairs if true_pairs else 0.0


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, overlapping ones joined; empty ones dropped."""
    merged: list[Span] = []
    for start, end in sorted((min(span), max(span)) for span in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif end > start:
            merged.append((start, end))
    return merged


def _length(spans: list[Span]) -> float:
    return sum(end - start for start, end in spans)


def overlap(said: Iterable[Span], true: Iterable[Span]) -> tuple[float, float, float]:
    """Interval precision, recall and intersection over union of two sets of spans, 0..1."""
    mine, theirs = _merged(said), _merged(true)
    common = sum(max(0.0, min(a[1], b[1]) - max(a[0], b[0])) for a in mine for b in theirs)
    together = _length(mine) + _length(theirs) - common
    precision, recall, union = (
        common / whole if whole else 0.0 for whole in (_length(mine), _length(theirs), together)
    )
    return precision, recall, union


def _spans(segments: list[dict[str, Any]], axis: str) -> list[Span]:
    return [(float(one[f"{axis}_start"]), float(one[f"{axis}_end"])) for one in segments]


def _segment_fit(copies: dict[Pair, dict[str, Any]], found: dict[Pair, dict[str, Any]]) -> SegmentFit:
    """Over true pairs found at `review` or better whose times are known and are stretches on both axes."""
    fits: list[tuple[tuple[float, float, float], tuple[float, float, float]]] = []
    for pair, copy in copies.items():
        segments = copy.get("segments", [])
        timed = copy.get("reliable_time") and all(_length(_merged(_spans(segments, axis))) for axis in ("cand", "ref"))
        if not timed or level(found.get(pair)) == "none":
            continue
        said = found[pair].get("segments", [])
        cand, ref = (overlap(_spans(said, axis), _spans(segments, axis)) for axis in ("cand", "ref"))
        fits.append((cand, ref))
    return SegmentFit(
        pairs=len(fits),
        iou=_mean([(cand[2] + ref[2]) / 2 for cand, ref in fits]),
        iou_candidate=_mean([cand[2] for cand, _ in fits]),
        iou_reference=_mean([ref[2] for _, ref in fits]),
        precision=_mean([cand[0] * ref[0] for cand, ref in fits]),
        recall=_mean([cand[1] * ref[1] for cand, ref in fits]),
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def cost_of(report: dict[str, Any]) -> Cost:
    """CPU per minute of candidate video, and per picture; candidates that could not be read are left out."""
    readable = [row for row in report["candidates"] if not row.get("error")]
    films = [row for row in readable if row.get("duration_s")]
    stills = [row for row in readable if not row.get("duration_s")]
    minutes = sum(row["duration_s"] for row in films) / 60
    return Cost(
        video_minutes=minutes,
        per_video_minute=sum(row["cpu_s"] for row in films) / minutes if minutes else None,
        images=len(stills),
        per_image=_mean([row["cpu_s"] for row in stills]),
    )


def _notes(truth: dict[str, Any], report: dict[str, Any], found: dict[Pair, dict[str, Any]], pairs: list[Pair]
           ) -> list[PairNote]:  # fmt: skip
    about = {one["id"]: one for one in truth["candidates"]}
    errors = {row["id"]: row.get("error") for row in report["candidates"]}
    notes = []
    for candidate, reference in pairs:
        row, one = found.get((candidate, reference)), about[candidate]
        params = {"container": one.get("container"), "codec": one.get("codec"), **one.get("params", {})}
        score = float(row["score"]) if row else 0.0
        notes.append(PairNote(candidate, reference, one["class"], score, level(row), params, errors.get(candidate)))
    return sorted(notes, key=lambda note: (note.edit, -note.score, note.candidate, note.reference))
