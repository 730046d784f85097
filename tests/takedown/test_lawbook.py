"""Counsel Park reads the lawbook: every language says the same, and nothing unread is ever printed."""

from __future__ import annotations

import string
import tomllib
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import pytest

from takedown import elements, jurisdictions, lawbook
from takedown.jurisdictions import JURISDICTIONS, LANGUAGES, jurisdiction_for, language_for, locale_for
from takedown.lawbook import SEED, seed_agencies, seed_lawbook, seed_statutes, seed_templates
from takedown.letter_files import SERVES
from takedown.letters import ADDRESSEES, OUR_CLOCKS, compose
from tests.takedown.letter_parts import ALL_FLAGS, NOW, a_request, with_statute

TODAY = NOW.date()
OTHERS = [language for language in LANGUAGES if language != "en"]
COPYRIGHT_ROUTE = {"E19", "E27"}


@lru_cache
def file_of(language: str) -> dict[str, Any]:
    return tomllib.loads((SEED / f"letters.{language}.toml").read_text(encoding="utf-8"))


def paragraphs(language: str) -> dict[str, str]:
    return dict(file_of(language)["paragraphs"])


def placeholders(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


def sentences() -> dict[str, str]:
    """Paragraph key -> code, of every sentence that cites a statute or states its deadline."""
    keys = [key.split(".") for key in paragraphs("en")]
    cites = [key for key in keys if key[0] in ("law", "korea", "deadline") and "-" in key[1]]
    return {".".join(key): key[1] for key in cites}


# ------------------------------------------------------------------ the language files


def test_there_is_one_file_for_each_language_of_the_letters() -> None:
    files = {path.name.split(".")[1] for path in SEED.glob("letters.*.toml")}
    assert files == set(LANGUAGES)
    assert {language: file_of(language)["language"] for language in LANGUAGES} == {name: name for name in LANGUAGES}


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_paragraphs_of_the_english_file_in_its_order(language: str) -> None:
    assert list(paragraphs(language)) == list(paragraphs("en"))


@pytest.mark.parametrize("language", OTHERS)
def test_every_translation_keeps_the_placeholders_of_the_english_text(language: str) -> None:
    english, foreign = paragraphs("en"), paragraphs(language)
    different = {key for key, text in english.items() if placeholders(text) != placeholders(foreign[key])}
    assert different == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_paragraph_is_empty_or_left_in_english(language: str) -> None:
    foreign, english = paragraphs(language), paragraphs("en")
    assert [key for key, text in foreign.items() if not text.strip()] == []
    same = {key for key, text in foreign.items() if text == english[key] and language != "en"}
    assert {key for key in same if len(english[key]) > 20} == set()


@pytest.mark.parametrize("language", OTHERS)
def test_numbered_steps_and_blocks_have_the_same_number_of_lines(language: str) -> None:
    english, foreign = paragraphs("en"), paragraphs(language)
    greetings = ("salutation", "signature")  # as many words and lines as the language wants
    listed = {key for key in english if not key.startswith(greetings)}
    counted = {key for key in listed if english[key].count("\n") != foreign[key].count("\n")}
    assert counted == set()


@pytest.mark.parametrize("language", [language for language in OTHERS if language != "ko"])
def test_every_foreign_language_names_the_same_statutes(language: str) -> None:
    named, english = set(file_of(language)["statutes"]), set(file_of("en")["statutes"])
    rows = seed_lawbook().statutes
    # Read in its own language: a German letter names a regulation of the Union in German, and nothing beside it; a Thai
    # letter cites a Thai notification by its own title, and ordinances of Hong Kong have a Chinese one.
    served = {code: rows[code].jurisdiction for code in named ^ english}
    own = {c for c, j in served.items() if language in jurisdictions.LOCAL_LANGUAGES[j] or j in SERVES[language]}
    assert named ^ english == own


def test_the_officer_reads_every_foreign_statute_and_agency_in_korean() -> None:
    cited = {code for code in sentences().values() if not code.startswith("KR")}
    named = {key for text in paragraphs("ko").values() for key in placeholders(text) if key.startswith("agency_")}
    assert cited <= set(file_of("ko")["statutes"])
    assert named <= {f"agency_{key}" for key in file_of("ko")["agencies"]}


def test_only_salutation_subject_damage_and_addition_may_be_retyped() -> None:
    free = {row.key for row in seed_templates() if not row.locked}
    assert free == lawbook.EDITABLE_KEYS
    assert not {key for key in free if key.startswith(("law", "korea", "deadline", "good_faith", "accuracy"))}


def test_every_shipped_paragraph_stands_in_some_letter() -> None:
    """A paragraph no letter can reach is one nobody will notice is wrong."""
    used: set[str] = set()

    class Watched(dict[tuple[str, str], Any]):
        def get(self, key: tuple[str, str], default: Any = None) -> Any:
            if found := super().get(key, default):
                used.add(key[1])
            return found

    shipped = seed_lawbook()
    book = lawbook.Lawbook(shipped.statutes, Watched(shipped.templates), shipped.agencies)
    bare = a_request().locations[0]
    nothing_known = type(bare)(page_url=bare.page_url)
    for jurisdiction in JURISDICTIONS:
        for addressee in ADDRESSEES:
            for content in lawbook.VARIANTS:
                told = {"jurisdiction": jurisdiction, "addressee_type": addressee, "content_type": content}
                earlier = {"follows_reference": "SG-2026-0001", "follows_sent_at": NOW - timedelta(days=3)}
                compose(a_request(**told, flags=ALL_FLAGS, free_text="x", **earlier), book)
                compose(a_request(**told, locations=(nothing_known,)), book)
    for follows_as in ("reminder", "escalated"):
        compose(a_request(**earlier, follows_as=follows_as), book)
    assert set(paragraphs("en")) - used == set()


# ------------------------------------------------------------------ statutes


def test_every_statute_and_agency_says_where_it_was_read() -> None:
    assert [row.code for row in seed_statutes() if not row.source.strip()] == []
    assert [agency.key for agency in seed_agencies() if not agency.source.strip()] == []


def test_the_codes_and_agency_keys_are_unique() -> None:
    codes, keys = [row.code for row in seed_statutes()], [agency.key for agency in seed_agencies()]
    assert (len(set(codes)), len(set(keys))) == (len(codes), len(keys))


def test_every_statute_belongs_to_a_known_jurisdiction_and_addressee() -> None:
    assert [row.code for row in seed_statutes() if row.jurisdiction not in JURISDICTIONS] == []
    assert [row.code for row in seed_statutes() if row.code.split("-")[0] != row.jurisdiction] == []
    assert [row.code for row in seed_statutes() if not set(row.addressee_types) <= set(ADDRESSEES)] == []


def test_every_element_a_citable_statute_asks_for_can_be_checked() -> None:
    cited = set(sentences().values())
    asked = {code for row in seed_statutes() if row.code in cited for code in row.elements}
    assert asked <= set(elements._TABLE)
    everywhere = {code for row in seed_statutes() for code in row.elements}
    assert everywhere - set(elements._TABLE) <= COPYRIGHT_ROUTE


def test_a_number_of_hours_says_what_starts_the_clock() -> None:
    assert [row.code for row in seed_statutes() if row.clock_hours and not row.clock_start] == []


def test_only_the_american_and_british_hours_are_started_by_our_letter() -> None:
    ours = {row.code for row in seed_statutes() if row.clock_hours and row.clock_start in OUR_CLOCKS and row.verified}
    assert ours == {"US-1", "UK-2"}


def test_no_sentence_exists_for_a_statute_nobody_verified() -> None:
    statutes = seed_lawbook().statutes
    assert {code for code in sentences().values() if not statutes[code].verified} == set()


@pytest.mark.parametrize("row", [row for row in seed_statutes() if not row.verified], ids=lambda row: row.code)
def test_an_unverified_statute_can_be_cited_to_nobody(row: lawbook.SeedStatute) -> None:
    book = seed_lawbook()
    assert [who for who in ADDRESSEES if book.citable(row.code, TODAY, who, ALL_FLAGS)] == []


@pytest.mark.parametrize("code", sorted(set(sentences().values())))
def test_a_statute_loses_its_place_when_counsel_withdraws_it(code: str) -> None:
    row = seed_lawbook().statutes[code]
    addressee = (row.addressee_types or ["site"])[0]
    assert seed_lawbook().citable(code, TODAY, addressee, ALL_FLAGS)
    assert with_statute(code, verified=False).citable(code, TODAY, addressee, ALL_FLAGS) is None


def test_a_statute_is_cited_from_its_first_day_to_its_last() -> None:
    first, last = date(2026, 5, 19), date(2026, 6, 30)
    book = with_statute("US-1", valid_from=first, valid_to=last)
    days = [first - timedelta(1), first, last, last + timedelta(1)]
    assert [bool(book.citable("US-1", day, "site", frozenset())) for day in days] == [False, True, True, False]


def test_a_statute_is_cited_only_to_those_it_binds() -> None:
    book = seed_lawbook()
    bound = [who for who in ADDRESSEES if book.citable("US-1", TODAY, who, frozenset())]
    assert bound == ["site", "platform"]


def test_a_duty_that_may_not_be_in_force_waits_for_the_administrators_flag() -> None:
    book = seed_lawbook()
    assert book.citable("UK-2", TODAY, "site", frozenset()) is None
    assert book.citable("UK-2", TODAY, "site", frozenset({"uk_48h_in_force"}))


def test_the_articles_stand_in_reading_order() -> None:
    codes = [code for code in seed_lawbook().codes_in("KR") if code in ("KR-10", "KR-2", "KR-5", "KR-5b")]
    assert codes == ["KR-2", "KR-5", "KR-5b", "KR-10"]


def test_a_citation_keeps_the_original_beside_the_translation() -> None:
    statutes = seed_lawbook().statutes
    assert (
        lawbook.citation(statutes["KR-1"], "en")
        == "Telecommunications Business Act, Article 22-5 (전기통신사업법 제22조의5)"
    )
    assert lawbook.citation(statutes["KR-1"], "ko") == "「전기통신사업법」 제22조의5"


# ------------------------------------------------------------------ agencies


def test_no_text_of_the_lawbook_names_an_agency_or_act_by_its_former_name() -> None:
    former = [name for agency in seed_agencies() for name in agency.former]
    texts = [row.text for row in seed_templates()]
    texts += [name for row in seed_statutes() for name in (row.name_local, row.name_en, *row.names.values())]
    texts += [name for a in seed_agencies() for name in (a.name_local, a.name_en, *a.names.values())]
    assert len(former) >= 8
    assert [(old, text) for old in former for text in texts if old in text] == []


def test_the_names_changed_in_2025_and_2026_are_known_as_former() -> None:
    former = {name for agency in seed_agencies() for name in agency.former}
    assert {"방송통신위원회", "방송통신심의위원회", "여성가족부", "검찰청", "プロバイダ責任制限法", "NetzDG"} <= former


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_take_agency_names_by_key(language: str) -> None:
    keys = {f"agency_{agency.key}" for agency in seed_agencies()}
    used = {name for text in paragraphs(language).values() for name in placeholders(text) if name.startswith("agency_")}
    assert used <= keys
    names = {agency.name_in(language) for agency in seed_agencies() if f"agency_{agency.key}" in used}
    assert [key for key, text in paragraphs(language).items() for name in names if name in text] == []


def test_the_korean_commission_has_its_own_name_in_korean_and_another_abroad() -> None:
    commission = seed_lawbook().agencies["kmcsc"]
    assert commission.name_in("ko") == "방송미디어통신심의위원회"
    assert commission.name_in("en") == "Korea Media Communications Standards Commission"


# ------------------------------------------------------------------ whose law, which language


@pytest.mark.parametrize(
    ("place", "jurisdiction", "language"),
    [
        ("GB", "UK", "en"), ("tube.example.co.jp", "JP", "ja"), (".kr", "KR", "ko"), ("su", "RU", "ru"),
        ("AT", "EU", "en"), ("gr", "EU", "en"), ("es", "ES", "es"), ("tube.com", "INT", "en"), ("HK", "HK", "zh-Hant"),
        ("CN", "CN", "zh-Hans"), ("vn", "VN", "vi"), ("TH", "TH", "th"), ("", "INT", "en"),
    ],
)  # fmt: skip
def test_a_host_is_written_to_under_its_law_and_in_its_language(place: str, jurisdiction: str, language: str) -> None:
    assert jurisdiction_for(place) == jurisdiction
    assert language_for(jurisdiction) == language


def test_a_host_in_latin_america_is_written_to_in_spanish_under_no_special_law() -> None:
    assert (jurisdiction_for("MX"), language_for("MX")) == ("INT", "es")


def test_a_german_host_is_bound_by_the_union_before_its_own_state() -> None:
    assert jurisdictions.regimes_of("DE") == ("EU", "DE")
    assert jurisdictions.regimes_of("EU") == ("EU",)


def test_english_dates_are_written_as_the_hosts_country_writes_them() -> None:
    assert [locale_for("en", place) for place in ("US", "UK", "INT")] == ["en_US", "en_GB", "en_GB"]
    assert locale_for("zh-Hant", "HK") == "zh_Hant_HK"
