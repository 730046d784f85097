"""Films of the benchmark as plans: a plan is small and can be sent to a worker, `film` turns it into frames and sound.

Three kinds: "move" (a hand-held camera over 1-3 photographs), "fixed" (a camera on a tripod before a photograph in which
things walk about) and "clip" (a cut of a real clip). `place` seeds what stays, `moment` what is different another time.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from seoulguard.demo.sound import write_speech_like

SOUND_RATE = 22_050
Frame = NDArray[np.uint8]  # (height, width, 3), BGR
Sound = NDArray[np.int16]  # mono, SOUND_RATE
Grade = Callable[[Frame, float], Frame]


@dataclass
class Film:
    """Decoded: frames of one size, frames per second, sound of about the same length or none."""

    frames: list[Frame]
    fps: float
    sound: Sound | None = None

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.fps


@dataclass(frozen=True)
class Scene:
    """Plan of a film. `files`: the photographs of the shots; the background, then cut-outs; or the clip. `size`: (w, h)."""

    kind: str
    files: tuple[str, ...]
    size: tuple[int, int]
    fps: int
    seconds: float
    place: int
    moment: int
    start: float = 0.0
    dark: bool = False
    voice: bool = True


def film(scene: Scene) -> Film:
    """Make it. The same plan gives the same frames."""
    if scene.kind == "clip":
        return _clip(scene)
    rng = np.random.default_rng((scene.moment, scene.place))
    frames = list(_moves(scene, rng) if scene.kind == "move" else _fixed(scene, rng))
    grade = _camera(scene, rng)
    graded = [grade(frame, number / scene.fps) for number, frame in enumerate(frames)]
    return Film(graded, scene.fps, sound_of(scene.moment, len(graded) / scene.fps) if scene.voice else None)


def read_picture(path: str) -> Frame:
    picture = cv2.imread(path, cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{path} is no picture")
    return np.asarray(picture, np.uint8)


def read_film(path: Path, fps: float, sound: Sound | None) -> Film:
    """Every frame of an encoded film as it decodes."""
    capture = cv2.VideoCapture(str(path))
    frames: list[Frame] = []
    while True:
        more, frame = capture.read()
        if not more:
            break
        frames.append(np.asarray(frame, np.uint8))
    capture.release()
    if not frames:
        raise ValueError(f"{path} holds no frame")
    return Film(frames, fps, sound)


def window(picture: Frame, size: tuple[int, int], centre: tuple[float, float], share: float, degrees: float) -> Frame:
    """What a camera sees: `share` of the largest window of that shape, its centre given in shares of the free room."""
    width, height = size
    room_w, room_h = picture.shape[1], picture.shape[0]
    wide = min(room_w, room_h * width / height) * share
    tall = wide * height / width
    x = wide / 2 + (room_w - wide) * centre[0]
    y = tall / 2 + (room_h - tall) * centre[1]
    turn = cv2.getRotationMatrix2D((x, y), degrees, width / wide)
    turn[:, 2] += (width / 2 - x, height / 2 - y)
    seen = cv2.warpAffine(picture, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(seen, np.uint8)


def _moves(scene: Scene, rng: np.random.Generator) -> Iterator[Frame]:
    total = round(scene.seconds * scene.fps)
    cuts = np.linspace(0, total, len(scene.files) + 1).round().astype(int)
    for path, first, last in zip(scene.files, cuts, cuts[1:], strict=False):
        yield from _move(_fitting(read_picture(path), scene.size), scene, int(last - first), rng)


def _move(picture: Frame, scene: Scene, count: int, rng: np.random.Generator) -> Iterator[Frame]:
    """Pan, zoom and a little turning between three stops, with the shake of a hand."""
    stops = np.column_stack([rng.uniform(0.05, 0.95, (3, 2)), rng.uniform(0.5, 0.93, 3), rng.uniform(-4, 4, 3)])
    speeds, phases = rng.uniform(1.5, 9, (2, 3)), rng.uniform(0, 6.3, (2, 3))
    strength = rng.uniform(0.002, 0.008)
    for number in range(count):
        place = 2 * number / max(1, count - 1)
        x, y, share, degrees = (np.interp(place, (0, 1, 2), stops[:, axis]) for axis in range(4))
        shake = strength * np.sin(speeds * number / scene.fps * 2 + phases).sum(axis=1)
        yield window(picture, scene.size, (x + shake[0], y + shake[1]), share, degrees + 40 * shake[0])


def _fitting(picture: Frame, size: tuple[int, int]) -> Frame:
    """Small enough that a window of half of it is not sampled too coarsely."""
    scale = 1.5 * max(size[0] / picture.shape[1], size[1] / picture.shape[0])
    if scale >= 1:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _fixed(scene: Scene, rng: np.random.Generator) -> Iterator[Frame]:
    """The background depends on `place` alone; who walks where, and when, on `moment`."""
    place = np.random.default_rng(scene.place)
    picture = _fitting(read_picture(scene.files[0]), scene.size)
    centre = (float(place.uniform(0.1, 0.9)), float(place.uniform(0.1, 0.9)))
    background = window(picture, scene.size, centre, float(place.uniform(0.75, 0.98)), float(place.uniform(-2, 2)))
    count = round(scene.seconds * scene.fps)
    walkers = [_Walker(scene, rng) for _ in range(int(rng.integers(1, 4)))]
    for number in range(count):
        frame = background.copy()
        for walker in walkers:
            walker.draw(frame, number / max(1, count - 1))
        yield frame


class _Walker:
    """A cut-out with soft edges, shaped like a person or like a ball, that wanders from stop to stop."""

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        texture = read_picture(str(rng.choice(np.array(scene.files[1:]))))
        tall = int(scene.size[1] * rng.uniform(0.25, 0.6))
        wide = int(tall * rng.uniform(0.35, 1.0))
        centre = (float(rng.uniform()), float(rng.uniform()))
        patch = window(texture, (wide, tall), centre, float(rng.uniform(0.3, 0.7)), float(rng.uniform(-30, 30)))
        self.patch = cv2.convertScaleAbs(patch, alpha=float(rng.uniform(0.6, 1.1)))
        self.mask = _person(wide, tall) if rng.random() < 0.6 else _ball(wide, tall)
        self.stops = rng.uniform((-0.1, 0.25), (1.1, 0.85), (int(rng.integers(3, 7)), 2))
        self.step = float(rng.uniform(20, 60))

    def draw(self, frame: Frame, done: float) -> None:
        """Blend into `frame` at `done` 0..1 of the film."""
        places = np.linspace(0, 1, len(self.stops))
        x, y = (float(np.interp(done, places, self.stops[:, axis])) for axis in range(2))
        tall, wide = self.mask.shape[:2]
        left = round(x * frame.shape[1] - wide / 2)
        top = round(y * frame.shape[0] - tall / 2 + 3 * np.sin(done * self.step))
        blend(frame, self.patch, self.mask, left, top)


def blend(frame: Frame, patch: Frame, mask: NDArray[np.float32], left: int, top: int) -> None:
    """Lay `patch` into `frame` in place; mask (h, w, 1) 0..1. What sticks out is cut off."""
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(frame.shape[1], left + patch.shape[1]), min(frame.shape[0], top + patch.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    inner = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    below = frame[y0:y1, x0:x1].astype(np.float32)
    frame[y0:y1, x0:x1] = (below + (patch[inner] - below) * mask[inner]).astype(np.uint8)


def _ball(wide: int, tall: int) -> NDArray[np.float32]:
    mask = np.zeros((tall, wide), np.uint8)
    cv2.ellipse(mask, (wide // 2, tall // 2), (int(wide * 0.44), int(tall * 0.44)), 0, 0, 360, 255, -1)
    return _soft(mask)


def _person(wide: int, tall: int) -> NDArray[np.float32]:
    """Head, trunk and two legs."""
    mask = np.zeros((tall, wide), np.uint8)
    middle = wide // 2
    cv2.ellipse(mask, (middle, int(tall * 0.13)), (max(2, int(wide * 0.2)), int(tall * 0.11)), 0, 0, 360, 255, -1)
    cv2.ellipse(mask, (middle, int(tall * 0.43)), (int(wide * 0.38), int(tall * 0.24)), 0, 0, 360, 255, -1)
    for side in (-1, 1):
        foot = (middle + side * int(wide * 0.22), int(tall * 0.95))
        cv2.line(mask, (middle + side * int(wide * 0.1), int(tall * 0.6)), foot, 255, max(2, int(wide * 0.2)))
    return _soft(mask)


def _soft(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (cv2.GaussianBlur(mask, (0, 0), 1.6).astype(np.float32) / 255)[..., None]


def _camera(scene: Scene, rng: np.random.Generator) -> Grade:
    """Grain of the sensor and light that drifts; a dark film is dim and noisier."""
    grain = rng.uniform(1.5, 5) + (4 if scene.dark else 0)
    height, width = scene.size[1], scene.size[0]
    bank = [rng.normal(0, grain, (height, width, 3)).astype(np.int16) for _ in range(5)]
    drift, speed = rng.uniform(0.0, 0.06), rng.uniform(0.5, 2.5)
    gain, gamma = (0.45, 1.4) if scene.dark else (1.0, 1.0)
    order = rng.integers(0, len(bank), 4096)

    def grade(frame: Frame, at: float) -> Frame:
        light = gain * (1 + drift * np.sin(speed * at))
        table = np.clip(255 * light * (np.arange(256) / 255) ** gamma, 0, 255).astype(np.uint8)
        noise = bank[order[int(at * scene.fps + 0.5) % len(order)]]
        return np.asarray(cv2.add(cv2.LUT(frame, table), noise, dtype=cv2.CV_8U), np.uint8)

    return grade


def _clip(scene: Scene) -> Film:
    width, height = scene.size
    cut = ["-ss", f"{scene.start:.3f}", "-t", f"{scene.seconds:.3f}", "-i", scene.files[0]]
    look = ["-vf", f"fps={scene.fps},scale={width}:{height}", "-f", "rawvideo", "-pix_fmt", "bgr24"]
    raw = np.frombuffer(_ffmpeg_bytes([*cut, "-an", *look, "pipe:1"]), np.uint8)
    frames = list(raw[: len(raw) // (width * height * 3) * (width * height * 3)].reshape(-1, height, width, 3))
    if not scene.voice:
        return Film(frames, scene.fps)
    pcm = _ffmpeg_bytes([*cut, "-vn", "-ac", "1", "-ar", str(SOUND_RATE), "-f", "s16le", "pipe:1"], may_fail=True)
    sound = np.frombuffer(pcm, np.int16) if pcm else sound_of(scene.moment, len(frames) / scene.fps)
    return Film(frames, scene.fps, sound)


@lru_cache(maxsize=64)
def clip_facts(path: str) -> tuple[float, int, int]:
    """Seconds, width and height as ffmpeg tells them."""
    told = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", path], capture_output=True, text=True).stderr
    hours, minutes, seconds = re.findall(r"Duration: (\d+):(\d+):([\d.]+)", told)[0]
    width, height = re.findall(r"Video: .*?, (\d{2,5})x(\d{2,5})", told)[0]
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds), int(width), int(height)


def sound_of(seed: int, seconds: float) -> Sound:
    """A tune or a murmur that nobody ever said."""
    rng = np.random.default_rng((seed, 99))
    return _murmur(seed, seconds) if rng.random() < 0.5 else _tune(rng, seconds)


def _murmur(seed: int, seconds: float) -> Sound:
    with tempfile.TemporaryDirectory() as scratch:
        path = write_speech_like(Path(scratch) / "voice.wav", seconds + 0.5, seed)
        with wave.open(str(path)) as opened:
            return np.frombuffer(opened.readframes(round(seconds * SOUND_RATE)), np.int16)


def _tune(rng: np.random.Generator, seconds: float) -> Sound:
    """Short fading notes with overtones over a little noise."""
    samples = rng.normal(0, 0.02, round(seconds * SOUND_RATE))
    start = 0
    while start < len(samples):
        length = int(rng.uniform(0.08, 0.4) * SOUND_RATE)
        time = np.arange(min(length, len(samples) - start)) / SOUND_RATE
        for pitch, loud in zip(rng.uniform(150, 2500, 3), rng.uniform(0.2, 1, 3), strict=True):
            samples[start : start + len(time)] += np.exp(-4 * time) * loud * np.sin(2 * np.pi * pitch * time)
        start += length
    return (samples / np.abs(samples).max() * 20_000).astype(np.int16)


def _ffmpeg_bytes(arguments: list[str], may_fail: bool = False) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-threads", "1", *arguments]
    ran = subprocess.run(command, capture_output=True)
    if ran.returncode and not may_fail:
        raise ValueError(ran.stderr.decode(errors="replace").strip()[-300:])
    return ran.stdout
