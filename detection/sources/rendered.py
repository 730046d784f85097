"""A page that scripts build while one scrolls and clicks. What is clicked is data, never code."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.utils.translation import gettext as _

from cases import browser
from cases.page_steps import Played, Steps
from cases.web import FetchError
from detection.models import Source
from detection.sources import manners
from detection.sources.base import FoundMedia, SourceError
from detection.sources.listing import Listing
from detection.sources.page import Page
from detection.sources.shown import as_found, videos_on

VISIT_SECONDS, SHORTEST_SECONDS = 60.0, 5.0


class Rendered(Listing):
    """Consent clicked away, scrolled to its end, “next” clicked: each stage is read like a page of a listing."""

    def list_pages(self, start: str) -> Iterator[Page]:
        try:
            played = manners.rendered(start, lambda: self._play(start), _told_of)
        except (FetchError, browser.CaptureError) as error:
            raise SourceError(error.sentence) from error
        if played.status >= 400:
            raise SourceError(_("The site answered %(status)d.") % {"status": played.status})
        for words in played.not_there:
            self.skip(words, _("There was nothing of this kind to click on."))
        for shown in played.shown:
            yield Page(shown.url, shown.html)

    def _play(self, start: str) -> Played:
        seconds = min(VISIT_SECONDS, max(SHORTEST_SECONDS, self.deadline - time.monotonic()))
        return browser.render_pages(start, steps_of(self.source), deadline_seconds=seconds)

    def shown_on(self, page: Page, linked: bool) -> list[FoundMedia]:
        """A stream of posts plays its videos in place, beside the links it has."""
        if not linked:
            return super().shown_on(page, linked)
        found = as_found(page, videos_on(page))
        self.seen += len(found)
        return found


def _told_of(played: Played) -> tuple[int, int]:
    return played.status, sum(len(shown.html.encode("utf-8", "replace")) for shown in played.shown)


def steps_of(source: Source) -> Steps:
    consent = tuple(line.strip() for line in source.consent_clicks.splitlines() if line.strip())
    return Steps(consent, source.scroll_count, source.next_click.strip(), max(1, source.page_limit))
