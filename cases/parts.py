"""The parts of a capture: sealed files, each with its digest and a word on how it was got."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction

from cases import vault
from cases.models import Capture, CapturePart

READ_BYTES = 1024 * 1024
MACHINE_PART = "machine_reading.json"


def add_json(capture: Capture, name: str, content: dict[str, Any], how: str) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=str)
    add_part(capture, name, text.encode(), "application/json", how)


def add_part(
    capture: Capture, name: str, content: bytes | int | Iterator[bytes], media_type: str, how: str
) -> CapturePart:
    """Seal one file of the capture: bytes, chunks of them, or a readable memory file, which stays open.

    Raises IntegrityError if the capture has a part of that name, VaultError if it cannot be sealed.
    """
    part_id = uuid4()
    with vault.SealedWriter(capture.case, part_id) as writer:
        for chunk in _chunks(content):
            writer.write(chunk)
        sealed = writer.close()
    try:
        with transaction.atomic():
            return CapturePart.objects.create(
                pk=part_id, capture=capture, name=name, media_type=media_type[:60], how=how,
                digest=sealed.digest, size=sealed.size,
            )  # fmt: skip
    except IntegrityError:
        vault.remove_file(capture.case, part_id)
        raise


def read_part(part: CapturePart) -> bytes:
    """The part in the clear. Raises VaultError."""
    return vault.read_file(part.capture.case, part.pk)


def machine_reading(capture: Capture) -> dict[str, Any] | None:
    """What a machine read of the page, for an officer's eyes and for no rule; None without one. Raises VaultError."""
    part = capture.parts.filter(name=MACHINE_PART, how="machine").first()
    return json.loads(read_part(part)) if part else None


def part_memfd(part: CapturePart) -> int:
    """The same as a memory file at position 0; the caller closes it."""
    return vault.open_memfd(part.capture.case, part.pk)


def _chunks(content: bytes | int | Iterator[bytes]) -> Iterator[bytes]:
    if isinstance(content, bytes):
        return iter((content,))
    return _read_all(content) if isinstance(content, int) else content


def _read_all(fd: int) -> Iterator[bytes]:
    """Without moving the reader's own position."""
    offset = 0
    while chunk := os.pread(fd, READ_BYTES, offset):
        offset += len(chunk)
        yield chunk
