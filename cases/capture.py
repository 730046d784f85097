"""Capture (채증): a page becomes sealed parts, each labelled with how it was got, all on the chain of custody.

The row comes first, pending; it ends complete or failed with a sentence, and what was got stays either way.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cases import asn, browser, custody, page_facts, page_reading, report, vault, wacz, web
from cases.browser import CaptureError, PageCapture
from cases.models import Capture, Case, CustodyEntry, User
from cases.parts import MACHINE_PART, add_json, add_part, machine_reading, part_memfd, read_part
from cases.recording import Exchange, Recording
from cases.web import Fetched, FetchError

__all__ = [
    "add_json", "add_part", "capture_page_of", "fail", "finish", "machine_reading", "part_memfd", "read_part", "report_context",
    "report_for",
]  # fmt: skip
KST = ZoneInfo("Asia/Seoul")
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# What plain HTTP cannot get around either.
FINAL = frozenset({"refused_address", "bad_url"})


def capture_page_of(case: Case, url: str, *, purpose: str = "presence", actor: str = "job") -> Capture:
    """Preserve the page at `url`: by browser, else by plain HTTP. `purpose`: "presence" or "absence".

    Never raises for the page's sake: the returned row is COMPLETE, or FAILED with its reason. A page that answers
    with an error proves no presence, so such a capture fails, its parts kept; as proof of absence it is complete.
    """
    capture = Capture.objects.create(case=case, url=url, purpose=purpose)
    try:
        _by_browser(capture)
    except CaptureError as error:
        _without_browser(capture, error)
    except vault.VaultError as error:
        fail(capture, error.sentence)
    finish(capture, actor)
    return capture


# --- the two ways ------------------------------------------------------------------------------------------------
def _by_browser(capture: Capture) -> None:
    page = browser.capture_page(capture.url)
    capture.method = Capture.Method.BROWSER
    _note_page(capture, page.final_url, page.status, page.captured_at)
    with page_reading.begin(page.html, page.text, page.screenshot, page.screenshot_blurred) as reading:
        _seal_page(capture, page)
        _add_reading(capture, reading.result(), "browser")


def _seal_page(capture: Capture, page: PageCapture) -> None:
    capture.facts = {**_address(page), "browser_version": page.browser_version, "settled": page.settled,
                     "clipped": page.clipped, "elapsed_seconds": round(page.elapsed_seconds, 2)}  # fmt: skip
    add_part(capture, "screenshot_blurred.png", page.screenshot_blurred, "image/png", "browser")
    add_part(capture, "screenshot.png", page.screenshot, "image/png", "browser")
    add_part(capture, "page.html", page.html.encode(), "text/html", "browser")
    refused = [record._asdict() if hasattr(record, "_asdict") else str(record) for record in page.refused]
    add_json(capture, "page.json", {"title": page.title, "language": page.lang, "refused": refused}, "browser")
    _add_common(capture, page.headers, _address(page), page.captured_at, "browser")
    _add_archives(capture, page)


def _add_archives(capture: Capture, page: PageCapture) -> None:
    """The page in the two forms that open again later. They hold the media unblurred, like the clear screenshot."""
    if page.missing:
        capture.facts["archives_missing"] = " ".join(page.missing)
    if page.mhtml:
        add_part(capture, "page.mhtml", page.mhtml, "multipart/related", "browser")
    _add_wacz(capture, page.recording, page.archived_url, page.title, page.captured_at, "browser")


def _add_wacz(capture: Capture, recording: Recording, url: str, title: str, at: datetime, how: str) -> None:
    if not recording.exchanges:
        return
    software = f"SeoulGuard, {capture.facts.get('browser_version') or 'plain HTTP'}"
    content = wacz.wacz_bytes(recording, page_url=url, title=title, software=software, at=at)
    add_part(capture, "page.wacz", content, wacz.MEDIA_TYPE, how)
    capture.facts["archive"] = {"kept": len(recording.exchanges), "absent": len(recording.absent)}


def _without_browser(capture: Capture, error: CaptureError) -> None:
    """Plain HTTP where the browser failed, and the capture says so."""
    if error.reason_code in FINAL:
        fail(capture, error.sentence)
        return
    capture.facts = {"browser_failed": error.sentence}
    try:
        # A file is no page: its headers are kept here, the medium itself is a part of its own.
        _by_http(capture, web.fetch(capture.url, method="HEAD" if error.reason_code == "not_a_page" else "GET"))
    except (FetchError, vault.VaultError) as second:
        fail(capture, second.sentence)


def _by_http(capture: Capture, page: Fetched) -> None:
    capture.method = Capture.Method.HTTP
    _note_page(capture, page.final_url, page.status, page.fetched_at)
    capture.facts |= _address(page)
    if page.body:
        add_part(capture, "page.html", page.body, page.media_type or "application/octet-stream", "http")
        if page.media_type in HTML_TYPES:
            with page_reading.begin(page.text()) as reading:
                _add_reading(capture, reading.result(), "http")
        answer = Exchange(
            url=page.final_url, method="GET", request_headers=(), status=page.status, status_text="",
            headers=tuple(page.headers.items()), body=page.body, at=page.fetched_at,
        )  # fmt: skip
        _add_wacz(capture, Recording((answer,)), page.final_url, "", page.fetched_at, "http")
    _add_common(capture, page.headers, _address(page), page.fetched_at, "http")


def _add_reading(capture: Capture, reading: page_reading.Reading, how: str) -> None:
    """What was read of the page: the facts, and the texts whose lines they name."""
    capture.facts["page_facts"] = page_facts.as_rows(reading.facts)
    add_part(capture, "text.txt", reading.text.encode(), "text/plain", how)
    add_json(capture, "facts.json", {"facts": capture.facts["page_facts"]}, "rule")
    if reading.ocr_lines:
        add_part(capture, "ocr.txt", "\n".join(reading.ocr_lines).encode(), "text/plain", "ocr")
    if reading.ocr_trouble:
        capture.facts["ocr_missing"] = reading.ocr_trouble
    if reading.machine:
        row = reading.machine.as_row()
        capture.facts["machine_reading"] = {name: row[name] for name in ("outcome", "model", "seconds")}
        if reading.machine.outcome == "read":
            add_json(capture, MACHINE_PART, row, "machine")


def _note_page(capture: Capture, final_url: str, status: int, at: datetime) -> None:
    capture.final_url, capture.http_status, capture.captured_at = final_url, status, at


def _address(page: PageCapture | Fetched) -> dict[str, Any]:
    return {
        "dns_answers": list(page.dns_answers), "peer_address": page.peer_address, "certificate": page.certificate,
        "network": asn.network_of(page.peer_address),
    }  # fmt: skip


def _add_common(capture: Capture, headers: dict[str, str], address: dict[str, Any], at: datetime, how: str) -> None:
    add_json(capture, "headers.json", {"status": capture.http_status, "headers": headers}, how)
    add_json(capture, "address.json", {"url": capture.url, "final_url": capture.final_url, **address}, how)
    times = {"utc": at.astimezone(UTC).isoformat(), "kst": at.astimezone(KST).isoformat()}
    add_json(capture, "times.json", times, how)


# --- the outcome -------------------------------------------------------------------------------------------------
def fail(capture: Capture, sentence: str) -> None:
    capture.status, capture.reason = Capture.Status.FAILED, sentence[:300]


def finish(capture: Capture, actor: str) -> None:
    if capture.status == Capture.Status.PENDING:
        if capture.purpose == "presence" and (capture.http_status or 0) >= 400:
            fail(capture, _("The site answered with an error (%(status)d).") % {"status": capture.http_status})
        else:
            capture.status = Capture.Status.COMPLETE
    capture.captured_at = capture.captured_at or timezone.now()
    with transaction.atomic():
        capture.save()
        custody.record(
            capture.case, "captured", actor=actor, subject=f"capture:{capture.pk}", status=capture.status,
            purpose=capture.purpose, method=capture.method, reason=capture.reason,
            parts={part.name: part.digest for part in capture.parts.all()},
        )  # fmt: skip


# --- the report --------------------------------------------------------------------------------------------------
def report_for(
    capture: Capture, *, language: str, actor: str, match_facts: dict[str, Any] | None = None, organisation: str = ""
) -> bytes:
    """The capture's report as PDF; that it was taken out is on record. Raises VaultError."""
    with translation.override(language):
        pdf = report.capture_report_pdf(report_context(capture, language, match_facts, organisation))
    custody.record(
        capture.case, "downloaded", actor=actor, subject=f"capture:{capture.pk}", what="report", language=language
    )
    return pdf


