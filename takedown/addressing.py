"""To whom: from a found address to the hosting site and its contact."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from cases.addresses import FetchError, parse_url
from takedown.channels import ready
from takedown.directory import names
from takedown.directory.choosing import Purpose, next_contact
from takedown.jurisdictions import jurisdiction_for, language_for, time_zone_for
from takedown.ladder_models import step_of
from takedown.models import Contact, HostingSite, Notice


def site_for_url(url: str) -> HostingSite:
    """The hosting site of this address; an unknown one is kept as a new row without a contact.

    Raises FetchError when this is no web address.
    """
    host = parse_url(url).host
    return names.site_of(host) or _new_site(host)


def _new_site(host: str) -> HostingSite:
    """Law and language guessed from the top-level domain; an administrator confirms them with the contact."""
    domain = names.site_name(host)
    jurisdiction = jurisdiction_for(domain)
    site, _is_new = HostingSite.objects.get_or_create(
        domain=domain,
        defaults={
            "name": domain[:120],
            "jurisdiction": jurisdiction,
            "language": language_for(domain.rpartition(".")[2]),
            "time_zone": time_zone_for(jurisdiction),
            "notes": _("Made by the watch: please check law and language, and add a contact."),
        },
    )
    return site


def contact_for(site: HostingSite, purpose: Purpose | None = None) -> Contact | None:
    """The first usable contact whose channel is open and whose scope fits: confirmed ones before the others."""
    return next_contact(site, purpose)


def contact_of(notice: Notice) -> Contact | None:
    """The contact for this letter: the site's, or the desk of the rung it belongs to."""
    step = step_of(notice)
    if step is None:
        return contact_for(notice.site, Purpose(content=notice.case.content_kind))
    return desk_contact(notice.site, step.addressee, notice.case.content_kind)


def desk_contact(site: HostingSite, addressee: str, content: str) -> Contact | None:
    """A contact of this kind of desk.

    The network's letter goes to the network: a site's own contact, which fits every letter to the site, never gets it.
    """
    return next_contact(site, Purpose(addressee, content), named=addressee != site.addressee_type)


def trouble_with(contact: Contact | None) -> str:
    """Why no letter can go there, in a sentence; empty when one can."""
    if contact is None:
        return _("This hosting site has no contact that can be mailed. An administrator adds one.")
    if closed := ready.trouble(contact):
        return closed
    if contact.channel == Contact.Channel.EMAIL and not _mailable(contact.address):
        return _("This contact's e-mail address is not valid.")
    if contact.state != Contact.State.USABLE:
        return _("This contact cannot be used: %(why)s") % {"why": contact.failure or contact.get_state_display()}
    if contact.confirmed_at is None:
        return _("This contact has not been confirmed by an administrator.")
    return ""


def _mailable(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return address.isascii()


__all__ = [
    "FetchError", "Purpose", "contact_for", "contact_of", "desk_contact", "site_for_url", "trouble_with",
]  # fmt: skip
