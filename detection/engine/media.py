"""The fingerprint of a whole medium: made once, kept sealed, compared many times."""

from __future__ import annotations

import io
import json
import struct
import zlib
from dataclasses import dataclass, field

import imagehash
import numpy as np
from PIL import Image

from . import audio, frames
from . import fingerprint as pdq
from .cage import MediaSource, open_media

MAGIC = b"SGF1"
FLAT = 4
BORDER_SPREAD = 6.0
SMALLEST_SHARE = 0.3
BATCH = 256
PixelBox = tuple[int, int, int, int]
WHOLE: PixelBox = (0, 0, frames.SIDE, frames.SIDE)


@dataclass(frozen=True)
class MediaFingerprint:
    """What is remembered of a medium: no picture can be made from it, yet copies are recognised.

    `hashes` are PDQ hashes uint64 (frames, layers, 4), `detail` uint8 (frames, layers) says how firm each one is,
    `times` are seconds. `dense` fingerprints (references) hold crops, light ones (candidates) hold turns.
    `warning` is empty, or why the medium is only partly covered.
    """

    kind: str
    duration_seconds: float
    dense: bool
    times: np.ndarray
    hashes: np.ndarray
    detail: np.ndarray
    borders: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    sound: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    loud: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    phash: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint64))
    warning: str = ""

    @property
    def frame_count(self) -> int:
        return len(self.times)

    @property
    def layers(self) -> tuple[pdq.Layer, ...]:
        return pdq.DENSE_LAYERS if self.dense else pdq.LIGHT_LAYERS

    @property
    def usable(self) -> bool:
        """False when every frame is too plain to be told from others (one colour, noise)."""
        return bool((self.detail >= FLAT).any())

    @property
    def has_borders(self) -> bool:
        left, top, right, bottom = self.borders
        return (right - left) * (bottom - top) < 0.94

    def to_bytes(self) -> bytes:
        """A compact, versioned, platform-independent form; from_bytes() gives an equal fingerprint back."""
        head = {"kind": self.kind, "duration": self.duration_seconds, "dense": self.dense, "borders": self.borders,
                "warning": self.warning, "shape": self.hashes.shape[:2], "sound": len(self.sound),
                "phash": len(self.phash)}  # fmt: skip
        encoded = json.dumps(head, separators=(",", ":")).encode()
        body = b"".join((self.times.astype("<f4").tobytes(), self.hashes.astype("<u8").tobytes(),
                         self.detail.tobytes(), self.sound.astype("<u4").tobytes(),
                         self.loud.astype(np.uint8).tobytes(), self.phash.astype("<u8").tobytes()))  # fmt: skip
        return MAGIC + struct.pack("<I", len(encoded)) + encoded + zlib.compress(body, 1)

    @classmethod
    def from_bytes(cls, stored: bytes) -> MediaFingerprint:
        """Read to_bytes() back. Raises ValueError when these are not the bytes of a fingerprint."""
        if stored[:4] != MAGIC:
            raise ValueError("These bytes are not a fingerprint of this version.")
        (length,) = struct.unpack_from("<I", stored, 4)
        head = json.loads(stored[8 : 8 + length])
        stream = io.BytesIO(zlib.decompress(stored[8 + length :]))
        count, layers = head["shape"]

        def take(kind: str, amount: int) -> np.ndarray:
            stored_kind = np.dtype(kind)
            read = np.frombuffer(stream.read(amount * stored_kind.itemsize), stored_kind)
            return read.astype(stored_kind.newbyteorder("="))

        times, hashes, detail = take("<f4", count), take("<u8", count * layers * 4), take("u1", count * layers)
        return cls(
            kind=head["kind"], duration_seconds=head["duration"], dense=head["dense"], times=times,
            hashes=hashes.reshape(count, layers, 4), detail=detail.reshape(count, layers),
            borders=tuple(head["borders"]), sound=take("<u4", head["sound"]),
            loud=take("u1", head["sound"]).astype(bool), phash=take("<u8", head["phash"]), warning=head["warning"],
        )  # fmt: skip


