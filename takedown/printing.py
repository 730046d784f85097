"""What is handed in on paper: the Korean statutory form where the letter cites it, else the letter itself."""

from __future__ import annotations

from collections.abc import Sequence

from django.template.loader import render_to_string

from cases.models import CapturePart
from cases.parts import read_part
from cases.report import pdf_of
from takedown import statutory_form
from takedown.drafting import lawbook_for
from takedown.letter_facts import request_for
from takedown.message import body_of
from takedown.models import Notice

FORM_STATUTE = "KR-2"


def has_form(notice: Notice) -> bool:
    """Whether this letter cites the decree that asks for the Korean form."""
    return any(row["code"] == FORM_STATUTE for row in notice.statutes)


def text_of(notice: Notice) -> str:
    """The form's fields to copy into an operator's page; for other letters the text as it stands."""
    return statutory_form.as_text(_form(notice)) if has_form(notice) else f"{notice.subject}\n\n{body_of(notice)}"


def pdf_for(notice: Notice, *, captures: bool = False) -> bytes:
    """On A4. `captures` adds the masked pictures of the pages to the form. Raises VaultError."""
    if has_form(notice):
        return statutory_form.as_pdf(_form(notice), masked_captures(notice) if captures else ())
    texts = [row["text"].strip() for row in notice.paragraphs if row["text"].strip()]
    return letter_pdf(notice.language, notice.reference, notice.subject, texts)


def _form(notice: Notice) -> statutory_form.Form:
    return statutory_form.filled(request_for(notice), lawbook_for(notice))


def masked_captures(notice: Notice) -> list[bytes]:
    """The pictures in which every media area is hidden; never the clear ones. Raises VaultError."""
    wanted = CapturePart.objects.filter(
        capture__matches__location__notice=notice, name="screenshot_blurred.png", how="browser"
    )
    return [read_part(part) for part in wanted.order_by("pk")[: statutory_form.MOST_CAPTURES]]


def letter_pdf(language: str, reference: str, subject: str, paragraphs: Sequence[str]) -> bytes:
    """A letter on A4."""
    values = {"language": language, "reference": reference, "subject": subject, "paragraphs": paragraphs}
    return pdf_of(render_to_string("takedown/printed_letter.html", values), "css/letter.css")
