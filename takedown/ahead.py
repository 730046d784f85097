"""The ladder as the page of a first letter shows it: what was written after it, and what is due next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from takedown import rungs
from takedown.answering import silent_sites
from takedown.desks import addressees_for
from takedown.ladder import ASKED_FOR, standing_of
from takedown.ladder_models import RUNG_NAMES, Step
from takedown.models import Notice


@dataclass(frozen=True)
class Seen:
    """A step of the ladder as the page of the first letter shows it: its letter, or the time it will be ready."""

    name: str
    due_at: datetime
    notice_id: Any = None
    whom: str = ""
    status: str = ""
    status_name: str = ""


def steps_of(first: Notice) -> list[Seen]:
    """The letters that followed this one, then what is due next."""
    asked = Step.objects.filter(asked__location__notice=first).select_related("notice__site").distinct()
    written = [
        Seen(str(step.get_rung_display()), step.due_at, step.notice_id, step.notice.site.name, step.notice.status,
             str(step.notice.get_status_display()))
        for step in asked
    ]  # fmt: skip
    return [*written, *_coming(first)]


def _coming(first: Notice) -> list[Seen]:
    names = dict(RUNG_NAMES)
    coming: dict[str, datetime] = {}
    known = {step.rung for step in Step.objects.filter(asked__location__notice=first)}
    silent = first.site_id in silent_sites()
    for place in first.locations.filter(status__in=ASKED_FOR).prefetch_related("asked__step__notice__contact"):
        for rung, due_at in rungs.due_rungs(standing_of(first, place, silent=silent)):
            if rung.key not in known and addressees_for(rung, first.site, first.case.content_kind):
                coming[rung.key] = min(due_at, coming.get(rung.key, due_at))
    return [Seen(str(names[key]), due_at) for key, due_at in sorted(coming.items(), key=lambda pair: pair[1])]
