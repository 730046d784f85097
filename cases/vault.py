"""The vault: every case has a data key, wrapped by the installation's key that lies outside the database.

Erasing a case is destroying its data key. The key file holds one line `kid:64 hex digits` per key; the first is the
one in use, later lines are older keys that still open (rotation re-wraps data keys only).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from cases.models import Case, CaseKey, WatchTerm
from cases.sealing import FileWriter, Seal, SealedFile, VaultError, broken_seal, decrypt, encrypt

__all__ = [
    "Seal", "SealedFile", "SealedWriter", "VaultError", "WrappedKey", "create_installation_key", "ensure_key",
    "erase_case", "keyed_digests", "new_key", "open_bytes", "open_for_installation", "open_memfd", "open_stream", "open_text",
    "read_file", "receipt_lookup", "receipt_lookups", "remove_file", "seal_bytes", "seal_for_installation", "seal_of",
    "seal_text", "unwrap",
]  # fmt: skip
KEY_BYTES = 32


# --- the installation's key --------------------------------------------------------------------------------------
def create_installation_key(path: Path, kid: str = "k1") -> None:
    """Write a new key, readable by its owner only. An existing file is never replaced (FileExistsError)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(fd, "w") as file:
        file.write(f"{kid}:{secrets.token_hex(KEY_BYTES)}\n")


def _installation_keys() -> dict[str, bytes]:
    """Keys by kid, the one in use first. Read each time, so that a rotated or removed key counts at once."""
    try:
        lines = Path(settings.VAULT_KEY_FILE).read_text(encoding="ascii").split()
        keys = {kid: bytes.fromhex(digits) for kid, _colon, digits in (line.partition(":") for line in lines)}
    except FileNotFoundError as error:
        raise VaultError("no_key_file", _("The vault key is missing. Nothing can be sealed or opened.")) from error
    except (OSError, ValueError) as error:
        raise VaultError("bad_key_file", _("The vault key cannot be read. Nothing can be sealed or opened.")) from error
    if not keys or any(not kid or len(kid) > 16 or len(key) != KEY_BYTES for kid, key in keys.items()):
        raise VaultError("bad_key_file", _("The vault key cannot be read. Nothing can be sealed or opened."))
    return keys


def _installation_key(kid: str) -> bytes:
    key = _installation_keys().get(kid)
    if key is None:
        raise VaultError("unknown_key", _("This was sealed with a vault key that is not installed here."))
    return key


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=f"seoulguard|{purpose}".encode()).derive(key)


def seal_for_installation(plain: bytes, purpose: str) -> bytes:
    """Seal what belongs to no case yet. It opens for the same purpose only."""
    kid, key = next(iter(_installation_keys().items()))
    return kid.encode() + b":" + encrypt(_derived(key, purpose), plain, f"{purpose}|{kid}")


def open_for_installation(sealed: bytes, purpose: str) -> bytes:
    kid, colon, content = bytes(sealed).partition(b":")
    if not colon or not kid.isascii():
        raise broken_seal()
    name = kid.decode()
    return decrypt(_derived(_installation_key(name), purpose), content, f"{purpose}|{name}")


def receipt_lookup(code: str) -> str:
    """Under which a receipt code is filed: 64 hex digits, of no use without the installation's key."""
    return receipt_lookups(code)[0]


def receipt_lookups(code: str) -> list[str]:
    """The same under every installed key, so that a receipt outlives a rotation."""
    return [keyed_digest(key, "receipt", code) for key in _installation_keys().values()]


def keyed_digests(purpose: str, text: str) -> list[str]:
    """64 hex digits under a key of this purpose alone; the installed keys' one after the other, the one in use first."""
    return [keyed_digest(key, purpose, text) for key in _installation_keys().values()]


def bucket_name(text: str) -> str:
    """A name that cannot be turned back, for counting (addresses are never stored)."""
    return keyed_digest(next(iter(_installation_keys().values())), "bucket", text)


def keyed_digest(key: bytes, purpose: str, text: str) -> str:
    return hmac.new(_derived(key, purpose), text.encode(), hashlib.sha256).hexdigest()


# --- a case's key ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class WrappedKey:
    """A data key, wrapped for one owner."""

    kid: str
    wrapped: bytes


def new_key(owner: UUID) -> WrappedKey:
    kid, key = next(iter(_installation_keys().items()))
    return WrappedKey(kid, encrypt(key, secrets.token_bytes(KEY_BYTES), f"{owner}|{kid}"))


def unwrap(owner: UUID, wrapped: WrappedKey) -> Seal:
    """The owner's seal. Raises VaultError `unknown_key` or `broken_seal`."""
    key = decrypt(_installation_key(wrapped.kid), wrapped.wrapped, f"{owner}|{wrapped.kid}")
    return Seal(owner, key, Path(settings.EVIDENCE_ROOT) / str(owner))


def ensure_key(case: Case) -> None:
    """Give the case its data key; a key it has is kept."""
    if not CaseKey.objects.filter(case=case).exists():
        made = new_key(case.pk)
        CaseKey.objects.get_or_create(case=case, defaults={"kid": made.kid, "wrapped": made.wrapped})


def seal_of(case: Case) -> Seal:
    stored = CaseKey.objects.filter(case=case).first()
    if stored is None:
        raise VaultError("no_case_key", _("This case has no key: it was erased, or never sealed."))
    return unwrap(case.pk, WrappedKey(stored.kid, bytes(stored.wrapped)))


def erase_case(case: Case) -> None:
    """Destroy the data key, then the watch terms and the files. What copies remain in backups cannot be opened."""
    CaseKey.objects.filter(case=case).delete()
    WatchTerm.objects.filter(case=case).delete()
    shutil.rmtree(Path(settings.EVIDENCE_ROOT) / str(case.pk), ignore_errors=True)


# --- fields and files of a case ----------------------------------------------------------------------------------
def seal_bytes(case: Case, field: str, plain: bytes) -> bytes:
    return seal_of(case).seal(field, plain)


def open_bytes(case: Case, field: str, sealed: bytes) -> bytes:
    """What was sealed under the same case and field name. Raises VaultError."""
    return seal_of(case).open(field, bytes(sealed))


def seal_text(case: Case, field: str, text: str) -> bytes:
    """An empty text stays empty: whether a field was filled in is visible, what it says is not."""
    return seal_bytes(case, field, text.encode()) if text else b""


def open_text(case: Case, field: str, sealed: bytes) -> str:
    return open_bytes(case, field, sealed).decode() if sealed else ""


class SealedWriter(FileWriter):
    """Seals a file of the case while it arrives; `close()` tells its size and digest, leaving on error drops it."""

    def __init__(self, case: Case, file_id: UUID) -> None:
        super().__init__(seal_of(case), file_id)


def open_stream(case: Case, file_id: UUID) -> Iterator[bytes]:
    """The plaintext in chunks. Raises VaultError at the first step, before any byte."""
    return seal_of(case).stream(file_id)


def open_memfd(case: Case, file_id: UUID) -> int:
    """The plaintext as a memory file at position 0; the caller closes it. Raises VaultError."""
    return seal_of(case).memfd(file_id)


def read_file(case: Case, file_id: UUID) -> bytes:
    return b"".join(open_stream(case, file_id))


def remove_file(case: Case, file_id: UUID) -> None:
    """Needs no key: an erased case's left-overs can still be removed."""
    Seal(case.pk, b"", Path(settings.EVIDENCE_ROOT) / str(case.pk)).remove(file_id)
