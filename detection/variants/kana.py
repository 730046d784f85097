"""Kana: hiragana and katakana, half width, and the ways to write them in Latin letters."""

from __future__ import annotations

import unicodedata
from itertools import islice, product

HIRAGANA, KATAKANA, BETWEEN = ord("ぁ"), ord("ァ"), ord("ァ") - ord("ぁ")
SMALL = dict(zip("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ", strict=True))
LONG = "ー"
MOST_ROMAJI = 12

# Hepburn first, then what else is common.
ROMAJI: dict[str, tuple[str, ...]] = {
    "し": ("shi", "si"), "ち": ("chi", "ti"), "つ": ("tsu", "tu"), "ふ": ("fu", "hu"), "じ": ("ji", "zi"), "ぢ": ("ji", "di"),
    "づ": ("zu", "du"), "を": ("o", "wo"), "ん": ("n", "m"), "ゔ": ("vu",), "しゃ": ("sha", "sya"), "しゅ": ("shu", "syu"),
    "しょ": ("sho", "syo"), "ちゃ": ("cha", "tya"), "ちゅ": ("chu", "tyu"), "ちょ": ("cho", "tyo"), "じゃ": ("ja", "zya", "jya"),
    "じゅ": ("ju", "zyu", "jyu"), "じょ": ("jo", "zyo", "jyo"), "ふぁ": ("fa",), "ふぃ": ("fi",), "ふぇ": ("fe",), "ふぉ": ("fo",),
    "てぃ": ("ti",), "でぃ": ("di",), "うぃ": ("wi",), "うぇ": ("we",), "しぇ": ("she",), "じぇ": ("je",), "ちぇ": ("che",),
}  # fmt: skip
for _onset, _row in {
    "": "あいうえお", "k": "かきくけこ", "s": "さ せそ", "t": "た  てと", "n": "なにぬねの", "h": "はひ へほ", "m": "まみむめも",
    "y": "や ゆ よ", "r": "らりるれろ", "w": "わ", "g": "がぎぐげご", "z": "ざ ずぜぞ", "d": "だ  でど", "b": "ばびぶべぼ",
    "p": "ぱぴぷぺぽ",
}.items():  # fmt: skip
    for _letter, _vowel in zip(_row, "aiueo", strict=False):
        if _letter != " ":
            ROMAJI.setdefault(_letter, (_onset + _vowel,))
for _first, _onset in {
    "き": "ky",
    "に": "ny",
    "ひ": "hy",
    "み": "my",
    "り": "ry",
    "ぎ": "gy",
    "び": "by",
    "ぴ": "py",
}.items():
    for _small, _vowel in zip("ゃゅょ", "auo", strict=True):
        ROMAJI[_first + _small] = (_onset + _vowel,)


def is_kana(letter: str) -> bool:
    return "ぁ" <= letter <= "ゖ" or "ァ" <= letter <= "ヺ" or letter in "ーゝゞヽヾ"


def hiragana(text: str) -> str:
    """Katakana of any width as hiragana."""
    full = unicodedata.normalize("NFKC", text)
    return "".join(chr(ord(one) - BETWEEN) if "ァ" <= one <= "ヶ" else one for one in full)


def katakana(text: str) -> str:
    return "".join(chr(ord(one) + BETWEEN) if "ぁ" <= one <= "ゖ" else one for one in hiragana(text))


def half_width(text: str) -> str:
    """Katakana as old half-width letters: ミナ as ﾐﾅ, ガ as ｶﾞ."""
    apart = unicodedata.normalize("NFD", katakana(text))
    return "".join(_HALF.get(one, one) for one in apart)


def _half_widths() -> dict[str, str]:
    table = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0xFF66, 0xFF9E)}
    return table | {"\u3099": "ﾞ", "\u309a": "ﾟ"}


_HALF = _half_widths()


def romaji(text: str) -> list[str]:
    """The ways a text of kana alone is written in Latin letters, the usual one first; none for any other text.

    >>> romaji("しょうこ")
    ['shouko', 'shoko', 'syouko', 'syoko']
    """
    plain = "".join(hiragana(text).split())
    if not plain or not all(is_kana(one) for one in plain):
        return []
    choices: list[tuple[str, ...]] = []
    at, double = 0, False
    while at < len(plain):
        size = 2 if plain[at : at + 2] in ROMAJI else 1
        written = ROMAJI.get(plain[at : at + size], ())
        if plain[at] == "っ":
            double = True
        elif _only_long(plain, at):
            choices.append((written[0] if written else "", ""))
        elif written:
            choices.append(tuple(_hardened(one) for one in written) if double else written)
            double = False
        at += size
    return list(dict.fromkeys("".join(chosen) for chosen in islice(product(*choices), MOST_ROMAJI)))


def _hardened(written: str) -> str:
    """After a small tsu: the consonant twice, tch for ch."""
    return f"t{written}" if written.startswith("ch") else written[0] + written


def _only_long(plain: str, at: int) -> bool:
    """Whether a letter only makes the vowel before it long: written or not."""
    if plain[at] == LONG:
        return True
    before = ROMAJI.get(plain[at - 1], ("",))[0] if at else ""
    small = ROMAJI.get(plain[at - 2 : at], ("",))[0] if at > 1 else ""
    return plain[at] == "う" and (small or before)[-1:] in ("o", "u")


def kana_of(text: str) -> list[str]:
    """Hiragana and katakana of a word in Latin letters that can be read so; nothing otherwise.

    >>> kana_of("mina")
    ['みな', 'ミナ']
    """
    rest, made = "".join(text.casefold().split()), []
    if not rest.isascii() or not rest.isalpha():
        return []
    while rest:
        size = next((size for size in (3, 2, 1) if rest[:size] in _KANA), 0)
        if len(rest) > 1 and rest[0] == rest[1] and rest[0] not in "aiueon":
            made.append("っ")
            size, rest = 0, rest[1:]
            if not any(rest[:length] in _KANA for length in (3, 2)):
                return []
            continue
        if not size:
            return []
        made.append(_KANA[rest[:size]])
        rest = rest[size:]
    return [plain := "".join(made), katakana(plain)]


_KANA = {written: letter for letter, several in reversed(ROMAJI.items()) for written in several}
_KANA |= {several[0]: letter for letter, several in reversed(ROMAJI.items())} | {"n": "ん"}
_KANA.pop("m", None)
