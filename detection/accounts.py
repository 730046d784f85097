"""The account of one visit: what it found, what it left out, what it cost; kept as a row for the heartbeat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from detection import heartbeat
from detection.models import Candidate, Source
from detection.sources import FoundMedia, Watch
from detection.sources.manners import Outing
from detection.watched import Alarm, SourceVisit

Outcome = SourceVisit.Outcome


@dataclass
class Account:
    """One visit of a source. `failure` is a sentence when it ended before its end, else empty."""

    source: Source
    at: datetime
    visit: Watch
    going: Outing
    found: list[FoundMedia] = field(default_factory=list)
    new: list[Candidate] = field(default_factory=list)
    failure: str = ""
    alarm: Alarm | None = None

    @property
    def outcome(self) -> str:
        """How the visit ended, in the word that the heartbeat goes by."""
        going, page_answers = self.going, self.going.statuses
        if going.refusal == 429 or (going.refusal and page_answers.count(403) * 2 >= len(page_answers)):
            return Outcome.REFUSED
        if not self.failure:
            return Outcome.GOOD if self.visit.seen else Outcome.EMPTY
        if not page_answers:
            return Outcome.FORBIDDEN if going.forbidden else Outcome.HELD_BACK if going.held_back else Outcome.FAILED
        # Every page answered, and still nothing could be taken from them.
        answered = all(0 < status < 400 for status in page_answers)
        return Outcome.EMPTY if answered and not self.visit.seen else Outcome.FAILED

    def close(self) -> None:
        """Keep the numbers, and raise or close the source's alarm."""
        going, visit = self.going, self.visit
        SourceVisit.objects.create(
            source=self.source, outcome=self.outcome, status=going.refusal, links=visit.seen, pages=visit.listed, opened=visit.opened,
            found=len(self.found), new=len(self.new), requests=going.requests, unchanged=going.unchanged,
            bytes=going.bytes, seconds=round(going.seconds, 3), began_at=self.at,
        )  # fmt: skip
        self.alarm = heartbeat.settle(self.source, timezone.now())

    def as_json(self) -> dict[str, Any]:
        """The account for programs; addresses are those of the watched site."""
        new = {(candidate.page_url, candidate.media_url) for candidate in self.new}
        return {
            "source": self.source.name,
            "outcome": self.outcome,
            "trouble": self.source.failure,
            "found": [
                {"page": one.page_url, "media": one.media_url, "title": one.title, "uploader": one.uploader,
                 "new": (one.page_url, one.media_url) in new}
                for one in self.found
            ],
            "skipped": [{"url": one.address, "why": one.sentence} for one in self.visit.skipped],
            "requests": self.going.requests,
            "unchanged": self.going.unchanged,
            "bytes": self.going.bytes,
            "seconds": round(self.going.seconds, 3),
            "alarms": [{"kind": alarm.kind, "since": alarm.since.isoformat(), "sentence": alarm.sentence}
                       for alarm in self.source.alarms.filter(closed_at=None)],
        }  # fmt: skip
