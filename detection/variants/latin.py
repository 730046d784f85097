"""Latin letters as people disguise them: digits and signs for letters, letters of other scripts, doubling, separators.

The look-alikes are those of Unicode's confusables (UTS #39) whose picture is one Latin letter in common typefaces.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Letter to what is written for it, the likeliest first. `folding` takes both for the same letter.
LEET = {"a": "4@", "b": "8", "e": "3€", "g": "96", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7", "z": "2"}
# i, l and 1 are one picture in many typefaces, so they are one letter.
ALIKE = {"l": "i"}
LETTER_OF = {sign: ALIKE.get(letter, letter) for letter, signs in LEET.items() for sign in signs} | ALIKE

HOMOGLYPHS = {
    # Cyrillic
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "ё": "e", "ɡ": "g", "н": "h", "һ": "h", "і": "i", "ї": "i", "ј": "j",
    "к": "k", "ӏ": "l", "м": "m", "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "ѵ": "v", "ԝ": "w", "х": "x", "у": "y",
    "ү": "y",
    # Greek
    "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "μ": "m", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "u",
    "χ": "x", "γ": "y", "ζ": "z", "ω": "w",
    # Latin beside Latin
    "ı": "i", "ɑ": "a", "ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ɩ": "i", "ƅ": "b", "ŧ": "t", "ʏ": "y", "ɴ": "n", "ᴍ": "m",
    "ᴀ": "a", "ʙ": "b", "ᴄ": "c", "ᴅ": "d", "ᴇ": "e", "ɢ": "g", "ʜ": "h", "ɪ": "i", "ᴊ": "j", "ᴋ": "k", "ʟ": "l", "ᴏ": "o",
    "ᴘ": "p", "ʀ": "r", "ꜱ": "s", "ᴛ": "t", "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "ᴢ": "z",
}  # fmt: skip
# Capitals whose picture is another letter than that of the small one.
CAPITAL_HOMOGLYPHS = {"Η": "h", "Ν": "n", "Υ": "y", "Χ": "x", "Ρ": "p", "Ζ": "z", "Μ": "m", "Ι": "i", "Β": "b"}
PAIRS = {"rn": "m", "vv": "w"}
SEPARATORS = ("", "_", ".", "-", " ")


def plain_letters(letter: str) -> str:
    """The small Latin letters a letter of any alphabet is taken for; its own small form where it is like none.

    >>> plain_letters("É"), plain_letters("Н"), plain_letters("ж")
    ('e', 'h', 'ж')
    """
    if letter in CAPITAL_HOMOGLYPHS:
        return CAPITAL_HOMOGLYPHS[letter]
    bare = unicodedata.normalize("NFD", letter.casefold())
    return "".join(HOMOGLYPHS.get(one, one) for one in bare if unicodedata.category(one) != "Mn")


def is_latin(letter: str) -> bool:
    return "a" <= plain_letters(letter)[:1] <= "z"


# --- what is written instead -------------------------------------------------------------------------------------
def separated(text: str) -> Iterator[str]:
    """The words of the text with other separators, or none: mina_k, mina.k, minak."""
    words = _words(text)
    if len(words) > 1:
        yield from (separator.join(words) for separator in SEPARATORS)
    letters = "".join(words)
    if letters.isalnum() and 3 < len(letters) < 12:
        yield from (sign.join(letters) for sign in (" ", ".", "_"))


def _words(text: str) -> list[str]:
    for separator in "_.-":
        text = text.replace(separator, " ")
    return text.split()


def leet(text: str) -> Iterator[str]:
    """Digits for letters: each kind of letter alone, then all vowels, then everything."""
    # A sign stands for a letter only where it is clear: within a word.
    inner = {place for place in range(1, len(text) - 1) if text[place - 1].isalnum() and text[place + 1].isalnum()}
    digits = {letter: signs[0] for letter, signs in LEET.items()}
    kinds = [letter for letter in "oieasltbgz" if letter in text.casefold()]
    sets = [*([letter] for letter in kinds), [letter for letter in kinds if letter in "aeio"], kinds]
    made = (_replaced(text, {letter: digits[letter] for letter in chosen}) for chosen in sets)
    yield from (form for form in made if any(map(is_latin, form)))
    for letter, signs in LEET.items():
        for sign in signs[1:]:
            yield "".join(sign if one.casefold() == letter and at in inner else one for at, one in enumerate(text))


def _replaced(text: str, signs: dict[str, str]) -> str:
    return "".join(signs.get(letter.casefold(), letter) for letter in text)


def in_other_letters(text: str) -> Iterator[str]:
    """Cyrillic and Greek letters for Latin ones: each alone, then all that have one."""
    foreign: dict[str, str] = {}
    for sign, letter in HOMOGLYPHS.items():
        if "\u0370" <= sign <= "\u052f":
            foreign.setdefault(letter, sign)
    kinds = [letter for letter in "aoecpxyisk" if letter in text.casefold()]
    for letter in kinds:
        yield _replaced(text, {letter: foreign[letter]})
    yield _replaced(text, foreign)


def in_pairs(text: str) -> list[str]:
    """Two letters whose picture is one: rn for m, vv for w."""
    made = [_replaced(text, {letter: pair}) for pair, letter in PAIRS.items() if letter in text.casefold()]
    return [*made, _replaced(text, {letter: pair for pair, letter in PAIRS.items()})] if len(made) > 1 else made


def doubled(text: str) -> Iterator[str]:
    """One letter twice, vowels first; and double letters once."""
    once = "".join(letter for at, letter in enumerate(text) if not at or letter != text[at - 1] or not is_latin(letter))
    if once != text:
        yield once
    ranked = sorted(range(len(text)), key=lambda at: text[at].casefold() not in "aeiouy")
    for at in ranked:
        if is_latin(text[at]):
            yield text[: at + 1] + text[at:]
