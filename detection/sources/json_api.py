"""A JSON interface: where in its answer the entries are is said by JMESPath, as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import jmespath
from django.utils.translation import gettext as _
from jmespath.exceptions import JMESPathError
from selectolax.lexbor import LexborHTMLParser

from detection.sources.base import FoundMedia, SourceError, web_address
from detection.sources.keys import SourceKey
from detection.sources.page import words_of
from detection.sources.pages import answer_of
from detection.sources.templates import QUERY, counts, filled, with_parameters, without
from detection.sources.times import moment_of
from detection.sources.watch import Watch

ENTRIES_A_PAGE = 500
MEDIA_AN_ENTRY = 40
PATHS = ("items_path", "page_path", "media_path", "title_path", "uploader_path", "posted_path", "next_path")


class JsonApi(Watch):
    """Every entry with media of its own costs no further request; one without is opened like a detail page."""

    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        self._paths = {name: compiled(getattr(self.source, name)) for name in PATHS}
        self._key = SourceKey.of(self.source)
        failures, starts = [], self._starts()
        for number, self._query in enumerate(starts):
            if self.late:
                self.remarks.append(_("There was no time for all search words."))
                break
            try:
                yield from self._walk(since, at)
            except SourceError as error:
                failures.append(error)
                self.skip(_("search %(number)d") % {"number": number + 1}, error.sentence)
        if failures and len(failures) == len(starts):
            raise failures[0]
        self.troubles += [error.sentence for error in failures]
        self.opened += len(failures)
        if not self.seen:
            self.remarks.append(_("The interface answered, with no entry that has a page or media."))

    def _starts(self) -> list[str]:
        if QUERY not in self.source.url:
            return [""]
        if not self.queries:
            raise SourceError(_("There is nothing to search for yet: no search words."))
        return self.queries

    def _walk(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        for answer in self._answers():
            pages = []
            for entry in self._entries(answer):
                found = self._media_of_entry(entry)
                self.seen += len(found)
                yield from found
                page_url = self._address(self._said("page_path", entry))
                if not found and page_url:
                    pages.append(page_url)
                elif not found:
                    self.skip(_("an entry"), _("It names neither a page nor media."))
            yield from self.look_into(list(dict.fromkeys(pages)), since, at)

    # --- pages of the answer -----------------------------------------------------------------------------------------
    def _answers(self) -> Iterator[Any]:
        address, visited, offset = filled(self.source.url, self._query), set[str](), 0
        for number in range(1, max(1, self.source.page_limit) + 1):
            if not address or address in visited or (number > 1 and self.late):
                return
            visited.add(address)
            answer = self._ask(address)
            yield answer
            count = len(self._entries(answer))
            offset += count
            if not count:
                return
            address = self._following(address, answer, number, offset)

    def _ask(self, address: str) -> Any:
        asked = with_parameters(address, self._key.parameters)
        # A token for one site is not sent to another, whatever the answer names as its next page.
        headers = self._key.headers if web_address(self.source.url, "/") == web_address(address, "/") else {}
        body = answer_of(asked if headers or self._key.parameters else address, headers).body
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise SourceError(_("The answer is not JSON.")) from error

    def _following(self, address: str, answer: Any, number: int, offset: int) -> str:
        if self.source.next_path:
            said = self._said("next_path", answer)
            if not isinstance(said, str | int) or isinstance(said, bool) or said == "":
                return ""
            if self.source.next_parameter:
                return with_parameters(address, {self.source.next_parameter: str(said)})
            following = without(web_address(address, str(said)), names=self._key.parameters)
            return following if web_address(following, "/") == web_address(address, "/") else ""
        return filled(self.source.url, self._query, number + 1, offset) if counts(self.source.url) else ""

    # --- entries -----------------------------------------------------------------------------------------------------
    def _entries(self, answer: Any) -> list[Any]:
        found = self._said("items_path", answer) if self.source.items_path else answer
        if not isinstance(found, list):
            raise SourceError(_("There is no list of entries where the mapping says."))
        return found[:ENTRIES_A_PAGE]

    def _media_of_entry(self, entry: Any) -> list[FoundMedia]:
        said = self._said("media_path", entry) if self.source.media_path else None
        named = said if isinstance(said, list) else [said]
        addresses = list(dict.fromkeys(filter(None, map(self._address, _flat(named)))))[:MEDIA_AN_ENTRY]
        if not addresses:
            return []
        page_url = self._address(self._said("page_path", entry))
        title, uploader = _words(self._said("title_path", entry), 300), _words(self._said("uploader_path", entry), 120)
        posted_at = moment_of(self._said("posted_path", entry))
        return [FoundMedia(page_url or one, one, title, uploader, posted_at) for one in addresses]

    def _address(self, said: Any) -> str:
        """An absolute address without the key, and without a search word nobody may know of."""
        address = web_address(self.source.url, said) if isinstance(said, str) else ""
        secret = [self._query] if self._query in self.secret_queries else []
        return without(address, names=self._key.parameters, values=secret, never=self._key.secrets)

    def _said(self, name: str, entry: Any) -> Any:
        expression = self._paths[name]
        try:
            return expression.search(entry) if expression else None
        except (JMESPathError, RecursionError, TypeError, ValueError):
            return None  # this entry is of another shape than the mapping; the others are read


def compiled(path: str) -> Any:
    """The expression, or None for an empty one. Raises SourceError for one that cannot be read."""
    if not path.strip():
        return None
    try:
        return jmespath.compile(path)
    except (JMESPathError, ValueError, RecursionError) as error:
        raise SourceError(_("The path “%(path)s” cannot be read.") % {"path": path[:80]}) from error


def _flat(named: list[Any]) -> list[Any]:
    return [one for part in named for one in (part if isinstance(part, list) else [part])]


def _words(said: Any, longest: int) -> str:
    if not isinstance(said, str):
        return ""
    body = LexborHTMLParser(said[:20_000]).body if "<" in said else None
    text = words_of(body) if body is not None else said
    return " ".join(text.split())[:longest]
