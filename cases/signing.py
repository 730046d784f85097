"""The installation's signing key (Ed25519): what is signed with it can be checked by anyone who knows its fingerprint.

The file holds one line `ed25519:64 hex digits` (the seed), lies beside the vault's key and is never in a backup of the
database. A stolen key can sign forgeries; a lost one only means that later bundles bear another fingerprint.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils.translation import gettext as _

from cases.bundle_kit import verify_bundle
from cases.vault import VaultError

LINE = re.compile(r"ed25519:([0-9a-f]{64})\n?")


def sign(message: bytes) -> bytes:
    """64 bytes, RFC 8032. Raises VaultError `bad_key_file`."""
    return _key().sign(message)


def public_key() -> bytes:
    """32 bytes."""
    return _key().public_key().public_bytes_raw()


def fingerprint() -> str:
    """SHA-256 of the public key in sixteen groups of four hex digits; what the centre tells whoever asks."""
    return verify_bundle.fingerprint(public_key())


def _key() -> Ed25519PrivateKey:
    path = Path(settings.SIGNING_KEY_FILE)
    try:
        if not path.exists():
            _create(path)
        found = LINE.fullmatch(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise _bad_key() from error
    if not found:
        raise _bad_key()
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(found[1]))


def _create(path: Path) -> None:
    """Whole or not at all, and never in place of another: two workers may come here at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    try:
        with os.fdopen(fd, "w") as file:
            file.write(f"ed25519:{secrets.token_hex(32)}\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()


def _bad_key() -> VaultError:
    return VaultError("bad_key_file", _("The signing key cannot be read. No bundle can be signed."))
