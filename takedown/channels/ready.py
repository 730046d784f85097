"""Whether a channel is open at all, before any letter: the keys of the interfaces, and to whom keys may go."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from takedown.channels.models import ChannelKey
from takedown.models import Contact

C = Contact.Channel
INTERFACES = (C.CLOUDFLARE, C.AWS)
BY_HAND = (C.FORM, C.POST)
# Keys travel to these hosts and to no other, whatever somebody enters.
HOSTS = {
    C.CLOUDFLARE: re.compile(r"api\.cloudflare\.com\Z"),
    C.AWS: re.compile(r"abuse\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com\Z"),
}
ADDRESSES = {
    C.CLOUDFLARE: "https://api.cloudflare.com/client/v4",
    C.AWS: "https://abuse.us-east-1.amazonaws.com",
}


def key_of(channel: str) -> ChannelKey | None:
    """The key of this interface, if an administrator switched it on."""
    return ChannelKey.objects.filter(channel=channel, switched_on=True).first()


def open_channels() -> set[str]:
    """Channels a letter can take now."""
    keys = set(ChannelKey.objects.filter(switched_on=True).values_list("channel", flat=True))
    return {str(C.EMAIL), *map(str, BY_HAND), *keys}


def trouble(contact: Contact) -> str:
    """Why this contact's channel is closed, in a sentence; empty when it is open."""
    if contact.channel not in INTERFACES:
        return ""
    key = key_of(contact.channel)
    if key is None:
        return _("This interface is switched off. An administrator enters its key and switches it on.")
    if contact.address.rstrip("/") != key.url:
        return _("The contact's address is not that of the interface: %(url)s") % {"url": key.url}
    return ""


def may_have_the_key(channel: str, url: str) -> bool:
    """Whether the key of this interface may travel to this address: its own host, encrypted."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username or parts.password or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" and port in (None, 443) and bool(HOSTS[C(channel)].match(host))
