"""The arithmetic of the engine: hashes, their string form, the index, sound."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from detection.engine import fingerprint as pdq
from detection.engine.audio import compare_sound, sound_words
from detection.engine.borders import content_box
from detection.engine.frames import SOUND_RATE
from detection.engine.reading import frame_hashes
from tests import clips


def test_a_fingerprint_keeps_its_leading_zeros() -> None:
    small = pdq.Fingerprint((0, 0, 0, 5))
    assert str(small) == "0" * 63 + "5"
    assert pdq.Fingerprint.parse(str(small)) == small


@given(st.tuples(*[st.integers(0, 2**64 - 1)] * 4))
def test_every_fingerprint_survives_being_written_down(words: tuple[int, int, int, int]) -> None:
    assert pdq.Fingerprint.parse(str(pdq.Fingerprint(words))).words == words
    assert len(str(pdq.Fingerprint(words))) == 64


@pytest.mark.parametrize("text", ["", "5", "0" * 63, "0" * 65, "g" * 64])
def test_anything_but_64_digits_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        pdq.Fingerprint.parse(text)


def test_a_distance_counts_bits() -> None:
    assert pdq.Fingerprint((0, 0, 0, 0)).distance(pdq.Fingerprint((2**64 - 1, 0, 0, 7))) == 67


# What the reference library (pdqhash 0.2.8) says of these photographs, recorded here because it needs a compiler.
OFFICIAL = [
    ("astronaut", "2d6b1af3a956c529e79ca3d2526fa834d4196c81cedd04de0a26b855fc99b724", 100),
    ("coffee", "8c629e779a663698b9a33866c026726c21a679f61eb6e1f8c79ba7e23c8299e0", 100),
    ("chelsea", "5feb5321f01da156898e2bf629a5d3438412cdbd23f48942464526315db33ffd", 100),
    ("rocket", "8792786c87937064bf1bc0e43f1fc0e03f1cc2e33da4c2537cec821b2ce4f376", 100),
    ("china", "bf18cef3407e8678e6833b1937d14066988e5cd2046eac5f783103f157abf50e", 100),
    ("hubble_deep_field", "1c6715e46266634f72d42df2324ad397e70e86be9c665c59a42ec19c3369b919", 100),
]


@pytest.mark.parametrize(("photo", "theirs", "quality"), OFFICIAL, ids=[row[0] for row in OFFICIAL])
def test_our_pdq_is_the_pdq_of_other_tools(photo: str, theirs: str, quality: int) -> None:
    stored = io.BytesIO()
    clips.photograph(photo).save(stored, "PNG")
    (ours,) = frame_hashes(stored.getvalue())
    assert quality >= 80
    assert abs(int(ours["quality"]) - quality) <= 5
    assert pdq.Fingerprint.parse(str(ours["pdq_hex"])).distance(pdq.Fingerprint.parse(theirs)) <= 10


TURNED = [
    ("hflip", lambda picture: picture[:, ::-1]),
    ("vflip", lambda picture: picture[::-1]),
    ("rot180", lambda picture: picture[::-1, ::-1]),
    ("rot90", lambda picture: np.rot90(picture, -1)),
    ("rot270", lambda picture: np.rot90(picture, 1)),
    ("transpose", lambda picture: picture.T),
    ("transverse", lambda picture: picture[::-1, ::-1].T),
]


@pytest.mark.parametrize(("turn", "turned"), TURNED, ids=[row[0] for row in TURNED])
def test_a_turn_is_undone_in_the_coefficients(turn: str, turned: object) -> None:
    picture = np.asarray(clips.photograph("rocket").convert("L").resize((128, 128)))
    edited = np.ascontiguousarray(turned(picture))[None]  # type: ignore[operator]
    whole = (0, 0, 128, 128)
    back = pdq.hashes_of(pdq.turned_back(pdq.coefficients(edited, whole), turn))
    assert int(np.bitwise_count(back ^ pdq.hashes_of(pdq.coefficients(picture[None], whole))).sum()) <= 2


def test_bars_are_cut_off_but_a_dark_scene_is_not() -> None:
    random = np.random.default_rng(1)
    film = np.full((4, 128, 128), 16, np.uint8)
    film[:, 20:108] = random.integers(0, 255, (4, 88, 128))
    assert content_box(film) == (0, 21, 128, 107)
    assert content_box(np.full((4, 128, 128), 16, np.uint8)) == (0, 0, 128, 128)


def test_a_single_bright_line_is_no_picture_inside_borders() -> None:
    film = np.zeros((4, 128, 128), np.uint8)
    film[:, 64, ::2] = 255
    assert content_box(film) == (0, 0, 128, 128)


rows = nps.arrays(np.uint64, st.tuples(st.integers(1, 12), st.just(4)), elements=st.integers(0, 2**64 - 1))


def heard(name: str, seconds: float, start: float = 0.0, noise: float = 0.0) -> np.ndarray:
    samples = np.frombuffer(clips.melody(name, seconds + start), "<i2").astype(np.float32) / 32768
    samples = samples[int(start * clips.SOUND_RATE) :]
    places = np.arange(0, len(samples) - 1, clips.SOUND_RATE / SOUND_RATE)
    samples = np.interp(places, np.arange(len(samples)), samples).astype(np.float32)
    return samples + np.random.default_rng(5).normal(0, noise, len(samples)).astype(np.float32)


def test_a_noisy_excerpt_is_heard_in_the_reference_where_it_is() -> None:
    match = compare_sound(sound_words(heard("song", 5, start=4.03, noise=0.01)), sound_words(heard("song", 12)))
    assert match is not None
    assert match.offset == pytest.approx(-4, abs=0.2)
    assert match.bit_error < 0.33
    assert match.cand_end - match.cand_start > 4


@pytest.mark.parametrize("other", ["hymn", "march", "waltz", "ballad"])
def test_another_tune_is_not_heard(other: str) -> None:
    assert compare_sound(sound_words(heard(other, 10)), sound_words(heard("song", 12))) is None


def test_silence_is_like_nothing() -> None:
    silence = sound_words(np.zeros(SOUND_RATE * 5, np.float32))
    assert compare_sound(silence, silence) is None
    assert compare_sound(sound_words(np.zeros(0, np.float32)), silence) is None
