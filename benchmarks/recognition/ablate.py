"""What each part earns: `python -m benchmarks.recognition ablate --set DIR`. The engine with one part taken out at a time.

Fingerprints are made once; only the comparison is repeated. Use a small tuning set.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from detection.engine import MediaError, MediaFingerprint, ReferenceSet, compare, fingerprint_media
from detection.engine.batch import media_files
from detection.engine.points import VARIANTS
from detection.engine.weighing import Signs

from .evaluate import evaluate

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


def _without_sign(**blank: float) -> tuple[str, Any]:
    from detection.engine import scoring

    whole: Callable[..., Signs] = scoring.weigh
    return "detection.engine.scoring.weigh", lambda *given: whole(*given)._replace(**blank)  # type: ignore[arg-type]


SHELF = "detection.engine.shelf"
PARTS: dict[str, Callable[[], tuple[tuple[str, Any], ...]]] = {
    "everything": tuple,
    "without points": lambda: ((f"{SHELF}.ReferenceSet._looks", lambda *_: []),),
    "without frame hashes": lambda: ((f"{SHELF}.ReferenceSet._hit", lambda *_: None),),
    "without mirror and negative": lambda: ((f"{SHELF}.VARIANTS", VARIANTS[:1]),),
    "without what stirs": lambda: (_without_sign(stir=0.0),),
    "without one map all along": lambda: (_without_sign(steady=1.0),),
    "without holes": lambda: (_without_sign(hole=0.0),),
    "without sound": lambda: (("detection.engine.scoring.compare_sound", lambda *_: None),),
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


def ablate(truth: dict[str, Any], references: Fingerprints, candidates: Fingerprints) -> list[dict[str, Any]]:
    """One row a part that was taken out: recall, false pairs, and the CPU of comparing beside the whole engine's."""
    rows: list[dict[str, Any]] = []
    for name, places in PARTS.items():
        with _patched(*places()):
            shelf = ReferenceSet()
            for ref_id, made in references.items():
                shelf.add(ref_id, made)
            started = time.process_time()
            report = {"matches": [_row(cand_id, found) for cand_id, made in candidates.items() for found in compare(made, shelf)],
                      "candidates": [], "references": [], "totals": {}}  # fmt: skip
            spent = time.process_time() - started
        figures = evaluate(truth, report)
        rows.append(
            {"part": name, "figures": figures, "cpu": spent / (rows[0]["seconds"] if rows else spent), "seconds": spent}
        )
    return rows


def _row(candidate: str, found: Any) -> dict[str, Any]:
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
                     f"{one.false_confirmed} | {one.same_scene_confirmed} | {row['cpu']:.2f} × |")  # fmt: skip
    return "\n".join(lines)
