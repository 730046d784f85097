"""A sentence that was stored in one language, said again in the reader's.

A row keeps why a step ended as it was said at that moment: in the language of the installation, or of the officer who
pressed the button. The catalogs hold every sentence of the product in every language, so a stored one is recognised there,
with what was put into it, and said anew. What a person or a site wrote is not in the catalogs and stays as it is.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import get_language, gettext, override

PLACE = re.compile(r"%\((\w+)\)[sd]")
# A pattern with less of its own than this would recognise what it never said.
LETTERS = 8
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
# Sentences within sentences: why, and why that.
DEPTH = 3


def said_again(text: str) -> str:
    """The stored sentence in the active language; unchanged where the catalogs do not know it.

    In a language that only reports speak there are no such sentences: there it is said in English.
    """
    language = get_language() or settings.LANGUAGE_CODE
    with override(language if language in dict(settings.LANGUAGES) else "en"):
        return _said_again(text, get_language() or "en", DEPTH) if text else text


@functools.lru_cache(maxsize=1024)
def _said_again(text: str, language: str, depth: int) -> str:
    whole = _one(text, language, depth)
    if whole is not None:
        return whole
    # Several sentences after one another, each of its own.
    parts = SENTENCE_END.split(text)
    said = [_one(part, language, depth) for part in parts] if len(parts) > 1 else []
    if not any(said):
        return text
    return " ".join(part if one is None else one for part, one in zip(parts, said, strict=True))


def _one(text: str, language: str, depth: int) -> str | None:
    plain, patterns = _known()
    if text in plain:
        return gettext(plain[text])
    for pattern, msgid in patterns:
        if found := pattern.fullmatch(text):
            put_in = found.groupdict()
            if depth:
                put_in = {name: _said_again(value, language, depth - 1) for name, value in put_in.items()}
            # What was a number is a piece of text by now.
            return PLACE.sub(r"%(\1)s", gettext(msgid)) % put_in
    return None


@functools.cache
def _known() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Every text of the catalogs with its msgid: plain ones, and patterns with the most telling first."""
    plain: dict[str, str] = {}
    patterns: list[tuple[int, re.Pattern[str], str]] = []
    for msgid, text in _texts():
        own = len(re.sub(r"[\s\W]", "", PLACE.sub("", text)))
        if not PLACE.search(text):
            plain.setdefault(text, msgid)
        elif own >= LETTERS and "%%" not in text:
            patterns.append((own, _pattern(text), msgid))
    patterns.sort(key=lambda one: -one[0])
    return plain, [(pattern, msgid) for _own, pattern, msgid in patterns]


def _texts() -> Iterator[tuple[str, str]]:
    """Each msgid with its text in each language; forms of number are left out, no reason has one."""
    spoken = [(one, settings.LOCALE_PATHS[0] / one / "LC_MESSAGES" / "django.po") for one, _name in settings.LANGUAGES]
    for language, path in (one for one in spoken if one[1].exists()):
        with path.open("rb") as file:
            for entry in read_po(file, locale=language):
                if isinstance(entry.id, str) and entry.id and isinstance(entry.string, str):
                    yield entry.id, entry.id
                    yield entry.id, entry.string or entry.id


def _pattern(text: str) -> re.Pattern[str]:
    """The text with a hole for each value; the same value twice must be the same twice."""
    pieces, end, seen = [], 0, set()
    for place in PLACE.finditer(text):
        name = place[1]
        pieces += [re.escape(text[end : place.start()]), f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"]
        seen.add(name)
        end = place.end()
    return re.compile("".join([*pieces, re.escape(text[end:])]), re.DOTALL)
