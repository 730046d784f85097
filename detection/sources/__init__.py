"""Where candidates come from: one small class per kind of source."""

from __future__ import annotations

from typing import Any

from detection.models import Source
from detection.sources.base import FoundMedia, SourceError
from detection.sources.feed import Feed
from detection.sources.listing import Listing
from detection.sources.pages import media_at
from detection.sources.watch import Watch

__all__ = ["Feed", "FoundMedia", "Listing", "SourceError", "Watch", "media_at", "watch"]

KINDS: dict[str, type[Watch]] = {Source.Kind.LISTING: Listing, Source.Kind.FEED: Feed}


def watch(source: Source, **known: Any) -> Watch:
    """A visit of this source; its `candidates()` does the visiting. Keywords as `Watch` takes them."""
    return KINDS[source.kind](source, **known)
