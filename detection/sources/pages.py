"""One page: opening it through the one door, and finding the media on it. Pages are hostile text; nothing runs here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from selectolax.lexbor import LexborHTMLParser, LexborNode

from cases import browser, web
from cases.web import FetchError
from detection.sources import manners
from detection.sources.base import FoundMedia, SourceError, web_address

VIDEO_SUFFIXES = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".flv", ".wmv", ".mpg", ".mpeg", ".gif")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
OG_VIDEO = ("og:video:secure_url", "og:video:url", "og:video", "twitter:player:stream")
MEDIA_A_PAGE = 40
IMAGES_A_PAGE = 8
# Pictures that belong to the page and not to what it shows.
FURNITURE = re.compile(r"logo|avatar|icon|sprite|emoji|badge|banner|spacer|pixel|thumb-nav|button", re.IGNORECASE)
SMALLEST_SIDE = 100
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
        return web_address(self.url, _attribute(node, "href")) or self.url if node else self.url

    def absolute(self, address: str) -> str:
        """The http(s) address without fragment, or an empty string."""
        return web_address(self.base, address)

    @cached_property
    def linked_data(self) -> list[dict[str, Any]]:
        """Every object of the page's JSON-LD."""
        return [found for script in self.tree.css('script[type="application/ld+json"]') for found in _objects(script)]


def _attribute(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "").strip() if node is not None else ""


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


# --- opening -----------------------------------------------------------------------------------------------------
def answer_of(url: str) -> web.Fetched:
    """What the site answers, when it is a success. Raises SourceError."""
    try:
        answer = manners.fetch(url)
    except FetchError as error:
        raise SourceError(error.sentence) from error
    if answer.status >= 400:
        raise SourceError(_("The site answered %(status)d.") % {"status": answer.status})
    return answer


def open_page(url: str, *, rendered: bool = False) -> Page:
    """The page at `url`; `rendered` lets a browser run its scripts first. Raises SourceError."""
    if rendered:
        return _rendered_page(url)
    answer = answer_of(url)
    return Page(answer.final_url, answer.text())


def _rendered_page(url: str) -> Page:
    try:
        final_url, html, status = manners.rendered(url, browser.render_html)
    except (FetchError, browser.CaptureError) as error:
        raise SourceError(error.sentence) from error
    if status >= 400:
        raise SourceError(_("The site answered %(status)d.") % {"status": status})
    return Page(final_url, html)


def media_at(url: str, *, rendered: bool = False) -> list[FoundMedia]:
    """Media of a detail page, or the medium itself where `url` leads straight to one. Raises SourceError."""
    if rendered:
        return found_on(open_page(url, rendered=True), url)
    answer = answer_of(url) if not leads_to_media(url) else None
    if answer is None or answer.media_type.startswith(("video/", "image/")):
        return [FoundMedia(url, url)]
    return found_on(Page(answer.final_url, answer.text()), url)


def leads_to_media(url: str) -> bool:
    """True when the path ends like a video or picture file."""
    return urlsplit(url).path.lower().endswith(VIDEO_SUFFIXES + IMAGE_SUFFIXES)


# --- media -------------------------------------------------------------------------------------------------------
def found_on(page: Page, page_url: str = "") -> list[FoundMedia]:
    """Media of a page with its title and uploader: its videos, else its main pictures."""
    addresses = list(dict.fromkeys(filter(None, _videos(page))))[:MEDIA_A_PAGE]
    addresses = addresses or list(dict.fromkeys(filter(None, _pictures(page))))[:IMAGES_A_PAGE]
    title, uploader = _title(page)[:300], _uploader(page)[:120]
    return [FoundMedia(page_url or page.url, address, title, uploader) for address in addresses]


def _videos(page: Page) -> Iterator[str]:
    for node in page.tree.css("video[src], video source[src], video[data-src], video source[data-src]"):
        yield page.absolute(_attribute(node, "src") or _attribute(node, "data-src"))
    for name in OG_VIDEO:
        yield from (address for address in map(page.absolute, _metas(page, name)) if leads_to_media(address))
    for entry in page.linked_data:
        if "Video" in str(entry.get("@type", "")):
            yield page.absolute(str(entry.get("contentUrl") or ""))
    for node in page.tree.css("a[href]"):
        address = page.absolute(_attribute(node, "href"))
        if urlsplit(address).path.lower().endswith(VIDEO_SUFFIXES):
            yield address


def _pictures(page: Page) -> Iterator[str]:
    """Pictures in the page's main part, else anywhere; the preview picture named for other sites comes last."""
    main = [node for node in page.tree.css("article img, main img, figure img") if _is_content(node)]
    for node in main or [node for node in page.tree.css("body img") if _is_content(node)]:
        yield page.absolute(_picture_address(node))
    if not main:
        yield from map(page.absolute, _metas(page, "og:image"))


def _picture_address(node: LexborNode) -> str:
    """The full picture where a smaller one links to it."""
    parent = node.parent
    target = _attribute(parent, "href") if parent is not None and parent.tag == "a" else ""
    if urlsplit(target).path.lower().endswith(IMAGE_SUFFIXES):
        return target
    return _attribute(node, "data-src") or _attribute(node, "src")


def _is_content(node: LexborNode) -> bool:
    if FURNITURE.search(" ".join(_attribute(node, name) for name in ("class", "id", "src"))):
        return False
    sides = [_attribute(node, name) for name in ("width", "height")]
    return not any(side.isdigit() and int(side[:6]) < SMALLEST_SIDE for side in sides)


def _metas(page: Page, name: str) -> Iterator[str]:
    for node in page.tree.css(f'meta[property="{name}"], meta[name="{name}"]'):
        yield _attribute(node, "content")


# --- words -------------------------------------------------------------------------------------------------------
def _title(page: Page) -> str:
    named = (str(entry["name"]) for entry in page.linked_data if isinstance(entry.get("name"), str))
    headings = (_words(node) for node in page.tree.css("h1, title"))
    return _first([*_metas(page, "og:title"), *named, *headings])


def _uploader(page: Page) -> str:
    authors = (entry.get("author") or entry.get("uploader") for entry in page.linked_data)
    named = (str(author.get("name") or "") if isinstance(author, dict) else author for author in authors)
    nodes = (_words(node) for node in page.tree.css('[rel="author"], [itemprop="author"], .uploader, .author'))
    return _first([*(name for name in named if isinstance(name, str)), *_metas(page, "author"), *nodes])


def _words(node: LexborNode) -> str:
    return " ".join(node.text(separator=" ").split())


def _first(texts: list[str]) -> str:
    return next((text.strip() for text in texts if text.strip()), "")
