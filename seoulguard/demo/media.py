"""Synthetic but lifelike clips: hand-held camera moves over photographs that installed packages ship.

No photograph here shows a person. Reference and unrelated clips draw from two lists that never meet.
"""

from __future__ import annotations

import random
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory

from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image, ImageDraw, ImageFont

from seoulguard.demo.sound import write_speech_like

RATE = 25
LONGEST_SECONDS = 12
# (package, folder inside it, file name)
REFERENCE_PHOTOS = (
    ("skimage", "data", "coffee.png"),
    ("sklearn", "datasets/images", "china.jpg"),
    ("sklearn", "datasets/images", "flower.jpg"),
    ("skimage", "data", "motorcycle_left.png"),
)
UNRELATED_PHOTOS = {
    "cat": ("skimage", "data", "chelsea.png"),
    "rocket": ("skimage", "data", "rocket.jpg"),
    "stars": ("skimage", "data", "hubble_deep_field.jpg"),
    "coins": ("skimage", "data", "coins.png"),
    "paving": ("skimage", "data", "brick.png"),
    "retina": ("skimage", "data", "retina.jpg"),
    "moon": ("skimage", "data", "moon.png"),
    "gravel": ("skimage", "data", "gravel.png"),
}
TEST_CARD = "test-card"
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-movflags", "+faststart")
AAC = ("-c:a", "aac", "-b:a", "96k")


class MediaError(RuntimeError):
    """ffmpeg could not make or read a clip; the text is its last line."""


@dataclass(frozen=True)
class ClipFacts:
    """What ffmpeg says of a file: seconds, pixels, codec names ("" when that stream is absent)."""

    duration_seconds: float
    width: int
    height: int
    video_codec: str
    audio_codec: str


def probe(clip: Path) -> ClipFacts:
    """Decode the whole clip once and say what it holds; MediaError when a single packet does not decode."""
    told = _ffmpeg("-v", "info", "-xerror", "-i", clip, "-f", "null", "-")
    duration = re.search(r"Duration: (\d+):(\d+):([\d.]+)", told)
    picture = re.search(r"Video: (\w+).*?, (\d{2,5})x(\d{2,5})", told)
    sound = re.search(r"Audio: (\w+)", told)
    if not duration or not picture:
        raise MediaError(f"{clip.name} holds no video")
    hours, minutes, seconds = duration.groups()
    return ClipFacts(
        duration_seconds=int(hours) * 3600 + int(minutes) * 60 + float(seconds),
        video_codec=picture[1],
        width=int(picture[2]),
        height=int(picture[3]),
        audio_codec=sound[1] if sound else "",
    )


def make_reference(folder: Path, seed: int = 1, seconds: float = 12) -> Path:
    """Three shots cut together, 640x360, H.264 with AAC. The seed picks photographs, moves and voice."""
    rng = random.Random(seed)
    photos = [_photo(place) for place in rng.sample(REFERENCE_PHOTOS, 3)]
    return _film(photos, folder / f"reference-{seed}.mp4", seconds, (640, 360), rng)


def make_unrelated(folder: Path, n: int = 8, seed: int = 2, seconds: float = 5) -> list[Path]:
    """`n` clips of other photographs, one of them a test pattern; the file name's stem names the scene.

    Past the number of scenes they come round again with other moves, named `cat-2` and so on.
    """
    rng = random.Random(seed)
    scenes = [*UNRELATED_PHOTOS]
    scenes.insert(4, TEST_CARD)
    clips = []
    for number in range(n):
        lap, scene = number // len(scenes), scenes[number % len(scenes)]
        target = folder / f"{scene}{f'-{lap + 1}' if lap else ''}.mp4"
        clips.append(_test_card(target, seconds, rng) if scene == TEST_CARD else _one_shot(scene, target, seconds, rng))
    return clips


def make_copies(reference: Path, folder: Path) -> dict[str, Path]:
    """Edited copies of any clip, by name of the edit; `reupload` is a later, shorter one for the second round.

    Cut to the first 12 s, never larger than 640 pixels a side. A clip without sound gives silent copies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        cut = _working_cut(reference, Path(scratch) / "cut.mp4")
        facts = probe(cut)
        banner = _banner(Path(scratch) / "banner.png", facts.width, facts.height)
        later = round(facts.duration_seconds * 0.15, 2)
        return {
            "reencoded": _vp9(cut, folder / "reencoded.webm", "scale=-2:trunc(ih*0.375)*2"),
            "cropped": _h264(cut, folder / "cropped.mp4", "crop=trunc(iw*0.44)*2:trunc(ih*0.44)*2", 27),
            "mirrored": _h264(cut, folder / "mirrored.mp4", "hflip", 28),
            "captioned": _h264(cut, folder / "captioned.mp4", "[0:v][1:v]overlay=0:H-h", 28, over=banner),
            "letterboxed": _h264(cut, folder / "letterboxed.mp4", "pad=iw:trunc(ih*0.6)*2+2:0:-1", 30),
            "reupload": _h264(
                cut, folder / "reupload.mp4", "hflip,scale=trunc(iw*0.375)*2:-2,eq=brightness=0.05", 30, start=later
            ),
        }


def _film(photos: list[Image.Image], target: Path, seconds: float, size: tuple[int, int], rng: random.Random) -> Path:
    """Each photograph becomes a shot of equal length; cuts are hard, as a phone's are."""
    frames = round(seconds * RATE / len(photos))
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        inputs: list[str | Path] = []
        for number, photo in enumerate(photos):
            still = Path(scratch) / f"{number}.jpg"
            _canvas(photo, (size[0] * 2, size[1] * 2)).save(still, quality=95)
            inputs += ["-i", still]
        voice = write_speech_like(Path(scratch) / "voice.wav", frames * len(photos) / RATE, rng.randrange(1 << 30))
        shots = "".join(f"[{i}:v]{_move(frames, size, rng)}[s{i}];" for i in range(len(photos)))
        joined = "".join(f"[s{i}]" for i in range(len(photos))) + f"concat=n={len(photos)}:v=1:a=0[v]"
        maps = ("-map", "[v]", "-map", f"{len(photos)}:a")
        _ffmpeg(*inputs, "-i", voice, "-filter_complex", shots + joined, *maps, *H264, "-crf", "24", *AAC, target)
    return target


