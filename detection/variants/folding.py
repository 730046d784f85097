"""One skeleton for everything that reads the same: a page's text and a term are folded alike, then compared.

A text becomes units (a syllable, a letter). Each unit has its `tokens` in the skeleton, its `plain` form as it was
written, and whether a word begins or ends at it. What lies between (signs, blanks, a digit or two within Hangul) is
no unit; it is only counted, so that a hit cannot reach across half a sentence.

Steps, whose order matters: 1. NFKC, which also puts letters typed one by one (ㄱㅣ) into syllables. 2. Marks and
invisible characters go. 3. Every character is read by its script and by its neighbours. 4. Double Latin letters become one.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property

from detection.variants.kana import LONG, SMALL, hiragana, is_kana
from detection.variants.korean import (
    CLUSTERS,
    SWAPPED_CONSONANTS,
    SWAPPED_VOWELS,
    is_syllable,
    taken_apart,
    with_hangul_family,
)
from detection.variants.latin import ALIKE, LETTER_OF, is_latin, plain_letters

LONGEST_TEXT = 4000
# Signs that are letters only between two letters or digits; elsewhere they are what they are.
INNER_SIGNS = "@!$€"
# Latin letters after a lone consonant, drawn as its vowel: ㄱl, ㅇr, ㄷH.
DRAWN_VOWELS = {
    "l": "ㅣ",
    "I": "ㅣ",
    "i": "ㅣ",
    "1": "ㅣ",
    "!": "ㅣ",
    "|": "ㅣ",
    "r": "ㅏ",
    "F": "ㅑ",
    "H": "ㅐ",
    "T": "ㅜ",
}
LONGEST_FILLER_DIGITS = 2
_LEADS = dict(zip(map(chr, range(0x1100, 0x1113)), "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ", strict=True))
_LEADS |= {"\u111a": "ㅀ", "\u1121": "ㅄ"}  # what NFKC makes of these two
_TAILS = dict(
    zip(map(chr, range(0x11A8, 0x11C3)), "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ", strict=True)
)
_CLASS = {letter: group[0] for group in (*SWAPPED_VOWELS, *SWAPPED_CONSONANTS) for letter in group}


@dataclass
class Unit:
    """One letter of a text. `gap` counts what was passed over before it, `spaced` says whether a blank was there."""

    script: str  # hangul, jamo, latin, kana or other
    tokens: str
    plain: str
    begins: bool = False
    ends: bool = False
    gap: int = 0
    spaced: bool = False


@dataclass(frozen=True)
class Folded:
    """A text as units; `skeleton` is what is searched in, `starts` and `ends` are the places where units meet."""

    units: list[Unit]

    @cached_property
    def skeleton(self) -> str:
        return "".join(unit.tokens for unit in self.units)

    @cached_property
    def starts(self) -> dict[int, int]:
        """Place in the skeleton → number of the unit that begins there."""
        return {place: number for number, place in enumerate(self._places[:-1])}

    @cached_property
    def ends(self) -> dict[int, int]:
        """Place in the skeleton → number of the unit that ends there."""
        return {place: number for number, place in enumerate(self._places[1:])}

    @cached_property
    def _places(self) -> list[int]:
        places = [0]
        for unit in self.units:
            places.append(places[-1] + len(unit.tokens))
        return places

    @cached_property
    def plain(self) -> str:
        return "".join(unit.plain for unit in self.units)


def folded(text: str) -> str:
    """The skeleton of a text.

    >>> folded("뒵 페") == folded("딥페"), folded("M1N4") == folded("mina"), folded("ミナ") == folded("みな")
    (True, True, True)
    """
    return fold(text).skeleton


def fold(text: str) -> Folded:
    """The text taken apart; what is longer than LONGEST_TEXT characters is not read to its end."""
    return Folded(_without_doubles(_read(_cleaned(text[:LONGEST_TEXT]))))


def _cleaned(text: str) -> str:
    """NFKC without marks that are stacked on letters, and without what nobody sees."""
    composed = with_hangul_family(unicodedata.normalize("NFKC", text))
    return "".join(one for one in composed if unicodedata.category(one) != "Cf" and not _is_stacked(one))


def _is_stacked(one: str) -> bool:
    """Marks of no language of their own: overlays and accents that stayed apart. Thai and Arabic keep theirs."""
    return unicodedata.combining(one) != 0 and (
        "\u0300" <= one <= "\u036f" or "\u1ab0" <= one <= "\u1aff" or "\u1dc0" <= one <= "\u1dff" or "\u20d0" <= one <= "\u20ff"
    )  # fmt: skip


# --- reading -----------------------------------------------------------------------------------------------------
def _read(text: str) -> list[Unit]:
    units: list[Unit] = []
    gap, spaced = 0, False
    for at, letter in enumerate(text):
        unit = _unit(text, at)
        if unit is None:
            gap, spaced = gap + 1, spaced or letter.isspace()
            continue
        if unit.tokens:
            unit.gap, unit.spaced = gap, spaced
            unit.begins, unit.ends = _border(text, at, -1), _border(text, at, 1)
            units.append(unit)
        gap, spaced = 0, False
    return units


def _unit(text: str, at: int) -> Unit | None:
    """What stands at this place; None for what separates, no tokens for what is only drawn."""
    letter = text[at]
    before = text[at - 1 : at]
    if is_syllable(letter):
        return Unit("hangul", _tokens(letter), letter)
    if before in _LEADS and letter in DRAWN_VOWELS and not is_latin(text[at + 1 : at + 2] or " "):
        return Unit("jamo", _CLASS[DRAWN_VOWELS[letter]], DRAWN_VOWELS[letter])
    if letter in _LEADS:
        drawn = text[at + 1 : at + 2] in DRAWN_VOWELS and not is_latin(text[at + 2 : at + 3] or " ")
        silent = letter == "ᄋ" and drawn
        return Unit("jamo", "" if silent else _class(_LEADS[letter]), _LEADS[letter])
    if letter in _TAILS:
        return Unit("jamo", _class(_TAILS[letter]), _TAILS[letter])
    if is_kana(letter):
        small = hiragana(letter)
        return Unit("kana", "" if small == LONG else SMALL.get(small, small), letter)
    if letter.isdigit():
        return None if _is_filler(text, at) else Unit("latin", _sign(_digit(letter)), _digit(letter))
    if letter in INNER_SIGNS:
        within = _is_word(text, at - 1) and _is_word(text, at + 1)
        return Unit("latin", LETTER_OF[letter], letter) if within else None
    if not letter.isalpha() and unicodedata.category(letter)[0] != "M":
        return None
    if "\u1161" <= letter <= "\u1175":  # a lone vowel: drawn out or crying (ㅡ, ㅠ), not read
        return None
    plain = plain_letters(letter)
    if is_latin(letter):
        return Unit("latin", "".join(ALIKE.get(one, one) for one in plain), plain)
    return Unit("other", plain or letter, plain or letter)


def _tokens(syllable: str) -> str:
    """Onset, vowel and final, each by its class. A silent onset says nothing, so 얃옹 is 야동."""
    onset, vowel, final = taken_apart(syllable)
    return ("" if onset == "ㅇ" else _class(onset)) + _CLASS[vowel] + (_class(final) if final else "")


def _class(consonant: str) -> str:
    return "".join(_CLASS.get(one, one) for one in CLUSTERS.get(consonant, consonant))


def _digit(letter: str) -> str:
    value = unicodedata.digit(letter, None)
    return letter if value is None else str(value)


def _sign(digit: str) -> str:
    return LETTER_OF.get(digit, digit)


def _is_word(text: str, at: int) -> bool:
    return 0 <= at < len(text) and (text[at].isdigit() or is_latin(text[at]) or text[at] in INNER_SIGNS)


def _is_filler(text: str, at: int) -> bool:
    """A digit or two within Hangul, kana or Chinese characters, with no Latin letter in the same word."""
    first, last = at, at
    while first and text[first - 1].isdigit():
        first -= 1
    while last + 1 < len(text) and text[last + 1].isdigit():
        last += 1
    if last - first + 1 > LONGEST_FILLER_DIGITS:
        return False
    around = [_nearest(text, first, -1), _nearest(text, last, 1)]
    return any(around) and not any(one and (is_latin(one) or one.isdigit()) for one in around)


def _nearest(text: str, at: int, step: int) -> str:
    """The next letter or digit in one direction, within the same word; an empty string at its end."""
    at += step
    while 0 <= at < len(text) and not text[at].isspace():
        if text[at].isalnum():
            return text[at]
        at += step
    return ""


def _border(text: str, at: int, step: int) -> bool:
    """Whether a word begins (-1) or ends (1) here. After a digit, before a capital and at another script it does."""
    neighbour = text[at + step] if 0 <= at + step < len(text) else " "
    if not neighbour.isalpha():
        return True
    here, there = _family(text[at]), _family(neighbour)
    if here != there:
        return True
    first, second = (neighbour, text[at]) if step < 0 else (text[at], neighbour)
    return first.islower() and second.isupper()


def _family(letter: str) -> str:
    if is_syllable(letter) or letter in _LEADS or letter in _TAILS:
        return "hangul"
    return "kana" if is_kana(letter) else "han" if "\u3400" <= letter <= "\u9fff" else "letter"


# --- Latin letters -----------------------------------------------------------------------------------------------------
def _without_doubles(units: list[Unit]) -> list[Unit]:
    """The same Latin letter twice is once, also across a separator: kim mina and kimmina are one name."""
    kept: list[Unit] = []
    for unit in units:
        last = kept[-1] if kept else None
        if last and unit.script == last.script == "latin" and unit.tokens == last.tokens:
            last.begins = last.begins or (unit.gap > 0 and unit.begins)
            last.ends = unit.ends or (unit.gap > 0 and last.ends)
            last.plain += unit.plain
        else:
            kept.append(unit)
    return kept
