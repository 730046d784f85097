"""Copies of whole films of minutes, and other films of the same places: `python -m benchmarks.recognition.long`.

The sets of `make` hold films of seconds. A film of minutes is looked at less closely, one moment of it looks like the
next, and there are far more moments at which it may run along by chance. Films are made of photographs of a pool: a
camera that stands, one that is held, and one that changes places.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import cv2
import imageio_ffmpeg
import numpy as np

from detection.engine import Finding, MediaFingerprint, ReferenceSet, compare, fingerprint_media

from .films import RATE, TILES, Scene, film
from .sources import gather

SORTS = ("fixed", "hand_held", "changing")
SIZE, SCENE_SECONDS, EXCERPT_SECONDS = (640, 360), 20, 25
FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
CODED = ["-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "29", "-pix_fmt", "yuv420p", "-threads", "1"]
# What is done to the whole film; `[0]` is the film, `[1]` one of another place.
EDITS = {
    "small": "[0]scale=480:270",
    "mirrored, cropped, captioned": "[0]hflip,crop=iw*0.8:ih*0.8,drawbox=y=ih-45:h=45:color=white:t=fill",
    "framed, brighter": "[0]scale=448:252,pad=640:360:96:54,eq=brightness=0.06:contrast=1.2",
    "turned, cropped": "[0]rotate=0.12:ow=iw:oh=ih,crop=iw*0.85:ih*0.85",
    "a quarter faster": "[0]setpts=PTS/1.25",
    "negative": "[0]negate,scale=480:270",
    "inset": "[0]scale=288:162[small];[1][small]overlay=340:20:shortest=1",
    "excerpt": f"[0]trim=30:{30 + EXCERPT_SECONDS},hflip,setpts=PTS-STARTPTS[part];[1]split[before][after];"
               "[before]trim=0:40[a];[after]trim=40,setpts=PTS-STARTPTS[b];[a][part][b]concat=n=3",
}  # fmt: skip


@dataclass(frozen=True)
class Film:
    """A film of one `sort`, `take` 0 or 1: the same place at another time."""

    number: int
    sort: str
    take: int

    @property
    def name(self) -> str:
        return f"{self.number}-{self.sort}-{self.take}"


class Copy(NamedTuple):
    """An edited copy of a film; `other` is a film of another place, which some edits show too."""

    film: Film
    edit: str
    other: Film


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pool", choices=["tune", "report"], default="tune")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--films", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    firsts, seconds = (
        [Film(number, SORTS[number % len(SORTS)], take) for number in range(chosen.films)] for take in (0, 1)
    )
    copies = [Copy(one, edit, firsts[place - 1]) for place, one in enumerate(firsts) for edit in EDITS]
    with ProcessPoolExecutor(2) as workers:
        list(workers.map(partial(write, chosen.out, chosen.pool, chosen.seed, chosen.minutes * 60), firsts + seconds))
        candidates = [*workers.map(partial(edited, chosen.out), copies), *(_path(chosen.out, one) for one in seconds)]
        dense = workers.map(partial(fingerprint_media, dense=True), [_path(chosen.out, one) for one in firsts])
        looked = workers.map(partial(fingerprint_media, dense=False), candidates)
        references = ReferenceSet()
        for one, fingerprint in zip(firsts, dense, strict=True):
            references.add(one.name, fingerprint)
        report(copies, seconds, references, list(looked))


def _path(out: Path, one: Film) -> Path:
    return out / f"{one.name}.mp4"


def write(out: Path, pool: str, seed: int, seconds: float, one: Film) -> None:
    """Encode a film; an earlier run's is kept."""
    path = _path(out, one)
    if path.exists():
        return
    width, height = SIZE
    raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", str(RATE), "-i", "pipe:0"]
    with subprocess.Popen([*FFMPEG, *raw, *CODED, str(path)], stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for scene in scenes(pool, seed, seconds, one):
            for frame in film(scene, pixels):
                encoder.stdin.write(np.ascontiguousarray(frame).tobytes())
        encoder.stdin.close()


def scenes(pool: str, seed: int, seconds: float, one: Film) -> Iterator[Scene]:
    photographs = sorted(str(source.path) for source in gather(pool) if source.kind == "photo")
    room = str(np.random.default_rng([seed, one.number]).choice(photographs))
    draw = np.random.default_rng([seed, one.number, one.take])
    for number in range(round(seconds / SCENE_SECONDS)):
        photograph = str(draw.choice(photographs)) if one.sort == "changing" else room
        passing = tuple(f"{draw.choice(photographs)}#{draw.integers(TILES**2)}" for _ in range(3))
        sort = SORTS[(number + 1) % 2] if one.sort == "changing" else one.sort
        yield Scene(sort, photograph, passing, SIZE, SCENE_SECONDS, int(draw.integers(1 << 30)))


@cache
def pixels(path: str) -> np.ndarray:
    picture = cv2.imread(path)
    assert picture is not None
    return picture


def edited(out: Path, one: Copy) -> Path:
    """Encode a copy; an earlier run's is kept."""
    path = out / f"{one.film.name}-{list(EDITS).index(one.edit)}.mp4"
    if not path.exists():
        films = [word for film in (one.film, one.other) for word in ("-i", str(_path(out, film)))]
        subprocess.run([*FFMPEG, *films, "-filter_complex", EDITS[one.edit], *CODED, str(path)], check=True)
    return path


def report(copies: list[Copy], seconds: list[Film], references: ReferenceSet,
           looked: list[MediaFingerprint]) -> None:  # fmt: skip
    """Print how many copies are confirmed, how much of them is marked, and what is said of films that are no copies."""
    wrong = same = pairs = 0
    rows: dict[tuple[str, str], list[Finding | None]] = {}
    candidates: list[Copy | Film] = [*copies, *seconds]
    for asked, fingerprint in zip(candidates, looked, strict=True):
        found = {one.reference: one for one in compare(fingerprint, references)}
        one = asked.film if isinstance(asked, Copy) else asked
        shown = {replace(one, take=0).name}
        if isinstance(asked, Copy):
            rows.setdefault((asked.edit, one.sort), []).append(found.get(one.name))
            shown |= {asked.other.name} if "[1]" in EDITS[asked.edit] else set()
        elif one.sort != "changing":
            pairs += 1
            same += any(name in shown and other.verdict == "confirmed" for name, other in found.items())
        wrong += sum(name not in shown and other.verdict == "confirmed" for name, other in found.items())
    print("| edit | " + " | ".join(SORTS) + " |\n| --- |" + " ---: |" * len(SORTS))
    for edit in EDITS:
        print(f"| {edit} | " + " | ".join(_cell(rows.get((edit, sort), [])) for sort in SORTS) + " |")
    print(f"\nconfirmed of films of the same place {same} of {pairs}; of other films {wrong}")


def _cell(found: list[Finding | None]) -> str:
    """Copies confirmed, and the mean share of the film that is marked."""
    sure = [one.query_percent for one in found if one and one.verdict == "confirmed"]
    return f"{len(sure)} of {len(found)}, {np.mean(sure) if sure else 0:.0f} %"


if __name__ == "__main__":
    main()
