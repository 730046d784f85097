"""Is it gone? Removed means: absent at the source, seen twice, far enough apart, each time preserved as a capture.

Blocked, walled off, delisted or unreachable are other states and close nothing (legal.md 6).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import capture as captures
from cases import custody, web
from cases.manifest import seal_manifest
from cases.models import Capture
from cases.vault import VaultError
from cases.web import FetchError
from detection.sources.pages import Page, found_on
from takedown.drafting import locked
from takedown.models import Location, Notice, RemovalCheck

OPEN = (Location.Status.UP, Location.Status.ABSENT_ONCE, Location.Status.UNREACHABLE)
GONE = frozenset({404, 410})
# 416: the server does not like our range, so there is something to have a range of.
THERE = frozenset({*range(200, 300), 416})
# Enough to see that a medium is there. Whether it is still the same one is the watch's question.
FIRST_BYTES = 64 * 1024
PROBE_DEADLINE_SECONDS = 60.0
REASON = 300
Outcome = RemovalCheck.Outcome


@dataclass(frozen=True)
class Answer:
    """What one address said: its HTTP status, or the reason why there was none."""

    url: str
    status: int | None
    reason: str = ""
    text: str = ""
    is_page: bool = False

    @property
    def gone(self) -> bool:
        return self.status in GONE

    @property
    def there(self) -> bool:
        return self.status in THERE


@dataclass(frozen=True)
class Finding:
    outcome: str
    status: int | None
    reason: str


def check_removed(location_id: int | str) -> None:
    """Probe one location, keep what was seen, and say when to look again. Quiet when it is not due."""
    due = Location.objects.to_check(timezone.now()).filter(pk=location_id)
    if not due.exists() or not Location.objects.claim(location_id, *OPEN):
        return
    location = Location.objects.select_related("notice__case", "notice__site").get(pk=location_id)
    if location.next_check_at is None or location.next_check_at > timezone.now():  # another worker was faster
        Location.objects.filter(pk=location.pk).update(leased_until=None, attempts=F("attempts") - 1)
        return
    page, media = probe(location)
    finding = judge(location, page, media)
    capture = None
    if finding.outcome == Outcome.ABSENT:
        capture, finding = _with_proof(location, page, media, finding)
    _keep(location, finding, capture, timezone.now())


# --- looking -----------------------------------------------------------------------------------------------------
def probe(location: Location) -> tuple[Answer, Answer]:
    """The answers of the page and of the medium (the same one where they share an address)."""
    if not location.media_url:
        page = ask(location.page_url)
        return page, page
    media = ask(location.media_url, part=True)
    if location.page_url == location.media_url:
        return media, media
    return ask(location.page_url), media


def ask(url: str, *, part: bool = False) -> Answer:
    """One request through the one door; `part` asks for the first bytes only."""
    limits = {"max_bytes": FIRST_BYTES, "headers": {"Range": f"bytes=0-{FIRST_BYTES - 1}"}} if part else {}
    try:
        answer = web.fetch(url, deadline_seconds=PROBE_DEADLINE_SECONDS, **limits)  # type: ignore[arg-type]
    except FetchError as error:
        # A server that ignores ranges begins to send more than we want to have: the medium is there.
        if part and error.reason_code == "too_large":
            return Answer(url, 200)
        return Answer(url, None, error.sentence)
    is_page = answer.media_type in ("text/html", "application/xhtml+xml")
    return Answer(url, answer.status, text=answer.text() if is_page else "", is_page=is_page)


def judge(location: Location, page: Answer, media: Answer) -> Finding:
    """Absent only when the medium is gone and the page does not show it any more."""
    if media.there and media.is_page and media is not page:
        why = _("Where the medium was, a page answers. It may ask for a log-in: that is not a removal.")
        return Finding(Outcome.UNREACHABLE, media.status, why)
    if media.there or (page.there and media.gone and shows(page, location.media_url)):
        return Finding(Outcome.UP, media.status, "")
    if media.gone and (page.gone or page.there):
        return Finding(Outcome.ABSENT, media.status, "")
    unclear = page if media.gone else media
    return Finding(Outcome.UNREACHABLE, unclear.status, unclear.reason or _why_unclear(unclear.status))


def shows(page: Answer, media_url: str) -> bool:
    """True when the page still embeds this medium, whatever stands behind the question mark."""
    if not media_url or page.url == media_url:
        return False
    wanted = _bare(media_url)
    return any(_bare(found.media_url) == wanted for found in found_on(Page(page.url, page.text), page.url))


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def _why_unclear(status: int | None) -> str:
    if status == 451:
        return _("The site says it is blocked for legal reasons here. Blocked is not removed.")
    if status in (401, 403):
        return _("The site asks for a log-in or refuses us (%(status)d). That is not a removal.") % {"status": status}
    return _("The site answered %(status)d. That is not a removal.") % {"status": status or 0}


# --- keeping -----------------------------------------------------------------------------------------------------
def _with_proof(location: Location, page: Answer, media: Answer, finding: Finding) -> tuple[Capture, Finding]:
    """The absence as a sealed capture with both answers beside it. What could not be preserved does not count."""
    capture = captures.capture_page_of(location.notice.case, location.page_url, purpose="absence", actor="job")
    why = capture.reason
    if capture.status == Capture.Status.COMPLETE:
        try:
            captures.add_part(capture, "probe.json", _as_json(page, media), "application/json", "http")
            seal_manifest(capture)
            return capture, finding
        except VaultError as error:
            why = error.sentence
    sentence = _("It seems gone, but that could not be preserved: %(why)s") % {"why": why}
    return capture, Finding(Outcome.UNREACHABLE, finding.status, sentence)


def _as_json(page: Answer, media: Answer) -> bytes:
    answers = {name: {**asdict(one), "text": ""} for name, one in (("page", page), ("media", media))}
    return json.dumps({"at": datetime.now(UTC).isoformat(), **answers}, indent=1, ensure_ascii=False).encode()


def _keep(location: Location, finding: Finding, capture: Capture | None, at: datetime) -> None:
    with transaction.atomic():
        notice = locked(location.notice)
        RemovalCheck.objects.create(
            location=location, outcome=finding.outcome, http_status=finding.status,
            reason=finding.reason[:REASON], capture=capture, at=at,
        )  # fmt: skip
        _settle(location, notice, finding.outcome, at)
        if finding.outcome == Outcome.ABSENT and capture:
            custody.record(
                notice.case, "verified", actor="job", subject=f"notice:{notice.pk}", reference=notice.reference,
                location=location.pk, outcome=location.status, capture=str(capture.pk),
            )  # fmt: skip
        _close_when_all_removed(notice, at)


def _settle(location: Location, notice: Notice, outcome: str, at: datetime) -> None:
    location.status, location.next_check_at = _next_state(location, notice, outcome, at)
    location.attempts = 0
    location.release()
    location.save(update_fields=["status", "next_check_at", "attempts", "leased_until", "retry_at"])


def _next_state(location: Location, notice: Notice, outcome: str, at: datetime) -> tuple[str, datetime | None]:
    if outcome == Outcome.UP:
        return Location.Status.UP, next_check(notice.sent_at or at, at)
    first = first_absence(location)
    if outcome == Outcome.UNREACHABLE or first is None:
        return Location.Status.UNREACHABLE, next_check(notice.sent_at or at, at)
    again = first + timedelta(seconds=settings.REMOVED_PROBES_APART_SECONDS)
    if at >= again and at > first:
        return Location.Status.REMOVED, None
    return Location.Status.ABSENT_ONCE, again


def first_absence(location: Location) -> datetime | None:
    """When it was first seen absent since it was last seen up."""
    checks = location.checks.all()
    up = checks.filter(outcome=Outcome.UP).order_by("-at").values_list("at", flat=True).first()
    absent = checks.filter(outcome=Outcome.ABSENT)
    if up:
        absent = absent.filter(at__gt=up)
    return absent.order_by("at").values_list("at", flat=True).first()


def next_check(sent_at: datetime, at: datetime) -> datetime:
    """The next time of the rhythm that counts from sending; after its end, its last step is repeated."""
    times = (sent_at + timedelta(seconds=seconds) for seconds in settings.RECHECK_SECONDS)
    return next((time for time in times if time > at), at + timedelta(seconds=settings.RECHECK_SECONDS[-1]))


def _close_when_all_removed(notice: Notice, at: datetime) -> None:
    if notice.status != Notice.Status.SENT or notice.locations.exclude(status=Location.Status.REMOVED).exists():
        return
    notice.status, notice.removed_at = Notice.Status.REMOVED, at
    notice.save(update_fields=["status", "removed_at"])
    custody.record(
        notice.case, "verified", actor="job", subject=f"notice:{notice.pk}",
        reference=notice.reference, outcome="removed",
    )  # fmt: skip
