"""What goes into a letter and what comes out: plain values.

No field of the request can hold a fact about the victim, an image or a link to stored evidence: what cannot enter cannot leave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

ADDRESSEES = ("site", "platform", "host", "cdn", "registrar", "search", "regulator")

Words = str | Mapping[str, str]


@dataclass(frozen=True)
class Location:
    """One address. Times are aware; time codes are (start, end) seconds in the published file; digest is "sha256:…"."""

    page_url: str
    media_url: str = ""
    first_seen_at: datetime | None = None
    title: str = ""
    uploader: str = ""
    digest: str | None = None
    time_codes: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Organisation:
    """The centre that signs. Words are one string or a mapping from language code to string."""

    name: Words = ""
    mandate: Words = ""
    legal_representative: Words = ""
    address: Words = ""
    phone: str = ""
    email: str = ""
    country: str = "KR"


@dataclass(frozen=True)
class Signatory:
    name: Words = ""
    role: Words = ""


@dataclass(frozen=True)
class LetterRequest:
    reference: str
    language: str
    jurisdiction: str
    addressee_type: str
    content_type: str
    site_name: str
    locations: Sequence[Location]
    organisation: Organisation
    officer: Signatory
    composed_at: datetime
    time_zone: str = "UTC"
    follows_reference: str = ""
    follows_sent_at: datetime | None = None
    # How it follows: "" (a re-upload), "reminder" (to the same addressee) or "escalated" (to another).
    follows_as: str = ""
    police_reference: str = ""
    free_text: str = ""
    flags: frozenset[str] = frozenset()


class Paragraph(NamedTuple):
    key: str
    text: str
    locked: bool


class Cited(NamedTuple):
    code: str
    verified: bool
    version: int


class Used(NamedTuple):
    """A paragraph of the lawbook that stands in the letter."""

    key: str
    version: int


class Violation(NamedTuple):
    """A locked paragraph that the edited text lost, changed or moved; key "subject" for a subject without its reference."""

    key: str
    expected: str


@dataclass(frozen=True)
class Letter:
    reference: str
    language: str
    subject: str
    paragraphs: list[Paragraph]
    statutes: list[Cited]
    deadline_hours: int | None
    missing: list[str] = field(default_factory=list)
    templates: list[Used] = field(default_factory=list)

    def body(self) -> str:
        """Plain text, one blank line between paragraphs."""
        return "\n\n".join(paragraph.text for paragraph in self.paragraphs)

    @property
    def digest(self) -> str:
        return letter_digest(self.subject, self.body())


def letter_digest(subject: str, body: str) -> str:
    """ "sha256:…" over exactly this subject, an empty line and this body, in UTF-8."""
    return "sha256:" + hashlib.sha256(f"{subject}\n\n{body}".encode()).hexdigest()
