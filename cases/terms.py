"""Watch terms: names, accounts, titles and file names under which a case's material is spread.

A term is among the most telling things a centre holds. It lies sealed with its case's key, is opened in memory to read
pages with or to search a site an officer ticked, and stands in no log, address, queue or entry of custody.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cases import custody, vault
from cases.models import Case, User, WatchTerm

logger = logging.getLogger(__name__)

LONGEST = 120
MOST_A_CASE = 40
FILE_NAME = re.compile(r"\S.*\.[A-Za-z0-9]{2,5}\Z")
HANDLE = re.compile(r"@\S+\Z|[A-Za-z0-9_.\-]*[0-9_.\-][A-Za-z0-9_.\-]*\Z|[a-z]{3,}\Z")
LONGEST_NAME = 20


class TermError(Exception):
    """A term that cannot be watched for. `sentence` is for a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Word:
    """A term, opened. Its text is in no representation of it, so that no trace of an error can tell it."""

    term_id: UUID
    case_id: UUID
    kind: str
    text: str = field(repr=False)


def add(case: Case, kind: str, text: str, *, officer: User | None = None) -> WatchTerm:
    """Watch for a word; one that is watched for already stays as it is. Without an officer the person served named it.

    Raises TermError, VaultError.
    """
    text = cleaned(text)
    with transaction.atomic():
        Case.objects.select_for_update().only("pk").get(pk=case.pk)
        known = {word.text.casefold(): word for word in opened(case)}
        if text.casefold() in known:
            return WatchTerm.objects.get(pk=known[text.casefold()].term_id)
        if len(known) >= MOST_A_CASE:
            raise TermError(_("A case has at most %(count)d terms. Remove one first.") % {"count": MOST_A_CASE})
        term = WatchTerm(case=case, kind=kind, made_by=officer)
        term.text_sealed = vault.seal_text(case, field_of(term.pk), text)
        term.save(force_insert=True)
        custody.record(case, "term_added", actor=_actor(officer), subject=f"term:{term.pk}", kind=term.kind)
    return term


def remove(term: WatchTerm, *, officer: User) -> None:
    """Watch for it no longer: the row goes, with every tick and every hit that names it."""
    with transaction.atomic():
        custody.record(term.case, "term_removed", actor=_actor(officer), subject=f"term:{term.pk}", kind=term.kind)
        term.delete()


def cleaned(text: str) -> str:
    """One line without what cannot be stored. Raises TermError for what says too little or too much."""
    plain = " ".join("".join(one for one in text if one.isprintable() or one.isspace()).split())
    if sum(map(str.isalnum, plain)) < 2:
        raise TermError(_("A term needs at least two letters or digits."))
    if len(plain) > LONGEST:
        raise TermError(_("A term has at most %(count)d letters.") % {"count": LONGEST})
    return plain


def opened(case: Case) -> list[Word]:
    """The terms of one case in the clear. Raises VaultError."""
    rows = list(WatchTerm.objects.filter(case=case))
    if not rows:
        return []
    seal = vault.seal_of(case)
    return [_opened(seal, row) for row in rows]


def words_of(cases: Iterable[Case] | None = None, *, terms: Iterable[WatchTerm] | None = None) -> Iterator[Word]:
    """Many terms in the clear, each case's key opened once. What does not open is named in the log, by id alone."""
    rows = WatchTerm.objects.filter(case__in=cases) if terms is None else terms  # type: ignore[misc]
    seals: dict[UUID, vault.Seal | None] = {}
    for row in rows:
        if row.case_id not in seals:
            seals[row.case_id] = _seal_of(row.case_id)
        seal = seals[row.case_id]
        try:
            if seal:
                yield _opened(seal, row)
        except vault.VaultError as error:
            logger.error("term %s cannot be opened: %s", row.pk, error.code)


def _seal_of(case_id: UUID) -> vault.Seal | None:
    try:
        return vault.seal_of(Case(pk=case_id))
    except vault.VaultError as error:
        logger.error("the terms of case %s cannot be opened: %s", case_id, error.code)
        return None


def _opened(seal: vault.Seal, row: WatchTerm) -> Word:
    return Word(row.pk, row.case_id, row.kind, seal.open(field_of(row.pk), bytes(row.text_sealed)).decode())


def field_of(term_id: UUID) -> str:
    """Under which name a term is sealed: its own, so that no two can be exchanged."""
    return f"term:{term_id}"


def _actor(officer: User | None) -> str:
    return f"officer:{officer.pk}" if officer else "victim"


# --- what someone wrote into one box -----------------------------------------------------------------------------
def named_in(text: str) -> list[str]:
    """The terms in a text, one a line or between commas; what is none is passed over, since nothing is asked twice."""
    found = []
    for line in re.split(r"[\n,;、，]+", text):
        try:
            found.append(cleaned(line))
        except TermError:
            continue
    return list(dict.fromkeys(found))[:MOST_A_CASE]


def kind_of(text: str) -> str:
    """What a term probably is; an officer sees it and can add it anew under another kind."""
    if FILE_NAME.match(text):
        return WatchTerm.Kind.FILENAME
    if HANDLE.match(text):
        return WatchTerm.Kind.HANDLE
    few_words = len(text.split()) <= 3 and len(text) <= LONGEST_NAME
    return WatchTerm.Kind.NAME if few_words and not any(map(str.isdigit, text)) else WatchTerm.Kind.TITLE