def _one_shot(scene: str, target: Path, seconds: float, rng: random.Random) -> Path:
    return _film([_photo(UNRELATED_PHOTOS[scene])], target, seconds, (480, 270), rng)


def _test_card(target: Path, seconds: float, rng: random.Random) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    pictures = f"testsrc2=size=480x270:rate={RATE}:duration={seconds}"
    tone = f"sine=frequency={rng.choice((440, 660, 1000))}:beep_factor=3:duration={seconds}"
    _ffmpeg("-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", tone, *H264, "-crf", "28", *AAC, target)
    return target


def _move(frames: int, size: tuple[int, int], rng: random.Random) -> str:
    """A zoompan expression: a slow pan and zoom with the shake of a hand, grain, and light that breathes.

    Pan is measured in shares of the free border, so that the window never leaves the photograph.
    """
    near, far = rng.choice(((1.25, 1.6), (1.6, 1.25), (1.4, 1.5)))
    (x0, y0), (x1, y1) = rng.choice(
        (((0.1, 0.3), (0.9, 0.6)), ((0.9, 0.7), (0.15, 0.3)), ((0.5, 0.1), (0.4, 0.9)), ((0.2, 0.9), (0.7, 0.2)))
    )
    done = f"(on/{frames})"
    shake = [f"{rng.uniform(3, 7):.1f}*sin(on/{rng.uniform(4, 9):.2f}+{rng.uniform(0, 6):.2f})" for _ in "xy"]
    seen = f"z='{near}+{far - near:.3f}*{done}'"
    across = f"x='(iw-iw/zoom)*({x0}+{x1 - x0:.2f}*{done})+{shake[0]}'"
    down = f"y='(ih-ih/zoom)*({y0}+{y1 - y0:.2f}*{done})+{shake[1]}'"
    light = f"eq=brightness='0.03*sin(t*{rng.uniform(0.8, 2):.2f})':eval=frame"
    zoompan = f"zoompan={seen}:{across}:{down}:d={frames}:s={size[0]}x{size[1]}:fps={RATE}"
    return f"{zoompan},{light},noise=alls=5:allf=t:all_seed={rng.randrange(1, 1 << 16)},format=yuv420p"


@cache
def _photo(place: tuple[str, str, str]) -> Image.Image:
    """Read from the package's own files: its loader would try to download."""
    package, folder, name = place
    source: Traversable = files(package)
    for part in (*folder.split("/"), name):
        source = source / part
    with as_file(source) as path:
        return Image.open(path).convert("RGB")


def _canvas(photo: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Fill `size`, keeping proportions and cutting off what sticks out."""
    scale = max(size[0] / photo.width, size[1] / photo.height)
    grown = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.LANCZOS)
    left, top = (grown.width - size[0]) // 2, (grown.height - size[1]) // 2
    return grown.crop((left, top, left + size[0], top + size[1]))


def _working_cut(reference: Path, target: Path) -> Path:
    """The clip all copies are made of: upright, even-sized and short, whatever the user gave."""
    fit = "scale='min(640,iw)':'min(640,ih)':force_original_aspect_ratio=decrease:force_divisible_by=2"
    return _h264(reference, target, fit + ",fps=25,setsar=1", 18, seconds=LONGEST_SECONDS)


def _h264(
    clip: Path, target: Path, graph: str, crf: int, over: Path | None = None, start: float = 0, seconds: float = 60
) -> Path:
    picture = ("-i", over) if over else ()
    cut = ("-ss", str(start)) if start else ()
    flag = "-filter_complex" if over else "-vf"
    _ffmpeg(*cut, "-t", str(seconds), "-i", clip, *picture, flag, graph, *H264, "-crf", str(crf), *AAC, target)
    return target


def _vp9(clip: Path, target: Path, graph: str) -> Path:
    codec = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1", "-b:v", "350k")
    _ffmpeg("-i", clip, "-vf", graph, *codec, "-c:a", "libopus", "-b:a", "48k", target)
    return target


def _banner(target: Path, width: int, height: int) -> Path:
    """A caption bar as a picture: drawtext needs a font file that a bare machine may not have."""
    tall = max(16, height // 8)
    strip = Image.new("RGBA", (width, tall), (0, 0, 0, 150))
    pen = ImageDraw.Draw(strip)
    pen.text(
        (width // 2, tall // 2), "best of the week", fill="white", font=ImageFont.load_default(tall * 0.55), anchor="mm"
    )
    strip.save(target)
    return target


def _ffmpeg(*arguments: str | Path) -> str:
    """Run ffmpeg on local files only and return what it printed; MediaError when it fails."""
    command = [get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-y", *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
    if ran.returncode != 0:
        raise MediaError(ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else "ffmpeg failed silently")
    return ran.stderr
