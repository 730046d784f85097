"""Makes a set: `python -m benchmarks.recognition make --seed N --out DIR --pool tune|report [--small]`.

Sources are drawn first and each is used for one purpose only: a reference, what moves before a camera, or a stranger.
The same seed, pool and packages give the same set.
"""

from __future__ import annotations

import argparse
import functools
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from . import drawn
from .edits import FILM_EDITS, Work, picture_edit
from .files import FILM_SUFFIXES, PICTURE_SUFFIXES, SOUND_RATE, tune_of, write_film, write_picture
from .films import RATE, SIZES, TILES, Scene, clip, film, patch
from .sources import POOLS, gather
from .stills import STILL_EDITS

SHARES = {"film": 0.42, "still": 0.24, "same_scene": 0.12}
STRANGE = ("caption", "logo", "watermark", "player_ui", "border", "reencode", "combo")
# What nobody could tell from another gradient or sky is no reference; it serves as a stranger.
FEWEST_CORNERS, FEWEST_SHOWN = 250, 5
# Seconds into a real clip: its reference is the first four.
LATER = 5
STILL_SIZE = (960, 640)
SHOWN = (15, 20, 24, 25, 30)
PLAIN = ("black", "white", "grey", "noise", "title", "bars")


@dataclass(frozen=True)
class Reference:
    """`scene` is None for a still; a still may be a frame of a scene of its own."""

    id: str
    kind: str
    source: str
    scene: Scene | None
    seed: int


@dataclass(frozen=True)
class Plan:
    """What every process needs: the references, and which photographs are strangers."""

    pool: str
    seed: int
    references: tuple[Reference, ...]
    strangers: tuple[str, ...]
    long_shots: tuple[str, ...]
    out: str


