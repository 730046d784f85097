"""A site's own search: one list of results for each search word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from django.utils.translation import gettext as _

from detection.sources.base import FoundMedia, SourceError
from detection.sources.listing import Listing
from detection.sources.page import Page
from detection.sources.shown import found_on
from detection.sources.templates import QUERY, counts, filled, without


class Search(Listing):
    """The address holds {query}, and may hold {page}; each list of results is read like a listing.

    One search that fails does not end the others. The word searched for is not kept with what it found.
    """

    query = ""

    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        if QUERY not in self.source.url:
            raise SourceError(_("The address needs {query} where the search word belongs."))
        if not self.queries:
            raise SourceError(_("There is nothing to search for yet: no search words."))
        failures = []
        for number, query in enumerate(self.queries):
            self.query = query
            if self.late:
                self.remarks.append(_("There was no time for all search words."))
                break
            try:
                yield from self.walk(filled(self.source.url, self.query), since, at)
            except SourceError as error:
                failures.append(error)
                self.skip(_("search %(number)d") % {"number": number + 1}, error.sentence)
        if failures and len(failures) == len(self.queries):
            raise failures[0]
        self.troubles += [error.sentence for error in failures]
        self.opened += len(failures)
        if not self.seen:
            self.remarks.append(_("The searches found nothing."))

    def stored(self, page_url: str) -> str:
        return without(page_url, values=self._secret, never=self._secret)

    @property
    def _secret(self) -> list[str]:
        return [self.query] if self.query in self.secret_queries else []

    def following(self, page: Page, number: int) -> str:
        if not counts(self.source.url):
            return super().following(page, number)
        if not self.links_of(page) and not found_on(page):
            return ""  # past the last result
        return filled(self.source.url, self.query, page=number + 1, offset=len(self.asked))

    def without_traces(self, link: str) -> str:
        """Sites write the search into the links of its results; what the page itself is called stays."""
        plain = without(link, values=self._secret)
        said = dict(parse_qsl(urlsplit(plain).query))
        return without(
            plain, names=[name for name in self._blanks if said.get(name, "").casefold() == self.query.casefold()]
        )

    @property
    def _blanks(self) -> list[str]:
        """Names of the parameters that carry the search word."""
        return [name for name, value in parse_qsl(urlsplit(self.source.url).query) if QUERY in value]
