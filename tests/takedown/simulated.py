"""A clock that can be set, a world whose addresses answer by a plan, and an officer who clicks once a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cases import capture as captures
from cases.models import Capture, Case, User
from takedown import delivery, ladder, notices, verify
from takedown.channels import by_hand
from takedown.channels.registry import goes_by_hand
from takedown.models import Location, Notice
from takedown.probing import Answer
from tests.takedown import scene

HOUR = timedelta(hours=1)
START = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
# When each address goes, counted from the sending of its letter; None: never.
Plan = Callable[[Location], timedelta | None]


class Simulation:
    """Everything real but the clock, the answers of the web, the sealing of absences and the mail server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, officer: User, plan: Plan) -> None:
        self.at, self.officer, self.plan = START, officer, plan
        self.mails: list[tuple[datetime, str, bytes]] = []
        self.looks: dict[int, list[datetime]] = defaultdict(list)
        self.gone_at: dict[int, datetime | None] = {}
        self.ready: dict[str, datetime] = {}
        monkeypatch.setattr(timezone, "now", lambda: self.at)
        monkeypatch.setattr(verify, "probe", self.probe)
        monkeypatch.setattr(verify, "seal_manifest", lambda capture: None)
        monkeypatch.setattr(captures, "add_part", lambda *_: None)
        monkeypatch.setattr(captures, "capture_page_of", self.capture)
        monkeypatch.setattr(delivery.Email, "deliver", self.deliver)

    # --- the world
    def probe(self, location: Location) -> tuple[Answer, Answer]:
        self.looks[location.pk].append(self.at)
        status = 404 if self.is_gone(location) else 200
        return Answer(location.page_url, status, is_page=True), Answer(location.media_url, status)

    def is_gone(self, location: Location) -> bool:
        sent_at = location.notice.sent_at
        after = self.plan(location)
        return sent_at is not None and after is not None and self.at >= sent_at + after

    def capture(self, case: Case, url: str, **_: Any) -> Capture:
        return Capture.objects.create(case=case, url=url, status=Capture.Status.COMPLETE, purpose="absence")

    def deliver(self, message: bytes, recipient: str, return_path: str = "") -> str:
        self.mails.append((self.at, recipient, message))
        return "250 kept"

    # --- the house
    def run(self, days: int) -> None:
        """From one moment at which something is due to the next; what lies between would change nothing."""
        end = START + timedelta(days=days)
        while self.at < end:
            self.beat()
            self.at = min(self.moments())
        self.at = end

    def beat(self) -> None:
        """A beat of the sweep: look where it is time, climb, click at midnight, send."""
        self.look()
        self.climb()
        # What the engine wants to see afresh it asks for; the next beat looks, and the one after drafts.
        if self.look():
            self.climb()
        if self.at.hour == 0:
            self.click()
            self.climb()

    def look(self) -> int:
        due = list(Location.objects.to_check(self.at).values_list("pk", flat=True))
        for pk in due:
            verify.check_removed(pk)
        return len(due)

    def moments(self) -> Iterator[datetime]:
        """Midnight, the next look, the next deadline."""
        yield (self.at + timedelta(days=1)).replace(hour=0, minute=0)
        yield from filter(None, [ladder.next_due_at(self.at)])
        later = Location.objects.filter(next_check_at__gt=self.at).order_by("next_check_at")
        yield from later.values_list("next_check_at", flat=True)[:1]

    def climb(self) -> None:
        for notice in ladder.climb(self.at):
            self.ready.setdefault(notice.reference, self.at)

    def click(self) -> None:
        for notice in Notice.objects.filter(status=Notice.Status.DRAFT).select_related("contact", "step"):
            if notices.gate(notice):
                continue
            notices.approve(notice, self.officer)
            if goes_by_hand(notice):
                by_hand.handed_in(notice, self.officer, timezone.localdate())
            else:
                scene.end_undo_window(notice)
                notices.send(notice.pk)
