"""Frames become files: films in several codecs and containers, with or without sound, and pictures."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np

from .films import RATE, Frames

SOUND_RATE = 16_000
CODECS = {
    ".mp4": ("libx264", ["-preset", "veryfast", "-pix_fmt", "yuv420p"]),
    ".mov": ("libx264", ["-preset", "ultrafast", "-pix_fmt", "yuv420p"]),
    ".mkv": ("libx264", ["-preset", "veryfast", "-pix_fmt", "yuv420p"]),
    ".webm": ("libvpx-vp9", ["-deadline", "realtime", "-cpu-used", "8"]),
    ".avi": ("mpeg4", []),
    ".gif": ("gif", []),
}
FILM_SUFFIXES = (".mp4", ".mp4", ".mp4", ".webm", ".mkv", ".avi", ".mov")
PICTURE_SUFFIXES = (".jpg", ".jpg", ".png", ".webp")


def write_film(path: Path, frames: Frames, rate: float, coarse: float, tune: np.ndarray | None = None, shown: float | None = None
               ) -> str:  # fmt: skip
    """Encode; `coarse` 0..30 is how badly. `tune` is mono sound in -1..1 at SOUND_RATE. Returns the codec's name.

    `rate` frames a second come in; `shown` go out (frames are dropped or repeated), by default as many.
    """
    height, width = (side // 2 * 2 for side in frames[0].shape[:2])
    codec, options = CODECS[path.suffix]
    quality = {"libx264": ["-crf", f"{24 + coarse:.0f}"], "libvpx-vp9": ["-b:v", f"{700 - 18 * coarse:.0f}k"],
               "mpeg4": ["-q:v", f"{4 + coarse / 3:.0f}"], "gif": []}[codec]  # fmt: skip
    sound: list[Any] = []
    if tune is not None and path.suffix != ".gif":
        wave = path.with_suffix(".s16")
        wave.write_bytes((tune * 20_000).astype("<i2").tobytes())
        sound = ["-f", "s16le", "-ar", SOUND_RATE, "-ac", 1, "-i", wave, "-shortest"]
    source = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", f"{rate:.4f}", "-i", "pipe:0"]
    target = ["-r", f"{shown or rate:.4f}", "-c:v", codec, *options, *quality, path]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *source, *sound, *target]
    pictures = b"".join(np.ascontiguousarray(one[:height, :width]).tobytes() for one in frames)
    subprocess.run(list(map(str, command)), input=pictures, check=True, timeout=300)
    path.with_suffix(".s16").unlink(missing_ok=True)
    return codec


def write_picture(path: Path, frame: np.ndarray, quality: int) -> str:
    """Write a jpg, png or webp. Returns the format's name."""
    flag = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}.get(path.suffix)
    cv2.imwrite(str(path), frame, [flag, quality] if flag is not None else [])
    return path.suffix[1:]


def tune_of(seed: int, frames: int) -> np.ndarray:
    """Short notes with overtones, its own for every seed, as long as `frames` frames: float32 in -1..1."""
    draw = np.random.default_rng(seed)
    samples = np.zeros(round(frames / RATE * SOUND_RATE))
    start = 0
    while start < len(samples):
        length = min(int(draw.uniform(0.08, 0.4) * SOUND_RATE), len(samples) - start)
        time = np.arange(length) / SOUND_RATE
        for _ in range(3):
            samples[start : start + length] += np.exp(-4 * time) * draw.uniform(0.2, 1) * np.sin(
                2 * np.pi * draw.uniform(150, 2500) * time)  # fmt: skip
        start += max(1, length)
    return (samples / max(1e-9, np.abs(samples).max())).astype(np.float32)
