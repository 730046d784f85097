"""What others would find in the same files: image hashes over one frame per second, compared with each other plainly.

- phash: imagehash.phash, 64 bits, found at a distance of at most 8;
- pdq: PDQ, 256 bits, found at a distance of at most 31 (its authors' value);
- pdq8: the same, the reference frames also turned and mirrored in all eight ways;
- vpdq: frames of quality 50 and more; found when 80 % of the frames of either side lie within 31 of a frame of the other.
  (vPDQ's description asks this of the reference, its published default of the upload: whichever finds more is granted.)

For the first three a pair is found when any two frames are close enough. Every peer works on the same decoded frames, at
most 512 px wide or high, and pays for decoding as if it ran alone. The PDQ is the engine's numpy one.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import resource
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from detection.engine.batch import media_files, names_of

LONGEST_SIDE = 512
IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
PHASH_DISTANCE = 8
PDQ_DISTANCE = 31
VPDQ_QUALITY = 50
VPDQ_SHARE = 0.8
LISTED = 0.05
PEERS = ("phash", "pdq", "pdq8", "vpdq")


@dataclass(frozen=True)
class Hashed:
    """One file: hashes per frame, uint64 (n, words); CPU seconds per step; `seconds` is None for a picture."""

    name: str
    seconds: float | None
    error: str | None
    phash: np.ndarray
    pdq: np.ndarray
    quality: np.ndarray
    turned: np.ndarray
    cpu: dict[str, float]


def run_peers(references: Path, candidates: Path, workers: int) -> dict[str, dict[str, Any]]:
    """A report in the shape of `match_media` for every peer."""
    started = time.monotonic()
    ours = hash_folder(references, turned=True, workers=workers)
    theirs = hash_folder(candidates, turned=False, workers=workers)
    hashed = time.monotonic() - started
    return {peer: _report(peer, ours, theirs, hashed) for peer in PEERS}


def hash_folder(folder: Path, *, turned: bool, workers: int) -> list[Hashed]:
    """Decode and hash every file of a folder, in order of name."""
    paths = media_files(folder)
    work = [(name, path, turned) for name, path in zip(names_of(paths), paths, strict=True)]
    return _in_workers(hash_file, work, workers)


def decode_floor(folder: Path, workers: int) -> dict[str, float]:
    """CPU seconds a single-threaded ffmpeg needs for nothing but decoding each file."""
    paths = media_files(folder)
    return dict(_in_workers(_floor_of, list(zip(names_of(paths), paths, strict=True)), workers))


def _in_workers(step: Callable[[Any], Any], work: list[Any], workers: int) -> list[Any]:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # waiting threads would be counted as work
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_warm_up) as pool:
        return list(pool.map(step, work))


def _warm_up() -> None:
    """Imports are paid once, outside the clock."""
    import imagehash
    from PIL import Image

    imagehash.phash(Image.new("L", (64, 64)))


def _children_cpu() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _floor_of(named: tuple[str, Path]) -> tuple[str, float]:
    before = _children_cpu()
    _ffmpeg(["-threads", "1", "-i", str(named[1]), "-f", "null", "-"])
    return named[0], _children_cpu() - before


def _ffmpeg(arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-nostats", *arguments]
    return subprocess.run(command, capture_output=True, check=False)


def hash_file(work: tuple[str, Path, bool]) -> Hashed:
    """Frames once, then every hash with its own clock."""
    name, path, turned = work
    before = _children_cpu()
    frames, seconds = decode(path)
    cpu = {"decode": _children_cpu() - before}
    phash, cpu["phash"] = _timed(phash_of, frames)
    (pdq, quality), cpu["pdq"] = _timed(pdq_of, frames)
    turns, cpu["turned"] = _timed(turned_pdq_of, frames) if turned else (pdq, 0.0)
    error = None if frames else "no picture could be decoded"
    return Hashed(name, seconds, error, phash, pdq, quality, turns, cpu)


def _timed(step: Callable[[list[np.ndarray]], Any], frames: list[np.ndarray]) -> tuple[Any, float]:
    before = time.process_time()
    made = step(frames)
    return made, time.process_time() - before


def decode(path: Path) -> tuple[list[np.ndarray], float | None]:
    """One RGB frame per second, uint8 (h, w, 3) of at most LONGEST_SIDE, and the length in seconds (None: a picture)."""
    shrink = (f"scale=w='min({LONGEST_SIDE},iw)':h='min({LONGEST_SIDE},ih)'"
              ":force_original_aspect_ratio=decrease:flags=area")  # fmt: skip
    still = path.suffix.lower() in IMAGE_SUFFIXES
    output = ["-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1"]
    only_one = ["-i", str(path), "-map", "0:v:0", "-vf", shrink, "-frames:v", "1", *output]
    if still:
        return _split_ppm(_ffmpeg(only_one).stdout), None
    done = _ffmpeg(["-threads", "1", "-i", str(path), "-map", "0:v:0", "-vf", f"fps=1,{shrink}", *output])
    frames = _split_ppm(done.stdout) or _split_ppm(_ffmpeg(only_one).stdout)
    return frames, _length(done.stderr.decode(errors="replace"), len(frames))


def _split_ppm(stream: bytes) -> list[np.ndarray]:
    frames, place = [], 0
    while found := re.compile(rb"P6\s(\d+) (\d+)\s255\s").match(stream, place):
        width, height = int(found[1]), int(found[2])
        end = found.end() + 3 * width * height
        if end > len(stream):
            break
        frames.append(np.frombuffer(stream, np.uint8, 3 * width * height, found.end()).reshape(height, width, 3))
        place = end
    return frames


def _length(report: str, frames: int) -> float:
    """Seconds as the container says, else one per frame."""
    found = re.search(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", report)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else float(frames)


def phash_of(frames: list[np.ndarray]) -> np.ndarray:
    """imagehash.phash of RGB frames, uint64 (n, 1)."""
    import imagehash
    from PIL import Image

    bits = [imagehash.phash(Image.fromarray(frame)).hash.reshape(-1) for frame in frames]
    packed = np.packbits(np.array(bits, bool).reshape(len(bits), 64), axis=1)
    return packed.view(">u8").astype(np.uint64).reshape(-1, 1)


def _gray(frames: list[np.ndarray]) -> np.ndarray:
    """Luminance float32 (n, h, w), with the weights PDQ uses."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.stack([frame.astype(np.float32) @ weights for frame in frames])


