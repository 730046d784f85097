# ruff: noqa: F401, F811 (fixtures of another file)
"""A case rests for a while; what was found meanwhile is compared with its material when it is watched again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from cases.models import Case, Evidence
from detection import jobs, pipeline, resting
from detection.models import Candidate, EvidenceFingerprint, Match
from tests.base import Cast, make_case
from tests.detection import shelf
from tests.detection.test_pipeline import a_candidate, evidence, town
from tests.detection.town import Town

LATER = timedelta(minutes=1)


def found_meanwhile(town: Town) -> Candidate:
    """A copy that is found and judged now."""
    candidate = a_candidate(town, shelf.copy())
    pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    assert candidate.status == Candidate.Status.CLEARED
    return candidate


def pause(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(status=Case.Status.PAUSED)


def activate(case: Case) -> None:
    Case.objects.filter(pk=case.pk).update(status=Case.Status.ACTIVE)


def sweep(at: datetime | None = None) -> int:
    """The part of the sweep that looks for those who are back, and the examinations it makes due."""
    due = resting.rejoin(at or timezone.now())
    for candidate in Candidate.objects.to_examine(timezone.now()):
        pipeline.examine_candidate(candidate.pk)
    return due


@pytest.mark.parametrize("away", [Case.Status.PAUSED, Case.Status.CLOSED])
def test_a_copy_found_while_the_case_rested_is_matched_when_it_is_active_again(
    cast: Cast, town: Town, evidence: Evidence, away: str
) -> None:  # fmt: skip
    Case.objects.filter(pk=cast.case.pk).update(status=away)
    sweep()
    candidate = found_meanwhile(town)
    activate(cast.case)
    assert sweep() == 1
    assert Match.objects.get().candidate == candidate
    assert (sweep(), EvidenceFingerprint.objects.get().resting_since) == (0, None)


def test_a_consent_that_is_renewed_brings_the_material_back(cast: Cast, town: Town, evidence: Evidence) -> None:
    cast.case.consents.update(expires_at=timezone.now() - LATER)
    sweep()
    found_meanwhile(town)
    cast.case.consents.update(expires_at=timezone.now() + LATER)
    sweep()
    assert Match.objects.count() == 1


def test_material_of_a_case_that_was_never_watched_is_compared_when_consent_comes(cast: Cast, town: Town) -> None:
    found_meanwhile(town)
    case = make_case("B-2", status=Case.Status.RECEIVED)
    pipeline.fingerprint_evidence(shelf.hand_in(case, shelf.original()).pk)
    sweep()
    activate(case)
    sweep()
    assert Match.objects.get().case == case


def test_a_case_that_goes_on_asks_for_nothing_again(cast: Cast, town: Town, evidence: Evidence) -> None:
    pipeline.examine_candidate(a_candidate(town, shelf.stranger()).pk)
    assert (sweep(), sweep(timezone.now() + LATER)) == (0, 0)


def test_what_was_judged_before_the_rest_is_not_judged_again(cast: Cast, town: Town, evidence: Evidence) -> None:
    pipeline.examine_candidate(a_candidate(town, shelf.stranger()).pk)
    Candidate.objects.update(examined_at=timezone.now() - timedelta(days=2))
    pause(cast.case)
    sweep()
    activate(cast.case)
    assert sweep() == 0


def test_very_much_is_taken_in_turns_and_nothing_is_left_out(
    cast: Cast, town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(resting, "AT_ONCE", 2)
    pause(cast.case)
    sweep()
    for number in range(5):
        pipeline.examine_candidate(a_candidate(town, shelf.copy(), number=number).pk)
    activate(cast.case)
    assert [sweep() for _turn in range(4)] == [2, 2, 1, 0]
    assert Match.objects.count() == 5


def test_a_case_paused_once_more_before_its_turn_keeps_what_it_missed(
    cast: Cast, town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    pause(cast.case)
    sweep()
    found_meanwhile(town)
    with monkeypatch.context() as busy:
        busy.setattr(resting, "AT_ONCE", 0)
        activate(cast.case)
        assert sweep() == 0
        pause(cast.case)
        sweep()
    activate(cast.case)
    assert sweep() == 1


def test_the_sweep_itself_rings_for_it(
    cast: Cast, town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[object] = []
    monkeypatch.setattr(jobs, "ring", lambda _queue, verb, ids: rung.extend(ids) if verb == jobs.examine else None)
    pause(cast.case)
    jobs.sweep()
    candidate = found_meanwhile(town)
    activate(cast.case)
    jobs.sweep()
    assert rung == [candidate.pk]
