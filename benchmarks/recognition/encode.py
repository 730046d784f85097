"""Frames and sound into files: raw pictures are piped to ffmpeg, stills are written by OpenCV."""

from __future__ import annotations

import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from .scenes import SOUND_RATE, Film, Frame, Sound

# (container, codec, how often)
FILM_KINDS = (("mp4", "h264", 0.52), ("webm", "vp9", 0.1), ("webm", "vp8", 0.08), ("mkv", "h264", 0.1),
              ("avi", "mpeg4", 0.1), ("mov", "h264", 0.1))  # fmt: skip
STILL_KINDS = (("jpg", "jpeg", 0.7), ("png", "png", 0.12), ("webp", "webp", 0.18))
SOUND_CODECS = {"mp4": "aac", "mov": "aac", "mkv": "aac", "avi": "libmp3lame", "webm": "libopus"}


@dataclass(frozen=True)
class Encoding:
    """Where to and how well. `quality` 0 (hardly bearable) .. 1 (good)."""

    container: str
    codec: str
    quality: float
    tempo: float = 1.0  # the sound is played faster at its own pitch

    def params(self) -> dict[str, float]:
        return {"quality": round(self.quality, 2)}


def draw_encoding(rng: np.random.Generator, film: bool, quality: tuple[float, float] = (0.45, 1.0)) -> Encoding:
    kinds = FILM_KINDS if film else STILL_KINDS
    container, codec, _ = kinds[int(rng.choice(len(kinds), p=[one[2] for one in kinds]))]
    return Encoding(container, codec, float(rng.uniform(*quality)))


def write_film(film: Film, target: Path, how: Encoding) -> None:
    """One thread, so that two workers share two cores. Sizes are cut to even numbers."""
    height, width = (side // 2 * 2 for side in film.frames[0].shape[:2])
    arguments = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", f"{film.fps:.4f}", "-i", "pipe:0"]
    with tempfile.TemporaryDirectory() as scratch:
        if film.sound is not None and how.container != "gif":
            voice = Path(scratch) / "sound.wav"
            write_wav(film.sound, voice)
            tempo = ["-filter:a", f"atempo={how.tempo:.4f}"] if how.tempo != 1 else []
            arguments += ["-i", str(voice), *tempo, "-c:a", SOUND_CODECS[how.container], "-b:a", "64k", "-shortest"]
        coded = _codec(how, width * height, film.fps)
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments, *coded, "-threads", "1",
                   "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1", str(target)]  # fmt: skip
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            assert running.stdin and running.stderr
            try:
                for frame in film.frames:
                    running.stdin.write(np.ascontiguousarray(frame[:height, :width]).tobytes())
                running.stdin.close()
            except BrokenPipeError:
                pass  # what went wrong is told below
            told = running.stderr.read().decode(errors="replace")
    if running.returncode:
        raise ValueError(f"{target.name}: {told.strip()[-300:]}")


def _codec(how: Encoding, pixels: int, fps: float) -> list[str]:
    worse = 1 - how.quality
    if how.codec == "h264":
        return ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(round(22 + 20 * worse)), "-pix_fmt", "yuv420p"]
    if how.codec in ("vp8", "vp9"):
        rate = round(pixels * fps * (0.12 - 0.1 * worse) / 1000)
        library = "libvpx" if how.codec == "vp8" else "libvpx-vp9"
        return ["-c:v", library, "-deadline", "realtime", "-cpu-used", "8", "-b:v", f"{rate}k", "-pix_fmt", "yuv420p"]
    if how.codec == "mpeg4":
        return ["-c:v", "mpeg4", "-q:v", str(round(3 + 14 * worse)), "-pix_fmt", "yuv420p"]
    if how.codec == "gif":
        return ["-filter_complex", "[0:v]split[a][b];[a]palettegen=max_colors=96[p];[b][p]paletteuse=dither=bayer"]
    raise ValueError(how.codec)


def write_still(picture: Frame, target: Path, how: Encoding) -> None:
    """JPEG and WebP quality 30 to 90, as phones and chat services use."""
    level = round(30 + 60 * how.quality)
    options = {"jpg": [cv2.IMWRITE_JPEG_QUALITY, level], "webp": [cv2.IMWRITE_WEBP_QUALITY, level], "png": []}
    if not cv2.imwrite(str(target), picture, options[how.container]):
        raise ValueError(f"{target.name} was not written")


def write_wav(sound: Sound, target: Path) -> None:
    with wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(SOUND_RATE)
        out.writeframes(np.ascontiguousarray(sound).tobytes())
