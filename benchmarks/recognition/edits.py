"""What re-uploaders do to a film: one function a class, parameters drawn at random.

Every edit takes a Work and returns it changed: frames, their rate, and which seconds show which seconds of which
reference. What changes single pictures only is a Painter and serves stills as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from . import drawn
from .films import RATE, Frames, canvas

Draw = np.random.Generator
Painter = Callable[[np.ndarray, int], np.ndarray]
Span = tuple[float, float, float, float]


@dataclass
class Work:
    """A film under the knife. `others(n)` gives n frames of an unrelated film, `late` is
    how many seconds of the reference are missing at the start."""

    frames: Frames
    draw: Draw
    others: Callable[[int], Frames]
    reference: str = ""
    rate: float = RATE
    suffix: str = ""
    coarse: float = 0.0
    spans: list[tuple[str, Span]] = field(default_factory=list)
    late: float = 0.0
    keeps_time: bool = True
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return len(self.frames) / self.rate


def painted(work: Work, paint: Painter) -> Work:
    return replace(work, frames=[paint(frame, number) for number, frame in enumerate(work.frames)])


# --- edits of single pictures --------------------------------------------------------------------------------------
def reencode(draw: Draw, height: int, width: int) -> Painter:
    scale = draw.uniform(0.35, 0.8)
    return lambda frame, _: cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def colour(draw: Draw, height: int, width: int) -> Painter:
    kind, gamma = int(draw.integers(5)), draw.choice([draw.uniform(0.5, 0.75), draw.uniform(1.3, 1.9)])
    tint, contrast = draw.uniform(0.6, 1.25, 3), draw.uniform(0.6, 1.5)
    table = (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    if kind == 0:
        return lambda frame, _: cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if kind == 1:
        return lambda frame, _: table[frame]
    if kind == 2:
        return lambda frame, _: np.clip(frame * tint, 0, 255).astype(np.uint8)
    if kind == 3:
        return lambda frame, _: np.clip((frame.astype(np.float32) - 128) * contrast + 128, 0, 255).astype(np.uint8)
    return lambda frame, _: frame[..., [1, 2, 0]]


def border(draw: Draw, height: int, width: int) -> Painter:
    kind, shade = int(draw.integers(4)), tuple(int(one) for one in draw.integers(0, 256, 3))
    tall, wide = int(height * draw.uniform(0.1, 0.35)), int(width * draw.uniform(0.1, 0.4))
    down, across = ((tall, 0), (0, wide), (tall // 2, wide // 2), (0, wide))[kind]

    def paint(frame: np.ndarray, _: int) -> np.ndarray:
        made = cv2.copyMakeBorder(frame, down, down, across, across, cv2.BORDER_CONSTANT, value=shade)
        if kind == 3:  # a blurred enlargement behind, as phones do
            made = cv2.GaussianBlur(canvas(frame, made.shape[1], made.shape[0]), (0, 0), 15)
            made[down : down + frame.shape[0], across : across + frame.shape[1]] = frame
        return made

    return paint


def mirror(draw: Draw, height: int, width: int) -> Painter:
    return lambda frame, _: np.ascontiguousarray(frame[:, ::-1])


def rotate(draw: Draw, height: int, width: int) -> Painter:
    kind = int(draw.integers(3))
    if kind == 0:
        quarter = int(draw.integers(3))
        return lambda frame, _: cv2.rotate(frame, quarter)
    angle = draw.uniform(4, 356) if kind == 1 else draw.choice([-1, 1]) * draw.uniform(3, 25)
    scale = 0.8 if kind == 1 else 1 + abs(angle) / 30  # the small turns are cut to what is inside
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(angle), float(scale))
    return lambda frame, _: cv2.warpAffine(frame, matrix, (width, height))


def crop(draw: Draw, height: int, width: int) -> Painter:
    return _cut(draw, height, width, *np.sqrt(draw.uniform(0.5, 0.9)) * np.clip(draw.normal(1, 0.05, 2), 0.9, 1.05))


def crop_hard(draw: Draw, height: int, width: int) -> Painter:
    return _cut(draw, height, width, *[np.sqrt(draw.uniform(0.3, 0.6))] * 2)


def crop_aspect(draw: Draw, height: int, width: int) -> Painter:
    sides = [draw.uniform(0.5, 0.7), draw.uniform(0.8, 1.0)]
    cut, squeeze = _cut(draw, height, width, *(sides if draw.integers(2) else sides[::-1])), draw.uniform(0.8, 1.25)
    return lambda frame, number: cv2.resize(cut(frame, number), None, fx=squeeze, fy=1)


def _cut(draw: Draw, height: int, width: int, wide: float, tall: float) -> Painter:
    wide, tall = min(1, wide), min(1, tall)
    left, top = int(draw.uniform(0, width * (1 - wide) + 1e-6)), int(draw.uniform(0, height * (1 - tall) + 1e-6))
    return lambda frame, _: frame[top : top + int(height * tall), left : left + int(width * wide)]


def aspect(draw: Draw, height: int, width: int) -> Painter:
    squeeze = draw.choice([draw.uniform(0.6, 0.85), draw.uniform(1.2, 1.6)])
    return lambda frame, _: cv2.resize(frame, None, fx=squeeze, fy=1)


def caption(draw: Draw, height: int, width: int) -> Painter:
    style = int(draw.integers(6))
    return lambda frame, _: drawn.caption(frame, style)


def logo(draw: Draw, height: int, width: int) -> Painter:
    style, share, moves = int(draw.integers(4)), draw.uniform(0.2, 0.5), draw.integers(3) == 0
    return lambda frame, number: drawn.logo(frame, style + (number // RATE if moves else 0), share)


def watermark(draw: Draw, height: int, width: int) -> Painter:
    style, strength = int(draw.integers(6)), draw.uniform(0.3, 0.6)
    return lambda frame, _: drawn.watermark(frame, style, strength)


def mosaic(draw: Draw, height: int, width: int) -> Painter:
    share = np.sqrt(draw.uniform(0.1, 0.35))
    wide, tall, blocks = int(width * share), int(height * share), draw.integers(2)
    left, top = int(draw.uniform(0, width - wide)), int(draw.uniform(0, height - tall))

    def paint(frame: np.ndarray, _: int) -> np.ndarray:
        made = frame.copy()
        part = made[top : top + tall, left : left + wide]
        small = cv2.resize(part, (10, 8), interpolation=cv2.INTER_AREA)
        grown = cv2.resize(small, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_NEAREST)
        part[:] = grown if blocks else cv2.GaussianBlur(part, (0, 0), 12)
        return made

    return paint


def perspective(draw: Draw, height: int, width: int) -> Painter:
    matrix = _warp(draw, height, width, 0.16)
    return lambda frame, _: cv2.warpPerspective(frame, matrix, (width, height))


def _warp(draw: Draw, height: int, width: int, most: float) -> np.ndarray:
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * draw.uniform(0, most, (4, 2)) * (width, height)
    return cv2.getPerspectiveTransform(corners, (corners + inward).astype(np.float32))


def filmed_screen(draw: Draw, height: int, width: int) -> Painter:
    """Slanted, dark around, softened, with moire, glare and the jitter of a hand."""
    matrix, phase = _warp(draw, height, width, 0.12), draw.uniform(0, 6)
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    moire = (5 * np.sin(across * draw.uniform(0.7, 1.1) + down * draw.uniform(0.2, 0.4)))[..., None]
    glare = 50 * np.exp(
        -((across - width * draw.uniform(0.2, 0.8)) ** 2 + (down - height * 0.3) ** 2) / (width * 0.12) ** 2
    )
    edge = (1 - 0.5 * ((across / width - 0.5) ** 2 + (down / height - 0.5) ** 2))[..., None]

    def paint(frame: np.ndarray, number: int) -> np.ndarray:
        shift = np.array([[1, 0, 2.5 * np.sin(number / 7 + phase)], [0, 1, 2 * np.cos(number / 5)], [0, 0, 1]])
        seen = cv2.warpPerspective(frame, shift @ matrix, (width, height), borderValue=(24, 22, 20))
        soft = cv2.GaussianBlur(seen, (0, 0), 0.9).astype(np.float32)
        return np.clip(soft * edge + moire + glare[..., None], 0, 255).astype(np.uint8)

    return paint


def invert(draw: Draw, height: int, width: int) -> Painter:
    return lambda frame, _: 255 - frame


def noise(draw: Draw, height: int, width: int) -> Painter:
    blur, grain, seed = draw.uniform(0.4, 1.2), draw.uniform(8, 18), int(draw.integers(1 << 30))

    def paint(frame: np.ndarray, number: int) -> np.ndarray:
        dirt = np.random.default_rng([seed, number]).normal(0, grain, frame.shape[:2])[..., None]
        return np.clip(cv2.GaussianBlur(frame, (0, 0), blur) + dirt, 0, 255).astype(np.uint8)

    return paint


def player_ui(draw: Draw, height: int, width: int) -> Painter:
    style = int(draw.integers(3))
    return lambda frame, _: drawn.player(frame, style)


PICTURE_EDITS: dict[str, Callable[[Draw, int, int], Painter]] = {
    "reencode": reencode, "colour": colour, "border": border, "mirror": mirror, "rotate": rotate, "crop": crop,
    "aspect": aspect, "caption": caption, "logo": logo, "watermark": watermark, "mosaic": mosaic,
    "perspective": perspective, "filmed_screen": filmed_screen, "invert": invert, "noise": noise, "player_ui": player_ui,
}  # fmt: skip
COMBINED = ("mirror", "crop", "caption", "border", "colour", "logo", "reencode", "perspective")


def picture_edit(name: str) -> Callable[[Work], Work]:
    def edit(work: Work) -> Work:
        height, width = work.frames[0].shape[:2]
        coarse = 8.0 if name in ("reencode", "noise") else 0.0
        return painted(replace(work, coarse=work.coarse + coarse), PICTURE_EDITS[name](work.draw, height, width))

    return edit


def combo(work: Work) -> Work:
    names = [str(name) for name in work.draw.choice(COMBINED, int(work.draw.integers(2, 4)), replace=False)]
    for name in names:
        work = picture_edit(name)(work)
    return replace(work, params={"of": names})


# --- edits of the film ---------------------------------------------------------------------------------------------
def pip_in(work: Work) -> Work:
    """The reference small inside another film."""
    others, share = work.others(len(work.frames)), work.draw.uniform(0.3, 0.6)
    height, width = others[0].shape[:2]
    own_height, own_width = work.frames[0].shape[:2]
    wide = int(min(width * share, height * 0.9 * own_width / own_height))
    left = int(work.draw.uniform(0, width - wide))
    top = int(work.draw.uniform(0, max(1, height - wide * own_height / own_width)))
    made = painted(work, lambda frame, number: drawn.inset(others[number], frame, left, top, wide))
    return replace(made, params={"share": round(float(share), 2)})


def pip_over(work: Work) -> Work:
    """Another film small over the reference."""
    others = work.others(len(work.frames))
    height, width = work.frames[0].shape[:2]
    wide = int(width * work.draw.uniform(0.2, 0.45))
    left, top = int(work.draw.uniform(0, width - wide)), int(work.draw.uniform(0, height * 0.55))
    return painted(work, lambda frame, number: drawn.inset(frame, others[number], left, top, wide))


def split_screen(work: Work) -> Work:
    others, kind = work.others(len(work.frames)), int(work.draw.integers(4))
    height, width = work.frames[0].shape[:2]

    def paint(frame: np.ndarray, number: int) -> np.ndarray:
        pair = [frame, canvas(others[number], width, height)]
        return np.concatenate(pair if kind < 2 else pair[::-1], axis=kind % 2)

    return painted(work, paint)


def speed(work: Work) -> Work:
    factor = float(work.draw.choice([work.draw.uniform(0.5, 0.9), work.draw.uniform(1.1, 2.5)]))
    length = work.seconds
    made = replace(work, rate=work.rate * factor, params={"factor": round(factor, 2)}, keeps_time=False)
    return replace(made, spans=[(work.reference, (0, length / factor, 0, length))])


def reverse(work: Work) -> Work:
    return replace(work, frames=work.frames[::-1], keeps_time=False, params={"reversed": True})


def shuffle(work: Work) -> Work:
    pieces = int(work.draw.integers(3, 5))
    length = len(work.frames) // pieces
    frames: Frames = []
    spans = []
    for place, piece in enumerate(work.draw.permutation(pieces).tolist()):
        frames += work.frames[piece * length : (piece + 1) * length]
        there = [place * length, (place + 1) * length, piece * length, (piece + 1) * length]
        spans.append((work.reference, tuple(number / RATE for number in there)))
    return replace(work, frames=frames, spans=spans, keeps_time=False)


def _excerpt(work: Work, seconds: float) -> tuple[Frames, float]:
    count = min(len(work.frames), round(seconds * RATE))
    start = int(work.draw.integers(0, len(work.frames) - count + 1))
    return work.frames[start : start + count], start / RATE


def excerpt(work: Work) -> Work:
    frames, start = _excerpt(work, 3)
    length = len(frames) / RATE
    return replace(work, frames=frames, spans=[(work.reference, (0, length, start, start + length))], keeps_time=False)


def embedded(work: Work) -> Work:
    """Three to five seconds somewhere in unrelated footage."""
    frames, start = _excerpt(work, work.draw.uniform(3, 5))
    height, width = frames[0].shape[:2]
    around = [canvas(one, width, height) for _ in range(int(work.draw.integers(3, 6))) for one in work.others(7 * RATE)]
    place, length = int(work.draw.integers(2 * RATE, len(around) - 2 * RATE)), len(frames) / RATE
    span = (place / RATE, place / RATE + length, start, start + length)
    made = around[:place] + frames + around[place:]
    return replace(work, frames=made, spans=[(work.reference, span)], keeps_time=False)


def gif(work: Work) -> Work:
    small = 320 / max(work.frames[0].shape[:2])
    frames = [cv2.resize(one, None, fx=small, fy=small, interpolation=cv2.INTER_AREA) for one in work.frames[::2]]
    return replace(work, frames=frames, rate=RATE / 2, suffix=".gif", keeps_time=False)


def still(work: Work) -> Work:
    """A screenshot of one frame."""
    number = int(work.draw.integers(len(work.frames)))
    span = (0.0, 0.0, number / RATE, number / RATE)
    return replace(work, frames=[work.frames[number]], spans=[(work.reference, span)], keeps_time=False)


def still_ui(work: Work) -> Work:
    """A screenshot of one frame with the phone's or the browser's interface around."""
    return picture_edit("player_ui")(still(work))


FILM_EDITS: dict[str, Callable[[Work], Work]] = {
    **{name: picture_edit(name) for name in PICTURE_EDITS},
    "combo": combo, "pip_in": pip_in, "pip_over": pip_over, "split_screen": split_screen, "speed": speed,
    "reverse": reverse, "shuffle": shuffle, "excerpt": excerpt, "embedded": embedded, "gif": gif, "still": still,
    "still_ui": still_ui,
}  # fmt: skip
