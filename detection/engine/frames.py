"""From a medium to numbers: one gray pipe of small pictures, one pipe of sound, one picture for the officer.

Pictures leave the decoder small and gray, as raw bytes: image files would double the cost. The loop filter is skipped:
it moves a PDQ hash by two bits (median) and costs a third of the decoding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import ffmpeg
import numpy as np

from .cage import PIPE_BYTES, Limits, MediaError, MediaSource, OpenMedia, Outcome, input_options, open_media, run_ffmpeg

# Pictures looked at together: few enough that as many again fit into the pipe, and the decoder goes on meanwhile.
MOST_IN_BATCH, LEAST_IN_BATCH = 32, 4
SOUND_RATE = 8_000
MAX_SOUND_SECONDS = 4 * 3600
# What is decoded: pictures that no other is made from can be left out, which halves the cost.
Decode = Literal["all", "referenced", "keyframes"]
SKIPPED = {"all": "default", "referenced": "noref", "keyframes": "nokey"}
IMAGE_FORMATS = ("png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe")


class Stretch(NamedTuple):
    """Where in a film to look, and for how long; seconds."""

    start: float
    seconds: float

    @property
    def seek(self) -> dict[str, Any]:
        """Options of ffmpeg's input: decoding begins at the keyframe before, and what comes before `start` is dropped."""
        return {"ss": f"{self.start:.3f}", "t": f"{self.seconds:.3f}"}


@dataclass(frozen=True)
class Probe:
    """What the container says, before anything is believed."""

    format: str
    duration_seconds: float
    has_video: bool
    has_sound: bool
    width: int
    height: int

    @property
    def is_image(self) -> bool:
        return self.format in IMAGE_FORMATS

    def fitted(self, longer: int) -> tuple[int, int]:
        """Width and height with the longer side `longer` pixels at most; never less than 16 pixels a side."""
        width, height = max(1, self.width), max(1, self.height)
        shrink = min(1.0, longer / max(width, height))
        return max(16, round(width * shrink)), max(16, round(height * shrink))


def probe(media: MediaSource | OpenMedia) -> Probe:
    """Format, length and streams as ffmpeg reports them. Raises MediaError."""
    with open_media(media) as opened:
        arguments = [*_input_arguments(opened), "-map_metadata", "-1", "-t", "0", "-f", "null", "-"]
        report = run_ffmpeg(["-v", "info", *arguments], opened, Limits(wall_seconds=20, cpu_seconds=15)).stderr
    found = re.search(r"Input #0, ([^\n]+?), from", report)
    if not found:
        raise _open_error(report)
    size = re.search(r"Stream #0:\d+.*?Video:.*?, (\d{1,5})x(\d{1,5})", report)
    return Probe(
        format=found[1],
        duration_seconds=_duration(report),
        has_video=bool(re.search(r"Stream #0:\d+.*?: Video:", report)),
        has_sound=bool(re.search(r"Stream #0:\d+.*?: Audio:", report)),
        width=int(size[1]) if size else 0,
        height=int(size[2]) if size else 0,
    )


def _duration(report: str) -> float:
    found = re.search(r"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", report)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else 0.0


def _input_arguments(media: OpenMedia) -> list[str]:
    return ["-protocol_whitelist", str(input_options()["protocol_whitelist"]),
            "-format_whitelist", str(input_options()["format_whitelist"]), "-i", media.path_inside]  # fmt: skip


def _open_error(report: str) -> MediaError:
    if "moov atom not found" in report or "End of file" in report:
        return MediaError("truncated", "The file is cut off: its table of contents is missing.")
    if "not in allowed" in report or "not on whitelist" in report:
        return MediaError("not_media", "The file is a playlist or a format that is not accepted.")
    if "Permission denied" in report:
        return MediaError("missing", "The file may not be read by this account.")
    if "Cannot allocate memory" in report or "allowed max_pixels" in report:
        return MediaError("too_large", "The pictures are larger than can be decoded safely.")
    return MediaError("not_media", "The file is not a video or picture that can be read.")


def stream_frames(media: OpenMedia, about: Probe, use: Callable[[np.ndarray, np.ndarray], None], *, rate: float,
                  most: int, size: tuple[int, int], decode: Decode = "all", stretch: Stretch | None = None
                  ) -> int:  # fmt: skip
    """Give gray pictures uint8 (n, height, width) and their times in seconds float32 (n,) to `use`, batch by batch.

    `rate` a second, at most `most`. Pictures that are not decoded are replaced by the one before. Of a `stretch` only
    that is decoded, and the times are the film's all the same. Returns how many there were. Raises MediaError
    `no_video`, `truncated`, `too_large`, `timed_out`.
    """
    if not about.has_video:
        raise MediaError("no_video", "The file holds no pictures.")
    batches = _Batches(use, rate, size, stretch.start if stretch else 0.0)
    limits = _limits(about.duration_seconds, size[0] * size[1] * (most + 1))
    outcome = run_ffmpeg(_gray_graph(media, about, rate, most, decode, size, stretch), media, limits, batches.feed)
    batches.end()
    if batches.count == 0:
        raise _decode_error(outcome)
    return batches.count