def report_context(
    capture: Capture, language: str, match_facts: dict[str, Any] | None, organisation: str
) -> report.ReportContext:
    parts = list(capture.parts.all())
    blurred = next((part for part in parts if part.name == "screenshot_blurred.png"), None)
    facts = capture.facts
    return report.ReportContext(
        case_number=capture.case.number, alias=capture.case.alias, organisation=organisation,
        officer=_officer_of(capture.case), url=capture.url, final_url=capture.final_url,
        captured_at=capture.captured_at or capture.started_at, http_status=capture.http_status,
        peer_address=facts.get("peer_address", ""), dns_answers=facts.get("dns_answers", []),
        certificate=facts.get("certificate"), network=facts.get("network"),
        page_facts=page_facts.shown(facts.get("page_facts", ()), language), method=capture.get_method_display(),
        browser_version=facts.get("browser_version", ""),
        parts=[report.Part(part.name, part.digest, part.size, part.how) for part in parts],
        custody=[
            report.CustodyLine(entry.sequence, entry.at, entry.actor, entry.act, entry.digest)
            for entry in _entries_of(capture)
        ],
        custody_intact=not custody.verify_chain(capture.case), match=_match_values(match_facts),
        screenshot_png=read_part(blurred) if blurred else None, language=language, notes=_notes(capture),
    )  # fmt: skip


def _match_values(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """A match's facts in the words of `match_media`, which the report speaks."""
    if not facts:
        return None
    segments = [
        {name.replace("candidate_", "cand_").replace("reference_", "ref_"): value for name, value in segment.items()}
        for segment in facts.get("segments", ())
    ]
    evidence = {"kinds": facts.get("kinds", ()), "transform": facts.get("transform", "")}
    return {**facts, "segments": segments, "evidence": evidence}


def _officer_of(case: Case) -> str:
    officer: User | None = case.officer
    return officer.shown_name if officer else ""


def _entries_of(capture: Capture) -> list[CustodyEntry]:
    """The entries that speak of this capture."""
    entries = CustodyEntry.objects.filter(case=capture.case).order_by("sequence")
    return [entry for entry in entries if _names(entry, capture.pk)]


def _names(entry: CustodyEntry, capture_id: UUID) -> bool:
    return entry.subject == f"capture:{capture_id}" or entry.detail.get("capture") == str(capture_id)


def _notes(capture: Capture) -> list[str]:
    """What a reader must know of how complete this capture is."""
    said = (
        "handed_in",
        "browser_failed",
        "archives_missing",
        "ocr_missing",
        "media_missing",
        "media_changed",
        "frames_missing",
    )
    return [sentence for sentence in (capture.reason, *(capture.facts.get(name, "") for name in said)) if sentence]
