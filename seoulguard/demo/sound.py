"""Synthetic sound: murmured syllables over a quiet chord and room noise. Nobody ever said any of it."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 22_050
# First three formants (Hz) of the vowels a, e, i, o, u: average adult values, Peterson & Barney 1952, rounded.
VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240))
CHORDS = ((220, 277, 330), (196, 247, 294), (175, 220, 262), (147, 220, 294), (165, 208, 247))

Samples = NDArray[np.float64]


def write_speech_like(target: Path, seconds: float, seed: int) -> Path:
    """Write a mono 16-bit WAV of `seconds` at 22.05 kHz; the same seed gives the same bytes."""
    rng = np.random.default_rng(seed)
    mixed = 0.8 * _murmur(seconds, rng) + 0.12 * _chords(seconds, rng) + 0.01 * rng.standard_normal(_count(seconds))
    pcm = np.int16(np.clip(mixed / np.abs(mixed).max(), -1, 1) * 28_000)
    with wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(pcm.tobytes())
    return target


def _count(seconds: float) -> int:
    return round(seconds * RATE)


def _murmur(seconds: float, rng: np.random.Generator) -> Samples:
    """Syllables of irregular length and pause, so that no two stretches of time sound alike."""
    track = np.zeros(_count(seconds))
    voice = rng.uniform(105, 210)
    start = 0.15
    while start < seconds - 0.4:
        syllable = _syllable(voice * rng.uniform(0.85, 1.25), rng.uniform(0.12, 0.3), rng)
        at = _count(start)
        track[at : at + len(syllable)] += syllable[: len(track) - at]
        start += len(syllable) / RATE + rng.choice([0.02, 0.05, 0.3], p=[0.5, 0.35, 0.15])
    return track


def _syllable(pitch: float, seconds: float, rng: np.random.Generator) -> Samples:
    """One vowel: harmonics of a gliding pitch, weighted by the vowel's formants, faded in and out."""
    t = np.arange(_count(seconds)) / RATE
    phase = 2 * np.pi * pitch * (t + rng.uniform(-0.4, 0.2) * t**2 / 2)
    formants = VOWELS[rng.integers(len(VOWELS))]
    tone = np.zeros_like(t)
    for harmonic in range(1, int(3200 / pitch)):
        tone += _loudness(harmonic * pitch, formants) * np.sin(harmonic * phase)
    return tone * np.hanning(len(t)) ** 0.5 * rng.uniform(0.5, 1)


def _loudness(hertz: float, formants: tuple[int, int, int]) -> float:
    return sum(float(np.exp(-(((hertz - peak) / 140) ** 2))) / (1 + rank) for rank, peak in enumerate(formants))


def _chords(seconds: float, rng: np.random.Generator) -> Samples:
    """Soft three-note chords that change every 1.5 s."""
    t = np.arange(_count(seconds)) / RATE
    order = rng.integers(len(CHORDS), size=int(seconds / 1.5) + 1)
    notes = np.array(CHORDS, dtype=float)[order[(t / 1.5).astype(int)]]
    swell = 0.4 + 0.6 * np.abs(np.sin(np.pi * t / 1.5))
    return swell * np.sin(2 * np.pi * notes * t[:, None]).sum(axis=1)
