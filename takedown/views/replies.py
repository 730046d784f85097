"""What hosts answered: as text, never as HTML; attachments by name only."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import access
from takedown.inbox.models import InboundMail, Mailbox
from takedown.inbox.receiving import texts
from takedown.views.notice import notice_or_404

SHOWN = 200


def replies(request: HttpRequest) -> HttpResponse:
    """All that came in for the officer's letters, unread first, without its words."""
    officer = access.officer_page(request)
    rows = InboundMail.objects.visible_to(officer).select_related("notice__case", "notice__site", "read_by")
    context = {
        "mails": rows.order_by(F("read_at").desc(nulls_first=True), "-received_at")[:SHOWN],
        "troubled": Mailbox.objects.exclude(trouble=""),
        "page": "replies",
    }
    return render(request, "takedown/replies.html", context)


def notice_replies(request: HttpRequest, notice_id: UUID) -> HttpResponse:
    """What came in for one letter, in words."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    shown = texts(row.inbound.select_related("notice__case", "read_by")[:SHOWN])
    return render(request, "takedown/notice_replies.html", {"notice": row, "shown": shown, "page": "replies"})


@require_POST
def read(request: HttpRequest, mail_id: UUID) -> HttpResponse:
    """The officer has read it; the first one to say so stays on record."""
    officer = access.officer_page(request)
    row = InboundMail.objects.visible_to(officer).filter(pk=mail_id).first()
    if row is None:
        raise Http404
    InboundMail.objects.filter(pk=row.pk, read_by=None).update(read_by=officer, read_at=timezone.now())
    messages.success(request, _("Marked as read."))
    return redirect("takedown:notice_replies", row.notice_id)
