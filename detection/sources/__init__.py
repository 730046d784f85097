"""Where candidates come from: one small class per kind of source."""

from __future__ import annotations

from typing import Any

from detection.models import Source
from detection.sources.base import FoundMedia, Skipped, SourceError
from detection.sources.feed import Feed
from detection.sources.json_api import JsonApi
from detection.sources.listing import Listing
from detection.sources.named import AddressList, SingleAddress
from detection.sources.pages import media_at
from detection.sources.rendered import Rendered
from detection.sources.search import Search
from detection.sources.sitemap import Sitemap
from detection.sources.telegram import Telegram
from detection.sources.watch import Watch

__all__ = ["FoundMedia", "Skipped", "SourceError", "Watch", "media_at", "watch"]

KINDS: dict[str, type[Watch]] = {
    Source.Kind.LISTING: Listing,
    Source.Kind.FEED: Feed,
    Source.Kind.SEARCH: Search,
    Source.Kind.SITEMAP: Sitemap,
    Source.Kind.JSON_API: JsonApi,
    Source.Kind.RENDERED: Rendered,
    Source.Kind.TELEGRAM: Telegram,
    Source.Kind.LIST: AddressList,
    Source.Kind.SINGLE: SingleAddress,
}


def watch(source: Source, **known: Any) -> Watch:
    """A visit of this source; its `candidates()` does the visiting. Keywords as `Watch` takes them."""
    return KINDS[source.kind](source, **known)