@functools.cache
def _pixels(pool: str, name: str) -> np.ndarray:
    picture = cv2.imread(next(one.path for one in gather(pool) if one.name == name), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def plan(pool: str, seed: int, count: int, seconds: float, out: Path) -> Plan:
    """Draw the references: six in ten are films. A third of the films and of the stills are from a camera that stands."""
    draw = np.random.default_rng(seed)
    sources = gather(pool)
    rich = {one.name for one in sources if one.kind == "photo" and one.corners >= FEWEST_CORNERS}
    poor = [one.name for one in sources if one.kind == "photo" and one.name not in rich]
    names = sorted(rich)
    order = [names[number] for number in draw.permutation(len(names))]
    movers, strangers, rest = (
        order[: len(order) // 8],
        order[len(order) // 8 : len(order) // 4],
        order[len(order) // 4 :],
    )
    strangers += poor
    walkers = [f"{name}#{number}" for name in movers for number in range(TILES * TILES)]
    # What passes by without a feature of its own cannot be told from a sticker put over the picture.
    walkers = [one for one in walkers if _has_features(patch(one, functools.partial(_pixels, pool)))]
    walkers = [walkers[number] for number in draw.permutation(len(walkers))]
    real = [one.path for one in sources if one.kind == "clip"]
    films = round(count * 0.6)
    references = [
        _film_reference(pool, number, rest, walkers, real, seconds, draw) for number in range(min(films, len(rest)))
    ]
    for name in rest[len(references) : len(references) + count - films]:
        references.append(_still_reference(len(references), name, walkers, draw))
    long_shots = tuple(one.path for one in sources if one.long_shot)
    return Plan(pool, seed, tuple(references), tuple(strangers), long_shots, str(out))


def _has_features(cut: np.ndarray) -> bool:
    return _corners(cut, 20) >= 150


def _film_reference(pool: str, number: int, names: list[str], walkers: list[str], real: list[str], seconds: float, draw: np.random.Generator
                    ) -> Reference:  # fmt: skip
    size, length = SIZES[int(draw.integers(len(SIZES)))], float(draw.uniform(seconds - 1, seconds + 1.5))
    dim = 0.25 if draw.integers(10) == 0 else 1.0
    seed = int(draw.integers(1 << 30))
    if number < len(real):
        return Reference(f"r{number:03}", "video", real[number], Scene("clip", real[number], (), size, 4.0, 0), seed)
    sort = "fixed" if number % 3 == 2 else "hand_held"
    chosen = tuple(walkers.pop() for _ in range(int(draw.integers(1, 4)))) if sort == "fixed" else ()
    scene = Scene(sort, names[number], chosen, size, length, seed, dim)
    while sort == "hand_held" and not _shows_something(pool, scene):
        scene = replace(scene, moment=int(draw.integers(1 << 30)))
    return Reference(f"r{number:03}", "video", names[number], scene, seed)


def _shows_something(pool: str, scene: Scene) -> bool:
    """Whether most of a film has corners, however dark it is made. A camera before a rich photograph may look at its
    empty sky, and one even colour is nobody's material."""
    frames = film(replace(scene, dim=1.0), functools.partial(_pixels, pool))
    asked = [frames[round(share * (len(frames) - 1))] for share in (0, 0.25, 0.5, 0.75, 1)]
    return sum(_corners(frame, 10) >= FEWEST_SHOWN for frame in asked) > len(asked) / 2


def _corners(picture: np.ndarray, contrast: int) -> int:
    small = cv2.cvtColor(cv2.resize(picture, (200, 200), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return len(cv2.FastFeatureDetector.create(contrast).detect(small))


def _still_reference(number: int, name: str, walkers: list[str], draw: np.random.Generator) -> Reference:
    """A photograph; one in three is of a place where something passes, and has other moments."""
    seed = int(draw.integers(1 << 30))
    chosen = tuple(walkers.pop() for _ in range(int(draw.integers(1, 4)))) if number % 3 == 2 else ()
    scene = Scene("fixed", name, chosen, STILL_SIZE, 5 / RATE, seed) if chosen else None
    return Reference(f"r{number:03}", "image", name, scene, seed)


def frames_of(plan: Plan, reference: Reference) -> list[np.ndarray]:
    """The pixels of a reference before encoding; a still is one frame."""
    if reference.scene is not None:
        made = film(reference.scene, functools.partial(_pixels, plan.pool))
        return made[:1] if reference.kind == "image" else made
    draw = np.random.default_rng(reference.seed)
    picture = _pixels(plan.pool, reference.source)
    shrink = float(draw.uniform(640, 1280)) / max(picture.shape[:2])
    return [cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)]


def strange_film(plan: Plan, draw: np.random.Generator, count: int) -> list[np.ndarray]:
    """Frames of a film that shows no reference."""
    name = plan.strangers[int(draw.integers(len(plan.strangers)))]
    size = SIZES[int(draw.integers(len(SIZES)))]
    return film(Scene("hand_held", name, (), size, count / RATE + 0.1, int(draw.integers(1 << 30))),
                functools.partial(_pixels, plan.pool))[:count]  # fmt: skip


def tasks(plan: Plan, count: int) -> list[tuple[int, str, int]]:
    """(number, class, reference): every class equally often, references in turn."""
    draw = np.random.default_rng([plan.seed, 1])
    films = [number for number, one in enumerate(plan.references) if one.kind == "video"]
    stills = [number for number, one in enumerate(plan.references) if one.kind == "image"]
    made: list[tuple[str, int]] = []
    for base, classes, chosen, share in (("video", [*FILM_EDITS, "mashup"], films, SHARES["film"]),
                                         ("image", [*STILL_EDITS], stills, SHARES["still"])):  # fmt: skip
        for number in range(max(len(classes), round(count * share / len(classes)) * len(classes))):
            made.append((f"{base}/{classes[number % len(classes)]}", chosen[int(draw.integers(len(chosen)))]))
    places = [number for number in (*films, *stills) if _has_other_moments(plan, plan.references[number])]
    made += [("same_scene", places[number % len(places)]) for number in range(round(count * SHARES["same_scene"]))]
    made += [("distractor", -1)] * max(0, count - len(made))
    return [(number, name, reference) for number, (name, reference) in enumerate(made)]


def _has_other_moments(plan: Plan, reference: Reference) -> bool:
    """A real clip has them when it is one long shot."""
    scene = reference.scene
    return scene is not None and (scene.sort != "clip" or scene.photograph in plan.long_shots)


def make_candidate(plan: Plan, task: tuple[int, str, int]) -> dict[str, Any]:
    """Write one candidate and return its row of the truth."""
    number, name, chosen = task
    draw = np.random.default_rng([plan.seed, 2, number])
    others = functools.partial(strange_film, plan, draw)
    if name == "distractor":
        work = _distractor(plan, draw, others)
    elif name == "same_scene":
        work = _same_scene(plan, plan.references[chosen], draw, others)
    else:
        work = _copy(plan, name, plan.references[chosen], draw, others)
    row = _written(plan, number, work, draw)
    scene = plan.references[chosen].id if name == "same_scene" else None
    copies: dict[str, list[dict[str, float]]] = {}
    for reference, span in work.spans:
        keys = ("cand_start", "cand_end", "ref_start", "ref_end")
        copies.setdefault(reference, []).append(dict(zip(keys, (round(value, 3) for value in span), strict=True)))
    base = name.split("/")[0] if "/" in name else ("image" if len(work.frames) == 1 else "video")
    return row | {
        "class": name, "base": base, "params": work.params, "same_scene": [scene] if scene else [],
        "copies": [{"reference": one, "segments": spans, "reliable_time": base == "video" and len(work.frames) > 1}
                   for one, spans in copies.items()],
    }  # fmt: skip


def _copy(plan: Plan, name: str, reference: Reference, draw: np.random.Generator, others: Any) -> Work:
    base, edit = name.split("/")
    # A copy begins a little later, so that its frames are never those of the reference.
    offset = float(draw.uniform(0, 0.5)) if base == "video" else 0.0
    frames = published(plan, reference, offset)
    length = len(frames) / RATE
    work = Work(frames, draw, others, reference.id, spans=[(reference.id, (0, length, 0, length))], late=offset)
    if base == "image":
        return STILL_EDITS[edit](work)
    work = _mashup(plan, work, draw) if edit == "mashup" else FILM_EDITS[edit](work)
    late = (0, 0, offset, offset)
    work.spans = [(one, tuple(map(sum, zip(span, late, strict=True))) if one == reference.id else span)  # type: ignore[misc]
                  for one, span in work.spans]  # fmt: skip
    return work


def published(plan: Plan, reference: Reference, start: float = 0.0) -> list[np.ndarray]:
    """The pixels of a reference as it was written, RATE frames a second from `start` seconds on; a still is one frame."""
    folder = Path(plan.out) / "references"
    if reference.kind == "image" or reference.scene is None:
        picture = cv2.imread(str(folder / f"{reference.id}.jpg"))
        assert picture is not None
        return [picture]
    return clip(folder / f"{reference.id}.mp4", start, 60, reference.scene.size)


def _mashup(plan: Plan, work: Work, draw: np.random.Generator) -> Work:
    """Three seconds or more of each of two or three references."""
    films = [one for one in plan.references if one.kind == "video" and one.id != work.reference]
    chosen = [films[int(number)] for number in draw.choice(len(films), int(draw.integers(1, 3)), replace=False)]
    frames: list[np.ndarray] = []
    spans = []
    height, width = work.frames[0].shape[:2]
    for reference, source in [(work.reference, work.frames), *((one.id, published(plan, one)) for one in chosen)]:
        count = min(len(source), round(draw.uniform(3, 4.5) * RATE))
        start, place = int(draw.integers(0, len(source) - count + 1)), len(frames) / RATE
        frames += [_fitted(one, width, height) for one in source[start : start + count]]
        spans.append((reference, (place, place + count / RATE, start / RATE, (start + count) / RATE)))
    return Work(frames, draw, work.others, work.reference, spans=spans, keeps_time=False)


def _fitted(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """The whole frame inside a canvas of another shape, with bars."""
    shrink = min(width / frame.shape[1], height / frame.shape[0])
    small = cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)[:height, :width]
    down, across = height - small.shape[0], width - small.shape[1]
    return cv2.copyMakeBorder(
        small, down // 2, down - down // 2, across // 2, across - across // 2, cv2.BORDER_CONSTANT
    )


def _same_scene(plan: Plan, reference: Reference, draw: np.random.Generator, others: Any) -> Work:
    """The same place at another moment: other things happen, the camera moves otherwise, or it is a later cut."""
    scene = reference.scene
    assert scene is not None
    moment = int(draw.integers(1 << 30)) if scene.sort != "clip" else LATER
    seconds = 4.0 if reference.kind == "image" else scene.seconds
    frames = film(Scene(scene.sort, scene.photograph, scene.objects, scene.size, seconds, moment, scene.dim),
                  functools.partial(_pixels, plan.pool))  # fmt: skip
    if not frames:  # the clip is over by then
        return _distractor(plan, draw, others)
    if scene.sort == "fixed" and draw.integers(4) < (3 if reference.kind == "image" else 1):
        frames = [frames[int(draw.integers(len(frames)))]]
    work = Work(frames, draw, others)
    return picture_edit(str(draw.choice(["caption", "reencode", "crop", "colour"])))(work) if draw.integers(2) else work


def _distractor(plan: Plan, draw: np.random.Generator, others: Any) -> Work:
    """A stranger, dressed like the copies; now and then nothing to see at all."""
    if draw.integers(8) == 0:
        return Work(_plain(str(draw.choice(PLAIN)), draw), draw, others, params={"plain": True})
    frames = others(1) if draw.integers(3) == 0 else others(int(draw.uniform(4, 9) * RATE))
    return picture_edit_or_combo(str(draw.choice(STRANGE)), Work(frames, draw, others))


def picture_edit_or_combo(name: str, work: Work) -> Work:
    return FILM_EDITS[name](work)


def _plain(kind: str, draw: np.random.Generator) -> list[np.ndarray]:
    frame = np.full((360, 640, 3), {"black": 0, "white": 255, "grey": 120}.get(kind, 20), np.uint8)
    if kind == "title":
        drawn.text(frame, "THE END", (200, 190), 2)
    if kind == "bars":
        frame[:] = np.repeat(np.arange(8) * 32, 80)[None, :, None].astype(np.uint8)
    if kind == "noise":
        return [draw.integers(0, 256, frame.shape, dtype=np.uint8) for _ in range(3 * RATE)]
    return [frame] * (4 * RATE)


def _written(plan: Plan, number: int, work: Work, draw: np.random.Generator) -> dict[str, Any]:
    name, folder = f"c{number:05}", Path(plan.out) / "candidates"
    if len(work.frames) == 1:
        path = folder / (name + str(draw.choice(PICTURE_SUFFIXES)))
        codec = write_picture(path, work.frames[0], int(draw.integers(30, 90)))
    else:
        path = folder / (name + (work.suffix or str(draw.choice(FILM_SUFFIXES))))
        # Half the copies keep their sound; the others are silent, and strangers have tunes of their own.
        own = next((one.seed for one in plan.references if one.id == work.reference and work.keeps_time), number)
        tune = tune_of(own, len(work.frames) + RATE)[round(work.late * SOUND_RATE) :] if draw.integers(2) else None
        shown = work.rate if path.suffix == ".gif" else float(draw.choice(SHOWN))
        codec = write_film(path, work.frames, work.rate, work.coarse + float(draw.uniform(0, 8)), tune, shown)
    return {"id": name, "container": path.suffix[1:], "codec": codec}


def make_reference(plan: Plan, reference: Reference) -> None:
    frames, folder = frames_of(plan, reference), Path(plan.out) / "references"
    if reference.kind == "image":
        write_picture(folder / f"{reference.id}.jpg", frames[0], 92)
    else:
        tune = tune_of(reference.seed, len(frames)) if reference.seed % 3 else None
        write_film(folder / f"{reference.id}.mp4", frames, RATE, 0, tune)


def make(
    pool: str, seed: int, out: Path, references: int, candidates: int, seconds: float, workers: int
) -> dict[str, Any]:
    """Write a whole set and return its truth (benchmarks/README.md)."""
    for folder in ("references", "candidates"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    # A process that is forked while OpenCV has threads of its own waits for ever for threads it does not have.
    cv2.setNumThreads(1)
    made = plan(pool, seed, references, seconds, out)
    with ProcessPoolExecutor(workers) as processes:
        list(processes.map(functools.partial(make_reference, made), made.references))
        rows = list(processes.map(functools.partial(make_candidate, made), tasks(made, candidates), chunksize=4))
    truth = {
        "seed": seed, "pool": pool, "candidates": rows,
        "references": [{"id": one.id, "kind": one.kind, "source": Path(one.source).stem,
                        "duration_s": one.scene.seconds if one.scene else 0.0,
                        "scene": asdict(one.scene)["sort"] if one.scene else "still"} for one in made.references],
    }  # fmt: skip
    (out / "truth.json").write_text(json.dumps(truth, indent=1))
    return truth


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pool", choices=POOLS, default="tune")
    parser.add_argument("--references", type=int, default=60)
    parser.add_argument("--candidates", type=int, default=1150)
    parser.add_argument("--seconds", type=float, default=7)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="20 references, 260 candidates")
    chosen = parser.parse_args(arguments)
    references, candidates = (20, 260) if chosen.small else (chosen.references, chosen.candidates)
    truth = make(chosen.pool, chosen.seed, chosen.out, references, candidates, chosen.seconds, chosen.workers)
    counts: dict[str, int] = {}
    for row in truth["candidates"]:
        counts[row["class"]] = counts.get(row["class"], 0) + 1
    print(json.dumps({"references": len(truth["references"]), "candidates": counts}))


if __name__ == "__main__":
    main()
