"""Harmless clips for tests and the demo: camera moves over photographs that installed packages ship, and edits of them.

Nothing here is fetched; a clip of two seconds takes a fraction of a second to make.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image, ImageDraw

SIZE = (320, 240)
RATE = 25
SOUND_RATE = 22_050
PHOTOS = ("astronaut", "coffee", "chelsea", "rocket", "china", "flower", "hubble_deep_field", "retina",
          "immunohistochemistry")  # fmt: skip

# A move is a window (centre x, centre y, share of the picture) at the beginning, in the middle and at the end.
Window = tuple[float, float, float]
MOVES: dict[str, tuple[Window, Window, Window]] = {
    "right": ((0.35, 0.45, 0.6), (0.5, 0.5, 0.55), (0.65, 0.55, 0.6)),
    "left": ((0.68, 0.6, 0.5), (0.5, 0.45, 0.6), (0.33, 0.4, 0.55)),
    "in": ((0.5, 0.5, 0.95), (0.45, 0.5, 0.7), (0.4, 0.45, 0.45)),
    "out": ((0.6, 0.4, 0.4), (0.55, 0.55, 0.65), (0.5, 0.5, 0.9)),
    "down": ((0.4, 0.32, 0.5), (0.55, 0.5, 0.5), (0.5, 0.7, 0.5)),
    "still": ((0.5, 0.5, 0.8), (0.5, 0.5, 0.8), (0.5, 0.5, 0.8)),
}


@cache
def photograph(name: str) -> Image.Image:
    """One of PHOTOS as an RGB picture."""
    if name in ("china", "flower"):
        from sklearn.datasets import load_sample_image

        return Image.fromarray(load_sample_image(f"{name}.jpg"))
    from skimage import data

    return Image.fromarray(getattr(data, name)()[..., :3])


def make_clip(path: Path, photo: str, move: str, seconds: float = 2, sound: bool = True,
              size: tuple[int, int] = SIZE) -> Path:  # fmt: skip
    """Write a clip of a camera moving over a photograph. The same arguments give the same pictures."""
    video = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", str(RATE), "-i", "pipe:0"]
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
    if path.suffix in (".webm", ".gif", ".avi"):
        coded = ["-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime"] if path.suffix == ".webm" else []
    silent = path.with_name(f"silent-{path.name}") if sound else path
    _ffmpeg([*video, *coded, str(silent)], b"".join(_pictures(photo, move, seconds, size)))
    if sound:
        tune = ["-f", "s16le", "-ar", str(SOUND_RATE), "-ac", "1", "-i", "pipe:0"]
        _ffmpeg(["-i", str(silent), *tune, "-c:v", "copy", "-shortest", str(path)], melody(photo + move, seconds))
        silent.unlink()
    return path


def _pictures(photo: str, move: str, seconds: float, size: tuple[int, int]) -> Iterator[bytes]:
    picture = photograph(photo)
    steps = np.array(MOVES[move])
    count = round(seconds * RATE)
    for number in range(count):
        place = 2 * number / max(1, count - 1)
        x, y, share = (np.interp(place, (0, 1, 2), steps[:, axis]) for axis in range(3))
        yield _window(picture, x, y, share, size).tobytes()


def _window(picture: Image.Image, x: float, y: float, share: float, size: tuple[int, int]) -> Image.Image:
    width = min(picture.width, picture.height * size[0] / size[1]) * share
    height = width * size[1] / size[0]
    left = min(max(0.0, picture.width * x - width / 2), picture.width - width)
    top = min(max(0.0, picture.height * y - height / 2), picture.height - height)
    return picture.resize(size, Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))


def fixed_camera(path: Path, photo: str, moment: str, seconds: float = 3) -> Path:
    """A camera on a tripod before a photograph, in which someone walks about; `moment` decides walk and sound."""
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(moment.encode()).digest()[:8], "big"))
    scene = _window(photograph(photo), 0.5, 0.5, 0.9, SIZE)
    stops = random.uniform(0.15, 0.85, (6, 2))
    pictures = []
    for number in range(round(seconds * RATE)):
        x, y = (np.interp(number / (seconds * RATE) * 5, range(6), stops[:, axis]) for axis in range(2))
        picture = scene.copy()
        ImageDraw.Draw(picture).ellipse((x * 320 - 22, y * 240 - 40, x * 320 + 22, y * 240 + 40), fill=(90, 60, 50))
        pictures.append(picture.tobytes())
    video = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "320x240", "-r", str(RATE), "-i", "pipe:0"]
    silent = path.with_name(f"silent-{path.name}")
    _ffmpeg([*video, "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", str(silent)],
            b"".join(pictures))  # fmt: skip
    tune = ["-f", "s16le", "-ar", str(SOUND_RATE), "-ac", "1", "-i", "pipe:0"]
    _ffmpeg(["-i", str(silent), *tune, "-c:v", "copy", "-shortest", str(path)], melody(moment, seconds))
    silent.unlink()
    return path


def melody(name: str, seconds: float) -> bytes:
    """A tune of short notes with overtones and some noise, its own for every name: mono signed 16-bit samples."""
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    samples = np.zeros(round(seconds * SOUND_RATE))
    start = 0
    while start < len(samples):
        length = int(random.uniform(0.08, 0.4) * SOUND_RATE)
        time = np.arange(min(length, len(samples) - start)) / SOUND_RATE
        fade = np.exp(-4 * time)
        for _ in range(3):
            pitch = random.uniform(150, 2500)
            samples[start : start + len(time)] += fade * random.uniform(0.2, 1) * np.sin(2 * np.pi * pitch * time)
        start += length
    samples += random.normal(0, 0.02, len(samples))
    return (samples / max(1e-9, np.abs(samples).max()) * 20_000).astype("<i2").tobytes()


_BAR = "drawbox=x=0:y=ih*0.86:w=iw:h=ih*0.14:color=black:t=fill," + (
    "drawbox=x=iw*0.1:y=ih*0.9:w=iw*0.7:h=ih*0.05:color=white:t=fill"
)
_LOGO = "drawbox=x=iw*0.72:y=ih*0.08:w=iw*0.2:h=ih*0.22:color=yellow:t=fill"


def _cropped(share: float) -> str:
    keep = 1 - share
    return f"crop=trunc(iw*{keep}/2)*2:trunc(ih*{keep}/2)*2"


EDITS: dict[str, list[str]] = {
    "same": [],
    "reencode": ["-crf", "30"],
    "low bitrate": ["-b:v", "60k"],
    "smaller": ["-vf", "scale=176:-2"],
    "wider": ["-vf", "scale=426:240"],
    "crop 10": ["-vf", _cropped(0.10)],
    "crop 15": ["-vf", _cropped(0.15)],
    "crop 20": ["-vf", _cropped(0.20)],
    "crop corner": ["-vf", "crop=trunc(iw*0.85/2)*2:trunc(ih*0.85/2)*2:0:0"],
    "hflip": ["-vf", "hflip"],
    "hflip+crop": ["-vf", f"hflip,{_cropped(0.12)}"],
    "rot90": ["-vf", "transpose=clock"],
    "caption": ["-vf", _BAR],
    "caption below": ["-vf", f"pad=iw:ih*1.16:0:0:black,{_BAR}"],
    "logo": ["-vf", _LOGO],
    "letterbox": ["-vf", "pad=iw:ih*1.4:0:(oh-ih)/2:black"],
    "pillarbox": ["-vf", "pad=iw*1.5:ih:(ow-iw)/2:0:gray"],
    "gray": ["-vf", "hue=s=0"],
    "colour": ["-vf", "eq=brightness=0.08:contrast=1.25:saturation=1.6"],
    "trim": ["-ss", "0.6", "-t", "1.2"],
    "half rate": ["-r", "12"],
    "mute": ["-an"],
}


def edit(src: Path, dst: Path, kind: str) -> Path:
    """Write an edited copy of `src`; `kind` is a key of EDITS."""
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"] if dst.suffix in (".mp4", ".mkv") else []
    _ffmpeg(["-i", str(src), *coded, *EDITS[kind], str(dst)])
    return dst


def embed(src: Path, other: Path, dst: Path) -> Path:
    """Write `other`, then `src`, then `other` again into one clip of the same size."""
    joined = "[0:v][1:v][2:v]concat=n=3:v=1:a=0,format=yuv420p[v]"
    sources = ["-i", str(other), "-i", str(src), "-i", str(other)]
    _ffmpeg([*sources, "-filter_complex", joined, "-map", "[v]", "-c:v", "libx264", "-preset", "veryfast", str(dst)])
    return dst


def still(src: Path, dst: Path, seconds: float = 1.0) -> Path:
    """Write one picture of a clip."""
    _ffmpeg(["-ss", str(seconds), "-i", str(src), "-frames:v", "1", str(dst)])
    return dst


def slideshow(photo: Path, dst: Path, seconds: float) -> Path:
    """Write a film that shows one picture."""
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-r", str(RATE)]
    _ffmpeg(["-loop", "1", "-i", str(photo), "-t", str(seconds), *coded, str(dst)])
    return dst


def synthetic(dst: Path, source: str, seconds: float = 3) -> Path:
    """Write one of ffmpeg's own moving patterns, such as testsrc2 or mandelbrot."""
    described = f"{source}{':' if '=' in source else '='}size=320x240:rate=25"
    coded = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    _ffmpeg(["-f", "lavfi", "-i", described, "-t", str(seconds), *coded, str(dst)])
    return dst


def _ffmpeg(arguments: list[str], stdin: bytes | None = None) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments]
    subprocess.run(command, input=stdin, check=True, stdin=None if stdin is not None else subprocess.DEVNULL)
