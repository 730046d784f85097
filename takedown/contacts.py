"""What others ask of the directory of hosting sites; its rooms are in `takedown/directory/`."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cases.models import User
from takedown.directory import record
from takedown.directory.choosing import Purpose, is_stale, next_contact
from takedown.directory.models import DirectoryEntry
from takedown.directory.spreadsheet import MOST_ROWS, Outcome, export_csv, import_csv
from takedown.models import Contact

__all__ = [
    "MOST_ROWS", "Outcome", "Purpose", "bounced", "export_csv", "import_csv", "is_stale", "next_contact", "pause",
]  # fmt: skip
REASON = 300


def bounced(contact: Contact, reason: str, at: datetime | None = None) -> Contact | None:
    """A mail to this contact came back for good at that time: pause it, count it, and name the contact that is next.

    None when the site has no other that fits. Open drafts are readdressed by the next sweep; nothing is sent by this.
    """
    at = at or timezone.now()
    with transaction.atomic():
        Contact.objects.filter(pk=contact.pk).exclude(state=Contact.State.RETIRED).update(state=Contact.State.BOUNCED)
        Contact.objects.filter(pk=contact.pk).update(
            failure=reason[:REASON], bounce_count=F("bounce_count") + 1, bounced_at=at
        )
        contact.refresh_from_db()
        verb = DirectoryEntry.Verb.BOUNCED
        record.write(contact.site, verb, None, address=contact.address, at=at, reason=reason[:REASON])
    return next_contact(contact.site, instead_of=contact)


def pause(contact: Contact, admin: User, why: str) -> Contact | None:
    """Take a contact out of use until it is confirmed again; letters fall back to the next. Needs no second person."""
    with transaction.atomic():
        Contact.objects.filter(pk=contact.pk, state=Contact.State.USABLE).update(
            state=Contact.State.PAUSED, failure=why[:REASON]
        )
        record.write(contact.site, DirectoryEntry.Verb.PAUSED, admin, address=contact.address, why=why[:REASON])
    contact.refresh_from_db()
    return next_contact(contact.site, instead_of=contact)
