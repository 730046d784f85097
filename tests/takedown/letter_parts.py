"""What the letter tests write from: a complete request to any host, and lawbooks with something taken out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from takedown.lawbook import Lawbook, seed_lawbook
from takedown.letter_facts import TITLES
from takedown.letters import LetterRequest, Location, Organisation, Signatory
from takedown.seeding import DEMO_MANDATES, DEMO_NAMES

# 23:30 in Seoul on 11 November, 14:30 UTC; the seed was read on 2026-11-22 and every row is in force by now.
NOW = datetime(2026, 11, 11, 14, 30, tzinfo=UTC)
REFERENCE = "SG-2026-0042"
EMAIL = "reply@centre.example"
OFFICER_NAMES = {"ko": "김하나", "en": "Kim Hana"}
DIGEST = "sha256:" + "ab" * 32
ALL_FLAGS = frozenset({"kr_designated_body", "uk_48h_in_force", "jp_formal_request", "vn_law_2025_articles"})

PLACE = Location(
    page_url="https://tube.example/watch/1",
    media_url="https://tube.example/media/1.mp4",
    first_seen_at=NOW - timedelta(hours=20),
    title="clip 1",
    uploader="someone",
    digest=DIGEST,
    time_codes=((1.0, 12.5),),
)
CENTRE = Organisation(
    name=DEMO_NAMES,
    mandate=DEMO_MANDATES,
    legal_representative="Hong Gildong (홍길동)",
    address="1 Example-ro, Jung-gu, Seoul 00000, Republic of Korea",
    phone="+82-2-0000-0000",
    email=EMAIL,
)
COMPLETE = LetterRequest(
    reference=REFERENCE,
    language="en",
    jurisdiction="US",
    addressee_type="site",
    content_type="filmed",
    site_name="tube.example",
    locations=(PLACE,),
    organisation=CENTRE,
    officer=Signatory(OFFICER_NAMES, next(iter(TITLES.values()))),
    composed_at=NOW,
    police_reference="BKK-7/2569",
)


def a_request(**fields: Any) -> LetterRequest:
    return replace(COMPLETE, **fields)


def with_place(request: LetterRequest, **fields: Any) -> LetterRequest:
    return replace(request, locations=(replace(PLACE, **fields),))


def with_centre(request: LetterRequest, **fields: Any) -> LetterRequest:
    return replace(request, organisation=replace(CENTRE, **fields))


def without_paragraphs(*prefixes: str) -> Lawbook:
    """The shipped lawbook after somebody deleted these paragraphs, in every variant and language."""
    book = seed_lawbook()
    kept = {key: row for key, row in book.templates.items() if not key[1].startswith(prefixes)}
    assert len(kept) < len(book.templates)
    return replace(book, templates=kept)


def with_statute(code: str, **fields: Any) -> Lawbook:
    """The shipped lawbook with one row changed."""
    book = seed_lawbook()
    row: Any = book.statutes[code]
    return replace(book, statutes={**book.statutes, code: replace(row, **fields)})
