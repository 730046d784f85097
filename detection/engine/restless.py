"""Does anything move in the part of a film that shows a still? A photograph that is shown, hung on a wall or come nearer to
stands still under the map that finds it; a film of the same place goes on."""

from __future__ import annotations

import cv2
import numpy as np

from .displaced import FEWEST_PIXELS, changed_spots, laid_over, pixels
from .fingerprint import SIDE
from .sightings import Pair, Sighting


def restless(pair: Pair, members: list[Sighting]) -> float:
    """Share of the part that shows the still which changed between the first and the last small picture on the line;
    0 when fewer than two were kept."""
    ordered = sorted(members, key=lambda one: (one.cand_s, one.view))
    kept = [(one, picture) for one in ordered if (picture := pair.candidate.picture_of(one.view)) is not None]
    if len(kept) < 2 or kept[0][0].view == kept[-1][0].view:
        return 0.0
    (early, first), (late, last) = kept[0], kept[-1]
    square = pixels(pair.candidate.aspect)
    moved = square @ np.linalg.inv(early.matrix) @ late.matrix @ np.linalg.inv(square)
    shown = square @ np.linalg.inv(early.matrix) @ np.linalg.inv(pixels(pair.reference.aspect))
    there = cv2.warpPerspective(np.ones((SIDE, SIDE), np.uint8), shown, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    seen = laid_over(first, last, moved, inside=cv2.erode(there, np.ones((5, 5), np.uint8)) > 0)
    if seen.both.sum() < FEWEST_PIXELS / 2:
        return 0.0
    return float((changed_spots(seen) > 0).sum() / seen.both.sum())
