"""A page as text, and what its markup says. Pages are hostile text; nothing runs here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from detection.sources.base import web_address

# A manifest (m3u8, mpd) is a video in pieces; detection/streams puts it together.
MANIFEST_SUFFIXES = (".m3u8", ".mpd")
VIDEO_SUFFIXES = (
    ".mp4",
    ".m4v",
    ".mov",
    ".webm",
    ".mkv",
    ".avi",
    ".flv",
    ".wmv",
    ".mpg",
    ".mpeg",
    ".gif",
    *MANIFEST_SUFFIXES,
)
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
JSON_LD_BYTES = 256 * 1024


@dataclass(frozen=True)
class Page:
    """A page as text, under the address it was finally found at."""

    url: str
    html: str

    @cached_property
    def tree(self) -> LexborHTMLParser:
        return LexborHTMLParser(self.html)

    @cached_property
    def base(self) -> str:
        node = self.tree.css_first("base[href]")
        return web_address(self.url, attribute(node, "href")) or self.url if node else self.url

    def absolute(self, address: str) -> str:
        """The http(s) address without fragment, or an empty string."""
        return web_address(self.base, address)

    @cached_property
    def linked_data(self) -> list[dict[str, Any]]:
        """Every object of the page's JSON-LD."""
        return [found for script in self.tree.css('script[type="application/ld+json"]') for found in _objects(script)]

    def metas(self, name: str) -> Iterator[str]:
        for node in self.tree.css(f'meta[property="{name}"], meta[name="{name}"]'):
            yield attribute(node, "content")


def attribute(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "").strip() if node is not None else ""


def words_of(node: LexborNode) -> str:
    return " ".join(node.text(separator=" ").split())


def leads_to_media(url: str) -> bool:
    """True when the path ends like a video, a manifest or a picture file."""
    return path_of(url).endswith(VIDEO_SUFFIXES + IMAGE_SUFFIXES)


def path_of(url: str) -> str:
    """The path in lower case; an empty string for an address that is none."""
    try:
        return urlsplit(url).path.lower()
    except ValueError:
        return ""


def _objects(script: LexborNode) -> Iterator[dict[str, Any]]:
    text = script.text()
    try:
        found = json.loads(text) if len(text) <= JSON_LD_BYTES else None
    except (ValueError, RecursionError):  # a page's own mistake, or a trap; other signs are left
        return
    for entry in found if isinstance(found, list) else [found]:
        if isinstance(entry, dict):
            yield entry
            graph = entry.get("@graph")
            yield from (one for one in graph if isinstance(one, dict)) if isinstance(graph, list) else ()
