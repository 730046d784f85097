"""Just enough DER to put the certificates of a time-stamp answer into order.

A SET OF is sorted in DER, and the library that checks tokens insists. OpenSSL's own authority, and others, send the
certificates in the order of the chain. No signature covers that order, so it may be put right before checking.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

SEQUENCE, CONTEXT_0 = 0x30, 0xA0
# TimeStampResp / timeStampToken / [0] content / SignedData; then its [0] certificates.
WAY = ((SEQUENCE, 0), (SEQUENCE, 1), (CONTEXT_0, 1), (SEQUENCE, 0))


class Element(NamedTuple):
    """Where an element begins, where its content begins, and where it ends."""

    tag: int
    at: int
    content: int
    end: int


def with_sorted_certificates(answer: bytes) -> bytes:
    """The same answer with its certificates in DER's order. Raises ValueError where it is no time-stamp answer."""
    at, end = 0, len(answer)
    for tag, position in WAY:
        elements = list(_elements(answer, at, end))
        if position >= len(elements):
            return answer  # a refusal has no token
        if elements[position].tag != tag:
            raise ValueError("not a time-stamp answer")
        at, end = elements[position].content, elements[position].end
    found = next((one for one in _elements(answer, at, end) if one.tag == CONTEXT_0), None)
    if found is None:
        return answer
    certificates = sorted(answer[one.at : one.end] for one in _elements(answer, found.content, found.end))
    return answer[: found.content] + b"".join(certificates) + answer[found.end :]


def _elements(data: bytes, at: int, end: int) -> Iterator[Element]:
    while at < end:
        element = _element(data, at, end)
        yield element
        at = element.end


def _element(data: bytes, at: int, end: int) -> Element:
    if at + 2 > end:
        raise ValueError("cut off")
    length, content = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, content = int.from_bytes(data[content : content + count], "big"), content + count
    if data[at + 1] == 0x80 or content + length > end:
        raise ValueError("cut off")
    return Element(data[at], at, content, content + length)
