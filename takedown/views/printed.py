"""A letter on paper: the Korean statutory form, or the letter itself, as PDF or as text to copy."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from cases import access, custody
from cases.vault import VaultError
from takedown import printing
from takedown.views.notice import notice_or_404


def printed(request: HttpRequest, notice_id: UUID, kind: str) -> HttpResponse:
    """`?captures=1` adds the masked pictures of the pages to the form. Every download is put on record."""
    officer = access.officer_page(request)
    row = notice_or_404(officer, notice_id)
    captures = request.GET.get("captures") == "1"
    if kind not in ("pdf", "txt"):
        raise Http404
    try:
        content = printing.pdf_for(row, captures=captures) if kind == "pdf" else printing.text_of(row).encode()
    except VaultError as error:
        messages.error(request, error.sentence)
        return redirect("takedown:notice", row.pk)
    custody.record(
        row.case, "downloaded", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}",
        what="form" if printing.has_form(row) else "letter", captures=captures,
    )  # fmt: skip
    return HttpResponse(
        content,
        content_type="application/pdf" if kind == "pdf" else "text/plain; charset=utf-8",
        headers={
            "Content-Disposition": f'inline; filename="{row.reference}.{kind}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
