"""The law a letter cites, by name, and what of the letter no lawyer has read yet.

It may be sent all the same; the officer is told (legal facts, consequences for the data).
"""

from __future__ import annotations

from typing import NamedTuple

from takedown.lawbook import citation
from takedown.models import LetterTemplate, Notice, Statute


class Unchecked(NamedTuple):
    """Codes of cited statutes, and the number of paragraphs, without "checked by counsel on"."""

    statutes: list[str]
    paragraphs: int


class Law(NamedTuple):
    code: str
    name: str  # empty where the lawbook does not hold the statute any more


def cited(notice: Notice, language: str) -> list[Law]:
    """In the order of the letter, named in the reader's language; the original name stands in the letter itself."""
    codes = [row["code"] for row in notice.statutes]
    rows = Statute.objects.in_bulk(codes, field_name="code")
    return [Law(code, _named(rows[code], language) if code in rows else "") for code in codes]


def _named(row: Statute, language: str) -> str:
    return row.names.get(language) or citation(row, language)


def unchecked(notice: Notice) -> Unchecked:
    codes = [row["code"] for row in notice.statutes]
    keys = [row["key"] for row in notice.templates]
    waiting = Statute.objects.filter(code__in=codes, checked_by_counsel_on=None).values_list("code", flat=True)
    texts = LetterTemplate.objects.filter(language=notice.language, key__in=keys, checked_by_counsel_on=None)
    return Unchecked(sorted(waiting), texts.count())
