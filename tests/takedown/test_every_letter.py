"""Officer Hana asks any host anywhere: every combination the legal facts support is a whole letter in its language."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from babel.dates import get_timezone_name

from takedown import fictitious
from takedown.dates import long_date
from takedown.fictitious import Combination, every_combination, request_to
from takedown.jurisdictions import LANGUAGES, locale_for, regimes_of
from takedown.lawbook import seed_lawbook
from takedown.letters import Letter, Paragraph, compose, korean_companion
from tests.takedown.letter_parts import ALL_FLAGS

ALWAYS_THERE = [
    "salutation", "who_we_are", "what", "locations", "identification", "non_consent", "damage", "grounds_host_law",
    "grounds_policy", "requested_action", "deadline", "good_faith", "accuracy", "no_imagery", "signature",
]  # fmt: skip
FOREIGN = [language for language in LANGUAGES if language != "ko"]
BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
LEFT_OVER = re.compile(r"[{}]|\bNone\b")
# Of each hundred letters of a paragraph's own words, this many at least stand in the script of its language.
OWN_SCRIPT = {
    "ko": "HANGUL", "zh-Hans": "CJK", "zh-Hant": "CJK", "ja": "HIRAGANA KATAKANA CJK", "ru": "CYRILLIC",
    "th": "THAI", "en": "LATIN", "vi": "LATIN", "es": "LATIN", "id": "LATIN", "de": "LATIN", "fr": "LATIN",
}  # fmt: skip
# Common words of no other language here that is written in Latin letters; each long paragraph has one.
OWN_WORDS = {
    "en": "the of we your to please and", "vi": "của và chúng các được không", "es": "el los las del sin y sus en",
    "id": "yang dan untuk dari kami penanganan tanpa", "de": "der die das und wir sie wer nach",
    "fr": "le les des du est présente dès et sa votre nous",
}  # fmt: skip
# Characters of the other way of writing Chinese that must not slip in.
ONLY_SIMPLIFIED, ONLY_TRADITIONAL = (
    set("们这请发当户传删权实为义时业证图页账号"),
    set("們這請發當戶傳刪權實為義時業證圖頁帳號"),
)
# 11/12/2026: nobody knows which is the month. A telephone number begins with a plus.
SHORT_DATE = r"(?<![\w+/-])\d{1,2}([/.-])\d{1,2}\1\d{4}(?![\w/-])"
RUSSIAN_ACT = "27.07.2006"  # belongs to the name of the act
NAMED_IN_LETTERS = {
    *fictitious.MINORS_REGULATORS.values(), *fictitious.REGULATORS.values(),
    *(key for row in seed_lawbook().templates.values() for key in re.findall(r"{agency_(\w+)}", row.text)),
}  # fmt: skip
LISTS = ("locations", "identification", "signature")


@cache
def letters_in(language: str) -> tuple[tuple[Combination, Letter], ...]:
    """Every letter in this language, composed once."""
    return tuple((kind, compose(request_to(kind))) for kind in every_combination() if kind.language == language)


@cache
def quoted() -> re.Pattern[str]:
    """What stands in every letter as it is: names, addresses, statutes in their own language."""
    book = seed_lawbook()
    centre: Any = fictitious.CENTRE
    names = {f"{row.name_local} {row.article}".strip() for row in book.statutes.values()}
    names |= {agency.name_in(language) for agency in book.agencies.values() for language in LANGUAGES}
    names |= {
        *fictitious.NAMES.values(),
        *centre.address.values(),
        *centre.legal_representative.values(),
        "EXAMPLE",
        "TAKE IT DOWN",
    }
    return re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))


def own_words(text: str) -> str:
    """A paragraph without what is quoted: names, originals in brackets, addresses."""
    text = BRACKETS.sub("", BRACKETS.sub("", quoted().sub(" ", text)))
    return re.sub(r"[!-~]*[/@_][!-~]+|SHA-256[!-~]*", " ", text)


def share_in(script: str, text: str) -> float:
    names = [unicodedata.name(character, "").split(" ")[0] for character in text if character.isalpha()]
    return sum(name in script.split() for name in names) / max(1, len(names))


def is_foreign(text: str, language: str) -> bool:
    words, common = own_words(text), set(OWN_WORDS.get(language, "").split())
    unknown = common and len(words) > 80 and not common & set(re.findall(r"\w+", words.lower()))
    return bool(unknown) or share_in(OWN_SCRIPT[language], words) < 0.75


def paragraph_of(language: str, key: str) -> str:
    """As a site in the country of this language reads it."""
    own = {"th": "TH", "vi": "VN", "id": "ID"}[language]
    letter = next(letter for kind, letter in letters_in(language) if kind.jurisdiction == own)
    return next(paragraph.text for paragraph in letter.paragraphs if paragraph.key == key)


@cache
def paragraphs_in(language: str) -> frozenset[Paragraph]:
    """Each paragraph of these letters once."""
    return frozenset(paragraph for _, letter in letters_in(language) for paragraph in letter.paragraphs)


def test_there_are_six_thousand_and_forty_eight_combinations() -> None:
    kinds = list(every_combination())
    assert len(kinds) == len(set(kinds)) == 18 * 7 * 4 * 12 == 6048


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_is_whole_and_nothing_is_left_to_fill_in(language: str) -> None:
    for kind, letter in letters_in(language):
        keys = [paragraph.key for paragraph in letter.paragraphs]
        assert (kind, letter.missing) == (kind, [])
        assert [key for key in keys if key in ALWAYS_THERE] == ALWAYS_THERE, kind
        assert len(keys) == len(set(keys)), kind
        assert fictitious.REFERENCE in letter.subject, kind
        assert "\n" not in letter.subject, kind
        assert all(paragraph.text.strip() for paragraph in letter.paragraphs), kind
        assert LEFT_OVER.findall(f"{letter.subject}\n{letter.body()}") == [], kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_verified_law_of_the_host_and_of_korea_is_cited(language: str) -> None:
    rows = seed_lawbook().statutes
    for kind, letter in letters_in(language):
        allowed = {*regimes_of(kind.jurisdiction), "KR"}
        assert [c.code for c in letter.statutes if not rows[c.code].verified] == [], kind
        assert [c.code for c in letter.statutes if rows[c.code].jurisdiction not in allowed] == [], kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_paragraph_is_written_in_the_language_of_the_letter(language: str) -> None:
    first_lines = {(p.key, p.text.split("\n")[0] if p.key in LISTS else p.text) for p in paragraphs_in(language)}
    assert {(key, text) for key, text in first_lines if is_foreign(text, language)} == set()


def test_chinese_letters_do_not_mix_the_two_ways_of_writing() -> None:
    for language, foreign in (
        ("zh-Hans", ONLY_TRADITIONAL - ONLY_SIMPLIFIED),
        ("zh-Hant", ONLY_SIMPLIFIED - ONLY_TRADITIONAL),
    ):
        mixed = {c for paragraph in paragraphs_in(language) for c in own_words(paragraph.text) if c in foreign}
        assert (language, mixed) == (language, set())


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_no_paragraph_is_the_english_or_the_korean_one(language: str) -> None:
    others = {"en": letters_in("en"), "ko": letters_in("ko")} if language != "ko" else {"en": letters_in("en")}
    for rows in others.values():
        for (kind, letter), (_, other) in zip(letters_in(language), rows, strict=True):
            said = {paragraph.key: paragraph.text for paragraph in other.paragraphs}
            assert [key for key, text, _ in letter.paragraphs if said.get(key) == text] == [], kind


@pytest.mark.parametrize("language", FOREIGN)
def test_korean_writing_stands_in_a_foreign_letter_only_in_brackets(language: str) -> None:
    lines = {line for p in paragraphs_in(language) for line in BRACKETS.sub("", BRACKETS.sub("", p.text)).split("\n")}
    assert {line for line in lines if share_in("HANGUL", line)} == set()
    assert {letter.subject for _, letter in letters_in(language) if share_in("HANGUL", letter.subject)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_date_is_written_as_the_host_writes_it(language: str) -> None:
    for kind, letter in letters_in(language):
        locale, zone = locale_for(language, kind.jurisdiction), ZoneInfo(request_to(kind).time_zone)
        texts = {paragraph.key: paragraph.text for paragraph in letter.paragraphs}
        day = long_date(fictitious.WRITTEN_AT.astimezone(zone).date(), locale)
        assert day in texts["signature"], kind
        for place in fictitious.PLACES:
            assert place.first_seen_at
            seen = place.first_seen_at.astimezone(zone)
            assert long_date(seen.date(), locale) in texts["locations"], kind
            assert get_timezone_name(seen, "long", locale=locale) in texts["locations"], kind
        assert re.findall(SHORT_DATE, letter.body().replace(RUSSIAN_ACT, "")) == [], kind


def test_thai_days_count_in_the_buddhist_era_and_vietnamese_days_name_the_year() -> None:
    day = fictitious.WRITTEN_AT.date()
    assert (long_date(day, "th"), long_date(day, "vi")) == ("23 พฤศจิกายน พ.ศ. 2569", "23 tháng 11 năm 2026")
    seen = {language: paragraph_of(language, "locations") for language in ("th", "vi", "id")}
    assert "22 พฤศจิกายน พ.ศ. 2569 เวลา 15 นาฬิกา 46 นาที 53 วินาที" in seen["th"]
    assert "ngày 22 tháng 11 năm 2026" in seen["vi"]
    assert "22 November 2026 pukul" in seen["id"]


HALF_WIDTH = re.compile(r"[\u3040-\u9fff][:;,(]|[;,)][\u3040-\u9fff]")


@pytest.mark.parametrize("language", ["ja", "zh-Hans", "zh-Hant"])
def test_marks_beside_chinese_and_japanese_words_are_as_wide_as_they(language: str) -> None:
    assert {line for p in paragraphs_in(language) for line in p.text.split("\n") if HALF_WIDTH.search(line)} == set()


def test_french_marks_stand_after_a_space_that_does_not_break_and_apostrophes_are_curved() -> None:
    lines = {own_words(line) for p in paragraphs_in("fr") for line in p.text.split("\n")}
    assert {line for line in lines if re.search(r"(?<!\u00a0)[:;!?»](\s|$)|«(?!\u00a0)|'", line)} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_agency_a_letter_may_name_has_a_name_in_its_language(language: str) -> None:
    """A description in English is no name in a Spanish letter; what is called the same everywhere (Ofcom, FTC) stays."""
    for agency in seed_lawbook().agencies.values():
        said = agency.name_in(language)
        in_words = " " in agency.name_en and agency.name_en != agency.name_local
        if agency.key in NAMED_IN_LETTERS and in_words and language != "en":
            assert said != agency.name_en, (language, agency.key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_administrators_may_confirm_leaves_no_letter_unfinished(language: str) -> None:
    for kind in every_combination():
        if kind.language == language:
            letter = compose(request_to(kind, flags=ALL_FLAGS, free_text="x"))
            assert (kind, letter.missing, LEFT_OVER.findall(letter.body())) == (kind, [], [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_korean_companion_stands_paragraph_beside_paragraph(language: str) -> None:
    for kind, foreign in letters_in(language)[::3]:
        korean = korean_companion(request_to(kind))
        assert [(p.key, p.locked) for p in korean.paragraphs] == [(p.key, p.locked) for p in foreign.paragraphs]
        assert (korean.language, korean.statutes, korean.missing) == ("ko", foreign.statutes, foreign.missing)
        assert [p.key for p in korean.paragraphs if not share_in("HANGUL", p.text)] == [], kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_authority_reads_of_its_own_powers_and_never_of_its_own_terms(language: str) -> None:
    """ "Your own terms" to a regulator would be a letter that was not read before it was sent."""
    book = seed_lawbook().templates
    of_a_site = [book[language, key].text for key in ("law.none", "policy.site", "policy.host", "action.common")]
    for kind, letter in letters_in(language):
        if kind.addressee == "regulator":
            texts = {paragraph.key: paragraph.text for paragraph in letter.paragraphs}
            key = "policy.regulator.minor" if kind.content == "minor" else "policy.regulator"
            assert texts["grounds_policy"] == book[language, key].text, kind
            assert [text for text in of_a_site if text in letter.body()] == [], kind
            assert letter.deadline_hours is None, kind
