"""Where does one picture lie in another? Points that look alike must also lie alike.

Every pair of like points proposes a similarity by itself (their sizes and directions differ by its scale and turn), so
all proposals are tried and nothing is left to chance: the same input gives the same answer. The best are refined to an
affine map and, where enough points hold it, to a perspective one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

ALIKE = 78
RATIO = 0.92
SEEDS, MOST_PAIRS, MOST_BACKING = 64, 240, 1_000
LOOSE, NARROW, MIDDLE, TIGHT = 0.08, 0.04, 0.03, 0.012
TURN_DIFFERS, SIZE_DIFFERS = np.deg2rad(35), 0.8
FEWEST = 6
FEWEST_FOR_PERSPECTIVE = 14
DISTINCT = 0.012


@dataclass(frozen=True)
class View:
    """One picture's points ready to compare. Places and sizes in shares of the longer side, `aspect` (width, height)."""

    places: np.ndarray
    sizes: np.ndarray
    angles: np.ndarray
    codes: np.ndarray
    aspect: tuple[float, float]

    def only(self, chosen: np.ndarray) -> View:
        return View(self.places[chosen], self.sizes[chosen], self.angles[chosen], self.codes[chosen], self.aspect)


@dataclass(frozen=True)
class Placement:
    """`matrix` (3, 3) takes places of the one picture to places of the other; `ours`, `theirs` number the points that
    agree; `points` counts those in distinct places."""

    matrix: np.ndarray
    ours: np.ndarray
    theirs: np.ndarray
    points: int


def place(ours: View, theirs: View) -> Placement | None:
    """The map under which most points agree, or None when fewer than FEWEST distinct ones do."""
    pairs = alike(ours.codes, theirs.codes)
    if len(pairs[0]) < FEWEST:
        return None
    best: Placement | None = None
    for matrix, backers in _proposals(ours, theirs, pairs[0][:MOST_PAIRS], pairs[1][:MOST_PAIRS]):
        if best is not None and backers <= 1.2 * best.points:
            break
        found = _refined(matrix, ours, theirs, *pairs)
        if found and (best is None or found.points > best.points):
            best = found
    return best if best and best.points >= FEWEST and _sensible(best.matrix, ours) else None


