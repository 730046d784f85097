"""A web form: the values an officer copies into it, and approves as the letter's exact message."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from takedown import printing
from takedown.channels import facts, steps
from takedown.channels.models import Playbook
from takedown.channels.steps import Step, StepTrouble
from takedown.composing import in_language
from takedown.dates import long_date
from takedown.drafting import NoticeError
from takedown.jurisdictions import locale_for
from takedown.letter_facts import organisation
from takedown.message import body_of
from takedown.models import Contact, Notice


def playbook_of(contact: Contact) -> list[Step]:
    """The steps an administrator wrote for this form, or the usual ones. Raises StepTrouble."""
    kept = Playbook.objects.filter(contact=contact).first()
    return steps.read(kept.lines if kept else steps.USUAL)


def has_playbook(contact: Contact | None) -> bool:
    """Whether somebody wrote down how this form is filled in; the usual steps are for eyes, not for a browser."""
    return Playbook.objects.filter(contact=contact).exists()


def message(notice: Notice) -> bytes:
    """Address of the form and every value, in order. Raises NoticeError."""
    if notice.contact is None:
        raise NoticeError(_("This hosting site has no contact that can be mailed. An administrator adds one."))
    try:
        found = playbook_of(notice.contact)
    except StepTrouble as error:
        raise NoticeError(_("The steps of this form cannot be read. %(why)s") % {"why": error}) from error
    return steps.as_json(notice.contact.address, steps.filled(found, values_for(notice)))


def recipient(approved: bytes) -> str:
    try:
        return steps.from_json(approved)[0]
    except (ValueError, KeyError, TypeError):
        return ""


def values_for(notice: Notice) -> dict[str, str]:
    """What a form may ask for. Nothing of the person is among it."""
    centre, locations, row = facts.centre_for(notice), facts.locations_of(notice), organisation()
    korean = printing.has_form(notice)
    head = row.legal_representative_ko if notice.language == "ko" else row.legal_representative
    return {
        "urls": "\n".join(facts.unique([one.page_url for one in locations])),
        "first_url": locations[0].page_url,
        "media_urls": "\n".join(facts.unique([one.media_url for one in locations])),
        "reference": notice.reference,
        "subject": notice.subject,
        "letter": printing.text_of(notice).strip() if korean else body_of(notice).strip(),
        "centre": in_language(row.names, notice.language),
        "email": centre.email,
        "phone": centre.phone,
        "address": (row.address_ko or row.address) if notice.language == "ko" else row.address,
        "representative": head or row.legal_representative,
        "country": centre.country,
        "date": long_date(timezone.localdate(), locale_for(notice.language, notice.site.jurisdiction)),
    }
