"""Captured matches become drafts: one notice per case and hosting site, listing all its addresses."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import custody
from cases.models import Case
from detection.models import Match
from takedown import letters
from takedown.addressing import FetchError, Purpose, contact_for, contact_of, site_for_url, trouble_with
from takedown.ladder_models import step_of
from takedown.lawbook import Lawbook
from takedown.letter_facts import request_for
from takedown.models import Contact, HostingSite, LetterTemplate, Location, Notice, Statute

logger = logging.getLogger(__name__)

ADDRESSES_PER_NOTICE = 250
# Without letters and digits that are misread on the telephone.
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REWRITABLE = (Notice.Status.DRAFT, Notice.Status.FAILED)
# What a paragraph or a site that an administrator edited can cause.
LETTER_TROUBLES = (KeyError, ValueError, IndexError)
POLICE_REPORT = "E28"
AFTER_THE_ADDITION = frozenset({"form_closing", "signature"})


class NoticeError(Exception):
    """Refused, with the sentences that say why."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = list(sentences)


# --- from matches to drafts --------------------------------------------------------------------------------------
def draft_due(at: datetime) -> list[Notice]:
    """Draft, or add to an open draft, every captured match that stands in no notice yet. Returns what was written."""
    _readdress()
    due = Match.objects.captured().filter(location=None, case__in=Case.objects.watched(at))
    groups: dict[tuple[Any, int], list[Match]] = {}
    sites: dict[int, HostingSite] = {}
    for match in due.select_related("candidate", "case").order_by("candidate__found_at", "pk"):
        site = _site_of(match)
        if site:
            sites[site.pk] = site
            groups.setdefault((match.case, site.pk), []).append(match)
    return [notice for (case, pk), matches in groups.items() for notice in _drafted(case, sites[pk], matches)]


def _drafted(case: Case, site: HostingSite, matches: list[Match]) -> list[Notice]:
    """One letter that cannot be composed must not hold up the others; its matches say why."""
    try:
        return draft_for(case, site, matches)
    except LETTER_TROUBLES as error:
        logger.exception("a letter to site %s could not be composed", site.pk)
        why = _("The letter could not be composed: %(why)s") % {"why": f"{type(error).__name__} {error}"}
        Match.objects.filter(pk__in=[match.pk for match in matches]).update(reason=why[:300])
        return []


def _site_of(match: Match) -> HostingSite | None:
    try:
        return site_for_url(match.candidate.page_url)
    except FetchError as error:
        logger.warning("no letter can be drafted for match %s: %s", match.pk, error.reason_code)
        Match.objects.filter(pk=match.pk).update(reason=error.sentence)
        return None


def _readdress() -> None:
    """Drafts whose contact bounced, or that never had one, go to the next that can be mailed."""
    stuck = Q(contact=None) | ~Q(contact__state=Contact.State.USABLE) | Q(contact__confirmed_at=None)
    for notice in Notice.objects.filter(stuck, status=Notice.Status.DRAFT).select_related(
        "site", "contact", "case", "step"
    ):
        contact = contact_of(notice)
        if contact and contact != notice.contact:
            Notice.objects.filter(pk=notice.pk, status=Notice.Status.DRAFT).update(contact=contact)


def draft_for(case: Case, site: HostingSite, matches: Iterable[Match]) -> list[Notice]:
    """Drafts of this case to this site that now list these matches. Safe to call twice: no match is listed twice."""
    with transaction.atomic():
        # The case's row is the lock: two sweeps at once must not list an address twice.
        Case.objects.select_for_update().get(pk=case.pk)
        wanted = [match.pk for match in matches]
        open_ones = (
            Match.objects.captured().filter(pk__in=wanted, location=None).select_related("candidate", "evidence")
        )
        waiting = list(open_ones.order_by("candidate__found_at", "pk"))
        written = []
        while waiting:
            notice = _open_draft(case, site) or _new_notice(case, site, waiting[0])
            room = ADDRESSES_PER_NOTICE - notice.locations.count()
            listed, waiting = waiting[:room], waiting[room:]
            _list(notice, listed)
            written.append(notice)
        return written


def _open_draft(case: Case, site: HostingSite) -> Notice | None:
    # A step of the ladder is a letter about addresses that were asked for before: new ones do not join it.
    drafts = Notice.objects.select_for_update().filter(case=case, site=site, status=Notice.Status.DRAFT)
    drafts = drafts.filter(pk__in=Notice.objects.filter(step=None).values("pk"))
    return next((notice for notice in drafts if notice.locations.count() < ADDRESSES_PER_NOTICE), None)


def _new_notice(case: Case, site: HostingSite, first: Match) -> Notice:
    return Notice.objects.create(
        reference=new_reference(),
        case=case,
        site=site,
        contact=contact_for(site, Purpose(content=case.content_kind)),
        language=site.language if site.language in letters.LANGUAGES else "en",
        found_at=first.candidate.found_at,
        drafted_at=timezone.now(),
    )


def new_reference() -> str:
    """Says nothing about the case, and can be spelled on the telephone: `SG-2026-7KQM3XPT`."""
    return f"SG-{timezone.now():%Y}-{''.join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))}"


def _list(notice: Notice, matches: list[Match]) -> None:
    for match in matches:
        candidate = match.candidate
        Location.objects.create(notice=notice, match=match, page_url=candidate.page_url, media_url=candidate.media_url)
    notice.found_at = min(notice.found_at, *(match.candidate.found_at for match in matches))
    notice.follows = notice.follows or _earlier_notice(notice, matches)
    write(notice, keep_edits=True)
    notice.save()
    custody.record(
        notice.case, "drafted", actor="job", subject=f"notice:{notice.pk}", reference=notice.reference,
        language=notice.language, matches=[str(match.pk) for match in matches],
    )  # fmt: skip


