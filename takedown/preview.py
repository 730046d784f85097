"""The lawbook as letters of a fictitious case: previews in every language, and what is missing where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import connection

from takedown.fictitious import Combination, request_to
from takedown.jurisdictions import LANGUAGES
from takedown.lawbook import VARIANTS, Lawbook, seed_lawbook, seed_templates
from takedown.letter_facts import organisation, sender_of
from takedown.letter_files import Sender
from takedown.letter_types import ADDRESSEES, Letter
from takedown.letters import compose
from takedown.models import LetterTemplate, Statute


def installed() -> Sender:
    """As this installation would write: its lawbook, its centre (the demo's where nobody filled it in), its conditions.

    Before the first `migrate` there is no installation: the shipped lawbook and the demo's centre.
    """
    if Statute._meta.db_table not in connection.introspection.table_names():
        return Sender(seed_lawbook())
    rows = list(Statute.objects.all())
    book = Lawbook.of(rows, LetterTemplate.objects.all()) if rows else seed_lawbook()
    centre = organisation()
    if not centre.pk:
        return Sender(book)
    return Sender(book, sender_of(centre), frozenset(centre.conditions))


def in_every_language(jurisdiction: str, addressee: str, content: str) -> list[Letter]:
    """The same letter in each language. Raises KeyError or ValueError where a paragraph cannot be filled."""
    sender = installed()
    kinds = [Combination(jurisdiction, addressee, content, language) for language in LANGUAGES]
    return [compose(request_to(kind, sender.centre, sender.flags), sender.lawbook) for kind in kinds]


# --- what is missing ---------------------------------------------------------------------------------------------
class LanguageLine(NamedTuple):
    """Paragraphs of one language: how many there are, which are missing, how many counsel has checked."""

    language: str
    total: int
    missing: list[str]
    checked: int


class StatuteLine(NamedTuple):
    """One statute: whether it can be cited, and the languages without a sentence for it."""

    row: Any
    sentences: int
    without: list[str]


def language_lines(templates: Iterable[Any]) -> list[LanguageLine]:
    by_language: dict[str, dict[str, Any]] = {language: {} for language in LANGUAGES}
    for row in templates:
        by_language.setdefault(row.language, {})[row.key] = row
    wanted = {row.key for row in seed_templates()} | {key for rows in by_language.values() for key in rows}
    return [
        LanguageLine(language, len(rows), sorted(wanted - set(rows)), sum(bool(r.checked_by_counsel_on) for r in rows.values()))
        for language, rows in by_language.items()
    ]  # fmt: skip


def statute_lines(statutes: Iterable[Any], templates: Iterable[Any]) -> list[StatuteLine]:
    spoken: dict[str, set[str]] = {}
    for row in templates:
        prefix, _dot, rest = row.key.partition(".")
        if prefix in ("law", "korea"):
            spoken.setdefault(rest.split(".")[0], set()).add(row.language)
        elif row.key == "form.blocks":
            spoken.setdefault("KR-7b", set()).add(row.language)
    lines = []
    for statute in statutes:
        languages = spoken.get(statute.code, set())
        lines.append(StatuteLine(statute, len(languages), [one for one in LANGUAGES if one not in languages]))
    return lines


def combination_lines(jurisdiction: str) -> list[dict[str, Any]]:
    """Each addressee and kind of content of a jurisdiction: per language, the names of missing elements."""
    sender = installed()
    lines = []
    for addressee in ADDRESSEES:
        for content in VARIANTS:
            cells = [_missing(Combination(jurisdiction, addressee, content, one), sender) for one in LANGUAGES]
            lines.append({"addressee": addressee, "content": content, "cells": cells})
    return lines


def _missing(kind: Combination, sender: Sender) -> str:
    """Names of what is missing; empty when the letter is whole."""
    try:
        return ", ".join(compose(request_to(kind, sender.centre, sender.flags), sender.lawbook).missing)
    except (KeyError, ValueError, IndexError) as error:
        return f"{type(error).__name__} {error}"
