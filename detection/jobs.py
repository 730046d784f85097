"""The doorbell: call a verb, ring for what comes next. A lost ring costs the time until the next sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import django_rq
from django.utils import timezone
from django_rq import job

from cases.models import Case, Evidence
from detection import heartbeat as pulse
from detection import known, pipeline, resting, seen
from detection.models import Candidate, Match, Source

RINGS_A_SWEEP = 200


@job("score")
def fingerprint(evidence_id: str) -> None:
    ring("score", examine, pipeline.fingerprint_evidence(evidence_id))


@job("monitor")
def look(evidence_id: str) -> None:
    ring_to_examine(pipeline.look_at_evidence(evidence_id))


@job("monitor")
def visit(source_id: str) -> None:
    ring_to_examine(pipeline.visit_source(source_id))


@job("score")
def examine(candidate_id: str) -> None:
    ring("capture", capture, pipeline.examine_candidate(candidate_id))


@job("capture")
def capture(match_id: str) -> None:
    pipeline.capture_match(match_id)


@job("monitor")
def sweep() -> None:
    """Ring for every row that is due, also because its case is watched again, and end those that were broken off too often."""
    at = timezone.now()
    pipeline.give_up(at)
    resting.rejoin(at)
    for queue_name, verb, rows in due(at):
        ring(queue_name, verb, rows.values_list("pk", flat=True)[:RINGS_A_SWEEP])


@job("monitor")
def heartbeat() -> None:
    """Raise and close the alarms of all sources; drop what the watch need not remember."""
    at = timezone.now()
    pulse.look_at_all(at)
    seen.forget(at)
    known.forget(at)


def due(at: datetime) -> list[tuple[str, Callable[[str], None], Any]]:
    watched = Case.objects.watched(at)
    addresses = Evidence.objects.free(at).filter(kind=Evidence.Kind.URL, status=Evidence.Status.RECEIVED)
    return [
        ("score", fingerprint, Evidence.objects.to_fingerprint(at)),
        ("monitor", look, addresses.filter(case__in=watched)),
        ("monitor", visit, Source.objects.to_visit(at)),
        ("score", examine, Candidate.objects.to_examine(at)),
        ("capture", capture, Match.objects.to_capture(at).filter(case__in=watched)),
    ]


def ring_to_examine(candidate_ids: Iterable[UUID]) -> None:
    """Ring for candidates; those with a watch term around them are heard first."""
    found = Candidate.objects.filter(pk__in=list(candidate_ids))
    ring("score", examine, found.filter(priority=0).values_list("pk", flat=True))
    # Each goes before the others, so the foremost comes last.
    first = found.filter(priority__gt=0).order_by("priority", "-found_at")
    ring("score", examine, first.values_list("pk", flat=True), at_front=True)


def ring(queue_name: str, verb: Callable[[str], None], ids: Iterable[object], at_front: bool = False) -> None:
    """Enqueue the verb once for each row; a row that already waits in the queue is not rung for again."""
    queue = django_rq.get_queue(queue_name)
    waiting = set(queue.get_job_ids())
    for pk in ids:
        name = f"{verb.__name__}-{pk}"
        if name not in waiting:
            queue.enqueue(verb, str(pk), job_id=name, at_front=at_front)
