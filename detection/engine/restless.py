"""Does anything move in the part of a film that shows a still? A photograph that is shown, hung on a wall or come nearer to
stands still under the map that finds it; a film of the same place goes on."""

from __future__ import annotations

import cv2
import numpy as np

from .displaced import changed_spots
from .overlay import FEWEST_PIXELS, laid_over, pixels
from .sightings import Pair, Sighting


def restless(pair: Pair, members: list[Sighting]) -> float:
    """Share of what shows the still that changed between the first and the last small picture on the line; 0 when fewer
    than two were kept."""
    ordered = sorted(members, key=lambda one: (one.cand_s, one.view))
    kept = [(one, picture) for one in ordered if (picture := pair.candidate.picture_of(one.view)) is not None]
    still = pair.reference.picture_of(0)
    if len(kept) < 2 or kept[0][0].view == kept[-1][0].view or still is None:
        return 0.0
    first, last = kept[0], kept[-1]
    return max(_changed(pair, still, first, last), _changed(pair, still, last, first))


def _changed(
    pair: Pair, still: np.ndarray, one: tuple[Sighting, np.ndarray], other: tuple[Sighting, np.ndarray]
) -> float:
    """Share of one picture that is as in the still and otherwise in the other picture. What never was like the still is
    the room around it."""
    (here, picture), (there, elsewhere) = one, other
    square = pixels(pair.candidate.aspect)
    shown = square @ np.linalg.inv(here.matrix) @ np.linalg.inv(pixels(pair.reference.aspect))
    like = laid_over(picture, still, shown)
    same = cv2.erode(((changed_spots(like) == 0) & like.both).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    moved = square @ np.linalg.inv(here.matrix) @ there.matrix @ np.linalg.inv(square)
    seen = laid_over(picture, elsewhere, moved, inside=same)
    if seen.both.sum() < FEWEST_PIXELS / 2:
        return 0.0
    return float((changed_spots(seen) > 0).sum() / seen.both.sum())
