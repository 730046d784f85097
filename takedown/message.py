"""The exact message: what is previewed, approved and sent are the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.vault import VaultError
from takedown.channels import xarf
from takedown.dkim_signature import with_dkim
from takedown.drafting import NoticeError
from takedown.inbox import addresses
from takedown.letter_facts import organisation
from takedown.letters import in_language, one_line
from takedown.models import Notice

LONGEST_THREAD = 20


def sender_address() -> str:
    """The address letters leave from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def message_id_for(notice: Notice) -> str:
    """The same for the same notice and addressee, so that a receiver drops a letter that arrives twice."""
    recipient = notice.contact.address.lower() if notice.contact else ""
    mark = hashlib.sha256(f"{notice.pk.hex}|{recipient}".encode()).hexdigest()[:20]
    return f"<{notice.reference}.{mark}@{sender_address().rpartition('@')[2]}>"


def return_path_for(notice: Notice, recipient: str) -> str:
    """Where this letter's bounces go: signed for it and its recipient, or simply back to us. Raises VaultError."""
    if not addresses.in_use():
        return sender_address()
    return addresses.signed_address(addresses.BOUNCE, notice.pk, recipient, notice.approved_at or timezone.now())


def body_of(notice: Notice) -> str:
    """Plain text, one empty line between paragraphs."""
    return "\n\n".join(row["text"].strip() for row in notice.paragraphs if row["text"].strip()) + "\n"


class Envelope(NamedTuple):
    """What stands around a letter's text.

    `thread`: the Message-IDs of earlier letters to the same addressee, the latest first. `xarf`: a machine-readable report.
    """

    sender_name: str
    recipient: str
    reply_to: str
    subject: str
    message_id: str
    language: str
    thread: tuple[str, ...] = ()
    xarf: str = ""


def build_message(notice: Notice, at: datetime) -> bytes:
    """The notice as MIME bytes with CRLF line ends, dated `at`. Raises NoticeError.

    Same rows and time, same bytes, but for a DKIM signature, which bears a time of its own.
    """
    if notice.contact is None:
        raise NoticeError(_("This hosting site has no contact that can be mailed. An administrator adds one."))
    centre = organisation()
    around = Envelope(
        sender_name=in_language(centre.names, notice.language), recipient=notice.contact.address,
        reply_to=_answers_go_to(notice, notice.contact.address, centre.email, at), subject=notice.subject,
        message_id=message_id_for(notice), language=notice.language,
        thread=tuple(_thread_of(notice)),
        xarf=xarf.text(notice, notice.contact.address, at) if xarf.applies_to(notice) else "",
    )  # fmt: skip
    return with_dkim(mime_bytes(around, body_of(notice), at))


def mime_bytes(around: Envelope, body: str, at: datetime) -> bytes:
    """The text, and a report for machines where one is asked for; nothing else attached. CRLF line ends, dated `at`."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(one_line(around.sender_name, 120), addr_spec=sender_address())
    mail["To"] = Address(addr_spec=around.recipient)
    if around.reply_to:
        mail["Reply-To"] = Address(addr_spec=around.reply_to)
    mail["Subject"] = one_line(around.subject)
    mail["Date"] = format_datetime(at.astimezone(UTC).replace(microsecond=0))
    mail["Message-ID"] = around.message_id
    if around.thread:
        mail["In-Reply-To"] = around.thread[0]
        mail["References"] = " ".join(reversed(around.thread))
    # No out-of-office note or receipt is wanted in return, and a mail of ours that comes round again is known by its mark.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Loop"] = sender_address()
    mail.set_content(body, charset="utf-8", cte="quoted-printable" if _mostly_ascii(body) else "base64")
    if around.xarf:
        # Inline: it is another form of the letter, and the letter says that nothing is attached.
        mail.add_attachment(around.xarf.encode(), "application", "json", disposition="inline", filename=xarf.FILE_NAME)
        # Of the message itself, so that the same letter is the same bytes.
        mail.set_boundary("=" * 12 + hashlib.sha256(around.message_id.encode()).hexdigest()[:24])
    mail["Content-Language"] = around.language  # after the content, which clears such headers
    return mail.as_bytes()


def _answers_go_to(notice: Notice, recipient: str, fallback: str, at: datetime) -> str:
    if not addresses.in_use():
        return fallback
    try:
        return addresses.signed_address(addresses.REPLY, notice.pk, recipient, at)
    except VaultError as error:
        raise NoticeError(error.sentence) from error


def _thread_of(notice: Notice) -> Iterator[str]:
    """The Message-IDs of the letters before this one, the latest first. Only their addressee knows the thread."""
    earlier = notice.follows
    for _letter in range(LONGEST_THREAD):
        if earlier is None:
            return
        if earlier.message_id and earlier.contact_id == notice.contact_id:
            yield earlier.message_id
        earlier = earlier.follows


def _mostly_ascii(text: str) -> bool:
    return sum(character.isascii() for character in text) > 0.8 * len(text)


def digest_of(message: bytes) -> str:
    return "sha256:" + hashlib.sha256(message).hexdigest()


def recipient_of(message: bytes) -> str:
    """The address an approved message is written to."""
    to = message_from_bytes(message, policy=SMTP)["To"]
    return to.addresses[0].addr_spec if to and to.addresses else ""
