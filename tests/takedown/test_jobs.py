"""The doorbell rings for what is due, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone

from takedown import jobs, seeding
from takedown.models import LetterTemplate, Location, Notice, Statute
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db
Rings = list[tuple[str, str, str]]


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> Rings:
    heard: Rings = []

    def ring(queue_name: str, verb: Any, ids: Iterable[object]) -> None:
        heard.extend((queue_name, verb.__name__, str(pk)) for pk in ids)

    monkeypatch.setattr(jobs, "ring", ring)
    return heard


@pytest.fixture(autouse=True)
def town(db: None) -> None:
    scene.lay_lawbook()
    scene.make_site()


def test_the_sweep_drafts_what_was_captured(cast: Cast, rings: Rings) -> None:
    scene.make_match(cast.case)
    jobs.sweep()
    assert Notice.objects.get().status == Notice.Status.DRAFT
    assert rings == []


def test_the_sweep_rings_for_letters_whose_undo_window_is_over(cast: Cast, rings: Rings) -> None:
    notice = scene.make_approved(cast.case, cast.jiwoo)
    jobs.sweep()
    assert rings == [("deliver", "send", str(notice.pk))]


def test_the_sweep_rings_for_addresses_that_are_due(cast: Cast, rings: Rings) -> None:
    place = scene.make_sent(cast.case).locations.get()
    jobs.sweep()
    assert rings == [("monitor", "check", str(place.pk))]


def test_the_sweep_leaves_alone_what_is_not_due(cast: Cast, rings: Rings) -> None:
    scene.make_sent(cast.case)
    Location.objects.update(next_check_at=timezone.now() + timedelta(hours=1))
    jobs.sweep()
    assert rings == []


def test_the_sweep_names_a_letter_that_a_crash_left_behind(cast: Cast, rings: Rings) -> None:
    notice = scene.make_approved(cast.case, cast.jiwoo)
    past = timezone.now() - timedelta(seconds=1)
    Notice.objects.update(status=Notice.Status.SENDING, leased_until=past)
    jobs.sweep()
    notice.refresh_from_db()
    assert notice.status == Notice.Status.UNCERTAIN
    assert rings == []


def test_a_job_for_a_row_that_is_gone_ends_quietly() -> None:
    jobs.send("0" * 32)
    jobs.check("0")


# --- the lawbook's rows ------------------------------------------------------------------------------------------
def test_seeding_twice_writes_nothing_the_second_time() -> None:
    assert Statute.objects.exists()
    assert LetterTemplate.objects.exists()
    assert seeding.seed_lawbook() == 0


def test_what_an_administrator_edited_is_kept() -> None:
    LetterTemplate.objects.filter(language="en", key="damage").update(text="Edited.", version=F("version") + 1)
    call_command("seed_lawbook", verbosity=0)
    assert LetterTemplate.objects.get(language="en", key="damage").text == "Edited."


def test_a_newer_seed_replaces_an_older_row() -> None:
    LetterTemplate.objects.filter(language="en", key="damage").update(text="Old.", version=0)
    assert seeding.seed_lawbook() == 1
    assert LetterTemplate.objects.get(language="en", key="damage").text != "Old."
