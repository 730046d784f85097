"""Films to measure with: photographs under a moving camera, cut every few seconds, as long and as tall as wanted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from benchmarks.recognition.films import RATE, canvas
from benchmarks.recognition.sources import gather

SCENE_SECONDS = 8
GRAINS = 16


def write(path: Path, seconds: float, height: int, seed: int, shows: int | None = None) -> Path:
    """Encode a film (H.264, as hosts do it) of `seconds` at 16:9. It begins with the first scene of the film `shows`."""
    width = height * 16 // 9 // 2 * 2
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}",
               "-r", str(RATE), "-i", "pipe:0", "-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-pix_fmt", "yuv420p",
               str(path)]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for frame in _frames(round(seconds * RATE), width, height, seed, shows):
            encoder.stdin.write(frame.tobytes())
        encoder.stdin.close()
    if encoder.returncode:
        raise RuntimeError(f"{path.name} could not be encoded")
    return path


def _frames(count: int, width: int, height: int, seed: int, shows: int | None) -> Iterator[np.ndarray]:
    """Gray frames: each scene pans and zooms evenly over one photograph, with grain."""
    scene = SCENE_SECONDS * RATE
    if shows is not None:
        yield from _frames(scene, width, height, shows, None)
        count -= scene
    draw = np.random.default_rng(seed)
    photographs = [one.path for one in gather("tune") if one.kind == "photo"]
    grain = [
        np.random.default_rng(number).normal(0, 2.5, (height, width)).astype(np.float32) for number in range(GRAINS)
    ]
    for start in range(0, count, scene):
        path = photographs[int(draw.integers(len(photographs)))]
        picture = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        big = canvas(picture, width * 3 // 2, height * 3 // 2)
        stops, near = draw.uniform(0.0, 0.33, (2, 2)), draw.uniform(0.85, 1.15, 2)
        for number in range(min(scene, count - start)):
            done = number / scene
            (x, y), share = stops[0] * (1 - done) + stops[1] * done, near[0] * (1 - done) + near[1] * done
            matrix = np.array([[share, 0, -x * width * 1.5 * share], [0, share, -y * height * 1.5 * share]])
            seen = cv2.warpAffine(big, matrix, (width, height), borderMode=cv2.BORDER_REFLECT).astype(np.float32)
            yield np.clip(seen + grain[number % GRAINS], 0, 255).astype(np.uint8)
