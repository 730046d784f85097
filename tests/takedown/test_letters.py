"""Officer Hana asks any host anywhere: the letter is whole, in the host's language, and knows nothing of the person."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from takedown import elements, letters
from takedown.jurisdictions import JURISDICTIONS, LANGUAGES, regimes_of
from takedown.lawbook import VARIANTS, Lawbook, seed_lawbook
from takedown.letters import ADDRESSEES, Letter, LetterRequest, compose, edited_letter, korean_companion
from tests.takedown.letter_parts import (
    ALL_FLAGS,
    EMAIL,
    NOW,
    OFFICER_NAMES,
    PLACE,
    REFERENCE,
    a_request,
    with_centre,
    with_place,
    with_statute,
    without_paragraphs,
)

GRID = list(itertools.product(LANGUAGES, JURISDICTIONS))
HANGUL = re.compile(r"[ᄀ-ᇿ㄰-㆏가-힯]")
BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
ALWAYS_THERE = [
    "salutation", "who_we_are", "what", "locations", "identification", "non_consent", "damage", "grounds_host_law",
    "grounds_policy", "requested_action", "deadline", "good_faith", "accuracy", "no_imagery", "signature",
]  # fmt: skip


@cache
def letters_to(language: str, jurisdiction: str) -> tuple[tuple[str, str, Letter], ...]:
    """One letter for each addressee and content type, composed once."""
    return tuple(
        (addressee, content, compose(_to(language, jurisdiction, addressee, content)))
        for addressee in ADDRESSEES
        for content in VARIANTS
    )


def _to(language: str, jurisdiction: str, addressee: str = "site", content: str = "filmed") -> LetterRequest:
    return a_request(language=language, jurisdiction=jurisdiction, addressee_type=addressee, content_type=content)


def texts(letter: Letter) -> dict[str, str]:
    return {paragraph.key: paragraph.text for paragraph in letter.paragraphs}


def codes(request: LetterRequest, book: Lawbook | None = None) -> set[str]:
    return {element.code for element in letters.missing_elements(request, book)}


def cited(request: LetterRequest, book: Lawbook | None = None) -> set[str]:
    return {row.code for row in compose(request, book).statutes}


# ------------------------------------------------------------------ every language, law, addressee and content


@pytest.mark.parametrize(("language", "jurisdiction"), GRID)
def test_a_complete_request_is_a_whole_letter(language: str, jurisdiction: str) -> None:
    for addressee, content, letter in letters_to(language, jurisdiction):
        told = (addressee, content)
        keys = [paragraph.key for paragraph in letter.paragraphs]
        assert (*told, letter.missing) == (*told, [])
        assert [key for key in keys if key in ALWAYS_THERE] == ALWAYS_THERE, told
        assert len(keys) == len(set(keys)), told
        assert REFERENCE in letter.subject, told
        assert "\n" not in letter.subject, told
        assert all(paragraph.text.strip() for paragraph in letter.paragraphs), told


@pytest.mark.parametrize(("language", "jurisdiction"), GRID)
def test_no_placeholder_is_left_in_any_letter(language: str, jurisdiction: str) -> None:
    for addressee, content, letter in letters_to(language, jurisdiction):
        left = re.findall(r"[{}]|\bNone\b", f"{letter.subject}\n{letter.body()}")
        assert (addressee, content, left) == (addressee, content, [])


@pytest.mark.parametrize(("language", "jurisdiction"), GRID)
def test_only_verified_law_of_the_host_and_of_korea_is_cited(language: str, jurisdiction: str) -> None:
    rows, allowed = seed_lawbook().statutes, {*regimes_of(jurisdiction), "KR"}
    for addressee, content, letter in letters_to(language, jurisdiction):
        wrong = [c.code for c in letter.statutes if not c.verified or not rows[c.code].verified]
        foreign = [c.code for c in letter.statutes if rows[c.code].jurisdiction not in allowed]
        assert (addressee, content, wrong, foreign) == (addressee, content, [], [])


@pytest.mark.parametrize(("language", "jurisdiction"), [pair for pair in GRID if pair[0] != "ko"])
def test_korean_writing_stands_in_a_foreign_letter_only_in_brackets(language: str, jurisdiction: str) -> None:
    for addressee, content, letter in letters_to(language, jurisdiction):
        lines = BRACKETS.sub("", BRACKETS.sub("", f"{letter.subject}\n{letter.body()}")).split("\n")
        assert (addressee, content, [line for line in lines if HANGUL.search(line)]) == (addressee, content, [])


@pytest.mark.parametrize(("language", "jurisdiction"), GRID)
def test_the_administrators_flags_leave_no_letter_unfinished(language: str, jurisdiction: str) -> None:
    for content in VARIANTS:
        letter = compose(replace(_to(language, jurisdiction, "site", content), flags=ALL_FLAGS))
        assert (content, letter.missing) == (content, [])
        assert not re.search(r"[{}]|\bNone\b", letter.body())


def test_the_letter_of_each_kind_of_content_says_something_else() -> None:
    said = {content: texts(compose(a_request(content_type=content)))["what"] for content in VARIANTS}
    assert len(set(said.values())) == len(VARIANTS)


def test_each_addressee_is_asked_for_what_it_can_do() -> None:
    asked = {who: texts(compose(a_request(addressee_type=who)))["requested_action"] for who in ADDRESSEES}
    assert len(set(asked.values())) == len(ADDRESSEES)


# ------------------------------------------------------------------ law


def test_the_hosts_own_law_comes_first_then_its_rules_then_korea() -> None:
    keys = list(texts(compose(a_request())))
    grounds = [key for key in keys if key.startswith("grounds")]
    assert grounds == ["grounds_host_law", "grounds_policy", "grounds_korea"]


def test_a_korean_host_gets_korean_law_as_its_own_and_the_statutory_form() -> None:
    keys = list(texts(compose(_to("ko", "KR"))))
    assert "grounds_korea" not in keys
    assert {"form", "form_closing"} <= set(keys)


def test_the_statutory_form_is_ticked_for_this_material_only() -> None:
    form = texts(compose(_to("ko", "KR", content="synthetic")))["form"]
    assert "☐ 불법촬영물 ☑ 허위영상물 ☐ 아동·청소년성착취물" in form


def test_identifying_details_do_not_go_on_the_form_for_imagery() -> None:
    assert "form" not in texts(compose(_to("ko", "KR", content="identifying")))


def test_an_american_site_has_forty_eight_hours() -> None:
    letter = compose(a_request())
    assert letter.deadline_hours == 48
    assert "48 hours" in texts(letter)["deadline"]


def test_withdrawn_law_takes_its_deadline_along() -> None:
    letter = compose(a_request(), with_statute("US-1", verified=False))
    assert "US-1" not in {row.code for row in letter.statutes}
    assert letter.deadline_hours is None
    assert "223a" not in letter.body()
    assert "48" not in texts(letter)["deadline"]


def test_the_british_hours_are_claimed_only_once_they_are_in_force() -> None:
    request = _to("en", "UK")
    assert compose(request).deadline_hours is None
    assert compose(replace(request, flags=frozenset({"uk_48h_in_force"}))).deadline_hours == 48


@pytest.mark.parametrize("jurisdiction", ["TW", "VN", "RU", "AU", "ID", "JP", "TH"])
def test_a_clock_an_authority_starts_is_never_claimed_as_ours(jurisdiction: str) -> None:
    found = {letter.deadline_hours for _, _, letter in letters_to("en", jurisdiction)}
    assert found == {None}


def test_a_japanese_host_reads_that_this_is_no_formal_request() -> None:
    said = seed_lawbook().templates["ja", "law.JP"].text
    request = _to("ja", "JP")
    assert said in compose(request).body()
    assert said not in compose(replace(request, flags=frozenset({"jp_formal_request"}))).body()


def test_law_comes_into_force_at_midnight_in_seoul() -> None:
    eve = datetime(2026, 10, 1, 14, 59, tzinfo=UTC)
    request = _to("ko", "KR")
    assert "KR-5" not in cited(replace(request, composed_at=eve))
    assert "KR-5" in cited(replace(request, composed_at=eve + timedelta(minutes=1)))


# ------------------------------------------------------------------ completeness gate

Change = Callable[[LetterRequest], LetterRequest]


def _centre(**changed: Any) -> Change:
    return lambda request: with_centre(request, **changed)


def _place(**changed: Any) -> Change:
    return lambda request: with_place(request, **changed)


def _fields(**changed: Any) -> Change:
    return lambda request: replace(request, **changed)


def _officer(**changed: Any) -> Change:
    return lambda request: replace(request, officer=replace(request.officer, **changed))


# Element, a host whose letter needs it, and how its fact gets lost.
LOST_FACTS: list[tuple[str, str, Change]] = [
    ("E1", "US", _centre(name={})),
    ("E1", "US", _centre(name={"ko": "센터"})),
    ("E2", "KR", _centre(legal_representative="")),
    ("E3", "US", _officer(name="")),
    ("E3", "US", _officer(role={})),
    ("E4", "TH", _centre(address=" ")),
    ("E5", "KR", _centre(phone="")),
    ("E6", "US", _centre(email="")),
    ("E7", "US", _centre(mandate="")),
    ("E8", "US", _fields(locations=())),
    ("E8", "US", _place(page_url="")),
    ("E8", "US", _place(media_url="")),
    ("E9", "KR", _place(page_url="", title="", uploader="")),
    ("E10", "US", _place(first_seen_at=None)),
    ("E11", "US", _place(title="", uploader="", digest=None, time_codes=())),
    ("E16", "KR", _place(digest=None)),
    ("E23", "US", _centre(email="")),
    ("E23", "US", _fields(reference="")),
    ("E24", "US", _officer(name="")),
    ("E28", "TH", _fields(police_reference="")),
]
# Element, a host whose letter needs it, and the paragraphs somebody deleted.
LOST_PARAGRAPHS: list[tuple[str, str, tuple[str, ...]]] = [
    ("E1", "US", ("who_we_are",)),
    ("E3", "US", ("signature",)),
    ("E8", "US", ("locations",)),
    ("E11", "US", ("identification",)),
    ("E12", "US", ("what",)),
    ("E13", "KR", ("what",)),
    ("E14", "US", ("non_consent",)),
    ("E15", "US", ("law.intro", "law.none")),
    ("E17", "US", ("good_faith",)),
    ("E18", "US", ("accuracy",)),
    ("E20", "TH", ("damage",)),
    ("E21", "US", ("action.common",)),
    ("E23", "US", ("action.intro",)),
    ("E25", "KR", ("form.closing",)),
    ("E26", "KR", ("form.closing",)),
]


@pytest.mark.parametrize(("code", "jurisdiction", "change"), LOST_FACTS)
def test_a_lost_fact_is_named(code: str, jurisdiction: str, change: Change) -> None:
    request = _to("en", jurisdiction)
    assert code not in codes(request)
    assert code in codes(change(request))


@pytest.mark.parametrize(("code", "jurisdiction", "paragraphs"), LOST_PARAGRAPHS)
def test_a_deleted_paragraph_is_named(code: str, jurisdiction: str, paragraphs: tuple[str, ...]) -> None:
    assert code in codes(_to("en", jurisdiction), without_paragraphs(*paragraphs))


def test_every_element_a_letter_may_need_is_lost_in_one_of_these_tests() -> None:
    rows = seed_lawbook().statutes
    used = {c.code for j in JURISDICTIONS for _, _, letter in letters_to("en", j) for c in letter.statutes} | {"UK-2"}
    needed = {*elements.ALWAYS, *(code for statute in used for code in rows[statute].elements)}
    assert needed <= {case[0] for case in (*LOST_FACTS, *LOST_PARAGRAPHS)}


def test_one_bad_address_among_good_ones_is_enough_to_stop_the_letter() -> None:
    request = a_request(locations=(PLACE, replace(PLACE, media_url="")))
    assert codes(request) == {"E8"}


def test_a_missing_element_says_where_the_officer_can_supply_it() -> None:
    [element] = letters.missing_elements(with_centre(a_request(), mandate=""))
    assert (str(element.name), str(element.where_to_fill)) == (
        "Legal mandate of the organisation in this language",
        "Settings: organisation",
    )
    assert compose(with_centre(a_request(), mandate="")).missing == [str(element.name)]


def test_only_the_thai_complaint_waits_for_a_police_reference() -> None:
    without = a_request(police_reference="")
    waiting = {j for j in JURISDICTIONS if codes(replace(without, jurisdiction=j))}
    assert waiting == {"TH"}
    assert codes(replace(without, jurisdiction="TH")) == {"E28"}


def test_identifying_text_and_search_engines_need_no_media_file() -> None:
    page_only = with_place(a_request(), media_url="", digest=None)
    assert codes(page_only) == {"E8"}
    assert codes(replace(page_only, content_type="identifying")) == set()
    assert codes(replace(page_only, addressee_type="search")) == set()


# ------------------------------------------------------------------ what the officer reads and may change


@pytest.mark.parametrize(("language", "jurisdiction"), GRID)
def test_the_korean_companion_stands_paragraph_beside_paragraph(language: str, jurisdiction: str) -> None:
    content = list(VARIANTS)[GRID.index((language, jurisdiction)) % len(VARIANTS)]
    foreign, korean = (write(_to(language, jurisdiction, "platform", content)) for write in (compose, korean_companion))
    assert [(p.key, p.locked) for p in korean.paragraphs] == [(p.key, p.locked) for p in foreign.paragraphs]
    assert (korean.language, korean.statutes, korean.missing) == ("ko", foreign.statutes, foreign.missing)
    assert [p.key for p in korean.paragraphs if not HANGUL.search(p.text)] == []


@pytest.fixture
def letter() -> Letter:
    return compose(a_request(free_text="첫 줄"))


def test_an_untouched_letter_breaks_no_lock(letter: Letter) -> None:
    assert edited_letter(letter, letter.subject, letter.body()) == []


@pytest.mark.parametrize("key", [p.key for p in compose(a_request()).paragraphs if p.locked])
def test_one_changed_word_of_a_locked_paragraph_is_named(letter: Letter, key: str) -> None:
    text = texts(letter)[key]
    changed = letter.body().replace(text, text[:-1] + "x")
    assert [violation.key for violation in edited_letter(letter, letter.subject, changed)] == [key]


@pytest.mark.parametrize("key", ["grounds_host_law", "good_faith", "signature"])
def test_a_locked_paragraph_that_was_cut_is_named(letter: Letter, key: str) -> None:
    cut = letter.body().replace(texts(letter)[key], "")
    assert [violation.key for violation in edited_letter(letter, letter.subject, cut)] == [key]


def test_a_locked_paragraph_that_was_moved_is_named(letter: Letter) -> None:
    text = texts(letter)["who_we_are"]
    moved = letter.body().replace(text + "\n\n", "") + "\n\n" + text
    assert edited_letter(letter, letter.subject, moved) != []


def test_every_block_of_a_locked_paragraph_is_locked() -> None:
    """An administrator may have written a paragraph with an empty line in it."""
    book = seed_lawbook()
    row: Any = book.templates["en", "accuracy"]
    two = replace(row, text="First block.\n\nSecond block.")
    letter = compose(a_request(), replace(book, templates={**book.templates, ("en", "accuracy"): two}))
    assert edited_letter(letter, letter.subject, letter.body()) == []
    changed = letter.body().replace("Second block.", "")
    assert [violation.key for violation in edited_letter(letter, letter.subject, changed)] == ["accuracy"]


def test_salutation_and_addition_may_be_rewritten(letter: Letter) -> None:
    body = letter.body().replace(texts(letter)["salutation"], "Dear colleagues,").replace("첫 줄", "다른 말")
    assert edited_letter(letter, letter.subject, body) == []


def test_line_ends_of_a_browser_are_no_change(letter: Letter) -> None:
    assert edited_letter(letter, letter.subject, letter.body().replace("\n", "  \r\n")) == []


def test_a_subject_without_its_reference_is_named(letter: Letter) -> None:
    assert [v.key for v in edited_letter(letter, "Removal request", letter.body())] == ["subject"]


def test_another_letter_has_another_digest(letter: Letter) -> None:
    assert letter.digest == letters.letter_digest(letter.subject, letter.body())
    assert letter.digest != letters.letter_digest(letter.subject, letter.body() + " ")


# ------------------------------------------------------------------ dates


@pytest.mark.parametrize(
    ("language", "jurisdiction", "written"),
    [
        ("ko", "KR", "2026년 11월 11일"), ("en", "US", "November 11, 2026"), ("en", "UK", "11 November 2026"),
        ("zh-Hans", "CN", "2026年11月11日"), ("zh-Hant", "TW", "2026年11月11日"), ("ja", "JP", "2026年11月11日"),
        ("ru", "RU", "11 ноября 2026"), ("vi", "VN", "11 tháng 11, 2026"), ("th", "TH", "11 พฤศจิกายน ค.ศ. 2026"),
        ("es", "ES", "11 de noviembre de 2026"),
    ],
)  # fmt: skip
def test_a_date_is_written_as_the_host_writes_it(language: str, jurisdiction: str, written: str) -> None:
    assert written in texts(compose(_to(language, jurisdiction)))["signature"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_time_seen_stands_in_utc_in_korean_and_in_local_time(language: str) -> None:
    seen = datetime(2026, 11, 10, 18, 5, 9, tzinfo=UTC)
    request = with_place(replace(_to(language, "TH"), time_zone="Asia/Bangkok"), first_seen_at=seen)
    text = texts(compose(request))["locations"]
    assert "UTC 2026-11-10T18:05:09Z; KST 2026-11-11T03:05:09+09:00" in text
    assert re.search(r"\D0?1\D{1,9}0?5\D{1,9}0?9\D", text), "five past one in Bangkok"


def test_the_signature_carries_the_instant_in_korean_time() -> None:
    assert "2026-11-11T23:30:00+09:00" in texts(compose(a_request()))["signature"]


def test_a_reupload_names_the_earlier_letter_and_its_day() -> None:
    request = a_request(follows_reference="SG-2026-0007", follows_sent_at=NOW - timedelta(days=30))
    text = texts(compose(request))["follows"]
    assert all(part in text for part in ("SG-2026-0007", "October 12, 2026", "UTC 2026-10-12T14:30:00Z"))


@pytest.mark.parametrize(
    "change", [_fields(composed_at=datetime(2026, 11, 11)), _place(first_seen_at=datetime(2026, 11, 11))]
)
def test_a_time_without_a_zone_is_refused(change: Change) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        compose(change(a_request()))


@pytest.mark.parametrize("wrong", [{"language": "it"}, {"addressee_type": "bar"}, {"content_type": ""}])
def test_an_unknown_kind_of_letter_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="unknown"):
        compose(a_request(**wrong))


# ------------------------------------------------------------------ what a letter can know


def test_no_field_of_a_request_can_hold_the_person() -> None:
    known = {kind.__name__: {field.name for field in fields(kind)} for kind in (
        LetterRequest, letters.Location, letters.Organisation, letters.Signatory
    )}  # fmt: skip
    assert known == {
        "LetterRequest": {
            "reference", "language", "jurisdiction", "addressee_type", "content_type", "site_name", "locations",
            "organisation", "officer", "composed_at", "time_zone", "follows_reference", "follows_sent_at",
            "police_reference", "free_text", "flags",
        },
        "Location": {"page_url", "media_url", "first_seen_at", "title", "uploader", "digest", "time_codes"},
        "Organisation": {"name", "mandate", "legal_representative", "address", "phone", "email", "country"},
        "Signatory": {"name", "role"},
    }  # fmt: skip


def test_only_the_hosts_addresses_and_the_reply_channel_are_linked() -> None:
    body = compose(a_request()).body()
    assert set(re.findall(r"https?://\S+", body)) == {PLACE.page_url, PLACE.media_url}
    assert set(re.findall(r"\S+@[\w.]+\w", body)) == {EMAIL}


def test_a_strangers_title_can_neither_forge_a_paragraph_nor_fill_a_placeholder() -> None:
    request = with_place(a_request(), title="x\n\n{reference} \u202eabc\u0007{0.__class__}\u2028y")
    text = texts(compose(request))["locations"]
    assert "x {reference} abc{0.__class__} y" in text
    assert "\n\n" not in text


def test_an_addition_is_kept_word_for_word() -> None:
    said = "Please call {us}:\n\n두 번째"
    assert texts(compose(a_request(free_text=said)))["free_text"].endswith(said)


def test_the_officers_name_is_written_in_the_letters_script() -> None:
    assert OFFICER_NAMES["ko"] in texts(compose(_to("ko", "KR")))["signature"]
    assert OFFICER_NAMES["en"] in texts(compose(_to("th", "TH")))["signature"]
