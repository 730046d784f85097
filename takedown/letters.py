"""The removal request (삭제요청) as text: pure functions from a `LetterRequest` to a `Letter`.

Its values stand in `letter_types`, the writing itself in `composing`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from takedown import elements
from takedown.composing import Draft, in_language, one_line, time_code
from takedown.elements import OUR_CLOCKS, MissingElement
from takedown.jurisdictions import JURISDICTIONS, LANGUAGES, jurisdiction_for, language_for
from takedown.lawbook import Lawbook, seed_lawbook
from takedown.letter_types import (
    ADDRESSEES,
    Cited,
    Letter,
    LetterRequest,
    Location,
    Organisation,
    Paragraph,
    Signatory,
    Used,
    Violation,
    Words,
    letter_digest,
)

__all__ = [
    "ADDRESSEES", "JURISDICTIONS", "LANGUAGES", "OUR_CLOCKS", "Cited", "Letter", "LetterRequest", "Location",
    "MissingElement", "Organisation", "Paragraph", "Signatory", "Used", "Violation", "Words", "compose",
    "edited_letter", "in_language", "jurisdiction_for", "korean_companion", "language_for", "letter_digest",
    "missing_elements", "one_line", "time_code",
]  # fmt: skip


def compose(request: LetterRequest, lawbook: Lawbook | None = None) -> Letter:
    """The letter for one host. A required element that is missing is named in `Letter.missing`, never left out silently.

    Raises ValueError for an unknown language, addressee or content type, or a time without a zone.
    """
    draft = Draft(request, lawbook or seed_lawbook())
    subject = draft.subject()
    paragraphs = list(draft.paragraphs())
    found = elements.missing(request, {p.key: p.text for p in paragraphs}, draft.cited.values())
    return Letter(
        reference=request.reference,
        language=request.language,
        subject=subject,
        paragraphs=paragraphs,
        statutes=[Cited(row.code, row.verified, row.version) for row in draft.cited.values()],
        deadline_hours=draft.deadline_hours,
        missing=[str(element.name) for element in found],
        templates=sorted(draft.used),
    )


def missing_elements(request: LetterRequest, lawbook: Lawbook | None = None) -> list[MissingElement]:
    """The completeness gate: what every notice needs, and what each statute this letter invokes needs, and is not there."""
    draft = Draft(request, lawbook or seed_lawbook())
    texts = {paragraph.key: paragraph.text for paragraph in draft.paragraphs()}
    return elements.missing(request, texts, draft.cited.values())


def korean_companion(request: LetterRequest, lawbook: Lawbook | None = None) -> Letter:
    """The same letter in Korean for the officer: same jurisdiction, same paragraphs, same keys in the same order."""
    foreign = compose(request, lawbook)
    korean = compose(replace(request, language="ko"), lawbook)
    texts = {paragraph.key: paragraph for paragraph in korean.paragraphs}
    aligned = [texts.get(p.key, Paragraph(p.key, "", p.locked)) for p in foreign.paragraphs]
    return replace(korean, paragraphs=aligned)


def edited_letter(original: Letter, subject: str, body: str) -> list[Violation]:
    """Locked paragraphs that do not stand unchanged and in order in the edited text; empty when the edit is allowed.

    Line ends, trailing spaces and Unicode composition do not count as changes: browsers alter them.
    """
    blocks = _blocks(body)
    violations = [] if original.reference in subject else [Violation("subject", original.reference)]
    at = 0
    for paragraph in (p for p in original.paragraphs if p.locked):
        end = _end_of(_blocks(paragraph.text), blocks, at)
        if end is None:
            violations.append(Violation(paragraph.key, paragraph.text))
        at = end or at
    return violations


def _end_of(wanted: list[str], blocks: list[str], start: int) -> int | None:
    """Index behind the first unbroken run of these blocks from start on; a paragraph may hold empty lines."""
    size = len(wanted)
    return next((n + size for n in range(start, len(blocks) - size + 1) if blocks[n : n + size] == wanted), None)


def _blocks(text: str) -> list[str]:
    lines = [line.rstrip() for line in unicodedata.normalize("NFC", text).replace("\r\n", "\n").split("\n")]
    return list(re.split(r"\n{2,}", "\n".join(lines).strip("\n")))
