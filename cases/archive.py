"""A ZIP of exactly one possible form: members uncompressed, without gaps, every header field fixed.

So the stand-alone verifier (`cases.bundle_kit.verify_bundle`) can account for each byte of the file. No ZIP64: a bundle
ends below 4 GiB.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

from django.utils.translation import gettext as _

from cases.bundle_kit import verify_bundle as form

MOST_BYTES = 2**32 - 2**20


class BundleError(Exception):
    """No bundle can be made; the sentence is for people."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Member(NamedTuple):
    """`digest` is "sha256:…", `size` in bytes."""

    name: str
    size: int
    digest: str


class Archive:
    """Writes members one after the other into a seekable file; `close` writes the directory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._directory = bytearray()
        self._count = self._offset = 0

    def add(self, name: str, chunks: Iterable[bytes]) -> Member:
        """Raises BundleError for a name that is no plain one, and where the bundle would grow too large."""
        if not form.NAME.fullmatch(name):
            raise BundleError(_("A part has a name that cannot go into a bundle."))
        written = name.encode()
        start = self._offset + len(form.local_header(written, 0, 0))
        self._file.seek(start)
        size, crc, digest = 0, 0, hashlib.sha256()
        for chunk in chunks:
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
            if start + size > MOST_BYTES:
                raise BundleError(_("The parts together are too large for one bundle (4 GB)."))
            digest.update(chunk)
            self._file.write(chunk)
        # Size and check sum stand before the content, and are known only after it.
        self._file.seek(self._offset)
        self._file.write(form.local_header(written, crc, size))
        self._directory += form.central_header(written, crc, size, self._offset)
        self._offset, self._count = start + size, self._count + 1
        return Member(name, size, f"sha256:{digest.hexdigest()}")

    def close(self) -> None:
        self._file.seek(self._offset)
        self._file.write(self._directory)
        size, count = len(self._directory), self._count
        self._file.write(form.END.pack(b"PK\x05\x06", 0, 0, count, count, size, self._offset, 0))
        self._file.truncate()
        self._file.flush()
