"""A case that does not exist: what previews, `compose_letters` and docs/letters are written from.

Every name ends in .example or says that it is one; the times are fixed, so that the same lawbook gives the same letters.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cases.models import Role
from takedown.jurisdictions import JURISDICTIONS, LANGUAGES, time_zone_for
from takedown.lawbook import VARIANTS, seed_agencies
from takedown.letter_facts import TITLES, sender_of
from takedown.letter_types import ADDRESSEES, LetterRequest, Location, Organisation, Signatory
from takedown.models import Organisation as OrganisationRow
from takedown.seeding import DEMO_CENTRE, DEMO_MANDATES, DEMO_NAMES

WRITTEN_AT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
REFERENCE = "SG-2026-EXAMPLE2"
DIGEST = "sha256:" + "0123456789abcdef" * 4
POLICE_REFERENCE = "EXAMPLE-0000/2569"
NAMES = {
    "site": "video.example", "platform": "social.example", "host": "network.example", "cdn": "cdn.example",
    "registrar": "names.example", "search": "search.example", "regulator": "regulator.example",
}  # fmt: skip
REGULATORS = {
    "KR": "kmcsc", "US": "ftc", "EU": "dsc", "DE": "bnetza", "ES": "aepd", "UK": "ofcom", "TW": "siarc", "HK": "pcpd",
    "RU": "roskomnadzor", "VN": "a05", "TH": "mdes", "AU": "esafety",
}  # fmt: skip
MINORS_REGULATORS = {**REGULATORS, "TW": "iwin"}

CENTRE = sender_of(OrganisationRow(names=DEMO_NAMES, mandates=DEMO_MANDATES, **DEMO_CENTRE))
OFFICER = Signatory(name={"ko": "김예시", "en": "Kim Yesi"}, role=TITLES[Role.OFFICER])
PLACES = (
    Location(
        page_url="https://video.example/watch/1001", media_url="https://video.example/media/1001.mp4",
        first_seen_at=WRITTEN_AT - timedelta(hours=20, minutes=13, seconds=7), title="clip 1001", uploader="user-1",
        digest=DIGEST, time_codes=((1.0, 12.5),),
    ),
    Location(
        page_url="https://video.example/watch/1002", media_url="https://video.example/media/1002.mp4",
        first_seen_at=WRITTEN_AT - timedelta(hours=2), title="clip 1002", digest=DIGEST,
    ),
)  # fmt: skip


class Combination(NamedTuple):
    """One kind of letter: the four axes."""

    jurisdiction: str
    addressee: str
    content: str
    language: str

    @property
    def name(self) -> str:
        """Fit for a file: "KR-site-filmed-ko"."""
        return "-".join(self)


def every_combination() -> Iterator[Combination]:
    """All of them, language by language: 18 jurisdictions, 7 addressees, 4 kinds of content, 12 languages."""
    for language, jurisdiction, addressee, content in itertools.product(LANGUAGES, JURISDICTIONS, ADDRESSEES, VARIANTS):
        yield Combination(jurisdiction, addressee, content, language)


def request_to(
    kind: Combination, centre: Organisation = CENTRE, flags: frozenset[str] = frozenset(), free_text: str = ""
) -> LetterRequest:
    """A complete request of this kind. Raises nothing for the axes of `every_combination`."""
    return LetterRequest(
        reference=REFERENCE,
        language=kind.language,
        jurisdiction=kind.jurisdiction,
        addressee_type=kind.addressee,
        content_type=kind.content,
        site_name=addressee_name(kind),
        locations=PLACES,
        organisation=centre,
        officer=OFFICER,
        composed_at=WRITTEN_AT,
        time_zone=time_zone_for(kind.jurisdiction),
        police_reference=POLICE_REFERENCE,
        free_text=free_text,
        flags=flags,
    )


def addressee_name(kind: Combination) -> str:
    """The authority by its name where the legal facts name one; else an address that cannot exist."""
    keys = MINORS_REGULATORS if kind.content == "minor" else REGULATORS
    if kind.addressee == "regulator" and kind.jurisdiction in keys:
        agency = next(agency for agency in seed_agencies() if agency.key == keys[kind.jurisdiction])
        return agency.name_in(kind.language)
    return NAMES[kind.addressee]
