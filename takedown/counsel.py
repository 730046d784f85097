"""What of a letter no lawyer has read yet. It may be sent; the officer is told (legal facts, consequences for the data)."""

from __future__ import annotations

from typing import NamedTuple

from takedown.models import LetterTemplate, Notice, Statute


class Unchecked(NamedTuple):
    """Codes of cited statutes, and the number of paragraphs, without "checked by counsel on"."""

    statutes: list[str]
    paragraphs: int


def unchecked(notice: Notice) -> Unchecked:
    codes = [row["code"] for row in notice.statutes]
    keys = [row["key"] for row in notice.templates]
    waiting = Statute.objects.filter(code__in=codes, checked_by_counsel_on=None).values_list("code", flat=True)
    texts = LetterTemplate.objects.filter(language=notice.language, key__in=keys, checked_by_counsel_on=None)
    return Unchecked(sorted(waiting), texts.count())
