"""The exact message: what is previewed, approved and sent are the same bytes."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

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


def build_message(notice: Notice, at: datetime) -> bytes:
    """The notice as MIME bytes with CRLF line ends, dated `at`. Same rows and time, same bytes. Raises NoticeError."""
    if notice.contact is None:
        raise NoticeError(_("This hosting site has no contact that can be mailed. An administrator adds one."))
    centre = organisation()
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(one_line(in_language(centre.names, notice.language), 120), addr_spec=sender_address())
    mail["To"] = Address(addr_spec=notice.contact.address)
    if centre.email:
        mail["Reply-To"] = Address(addr_spec=centre.email)
    mail["Subject"] = one_line(notice.subject)
    mail["Date"] = format_datetime(at.astimezone(UTC).replace(microsecond=0))
    mail["Message-ID"] = message_id_for(notice)
    _join_thread(mail, notice)
    body = body_of(notice)
    mail.set_content(body, charset="utf-8", cte="quoted-printable" if _mostly_ascii(body) else "base64")
    mail["Content-Language"] = notice.language  # after the content, which clears such headers
    return mail.as_bytes()


def _join_thread(mail: EmailMessage, notice: Notice) -> None:
    """Only the addressee of the earlier letter knows its thread."""
    earlier = notice.follows
    if earlier and earlier.message_id and earlier.contact_id == notice.contact_id:
        mail["In-Reply-To"] = mail["References"] = earlier.message_id


def _mostly_ascii(text: str) -> bool:
    return sum(character.isascii() for character in text) > 0.8 * len(text)


def digest_of(message: bytes) -> str:
    return "sha256:" + hashlib.sha256(message).hexdigest()


def recipient_of(message: bytes) -> str:
    """The address an approved message is written to."""
    to = message_from_bytes(message, policy=SMTP)["To"]
    return to.addresses[0].addr_spec if to and to.addresses else ""
