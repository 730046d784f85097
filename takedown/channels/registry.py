"""One interface for every channel: the exact message, whether it is for this contact, and its delivery."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext as _

from takedown.channels import aws, cloudflare, form, post, ready
from takedown.channels.request_text import read
from takedown.delivery import DeliveryError, Email
from takedown.drafting import NoticeError
from takedown.message import build_message, recipient_of, return_path_for
from takedown.models import Contact, Notice

C = Contact.Channel


class Channel(Protocol):
    def message(self, notice: Notice, at: datetime) -> bytes:
        """What is approved, and leaves byte for byte. Raises NoticeError."""

    def is_for(self, message: bytes, contact: Contact) -> bool:
        """Whether this message is addressed to the contact as it stands now."""

    def deliver(self, notice: Notice, message: bytes, recipient: str) -> str:
        """Hand it over; what the other side answered. Raises DeliveryError, VaultError."""


class Mail:
    def message(self, notice: Notice, at: datetime) -> bytes:
        return build_message(notice, at)

    def is_for(self, message: bytes, contact: Contact) -> bool:
        return recipient_of(message) == contact.address

    def deliver(self, notice: Notice, message: bytes, recipient: str) -> str:
        return Email().deliver(message, recipient, return_path_for(notice, recipient))


class Interface:
    """Cloudflare and AWS."""

    def message(self, notice: Notice, at: datetime) -> bytes:
        channel = notice.contact.channel if notice.contact else ""
        return cloudflare.message(notice) if channel == C.CLOUDFLARE else aws.message(notice, at)

    def is_for(self, message: bytes, contact: Contact) -> bool:
        try:
            return read(message).url.startswith(contact.address.rstrip("/") + "/")
        except ValueError:
            return False

    def deliver(self, notice: Notice, message: bytes, recipient: str) -> str:
        channel = notice.contact.channel if notice.contact else ""
        return cloudflare.deliver(message) if channel == C.CLOUDFLARE else aws.deliver(message)


class ByHand:
    """Web forms and the post: the officer hands it in, so nothing is ever delivered from here."""

    def message(self, notice: Notice, at: datetime) -> bytes:
        channel = notice.contact.channel if notice.contact else ""
        return form.message(notice) if channel == C.FORM else post.message(notice, at)

    def is_for(self, message: bytes, contact: Contact) -> bool:
        return (form if contact.channel == C.FORM else post).recipient(message) == contact.address

    def deliver(self, notice: Notice, message: bytes, recipient: str) -> str:
        raise DeliveryError(_("An officer hands this in; it is not sent from here."), permanent=True)


def channel_of(contact: Contact | None) -> Channel:
    """Raises NoticeError without a contact."""
    if contact is None:
        raise NoticeError(_("This hosting site has no contact that can be mailed. An administrator adds one."))
    if contact.channel in ready.INTERFACES:
        return Interface()
    return ByHand() if contact.channel in ready.BY_HAND else Mail()


def message_for(notice: Notice, at: datetime) -> bytes:
    """The exact message to this notice's contact. Raises NoticeError."""
    return channel_of(notice.contact).message(notice, at)


def goes_by_hand(notice: Notice) -> bool:
    return bool(notice.contact and notice.contact.channel in ready.BY_HAND)