def fingerprint_media(media: MediaSource, *, dense: bool, fast: bool = False) -> MediaFingerprint:
    """Decode a medium once, caged, and fingerprint it. `dense` is for references, `fast` omits sound and some frames.

    `media` is a path, bytes, a descriptor or a file object. Raises MediaError with a reason code and a sentence.
    """
    with open_media(media) as opened:
        about = frames.probe(opened)
        pictures, times = frames.gray_frames(opened, about, dense=dense, fast=fast)
        words, loud = (np.zeros(0, np.uint32), np.zeros(0, bool)) if fast else audio.sound_words(
            frames.sound_samples(opened, about))  # fmt: skip
    box = content_box(pictures)
    layers = pdq.DENSE_LAYERS if dense else pdq.LIGHT_LAYERS
    hashes, detail = _hash_layers(pictures, box, layers)
    kind = "image" if about.is_image or len(pictures) == 1 else "video"
    side = frames.SIDE
    return MediaFingerprint(
        kind=kind, duration_seconds=0.0 if kind == "image" else max(about.duration_seconds, float(times[-1])),
        dense=dense, times=times, hashes=hashes, detail=detail,
        borders=(box[0] / side, box[1] / side, box[2] / side, box[3] / side), sound=words, loud=loud,
        phash=_second_opinion(pictures[0], box, layers) if kind == "image" else np.zeros(0, np.uint64),
        warning=_cut_off(about.duration_seconds, times, kind),
    )  # fmt: skip


def _cut_off(duration_seconds: float, times: np.ndarray, kind: str) -> str:
    if kind == "video" and float(times[-1]) < 0.8 * duration_seconds - 1:
        return f"truncated: only {float(times[-1]):.0f} of {duration_seconds:.0f} seconds could be decoded"
    return ""


def content_box(pictures: np.ndarray) -> PixelBox:
    """Left, top, right, bottom in pixels of what is left without borders of one colour that stay the whole time."""
    step = max(1, len(pictures) // 200)
    sample = pictures[::step].astype(np.int16)
    top, bottom = _inner(sample.transpose(1, 0, 2).reshape(sample.shape[1], -1))
    kept = sample[:, top:bottom]
    left, right = _inner(kept.transpose(2, 0, 1).reshape(sample.shape[2], -1))
    if (bottom - top) * (right - left) < SMALLEST_SHARE**2 * sample.shape[1] * sample.shape[2]:
        return WHOLE
    return left, top, right, bottom


def _inner(lines: np.ndarray) -> tuple[int, int]:
    """First and last line that are not of one colour; each row of `lines` holds all pixels of one line over time."""
    plain = lines.std(axis=1) < BORDER_SPREAD
    busy = np.flatnonzero(~plain)
    if not len(busy):
        return 0, len(lines)
    first, last = int(busy[0]), int(busy[-1]) + 1
    # The line next to a border is half border after scaling.
    return first + (first > 0), last - (last < len(lines))


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
                known[key] = pdq.coefficients(pictures[part], _pixels(box if layer.trimmed else WHOLE, layer.box))
            hashes[part, number] = pdq.hashes_of(pdq.turned_back(known[key], layer.turn))
            detail[part, number] = pdq.detail_of(known[key])
    return hashes, detail


def _pixels(box: PixelBox, part: pdq.Box) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    return left + part.left * width, top + part.top * height, left + part.right * width, top + part.bottom * height


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
        left, top, right, bottom = _pixels(box if layer.trimmed else WHOLE, layer.box)
        part = whole.crop((round(left), round(top), round(right), round(bottom)))
        if layer.turn != "none":
            part = part.transpose(_PIL_TURN[layer.turn])
        found[number] = int(str(imagehash.phash(part)), 16)
    return found


LARGEST_HASHED_SIDE = 1024


def frame_hashes(media: MediaSource) -> list[dict[str, float | int | str]]:
    """PDQ of a still, or of a video every quarter of a second, as other PDQ tools have it: `t`, `pdq_hex`, `quality`.

    Works on whole pictures without removing borders. Raises MediaError.
    """
    with open_media(media) as opened:
        about = frames.probe(opened)
        shrink = max(1.0, max(about.width, about.height) / LARGEST_HASHED_SIDE)
        size = (max(1, round(about.width / shrink)), max(1, round(about.height / shrink)))
        pictures, times = frames.gray_frames(opened, about, dense=False, size=size)
    hashes, qualities = pdq.pdq(pictures)
    return [{"t": round(float(moment), 3), "pdq_hex": str(pdq.Fingerprint.from_row(row)), "quality": int(quality)}
            for moment, row, quality in zip(times, hashes, qualities, strict=True)]  # fmt: skip
