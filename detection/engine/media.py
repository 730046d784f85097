"""The fingerprint of a whole medium: made once, kept sealed, compared many times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import numpy as np

from . import fingerprint as pdq
from .points import VARIANTS, Variant, codes_of, projected, read_as
from .points import Points as Points
from .stored import pack, unpack

FLAT = 4
# A film of more than this is looked at less closely.
LONG_SECONDS = 60.0


@dataclass(frozen=True)
class MediaFingerprint:
    """What is remembered of a medium: not for looking at, only for recognising copies.

    Frames: `times` float32 seconds (f,), `hashes` PDQ uint64 (f, layers, 4), `detail` uint8 (f, layers) how firm each
    is, `change` int8 (f, 1024) how each cell of a 32 x 32 grid became lighter or darker in a quarter of a second (changing.py).
    Views: some of these frames, with points. `view_times` (v,), `view_starts` (v + 1,) where each view's points begin;
    `places` float32 (p, 2), `sizes`, `angles` float32 (p,) as in points.Points. References (`dense`) keep `codes`
    uint64 (p, 4), candidates keep `descriptors` uint8 (p, 128), from which every variant's code is made.
    `aspect` is (width, height) over the longer side; `borders` left, top, right, bottom of the picture inside its
    borders, in shares. `pictures` uint8 (n, 128, 128) are small whole pictures of a still, or of some views of a candidate
    film, whose numbers are `pictured` int32 (n,); two stills are compared by them (displaced.py).
    `learned` float16 (v, d) are rows of the learned descriptor `model`, (0, 0) and empty without one
    (learned.Descriptor). `warning` is empty, or why the medium is only partly covered.
    """

    kind: str
    duration_seconds: float
    dense: bool
    times: np.ndarray
    hashes: np.ndarray
    detail: np.ndarray
    change: np.ndarray
    aspect: tuple[float, float] = (1.0, 1.0)
    borders: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    view_times: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    view_starts: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))
    places: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    sizes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    angles: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    codes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.uint64))
    descriptors: np.ndarray = field(default_factory=lambda: np.zeros((0, 128), np.uint8))
    sound: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))
    loud: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    phash: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint64))
    pictures: np.ndarray = field(default_factory=lambda: np.zeros((0, pdq.SIDE, pdq.SIDE), np.uint8))
    pictured: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    learned: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    model: str = ""
    warning: str = ""

    @property
    def frame_count(self) -> int:
        return len(self.times)

    @property
    def view_count(self) -> int:
        return len(self.view_times)

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

    def points_of(self, view: int) -> slice:
        """Where the points of a view stand in the arrays of points."""
        return slice(int(self.view_starts[view]), int(self.view_starts[view + 1]))

    def picture_of(self, view: int) -> np.ndarray | None:
        """The small picture of a view, uint8 (128, 128); None when it was not kept."""
        place = np.flatnonzero(self.pictured == view)
        return self.pictures[place[0]] if len(place) else None

    def points_read_as(self, view: int, variant: Variant = VARIANTS[0]) -> tuple[Points, np.ndarray]:
        """A candidate's points of one view in another reading, and their projections float32 (n, 256)."""
        part = self.points_of(view)
        points = Points(self.places[part], self.sizes[part], self.angles[part], self.descriptors[part])
        return read_as(points, variant, self.aspect[0]), projected(points.descriptors, variant)

    def to_bytes(self) -> bytes:
        """A compact, versioned, platform-independent form; from_bytes() gives an equal fingerprint back."""
        return pack({one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def from_bytes(cls, stored: bytes) -> MediaFingerprint:
        """Read to_bytes() back. Raises ValueError when these are not the bytes of a fingerprint."""
        return cls(**unpack(stored))


def joined_points(views: Iterable[Points], dense: bool) -> dict[str, np.ndarray]:
    """The arrays of points of many views, as MediaFingerprint wants them."""
    listed = list(views)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in listed])]).astype(np.int64)
    if not listed:
        return {"view_starts": starts}
    if dense:
        # View by view: all at once would be half a gigabyte for ten minutes.
        kept = {"codes": np.concatenate([codes_of(projected(one.descriptors)) for one in listed])}
    else:
        kept = {"descriptors": np.concatenate([one.descriptors for one in listed])}
    return {
        "view_starts": starts,
        "places": np.concatenate([one.places for one in listed]).astype(np.float32),
        "sizes": np.concatenate([one.sizes for one in listed]).astype(np.float32),
        "angles": np.concatenate([one.angles for one in listed]).astype(np.float32),
        **kept,
    }
