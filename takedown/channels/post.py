"""The letter on paper: address block, date, subject and text as they are approved; the PDF is drawn from exactly these."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from cases.report import pdf_of
from takedown.channels import facts
from takedown.composing import KST
from takedown.dates import long_date
from takedown.drafting import NoticeError
from takedown.jurisdictions import locale_for
from takedown.letter_facts import organisation
from takedown.models import Notice


def message(notice: Notice, at: datetime) -> bytes:
    """Raises NoticeError."""
    if notice.contact is None:
        raise NoticeError(_("This hosting site has no contact that can be mailed. An administrator adds one."))
    centre, row = facts.centre_for(notice), organisation()
    korean = notice.language == "ko"
    content = {
        "to": notice.contact.address,
        "from": [centre.name, (row.address_ko or row.address) if korean else row.address],
        "date": long_date(at.astimezone(KST).date(), locale_for(notice.language, notice.site.jurisdiction)),
        "language": notice.language,
        "reference": notice.reference,
        "subject": notice.subject,
        "paragraphs": [one["text"].strip() for one in notice.paragraphs if one["text"].strip()],
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def recipient(approved: bytes) -> str:
    try:
        return str(json.loads(approved)["to"])
    except (ValueError, KeyError, TypeError):
        return ""


def pdf(approved: bytes) -> bytes:
    """The approved letter on A4, its address where a window envelope shows it (DIN 5008, form B). Raises ValueError."""
    content: dict[str, Any] = json.loads(approved)
    block = [line.strip() for line in content["to"].replace("\r", "").replace(";", "\n").split("\n") if line.strip()]
    return pdf_of(render_to_string("takedown/posted_letter.html", {**content, "block": block}), "css/letter.css")