class _Batches:
    """Bytes of a pipe, cut into batches of pictures."""

    def __init__(self, use: Callable[[np.ndarray, np.ndarray], None], rate: float, size: tuple[int, int], start: float):
        self._use, self._rate, self._size, self._start = use, rate, size, start
        picture = size[0] * size[1]
        self._enough = picture * min(MOST_IN_BATCH, max(LEAST_IN_BATCH, PIPE_BYTES // picture))
        self._waiting = bytearray()
        self.count = 0

    def feed(self, chunk: bytes) -> None:
        self._waiting += chunk
        if len(self._waiting) >= self._enough:
            self.end()

    def end(self) -> None:
        width, height = self._size
        ready = len(self._waiting) // (width * height)
        if not ready:
            return
        pictures = np.frombuffer(bytes(self._waiting[: ready * width * height]), np.uint8).reshape(ready, height, width)
        del self._waiting[: ready * width * height]
        times = self._start + np.arange(self.count, self.count + ready, dtype=np.float32) / np.float32(self._rate)
        self.count += ready
        self._use(pictures, times.astype(np.float32))


def all_frames(media: OpenMedia, about: Probe, *, rate: float, most: int, size: tuple[int, int]
               ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The pictures of stream_frames() in one piece, for short media."""
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    stream_frames(
        media, about, lambda pictures, times: parts.append((pictures, times)), rate=rate, most=most, size=size
    )
    return np.concatenate([one[0] for one in parts]), np.concatenate([one[1] for one in parts])


def rate_for(duration_seconds: float, wanted: float, most: int) -> float:
    """Frames per second: fewer than wanted for media so long that they would not fit into memory."""
    return wanted if duration_seconds * wanted <= most else most / duration_seconds


def _limits(duration_seconds: float, output_bytes: int = 300 * 1024**2) -> Limits:
    """A 720p second costs 0.05 CPU seconds; ten times that is allowed for larger pictures and slower codecs."""
    cpu = int(30 + min(duration_seconds, 4 * 3600) * 0.5)
    return Limits(wall_seconds=2.0 * cpu, cpu_seconds=cpu, output_bytes=output_bytes)


def _gray_graph(media: OpenMedia, about: Probe, rate: float, most: int, decode: Decode, size: tuple[int, int],
                stretch: Stretch | None = None) -> list[str]:  # fmt: skip
    decoder = {"skip_loop_filter": "all", "skip_frame": SKIPPED[decode], **(stretch.seek if stretch else {})}
    video = ffmpeg.input(media.path_inside, **input_options(), **decoder).video
    if not about.is_image:
        # Rounding up gives the frame shown at that very moment; the default is up to half a step late. The first frame
        # after a seek may come a little after its moment: counted from the moment, not from the frame.
        counted = {"start_time": 0} if stretch else {}
        video = video.filter("fps", f"{rate:.6f}", round="up", **counted)
    small = video.filter("scale", *size, flags="area", out_range="full").filter("format", "gray")
    output = ffmpeg.output(small, "pipe:1", format="rawvideo", **{"frames:v": 1 if about.is_image else most})
    return ["-v", "error", *output.get_args()]


def _decode_error(outcome: Outcome) -> MediaError:
    report = outcome.stderr
    if "allocate memory" in report or "max_pixels" in report or "Picture size" in report or "dimensions" in report:
        return MediaError("too_large", "The pictures are larger than can be decoded safely.")
    return MediaError("truncated", "The file is damaged: not one picture could be decoded.")


def sound_samples(media: OpenMedia, about: Probe, stretch: Stretch | None = None) -> np.ndarray:
    """Mono sound at SOUND_RATE, float32 in -1..1; empty when there is none or it cannot be decoded."""
    if not about.has_sound:
        return np.zeros(0, np.float32)
    seek = stretch.seek if stretch else {}
    sound = ffmpeg.input(media.path_inside, **input_options(), **seek, vn=None).audio
    output = ffmpeg.output(sound, "pipe:1", format="s16le", ac=1, ar=SOUND_RATE, t=MAX_SOUND_SECONDS)
    outcome = run_ffmpeg(["-v", "error", *output.get_args()], media, _limits(about.duration_seconds))
    return np.frombuffer(outcome.stdout[: len(outcome.stdout) // 2 * 2], np.int16).astype(np.float32) / 32768


def frame_at(media: MediaSource | OpenMedia, seconds: float, width: int = 480, gray: bool = True, blur: int = 0,
             height: int | None = None) -> bytes:  # fmt: skip
    """One picture of a medium as JPEG bytes, for the officer's side-by-side strip.

    `blur` 0..10 is applied inside ffmpeg, so an unblurred picture need never exist outside the cage.
    A time past the end gives the nearest earlier picture that can be decoded. Raises MediaError.
    """
    with open_media(media) as opened:
        about = probe(opened)
        if not about.has_video:
            raise MediaError("no_video", "The file holds no pictures.")
        for moment in _moments(seconds, about):
            outcome = run_ffmpeg(_picture_graph(opened, moment, width, height, gray, blur), opened, Limits(30, 20))
            if outcome.stdout:
                return outcome.stdout
    raise _decode_error(outcome)


def _moments(seconds: float, about: Probe) -> list[float]:
    if about.is_image:
        return [0.0]
    wanted = min(max(0.0, seconds), about.duration_seconds or seconds)
    return sorted({wanted, max(0.0, wanted - 0.5), 0.0}, reverse=True)


def _picture_graph(media: OpenMedia, seconds: float, width: int, height: int | None, gray: bool, blur: int
                   ) -> list[str]:  # fmt: skip
    seek = {"ss": f"{seconds:.3f}"} if seconds > 0 else {}
    picture = ffmpeg.input(media.path_inside, **input_options(), **seek).video
    picture = picture.filter("scale", width, height or -2)
    if blur > 0:
        picture = picture.filter("gblur", sigma=min(blur, 10) * width / 160)
    picture = picture.filter("format", "gray" if gray else "yuvj420p")
    output = ffmpeg.output(picture, "pipe:1", format="image2pipe", vcodec="mjpeg", strict="unofficial",
                           **{"frames:v": 1, "q:v": 4})  # fmt: skip
    return ["-v", "error", *output.get_args()]
