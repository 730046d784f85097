"""What re-uploaders do to a photograph. Uses the edits of single pictures; some of these make a film of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from . import drawn, edits
from .edits import Work
from .films import RATE, canvas


def _picture(edit: Callable[[edits.Draw, int, int], edits.Painter]) -> Callable[[Work], Work]:
    def made(work: Work) -> Work:
        height, width = work.frames[0].shape[:2]
        return edits.painted(work, edit(work.draw, height, width))

    return made


def collage(work: Work) -> Work:
    """One of four, or beside two others."""
    picture = work.frames[0]
    height, width = picture.shape[:2]
    others = [canvas(work.others(1)[0], width, height) for _ in range(3)]
    if work.draw.integers(2):
        order = work.draw.permutation(4)
        four = [([picture, *others])[number] for number in order]
        page = np.vstack([np.hstack(four[:2]), np.hstack(four[2:])])
    else:
        pair = np.vstack([canvas(one, width // 2, height // 2) for one in others[:2]])
        page = np.hstack([canvas(picture, width, pair.shape[0]), pair])
    shrink = 1000 / max(page.shape[:2])
    return replace(work, frames=[cv2.resize(page, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)])


def hung(work: Work) -> Work:
    """For two to four seconds of another film: full screen, inset, or slanted like a picture on a wall."""
    frames, kind = work.others(7 * RATE), int(work.draw.integers(3))
    height, width = frames[0].shape[:2]
    start = int(work.draw.integers(RATE, 3 * RATE))
    stop = start + int(work.draw.uniform(2, 4) * RATE)
    picture = work.frames[0]
    wide = int(min(width * work.draw.uniform(0.4, 0.6), height * 0.85 * picture.shape[1] / picture.shape[0]))
    left, top = int(work.draw.uniform(0, width - wide)), int(height * 0.05)
    matrix = edits._warp(work.draw, height, width, 0.22)
    full = canvas(picture, width, height)
    slanted, mask = (
        cv2.warpPerspective(full, matrix, (width, height)),
        cv2.warpPerspective(full * 0 + 1, matrix, (width, height)),
    )

    def paint(frame: np.ndarray, number: int) -> np.ndarray:
        if not start <= number < stop:
            return frame
        if kind == 0:
            return full
        return drawn.inset(frame, picture, left, top, wide) if kind == 1 else np.where(mask > 0, slanted, frame)

    return edits.painted(replace(work, frames=frames, params={"kind": kind}), paint)


def video_of_still(work: Work) -> Work:
    """A film that shows nothing else, standing or slowly coming nearer."""
    picture = work.frames[0]
    height, width = picture.shape[:2]
    count, nearer = int(work.draw.uniform(4, 7) * RATE), work.draw.choice([0, work.draw.uniform(0.05, 0.25)])
    frames = []
    for number in range(count):
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0, 1 + float(nearer) * number / count)
        frames.append(cv2.warpAffine(picture, matrix, (width, height)))
    return replace(work, frames=frames)


STILL_EDITS: dict[str, Callable[[Work], Work]] = {
    **{name: _picture(edits.PICTURE_EDITS[name]) for name in (
        "reencode", "colour", "border", "mirror", "rotate", "caption", "logo", "watermark", "mosaic", "perspective",
        "filmed_screen", "invert", "noise")},
    "crop_hard": _picture(edits.crop_hard), "crop_aspect": _picture(edits.crop_aspect),
    "screenshot_ui": _picture(edits.player_ui), "collage": collage, "hung": hung, "video_of_still": video_of_still,
    "combo": edits.combo,
}  # fmt: skip
