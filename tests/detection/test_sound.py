"""Sound: found among many by the index, found at other speeds, and never where there is none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from detection.engine.audio import Speed, all_sped_words, compare_sound, compare_sound_at, sound_words, sped_words
from detection.engine.frames import SOUND_RATE
from detection.engine.soundindex import SoundIndex, keys_of

Words = tuple[np.ndarray, np.ndarray]
SPEEDS = (0.5, 0.8, 1.25, 2.0)


@cache
def heard(name: str, seconds: float = 18) -> np.ndarray:
    """A tune of short notes with overtones and some noise, its own for every name."""
    random = np.random.default_rng(list(name.encode()))
    samples = random.normal(0, 0.01, int(seconds * SOUND_RATE)).astype(np.float32)
    start = 0
    while start < len(samples):
        note = samples[start : start + int(random.uniform(0.08, 0.4) * SOUND_RATE)]
        time = np.arange(len(note)) / SOUND_RATE
        for pitch, strength in zip(random.uniform(150, 2500, 3), random.uniform(0.1, 0.3, 3), strict=True):
            note += np.exp(-4 * time) * strength * np.sin(2 * np.pi * pitch * time)
        start += len(note)
    return samples


@cache
def words_of(name: str) -> Words:
    return sound_words(heard(name))


def excerpt(name: str, start: float, seconds: float, noise: float = 0.003) -> np.ndarray:
    part = heard(name)[int(start * SOUND_RATE) : int((start + seconds) * SOUND_RATE)]
    return part + np.random.default_rng(5).normal(0, noise, len(part)).astype(np.float32)


def tone(hertz: float, seconds: float = 20) -> np.ndarray:
    moments = np.arange(int(seconds * SOUND_RATE)) / SOUND_RATE
    return (0.3 * np.sin(2 * np.pi * hertz * moments)).astype(np.float32)


def faster(samples: np.ndarray, speed: float) -> np.ndarray:
    """Played faster, with the pitch risen along."""
    return np.interp(np.arange(0, len(samples) - 1, speed), np.arange(len(samples)), samples).astype(np.float32)


def hurried(samples: np.ndarray, speed: float, grain: int = 1024) -> np.ndarray:
    """Played faster with the pitch kept: grains overlap and add where they fit the wave before them best."""
    half, reach = grain // 2, 160
    starts = (np.arange(int((len(samples) - grain - 2 * reach) / (half * speed))) * half * speed).astype(int) + reach
    out = np.zeros(len(starts) * half + grain, np.float32)
    window = np.hanning(grain + 1)[:-1].astype(np.float32)
    follow = samples[starts[0] : starts[0] + half]
    for number, start in enumerate(starts.tolist()):
        around = samples[start - reach : start + reach + half]
        start += int(np.argmax(np.correlate(around, follow, "valid"))) - reach
        out[number * half : number * half + grain] += samples[start : start + grain] * window
        follow = samples[start + half : start + grain]
    return out


@pytest.fixture(scope="module")
def fifty() -> SoundIndex:
    index = SoundIndex()
    for number in range(50):
        index.add(f"tune {number}", *words_of(f"tune {number}"))
    return index


@pytest.mark.parametrize("number", [0, 17, 49])
def test_an_excerpt_is_found_among_fifty_tunes_where_it_is(fifty: SoundIndex, number: int) -> None:
    sound = sound_words(excerpt(f"tune {number}", start=7.03, seconds=8))
    assert fifty.candidates(*sound) == [f"tune {number}"]
    match = compare_sound(sound, words_of(f"tune {number}"))
    assert match is not None
    assert match.offset == pytest.approx(-7.03, abs=0.1)
    assert match.speed == 1


def test_two_tunes_one_after_the_other_are_both_found(fifty: SoundIndex) -> None:
    both = np.concatenate([excerpt("tune 3", 5, 10), heard("stranger"), excerpt("tune 40", 7, 10)])
    assert set(fifty.candidates(*sound_words(both))) == {"tune 3", "tune 40"}


def test_unrelated_tunes_give_nothing(fifty: SoundIndex) -> None:
    assert [fifty.candidates(*sound_words(heard(f"other {number}"))) for number in range(30)] == [[]] * 30


def test_a_removed_reference_is_not_found_and_the_others_are() -> None:
    index = SoundIndex()
    names = [f"tune {number}" for number in range(12)]
    for name in names:
        index.add(name, *words_of(name))
    full = index.nbytes
    for count, name in enumerate(names[:-1], 1):
        index.remove(name)
        assert len(index) == len(names) - count
        assert index.candidates(*words_of(name)) == []
        assert index.candidates(*words_of(names[-1])) == [names[-1]]
    assert index.nbytes < full / 4
    index.remove("never there")
    index.add(names[0], *words_of(names[0]))
    assert index.candidates(*words_of(names[0])) == [names[0]]


def test_adding_again_replaces() -> None:
    index = SoundIndex()
    index.add("one", *words_of("tune 1"))
    index.add("one", *words_of("tune 2"))
    assert index.candidates(*words_of("tune 1")) == []
    assert index.candidates(*words_of("tune 2")) == ["one"]
    assert len(index) == 1


def test_the_order_in_which_references_came_does_not_matter() -> None:
    there, back = SoundIndex(), SoundIndex()
    names = [f"tune {number}" for number in range(9)]
    for one, other in zip(names, reversed(names), strict=True):
        there.add(one, *words_of(one))
        back.add(other, *words_of(other))
    mixed = sound_words(np.concatenate([excerpt(name, 3, 6) for name in names[:4]]))
    assert set(there.candidates(*mixed)) == set(back.candidates(*mixed)) == set(names[:4])
    assert there.candidates(*mixed) == there.candidates(*mixed)


@pytest.mark.parametrize("hertz", [250.0, 440.0, 1003.7])
def test_silence_and_a_pure_tone_are_like_nothing(hertz: float) -> None:
    index = SoundIndex()
    for name, samples in (("tone", tone(hertz)), ("silence", np.zeros(SOUND_RATE * 20, np.float32))):
        sound = sound_words(samples)
        index.add(name, *sound)
        assert index.candidates(*sound) == []
        assert compare_sound(sound, sound) is None
        for speed in (Speed(1.25, True), Speed(1.25, False)):
            assert compare_sound_at(speed, sped_words(samples, *speed), sound) is None
    assert index.candidates(np.zeros(0, np.uint32), np.zeros(0, bool)) == []


def test_a_word_that_returns_for_ever_does_not_flood() -> None:
    words = np.tile(words_of("tune 1")[0][10:26], 600)
    keys, _ = keys_of(words, np.ones(len(words), bool))
    assert len(keys) < 1000
    index = SoundIndex()
    for number in range(300):
        index.add(f"loop {number}", words, np.ones(len(words), bool))
    assert index.candidates(words, np.ones(len(words), bool)) == []


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("keep_pitch", [True, False], ids=["pitch kept", "pitch changed"])
def test_a_copy_at_another_speed_is_found_where_it_is(fifty: SoundIndex, speed: float, keep_pitch: bool) -> None:
    change = hurried if keep_pitch else faster
    copy = np.concatenate([heard("lead-in", 4), change(excerpt("tune 7", start=4, seconds=13, noise=0.001), speed)])
    how = Speed(speed, keep_pitch)
    sped = sped_words(copy, speed, keep_pitch)
    assert fifty.candidates(*sped, bits=how.bits) == ["tune 7"]
    match = compare_sound_at(how, sped, words_of("tune 7"))
    assert match is not None
    assert match.speed == speed
    assert match.cand_start == pytest.approx(4, abs=1 + 1 / speed)
    assert match.cand_end == pytest.approx(4 + 13 / speed, abs=1 + 1 / speed)
    assert speed * match.cand_start - match.offset == pytest.approx(4 + speed * (match.cand_start - 4), abs=0.2)


def test_at_no_speed_is_an_unrelated_tune_found(fifty: SoundIndex) -> None:
    speeds = [Speed(factor, keep) for factor in SPEEDS for keep in (True, False)]
    for number in range(30):
        every = all_sped_words(heard(f"other {number}", 12), speeds)
        for how, sped in zip(speeds, every, strict=True):
            assert fifty.candidates(*sped, bits=how.bits) == []
            assert compare_sound_at(how, sped, words_of(f"tune {number}")) is None


def test_too_little_sound_is_no_sound_at_any_speed() -> None:
    for length in (0, 1, 900, 1100, 2100, 5000):
        for words, loud in all_sped_words(np.ones(length, np.float32), [Speed(0.5, True), Speed(2.5, False)]):
            assert len(words) == len(loud)
            assert not loud.any()
