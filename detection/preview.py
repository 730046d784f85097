"""“Try it now”: one short visit of a source as it stands in the form, with the manners of any visit. Nothing is saved of
it, nothing is examined."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from django.utils import timezone

from detection.models import Source
from detection.sources import FoundMedia, Skipped, SourceError, manners, watch

# A person waits before the page: few detail pages, and less time than the web server grants.
SECONDS = 25.0
DETAIL_PAGES = 5
MOST_FOUND = 40
MOST_SKIPPED = 40


@dataclass
class Preview:
    """What a visit would find and skip. `failure` is the sentence that would stand in the list of sources."""

    found: list[FoundMedia] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failure: str = ""
    account: str = ""
    requests: int = 0
    seconds: float = 0.0
    more: bool = False

    @property
    def works(self) -> bool:
        """Something was found, or there was nothing wrong with finding nothing (a search without results)."""
        return not self.failure


def try_source(source: Source, *, seconds: float = SECONDS) -> Preview:
    """Visit an unsaved or changed source for a few pages."""
    begun = time.monotonic()
    preview, visit = Preview(), watch(source, deadline=begun + seconds, most_pages=DETAIL_PAGES)
    with manners.outing(source, begun + seconds) as going:
        try:
            for found in visit.candidates(None, timezone.now()):
                if len(preview.found) >= MOST_FOUND:
                    preview.more = True
                    break
                preview.found.append(found)
        except SourceError as error:
            preview.failure = error.sentence
    preview.skipped = visit.skipped[:MOST_SKIPPED]
    preview.account, preview.requests, preview.seconds = visit.account(), going.requests, round(going.seconds, 1)
    return preview
