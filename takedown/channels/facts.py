"""What every machine-readable report says: whose, about what, where. Locked sentences of the letter and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from django.utils.translation import gettext as _

from takedown.composing import in_language, one_line
from takedown.drafting import ADDRESSES_PER_NOTICE, NoticeError
from takedown.ladder_models import places_of
from takedown.letter_facts import organisation
from takedown.models import Location, Notice

# In the order in which they are taken along while there is room; they stand in the letter's own order.
FIRST = ("what", "non_consent", "deadline", "who_we_are", "good_faith", "grounds_host_law", "accuracy")
MARK = UUID("7f0b5a3e-5f0c-4a0e-9a62-0d3b6d2c9f11")


class Centre(NamedTuple):
    name: str
    email: str
    phone: str
    country: str

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


def centre_for(notice: Notice) -> Centre:
    """Who signs, named in the letter's language. Raises NoticeError without name or e-mail."""
    row = organisation()
    name = one_line(in_language(row.names, notice.language), 200)
    if not name or not row.email:
        raise NoticeError(_("The centre's name and e-mail are missing; an administrator enters them."))
    return Centre(name, row.email, one_line(row.phone, 20), row.country)


def locations_of(notice: Notice) -> list[Location]:
    """All addresses of the notice, oldest first. Raises NoticeError without one or with more than a notice may have."""
    found = list(places_of(notice).select_related("match__candidate", "match__capture").order_by("pk"))
    if not found or len(found) > ADDRESSES_PER_NOTICE:
        raise NoticeError(_("A report names between 1 and %(most)d addresses.") % {"most": ADDRESSES_PER_NOTICE})
    return found


def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def summary(notice: Notice, most: int) -> str:
    """The reference and whole locked paragraphs of the letter, as many as fit into `most` characters."""
    head = one_line(notice.reference)
    texts = {row["key"]: row["text"].strip() for row in notice.paragraphs if row["locked"] and row["text"].strip()}
    left, chosen = most - len(head), set()
    for key in FIRST:
        if key in texts and len(texts[key]) + 2 <= left:
            left -= len(texts[key]) + 2
            chosen.add(key)
    return "\n\n".join([head, *(text for key, text in texts.items() if key in chosen)])


def stable_uuid(notice: Notice, recipient: str) -> UUID:
    """The same for the same notice and addressee; written as version 4, which the receivers' schemas ask for."""
    return UUID(bytes=uuid5(MARK, f"{notice.pk.hex}|{recipient.lower()}").bytes, version=4)


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def unique(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
