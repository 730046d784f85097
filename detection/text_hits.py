"""The text around a candidate, read for the terms of all watched cases. A hit moves it forward; it judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import unquote, unquote_plus, urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cases import terms
from cases.models import Case, WatchTerm
from cases.terms import Word
from detection.asked import TermHit
from detection.models import Candidate
from detection.variants import Finder

Place = TermHit.Place
# A stem that tells one file from others: with a digit, not Latin, or long; "video" alone stands everywhere.
TELLING = re.compile(r"(.*\d.*|.*[^\x00-\x7f].*|.{8,})\Z")
READ_AGAIN = 500


class Reader:
    """Reads for the terms of the cases that are watched now. They are opened with the first text there is to read."""

    def __init__(self, words: Iterable[Word] | None = None) -> None:
        self._words = words

    @cached_property
    def _finder(self) -> Finder[UUID]:
        words = terms.words_of(Case.objects.watched(timezone.now())) if self._words is None else self._words
        return Finder((word.term_id, sought(word)) for word in words)

    def note(self, candidate: Candidate) -> None:
        """Keep which terms stand around a candidate, and put it as far forward as the clearest of them says."""
        hits = self._hits(candidate)
        if not hits:
            return
        with transaction.atomic():
            # A term that was removed since it was opened has no hit.
            still = set(WatchTerm.objects.filter(pk__in={hit.term_id for hit in hits}).values_list("pk", flat=True))
            kept = [hit for hit in hits if hit.term_id in still]
            TermHit.objects.bulk_create(kept, ignore_conflicts=True)
            candidate.priority = max([candidate.priority, *(hit.strength for hit in kept)])
            candidate.save(update_fields=["priority"])

    def _hits(self, candidate: Candidate) -> list[TermHit]:
        if not self._finder:
            return []
        return [
            TermHit(candidate=candidate, term_id=found.key, place=place, strength=int(found.strength))
            for place, text in texts_around(candidate)
            for found in self._finder.found_in(text)
        ]


def sought(word: Word) -> str:
    """What is looked for: a file name without its ending, since copies are encoded anew; an account without its @."""
    if word.kind == WatchTerm.Kind.FILENAME:
        stem = word.text.rpartition(".")[0]
        return stem if len(stem) >= 3 and TELLING.match(stem) else word.text
    return word.text.lstrip("@") if word.kind == WatchTerm.Kind.HANDLE else word.text


def texts_around(candidate: Candidate) -> list[tuple[str, str]]:
    """Title, uploader, file name and page address of a candidate, as a person would read them."""
    page, file = urlsplit(candidate.page_url), urlsplit(candidate.media_url)
    address = " ".join([_host(page.hostname or ""), unquote(page.path), unquote_plus(page.query)])
    return [
        (Place.TITLE, candidate.title),
        (Place.UPLOADER, candidate.uploader),
        (Place.FILENAME, f"{unquote(file.path.rpartition('/')[2])} {unquote_plus(file.query)}"),
        (Place.ADDRESS, address),
    ]


def _host(name: str) -> str:
    try:
        return name.encode("ascii").decode("idna")
    except UnicodeError:
        return name


def read_again(case: Case) -> int:
    """Read what waits to be examined for the terms of one case that were added meanwhile; how many were read."""
    if not case.allows_work(timezone.now()):
        return 0
    reader = Reader(terms.opened(case))
    waiting = Candidate.objects.to_examine(timezone.now())[:READ_AGAIN]
    for candidate in waiting:
        reader.note(candidate)
    return len(waiting)


def forget_hits(candidate_ids: Iterable[UUID]) -> None:
    """After a term was removed: these candidates wait no further forward than their other hits say."""
    for pk in candidate_ids:
        strongest = TermHit.objects.filter(candidate_id=pk).aggregate(Max("strength"))["strength__max"]
        Candidate.objects.filter(pk=pk).update(priority=strongest or 0)
