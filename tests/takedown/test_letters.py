"""Officer Hana asks any host anywhere: the letter is whole, in the host's language, and knows nothing of the person."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from takedown import letters
from takedown.jurisdictions import LANGUAGES
from takedown.lawbook import VARIANTS, Lawbook, seed_lawbook
from takedown.letters import ADDRESSEES, Letter, LetterRequest, compose, edited_letter
from tests.takedown.letter_parts import (
    EMAIL,
    NOW,
    OFFICER_NAMES,
    PLACE,
    a_request,
    with_place,
    with_statute,
)


def _to(language: str, jurisdiction: str, addressee: str = "site", content: str = "filmed") -> LetterRequest:
    return a_request(language=language, jurisdiction=jurisdiction, addressee_type=addressee, content_type=content)


def texts(letter: Letter) -> dict[str, str]:
    return {paragraph.key: paragraph.text for paragraph in letter.paragraphs}


def codes(request: LetterRequest, book: Lawbook | None = None) -> set[str]:
    return {element.code for element in letters.missing_elements(request, book)}


def cited(request: LetterRequest, book: Lawbook | None = None) -> set[str]:
    return {row.code for row in compose(request, book).statutes}


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
    letters_there = [compose(_to("en", jurisdiction, who, kind)) for who in ADDRESSEES for kind in VARIANTS]
    assert {letter.deadline_hours for letter in letters_there} == {None}


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


# ------------------------------------------------------------------ what the officer reads and may change


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
        ("ru", "RU", "11 ноября 2026"), ("vi", "VN", "11 tháng 11 năm 2026"), ("th", "TH", "11 พฤศจิกายน พ.ศ. 2569"),
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
    assert re.search("UTC 2026-11-10T18:05:09Z\\s?[;；]\\s?KST 2026-11-11T03:05:09[+]09:00", text)
    assert re.search(r"\D0?1\D{1,9}0?5\D{1,9}0?9\D", text), "five past one in Bangkok"


def test_the_signature_carries_the_instant_in_korean_time() -> None:
    assert "2026-11-11T23:30:00+09:00" in texts(compose(a_request()))["signature"]


def test_a_reupload_names_the_earlier_letter_and_its_day() -> None:
    request = a_request(follows_reference="SG-2026-0007", follows_sent_at=NOW - timedelta(days=30))
    text = texts(compose(request))["follows"]
    assert all(part in text for part in ("SG-2026-0007", "October 12, 2026", "UTC 2026-10-12T14:30:00Z"))


NO_ZONE = datetime(2026, 11, 11)


@pytest.mark.parametrize("naive", [a_request(composed_at=NO_ZONE), with_place(a_request(), first_seen_at=NO_ZONE)])
def test_a_time_without_a_zone_is_refused(naive: LetterRequest) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        compose(naive)


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
            "organisation", "officer", "composed_at", "time_zone", "follows_reference", "follows_sent_at", "follows_as",
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
