"""Guesses the language of a text by its letters. Coarse on purpose: a wrong language is worse than none."""

from __future__ import annotations

import re
from collections import Counter

LEAST_LETTERS = 20
SCRIPTS = (
    ("ko", re.compile("[가-힣ㄱ-ㆎ]")),
    ("ja", re.compile("[ぁ-ヿ]")),
    ("zh", re.compile("[一-鿿]")),
    ("ru", re.compile("[а-яё]", re.IGNORECASE)),
    ("th", re.compile("[ก-๛]")),
    ("ar", re.compile("[ء-ي]")),
    ("hi", re.compile("[ऀ-ॿ]")),
    ("he", re.compile("[א-ת]")),
    ("el", re.compile("[α-ωά-ώ]", re.IGNORECASE)),
    ("latin", re.compile("[a-zà-ɏạ-ỹ]", re.IGNORECASE)),
)
UKRAINIAN = re.compile("[їєґ]", re.IGNORECASE)
VIETNAMESE = re.compile("[ơưđạ-ỹ]", re.IGNORECASE)
COMMON = {
    "en": "the and of to in is for with this you that on",
    "es": "el los las una por para con que del como más",
    "pt": "o os uma para com que não do da em mais",
    "fr": "le les des une pour avec que dans est pas sur",
    "de": "der die das und ist nicht mit für auf ein eine",
    "id": "yang dan di ini itu dengan untuk tidak dari ada",
    "it": "il gli che una per con non di del sono",
    "tr": "ve bir bu için ile de da çok ne var",
}
COMMON_WORDS = {language: frozenset(words.split()) for language, words in COMMON.items()}


def language_of(text: str) -> str:
    """An ISO 639-1 code, or "" where letters do not tell. Kana decide over Han: Japanese is written in both."""
    counts = {name: len(pattern.findall(text)) for name, pattern in SCRIPTS}
    letters = sum(counts.values())
    if letters < LEAST_LETTERS:
        return ""
    if counts["ja"] > 0.05 * letters:
        return "ja"
    name, most = max(counts.items(), key=lambda one: one[1])
    # Names, brands and addresses are Latin on every page.
    if name == "latin":
        others = {other: count for other, count in counts.items() if other != "latin"}
        second = max(others, key=lambda other: others[other])
        if others[second] > 0.3 * letters:
            name, most = second, others[second]
    if most < 0.3 * letters:
        return ""
    if name == "ru" and UKRAINIAN.search(text):
        return "uk"
    return _latin(text, letters) if name == "latin" else name


def _latin(text: str, letters: int) -> str:
    if len(VIETNAMESE.findall(text)) > 0.05 * letters:
        return "vi"
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    hits = {name: sum(words[word] for word in common) for name, common in COMMON_WORDS.items()}
    ranked = sorted(hits.items(), key=lambda one: -one[1])
    (best, count), (_second, runner_up) = ranked[0], ranked[1]
    return best if count >= 3 and count > 1.3 * runner_up else ""