def _earlier_notice(notice: Notice, matches: list[Match]) -> Notice | None:
    """The latest notice about the same evidence that was sent before this copy was found; the same site's first."""
    earlier = Notice.objects.filter(
        case=notice.case,
        status__in=[Notice.Status.SENT, Notice.Status.REMOVED],
        locations__match__evidence__in={match.evidence_id for match in matches},
        sent_at__lt=max(match.candidate.found_at for match in matches),
    ).exclude(pk=notice.pk)
    return earlier.filter(site=notice.site).order_by("-sent_at").first() or earlier.order_by("-sent_at").first()


# --- the text ----------------------------------------------------------------------------------------------------
def write(notice: Notice, *, keep_edits: bool) -> None:
    """Compose the notice's text anew, in memory. An officer's own sentences stay when `keep_edits`."""
    edits = edits_of(notice) if keep_edits else {}
    request, book = request_for(notice), lawbook_for(notice)
    letter, korean = letters.compose(request, book), letters.korean_companion(request, book)
    notice.subject = edits.get("subject", letter.subject)[:300]
    rows = _rows(letter.paragraphs)
    notice.paragraphs = [{**row, "text": edits.get(row["key"], row["text"])} for row in rows]
    notice.composed = {
        "subject": letter.subject[:300],
        "paragraphs": [row for row in rows if row["key"] != "free_text"],
    }
    notice.korean = {"subject": korean.subject, "paragraphs": _rows(korean.paragraphs)}
    notice.statutes = [{"code": cited.code, "version": cited.version} for cited in letter.statutes]
    notice.templates = [used._asdict() for used in letter.templates]
    notice.deadline_hours = letter.deadline_hours


def edits_of(notice: Notice) -> dict[str, str]:
    """What the officer wrote in place of the template, by paragraph key."""
    composed = {row["key"]: row["text"] for row in notice.composed.get("paragraphs", [])}
    own = {
        row["key"]: row["text"]
        for row in notice.paragraphs
        if not row["locked"] and row["key"] != "free_text" and row["text"] != composed.get(row["key"])
    }
    changed = notice.composed and notice.subject != notice.composed.get("subject")
    return {**own, "subject": notice.subject} if changed else own


def _rows(paragraphs: Iterable[letters.Paragraph]) -> list[dict[str, Any]]:
    return [paragraph._asdict() for paragraph in paragraphs]


def recompose(notice: Notice, language: str | None = None, actor: str = "job") -> None:
    """Compose a draft, or a letter that failed, anew: current paragraphs of law, current contact.

    Another language drops the officer's edits of the old text. Raises NoticeError.
    """
    with transaction.atomic():
        row = locked(notice)
        if row.status not in REWRITABLE:
            raise NoticeError(_("Only a draft can be composed anew."))
        if language and language not in letters.LANGUAGES:
            raise NoticeError(_("Letters cannot be written in this language."))
        same = language in (None, row.language)
        row.language = language or row.language
        row.status, row.reason = Notice.Status.DRAFT, ""
        if trouble_with(row.contact):
            row.contact = contact_of(row)
        clear_approval(row)
        write(row, keep_edits=same)
        row.save()
        custody.record(
            row.case, "drafted", actor=actor, subject=f"notice:{row.pk}", reference=row.reference, language=row.language
        )
    notice.refresh_from_db()


def locked(notice: Notice) -> Notice:
    """The current row, held until the transaction ends.

    The case's row first: custody entries take it too, and one order everywhere cannot end in a deadlock.
    """
    Case.objects.select_for_update().only("pk").get(pk=notice.case_id)
    return Notice.objects.select_for_update().get(pk=notice.pk)


def clear_approval(notice: Notice) -> None:
    """Back to nothing approved, in memory: another approval makes another message."""
    notice.approved_at = notice.approved_by = notice.send_after = None
    notice.approved_digest, notice.message = "", b""
    notice.attempts = 0
    notice.release()


def lawbook_for(notice: Notice) -> Lawbook:
    """Statutes, and the paragraphs of this letter's language and of its Korean companion, as administrators keep them."""
    # A complaint under a statute that asks for a police report is none without it. The officer decides: give its
    # number, or write without this statute. Nothing is left out silently.
    statutes = [row for row in Statute.objects.all() if not (notice.without_police_report and asks_for_police(row))]
    return Lawbook.of(statutes, LetterTemplate.objects.filter(language__in={notice.language, "ko"}))


def asks_for_police(row: Statute) -> bool:
    return POLICE_REPORT in row.elements


# --- the clock ---------------------------------------------------------------------------------------------------
def stage_seconds(notice: Notice) -> dict[str, float]:
    """Seconds of each stage, from the first address found to the draft: examine, capture, draft, total."""
    step = step_of(notice)
    if step is not None:  # it begins with the deadline that passed; the material was found long before
        return {"total": max(0.0, (step.ready_at - step.due_at).total_seconds())}
    total = max(0.0, (notice.drafted_at - notice.found_at).total_seconds())
    locations = list(notice.locations.all())
    if not locations:
        return {"examine": 0.0, "capture": 0.0, "draft": 0.0, "total": total}
    match = min((location.match for location in locations), key=lambda one: one.candidate.found_at)
    captured = match.captured_at or match.judged_at
    spans = {
        "examine": match.judged_at - match.candidate.found_at,
        "capture": captured - match.judged_at,
        "draft": notice.drafted_at - captured,
    }
    return {**{name: max(0.0, span.total_seconds()) for name, span in spans.items()}, "total": total}
