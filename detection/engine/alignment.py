"""From hits to runs: which stretch of a candidate shows which stretch of a reference, and how firmly time says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .index import Hits, distances
from .media import FLAT, MediaFingerprint

SEED_RADIUS = 56
LINE_RADIUS = 64
LINES_CHECKED = 10
MOST_SEED_FRAMES = 400
SHIFT_STEP = 0.25
GAP_SECONDS = 1.0
ELSEWHERE_SECONDS = 1.0
SIMPLER = 0.9


@dataclass(frozen=True)
class Line:
    """One explanation: this layer of the candidate shows that layer of the reference, `shift` seconds later."""

    layer: int
    ref_layer: int
    shift: float


@dataclass(frozen=True)
class Run:
    """Frames that fit one line without a long gap."""

    line: Line
    frames: np.ndarray
    ref_frames: np.ndarray
    apart: np.ndarray
    gain: float
    variety: float

    @property
    def distance(self) -> float:
        return float(self.apart.mean())

    @property
    def weight(self) -> float:
        return float((LINE_RADIUS + 1 - self.apart).sum())


def seed_frames(candidate: MediaFingerprint) -> np.ndarray:
    """Frames worth searching for: two a second, without those that look like the one before."""
    kept: list[int] = []
    for number in range(0, candidate.frame_count, 2 if candidate.frame_count > 8 else 1):
        now = candidate.hashes[number, 0]
        if not kept or np.bitwise_count(now ^ candidate.hashes[kept[-1], 0]).sum() > 4 or number - kept[-1] > 16:
            kept.append(number)
    step = max(1, -(-len(kept) // MOST_SEED_FRAMES))
    return np.array(kept[::step], dtype=np.int64)


def voted_lines(candidate: MediaFingerprint, reference: MediaFingerprint, hits: Hits) -> list[Line]:
    """The lines with most votes. A candidate frame votes once for a line, with how close it came."""
    frame, layer = np.divmod(hits.query, len(candidate.layers))
    ref_frame, ref_layer = np.divmod(hits.entry, len(reference.layers))
    shift = np.rint((candidate.times[frame] - reference.times[ref_frame]) / SHIFT_STEP).astype(np.int64)
    lines = np.stack([layer, ref_layer, shift, frame], axis=1)
    votes, place = np.unique(lines, axis=0, return_inverse=True)
    closeness = np.zeros(len(votes))
    np.maximum.at(closeness, place.ravel(), SEED_RADIUS + 1.0 - hits.distance)
    ballots, place = np.unique(votes[:, :3], axis=0, return_inverse=True)
    totals = np.bincount(place.ravel(), weights=closeness)
    # Among near equals the simplest explanation goes first: whole picture, not turned.
    totals *= np.where((ballots[:, 0] > 0) | (ballots[:, 1] > 0), SIMPLER, 1.0)
    best = np.lexsort((ballots[:, 2], ballots[:, 1], ballots[:, 0], -totals))[:LINES_CHECKED]
    return [Line(int(one), int(two), float(step) * SHIFT_STEP) for one, two, step in ballots[best]]


def runs_on(candidate: MediaFingerprint, reference: MediaFingerprint, line: Line) -> list[Run]:
    """Look at every frame on a line, with the shift refined by up to a quarter of a second."""
    apart = distances(candidate.hashes[:, line.layer], reference.hashes[:, line.ref_layer])
    plain = (candidate.detail[:, line.layer] < FLAT)[:, None] | (reference.detail[:, line.ref_layer] < FLAT)[None, :]
    apart[plain] = 128
    fitted = [_fit(candidate, reference, apart, line.shift + step) for step in (0, -0.125, 0.125, -0.25, 0.25)]
    frames, ref_frames, fit, shift = max(fitted, key=lambda one: np.maximum(LINE_RADIUS + 1.0 - one[2], 0).sum())
    good = np.flatnonzero(fit <= LINE_RADIUS)
    if not len(good):
        return []
    breaks = np.flatnonzero(np.diff(candidate.times[frames[good]]) > GAP_SECONDS) + 1
    found = Line(line.layer, line.ref_layer, shift)
    return [_run(candidate, reference, found, apart, frames[part], ref_frames[part], fit[part])
            for part in np.split(good, breaks)]  # fmt: skip


def _fit(candidate: MediaFingerprint, reference: MediaFingerprint, apart: np.ndarray, shift: float
         ) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:  # fmt: skip
    """Candidate frames on the line, the reference frame each fits best (of three neighbours), and how far apart."""
    wanted = candidate.times - np.float32(shift)
    frames = np.flatnonzero((wanted >= -0.2) & (wanted <= reference.times[-1] + 0.2))
    nearest = np.searchsorted(reference.times, wanted[frames])
    around = np.clip(nearest[:, None] + np.array([-1, 0, 1]), 0, reference.frame_count - 1)
    choices = apart[frames[:, None], around]
    best = choices.argmin(axis=1)
    return frames, around[np.arange(len(frames)), best], choices.min(axis=1, initial=128).astype(float), shift


def _run(candidate: MediaFingerprint, reference: MediaFingerprint, line: Line, apart: np.ndarray, frames: np.ndarray,
         ref_frames: np.ndarray, fit: np.ndarray) -> Run:  # fmt: skip
    gap = np.abs(reference.times[None, :] - reference.times[ref_frames][:, None])
    elsewhere = np.where(gap >= min(ELSEWHERE_SECONDS, reference.duration_seconds / 3), apart[frames], np.nan)
    own = candidate.hashes[frames, line.layer]
    step = min(4, max(1, len(frames) // 2))
    moved = np.bitwise_count(own[step:] ^ own[:-step]).sum(axis=1) if len(own) > step else np.zeros(1)
    known = elsewhere[~np.isnan(elsewhere).all(axis=1)]
    gain = float(np.nanmedian(known, axis=1).mean() - fit.mean()) if len(known) else 0.0
    return Run(line, frames, ref_frames, fit, gain, float(np.median(moved)))
