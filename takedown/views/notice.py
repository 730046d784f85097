"""One letter: read, edited, approved, taken back."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import access
from cases.models import User
from takedown import ahead, completeness, counsel, notices, police_report, printing
from takedown.answer_models import HostAnswer
from takedown.channels.registry import goes_by_hand
from takedown.clicks import said
from takedown.differences import Piece, pieces
from takedown.directory.choosing import is_stale
from takedown.forms import LetterForm
from takedown.ladder_models import places_of, step_of
from takedown.message import digest_of
from takedown.models import LETTER_LANGUAGES, Notice


def notice(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """The letter beside its Korean text, paragraph by paragraph; POST saves the editable ones."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    form = LetterForm(request.POST or None, notice=row)
    if request.method == "POST" and form.is_valid() and _kept(request, row, form, officer):
        return redirect("takedown:notice", row.pk)
    return render(request, "takedown/notice.html", notice_context(row, form))


def _kept(request: HttpRequest, row: Notice, form: LetterForm, officer: User) -> bool:
    written = form.cleaned_data
    try:
        notices.edit(row, written["subject"], form.edited_paragraphs(), written["addition"], officer)
    except notices.NoticeError as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("Saved. Nothing has been sent."))
    return True


def notice_context(row: Notice, form: LetterForm) -> dict[str, object]:
    return {
        "notice": row,
        "form": form,
        "rows": form.rows(),
        "editable": row.status == Notice.Status.DRAFT,
        "missing": [*_unsaved(form), *completeness.troubles(row)] if row.status == Notice.Status.DRAFT else [],
        "mime": _mime(row),
        "goes_by_hand": goes_by_hand(row),
        "subject_pieces": _subject_pieces(row),
        "has_form": printing.has_form(row),
        "laws": counsel.cited(row, get_language() or "en"),
        "unchecked": counsel.unchecked(row),
        "seen": notices.text_digest(row),
        "police_asked": row.status == Notice.Status.DRAFT and police_report.is_asked(row),
        "stages": notices.stage_seconds(row),
        "languages": LETTER_LANGUAGES,
        "locations": places_of(row).select_related("match__candidate").prefetch_related("checks"),
        "deliveries": row.deliveries.all(),
        "ladder": ahead.steps_of(row) if step_of(row) is None else [],
        "answer_kinds": HostAnswer.Kind.choices,
        "answer_reasons": HostAnswer.Reason.choices,
        "is_stale": row.contact is not None and is_stale(row.contact),
        "reply_count": row.inbound.count(),
        "unread_count": row.inbound.unread().count(),
        "page": "sent" if row.status in {"sent", "removed"} else "desk",
    }


def _subject_pieces(row: Notice) -> list[Piece]:
    written = row.composed.get("subject", row.subject)
    return pieces(written, row.subject) if written != row.subject else []


def _unsaved(form: LetterForm) -> list[completeness.Trouble]:
    """Words that were refused stand in the form still; approving beside them would send others."""
    return [completeness.Trouble(_("Your changes are not saved yet."), "#letter")] if form.is_bound else []


def _mime(row: Notice) -> dict[str, str]:
    """The exact message and its digest; empty where nobody can be written to yet."""
    try:
        raw = notices.preview(row)
    except notices.NoticeError:
        return {}
    return {"source": raw.decode(), "digest": digest_of(raw)}


@require_POST
def language(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Compose the draft anew in another language; edits of the old text are dropped, and the page says so."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    chosen = request.POST.get("language", "")
    if chosen not in dict(LETTER_LANGUAGES):
        raise Http404
    said(request, lambda: notices.recompose(row, language=chosen, actor=f"officer:{officer.pk}"), _("Composed anew."))
    return redirect("takedown:notice", row.pk)


@require_POST
def police(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """The number of the police report, or the letter without the statute that asks for one."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    reference, without = request.POST.get("police_reference", ""), "without" in request.POST
    said(request, lambda: police_report.answer(row, reference, officer, without=without), _("Composed anew."))
    return redirect("takedown:notice", row.pk)


def message(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """The exact message, byte for byte, as text."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    try:
        raw = bytes(row.message) or notices.preview(row)
    except notices.NoticeError as error:
        messages.error(request, str(error))
        return redirect("takedown:notice", row.pk)
    return HttpResponse(raw, content_type="text/plain; charset=utf-8", headers={"X-Content-Type-Options": "nosniff"})


@require_POST
def approve(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Exactly this text leaves after the undo window."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    # An approval that does not say which text was read approves none.
    seen = request.POST.get("seen") or "nothing"
    done = _("Approved. You can still take it back for a moment.")
    said(request, lambda: notices.approve(row, officer, seen=seen), done)
    return redirect("takedown:notice", row.pk)


@require_POST
def undo(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Take the approval back while the letter is still here."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    said(request, lambda: notices.undo(row, officer), _("Taken back. Nothing was sent."))
    return redirect("takedown:notice", row.pk)


@require_POST
def decide(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """A letter that was perhaps sent: the officer says whether it was."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    if request.POST.get("sent") not in {"yes", "no"}:
        raise Http404
    was_sent = request.POST["sent"] == "yes"
    done = _("Thank you. The letter's state is settled.")
    said(request, lambda: notices.decide_uncertain(row, officer, sent=was_sent), done)
    return redirect("takedown:notice", row.pk)


def notice_or_404(officer: User, notice_id: UUID) -> Notice:
    rows = Notice.objects.visible_to(officer).select_related("case", "site", "contact", "follows")
    row = rows.filter(pk=notice_id).first()
    if row is None:
        raise Http404
    return row
