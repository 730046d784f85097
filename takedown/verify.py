"""Is it gone? Removed means: absent at the source, seen twice, far enough apart, each time preserved as a capture.

Blocked, walled off, replaced, moved, delisted or unreachable are other states and close nothing (legal.md 6); what each
answer means is said in `takedown.probing`, when to look again in `takedown.schedule`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import capture as captures
from cases import custody, web
from cases.manifest import seal_manifest
from cases.models import Capture, CapturePart, User
from cases.vault import VaultError
from cases.web import Fetched, FetchError
from detection.sources.pages import Page, found_on
from takedown import probing, schedule
from takedown.drafting import NoticeError, locked
from takedown.ladder_models import places_of
from takedown.models import Location, Notice, RemovalCheck
from takedown.probing import FOR_GOOD, Answer, Finding, Known, bare

__all__ = ["Answer", "Finding", "ask", "check_removed", "decide_replaced", "first_absence", "next_check", "probe"]

# Enough to see that a medium is there, and whether it begins as it did.
FIRST_BYTES = 64 * 1024
PROBE_DEADLINE_SECONDS = 60.0
REASON = 300
Outcome, L = RemovalCheck.Outcome, Location.Status
CHECKED = tuple(L.values)
# Its bytes are seen again: what was absent before does not count any more.
PRESENT = (Outcome.UP, Outcome.MOVED)
# An officer said that other bytes are the same material: this site's bytes prove nothing.
VARIES = "varies"


def check_removed(location_id: int | str) -> None:
    """Probe one location, keep what was seen, and say when to look again. Quiet when it is not due."""
    due = Location.objects.to_check(timezone.now()).filter(pk=location_id)
    if not due.exists() or not Location.objects.claim(location_id, *CHECKED):
        return
    location = Location.objects.select_related("notice__case", "notice__site", "match__candidate").get(pk=location_id)
    if location.next_check_at is None or location.next_check_at > timezone.now():  # another worker was faster
        Location.objects.filter(pk=location.pk).update(leased_until=None, attempts=F("attempts") - 1)
        return
    page, media = probe(location)
    finding = judge(location, page, media)
    if finding.outcome == Outcome.UP and not location.media_head:
        location.media_head = media.head
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
    limits = {"first_bytes": FIRST_BYTES, "headers": {"Range": f"bytes=0-{FIRST_BYTES - 1}"}} if part else {}
    try:
        fetched = web.fetch(url, deadline_seconds=PROBE_DEADLINE_SECONDS, **limits)  # type: ignore[arg-type]
    except FetchError as error:
        # What is larger than we want to have is there.
        if part and error.reason_code == "too_large":
            return Answer(url, 200, final_url=url)
        return Answer(url, None, error.sentence)
    return _answer(url, fetched)


def _answer(url: str, fetched: Fetched) -> Answer:
    is_page = fetched.media_type in ("text/html", "application/xhtml+xml")
    size = _whole_size(fetched)
    is_whole = fetched.whole and size in (None, fetched.size)
    return Answer(
        url, fetched.status, text=fetched.text() if is_page else "", is_page=is_page, final_url=fetched.final_url,
        moved_to=_moved_to(url, fetched), media_type=fetched.media_type, size=size or (fetched.size if is_whole else None),
        head=f"sha256:{fetched.sha256}" if fetched.size else "",
        digest=f"sha256:{fetched.sha256}" if is_whole and fetched.size else "",
    )  # fmt: skip


def _whole_size(fetched: Fetched) -> int | None:
    """The length of the whole file in bytes, as the site says it; None where it does not."""
    said = fetched.headers.get("content-range", "").rpartition("/")[2] or fetched.headers.get("content-length", "")
    encoded = fetched.headers.get("content-encoding", "identity") != "identity"
    return int(said) if said.isdigit() and not encoded else None


def _moved_to(url: str, fetched: Fetched) -> str:
    """The other address a lasting redirect leads to, however the questions behind it differ."""
    lasting = any(hop.status in FOR_GOOD for hop in fetched.redirects)
    return bare(fetched.final_url) if lasting and bare(fetched.final_url) != bare(url) else ""


def judge(location: Location, page: Answer, media: Answer) -> Finding:
    is_search = location.notice.site.addressee_type == "search"
    shown = shows(page, location.media_url)
    return probing.judge(page, media, known_of(location), shown=shown, is_search=is_search)


def known_of(location: Location) -> Known:
    """What the medium was. Bytes are compared as a whole only where the site sent the same ones twice: to the watch and
    to the capture. A site that sends others to each visitor would else be said to have replaced it."""
    if location.media_head == VARIES:
        return Known()
    candidate = location.match.candidate
    part = CapturePart.objects.filter(capture__matches__location=location, name="media").first()
    if part and candidate.digest and part.digest == candidate.digest:
        return Known(candidate.digest, part.size, location.media_head)
    return Known(head=location.media_head)


def shows(page: Answer, media_url: str) -> bool:
    """True when the page still embeds this medium, whatever stands behind the question mark."""
    if not media_url or page.url == media_url:
        return False
    wanted = bare(media_url)
    return any(bare(found.media_url) == wanted for found in found_on(Page(page.url, page.text), page.url))


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
        if location.status == L.REMOVED:
            _close_when_all_removed(location, at)


def _settle(location: Location, notice: Notice, outcome: str, at: datetime) -> None:
    before = location.status
    location.status, location.next_check_at = _next_state(location, notice, outcome, at)
    if location.status == L.REMOVED and before != L.REMOVED:
        location.removed_at = first_absence(location)
    elif before == L.REMOVED and location.status != L.REMOVED:
        _open_again(location, notice)
    if location.status == L.REPLACED and before != L.REPLACED:
        location.decided_at = None
    location.attempts = 0
    location.release()
    location.save(
        update_fields=[
            "status", "next_check_at", "attempts", "leased_until", "retry_at", "removed_at", "window", "media_head",
            "decided_at",
        ]
    )  # fmt: skip


def _open_again(location: Location, notice: Notice) -> None:
    """It came back: the letters start anew, as for an address that was never asked for."""
    location.removed_at = None
    location.window += 1
    if notice.status == Notice.Status.REMOVED:
        notice.status, notice.removed_at = Notice.Status.SENT, None
        notice.save(update_fields=["status", "removed_at"])


def _next_state(location: Location, notice: Notice, outcome: str, at: datetime) -> tuple[str, datetime | None]:
    sent_at = notice.sent_at or at
    if location.status == L.REMOVED and outcome not in PRESENT:
        # Removed stays removed: a wall or a silence in front of it is no return.
        return L.REMOVED, schedule.next_watch(location.removed_at or at, at, settings.WATCH_SECONDS)
    if outcome != Outcome.ABSENT:
        return outcome, next_check(sent_at, at)
    first = first_absence(location)
    if first is None:
        return L.UNREACHABLE, next_check(sent_at, at)
    again = first + timedelta(seconds=settings.REMOVED_PROBES_APART_SECONDS)
    if at >= again and at > first:
        return L.REMOVED, schedule.next_watch(first, at, settings.WATCH_SECONDS)
    return L.ABSENT_ONCE, again


def first_absence(location: Location) -> datetime | None:
    """When it was first seen absent since it was last seen there."""
    checks = location.checks.all()
    up = checks.filter(outcome__in=PRESENT).order_by("-at").values_list("at", flat=True).first()
    absent = checks.filter(outcome=Outcome.ABSENT)
    if up:
        absent = absent.filter(at__gt=up)
    return absent.order_by("at").values_list("at", flat=True).first()


def next_check(sent_at: datetime, at: datetime) -> datetime:
    """The next time of the rhythm that counts from sending."""
    return schedule.next_look(sent_at, at, settings.RECHECK_SECONDS)


def _close_when_all_removed(location: Location, at: datetime) -> None:
    """The first letter, and the letters of the rungs that asked for this address."""
    about = Notice.objects.filter(Q(locations=location) | Q(step__asked__location=location))
    for notice in about.filter(status=Notice.Status.SENT).select_related("case").distinct():
        if places_of(notice).exclude(status=L.REMOVED).exists():
            continue
        notice.status, notice.removed_at = Notice.Status.REMOVED, at
        notice.save(update_fields=["status", "removed_at"])
        custody.record(
            notice.case, "verified", actor="job", subject=f"notice:{notice.pk}",
            reference=notice.reference, outcome="removed",
        )  # fmt: skip


# --- what only a person can say ----------------------------------------------------------------------------------
def decide_replaced(location: Location, officer: User, *, same: bool) -> None:
    """An officer looked: it is still the material in other bytes, or it is something else. Raises NoticeError."""
    with transaction.atomic():
        notice = locked(location.notice)
        location.refresh_from_db()
        if location.status != L.REPLACED:
            raise NoticeError(_("There is nothing to decide about this address."))
        now = timezone.now()
        if same:
            location.status, location.media_head = L.UP, VARIES
            RemovalCheck.objects.create(location=location, outcome=Outcome.UP, reason=_("Seen by an officer."), at=now)
        else:
            location.next_check_at = schedule.next_watch(now, now, settings.WATCH_SECONDS)
        location.decided_at = now
        location.save(update_fields=["status", "media_head", "next_check_at", "decided_at"])
        custody.record(
            notice.case, "verified", actor=f"officer:{officer.pk}", subject=f"notice:{notice.pk}",
            reference=notice.reference, location=location.pk, outcome="up" if same else "replaced",
        )  # fmt: skip
