"""The stored form of a fingerprint: a head in JSON, then the arrays, small endian, compressed."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import numpy as np

MAGIC, OLDER = b"SGF4", (b"SGF1", b"SGF2", b"SGF3")
# Compression barely helps with hashes, which look like noise; the fastest level is enough for the rest.
LEVEL = 1
MOST_BYTES = 4 * 1024**3


class OldFingerprint(ValueError):
    """A fingerprint that an earlier engine made: sound, but to be made anew from the medium."""


def pack(values: dict[str, Any]) -> bytes:
    """Arrays, strings, numbers and tuples of numbers by name, as bytes; the same on every platform."""
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    plain = {name: value for name, value in values.items() if name not in arrays}
    shapes = {name: [_kind(array), list(array.shape)] for name, array in arrays.items()}
    head = json.dumps({"plain": plain, "arrays": shapes}, separators=(",", ":")).encode()
    body = zlib.compressobj(LEVEL)
    parts = [body.compress(array.astype(_kind(array)).tobytes()) for array in arrays.values()]
    return b"".join((MAGIC, struct.pack("<I", len(head)), head, *parts, body.flush()))


def unpack(stored: bytes) -> dict[str, Any]:
    """The reverse of pack(). Raises ValueError when the bytes are something else, or cut off."""
    if stored[:4] in OLDER:
        raise OldFingerprint("This fingerprint was made by an earlier engine.")
    if stored[:4] != MAGIC:
        raise ValueError("These bytes are not a fingerprint of this version.")
    try:
        (length,) = struct.unpack_from("<I", stored, 4)
        head = json.loads(stored[8 : 8 + length])
        body = zlib.decompressobj().decompress(stored[8 + length :], MOST_BYTES)
        return _values(head, body)
    except (struct.error, zlib.error, KeyError, TypeError) as error:
        raise ValueError("These bytes are not a whole fingerprint.") from error


def _values(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in head["plain"].items()}
    start = 0
    for name, (kind, shape) in head["arrays"].items():
        count = int(np.prod(shape, dtype=np.int64))
        stored_kind = np.dtype(kind)
        array = np.frombuffer(body, stored_kind, count, start).reshape(shape)
        values[name] = array.astype(stored_kind.newbyteorder("="))
        start += count * stored_kind.itemsize
    return values


def _kind(array: np.ndarray) -> str:
    return str(array.dtype.newbyteorder("<").str)
