"""Searching a site for a term: only where an officer ticked it, and no more often than the source's budget allows."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, zip_longest
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from cases import custody, terms
from cases.models import Case, User, WatchTerm
from cases.terms import TermError
from detection.asked import TermAt
from detection.models import Source
from detection.sources.templates import QUERY
from detection.text_hits import forget_hits, sought
from detection.variants import variants

Listed = TypeVar("Listed")
VARIANTS_A_TERM = 12


@dataclass(frozen=True)
class Searches:
    """What a visit asks for: the words, and the terms they belong to. The words are in no representation."""

    words: list[str] = field(default_factory=list, repr=False)
    terms: list[UUID] = field(default_factory=list)


# --- ticks -------------------------------------------------------------------------------------------------------
def sites() -> list[Source]:
    """Sources that can be searched for a word."""
    asking = Source.objects.filter(url__contains=QUERY).exclude(status=Source.Status.DRAFT).order_by("name", "pk")
    # A word within the host's name would be told to every name server on the way.
    return [source for source in asking if QUERY not in host_of(source)]


def host_of(source: Source) -> str:
    return (urlsplit(source.url).netloc or "").lower()


def tick(term: WatchTerm, source: Source, *, officer: User) -> None:
    """From now on this site is told this term. Ticked twice it stays ticked. Raises TermError."""
    host = host_of(source)
    if QUERY not in source.url or QUERY in host:
        raise TermError(_("This source cannot be searched for a word."))
    with transaction.atomic():
        TermAt.objects.filter(term=term, source=source).exclude(host=host).delete()
        asked = {"host": host, "ticked_by": officer}
        _row, is_new = TermAt.objects.get_or_create(term=term, source=source, defaults=asked)
        if is_new:
            _recorded("term_ticked", term, source, officer)


def untick(term: WatchTerm, source: Source, *, officer: User) -> None:
    """This site is told this term no more. What it was told it knows."""
    with transaction.atomic():
        if TermAt.objects.filter(term=term, source=source).delete()[0]:
            _recorded("term_unticked", term, source, officer)


def remove_term(term: WatchTerm, *, officer: User) -> None:
    """Watch for it no longer, and let what it moved forward fall back."""
    moved = list(term.hits.values_list("candidate_id", flat=True).distinct())  # type: ignore[attr-defined]
    with transaction.atomic():
        terms.remove(term, officer=officer)
        forget_hits(moved)


def _recorded(act: str, term: WatchTerm, source: Source, officer: User) -> None:
    custody.record(term.case, act, actor=f"officer:{officer.pk}", subject=f"term:{term.pk}", source=source.pk)


# --- one visit ---------------------------------------------------------------------------------------------------
def searches(source: Source, at: datetime) -> Searches:
    """The terms of watched cases that this source may be told, and their variants, as many as the budget has room for.

    Every term comes before any variant; what finds no room has its turn at the next visit.
    """
    if QUERY not in source.url:
        return Searches()
    ticks = TermAt.objects.filter(source=source, host=host_of(source), term__case__in=Case.objects.watched(at))
    ticked = [tick.term for tick in ticks.select_related("term").order_by("term_id")]
    turn = int(at.timestamp() // max(60, source.every_minutes * 60))
    words = _turned([*terms.words_of(terms=ticked)], turn)
    rows = [[word.text, *_turned(_searchable(sought(word)), turn)] for word in words]
    room = room_for(source)
    asked = dict.fromkeys(filter(None, chain.from_iterable(zip_longest(*rows))))
    return Searches([*asked][:room], [word.term_id for word in words[:room]])


def room_for(source: Source) -> int:
    """How many words one visit searches for beside the source's own: lists of results take half the requests at most."""
    own = sum(bool(line.strip()) for line in source.queries.splitlines())
    return max(1, source.request_budget // 2 // max(1, source.page_limit) - own)


def note_asked(source: Source, asked: Searches, at: datetime) -> None:
    """Keep when a site was last told a term; written before it is told."""
    TermAt.objects.filter(source=source, term_id__in=asked.terms).update(asked_at=at)


def _searchable(text: str) -> list[str]:
    """Variants that a search field takes: nothing invisible."""
    forms = variants(text, VARIANTS_A_TERM + 2)
    return [form for form in forms if all(unicodedata.category(one) != "Cf" for one in form)][:VARIANTS_A_TERM]


def _turned(row: list[Listed], turn: int) -> list[Listed]:
    """The same row, begun elsewhere on each visit."""
    first = turn % len(row) if row else 0
    return [*row[first:], *row[:first]]
