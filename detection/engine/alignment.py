"""From hits to runs: which stretch of a candidate shows which stretch of a reference, and how firmly time says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .index import Hits
from .media import FLAT, MediaFingerprint

SEED_RADIUS = 56
LINE_RADIUS = 64
LINES_CHECKED = 10
MOST_SEED_FRAMES = 1200
SEED_BATCH = 48
SHIFT_STEP = 0.25
GAP_SECONDS = 1.0
ELSEWHERE_SECONDS = 1.0
MOST_COMPARED = 96
UNLIKE = 128
NO_SHIFT = 1 << 31
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
    """Frames of a candidate worth searching for: two a second, without those that look like the one before."""
    step = 2 if candidate.frame_count > 8 else 1
    kept = distinct_frames(candidate, step, alike=4, longest_gap=4.0)
    return kept[:: max(1, -(-len(kept) // MOST_SEED_FRAMES))]


def distinct_frames(media: MediaFingerprint, step: int, alike: int, longest_gap: float) -> np.ndarray:
    """Every step-th frame unless it is within `alike` bits of one kept less than `longest_gap` seconds ago."""
    kept: list[int] = []
    for number in range(0, media.frame_count, step):
        recent = kept and media.times[number] - media.times[kept[-1]] < longest_gap
        if not recent or np.bitwise_count(media.hashes[number, 0] ^ media.hashes[kept[-1], 0]).sum() > alike:
            kept.append(number)
    return np.array(kept, dtype=np.int64)


class Ballot:
    """Votes for lines between a candidate and one reference, counted batch by batch so that memory stays bounded."""

    def __init__(self, candidate: MediaFingerprint, reference: MediaFingerprint):
        self._candidate, self._reference = candidate, reference
        self._lines = np.zeros(0, np.int64)
        self._votes: np.ndarray = np.zeros(0)

    def count(self, hits: Hits) -> None:
        """Add hits. A candidate frame votes once for a line, with how close it came; it may be in one batch only."""
        frame, layer = np.divmod(hits.query, len(self._candidate.layers))
        ref_frame, ref_layer = np.divmod(hits.entry, len(self._reference.layers))
        shift = (self._candidate.times[frame] - self._reference.times[ref_frame]) / SHIFT_STEP
        line = _line_number(layer, ref_layer, np.rint(shift).astype(np.int64))
        known, place = np.unique(line, return_inverse=True)
        voters, place = np.unique(place * self._candidate.frame_count + frame, return_inverse=True)
        closeness = np.zeros(len(voters))
        np.maximum.at(closeness, place, SEED_RADIUS + 1.0 - hits.distance)
        lines = np.concatenate([self._lines, known[voters // self._candidate.frame_count]])
        weights = np.concatenate([self._votes, closeness])
        self._lines, place = np.unique(lines, return_inverse=True)
        self._votes = np.bincount(place, weights=weights)

    def elected(self) -> list[Line]:
        """The lines with most votes. Among near equals the simplest goes first: whole picture, not turned."""
        layer, ref_layer = self._lines >> 40, (self._lines >> 32) & 0xFF
        shift = (self._lines & 0xFFFF_FFFF) - NO_SHIFT
        totals = self._votes * np.where((layer > 0) | (ref_layer > 0), SIMPLER, 1.0)
        best = np.lexsort((self._lines, -totals))[:LINES_CHECKED]
        return [Line(int(layer[one]), int(ref_layer[one]), float(shift[one]) * SHIFT_STEP) for one in best]


def _line_number(layer: np.ndarray, ref_layer: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """One integer for a line, because sorting integers is far faster than sorting rows."""
    return (layer.astype(np.int64) << 40) | (ref_layer.astype(np.int64) << 32) | (shift + NO_SHIFT)


@dataclass(frozen=True)
class Fit:
    """All candidate frames on a line, the reference frame each fits best (of three neighbours), and how far apart."""

    shift: float
    frames: np.ndarray
    ref_frames: np.ndarray
    apart: np.ndarray

    @property
    def weight(self) -> float:
        return float(np.maximum(LINE_RADIUS + 1.0 - self.apart, 0).sum())


def runs_on(candidate: MediaFingerprint, reference: MediaFingerprint, line: Line) -> list[Run]:
    """Look at every frame on a line, with the shift refined by up to a quarter of a second."""
    steps = (0, -0.125, 0.125, -0.25, 0.25)
    fits = [_fit(candidate, reference, Line(line.layer, line.ref_layer, line.shift + step)) for step in steps]
    fit = max(fits, key=lambda one: one.weight)
    good = np.flatnonzero(fit.apart <= LINE_RADIUS)
    if not len(good):
        return []
    breaks = np.flatnonzero(np.diff(candidate.times[fit.frames[good]]) > GAP_SECONDS) + 1
    found = Line(line.layer, line.ref_layer, fit.shift)
    return [_run(candidate, reference, found, fit, part) for part in np.split(good, breaks)]


def _fit(candidate: MediaFingerprint, reference: MediaFingerprint, line: Line) -> Fit:
    wanted = candidate.times - np.float32(line.shift)
    frames = np.flatnonzero((wanted >= -0.2) & (wanted <= reference.times[-1] + 0.2))
    nearest = np.searchsorted(reference.times, wanted[frames])
    around = np.clip(nearest[:, None] + np.array([-1, 0, 1]), 0, reference.frame_count - 1)
    choices = _apart(candidate, reference, line, frames, around)
    best = choices.argmin(axis=1)
    rows = np.arange(len(frames))
    return Fit(line.shift, frames, around[rows, best], choices[rows, best].astype(float))


def _apart(candidate: MediaFingerprint, reference: MediaFingerprint, line: Line, frames: np.ndarray,
           ref_frames: np.ndarray) -> np.ndarray:  # fmt: skip
    """Distances between frames (n,) and reference frames (n, m); frames without detail are far from everything."""
    ours, theirs = candidate.hashes[frames, line.layer], reference.hashes[ref_frames, line.ref_layer]
    apart = np.bitwise_count(ours[:, None, :] ^ theirs).sum(axis=2, dtype=np.uint16)
    plain = (candidate.detail[frames, line.layer] < FLAT)[:, None] | (
        reference.detail[ref_frames, line.ref_layer] < FLAT
    )
    return np.where(plain, np.uint16(UNLIKE), apart)


def _run(candidate: MediaFingerprint, reference: MediaFingerprint, line: Line, fit: Fit, part: np.ndarray) -> Run:
    frames, ref_frames, apart = fit.frames[part], fit.ref_frames[part], fit.apart[part]
    own = candidate.hashes[frames, line.layer]
    step = min(4, max(1, len(frames) // 2))
    moved = np.bitwise_count(own[step:] ^ own[:-step]).sum(axis=1) if len(own) > step else np.zeros(1)
    gain = _gain(candidate, reference, line, frames, ref_frames, apart)
    return Run(line, frames, ref_frames, apart, gain, float(np.median(moved)))


def _gain(candidate: MediaFingerprint, reference: MediaFingerprint, line: Line, frames: np.ndarray,
          ref_frames: np.ndarray, apart: np.ndarray) -> float:  # fmt: skip
    """How much worse the frames fit at other moments of the reference, in bits; 0 when there are no other moments."""
    some = np.unique(np.linspace(0, len(frames) - 1, MOST_COMPARED).astype(np.int64))
    moments = np.unique(np.linspace(0, reference.frame_count - 1, MOST_COMPARED).astype(np.int64))
    others = _apart(candidate, reference, line, frames[some], np.tile(moments, (len(some), 1))).astype(float)
    gap = np.abs(reference.times[moments][None, :] - reference.times[ref_frames[some]][:, None])
    others[gap < min(ELSEWHERE_SECONDS, reference.duration_seconds / 3)] = np.nan
    known = ~np.isnan(others).all(axis=1)
    if not known.any():
        return 0.0
    return float(np.nanmedian(others[known], axis=1).mean() - apart.mean())
