"""The edit that explains a match, in words a person can check by eye."""

from __future__ import annotations

import numpy as np

from .geometry import moved
from .lines import Line
from .points import VARIANTS
from .sightings import Pair, Sighting

LEVEL = 4.0
SMALL, CUT = 0.9, 0.93
FULL_ENOUGH = 0.96


def named(pair: Pair, one: Sighting, line: Line) -> str:
    """Such as `hflip+crop`, or `none`: how the reference's picture was turned into what the candidate shows."""
    inverse = np.linalg.inv(one.matrix)
    names = [
        "negative" if VARIANTS[one.variant].negative else "",
        *_turned(inverse),
        _size(pair, inverse),
        _speed(line.speed),
    ]
    return "+".join(name for name in names if name) or "none"


def _turned(inverse: np.ndarray) -> list[str]:
    mirrored = np.linalg.det(inverse[:2, :2]) < 0
    upright = inverse[:2, :2] @ np.diag([-1, 1]) if mirrored else inverse[:2, :2]
    degrees = float(np.degrees(np.arctan2(upright[1, 0] - upright[0, 1], upright[0, 0] + upright[1, 1])))
    quarter = round(degrees / 90) * 90 % 360
    names = ["hflip"] if mirrored else []
    if mirrored and quarter == 180:
        return ["vflip"] if abs(abs(degrees) - 180) <= LEVEL else ["vflip", "rotate"]
    if abs(degrees - round(degrees / 90) * 90) > LEVEL:
        return [*names, "rotate"]
    return [*names, f"rot{quarter}"] if quarter else names


def _size(pair: Pair, inverse: np.ndarray) -> str:
    """Whether the reference is seen in a part of the candidate, or only a part of it is seen."""
    width, height = pair.reference.aspect
    own_width, own_height = pair.candidate.aspect
    corners = moved(inverse, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    area = _area(corners)
    inside = np.clip(corners, 0, (own_width, own_height))
    seen, whole = _area(inside) / max(area, 1e-9), _area(inside) / (own_width * own_height)
    slant = np.abs(inverse[2, :2]).max() > 0.08
    names = ["crop" if seen < CUT else "", "inset" if whole < 0.55 else "border" if whole < SMALL else "",
             "perspective" if slant else ""]  # fmt: skip
    return "+".join(name for name in names if name)


def _area(corners: np.ndarray) -> float:
    across, down = corners[:, 0], corners[:, 1]
    return abs(float(np.dot(across, np.roll(down, 1)) - np.dot(down, np.roll(across, 1)))) / 2


def _speed(speed: float) -> str:
    if speed in (0.0, 1.0):
        return ""
    return "reverse" if speed == -1 else f"speed{1 / abs(speed):.2g}" if speed > 0 else "reverse+speed"
