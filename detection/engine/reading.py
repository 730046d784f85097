"""From a medium to its fingerprint: one pass over its pictures, one over its sound.

Every frame is hashed; points, which cost a hundred times as much, are looked for in some frames only ("views"): where
the picture has changed, often in a short film, seldom in a long one.
"""

from __future__ import annotations

import logging

import cv2
import imagehash
import numpy as np
from PIL import Image

from . import audio, frames
from . import fingerprint as pdq
from .borders import WHOLE, PixelBox, content_box, part_of
from .cage import MediaSource, OpenMedia, open_media
from .changing import CELLS, QUARTER, change_of
from .fingerprint import SIDE
from .learned import Descriptor, ModelError
from .media import LONG_SECONDS, MediaFingerprint, joined_points
from .points import Points, points_of

logger = logging.getLogger(__name__)

# Hand-held pictures move enough in a quarter of a second to break a hash, so references are sampled twice as often.
RATE_LIGHT, RATE_DENSE, RATE_FAST = 4.0, 8.0, 1.0
MOST_LIGHT, MOST_DENSE = 14_400, 14_400
# Longer side in pixels and number of points by length of the film; a still has one view only.
# A stretch as long as this is looked at as closely as a film of its length, a longer one no closer than its own film.
SHORT_STRETCH = 30
SHORT_VIEW, LONG_VIEW, LONG_VIEW_DENSE, FAST_VIEW = (512, 600), (320, 300), (384, 400), (320, 250)
STILL_VIEW = (640, 900)
# References are looked at once more from afar: copies are often shown small, in a corner or on a screen. And so are stills
# and short films: from there the moire of a filmed screen is gone.
FAR_SIDE, FAR_SIDE_LIGHT, FAR_POINTS = 160, 200, 150
MOST_VIEWS = 1_200
# A candidate film may show a still; so many of its views can be laid over one. What a film shows is asked of time.
PICTURED_VIEWS = 6
# Seconds between views by length of the film; a reference is looked at once and compared for years.
VIEWS_DENSE = ((15, 0.25), (600, 0.5), (1e9, 1.0))
VIEWS_LIGHT = ((15, 1 / 3), (60, 0.5), (1e9, 1.0))
VIEWS_FAST = ((15, 0.5), (60, 2.0), (1e9, 4.0))
LONGEST_WITHOUT_VIEW = 4.0
# Mean change in grey levels that makes another view worth its cost; a still may be of any moment of a reference.
CHANGED_LONG, CHANGED_SHORT, CHANGED_DENSE = 1.5, 0.7, 0.4
TINY_SIDE, ORDINARY_SPREAD = 64, 40.0
BATCH = 256
NO_SOUND = (np.zeros(0, np.uint32), np.zeros(0, bool))


def fingerprint_media(
    media: MediaSource, *, dense: bool, fast: bool = False, learned: Descriptor | None = None,
    stretch: tuple[float, float] | None = None,
) -> MediaFingerprint:  # fmt: skip
    """Decode a medium once, caged, and fingerprint it. `dense` is for references, `fast` looks at keyframes only.

    `media` is a path, bytes, a descriptor or a file object; `learned` describes its views too. Of a film only a `stretch`
    (start, seconds) may be looked at, a short one as closely as a short film; its times are the film's, and its duration
    ends with the stretch. Raises MediaError with a reason code and a sentence.
    """
    with open_media(media) as opened:
        about = frames.probe(opened)
        part = frames.Stretch(*stretch) if stretch and not about.is_image else None
        reader = _Reader(about, part, dense=dense, fast=fast and not about.is_image, learned=learned)
        reader.read(opened)
        words, loud = NO_SOUND if fast else _sound(opened, about, part)
    return reader.fingerprint(words, loud)


def length_of(media: MediaSource) -> float:
    """Seconds that a medium says it lasts; 0 for a still. Raises MediaError."""
    about = frames.probe(media)
    return 0.0 if about.is_image else about.duration_seconds


def _sound(opened: OpenMedia, about: frames.Probe, part: frames.Stretch | None) -> tuple[np.ndarray, np.ndarray]:
    """Words are told apart by their number, so those before a stretch are there too, and silent."""
    words, loud = audio.sound_words(frames.sound_samples(opened, about, part))
    before = round(part.start * audio.WORDS_PER_SECOND) if part and len(words) else 0
    return np.pad(words, (before, 0)), np.pad(loud, (before, 0))


