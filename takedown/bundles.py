"""From a match to its evidence bundle: the reports in the languages that are needed, and what happened when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from cases import bundle as bundles
from cases import capture as captures
from cases import report
from cases.bundle import Bundle, BundleError
from cases.models import Capture, CustodyEntry
from cases.report_proof import Moment, named_actor, proof_of
from detection.facts import match_facts
from detection.models import Match
from takedown.models import Location, Organisation

ALWAYS = ("ko", "en")


def export(match: Match, file: BinaryIO, *, actor: str, reason: str, recipient: str = "") -> Bundle:
    """Write the bundle of this match into a seekable file; that it leaves, and why, is on record first.

    `actor`: "officer:<pk>" or "job". `recipient`: the public key it will be encrypted to, for the record.
    Raises BundleError or VaultError.
    """
    if match.capture is None or not is_captured(match):
        raise BundleError(_("This page is not captured yet."))
    bundle = bundles.begin(match.capture, actor=actor, reason=reason, recipient=recipient, match=str(match.pk))
    reports = {language: _report(match, bundle, language) for language in languages_for(match)}
    bundles.write(bundle, file, reports=reports, made_by=made_by())
    return bundle


def is_captured(match: Match) -> bool:
    """Page, medium and frames are kept; while they arrive there is nothing whole to hand over."""
    complete = match.capture is not None and match.capture.status == Capture.Status.COMPLETE
    return complete and match.status not in (Match.Status.FOUND, Match.Status.UNCAPTURED)


def made_by() -> dict[str, str]:
    return {"organisation": organisation_name("ko"), "product": f"SeoulGuard {settings.VERSION}"}


def languages_for(match: Match) -> list[str]:
    """Korean, English, and the language its letter speaks to the host."""
    location = Location.objects.select_related("notice").filter(match=match).first()
    host = location.notice.language if location else ""
    return [*ALWAYS, *([host] if host in settings.REPORT_LANGUAGES else [])]


def organisation_name(language: str) -> str:
    row = Organisation.objects.first()
    return str(row.names.get(language) or row) if row else ""


# --- the report --------------------------------------------------------------------------------------------------
def _report(match: Match, bundle: Bundle, language: str) -> bytes:
    with translation.override(language):
        context = captures.report_context(bundle.capture, language, match_facts(match), organisation_name(language))
        proof = proof_of(bundle, moments(match))
        custody = [_custody_line(entry) for entry in _entries(match, bundle)]
        return report.capture_report_pdf(replace(context, proof=proof, custody=custody))


def moments(match: Match) -> Iterator[Moment]:
    """What detection and takedown know of the time line, in the active language."""
    by_watch = _("The watch came across the recording on the page.")
    yield Moment(match.candidate.found_at, by_watch if match.candidate.source_id else _("The address was reported."))
    by_program = _("It was compared with the registered evidence by a program.")
    in_part = _(
        "A part of it was compared with the registered evidence by a program; the whole is examined afterwards."
    )
    yield Moment(match.judged_at, in_part if match.judged_in_part else by_program)
    if match.captured_at:
        yield Moment(match.captured_at, _("The recording itself and the aligned frames were preserved and sealed."))
    if match.accepted_at:
        yield Moment(match.accepted_at, _("An officer judged that it is the same material."))
    location = Location.objects.select_related("notice").filter(match=match).first()
    if location:
        told = {"site": location.notice.site.name}
        if location.notice.approved_at:
            yield Moment(location.notice.approved_at, _("An officer approved the removal request."))
        if location.notice.sent_at:
            yield Moment(location.notice.sent_at, _("The removal request was sent to %(site)s.") % told)
        if location.notice.removed_at:
            yield Moment(location.notice.removed_at, _("The removal was seen for the second time."))


def _entries(match: Match, bundle: Bundle) -> list[CustodyEntry]:
    """What the chain says of this capture, this match and its letter, this export included."""
    entries = CustodyEntry.objects.filter(case=match.case, sequence__lte=bundle.export.sequence).order_by("sequence")
    subjects = {f"match:{match.pk}", f"capture:{bundle.capture.pk}", f"evidence:{match.evidence_id}"}
    location = Location.objects.filter(match=match).first()
    if location:
        subjects.add(f"notice:{location.notice_id}")
    return [
        entry
        for entry in entries
        if (entry.subject in subjects and entry.detail.get("location") in (None, location and location.pk))
        or entry.detail.get("capture") == str(bundle.capture.pk)
    ]


def _custody_line(entry: CustodyEntry) -> report.CustodyLine:
    note = str(entry.detail.get("reason", "")) if entry.act == "downloaded" else ""
    return report.CustodyLine(entry.sequence, entry.at, named_actor(entry.actor), entry.act, entry.digest, note)
