"""How often an ordinary word is taken for a term: measured on the words of the Korean and English catalogs of installed packages."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import django
from babel import Locale
from babel.messages.pofile import read_po

from detection.variants import Finder, Strength
from detection.variants.romanise import SURNAMES

# Nobody's: the commonest family names with common given names. Given names alone are the hardest.
GIVEN = [
    "민아",
    "서연",
    "지우",
    "수빈",
    "하은",
    "예린",
    "유진",
    "서현",
    "지민",
    "소희",
    "지은",
    "민지",
    "예원",
    "나연",
    "수지",
]
NAMES = [family + GIVEN[at % len(GIVEN)] for at, family in enumerate(list(SURNAMES)[:30])]
HANDLES = [
    "mina_kim97", "jiwoo.park", "seoyeon__", "soobin.x", "haeun_daily", "yerin99", "mina", "seo_yeon_", "jimin.j", "sunny_day",
    "hana_s", "nayeon", "luv_mina",
]  # fmt: skip
TITLES = ["딥페", "몰카 모음", "기숙사 몰래", "여대 화장실", "IMG_4821", "20240312_153012"]
TERMS = [*NAMES, *GIVEN, *HANDLES, *TITLES]


@cache
def sentences() -> tuple[list[str], list[str]]:
    """Korean and English sentences of Django's own catalogs, and the names of places and languages."""
    korean, english = set(), set()
    for path in sorted(Path(django.__file__).parent.rglob("locale/ko/LC_MESSAGES/django.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="ko"):
                korean |= {part for part in _parts(message.string) if part}
                english |= {part for part in _parts(message.id) if part}
    for language, kept in (("ko", korean), ("en", english)):
        names = Locale(language)
        kept |= {*names.territories.values(), *names.languages.values(), *names.currencies.values()}
    return sorted(korean), sorted(english)


def _parts(said: object) -> list[str]:
    return [str(part) for part in said] if isinstance(said, list | tuple) else [str(said)]


def words(texts: list[str], shape: str) -> list[str]:
    found = sorted({word for text in texts for word in re.findall(shape, text)})
    return random.Random(4).sample(found, 2000)


def chance_hits(terms: list[str], texts: list[str]) -> list[tuple[str, str, Strength]]:
    finder = Finder((term, term) for term in terms)
    return [(text, found.key, found.strength) for text in texts for found in finder.found_in(text)]


def test_of_2000_korean_words_at_most_two_are_taken_for_any_of_64_terms() -> None:
    assert len(TERMS) == 64
    assert len(chance_hits(TERMS, words(sentences()[0], r"[가-힣]{2,}"))) <= 2


def test_of_2000_english_words_at_most_two_are_taken_for_any_of_64_terms() -> None:
    assert len(chance_hits(TERMS, words(sentences()[1], r"[A-Za-z]{3,}"))) <= 2


def test_of_a_thousand_sentences_at_most_one_is_taken_for_any_of_64_terms() -> None:
    korean, english = sentences()
    assert len(chance_hits(TERMS, [*korean, *english])) <= 0.001 * (len(korean) + len(english))


def test_a_given_name_that_is_a_word_hits_where_the_word_stands() -> None:
    """The price of a short term, stated: 수정 is a name, and the Korean for a change."""
    hits = chance_hits(["수정"], words(sentences()[0], r"[가-힣]{2,}"))
    assert 1 <= len(hits) <= 10
    assert all("수정" in word for word, _term, _strength in hits)
