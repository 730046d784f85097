"""What registering and examining a film costs beside decoding it: `python -m benchmarks.throughput.examine`.

CPU seconds of this process and of ffmpeg, never wall time, over those of `ffmpeg -threads 1 -f null -` on the same file
in the same run. References are ten real films of eight seconds; the bulk is made of them by flipping the same random
bits in all hashes, codes and sound words of one, so that they are as dense and as unlike as others' films.

A film is examined three times: `unlike` references that it has nothing in common with, `related` ones, of which it
shows one for eight seconds and nine others are films of places that it shows too, and as a `copy`, from its first to
its last moment, of one among unlike ones.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np

from detection.engine import MediaFingerprint, ReferenceSet, compare, fingerprint_media

from . import footage

REAL, REFERENCE_SECONDS, REFERENCE_HEIGHT = 10, 8.0, 480


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="length of the films examined")
    parser.add_argument("--heights", type=int, nargs="+", default=[480, 720, 1080])
    parser.add_argument("--references", type=int, nargs="+", default=[10, 1_000])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), chosen.minutes, chosen.heights, sorted(chosen.references)), indent=1))


def measure(folder: Path, minutes: float, heights: list[int], counts: list[int]) -> dict[str, Any]:
    """Ratios to the floor for every height, and for every number of references what comparing adds."""
    real = [fingerprint_media(footage.write(folder / f"r{number}.mp4", REFERENCE_SECONDS, REFERENCE_HEIGHT, number), dense=True)
            for number in range(REAL)]  # fmt: skip
    films = {
        height: footage.write(folder / f"{height}.mp4", minutes * 60, height, 90 + height, shows=0)
        for height in heights
    }
    measured: dict[str, Any] = {str(height): alone(path, minutes) for height, path in films.items()}
    looked = {height: fingerprint_media(path, dense=False) for height, path in films.items()}
    fast = {height: fingerprint_media(path, dense=False, fast=True) for height, path in films.items()}
    whole = {height: fingerprint_media(path, dense=True) for height, path in films.items()}
    related, unlike = ReferenceSet(), ReferenceSet()
    beside, among = bulk(real), islice(bulk(real), REAL, None)
    for count in counts:
        before = _resident()
        _fill(related, beside, count)
        measured[f"memory_mb_{count}"] = _resident()
        measured[f"kb_a_reference_{count}"] = (_resident() - before) * 1024 / count
        _fill(unlike, among, count)
        for height in heights:
            row = measured[str(height)]
            _compared(row, looked[height], related, f"related_{count}", "")
            _compared(row, fast[height], related, f"related_{count}", "_fast")
            _compared(row, looked[height], unlike, f"unlike_{count}", "")
            unlike.add("whole", whole[height])
            unlike.settle()
            _compared(row, looked[height], unlike, f"copy_{count}", "")
            unlike.remove("whole")
    return measured


def _fill(references: ReferenceSet, added: Iterator[tuple[str, MediaFingerprint]], count: int) -> None:
    while len(references) < count:
        references.add(*next(added))
    references.settle()


def _compared(row: dict[str, float], film: MediaFingerprint, references: ReferenceSet, name: str, profile: str) -> None:
    """Note what comparing costs over the floor, and what examining costs altogether."""
    compared = _cpu_of(lambda: compare(film, references)) / row["floor_cpu_s"]
    row[f"compare{profile}_{name}"] = compared
    row[f"examination{profile}_{name}"] = row[f"fingerprint{profile}"] + compared


def alone(path: Path, minutes: float) -> dict[str, float]:
    """CPU of one film over the floor, before any comparison; and film minutes a core-minute."""
    floor = _cpu_of(lambda: subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-threads", "1", "-i", str(path), "-f", "null", "-"], check=True))  # fmt: skip
    register = _cpu_of(lambda: fingerprint_media(path, dense=True))
    examine = _cpu_of(lambda: fingerprint_media(path, dense=False))
    hasty = _cpu_of(lambda: fingerprint_media(path, dense=False, fast=True))
    return {
        "floor_cpu_s": floor, "registration": register / floor, "fingerprint": examine / floor, "fingerprint_fast": hasty / floor,
        "minutes_a_core_minute_registering": minutes * 60 / register, "minutes_a_core_minute_fingerprinting": minutes * 60 / examine,
    }  # fmt: skip


def bulk(real: list[MediaFingerprint]) -> Iterator[tuple[str, MediaFingerprint]]:
    """The real references, then as many others as are asked for."""
    for number, one in enumerate(real):
        yield f"real{number}", one
    number = 0
    while True:
        one, draw = real[number % len(real)], np.random.default_rng([5, number])
        flips = draw.integers(0, 1 << 64, (2, 4), dtype=np.uint64)
        yield f"made{number}", replace(
            one, hashes=one.hashes ^ flips[0], codes=one.codes ^ flips[1],
            sound=one.sound ^ np.uint32(draw.integers(0, 1 << 32)),
            angles=(one.angles + draw.uniform(0, 6)).astype(np.float32) % np.float32(2 * np.pi),
        )  # fmt: skip
        number += 1


def _cpu_of(work: Any) -> float:
    """CPU seconds of this process and of those it waited for."""
    before = _cpu()
    work()
    return _cpu() - before


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _resident() -> float:
    """Megabytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    main()
