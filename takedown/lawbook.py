"""The statutes and letter paragraphs a letter may use.

The seed stands in takedown/seed: statutes.toml (one table per `Statute` row), letters.<language>.toml (one `LetterTemplate`
row per entry of [paragraphs]; [statutes] fills `Statute.names`), agencies.toml. A `Lawbook` is built from the seed or from
the rows an administrator edited: both have the same fields.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from takedown.jurisdictions import LANGUAGES, LOCAL_LANGUAGES

SEED = Path(__file__).with_name("seed")

# Everything else is locked: legal sentences are not typed by hand (legal facts, rule 9).
EDITABLE_KEYS = frozenset(
    [
        "subject.adult", "subject.minor", "subject.identifying", "salutation", "salutation.host", "salutation.cdn",
        "salutation.registrar", "salutation.search", "salutation.regulator", "damage", "free_text",
    ]
)  # fmt: skip

# A sentence may be written for one kind of content, for adults (filmed, synthetic) or for imagery as such.
VARIANTS: Mapping[str, tuple[str, ...]] = {
    "filmed": ("filmed", "adult", "image"),
    "synthetic": ("synthetic", "adult", "image"),
    "minor": ("minor", "image"),
    "identifying": ("identifying",),
}


class StatuteLike(Protocol):
    code: str
    jurisdiction: str
    name_local: str
    name_en: str
    names: dict[str, str]
    article: str
    clock_hours: int | None
    clock_start: str
    addressee_types: list[str]
    elements: list[str]
    verified: bool
    valid_from: date | None
    valid_to: date | None
    flag: str
    version: int


class TemplateLike(Protocol):
    language: str
    key: str
    text: str
    locked: bool
    version: int


@dataclass(frozen=True)
class SeedStatute:
    """Field for field the row `Statute` of takedown.models."""

    code: str
    jurisdiction: str
    name_local: str
    name_en: str
    names: dict[str, str] = field(default_factory=dict)
    article: str = ""
    duty_key: str = ""
    clock_hours: int | None = None
    clock_start: str = ""
    addressee_types: list[str] = field(default_factory=list)
    elements: list[str] = field(default_factory=list)
    sanction: str = ""
    verified: bool = False
    source: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    checked_by_counsel_on: date | None = None
    flag: str = ""
    version: int = 1


@dataclass(frozen=True)
class SeedTemplate:
    """Field for field the row `LetterTemplate` of takedown.models."""

    language: str
    key: str
    text: str
    locked: bool = True
    version: int = 1
    checked_by_counsel_on: date | None = None


@dataclass(frozen=True)
class Agency:
    key: str
    country: str
    name_local: str
    name_en: str
    names: dict[str, str]
    former: tuple[str, ...]
    valid_from: date | None
    source: str

    def name_in(self, language: str) -> str:
        local = language in LOCAL_LANGUAGES.get(self.country, set())
        return self.name_local if local else self.names.get(language, self.name_en)


@dataclass(frozen=True)
class Lawbook:
    statutes: Mapping[str, StatuteLike]
    templates: Mapping[tuple[str, str], TemplateLike]
    agencies: Mapping[str, Agency]

    @classmethod
    def of(cls, statutes: Iterable[Any], templates: Iterable[Any]) -> Lawbook:
        """A lawbook of `Statute` and `LetterTemplate` rows (or seed rows)."""
        return cls(
            {row.code: row for row in statutes},
            {(row.language, row.key): row for row in templates},
            {agency.key: agency for agency in seed_agencies()},
        )

    def paragraph(
        self, language: str, key: str, content_type: str = "", addressee_type: str = ""
    ) -> TemplateLike | None:
        """The text for this addressee and kind of content, else the more general ones, else None."""
        variants = VARIANTS.get(content_type, ())
        own = [*(f"{key}.{addressee_type}.{suffix}" for suffix in variants), f"{key}.{addressee_type}"]
        for name in [*own, *(f"{key}.{suffix}" for suffix in variants), key]:
            if found := self.templates.get((language, name)):
                return found
        return None

    def citable(self, code: str, on: date, addressee_type: str, flags: frozenset[str]) -> StatuteLike | None:
        """The statute, if it is verified, in force on that day, binds this addressee and its flag (if any) is set."""
        row = self.statutes.get(code)
        if row is None or not row.verified or (row.flag and row.flag not in flags):
            return None
        if (row.valid_from and on < row.valid_from) or (row.valid_to and on > row.valid_to):
            return None
        return row if not row.addressee_types or addressee_type in row.addressee_types else None

    def codes_in(self, jurisdiction: str) -> list[str]:
        return sorted((c for c, row in self.statutes.items() if row.jurisdiction == jurisdiction), key=natural_order)


def natural_order(code: str) -> list[Any]:
    """KR-2 before KR-10, KR-5 before KR-5b."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", code)]


# Languages that print brackets as wide as their characters.
FULL_WIDTH = frozenset(["ja", "zh-Hans", "zh-Hant"])


def citation(statute: StatuteLike, language: str) -> str:
    """Name and article in the letter's language, followed by the original where that is another language."""
    original = f"{statute.name_local} {statute.article}".strip()
    named = statute.names.get(language, "")
    if language in LOCAL_LANGUAGES.get(statute.jurisdiction, set()):
        return named or original
    if not named or named == original:
        return original
    return f"{named}（{original}）" if language in FULL_WIDTH else f"{named} ({original})"


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((SEED / name).read_text(encoding="utf-8"))


@lru_cache
def _letters(language: str) -> dict[str, Any]:
    return _read(f"letters.{language}.toml")


@lru_cache
def seed_statutes() -> tuple[SeedStatute, ...]:
    return tuple(SeedStatute(**row, names=_names(row["code"])) for row in _read("statutes.toml")["statute"])


def _names(code: str) -> dict[str, str]:
    return {lang: _letters(lang)["statutes"][code] for lang in LANGUAGES if code in _letters(lang)["statutes"]}


@lru_cache
def seed_templates() -> tuple[SeedTemplate, ...]:
    return tuple(row for language in LANGUAGES for row in _templates(language))


def _templates(language: str) -> Iterator[SeedTemplate]:
    book = _letters(language)
    for key, text in book["paragraphs"].items():
        yield SeedTemplate(language, key, text.strip(), key not in EDITABLE_KEYS, book["version"])


@lru_cache
def seed_agencies() -> tuple[Agency, ...]:
    return tuple(_agency(row) for row in _read("agencies.toml")["agency"])


def _agency(row: dict[str, Any]) -> Agency:
    key = row["key"]
    names = {lang: _letters(lang)["agencies"][key] for lang in LANGUAGES if key in _letters(lang)["agencies"]}
    return Agency(
        key, row["country"], row["name_local"], row["name_en"], names,
        tuple(row["former"]), row.get("valid_from"), row["source"],
    )  # fmt: skip


@lru_cache
def seed_lawbook() -> Lawbook:
    """The lawbook as shipped, without a database."""
    return Lawbook.of(seed_statutes(), seed_templates())
