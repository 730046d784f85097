"""The exact message: what is previewed, approved and sent are the same bytes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from takedown.drafting import NoticeError
from takedown.letter_facts import organisation
from takedown.letters import in_language, one_line
from takedown.models import Notice


def sender_address() -> str:
    """The address letters leave from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def message_id_for(notice: Notice) -> str:
    """The same for the same notice, so that a receiver drops a letter that arrives twice."""
    return f"<{notice.reference}.{notice.pk.hex[:16]}@{sender_address().rpartition('@')[2]}>"


def body_of(notice: Notice) -> str:
    """Plain text, one empty line between paragraphs."""
    return "\n\n".join(row["text"].strip() for row in notice.paragraphs if row["text"].strip()) + "\n"


class Envelope(NamedTuple):
    """What stands around a letter's text. `thread` is the Message-ID of the earlier letter to the same addressee."""

    sender_name: str
    recipient: str
    reply_to: str
    subject: str
    message_id: str
    language: str
    thread: str = ""


def build_message(notice: Notice, at: datetime) -> bytes:
    """The notice as MIME bytes with CRLF line ends, dated `at`. Same rows and time, same bytes. Raises NoticeError."""
    if notice.contact is None:
        raise NoticeError(_("This hosting site has no contact that can be mailed. An administrator adds one."))
    centre = organisation()
    around = Envelope(
        sender_name=in_language(centre.names, notice.language), recipient=notice.contact.address,
        reply_to=centre.email, subject=notice.subject, message_id=message_id_for(notice), language=notice.language,
        thread=_thread_of(notice),
    )  # fmt: skip
    return mime_bytes(around, body_of(notice), at)


def mime_bytes(around: Envelope, body: str, at: datetime) -> bytes:
    """One plain text part and nothing attached, with CRLF line ends, dated `at`."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(one_line(around.sender_name, 120), addr_spec=sender_address())
    mail["To"] = Address(addr_spec=around.recipient)
    if around.reply_to:
        mail["Reply-To"] = Address(addr_spec=around.reply_to)
    mail["Subject"] = one_line(around.subject)
    mail["Date"] = format_datetime(at.astimezone(UTC).replace(microsecond=0))
    mail["Message-ID"] = around.message_id
    if around.thread:
        mail["In-Reply-To"] = mail["References"] = around.thread
    mail.set_content(body, charset="utf-8", cte="quoted-printable" if _mostly_ascii(body) else "base64")
    mail["Content-Language"] = around.language  # after the content, which clears such headers
    return mail.as_bytes()


def _thread_of(notice: Notice) -> str:
    """Only the addressee of the earlier letter knows its thread."""
    earlier = notice.follows
    return earlier.message_id if earlier and earlier.contact_id == notice.contact_id else ""


def _mostly_ascii(text: str) -> bool:
    return sum(character.isascii() for character in text) > 0.8 * len(text)


def digest_of(message: bytes) -> str:
    return "sha256:" + hashlib.sha256(message).hexdigest()


def recipient_of(message: bytes) -> str:
    """The address an approved message is written to."""
    to = message_from_bytes(message, policy=SMTP)["To"]
    return to.addresses[0].addr_spec if to and to.addresses else ""
