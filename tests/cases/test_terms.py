"""A watch term is sealed with its case, named in no record, and goes with the case."""

from __future__ import annotations

import json
import logging
import re

import pytest
from django.db import connection
from django.utils import timezone

from cases import custody, terms, vault
from cases.drafts import IntakeAnswers
from cases.models import CustodyEntry, WatchTerm
from cases.terms import TermError
from tests.base import Cast, make_case
from tests.cases.visitor import send_in

pytestmark = pytest.mark.django_db
WORD = "김민아카나리"


def everything_stored() -> str:
    """Every value of every row of every table, as SQL gives it."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            rows += [bytes(value) if isinstance(value, memoryview) else value for row in cursor for value in row]
    return " ".join(one.decode("utf-8", "replace") if isinstance(one, bytes) else json.dumps(one, default=str, ensure_ascii=False)
                    for one in rows)  # fmt: skip


def test_jiwoo_adds_a_term_and_no_table_shows_it(cast: Cast) -> None:
    terms.add(cast.case, "name", WORD, officer=cast.jiwoo)
    assert [word.text for word in terms.opened(cast.case)] == [WORD]
    stored = everything_stored()
    assert cast.case.number in stored  # what stands in the clear is seen
    assert WORD not in stored


def test_adding_and_removing_is_on_record_without_the_word(cast: Cast) -> None:
    term = terms.add(cast.case, "handle", WORD, officer=cast.jiwoo)
    terms.remove(term, officer=cast.jiwoo)
    entries = [*CustodyEntry.objects.filter(case=cast.case, act__startswith="term_")]
    assert [(entry.act, entry.actor) for entry in entries] == [
        ("term_added", f"officer:{cast.jiwoo.pk}"), ("term_removed", f"officer:{cast.jiwoo.pk}"),
    ]  # fmt: skip
    assert not any(WORD in custody.canonical_text(entry) for entry in entries)
    assert custody.verify_chain(cast.case) == []


def test_a_term_opens_in_its_own_row_and_case_only(cast: Cast) -> None:
    mine, other = (terms.add(cast.case, "name", word) for word in (WORD, "다른이름"))
    WatchTerm.objects.filter(pk=other.pk).update(text_sealed=mine.text_sealed)
    with pytest.raises(vault.VaultError):
        terms.opened(cast.case)
    assert [word.text for word in terms.words_of([cast.case])] == [WORD]


def test_an_erased_case_leaves_no_term(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    kept = make_case("A-2", cast.jiwoo)
    terms.add(kept, "name", "남는이름")
    term = terms.add(cast.case, "name", WORD)
    sealed = bytes(term.text_sealed)
    vault.erase_case(cast.case)
    assert [word.text for word in terms.words_of([cast.case, kept])] == ["남는이름"]
    # A row that comes back out of a backup stays closed.
    WatchTerm(pk=term.pk, case=cast.case, kind="name", text_sealed=sealed).save(force_insert=True)
    with caplog.at_level(logging.DEBUG):
        assert [word.text for word in terms.words_of([cast.case, kept])] == ["남는이름"]
    assert WORD not in caplog.text


def test_the_same_word_twice_is_one_term(cast: Cast) -> None:
    first = terms.add(cast.case, "handle", "Mina_K")
    assert terms.add(cast.case, "name", " mina_k ") == first
    assert WatchTerm.objects.count() == 1


@pytest.mark.parametrize("text", ["", " ", "a", "..!", "x" * 121])
def test_a_term_that_says_too_little_or_too_much_is_refused_in_words(cast: Cast, text: str) -> None:
    with pytest.raises(TermError, match="letters"):
        terms.add(cast.case, "name", text)


def test_a_case_has_room_for_forty_terms(cast: Cast) -> None:
    for number in range(terms.MOST_A_CASE):
        terms.add(cast.case, "title", f"제목 {number}")
    with pytest.raises(TermError, match="at most 40"):
        terms.add(cast.case, "title", "one more")


def test_a_word_is_in_no_representation(cast: Cast) -> None:
    term = terms.add(cast.case, "name", WORD)
    assert WORD not in f"{term} {term!r} {terms.opened(cast.case)!r}"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("김민아", "name"), ("Mina Kim", "name"), ("@minak", "handle"), ("mina_kim97", "handle"), ("minakim", "handle"),
        ("IMG_4821.mp4", "filename"), ("여름 2024 바다 모음", "title"), ("기숙사에서 몰래 찍은 영상 모음집", "title"),
    ],
)  # fmt: skip
def test_what_a_term_is_is_guessed(text: str, kind: str) -> None:
    assert terms.kind_of(text) == kind


def test_a_victim_names_words_at_the_end_of_the_intake() -> None:
    answers = IntakeAnswers(account="canary", consent=True, spread_as=[WORD, "@mina_k"])
    case = send_in(answers, at=timezone.now()).case
    assert [(word.text, word.kind) for word in terms.opened(case)] == [(WORD, "name"), ("@mina_k", "handle")]
    added = CustodyEntry.objects.filter(case=case, act="term_added")
    assert [entry.actor for entry in added] == ["victim", "victim"]
    assert WORD not in everything_stored()


def test_words_in_one_box_are_taken_apart_gently() -> None:
    assert terms.named_in("김민아, @mina_k\n!!\n\n김민아 ;딥페 모음、x") == ["김민아", "@mina_k", "딥페 모음"]
    assert not re.search("여름", " ".join(terms.named_in("x" * 500 + "\n바다")))
