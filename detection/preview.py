"""“Try it now”: one short visit of a source as it stands in the form, with the manners of any visit. Nothing is saved of
it, nothing is examined."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from detection import hosts, robots
from detection.models import Source
from detection.sources import FoundMedia, Skipped, SourceError, manners, watch
from detection.sources.page import IMAGE_SUFFIXES, MANIFEST_SUFFIXES, VIDEO_SUFFIXES, path_of
from detection.sources.templates import QUERY
from detection.watched import WatchedHost

# A person waits before the page: few detail pages, and less time than the web server grants.
SECONDS = 25.0
DETAIL_PAGES = 5
MOST_FOUND = 40
MOST_SKIPPED = 40


@dataclass(frozen=True)
class Shown:
    """One medium as the trial lists it: words only, no picture of it."""

    medium: FoundMedia

    @property
    def kind(self) -> str:
        return kind_of_medium(self.medium.media_url)


@dataclass
class Preview:
    """What a visit would find and skip. `failure` is the sentence that would stand in the list of sources."""

    found: list[Shown] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failure: str = ""
    account: str = ""
    requests: int = 0
    seconds: float = 0.0
    more: bool = False
    host: WatchedHost | None = None

    @property
    def works(self) -> bool:
        return not self.failure

    @property
    def robots(self) -> str:
        return robots.state_in_words(self.host) if self.host else ""


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
                preview.found.append(Shown(found))
        except SourceError as error:
            preview.failure = error.sentence
    preview.skipped = visit.skipped[:MOST_SKIPPED]
    preview.account, preview.requests, preview.seconds = visit.account(), going.requests, round(going.seconds, 1)
    preview.failure = preview.failure or _empty(source, preview)
    preview.host = WatchedHost.objects.filter(name=hosts.host_name(source.url)).first() if source.url else None
    return preview


def _empty(source: Source, preview: Preview) -> str:
    """A search may find nothing today; any other source that shows nothing cannot be told from a wrong one."""
    if preview.found or QUERY in source.url:
        return ""
    return _("The site answered, but no video or picture was found.")


def kind_of_medium(media_url: str) -> str:
    """In words, by what the address says; what it is for certain, only the examination tells."""
    path = path_of(media_url)
    if path.endswith(MANIFEST_SUFFIXES):
        return _("video in pieces")
    if path.endswith(VIDEO_SUFFIXES):
        return _("video")
    return _("picture") if path.endswith(IMAGE_SUFFIXES) else _("not told by the address")
