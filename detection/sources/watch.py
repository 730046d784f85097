"""One visit of a source: its tally, and which of its pages are opened again."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from detection.models import Source
from detection.sources import manners
from detection.sources.base import FoundMedia, Skipped, SourceError
from detection.sources.pages import Embeds, media_at

DETAIL_PAGES_A_VISIT = 150
LOOK_AGAIN = timedelta(days=1)
MOST_SKIPPED = 500


class Watch(ABC):
    """One visit. A detail page that does not answer is counted and passed over; the start page must answer.

    `known` are pages whose media are candidates already, with the time they were found; `deadline` is a monotonic
    time after which no further page is opened; `queries` are searched for beside the source's own, and leave no trace
    in what is found; `most_pages` is how many detail pages are opened at most. `skipped` says what was passed over
    and why, `remarks` what else a person should know.
    """

    def __init__(
        self,
        source: Source,
        *,
        known: Mapping[str, datetime] | None = None,
        deadline: float = float("inf"),
        queries: Sequence[str] = (),
        most_pages: int = DETAIL_PAGES_A_VISIT,
    ):
        self.source = source
        self.known = known or {}
        self.deadline = deadline
        self.secret_queries = frozenset(queries)
        own = (line.strip() for line in source.queries.splitlines())
        self.queries = list(dict.fromkeys(filter(None, [*own, *queries])))
        self.most_pages = most_pages
        self.opened = 0
        self.seen = 0
        self.unopened = 0
        self.troubles: list[str] = []
        self.listed = 0
        self.forbidden = 0
        self.over = False
        self.remarks: list[str] = []
        self.skipped: list[Skipped] = []
        self.embeds: Embeds = {}

    @abstractmethod
    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        """What the source shows now. `since` is the visit before. Raises SourceError when the start page fails."""

    @property
    def late(self) -> bool:
        return time.monotonic() > self.deadline

    def skip(self, address: str, sentence: str) -> None:
        """Remember what is passed over, for whoever tries the source."""
        if len(self.skipped) < MOST_SKIPPED:
            self.skipped.append(Skipped(address, sentence))

    def look_into(self, page_urls: Collection[str], since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        """Media of those detail pages that are new, or whose daily second look has come."""
        for page_url in page_urls:
            self.seen += 1
            self.listed += 1
            if not self._to_open(page_url, since, at):
                self.skip(page_url, _("Known; it is looked at again once a day."))
                continue
            if self.over or self.opened >= self.most_pages or self.late:
                self.unopened += 1
                self.skip(page_url, _("Left for the next visit."))
                continue
            self.opened += 1
            yield from self._media_of(page_url)

    def in_turn(self, page_urls: Sequence[str], at: datetime) -> list[str]:
        """The same pages, begun elsewhere on each visit, where one visit is too short for all of them."""
        if len(page_urls) <= self.most_pages:
            return list(page_urls)
        turn = int(at.timestamp() // max(60, self.source.every_minutes * 60))
        first = turn * self.most_pages % len(page_urls)
        return [*page_urls[first:], *page_urls[:first]]

    def _to_open(self, page_url: str, since: datetime | None, at: datetime) -> bool:
        """A known page is opened again once a day: when another full day of its age has passed since `since`."""
        found_at = self.known.get(page_url)
        if found_at is None:
            return True
        days = (at - found_at) // LOOK_AGAIN
        return days > ((since - found_at) // LOOK_AGAIN if since and since > found_at else 0)

    def _media_of(self, page_url: str) -> list[FoundMedia]:
        try:
            found = media_at(page_url, rendered=self.source.rendered, embeds=self.embeds)
        except SourceError as error:
            self._passed_over(page_url, error)
            return []
        if not found:
            self.skip(page_url, _("No video or picture was found on this page."))
        return found

    def _passed_over(self, page_url: str, error: SourceError) -> None:
        self.skip(page_url, error.sentence)
        if isinstance(error, manners.VisitOver):
            self.over, self.opened, self.unopened = True, self.opened - 1, self.unopened + 1
        elif isinstance(error, manners.Forbidden):
            self.opened, self.forbidden = self.opened - 1, self.forbidden + 1
        else:
            self.troubles.append(error.sentence)

    def account(self) -> str:
        """What went wrong on this visit as one sentence, or nothing."""
        parts = []
        if self.troubles:
            parts.append(
                _("%(count)d of %(all)d pages did not answer: %(first)s")
                % {"count": len(self.troubles), "all": self.opened, "first": self.troubles[0]}
            )
        if self.forbidden:
            parts.append(_("%(count)d pages are left out: robots.txt asks for it.") % {"count": self.forbidden})
        if self.unopened:
            parts.append(_("%(count)d pages are left for the next visit.") % {"count": self.unopened})
        return " ".join([*parts, *self.remarks])
