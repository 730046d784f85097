"""What an officer changed of a paragraph, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import NamedTuple

# Words of Latin, Cyrillic, Vietnamese …; a script that puts no space between words is compared sign by sign.
_TOKENS = re.compile(r"\s+|[^\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|.", re.DOTALL)


class Piece(NamedTuple):
    """`kind` is "same", "gone" (in the template only) or "new" (in the letter only)."""

    kind: str
    text: str


def pieces(template: str, text: str) -> list[Piece]:
    """Both texts in one: joined without the "new" pieces it is the template, without the "gone" ones the letter."""
    old, new = _TOKENS.findall(template), _TOKENS.findall(text)
    found: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("same", "".join(old[a:b])))
            continue
        found += [Piece("gone", "".join(old[a:b]))] if b > a else []
        found += [Piece("new", "".join(new[c:d]))] if d > c else []
    return found
