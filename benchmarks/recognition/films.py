"""Films made of photographs: a hand-held camera, a camera that stands, and cuts of real clips. Lists of BGR frames."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np

RATE = 20
Frames = list[np.ndarray]
TILES = 4
SIZES = ((640, 360), (640, 360), (480, 360), (360, 640), (854, 480))


@dataclass(frozen=True)
class Scene:
    """How a film is made: `sort` hand_held, fixed or clip; `moment` changes what happens, not where."""

    sort: str
    photograph: str
    objects: tuple[str, ...]
    size: tuple[int, int]
    seconds: float
    moment: int
    dim: float = 1.0


def canvas(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Fill a canvas, keeping proportions and cutting off what sticks out."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    grown = cv2.resize(
        picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    left, top = (grown.shape[1] - width) // 2, (grown.shape[0] - height) // 2
    return grown[top : top + height, left : left + width]


def film(scene: Scene, pixels: Callable[[str], np.ndarray]) -> Frames:
    """The frames of a scene; the same scene gives the same frames."""
    draw = np.random.default_rng([scene.moment, len(scene.photograph), *scene.photograph.encode()[:8]])
    if scene.sort == "clip":
        return clip(Path(scene.photograph), scene.moment, scene.seconds, scene.size)
    picture = pixels(scene.photograph)
    made = _hand_held(picture, scene, draw) if scene.sort == "hand_held" else _fixed(picture, scene, pixels, draw)
    return [_seen(frame, scene.dim, draw) for frame in made]


def _seen(frame: np.ndarray, dim: float, draw: np.random.Generator) -> np.ndarray:
    """As a sensor sees it: with grain, and dark when there is little light."""
    grain = draw.normal(0, 2.5, frame.shape[:2])[..., None]
    return np.clip(frame.astype(np.float32) * dim + grain, 0, 255).astype(np.uint8)


def _hand_held(picture: np.ndarray, scene: Scene, draw: np.random.Generator) -> Frames:
    """One to three shots: slow pans, zooms and turns with the shake of a hand."""
    (width, height), count = scene.size, round(scene.seconds * RATE)
    big = canvas(picture, width * 2, height * 2)
    shots = int(draw.integers(1, 4))
    frames: Frames = []
    for shot in range(shots):
        length = count // shots + (count % shots if shot == shots - 1 else 0)
        frames += _shot(big, length, width, height, draw)
    return frames


def _shot(big: np.ndarray, count: int, width: int, height: int, draw: np.random.Generator) -> Frames:
    stops = 3
    across, down = draw.uniform(0.5, 1.5, stops) * width, draw.uniform(0.5, 1.5, stops) * height
    share, turn = draw.uniform(0.7, 1.0, stops), draw.uniform(-6, 6, stops)
    shake = draw.uniform(0.15, 0.4, 2), draw.uniform(0, 6, 2)
    frames = []
    for number in range(count):
        done = number / max(1, count - 1) * (stops - 1)
        x, y, near, angle = (float(np.interp(done, range(stops), values)) for values in (across, down, share, turn))
        x, y = x + 2.5 * np.sin(number * shake[0][0] + shake[1][0]), y + 2 * np.sin(number * shake[0][1] + shake[1][1])
        matrix = cv2.getRotationMatrix2D((x, y), angle, 1 / near)
        matrix[:, 2] += (width / 2 - x, height / 2 - y)
        frames.append(cv2.warpAffine(big, matrix, (width, height), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT))
    return frames


def _fixed(picture: np.ndarray, scene: Scene, pixels: Callable[[str], np.ndarray], draw: np.random.Generator) -> Frames:
    """A camera on a tripod; cut-outs of other photographs wander about before it."""
    width, height = scene.size
    room, count = canvas(picture, width, height).astype(np.float32), round(scene.seconds * RATE)
    walkers = [_walker(patch(name, pixels), width, height, draw) for name in scene.objects]
    frames = []
    for number in range(count):
        frame = room * (1 + 0.02 * np.sin(number / 37))
        for cut, mask, path in walkers:
            x, y = (int(np.interp(number / count * 5, range(6), path[axis])) for axis in range(2))
            part = frame[y : y + cut.shape[0], x : x + cut.shape[1]]
            part += (cut - part) * mask
        frames.append(frame)
    return frames


def patch(name: str, pixels: Callable[[str], np.ndarray]) -> np.ndarray:
    """One of TILES x TILES parts of a photograph, written `photograph#number`: no two scenes share one."""
    photograph, number = name.rsplit("#", 1)
    picture = pixels(photograph)
    row, column = divmod(int(number), TILES)
    tall, wide = picture.shape[0] // TILES, picture.shape[1] // TILES
    return picture[row * tall : (row + 1) * tall, column * wide : (column + 1) * wide]


def _walker(picture: np.ndarray, width: int, height: int, draw: np.random.Generator) -> tuple[np.ndarray, ...]:
    wide = int(min(width, height) * draw.uniform(0.2, 0.4))
    tall = int(min(wide * draw.uniform(1.0, 1.8), height * 0.8))
    down, across = np.mgrid[-1 : 1 : tall * 1j, -1 : 1 : wide * 1j]
    mask = np.clip((1 - (across**2 + down**2)) * 6, 0, 1)[..., None].astype(np.float32)
    path = np.stack([draw.uniform(0, width - wide, 6), draw.uniform(0, height - tall, 6)])
    return canvas(picture, wide, tall).astype(np.float32), mask, path


def clip(path: Path, start: float, seconds: float, size: tuple[int, int]) -> Frames:
    """Frames of a real clip from `start` seconds on, fitted into `size`, at RATE."""
    width, height = size
    fit = f"fps={RATE},scale={width}:{height}:force_original_aspect_ratio=increase,crop={width}:{height}"
    command: list[Any] = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ss", f"{start:.6f}", "-t", str(seconds), "-i", path,
                          "-vf", fit, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"]  # fmt: skip
    raw = subprocess.run(list(map(str, command)), capture_output=True, check=True, timeout=120).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3))
