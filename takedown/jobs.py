"""The doorbell of takedown: call a verb. A lost ring costs the time until the next sweep."""

from __future__ import annotations

from django.utils import timezone
from django_rq import job

from detection.jobs import RINGS_A_SWEEP, ring
from takedown import ladder, notices, verify
from takedown.channels import replay
from takedown.channels.models import FormRun
from takedown.directory import suggesting
from takedown.inbox import fetching
from takedown.models import Location, Lookup, Notice


@job("deliver")
def send(notice_id: str) -> None:
    notices.send(notice_id)


@job("monitor")
def check(location_id: str) -> None:
    verify.check_removed(location_id)


@job("monitor")
def find_contacts(lookup_id: str) -> None:
    suggesting.find(lookup_id)


@job("monitor")
def read_mail(_box: str = "") -> None:
    fetching.collect()


@job("capture")
def play_form(run_id: str) -> None:
    replay.play(run_id)


@job("deliver")
def sweep() -> None:
    """Name what a crash left, ring for what is due, draft what was captured."""
    at = timezone.now()
    notices.mark_uncertain(at)
    notices.give_up(at)
    ring("deliver", send, Notice.objects.to_send(at).values_list("pk", flat=True)[:RINGS_A_SWEEP])
    ring("monitor", check, Location.objects.to_check(at).values_list("pk", flat=True)[:RINGS_A_SWEEP])
    notices.draft_due(at)
    ladder.climb(at)
    replay.give_up(at)
    ring(
        "capture", play_form, FormRun.objects.free(at).filter(status=FormRun.Status.ASKED).values_list("pk", flat=True)
    )
    suggesting.give_up(at)
    suggesting.ask_for_the_unknown()
    ring("monitor", find_contacts, Lookup.due(at).values_list("pk", flat=True)[:RINGS_A_SWEEP])
    ring("monitor", read_mail, ["inbox"] if fetching.is_due(at) else [])