class _Reader:
    """Collects what a fingerprint needs while the pictures come by; never holds more than small ones."""

    def __init__(self, about: frames.Probe, stretch: frames.Stretch | None, *, dense: bool, fast: bool,
                 learned: Descriptor | None):  # fmt: skip
        self._about, self._dense, self._fast, self._learned = about, dense, fast, learned
        self._stretch, self._start = stretch, stretch.start if stretch else 0.0
        # What the container says may be nothing, or wrong.
        rest = max(0.0, about.duration_seconds - self._start)
        self._length = min(stretch.seconds, rest or stretch.seconds) if stretch else rest
        self._pictures: list[np.ndarray] = []
        like = about.duration_seconds if self._length > SHORT_STRETCH else self._length
        self._long = like > LONG_SECONDS
        side, self._most_points = self._view_size()
        self._size = about.fitted(side)
        most = MOST_DENSE if dense else MOST_LIGHT
        rate = RATE_FAST if fast and self._long else RATE_DENSE if dense else RATE_LIGHT
        self._rate = frames.rate_for(self._length, rate, most)
        self._most = 1 if about.is_image else most
        self._small: list[np.ndarray] = []
        self._times: list[np.ndarray] = []
        self._views: list[tuple[float, Points]] = []
        self._last_view: np.ndarray | None = None
        self._every = self._seconds_between_views(like)
        self._changed = CHANGED_DENSE if dense else CHANGED_LONG if self._long else CHANGED_SHORT

    def _view_size(self) -> tuple[int, int]:
        if self._about.is_image:
            return STILL_VIEW
        if not self._long:
            return SHORT_VIEW
        return FAST_VIEW if self._fast else LONG_VIEW_DENSE if self._dense else LONG_VIEW

    def _seconds_between_views(self, like: float) -> float:
        table = VIEWS_FAST if self._fast else VIEWS_DENSE if self._dense else VIEWS_LIGHT
        every = next(seconds for length, seconds in table if like <= length)
        return max(every, self._length / MOST_VIEWS)

    def read(self, opened: OpenMedia) -> None:
        decode: frames.Decode = "keyframes" if self._fast else "referenced" if self._long else "all"
        frames.stream_frames(opened, self._about, self._take, rate=self._rate, most=self._most, size=self._size,
                             decode=decode, stretch=self._stretch)  # fmt: skip

    def _take(self, pictures: np.ndarray, times: np.ndarray) -> None:
        small = np.stack([cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for one in pictures])
        self._small.append(small)
        self._times.append(times)
        for picture, little, moment in zip(pictures, small, times, strict=True):
            self._look(picture, little, float(moment))

    def _look(self, picture: np.ndarray, little: np.ndarray, moment: float) -> None:
        """Find points in a frame, unless the last view is too recent or shows the same."""
        tiny = cv2.resize(little, (TINY_SIDE, TINY_SIDE), interpolation=cv2.INTER_AREA).astype(np.int16)
        if self._last_view is not None:
            waited = moment - self._views[-1][0]
            if waited < self._every - 0.01:
                return
            change = float(np.abs(tiny - self._last_view).mean())
            # Between two keyframes the picture is the very same: another look at it would tell nothing.
            if change < self._changed * _liveliness(tiny) and (
                waited < LONGEST_WITHOUT_VIEW or (self._fast and change == 0)
            ):
                return
        self._last_view = tiny
        self._views.append((moment, self._points(picture)))
        if self._learned is not None:
            self._pictures.append(self._learned.fitted(picture).copy())

    def _points(self, picture: np.ndarray) -> Points:
        near = points_of(picture, self._most_points, spread=not self._dense and not self._long)
        if self._long and not self._dense:
            return near
        far = (FAR_SIDE if self._dense else FAR_SIDE_LIGHT) / max(picture.shape)
        small = cv2.resize(picture, None, fx=far, fy=far, interpolation=cv2.INTER_AREA)
        return near + points_of(small, FAR_POINTS)

    def fingerprint(self, words: np.ndarray, loud: np.ndarray) -> MediaFingerprint:
        small, times = np.concatenate(self._small), np.concatenate(self._times)
        box = content_box(small)
        layers = pdq.DENSE_LAYERS if self._dense else pdq.LIGHT_LAYERS
        hashes, detail = _hash_layers(small, box, layers)
        kind = "image" if self._about.is_image or (len(small) == 1 and not self._stretch) else "video"
        length = 0.0 if kind == "image" else max(self._start + self._length, float(times[-1]) + 1 / self._rate)
        width, height = self._size
        rows, model = self._described()
        pictures, pictured = self._pictured(small, times, kind)
        return MediaFingerprint(
            kind=kind, duration_seconds=length, dense=self._dense, times=times, hashes=hashes, detail=detail,
            change=self._change(small),
            aspect=(width / max(self._size), height / max(self._size)),
            borders=(box[0] / SIDE, box[1] / SIDE, box[2] / SIDE, box[3] / SIDE),
            view_times=np.array([moment for moment, _ in self._views], np.float32),
            **joined_points((points for _, points in self._views), self._dense),
            sound=words, loud=loud, pictures=pictures, pictured=pictured, learned=rows, model=model,
            phash=_second_opinion(small[0], box, layers) if kind == "image" else np.zeros(0, np.uint64),
            warning=_cut_off(self._length, times - self._start, kind),
        )  # fmt: skip

    def _change(self, small: np.ndarray) -> np.ndarray:
        """From one keyframe to the next there is no quarter of a second: the fast profile does not know."""
        if self._fast:
            return np.zeros((len(small), CELLS * CELLS), np.int8)
        return change_of(small, max(1, round(self._rate * QUARTER)))

    def _pictured(self, small: np.ndarray, times: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
        """Small pictures of some views and the numbers of these views."""
        most = 1 if kind == "image" else 0 if self._dense else PICTURED_VIEWS
        views = np.unique(np.linspace(0, len(self._views) - 1, min(most, len(self._views))).round().astype(np.int32))
        moments = np.array([self._views[one][0] for one in views.tolist()], times.dtype)
        return small[np.searchsorted(times, moments)], views

    def _described(self) -> tuple[np.ndarray, str]:
        """The learned descriptor's row for each view and its name; nothing and "" without one, or when it fails."""
        if self._learned is not None:
            try:
                return self._learned.describe(np.stack(self._pictures)).astype(np.float16), self._learned.model
            except ModelError as error:
                logger.error("a medium was read without the learned descriptor: %s", error.sentence)
        return np.zeros((0, 0), np.float16), ""


def _liveliness(tiny: np.ndarray) -> float:
    """What changes in a dark or pale picture changes by fewer grey levels: how far it spreads, of an ordinary picture 1."""
    return min(1.0, float(tiny.std()) / ORDINARY_SPREAD)


def _cut_off(duration_seconds: float, times: np.ndarray, kind: str) -> str:
    if kind == "video" and float(times[-1]) < 0.8 * duration_seconds - 1:
        return f"truncated: only {float(times[-1]):.0f} of {duration_seconds:.0f} seconds could be decoded"
    return ""


def _hash_layers(pictures: np.ndarray, box: PixelBox, layers: tuple[pdq.Layer, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes and detail of every layer. Without borders the untrimmed ones would be repetitions: left blank."""
    hashes = np.zeros((len(pictures), len(layers), 4), np.uint64)
    detail = np.zeros((len(pictures), len(layers)), np.uint8)
    wanted = [(number, layer) for number, layer in enumerate(layers) if layer.trimmed or box != WHOLE]
    for start in range(0, len(pictures), BATCH):
        part = slice(start, start + BATCH)
        known: dict[tuple[pdq.Box, bool], np.ndarray] = {}
        for number, layer in wanted:
            key = (layer.box, layer.trimmed)
            if key not in known:
                known[key] = pdq.coefficients(pictures[part], part_of(box if layer.trimmed else WHOLE, layer.box))
            hashes[part, number] = pdq.hashes_of(pdq.turned_back(known[key], layer.turn))
            detail[part, number] = pdq.detail_of(known[key])
    return hashes, detail


_PIL_TURN = {
    "hflip": Image.Transpose.FLIP_LEFT_RIGHT, "vflip": Image.Transpose.FLIP_TOP_BOTTOM,
    "rot180": Image.Transpose.ROTATE_180, "rot90": Image.Transpose.ROTATE_90, "rot270": Image.Transpose.ROTATE_270,
    "transpose": Image.Transpose.TRANSPOSE, "transverse": Image.Transpose.TRANSVERSE,
}  # fmt: skip


def _second_opinion(picture: np.ndarray, box: PixelBox, layers: tuple[pdq.Layer, ...]) -> np.ndarray:
    """imagehash.phash of every layer of a still image, uint64 (layers,): a lone frame has no time to vouch for it."""
    whole = Image.fromarray(picture)
    found = np.empty(len(layers), np.uint64)
    for number, layer in enumerate(layers):
        left, top, right, bottom = part_of(box if layer.trimmed else WHOLE, layer.box)
        part = whole.crop((round(left), round(top), round(right), round(bottom)))
        if layer.turn != "none":
            part = part.transpose(_PIL_TURN[layer.turn])
        found[number] = int(str(imagehash.phash(part)), 16)
    return found


# Other PDQ tools hash a still at its own size; shrinking it first moves up to 26 bits.
LARGEST_HASHED_SIDE, LARGEST_HASHED_STILL = 1024, 4096
FRAMES_HASHED = 7_200


def frame_hashes(media: MediaSource) -> list[dict[str, float | int | str]]:
    """PDQ of a still, or of a video every quarter of a second, as other PDQ tools have it: `t`, `pdq_hex`, `quality`.

    Works on whole pictures without removing borders. Raises MediaError.
    """
    rows: list[dict[str, float | int | str]] = []

    def use(pictures: np.ndarray, times: np.ndarray) -> None:
        hashes, qualities = pdq.pdq(pictures)
        for moment, row, quality in zip(times, hashes, qualities, strict=True):
            text = str(pdq.Fingerprint.from_row(row))
            rows.append({"t": round(float(moment), 3), "pdq_hex": text, "quality": int(quality)})

    with open_media(media) as opened:
        about = frames.probe(opened)
        rate = frames.rate_for(about.duration_seconds, RATE_LIGHT, FRAMES_HASHED)
        most, largest = (1, LARGEST_HASHED_STILL) if about.is_image else (FRAMES_HASHED, LARGEST_HASHED_SIDE)
        frames.stream_frames(opened, about, use, rate=rate, most=most, size=about.fitted(largest))
    return rows
