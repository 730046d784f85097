"""Several people, or one impatient one, at the same moment: real threads, real transactions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from django.db import connection
from django.utils import timezone

from cases import custody, drafts, intake
from cases.models import Case, CustodyEntry, IntakeDraft
from cases.people import ensure_roles
from tests.base import make_case

pytestmark = pytest.mark.django_db(transaction=True)
Done = TypeVar("Done")


def at_once(*works: Callable[[], Done]) -> list[Done]:
    """Each work in a thread of its own, begun together; what they returned. A work that fails is missing."""
    gate, done = threading.Barrier(len(works)), list[Done]()

    def run(work: Callable[[], Done]) -> None:
        try:
            gate.wait(10)
            done.append(work())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return done


def a_draft() -> IntakeDraft:
    draft = drafts.begin()
    drafts.keep_answers(draft, account="a few words")
    return draft


def test_an_impatient_double_click_makes_one_case() -> None:
    ensure_roles()
    draft = a_draft()
    receipts = at_once(*[lambda: intake.receive_draft(draft, at=timezone.now())] * 3)
    assert len(receipts) == 3
    assert len({receipt.code for receipt in receipts}) == 1
    assert Case.objects.count() == 1


def test_five_people_writing_at_the_same_moment_get_five_numbers() -> None:
    ensure_roles()
    waiting = [a_draft() for _person in range(5)]
    at_once(*[lambda draft=draft: intake.receive_draft(draft, at=timezone.now()) for draft in waiting])
    numbers = sorted(Case.objects.values_list("number", flat=True))
    assert [number[-4:] for number in numbers] == ["0001", "0002", "0003", "0004", "0005"]


def test_a_chain_written_by_several_workers_stays_one_chain() -> None:
    case = make_case("A-1")
    at_once(*[lambda: [custody.record(case, "viewed", actor="job") for _look in range(4)]] * 3)
    assert CustodyEntry.objects.filter(case=case).count() == 12
    assert custody.verify_chain(case) == []
