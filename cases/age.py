"""Encrypting a file to somebody's public key, in the age format (age-encryption.org/v1, X25519 recipients only).

The recipient can open it with our `manage.py decrypt_bundle` or with any other program that reads age files.
A public key is written `age1…`, a secret key `AGE-SECRET-KEY-1…` (Bech32).
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.translation import gettext as _

VERSION = b"age-encryption.org/v1"
LABEL = b"age-encryption.org/v1/X25519"
PIECE, TAG, NONCE = 64 * 1024, 16, 16
PUBLIC, SECRET = "age", "age-secret-key-"
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
STANZA = re.compile(rb"-> X25519 ([A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{43})\n")
HEADER_MAX = 64 * 1024


class AgeError(Exception):
    """A key cannot be read, or a file does not open; the sentence is for people."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


# --- keys --------------------------------------------------------------------------------------------------------
def new_identity() -> tuple[str, str]:
    """(public key, secret key) as text."""
    secret = X25519PrivateKey.generate()
    public = secret.public_key().public_bytes_raw()
    return _bech32(PUBLIC, public), _bech32(SECRET, secret.private_bytes_raw()).upper()


def public_key(text: str) -> X25519PublicKey:
    """Raises AgeError."""
    return X25519PublicKey.from_public_bytes(_unbech32(PUBLIC, text.strip()))


def secret_key(text: str) -> X25519PrivateKey:
    """From a key file's text; comment lines are skipped. Raises AgeError."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) != 1:
        raise AgeError(_("The key file must hold one secret key."))
    return X25519PrivateKey.from_private_bytes(_unbech32(SECRET, lines[0]))


# --- files -------------------------------------------------------------------------------------------------------
def encrypted(chunks: Iterable[bytes], recipient: X25519PublicKey) -> Iterator[bytes]:
    """The age file, in pieces."""
    file_key, nonce = secrets.token_bytes(16), secrets.token_bytes(NONCE)
    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes_raw()
    wrapping = _derive(ephemeral.exchange(recipient), share + recipient.public_bytes_raw(), LABEL)
    wrapped = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
    header = VERSION + b"\n-> X25519 " + _b64(share) + b"\n" + _b64(wrapped) + b"\n---"
    yield header + b" " + _b64(_header_mac(file_key, header)) + b"\n" + nonce
    cipher = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
    for counter, (piece, last) in enumerate(_pieces(chunks)):
        yield cipher.encrypt(_nonce(counter, last), piece, None)


def decrypted(file: BinaryIO, secret: X25519PrivateKey) -> Iterator[bytes]:
    """The content, in pieces that each were checked; a cut or altered file raises AgeError where that shows."""
    file_key = _open_header(file, secret)
    nonce = file.read(NONCE)
    cipher, counter = ChaCha20Poly1305(_derive(file_key, nonce, b"payload")), 0
    piece = file.read(PIECE + TAG)
    while True:
        following = file.read(PIECE + TAG)
        try:
            content = cipher.decrypt(_nonce(counter, not following), piece, None)
        except InvalidTag as error:
            raise _altered() from error
        if not content and counter:
            raise _altered()
        yield content
        if not following:
            return
        piece, counter = following, counter + 1


def _open_header(file: BinaryIO, secret: X25519PrivateKey) -> bytes:
    """The file's key. Several recipients may stand in the header; one of them must be ours."""
    lines: list[bytes] = []
    while not lines or not lines[-1].startswith(b"---"):
        lines.append(file.readline(HEADER_MAX))
        if not lines[-1].endswith(b"\n") or sum(map(len, lines)) > HEADER_MAX or lines[0] != VERSION + b"\n":
            raise AgeError(_("This is not an encrypted bundle."))
    header = b"".join(lines[:-1]) + b"---"
    for share, wrapped in STANZA.findall(header):
        file_key = _unwrap(_unb64(share), _unb64(wrapped), secret)
        if file_key is None:
            continue
        if not hmac.compare_digest(lines[-1], b"--- " + _b64(_header_mac(file_key, header)) + b"\n"):
            raise _altered()
        return file_key
    raise AgeError(_("It was encrypted to another key."))


def _unwrap(share: bytes, wrapped: bytes, secret: X25519PrivateKey) -> bytes | None:
    try:
        shared = secret.exchange(X25519PublicKey.from_public_bytes(share))
        wrapping = _derive(shared, share + secret.public_key().public_bytes_raw(), LABEL)
        return ChaCha20Poly1305(wrapping).decrypt(bytes(12), wrapped, None)
    except (InvalidTag, ValueError):
        return None


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Pieces of 64 KiB and whether each is the last; nothing at all is one empty piece."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) > PIECE:
            yield bytes(waiting[:PIECE]), False
            del waiting[:PIECE]
    yield bytes(waiting), True


def _nonce(counter: int, last: bool) -> bytes:
    return counter.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _derive(key: bytes, salt: bytes, label: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=salt, info=label).derive(key)


def _header_mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derive(file_key, b"", b"header"), header, "sha256")


def _b64(content: bytes) -> bytes:
    return base64.b64encode(content).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def _altered() -> AgeError:
    return AgeError(_("The encrypted bundle was cut or altered. What was written so far must not be used."))


# --- Bech32 (BIP 173, without its limit of length) ---------------------------------------------------------------
def _checksum(values: list[int]) -> int:
    check = 1
    for value in values:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, mask in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= mask if top >> bit & 1 else 0
    return check


def _spread(prefix: str) -> list[int]:
    return [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]


def _bech32(prefix: str, key: bytes) -> str:
    bits = int.from_bytes(key, "big") << 4  # 256 bits and 4 of padding make 52 letters
    values = [bits >> shift & 31 for shift in range(255, -1, -5)]
    check = _checksum([*_spread(prefix), *values, *[0] * 6]) ^ 1
    return (
        prefix + "1" + "".join(ALPHABET[value] for value in [*values, *(check >> 5 * n & 31 for n in range(5, -1, -1))])
    )


def _unbech32(prefix: str, text: str) -> bytes:
    """32 bytes. Raises AgeError."""
    lower = text.lower()
    letters = lower.removeprefix(prefix + "1")
    plain = text in (lower, text.upper()) and lower.startswith(prefix + "1")
    if not plain or len(letters) != 58 or set(letters) - set(ALPHABET):
        raise AgeError(_("This is not a key of the kind age1… (or AGE-SECRET-KEY-1…)."))
    values = [ALPHABET.index(letter) for letter in letters]
    if _checksum([*_spread(prefix), *values]) != 1:
        raise AgeError(_("The key has a typing error: its check letters do not fit."))
    bits = 0
    for value in values[:52]:
        bits = bits << 5 | value
    return (bits >> 4).to_bytes(32, "big")


def read_identity(path: str | os.PathLike[str]) -> X25519PrivateKey:
    """From a key file. Raises AgeError or OSError."""
    with open(path, encoding="utf-8") as file:
        return secret_key(file.read())
