"""Nothing that leaves may name the person served: neither an officer's words nor a title copied from a page."""

from __future__ import annotations

import re

from cases import terms, vault
from cases.models import Case, Person

SHORTEST_NAME = 2


def person_words(case: Case) -> list[str]:
    """Pseudonym, name and contact, opened for a comparison alone. Raises VaultError."""
    person = Person.objects.filter(case=case).first()
    fields = {"name": person.name_sealed, "contact": person.contact_sealed} if person else {}
    opened = [vault.open_text(case, field, bytes(sealed)) for field, sealed in fields.items()]
    return [word for word in (one.strip().casefold() for one in (case.alias, *opened)) if len(word) >= SHORTEST_NAME]


def telling_words(case: Case) -> list[str]:
    """The same and every watch term: what a stranger wrote around the material is not repeated where it names one.

    Not asked of an officer's words: a term can be as common as “video”. Raises VaultError.
    """
    return [*person_words(case), *(word.text.strip().casefold() for word in terms.opened(case))]


def names_any(text: str, words: list[str]) -> bool:
    """True when one of the words (case-folded) stands in the text."""
    folded = text.casefold()
    return any(_stands_in(folded, word) for word in words)


def _stands_in(text: str, word: str) -> bool:
    """Latin names as whole words ("Li" is not in "listed"); Korean ones anywhere: particles are joined to them."""
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)) if word.isascii() else word in text
