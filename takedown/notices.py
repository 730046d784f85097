"""A notice's way from draft to sent. No letter leaves without an officer's approval of exactly that message.

draft → approved (undo window) → claimed → sending (committed before the first byte leaves) → sent, failed or uncertain
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import custody
from cases.models import User
from takedown import completeness, letters
from takedown.addressing import contact_for, site_for_url
from takedown.channels.registry import goes_by_hand, message_for
from takedown.drafting import (
    AFTER_THE_ADDITION,
    NoticeError,
    clear_approval,
    draft_due,
    draft_for,
    lawbook_for,
    locked,
    recompose,
    stage_seconds,
)
from takedown.letter_facts import request_for
from takedown.message import body_of, digest_of, message_id_for
from takedown.models import Notice
from takedown.sending import decide_uncertain, give_up, mark_uncertain, send

__all__ = [
    "NoticeError", "approve", "contact_for", "decide_uncertain", "draft_due", "draft_for", "edit", "gate", "give_up",
    "mark_uncertain", "preview", "recompose", "send", "site_for_url", "stage_seconds", "text_digest", "undo",
]  # fmt: skip


# --- the officer's words -----------------------------------------------------------------------------------------
def edit(notice: Notice, subject: str, paragraphs: dict[str, str], addition: str, officer: User) -> None:
    """Keep the officer's own subject, sentences (by paragraph key) and addition of a draft.

    Raises NoticeError when a sentence of law would change, when the reference leaves the subject, or when the words
    name the person.
    """
    with transaction.atomic():
        row = locked(notice)
        if row.status != Notice.Status.DRAFT:
            raise NoticeError(_("Only a draft can be edited."))
        row.subject, row.addition = letters.one_line(subject), _lines(addition)
        row.paragraphs = _with_addition(row, _edited(row, paragraphs))
        if wrong := [*completeness.broken_locks(row), *completeness.named_person(row)]:
            raise NoticeError(*wrong)
        row.save(update_fields=["subject", "addition", "paragraphs"])
        custody.record(
            row.case, "drafted", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}", text=text_digest(row)
        )
    notice.refresh_from_db()


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _edited(row: Notice, paragraphs: dict[str, str]) -> list[dict[str, Any]]:
    known = {paragraph["key"]: paragraph for paragraph in row.paragraphs}
    for key, text in paragraphs.items():
        if key not in known:
            raise NoticeError(_("The letter has no paragraph “%(key)s”.") % {"key": key})
        if known[key]["locked"] and _lines(text) != _lines(known[key]["text"]):
            raise NoticeError(_("A locked paragraph cannot be changed: %(key)s.") % {"key": key})
    kept = [paragraph for paragraph in row.paragraphs if paragraph["key"] != "free_text"]
    return [one if one["locked"] else {**one, "text": _lines(paragraphs.get(one["key"], one["text"]))} for one in kept]


def _with_addition(row: Notice, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The addition stands before the closing, under the heading that marks it as untranslated."""
    written = [p._asdict() for p in letters.compose(request_for(row), lawbook_for(row)).paragraphs]
    addition = [paragraph for paragraph in written if paragraph["key"] == "free_text"]
    at = next((n for n, paragraph in enumerate(rows) if paragraph["key"] in AFTER_THE_ADDITION), len(rows))
    return rows[:at] + addition + rows[at:]


# --- the gate ----------------------------------------------------------------------------------------------------
def gate(notice: Notice) -> list[str]:
    """Everything that keeps this draft from leaving, in sentences; empty when it may be approved."""
    return [trouble.sentence for trouble in completeness.troubles(notice)]


# --- approval ----------------------------------------------------------------------------------------------------
def preview(notice: Notice) -> bytes:
    """The exact message: as approved, or as it would be approved now. Raises NoticeError."""
    return bytes(notice.message) or message_for(notice, timezone.now())


def text_digest(notice: Notice) -> str:
    """ "sha256:…" of recipient, subject and text as they stand: what an officer has before the eyes when approving."""
    recipient = notice.contact.address if notice.contact else ""
    return letters.letter_digest(f"{recipient}\n{notice.subject}", body_of(notice))


def approve(notice: Notice, officer: User, *, seen: str = "") -> None:
    """Approve exactly this message; it leaves after the undo window, or waits to be handed in. Raises NoticeError.

    `seen` is the `text_digest` of the text the officer read: when addresses joined the draft meanwhile, it is refused.
    """
    with transaction.atomic():
        row = locked(notice)
        if row.status != Notice.Status.DRAFT:
            raise NoticeError(_("Only a draft can be approved."))
        if not Notice.objects.visible_to(officer).filter(pk=row.pk).exists():
            raise NoticeError(_("Only an officer of this case can approve its letters."))
        if seen and seen != text_digest(row):
            raise NoticeError(_("The letter has changed since you opened it. Please read it again."))
        if sentences := gate(row):
            raise NoticeError(*sentences)
        _approve(row, officer)
    notice.refresh_from_db()


def _approve(row: Notice, officer: User) -> None:
    at = timezone.now()
    clear_approval(row)
    row.status, row.reason = Notice.Status.BY_HAND if goes_by_hand(row) else Notice.Status.APPROVED, ""
    row.approved_at, row.approved_by = at, officer
    row.send_after = at + timedelta(seconds=settings.UNDO_SECONDS)
    row.message = message_for(row, at)
    row.approved_digest, row.message_id = digest_of(row.message), message_id_for(row)
    row.save()
    custody.record(
        row.case, "approved", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}",
        reference=row.reference, message=row.approved_digest, contact=row.contact_id,
    )  # fmt: skip


def undo(notice: Notice, officer: User) -> None:
    """Take an approval back while the message is still here. Raises NoticeError when it is not."""
    with transaction.atomic():
        locked(notice)
        # One conditional UPDATE: either this takes the row, or the worker's claim has it already.
        taken = (
            Notice.objects.filter(Q(leased_until=None) | Q(leased_until__lt=timezone.now()))
            .filter(pk=notice.pk, status__in=[Notice.Status.APPROVED, Notice.Status.BY_HAND])
            .update(status=Notice.Status.DRAFT)
        )
        if not taken:
            raise NoticeError(_("Too late: the letter is leaving, or has left."))
        row = Notice.objects.get(pk=notice.pk)
        clear_approval(row)
        row.save()
        custody.record(
            row.case, "undone", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}", reference=row.reference
        )
    notice.refresh_from_db()
