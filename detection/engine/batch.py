"""Two folders in, one report out: the engine without database, queue or network.

The report depends on the files only: not on the number of workers, not on the order in which they finish.
"""

from __future__ import annotations

import multiprocessing
import resource
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .cage import MediaError
from .media import MediaFingerprint
from .reading import fingerprint_media
from .scoring import LISTED, Finding, compare
from .shelf import ReferenceSet

SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif", ".jpg", ".jpeg", ".png", ".webp", ".m4v"}
INDEX_MAGIC = b"SGINDEX1"


@dataclass(frozen=True)
class Fingerprinted:
    """One file after fingerprinting: the fingerprint, or the error and its sentence; what it cost."""

    name: str
    stored: bytes | None
    error: str | None
    cpu_seconds: float
    wall_seconds: float

    def fingerprint(self) -> MediaFingerprint | None:
        return MediaFingerprint.from_bytes(self.stored) if self.stored is not None else None


@dataclass(frozen=True)
class Judged:
    """One candidate after comparing."""

    file: Fingerprinted
    duration_seconds: float | None
    findings: list[Finding]


def media_files(folder: Path) -> list[Path]:
    """Every file with a media suffix, by name; what is inside is for the cage to find out."""
    return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in SUFFIXES)


def names_of(paths: list[Path]) -> list[str]:
    """File names without extension; where two files would share one, both keep their extension."""
    stems = [path.stem for path in paths]
    return [path.name if stems.count(path.stem) > 1 else path.stem for path in paths]


def cpu_seconds() -> float:
    """User and system time of this process and of the decoders it waited for."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in spent)


def peak_rss_mb() -> float:
    """The largest memory of any one of our processes, in MB."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def fingerprint_file(named: tuple[str, Path], *, fast: bool) -> Fingerprinted:
    """Fingerprint one reference; a medium that cannot be used becomes a row with its reason."""
    name, path = named
    cpu, wall = cpu_seconds(), time.monotonic()
    stored, error = None, None
    try:
        stored = fingerprint_media(path, dense=True, fast=fast).to_bytes()
    except MediaError as trouble:
        error = f"{trouble.reason_code}: {trouble.sentence}"
    return Fingerprinted(name, stored, error, cpu_seconds() - cpu, time.monotonic() - wall)


def build_references(folder: Path, *, fast: bool, workers: int) -> list[Fingerprinted]:
    paths = media_files(folder)
    step = partial(fingerprint_file, fast=fast)
    return list(_mapped(step, list(zip(names_of(paths), paths, strict=True)), workers))


def judge_folder(folder: Path, references: list[Fingerprinted], *, fast: bool, workers: int) -> list[Judged]:
    paths = media_files(folder)
    named = list(zip(names_of(paths), paths, strict=True))
    return list(_mapped(partial(judge_file, fast=fast), named, workers, references))


_references = ReferenceSet()


def _load_references(references: list[Fingerprinted]) -> None:
    """Run once in every worker."""
    global _references
    _references = ReferenceSet()
    for file in references:
        fingerprint = file.fingerprint()
        if fingerprint is not None:
            _references.add(file.name, fingerprint)


def judge_file(named: tuple[str, Path], *, fast: bool) -> Judged:
    """Fingerprint one candidate and compare it with the loaded references."""
    name, path = named
    cpu, wall = cpu_seconds(), time.monotonic()
    length, findings, error = None, [], None
    try:
        made = fingerprint_media(path, dense=False, fast=fast)
        length, findings = made.duration_seconds, compare(made, _references)
    except MediaError as trouble:
        error = f"{trouble.reason_code}: {trouble.sentence}"
    spent = Fingerprinted(name, None, error, cpu_seconds() - cpu, time.monotonic() - wall)
    return Judged(spent, length, findings)


def _mapped(step: Callable[..., Any], work: list[tuple[str, Path]], workers: int,
            references: list[Fingerprinted] | None = None) -> Iterator[Any]:  # fmt: skip
    if workers <= 1:
        _load_references(references or [])
        yield from map(step, work)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _load_references, (references or [],)) as pool:
        yield from pool.map(step, work)


def save_index(path: Path, references: list[Fingerprinted], *, fast: bool) -> None:
    """Write the fingerprints of references into one file (no pictures; guard it like the originals all the same)."""
    rows = [_packed(file) for file in references]
    path.write_bytes(INDEX_MAGIC + struct.pack("<?I", fast, len(rows)) + b"".join(rows))


def load_index(path: Path) -> tuple[list[Fingerprinted], bool]:
    """The references of save_index() and whether they were made with the fast profile. Raises ValueError."""
    stored = path.read_bytes()
    if not stored.startswith(INDEX_MAGIC):
        raise ValueError("This file is not an index of references.")
    fast, count = struct.unpack_from("<?I", stored, len(INDEX_MAGIC))
    place = len(INDEX_MAGIC) + 5
    references = []
    for _ in range(count):
        parts = []
        for _ in range(3):
            (length,) = struct.unpack_from("<I", stored, place)
            parts.append(stored[place + 4 : place + 4 + length])
            place += 4 + length
        references.append(Fingerprinted(parts[0].decode(), parts[1] or None, parts[2].decode() or None, 0.0, 0.0))
    return references, bool(fast)


def _packed(file: Fingerprinted) -> bytes:
    parts = (file.name.encode(), file.stored or b"", (file.error or "").encode())
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def report(references: list[Fingerprinted], judged: list[Judged], index_cpu: float, match_cpu: float, wall: float
           ) -> dict[str, Any]:  # fmt: skip
    """The JSON object of the contract (docs/architecture.md, `match_media`)."""
    return {
        "version": 1,
        "references": [_reference_row(file) for file in references],
        "candidates": [_candidate_row(one) for one in judged],
        "matches": [_match_row(one.file.name, finding) for one in judged for finding in one.findings
                    if finding.score >= LISTED],
        "totals": {"index_cpu_s": round(index_cpu, 3), "match_cpu_s": round(match_cpu, 3),
                   "peak_rss_mb": round(peak_rss_mb(), 1), "wall_s": round(wall, 3)},
    }  # fmt: skip


def _reference_row(file: Fingerprinted) -> dict[str, Any]:
    made = file.fingerprint()
    return {"id": file.name, "duration_s": round(made.duration_seconds, 3) if made else None,
            "frames_indexed": made.frame_count if made else 0, "usable": bool(made and made.usable),
            "error": file.error or ((made.warning or None) if made else None)}  # fmt: skip


def _candidate_row(one: Judged) -> dict[str, Any]:
    length = None if one.duration_seconds is None else round(one.duration_seconds, 3)
    return {"id": one.file.name, "duration_s": length, "error": one.file.error,
            "cpu_s": round(one.file.cpu_seconds, 3), "wall_s": round(one.file.wall_seconds, 3)}  # fmt: skip


def _match_row(candidate: str, finding: Finding) -> dict[str, Any]:
    """A pair too faint for an officer (verdict `none`) is listed as `review`; its score stays below REVIEWED."""
    return {
        "candidate": candidate, "reference": finding.reference, "score": finding.score,
        "verdict": "confirmed" if finding.verdict == "confirmed" else "review",
        "segments": [one._asdict() for one in finding.segments],
        "evidence": {"kinds": finding.kinds, "transform": finding.transform,
                     "best_cand_s": finding.best_cand_s, "best_ref_s": finding.best_ref_s,
                     "pairs": finding.pairs, "signs": finding.signs},
    }  # fmt: skip
