"""An address does not work: the contact is paused, and the letter goes before an officer again, for the next address."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from cases import custody
from takedown.addressing import contact_for
from takedown.contacts import bounced
from takedown.drafting import LETTER_TROUBLES, clear_approval, locked, write
from takedown.models import Contact, Delivery, Notice

SENTENCE = 300
LEFT = (Notice.Status.SENT, Notice.Status.UNCERTAIN)


def came_back(notice: Notice, recipient: str, reason: str, at: datetime, *, address_dead: bool) -> bool:
    """The letter to `recipient` did not arrive. False when it is not the letter that is out (a late or repeated bounce).

    With a dead address the contact is paused and the letter becomes a draft for the next one, waiting for one click.
    Otherwise it counts as failed, with the reason, and an officer decides.
    """
    with transaction.atomic():
        row = locked(notice)
        delivery = row.deliveries.filter(recipient__iexact=recipient).last()
        contact = row.site.contacts.filter(channel=Contact.Channel.EMAIL, address__iexact=recipient).first()
        if contact and address_dead:
            bounced(contact, reason, at)
        if row.status not in LEFT or delivery is None or row.deliveries.last() != delivery:
            return False
        Delivery.objects.filter(pk=delivery.pk).update(
            status=Delivery.Status.FAILED, answer=reason[:SENTENCE], permanent=address_dead, ended_at=at
        )
        if address_dead:
            propose_next(row, reason)
        else:
            row.status, row.reason = Notice.Status.FAILED, (_("The letter came back.") + f" {reason}")[:SENTENCE]
            row.save(update_fields=["status", "reason"])
        custody.record(
            row.case,
            "returned",
            actor="job",
            subject=f"notice:{row.pk}",
            reference=row.reference,
            address_dead=address_dead,
        )
    notice.refresh_from_db()
    return True


def propose_next(row: Notice, reason: str) -> None:
    """A draft again, to the next contact that can be mailed, or to none until there is one. The caller holds the row."""
    row.contact = contact_for(row.site)
    sentence = _("The address did not work; this is the next one. Please read the letter and approve it again.")
    if row.contact is None:
        sentence = _("The address did not work, and there is no other. An administrator adds one.")
    clear_approval(row)
    row.status, row.sent_at, row.message_id = Notice.Status.DRAFT, None, ""
    row.reason = f"{sentence} {reason}"[:SENTENCE]
    try:
        write(row, keep_edits=True)
    except LETTER_TROUBLES as error:  # the text stays as it was; "Compose anew" says the same to the officer
        row.reason = (_("The letter could not be composed: %(why)s") % {"why": type(error).__name__})[:SENTENCE]
    row.save()
    row.locations.update(next_check_at=None)
