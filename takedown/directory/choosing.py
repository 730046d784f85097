"""Which contact a letter goes to: by state, scope and order; and which are old or doubtful."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models import Case
from takedown.channels import ready
from takedown.jurisdictions import regimes_of
from takedown.models import Contact, HostingSite

# Case.content_kind: "minor" before all others.
CONTENT_KINDS = [*Case.Content.choices, ("minor", _("Material of a minor"))]


@dataclass(frozen=True)
class Purpose:
    """What a letter is for. Empty: as the site itself is entered; an empty `content` is about no kind in particular."""

    addressee: str = ""
    content: str = ""
    jurisdiction: str = ""


def next_contact(
    site: HostingSite,
    purpose: Purpose | None = None,
    *,
    channel: str = "",
    named: bool = False,
    instead_of: Contact | None = None,
) -> Contact | None:
    """The first usable contact whose scope fits: confirmed ones before the others, then by order.

    Paused, bounced and retired ones are passed over, and interfaces without a key. `instead_of` is passed over too.
    `named`: only those that name this kind of addressee themselves.
    """  # fmt: skip
    wanted = purpose or Purpose()
    channels = {channel} if channel else ready.open_channels()
    usable = [
        one for one in site.contacts.all()
        if one.state == Contact.State.USABLE and one.channel in channels and one != instead_of
        and fits(one, site, wanted) and (not named or wanted.addressee in one.addressees)
    ]  # fmt: skip
    return min(usable, key=lambda one: (one.confirmed_at is None, one.rank, one.pk), default=None)


def fits(contact: Contact, site: HostingSite, purpose: Purpose) -> bool:
    """An empty scope fits everything. A contact of another desk (the registrar's) never gets the site's letter."""
    addressee = purpose.addressee or site.addressee_type
    if contact.addressees and addressee not in contact.addressees:
        return False
    if contact.contents and purpose.content not in contact.contents:
        return False
    if contact.channel in ready.INTERFACES and purpose.content == "minor":
        return False
    laws = {purpose.jurisdiction or site.jurisdiction, *regimes_of(purpose.jurisdiction or site.jurisdiction)}
    return not contact.jurisdictions or bool(laws & set(contact.jurisdictions))


def is_stale(contact: Contact, at: datetime | None = None) -> bool:
    """Confirmed longer ago than CONTACT_STALE_DAYS; what was never confirmed is not stale but unconfirmed."""
    return contact.confirmed_at is not None and contact.confirmed_at < stale_before(at or timezone.now())


def stale_before(at: datetime) -> datetime:
    return at - timedelta(days=settings.CONTACT_STALE_DAYS)
