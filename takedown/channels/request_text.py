"""A request to an interface as it is approved: one text with address, kind and content, without the key.

POST https://api.example/reports
Content-Type: application/json

{…}
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

HEAD = b"POST "
KIND = b"Content-Type: application/json"


class Request(NamedTuple):
    url: str
    content: bytes


def written(url: str, content: dict[str, Any]) -> bytes:
    """The same for the same content, byte for byte."""
    body = json.dumps(content, ensure_ascii=False, indent=1).encode()
    return b"\r\n".join([HEAD + url.encode("ascii"), KIND, b"", body])


def read(message: bytes) -> Request:
    """Raises ValueError when this is no such text."""
    head, separator, content = message.partition(b"\r\n\r\n")
    line, _end, kind = head.partition(b"\r\n")
    if not line.startswith(HEAD) or kind != KIND or not separator:
        raise ValueError("not a request")
    return Request(line.removeprefix(HEAD).decode("ascii"), content)
