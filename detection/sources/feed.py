"""An RSS or Atom feed: enclosures at once, other entries through their page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import feedparser
from django.utils.translation import gettext as _

from detection.sources.base import FoundMedia, SourceError, web_address
from detection.sources.pages import answer_of
from detection.sources.watch import Watch

ENTRIES_A_VISIT = 500


class Feed(Watch):
    """Every entry of the feed. An enclosure costs no request; an entry without one is opened like a detail page."""

    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        entries = self._entries()
        pages = []
        for entry, address in entries:
            enclosed = enclosures(entry, address)
            self.seen += len(enclosed)
            yield from enclosed
            if not enclosed and _link(entry, address):
                pages.append(_link(entry, address))
        yield from self.look_into(list(dict.fromkeys(pages)), since, at)
        if not self.seen:
            raise SourceError(_("The feed has no entry with media or a page."))

    def _entries(self) -> list[tuple[Any, str]]:
        answer = answer_of(self.source.url)
        # Bytes alone would be taken for a file name first, and text for an address: only a stream is read as it is.
        headers = {"content-type": answer.headers.get("content-type", ""), "content-location": answer.final_url}
        parsed = feedparser.parse(io.BytesIO(answer.body), response_headers=headers)
        if not parsed.version and not parsed.entries:
            raise SourceError(_("This address is not a feed."))
        return [(entry, answer.final_url) for entry in parsed.entries[:ENTRIES_A_VISIT]]


def enclosures(entry: Any, feed_url: str) -> list[FoundMedia]:
    """Videos and pictures that an entry carries itself; sound alone is left out."""
    carried = [*entry.get("enclosures", []), *entry.get("media_content", [])]
    addresses = [
        web_address(feed_url, one.get("href") or one.get("url") or "")
        for one in carried
        if not (one.get("type") or "").startswith(("audio/", "text/")) and one.get("medium") != "audio"
    ]
    title, author = str(entry.get("title", ""))[:300], str(entry.get("author", ""))[:120]
    page_url = _link(entry, feed_url)
    return [FoundMedia(page_url or one, one, title, author) for one in dict.fromkeys(addresses) if one]


def _link(entry: Any, feed_url: str) -> str:
    return web_address(feed_url, entry.get("link") or "")
