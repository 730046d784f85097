"""The doorbell rings once, carries ids only, and loses nothing when it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import django_rq
import pytest
from django.db import connection
from django.utils import timezone

from cases import custody_guard
from cases.models import Case, Evidence
from cases.people import ensure_roles
from detection import jobs, pipeline
from detection.models import Candidate, EvidenceFingerprint, Match, Source
from tests.base import Cast, make_cast
from tests.detection import shelf
from tests.parts import empty_queues, queue_server, work


@pytest.fixture(scope="module", autouse=True)
def queue() -> Iterator[None]:
    with queue_server():
        yield


@pytest.fixture(scope="module", autouse=True)
def emptied_tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tests that save for real empty every table afterwards, which the guard of the custody chain would refuse."""
    with django_db_blocker.unblock():
        custody_guard.remove(connection)
    yield
    with django_db_blocker.unblock():
        custody_guard.install(connection)
        ensure_roles()


@pytest.fixture(autouse=True)
def silence(queue: None) -> None:
    empty_queues()


def waiting(name: str) -> list[str]:
    return django_rq.get_queue(name).get_job_ids()


@pytest.mark.django_db(transaction=True)
class TestTheDoorbell:
    """Rings leave when the rows are saved, so these tests save for real."""

    @pytest.fixture
    def cast(self, transactional_db: None) -> Cast:
        ensure_roles()
        return make_cast()

    def test_what_carries_a_watch_term_is_heard_before_what_waits_already(self, cast: Cast) -> None:
        rows = [Candidate.objects.create(page_url=f"https://a.example/{one}", media_url="https://a.example/m", priority=one)
                for one in (0, 2, 3)]  # fmt: skip
        jobs.ring_to_examine([rows[0].pk])
        jobs.ring_to_examine([rows[1].pk, rows[2].pk])
        assert waiting("score") == [f"examine-{rows[at].pk}" for at in (2, 1, 0)]

    def test_every_row_that_is_due_is_rung_for(self, cast: Cast) -> None:
        evidence = shelf.hand_in(cast.case, b"not looked at here")
        address = shelf.hand_in_address(cast.case, "https://clips.example/1")
        source = Source.objects.create(name="Clips", kind="listing", url="https://clips.example/")
        candidate = Candidate.objects.create(
            page_url="https://clips.example/1", media_url="https://clips.example/1.mp4"
        )
        match = Match.objects.create(
            case=cast.case, candidate=candidate, evidence=evidence, verdict=Match.Verdict.CONFIRMED, score=0.9
        )
        jobs.sweep()
        assert set(waiting("score")) == {f"fingerprint-{evidence.pk}", f"examine-{candidate.pk}"}
        assert set(waiting("monitor")) == {f"look-{address.pk}", f"visit-{source.pk}"}
        assert waiting("capture") == [f"capture-{match.pk}"]

    def test_a_second_sweep_rings_for_nothing_that_still_waits(self, cast: Cast) -> None:
        shelf.hand_in(cast.case, b"not looked at here")
        jobs.sweep()
        jobs.sweep()
        assert len(waiting("score")) == 1

    def test_rows_that_wait_rest_or_are_held_are_left_alone(self, cast: Cast) -> None:
        later = timezone.now() + timedelta(minutes=5)
        Candidate.objects.create(page_url="a", media_url="1", retry_at=later)
        Candidate.objects.create(page_url="a", media_url="2", leased_until=later)
        Source.objects.create(name="Clips", kind="listing", url="https://clips.example/", next_visit_at=later)
        Source.objects.create(name="Clips", kind="listing", url="https://clips.example/", status="paused")
        jobs.sweep()
        assert [*waiting("score"), *waiting("monitor")] == []

    def test_nothing_rings_for_a_case_without_consent(self, cast: Cast) -> None:
        shelf.hand_in_address(cast.case, "https://clips.example/1")
        cast.case.consents.update(withdrawn_at=timezone.now())
        jobs.sweep()
        assert waiting("monitor") == []

    def test_a_ring_carries_an_id_and_nothing_else(self, cast: Cast) -> None:
        evidence = shelf.hand_in(cast.case, b"not looked at here")
        jobs.sweep()
        job = django_rq.get_queue("score").jobs[0]
        assert (job.args, job.kwargs) == ([str(evidence.pk)], {})
        assert cast.case.alias not in job.description

    def test_a_row_that_is_gone_is_no_failure(self, cast: Cast) -> None:
        for verb in (jobs.fingerprint, jobs.look, jobs.examine, jobs.capture):
            verb("00000000-0000-4000-8000-000000000000")
        jobs.visit("12345")

    def test_a_worker_fingerprints_what_was_received(self, cast: Cast) -> None:
        evidence = shelf.hand_in(cast.case, shelf.original())
        jobs.sweep()
        assert work() == 0
        evidence.refresh_from_db()
        assert evidence.status == Evidence.Status.FINGERPRINTED

    def test_a_worker_killed_in_the_middle_loses_nothing(self, cast: Cast) -> None:
        evidence = shelf.hand_in(cast.case, shelf.original())
        jobs.sweep()
        assert work(deadly="detection.pipeline.fingerprint_media") != 0
        empty_queues()
        Evidence.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        jobs.sweep()
        assert work() == 0
        assert EvidenceFingerprint.objects.filter(evidence=evidence).count() == 1
        assert list(Case.objects.get().custody.values_list("act", flat=True)).count("fingerprinted") == 1

    def test_new_material_rings_for_what_was_cleared(self, cast: Cast) -> None:
        cleared = Candidate.objects.create(page_url="a", media_url="1", status=Candidate.Status.CLEARED)
        evidence = shelf.hand_in(cast.case, shelf.original())
        jobs.fingerprint(str(evidence.pk))
        assert waiting("score") == [f"examine-{cleared.pk}"]


@pytest.mark.django_db
def test_the_last_interrupted_try_is_told_by_the_sweep(cast: Cast) -> None:
    candidate = Candidate.objects.create(page_url="a", media_url="1", attempts=3)
    jobs.sweep()
    candidate.refresh_from_db()
    assert candidate.status == Candidate.Status.FAILED
    assert pipeline.give_up(timezone.now()) == 0
