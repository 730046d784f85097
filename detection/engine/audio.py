"""A small fingerprint of sound: sixteen words of 32 bits a second.

After Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System" (2002): whether the difference of energy
between neighbouring bands grew or shrank. Over two seconds copies of the same sound
differ in a tenth to a third of their bits, unrelated sounds in 0.41 or more (measured on 60 pairs of tunes).
Sound alone never confirms: the same music lies under unlike pictures.

A copy played faster or slower is read as if its speed had been undone, from the candidate's samples alone: windows
lie closer together or further apart and, where the pitch rose with the speed, the bands are moved as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from .frames import SOUND_RATE

WORDS_PER_SECOND = 16
HOP = SOUND_RATE // WORDS_PER_SECOND
WINDOW = 2048
BANDS = 33
LOWEST_HZ, HIGHEST_HZ = 200.0, 3400.0
SILENCE = 1e-3
# Share of energy that must have come or gone since the last word: a steady tone is like any other of its pitch.
STEADY = 1e-3
SAME_SOUND = 0.35
STRETCH_SECONDS = 2.0
SHORTEST_SECONDS = 1.5
BLOCK = 4096
# Windows for other speeds, in samples; each is read at six moments per length, and what lies between is interpolated.
OTHER_WINDOWS = (1024, 2048, 4096)
PER_WINDOW = 6
OTHER_BLOCK = 512


@dataclass(frozen=True)
class SoundMatch:
    """A stretch of the candidate that sounds like the reference; seconds, and the share of bits that differ.

    Candidate second `c` is reference second `speed * c - offset`.
    """

    cand_start: float
    cand_end: float
    offset: float
    bit_error: float
    speed: float = 1.0


def sound_words(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bits uint32 (n,) and whether each word is loud enough to count, bool (n,), from mono samples in -1..1."""
    count = (len(samples) - WINDOW) // HOP + 1
    if count < 2:
        return np.zeros(0, np.uint32), np.zeros(0, bool)
    energies = np.concatenate([_band_energies(samples, start, min(start + BLOCK, count))
                               for start in range(0, count, BLOCK)])  # fmt: skip
    return _words_of(energies)


