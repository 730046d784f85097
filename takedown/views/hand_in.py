"""A letter an officer hands in: values to copy into a web form, or a letter to print; the proof afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import access, custody
from cases.parts import read_part
from cases.vault import VaultError
from takedown import printing
from takedown.channels import by_hand, form, post, replay, steps
from takedown.channels.by_hand import HandInForm
from takedown.channels.models import FormRun, HandDelivery
from takedown.drafting import NoticeError
from takedown.models import Contact, Notice
from takedown.views.notice import notice_or_404

LONG = 90


def hand_in(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """What to copy or print, the browser's rehearsal, and the form that marks it as handed in."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    if row.contact is None or row.contact.channel not in (Contact.Channel.FORM, Contact.Channel.POST):
        raise Http404
    entered = HandInForm(request.POST or None, request.FILES or None, notice=row)
    if request.method == "POST" and entered.is_valid():
        told = entered.cleaned_data
        try:
            by_hand.handed_in(
                row, officer, told["handed_in_on"], reference=told["reference"].strip(), proof=told["proof"]
            )
        except (NoticeError, VaultError) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Marked as handed in. Its addresses are checked from now on."))
            return redirect("takedown:notice", row.pk)
    return render(request, "takedown/hand_in.html", _shown(row, entered))


def _shown(row: Notice, entered: HandInForm) -> dict[str, Any]:
    waits = row.status == Notice.Status.BY_HAND
    by_form = bool(row.contact and row.contact.channel == Contact.Channel.FORM)
    run = row.form_runs.last() if by_form else None
    busy = bool(run and run.status in replay.UNFINISHED)
    return {
        "notice": row,
        "form": entered,
        "waits": waits,
        "closed": by_hand.why_not_now(row) if waits else "",
        "by_form": by_form,
        "steps": _steps(row) if by_form and row.message else [],
        "has_playbook": form.has_playbook(row.contact),
        "has_form": printing.has_form(row),
        "run": run,
        "busy": busy,
        "may_press": waits and not busy and replay.rehearsed(row),
        "done": HandDelivery.objects.filter(delivery__notice=row).last(),
        "page": "desk" if waits else "sent",
    }


def _steps(row: Notice) -> list[dict[str, Any]]:
    """Each step with what is copied; a long value stands in a box of its own."""
    _url, found = steps.from_json(bytes(row.message))
    return [
        {"verb": step.verb, "field": steps.shown_field(step), "value": step.value,
         "long": len(step.value) > LONG or "\n" in step.value}
        for step in found
    ]  # fmt: skip


@require_POST
def rehearse(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Have the browser fill the form in, up to the last click."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    try:
        replay.rehearse(row, officer)
    except NoticeError as error:
        messages.error(request, str(error))
    return redirect("takedown:hand_in", row.pk)


@require_POST
def press(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """Have the browser fill the form in again and make the last click."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    try:
        replay.press(row, officer)
    except NoticeError as error:
        messages.error(request, str(error))
    return redirect("takedown:hand_in", row.pk)


def picture(request: HttpRequest, notice_id: UUID, run_id: int) -> HttpResponse:
    """The form as the browser filled it in, without any image of the page."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    run = FormRun.objects.filter(notice=row, pk=run_id).select_related("picture").first()
    part = run.picture.parts.first() if run and run.picture else None
    if part is None:
        raise Http404
    try:
        content = read_part(part)
    except VaultError as error:
        raise Http404(error.sentence) from error
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="image/png", headers=headers)


def posted(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """The approved letter to print, with its address block. Every download is put on record."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    if not row.message or not row.contact or row.contact.channel != Contact.Channel.POST:
        raise Http404
    pdf = post.pdf(bytes(row.message))
    custody.record(
        row.case, "downloaded", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}", what="posted letter"
    )
    headers = {
        "Content-Disposition": f'inline; filename="{row.reference}-post.pdf"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)
