"""Signs letters with DKIM (RFC 6376) where the centre named a key; its mail server may do that instead."""

from __future__ import annotations

import base64
from email.utils import parseaddr
from pathlib import Path

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
            domain=parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2].encode(),
            privkey=Path(settings.DKIM_KEY_FILE).read_bytes(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in SIGNED if name in present],
        )
    except (OSError, dkim.DKIMException, ValueError) as error:
        raise NoticeError(
            _("The letter could not be signed (DKIM): %(why)s.") % {"why": type(error).__name__}
        ) from error
    return bytes(signature) + message


def tried() -> tuple[str, str]:
    """(name in the DNS, TXT record that belongs there), after a made-up message was signed and checked against it.

    Raises NoticeError.
    """
    import dkim
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    sender = settings.DEFAULT_FROM_EMAIL
    signed = with_dkim(f"From: {sender}\r\nTo: {sender}\r\nSubject: trial\r\n\r\ntrial\r\n".encode())
    public = load_pem_private_key(Path(settings.DKIM_KEY_FILE).read_bytes(), None).public_key()
    half = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    record = f"v=DKIM1; k=rsa; p={half}"
    if not dkim.verify(signed, dnsfunc=lambda *_name, **_options: record.encode()):
        raise NoticeError(_("The letter could not be signed (DKIM): %(why)s.") % {"why": "verify"})
    return f"{settings.DKIM_SELECTOR}._domainkey.{parseaddr(sender)[1].rpartition('@')[2]}", record
