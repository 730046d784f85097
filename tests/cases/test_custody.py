from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from cases import custody, custody_guard
from cases.models import CustodyEntry
from tests.base import Cast, make_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(cast: Cast) -> list[CustodyEntry]:
    """Five things that happened to case A-1."""
    acts = ["received", "sealed", "fingerprinted", "matched", "viewed"]
    return [custody.record(cast.case, act, actor="job", subject=f"step:{act}", score=0.9871) for act in acts]


def forge(sql: str, *values: object) -> None:
    with custody_guard.lifted(connection), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_an_untouched_chain_is_whole(cast: Cast, chain: list[CustodyEntry]) -> None:
    assert custody.verify_chain(cast.case) == []
    assert [entry.sequence for entry in chain] == [1, 2, 3, 4, 5]
    assert custody.head(cast.case) == chain[-1].digest


def test_entries_survive_the_database_with_their_digest(cast: Cast) -> None:
    when = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    detail = {"말": "한국어 ✓ \x00", "number": 0.1, "at": when, "id": uuid4(), "deep": {"list": [1, None, True, 1.5]}}
    custody.record(cast.case, "captured", actor="officer:7", **detail)
    assert custody.verify_chain(cast.case) == []


def test_each_case_has_a_chain_of_its_own(cast: Cast, chain: list[CustodyEntry]) -> None:
    other = custody.record(make_case("A-2"), "received", actor="victim")
    assert other.sequence == 1
    assert custody.verify_chain(other.case) == []


def test_an_unknown_act_is_refused(cast: Cast) -> None:
    with pytest.raises(ValueError, match="not an act"):
        custody.record(cast.case, "tidied up", actor="job")


FORGERIES = [
    ("UPDATE cases_custodyentry SET actor = 'joB' WHERE sequence = 3", ["Entry 3 was changed after it was written."]),
    (
        "UPDATE cases_custodyentry SET subject = 'step:x' WHERE sequence = 1",
        ["Entry 1 was changed after it was written."],
    ),
    ("DELETE FROM cases_custodyentry WHERE sequence = 2", ["Entry 2 is missing."]),
    ("DELETE FROM cases_custodyentry WHERE sequence = 1", ["Entry 1 is missing."]),
]


@pytest.mark.parametrize(("sql", "problems"), FORGERIES)
def test_whoever_gets_past_the_guard_is_found_out(
    cast: Cast, chain: list[CustodyEntry], sql: str, problems: list[str]
) -> None:
    forge(sql)
    assert custody.verify_chain(cast.case) == problems


def test_a_rewritten_entry_with_a_fitting_digest_no_longer_fits_its_successor(
    cast: Cast, chain: list[CustodyEntry]
) -> None:
    forged = CustodyEntry.objects.get(case=cast.case, sequence=3)
    forged.actor = "victim"
    forge(
        "UPDATE cases_custodyentry SET actor = %s, digest = %s WHERE sequence = 3", "victim", custody.digest_of(forged)
    )
    assert custody.verify_chain(cast.case) == ["Entry 4 does not follow the one before it."]


def test_a_cut_tail_shows_against_the_head_kept_elsewhere(cast: Cast, chain: list[CustodyEntry]) -> None:
    kept = custody.head(cast.case)
    forge("DELETE FROM cases_custodyentry WHERE sequence = 5")
    assert custody.head(cast.case) != kept


@pytest.mark.parametrize("sql", ["UPDATE cases_custodyentry SET actor = 'x'", "DELETE FROM cases_custodyentry"])
def test_the_database_refuses_to_change_an_entry(cast: Cast, chain: list[CustodyEntry], sql: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert CustodyEntry.objects.count() == 5
    assert custody.verify_chain(cast.case) == []


def test_the_model_refuses_as_well(chain: list[CustodyEntry]) -> None:
    for attempt in (
        chain[0].save, chain[0].delete, CustodyEntry.objects.all().delete,
        lambda: CustodyEntry.objects.update(actor="x"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="append-only"):
            attempt()
