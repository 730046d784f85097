"""What the tests of takedown begin with: a centre, a hosting site with a contact, captured matches, a mail server."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aiosmtpd.controller import Controller
from django.conf import settings
from django.utils import timezone

from cases.models import Case, Evidence, User
from detection.models import Candidate, Match
from takedown import notices, seeding
from takedown.models import Contact, HostingSite, LetterTemplate, Location, Notice, RemovalCheck

_count = itertools.count(1)
DIGEST = "sha256:" + "ab" * 32
SEGMENT = {"candidate_start": 1.0, "candidate_end": 12.5, "reference_start": 0.0, "reference_end": 11.5, "score": 0.97}


def lay_lawbook() -> None:
    """As the migration leaves it; tests with real transactions empty every table."""
    if not LetterTemplate.objects.exists():
        seeding.seed_lawbook()
    seeding.demo_organisation()


def make_site(domain: str = "tube.example", *, confirmed: bool = True, **fields: Any) -> HostingSite:
    site = HostingSite.objects.create(domain=domain, **{"name": domain, "jurisdiction": "US", **fields})
    at = timezone.now() if confirmed else None
    Contact.objects.create(site=site, address=f"abuse@{domain}", confirmed_at=at)
    return site


def make_evidence(case: Case) -> Evidence:
    return Evidence.objects.create(case=case, kind="video", status=Evidence.Status.FINGERPRINTED)


def make_match(case: Case, *, host: str = "tube.example", evidence: Evidence | None = None, **fields: Any) -> Match:
    """A copy that was found, judged and captured a moment ago."""
    number, now = next(_count), timezone.now()
    found_at = fields.pop("found_at", now - timedelta(seconds=9))
    candidate = Candidate.objects.create(
        page_url=f"https://{host}/watch/{number}", media_url=f"https://{host}/media/{number}.mp4",
        title=f"clip {number}", uploader="someone", digest=DIGEST, found_at=found_at,
    )  # fmt: skip
    told = {
        "verdict": Match.Verdict.CONFIRMED, "status": Match.Status.CAPTURED, "score": 0.97, "captured_at": now,
        "judged_at": now - timedelta(seconds=5),
        "segments": [SEGMENT],
    }  # fmt: skip
    evidence = evidence or case.evidence.first() or make_evidence(case)
    return Match.objects.create(case=case, candidate=candidate, evidence=evidence, **{**told, **fields})


def make_draft(case: Case, *, host: str = "tube.example") -> Notice:
    make_match(case, host=host)
    [notice] = notices.draft_due(timezone.now())
    return notice


def make_approved(case: Case, officer: User, *, host: str = "tube.example") -> Notice:
    """Approved, and the undo window is over."""
    notice = make_draft(case, host=host)
    notices.approve(notice, officer)
    end_undo_window(notice)
    return notice


def end_undo_window(notice: Notice) -> None:
    Notice.objects.filter(pk=notice.pk).update(send_after=timezone.now() - timedelta(seconds=1))
    notice.refresh_from_db()


def make_sent(case: Case, *, host: str = "tube.example", at: Any = None) -> Notice:
    """As if it had been sent; its addresses are due for their first check."""
    notice = make_draft(case, host=host)
    now = timezone.now()
    Notice.objects.filter(pk=notice.pk).update(status=Notice.Status.SENT, sent_at=at or now - timedelta(seconds=5))
    Location.objects.filter(notice=notice).update(next_check_at=now - timedelta(seconds=1))
    notice.refresh_from_db()
    return notice


def a_day_passes(notice: Notice) -> None:
    """For its checks; its addresses are due again."""
    for check in RemovalCheck.objects.filter(location__notice=notice):
        RemovalCheck.objects.filter(pk=check.pk).update(at=check.at - timedelta(days=1))
    waiting = Location.objects.filter(notice=notice).exclude(status=Location.Status.REMOVED)
    waiting.update(next_check_at=timezone.now() - timedelta(seconds=1))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Mailroom:
    """A real SMTP server on loopback that keeps what it accepts. Its answers can be set."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []
        self.callers = 0
        self.senders: list[str] = []
        self.to_recipient = "250 OK"
        self.to_data: list[str | Callable[[Any], str]] = []
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Mailroom:
        self._controller.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._controller.stop()

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.callers += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.to_data.pop(0) if self.to_data else "250 kept"
        if callable(answer):
            answer = answer(server)
        if answer.startswith("250"):
            self.senders.append(envelope.mail_from)
            self.mails.append((envelope.rcpt_tos[0], envelope.original_content))
        return answer


def hang_up(server: Any) -> str:
    """Read everything, and break the connection in place of an answer."""
    server.transport.abort()
    return "451 gone"


def mail_settings(mailroom: Mailroom, used: Any = settings) -> None:
    used.EMAIL_HOST, used.EMAIL_PORT = "127.0.0.1", mailroom.port
