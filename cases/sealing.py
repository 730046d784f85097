"""Sealing under one key: short fields whole, media in chunks. Bytes, keys and files only; rows are the vault's.

A sealed file is `MAGIC, 8 bytes nonce prefix`, then chunks of at most CHUNK bytes, each AES-256-GCM with the nonce
`prefix || counter` and the additional data `owner | file | counter | last`. So a chunk that was swapped, dropped,
repeated, cut off or brought from another file or case does not open.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.translation import gettext as _

MAGIC = b"SGV1"
CHUNK = 4 * 1024 * 1024
TAG = 16
NONCE = 12
HEADER = len(MAGIC) + 8


class VaultError(Exception):
    """Something sealed does not open, or nothing can be sealed; not one byte was handed out.

    `code`: no_key_file, bad_key_file, unknown_key, no_case_key, broken_seal, no_file or no_space.
    `sentence` is for people.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def broken_seal() -> VaultError:
    return VaultError("broken_seal", _("The sealed content was changed or cut, or belongs elsewhere. It stays closed."))


@dataclass(frozen=True)
class SealedFile:
    """What lies in a sealed file: bytes of the plaintext, and "sha256:…" of it."""

    size: int
    digest: str


def encrypt(key: bytes, plain: bytes, context: str) -> bytes:
    """Nonce and ciphertext; it opens only under the same context."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def decrypt(key: bytes, sealed: bytes, context: str) -> bytes:
    """The plaintext. Raises VaultError `broken_seal`."""
    if len(sealed) < NONCE + TAG:
        raise broken_seal()
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], context.encode())
    except InvalidTag as error:
        raise broken_seal() from error


@dataclass(frozen=True)
class Seal:
    """The data key of one owner (a case, or the draft that becomes one) and the folder of its sealed files."""

    owner: UUID
    key: bytes
    folder: Path

    def __repr__(self) -> str:
        return f"Seal({self.owner})"

    def seal(self, field: str, plain: bytes) -> bytes:
        return encrypt(self.key, plain, f"{self.owner}|field|{field}")

    def open(self, field: str, sealed: bytes) -> bytes:
        return decrypt(self.key, sealed, f"{self.owner}|field|{field}")

    def path(self, file_id: UUID) -> Path:
        return self.folder / f"{file_id}.sealed"

    def chunk_context(self, file_id: UUID, counter: int, last: bool) -> bytes:
        return f"{self.owner}|{file_id}|{counter}|{int(last)}".encode()

    def write(self, file_id: UUID) -> FileWriter:
        return FileWriter(self, file_id)

    def stream(self, file_id: UUID) -> Iterator[bytes]:
        """The plaintext in chunks. The whole file is checked first: a broken one gives no byte at all."""
        with self._opened(file_id) as file:
            for _chunk in self._chunks(file, file_id):
                pass
            yield from self._chunks(file, file_id)

    def memfd(self, file_id: UUID) -> int:
        """A memory file with the plaintext, positioned at 0; the caller closes it. Nothing touches the disk."""
        fd = os.memfd_create("media", os.MFD_CLOEXEC)
        try:
            with self._opened(file_id) as sealed, io.FileIO(fd, "w", closefd=False) as target:
                for chunk in self._chunks(sealed, file_id):
                    _write_all(target, chunk)
            os.lseek(fd, 0, os.SEEK_SET)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def remove(self, file_id: UUID) -> None:
        self.path(file_id).unlink(missing_ok=True)

    def _opened(self, file_id: UUID) -> BinaryIO:
        try:
            return self.path(file_id).open("rb")
        except FileNotFoundError as error:
            raise VaultError("no_file", _("The sealed file is not there.")) from error

    def _chunks(self, file: BinaryIO, file_id: UUID) -> Iterator[bytes]:
        file.seek(0)
        header = file.read(HEADER)
        if len(header) != HEADER or not header.startswith(MAGIC):
            raise broken_seal()
        cipher, prefix, counter = AESGCM(self.key), header[len(MAGIC) :], 0
        sealed = file.read(CHUNK + TAG)
        while True:
            following = file.read(CHUNK + TAG)
            context = self.chunk_context(file_id, counter, last=not following)
            try:
                yield cipher.decrypt(_nonce(prefix, counter), sealed, context)
            except InvalidTag as error:
                raise broken_seal() from error
            if not following:
                return
            sealed, counter = following, counter + 1


class FileWriter:
    """Seals a stream while it arrives. Nothing has the file's own name before it is whole and on the disk."""

    def __init__(self, seal: Seal, file_id: UUID) -> None:
        self._seal, self._file_id = seal, file_id
        seal.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._part = seal.folder / f".{file_id}.part"
        fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = io.FileIO(fd, "w")
        self._cipher, self._prefix = AESGCM(seal.key), secrets.token_bytes(8)
        self._waiting = bytearray()
        self._counter = self._size = 0
        self._digest = hashlib.sha256()
        self._put(MAGIC + self._prefix)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _t: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        elif not self._file.closed:
            self.close()

    def write(self, chunk: bytes) -> int:
        """Take the next bytes. Raises VaultError `no_space` when the disk is full."""
        self._digest.update(chunk)
        self._size += len(chunk)
        self._waiting += chunk
        # One chunk is held back: only at the end is it known which one is the last.
        while len(self._waiting) > CHUNK:
            self._seal_chunk(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return len(chunk)

    def close(self) -> SealedFile:
        self._seal_chunk(bytes(self._waiting), last=True)
        self._waiting.clear()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self._seal.path(self._file_id))
        _sync_folder(self._seal.folder)
        return SealedFile(self._size, f"sha256:{self._digest.hexdigest()}")

    def abort(self) -> None:
        """Leave nothing behind; harmless after an earlier end."""
        self._file.close()
        self._waiting.clear()
        self._part.unlink(missing_ok=True)

    def _seal_chunk(self, plain: bytes, *, last: bool) -> None:
        context = self._seal.chunk_context(self._file_id, self._counter, last)
        self._put(self._cipher.encrypt(_nonce(self._prefix, self._counter), plain, context))
        self._counter += 1

    def _put(self, sealed: bytes) -> None:
        try:
            _write_all(self._file, sealed)
        except OSError as error:
            self.abort()
            raise VaultError("no_space", _("The server has no room for this file at the moment.")) from error


def _nonce(prefix: bytes, counter: int) -> bytes:
    return prefix + counter.to_bytes(4, "big")


def _write_all(file: io.FileIO, content: bytes) -> None:
    """An unbuffered write may take only a part."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
