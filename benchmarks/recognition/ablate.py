"""What each part earns: `python -m benchmarks.recognition ablate --set DIR`. The engine with one part taken out at a time.

Fingerprints are made once; only the comparison is repeated. Use a small tuning set.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from detection.engine import Finding, MediaError, MediaFingerprint, ReferenceSet, compare, fingerprint_media
from detection.engine.batch import media_files
from detection.engine.scoring import verdict_of
from detection.engine.shelf import Look
from detection.engine.weighing import Signs, score_of

from .evaluate import Evaluation, evaluate

Fingerprints = dict[str, MediaFingerprint]


@contextmanager
def _patched(*places: tuple[str, Any]) -> Iterator[None]:
    patches = [patch(place, new) for place, new in places]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


_backed = ReferenceSet._backed


def _as_it_is(shelf: ReferenceSet, candidate: MediaFingerprint, view: int, variant: int) -> list[Look]:
    return _backed(shelf, candidate, view, variant) if variant == 0 else []


SHELF = "detection.engine.shelf"
# What is taken out of the search needs a run of its own; what is taken out of the signs is judged again from those kept.
SEARCHED: dict[str, tuple[tuple[str, Any], ...]] = {
    "everything": (),
    "without points": ((f"{SHELF}.ReferenceSet._looks", lambda *_: []),),
    "without frame hashes": ((f"{SHELF}.ReferenceSet._hit", lambda *_: None),),
    "without mirror and negative": ((f"{SHELF}.ReferenceSet._backed", _as_it_is),),
    "without sound": (("detection.engine.scoring.compare_sound", lambda *_: None),),
}
JUDGED: dict[str, dict[str, Any]] = {
    "without what changes": {"along": 0.0},
    "without what passes by": {"passing": 0, "ratio": 0.0},
    "without asking whether one map holds": {"steady": 1.0},
    "without asking other moments": {"lost": 0.0},
    "without holes": {"hole": 0.0},
    "without what has wandered": {"wandered": 0},
    "without what stands elsewhere": {"displaced": 0.0},
    "without asking whether a still stands still": {"restless": 0.0},
}


def _read(path: Path, *, dense: bool) -> tuple[str, bytes | None]:
    try:
        return path.stem, fingerprint_media(path, dense=dense).to_bytes()
    except MediaError:
        return path.stem, None


def fingerprints(folder: Path, dense: bool, workers: int) -> Fingerprints:
    with ProcessPoolExecutor(workers) as processes:
        made = list(processes.map(partial(_read, dense=dense), media_files(folder), chunksize=8))
    return {name: MediaFingerprint.from_bytes(stored) for name, stored in made if stored is not None}


_shelf = ReferenceSet()


def _fill_shelf(references: Fingerprints) -> None:
    """Run once in every worker."""
    global _shelf
    _shelf = ReferenceSet()
    for name, made in references.items():
        _shelf.add(name, made)


def _compared(candidate: MediaFingerprint) -> tuple[list[Finding], float]:
    """What is found on the shelf, and the CPU seconds it took."""
    started = time.process_time()
    return compare(candidate, _shelf), time.process_time() - started


def ablate(truth: dict[str, Any], references: Fingerprints, candidates: Fingerprints, workers: int
           ) -> list[dict[str, Any]]:  # fmt: skip
    """One row a part that was taken out: recall, false pairs, and the CPU of comparing beside the whole engine's."""
    rows: list[dict[str, Any]] = []
    whole: list[tuple[str, Finding]] = []
    for name, places in SEARCHED.items():
        # Forked inside the patch, the workers compare without the part too.
        with _patched(*places):
            fork = multiprocessing.get_context("fork")
            with ProcessPoolExecutor(workers, fork, _fill_shelf, (references,)) as processes:
                made_of_all = list(processes.map(_compared, candidates.values(), chunksize=4))
        found = [
            (cand_id, one) for cand_id, (all_of_it, _) in zip(candidates, made_of_all, strict=True) for one in all_of_it
        ]
        spent = sum(seconds for _, seconds in made_of_all)
        whole = whole or found
        cpu = spent / (rows[0]["seconds"] if rows else spent)
        rows.append({"part": name, "figures": _figures(truth, found), "cpu": cpu, "seconds": spent})
    for name, blank in JUDGED.items():
        again = [(cand_id, _judged_without(one, blank)) for cand_id, one in whole]
        rows.append({"part": name, "figures": _figures(truth, again), "cpu": None, "seconds": 0.0})
    return rows


def _figures(truth: dict[str, Any], found: list[tuple[str, Finding]]) -> Evaluation:
    matches = [_row(cand_id, one) for cand_id, one in found]
    return evaluate(truth, {"matches": matches, "candidates": [], "references": [], "totals": {}})


def _judged_without(finding: Finding, blank: dict[str, Any]) -> Finding:
    if not finding.signs:
        return finding
    score = score_of(Signs(**{**finding.signs, **blank}))
    return replace(finding, score=score, verdict=verdict_of(score))


def _row(candidate: str, found: Finding) -> dict[str, Any]:
    verdict = "confirmed" if found.verdict == "confirmed" else "review"
    return {"candidate": candidate, "reference": found.reference, "score": found.score, "verdict": verdict,
            "segments": [one._asdict() for one in found.segments], "evidence": {}}  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| engine | confirmed | or review | false | same place confirmed | CPU of comparing |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        one = row["figures"]
        lines.append(f"| {row['part']} | {100 * one.macro_recall_confirmed:.1f} % | {100 * one.macro_recall_reviewed:.1f} % | "
                     f"{one.false_confirmed} | {one.same_scene_confirmed} | {_times(row['cpu'])} |")  # fmt: skip
    return "\n".join(lines)


def _times(cpu: float | None) -> str:
    return "–" if cpu is None else f"{cpu:.2f} ×"