def _words_of(energies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Words uint32 (n,) and loud bool (n,) from the energies of neighbouring bands, (n, BANDS)."""
    total = energies.sum(axis=1)
    change = np.abs(np.diff(energies, axis=0, prepend=energies[:1])).sum(axis=1)
    loud = (total > SILENCE) & (change > STEADY * total)
    slope = np.diff(np.log(energies + 1e-9), axis=1)
    bits = np.diff(slope, axis=0, prepend=slope[:1]) > 0
    words = np.ascontiguousarray(np.packbits(bits, axis=1)).view(">u4").astype(np.uint32).ravel()
    return words, loud


class Speed(NamedTuple):
    """How a copy may have been played: 2.0 is twice as fast, with the pitch kept or risen along with it."""

    factor: float
    keep_pitch: bool

    @property
    def window(self) -> int:
        """Samples of the copy that last about as long as WINDOW samples of the reference."""
        return min(OTHER_WINDOWS, key=lambda window: abs(np.log(window * self.factor / WINDOW)))

    @property
    def bits(self) -> int:
        """How many bits of a word can be known: what rose above half the sample rate is lost."""
        risen = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1)[2:] * (1 if self.keep_pitch else self.factor)
        return int((risen <= SOUND_RATE / 2).sum())


def sped_words(samples: np.ndarray, speed: float, keep_pitch: bool) -> tuple[np.ndarray, np.ndarray]:
    """As sound_words(), as if a copy played at `speed` were played at its own speed again."""
    return all_sped_words(samples, [Speed(speed, keep_pitch)])[0]


def all_sped_words(samples: np.ndarray, speeds: Sequence[Speed]) -> list[tuple[np.ndarray, np.ndarray]]:
    """As sped_words() for many speeds, which share their spectra: much cheaper than one after the other."""
    found: dict[Speed, tuple[np.ndarray, np.ndarray]] = {}
    for window in OTHER_WINDOWS:
        mine = [speed for speed in dict.fromkeys(speeds) if speed.window == window]
        # With the pitch kept all speeds share one set of bands.
        scales = sorted({1.0 if speed.keep_pitch else speed.factor for speed in mine})
        energies = _scaled_energies(samples, window, scales) if mine else np.zeros((0, 0, BANDS))
        for speed in mine:
            chosen = energies[:, scales.index(1.0 if speed.keep_pitch else speed.factor)]
            found[speed] = _words_of(_at_words(chosen, window, speed.factor))
    return [found[speed] for speed in speeds]


def _scaled_energies(samples: np.ndarray, window: int, scales: list[float]) -> np.ndarray:
    """Energies (rows, scales, BANDS) of the bands moved up by each of the scales, PER_WINDOW rows per window."""
    if len(samples) < window:
        return np.zeros((0, len(scales), BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, window)[:: window // PER_WINDOW]
    edges = np.round(np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * WINDOW / SOUND_RATE) - 0.5
    spots = np.clip(np.outer(scales, edges) * window / WINDOW - 0.5, 0, window // 2 - 1)
    low = np.minimum(spots.astype(int), window // 2 - 2)
    part = (spots - low).astype(np.float32)
    shape = np.hanning(window).astype(np.float32) / np.float32(window / np.sqrt(WINDOW))
    parts = []
    for start in range(0, len(windows), OTHER_BLOCK):
        packed = cv2.dft(windows[start : start + OTHER_BLOCK] * shape, flags=cv2.DFT_ROWS)
        # Rows are packed as Re0, Re1, Im1, Re2, Im2, ..., so that bin k begins at 2k - 1.
        squares = np.square(packed[:, 1:-1])
        sums = np.zeros((len(packed), window // 2), np.float64)
        np.cumsum(squares[:, 0::2] + squares[:, 1::2], axis=1, dtype=np.float64, out=sums[:, 1:])
        until = sums[:, low] + (sums[:, low + 1] - sums[:, low]) * part
        parts.append(np.diff(until, axis=2).astype(np.float32))
    return np.concatenate(parts)


def _at_words(energies: np.ndarray, window: int, factor: float) -> np.ndarray:
    """Energies (n, BANDS) at the moments of the words of the reference, from rows (rows, BANDS) of a copy."""
    last = len(energies) - 1
    if last < 1:
        return np.zeros((0, BANDS))
    hop = window // PER_WINDOW
    count = int(((last * hop + window / 2) * factor - WINDOW / 2) // HOP) + 1
    rows = ((np.arange(max(0, count)) * HOP + WINDOW / 2) / factor - window / 2) / hop
    rows = np.clip(rows, 0, last)
    low = np.minimum(rows.astype(int), last - 1)
    part = (rows - low)[:, None]
    blended: np.ndarray = energies[low] * (1 - part) + energies[low + 1] * part
    return blended


def _band_energies(samples: np.ndarray, first: int, last: int) -> np.ndarray:
    places = (np.arange(first, last) * HOP)[:, None] + np.arange(WINDOW)[None, :]
    spectrum = np.abs(np.fft.rfft(samples[places] * np.hanning(WINDOW).astype(np.float32), axis=1)) ** 2
    edges = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * WINDOW / SOUND_RATE
    bins = np.round(edges).astype(int)
    sums = np.concatenate([np.zeros((len(spectrum), 1)), np.cumsum(spectrum, axis=1)], axis=1)
    stops = np.maximum(bins[1:], bins[:-1] + 1)
    return (sums[:, stops] - sums[:, bins[:-1]]) / WINDOW


def _signs(words: np.ndarray, loud: np.ndarray, bits: int = BANDS - 1) -> np.ndarray:
    """Bits as +1 and -1, silence as 0: float32 (n, bits)."""
    unpacked = np.unpackbits(words.astype(">u4").view(np.uint8)).reshape(-1, BANDS - 1)[:, :bits]
    return (unpacked.astype(np.float32) * 2 - 1) * loud[:, None]


def compare_sound(candidate: tuple[np.ndarray, np.ndarray], reference: tuple[np.ndarray, np.ndarray],
                  bits: int = BANDS - 1) -> SoundMatch | None:  # fmt: skip
    """The longest stretch that sounds the same, or None. `offset` is candidate minus reference time, in seconds."""
    ours, theirs = _signs(*candidate, bits), _signs(*reference, bits)
    if min(ours.any(axis=1).sum(), theirs.any(axis=1).sum()) < SHORTEST_SECONDS * WORDS_PER_SECOND:
        return None
    found = [_longest_stretch(ours, theirs, shift) for shift in _likely_shifts(ours, theirs)]
    return max((match for match in found if match), key=lambda match: match.cand_end - match.cand_start, default=None)


def compare_sound_at(speed: Speed, sped: tuple[np.ndarray, np.ndarray], reference: tuple[np.ndarray, np.ndarray]
                     ) -> SoundMatch | None:  # fmt: skip
    """As compare_sound() for the words of sped_words(); `cand_start` and `cand_end` are the copy's own seconds."""
    match = compare_sound(sped, reference, speed.bits)
    if match is None:
        return None
    start, end = match.cand_start / speed.factor, match.cand_end / speed.factor
    return replace(match, cand_start=start, cand_end=end, speed=speed.factor)


def _likely_shifts(ours: np.ndarray, theirs: np.ndarray) -> list[int]:
    """The shifts at which most bits agree, by one correlation over all bands."""
    size = 1 << int(np.ceil(np.log2(len(ours) + len(theirs))))
    product = np.zeros(size // 2 + 1, np.complex128)
    for band in range(ours.shape[1]):
        product += np.fft.rfft(ours[:, band], size) * np.conj(np.fft.rfft(theirs[:, band], size))
    agreement = np.fft.irfft(product, size)
    best = np.argsort(agreement)[::-1][:4]
    return [int(shift if shift < size // 2 or shift < len(ours) else shift - size) for shift in best]


def _longest_stretch(ours: np.ndarray, theirs: np.ndarray, shift: int) -> SoundMatch | None:
    start, stop = max(0, shift), min(len(ours), len(theirs) + shift)
    if stop - start < SHORTEST_SECONDS * WORDS_PER_SECOND:
        return None
    agreement = (ours[start:stop] * theirs[start - shift : stop - shift]).sum(axis=1)
    counted = (agreement != 0) | (ours[start:stop].any(axis=1) & theirs[start - shift : stop - shift].any(axis=1))
    width = min(len(agreement), int(STRETCH_SECONDS * WORDS_PER_SECOND))
    kernel = np.ones(width)
    bits = ours.shape[1]
    heard = np.convolve(counted, kernel, "valid") * bits
    agreed = np.convolve(agreement, kernel, "valid") / np.maximum(heard, 1)
    errors = np.where(heard >= bits / 2 * width, (1 - agreed) / 2, 0.5)
    good = np.flatnonzero(errors < SAME_SOUND)
    if not len(good):
        return None
    run = max(np.split(good, np.flatnonzero(np.diff(good) > width) + 1), key=len)
    begin, end = start + int(run[0]), start + int(run[-1]) + width
    rate = WORDS_PER_SECOND
    return SoundMatch(begin / rate, end / rate, shift / rate, float(errors[run].mean()))