def pdq_of(frames: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """PDQ uint64 (n, 4) and qualities uint8 (n,) of RGB frames."""
    from detection.engine.fingerprint import pdq

    if not frames:
        return np.zeros((0, 4), np.uint64), np.zeros(0, np.uint8)
    return pdq(_gray(frames))


def turned_pdq_of(frames: list[np.ndarray]) -> np.ndarray:
    """PDQ of RGB frames in all eight positions, uint64 (8 n, 4)."""
    from detection.engine.fingerprint import pdq

    if not frames:
        return np.zeros((0, 4), np.uint64)
    gray = _gray(frames)
    mirrored = gray[:, :, ::-1]
    turns = [np.rot90(one, quarter, axes=(1, 2)) for one in (gray, mirrored) for quarter in range(4)]
    return np.concatenate([pdq(np.ascontiguousarray(turn))[0] for turn in turns])


def distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bits that differ between every two hashes: int (n, m) of uint64 (n, words) and (m, words)."""
    return np.bitwise_count(left[:, None, :] ^ right[None, :, :]).sum(axis=2, dtype=np.int32)


def score_pair(peer: str, reference: Hashed, candidate: Hashed) -> tuple[float, bool]:
    """Score 0..1 for ranking and whether the peer calls the pair a match."""
    if peer == "vpdq":
        return _vpdq(reference, candidate)
    ours = {"phash": reference.phash, "pdq": reference.pdq, "pdq8": reference.turned}[peer]
    theirs = candidate.phash if peer == "phash" else candidate.pdq
    if not len(ours) or not len(theirs):
        return 0.0, False
    bits, radius = (64, PHASH_DISTANCE) if peer == "phash" else (256, PDQ_DISTANCE)
    closest = int(distances(theirs, ours).min())
    return 1 - closest / bits, closest <= radius


def _vpdq(reference: Hashed, candidate: Hashed) -> tuple[float, bool]:
    ours, theirs = (one.pdq[one.quality >= VPDQ_QUALITY] for one in (reference, candidate))
    if not len(ours) or not len(theirs):
        return 0.0, False
    near = distances(theirs, ours) <= PDQ_DISTANCE
    share = max(float(near.any(axis=1).mean()), float(near.any(axis=0).mean()))
    return share, share >= VPDQ_SHARE


def _report(peer: str, references: list[Hashed], candidates: list[Hashed], hashing_wall: float) -> dict[str, Any]:
    started = time.monotonic()
    rows: list[dict[str, Any]] = []
    matches: list[dict[str, Any]] = []
    cpu: list[float] = []
    for candidate in candidates:
        before = time.process_time()
        scored = [(reference.name, *score_pair(peer, reference, candidate)) for reference in references]
        spent = time.process_time() - before + _hashing_cpu(peer, candidate)
        cpu.append(spent)
        rows.append({"id": candidate.name, "duration_s": candidate.seconds, "error": candidate.error,
                     "cpu_s": round(spent, 4), "wall_s": None})  # fmt: skip
        matches += [
            {"candidate": candidate.name, "reference": name, "score": round(score, 4),
             "verdict": "confirmed" if found else "none", "segments": [], "evidence": {}}
            for name, score, found in scored if score >= LISTED
        ]  # fmt: skip
    return {
        "version": 1, "system": peer,
        "references": [{"id": one.name, "duration_s": one.seconds, "error": one.error} for one in references],
        "candidates": rows, "matches": matches,
        "totals": {"index_cpu_s": round(sum(_hashing_cpu(peer, one) for one in references), 3),
                   "match_cpu_s": round(sum(cpu), 3),
                   "wall_s": round(hashing_wall + time.monotonic() - started, 3)},
    }  # fmt: skip


def _hashing_cpu(peer: str, one: Hashed) -> float:
    """Decoding and this peer's own hashing; the turned hashes are paid where they are made, on references."""
    steps = {"phash": ("decode", "phash"), "pdq": ("decode", "pdq"), "vpdq": ("decode", "pdq"),
             "pdq8": ("decode", "turned") if one.cpu["turned"] else ("decode", "pdq")}  # fmt: skip
    return sum(one.cpu[step] for step in steps[peer])