def alike(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of points whose codes are clearly closest to each other, the closest first."""
    if not len(ours) or len(theirs) < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    apart = np.zeros((len(ours), len(theirs)), np.uint16)
    for word in range(4):
        apart += np.bitwise_count(ours[:, word, None] ^ theirs[None, :, word])
    nearest = apart.argmin(axis=1)
    rows = np.arange(len(ours))
    closest = apart[rows, nearest]
    apart[rows, nearest] = 999
    clear = (closest <= ALIKE) & (closest <= RATIO * apart.min(axis=1))
    chosen = np.flatnonzero(clear)
    chosen = chosen[np.argsort(closest[chosen], kind="stable")]
    return chosen, nearest[chosen]


def backing(ours: View, theirs: View, mine: np.ndarray, other: np.ndarray) -> int:
    """How many points of some pairs agree with one similarity: a first look, cheaper and stricter than place().

    The clearest pairs propose: letters, which are the strongest points of a captioned picture, are like all letters.
    """
    clearest = np.argsort(np.bincount(mine)[mine] + np.bincount(other)[other], kind="stable")[:MOST_BACKING]
    mine, other = mine[clearest], other[clearest]
    agreed = _agreeing_with_each(ours, theirs, mine, other, NARROW, TURN_DIFFERS / 2, SIZE_DIFFERS / 2)
    best = agreed[int(agreed.sum(axis=1).argmax())]
    return min(len(set(mine[best].tolist())), len(set(other[best].tolist())))


def _proposals(ours: View, theirs: View, mine: np.ndarray, other: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """The three similarities that most pairs agree with, and how many do."""
    agreed = _agreeing_with_each(ours, theirs, mine, other, LOOSE, TURN_DIFFERS, SIZE_DIFFERS)
    counts = agreed.sum(axis=1)
    best = np.argsort(-counts, kind="stable")[:3]
    here, there = ours.places[mine], theirs.places[other]
    return [(_affine(here[agreed[one]], there[agreed[one]]), int(counts[one])) for one in best if counts[one] >= 4]


def _agreeing_with_each(ours: View, theirs: View, mine: np.ndarray, other: np.ndarray, reach: float, turn_differs: float,
                        size_differs: float) -> np.ndarray:  # fmt: skip
    """Which pairs agree with the similarity that each of the first pairs proposes: bool (seeds, pairs)."""
    scale = (theirs.sizes[other] / ours.sizes[mine]).astype(np.float32)
    turn = (theirs.angles[other] - ours.angles[mine]).astype(np.float32)
    logs, cos, sin = np.log2(scale), np.cos(turn), np.sin(turn)
    seeds = slice(0, SEEDS)
    agreed: np.ndarray = np.abs(logs - logs[seeds, None]) < size_differs
    agreed &= cos[seeds, None] * cos + sin[seeds, None] * sin > np.float32(np.cos(turn_differs))
    # As complex numbers a similarity is one product and one sum.
    here, there = (np.ascontiguousarray(one, np.float32).view(np.complex64)[:, 0] for one in
                   (ours.places[mine], theirs.places[other]))  # fmt: skip
    product = scale[seeds] * (cos[seeds] + 1j * sin[seeds]).astype(np.complex64)
    apart = product[:, None] * here - there - (product * here[seeds] - there[seeds])[:, None]
    agreed &= apart.real**2 + apart.imag**2 < (reach * np.maximum(1, scale[seeds, None] * 0.5)) ** 2
    return agreed


def _affine(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Least squares, (3, 3)."""
    full = np.concatenate([here, np.ones((len(here), 1), here.dtype)], axis=1).astype(np.float64)
    solved = np.linalg.lstsq(full, there.astype(np.float64), rcond=1e-6)[0]
    return np.vstack([solved.T, [0, 0, 1]])


def _refined(matrix: np.ndarray, ours: View, theirs: View, mine: np.ndarray, other: np.ndarray) -> Placement | None:
    here, there = ours.places[mine], theirs.places[other]
    for reach in (MIDDLE, TIGHT * 1.5, TIGHT):
        near = _near(matrix, here, there, reach)
        if near.sum() < 4:
            return None
        matrix = _affine(here[near], there[near])
    near = _near(matrix, here, there, TIGHT)
    if near.sum() >= FEWEST_FOR_PERSPECTIVE - 4:
        matrix, near = _with_perspective(matrix, near, here, there)
    return Placement(matrix, mine[near], other[near], _distinct(here[near], there[near]))


def _with_perspective(matrix: np.ndarray, near: np.ndarray, here: np.ndarray, there: np.ndarray
                      ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """A perspective map instead, when it makes clearly more points agree."""
    warped, chosen = matrix, _near(matrix, here, there, 2 * TIGHT)
    for _ in range(3):
        if chosen.sum() < FEWEST_FOR_PERSPECTIVE:
            return matrix, near
        found, _mask = cv2.findHomography(here[chosen].astype(np.float64), there[chosen].astype(np.float64), 0)
        if found is None:
            return matrix, near
        warped, chosen = found, _near(found, here, there, TIGHT)
    return (warped, chosen) if chosen.sum() > 1.1 * near.sum() + 2 else (matrix, near)


def moved(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Places (n, 2) under a map (3, 3)."""
    full = np.concatenate([places, np.ones((len(places), 1))], axis=1) @ matrix.T
    return full[:, :2] / np.where(np.abs(full[:, 2:]) < 1e-9, 1e-9, full[:, 2:])


def agree(land: np.ndarray, codes: np.ndarray, theirs: View, matrix: np.ndarray) -> np.ndarray:
    """Which points (places `land` in the other picture, `codes`) have a like one at their place: bool (n,)."""
    found = np.zeros(len(land), bool)
    if not len(land) or not len(theirs.sizes):
        return found
    reach = 1.5 * TIGHT * max(1.0, 0.4 * np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    # Sorted across the picture, only a narrow strip has to be looked at for each point.
    order = np.argsort(theirs.places[:, 0], kind="stable")
    across = theirs.places[order, 0]
    first = np.searchsorted(across, land[:, 0] - reach)
    count = np.searchsorted(across, land[:, 0] + reach) - first
    mine = np.repeat(np.arange(len(land)), count)
    other = order[stretches(first, count)]
    near = np.abs(land[mine, 1] - theirs.places[other, 1]) < reach
    mine, other = mine[near], other[near]
    alike = np.bitwise_count(codes[mine] ^ theirs.codes[other]).sum(axis=1) <= ALIKE
    found[mine[alike]] = True
    return found


def stretches(first: np.ndarray, count: np.ndarray) -> np.ndarray:
    """All numbers of the stretches first..first+count, one after the other."""
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - count - first, count)


def _near(matrix: np.ndarray, here: np.ndarray, there: np.ndarray, reach: float) -> np.ndarray:
    # A small picture's points are as sharp as its pixels: what is seen enlarged may lie further off.
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    error: np.ndarray = np.linalg.norm(moved(matrix, here) - there, axis=1)
    return error < reach * max(1.0, 0.4 * scale)


def _distinct(here: np.ndarray, there: np.ndarray) -> int:
    """Points lying on one another (one place gives several points) count once."""
    cells = [
        (np.round(places / DISTINCT).astype(np.int64) @ np.array([1 << 20, 1])).tolist() for places in (here, there)
    ]
    return min(len(set(one)) for one in cells)


def _sensible(matrix: np.ndarray, ours: View) -> bool:
    """Not turned inside out, not squeezed to a line, not stretched beyond use."""
    width, height = ours.aspect
    corners = moved(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    sides = np.roll(corners, -1, axis=0) - corners
    crosses = sides[:, 0] * np.roll(sides, -1, axis=0)[:, 1] - sides[:, 1] * np.roll(sides, -1, axis=0)[:, 0]
    stretch = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    return bool((crosses > 0).all() and stretch[0] < 4 * stretch[1] and 0.06 < np.sqrt(stretch[0] * stretch[1]) < 16)
