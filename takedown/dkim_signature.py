"""Signs letters with DKIM (RFC 6376) where the centre named a key; its mail server may do that instead."""

from __future__ import annotations

from base64 import b64encode
from email.utils import parseaddr
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.conf import settings
from django.utils.translation import gettext as _

from takedown.drafting import NoticeError

SIGNED = [
    b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"in-reply-to", b"references", b"auto-submitted",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"content-language",
]  # fmt: skip


def with_dkim(message: bytes) -> bytes:
    """The message with a signature before it; unchanged without DKIM_KEY_FILE. Raises NoticeError."""
    if not settings.DKIM_KEY_FILE:
        return message
    import dkim  # only a centre that signs needs it

    present = {line.partition(b":")[0].strip().lower() for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")}
    try:
        signature = dkim.sign(
            message,
            selector=settings.DKIM_SELECTOR.encode(),
            domain=_domain().encode(),
            privkey=Path(settings.DKIM_KEY_FILE).read_bytes(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in SIGNED if name in present],
        )
    except (OSError, dkim.DKIMException, ValueError) as error:
        raise NoticeError(
            _("The letter could not be signed (DKIM): %(why)s.") % {"why": type(error).__name__}
        ) from error
    return bytes(signature) + message


def record() -> tuple[str, str]:
    """Name and text of the DNS record (TXT) that the signatures need. Raises NoticeError."""
    try:
        key = load_pem_private_key(Path(settings.DKIM_KEY_FILE).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise NoticeError(
            _("The key of DKIM_KEY_FILE cannot be read: %(why)s.") % {"why": type(error).__name__}
        ) from error
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{settings.DKIM_SELECTOR}._domainkey.{_domain()}", f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"


def checks_out(signed: bytes, name: str, text: str) -> bool:
    """Whether the signature is good for somebody who reads this record in the DNS."""
    import dkim

    def published(asked: bytes, timeout: int = 5) -> bytes | None:
        return text.encode() if asked.decode().rstrip(".") == name else None

    try:
        return bool(dkim.verify(signed, dnsfunc=published))
    except dkim.DKIMException:
        return False


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
