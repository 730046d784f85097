"""What a page shows: its videos, else its pictures, and the pages it embeds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from selectolax.lexbor import LexborNode

from detection.sources.base import FoundMedia
from detection.sources.page import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Page, attribute, leads_to_media, path_of, words_of

OG_VIDEO = ("og:video:secure_url", "og:video:url", "og:video", "twitter:player:stream")
MEDIA_A_PAGE = 40
# Pictures that belong to the page and not to what it shows.
FURNITURE = re.compile(r"logo|avatar|icon|sprite|emoji|badge|banner|spacer|pixel|thumb-nav|button", re.IGNORECASE)
SMALLEST_SIDE = 100
# Where pages that load lazily keep the address of the real picture or video.
LAZY = ("data-full", "data-original", "data-src", "data-lazy-src", "data-lazy")
VIDEO_NODES = "video, video source"
# Players are fed by scripts: {"file": "https:\/\/a.example\/x.m3u8?t=1"}, hls.loadSource('x.m3u8').
IN_SCRIPTS = re.compile(
    r"""["'`]([^"'`\s<>]{1,2000}?\.(?:m3u8|mpd|mp4|webm)(?:\?[^"'`\s<>]{0,1500})?)["'`]""", re.IGNORECASE
)
SCRIPT_CHARS = 400_000
ESCAPED = {"\\/": "/", "\\u002f": "/", "\\u002F": "/", "\\u0026": "&", "&amp;": "&"}
# Parts of linked data that belong to the site or to a person, not to what is shown.
ELSEWHERE = {"logo", "publisher", "author", "creator", "brand", "thumbnail", "isPartOf", "provider"}
LINKED_DEPTH, LINKED_OBJECTS = 6, 500
EMBED_NODES = "iframe[src], iframe[data-src], embed[src], object[data]"


def found_on(page: Page, page_url: str = "") -> list[FoundMedia]:
    """Media of a page with its title and uploader: its videos and galleries, else its main pictures."""
    videos = list(_once(_videos(page)))
    pictures = _gallery(page) if videos else _pictures(page)
    return as_found(page, [*videos, *_once(pictures)], page_url)


def videos_on(page: Page) -> list[str]:
    return list(_once(_videos(page)))


def as_found(page: Page, addresses: list[str], page_url: str = "") -> list[FoundMedia]:
    """These media with the words of the page, at most MEDIA_A_PAGE."""
    title, uploader = _title(page)[:300], _uploader(page)[:120]
    chosen = islice(dict.fromkeys(addresses), MEDIA_A_PAGE)
    return [FoundMedia(page_url or page.url, address, title, uploader) for address in chosen]


def embedded(page: Page) -> list[str]:
    """Addresses of pages that this page shows inside itself: frames and players, not what is hidden or tiny."""
    frames = (node for node in page.tree.css(EMBED_NODES) if not _tiny(node) and not _hidden(node))
    named = [attribute(node, "src") or attribute(node, "data-src") or attribute(node, "data") for node in frames]
    players = [*page.metas("twitter:player"), *page.metas("og:video:url"), *page.metas("og:video")]
    linked = [entry.get("embedUrl") for entry in _nested(page.linked_data)]
    addresses = map(page.absolute, [*named, *players, *(one for one in linked if isinstance(one, str))])
    return [one for one in dict.fromkeys(addresses) if one and one != page.url and not leads_to_media(one)]


# --- videos ------------------------------------------------------------------------------------------------------
def _videos(page: Page) -> Iterator[str]:
    for node in page.tree.css(VIDEO_NODES):
        yield page.absolute(attribute(node, "src") or _lazy(node))
    typed = any(kind.startswith("video/") or "mpegurl" in kind for kind in page.metas("og:video:type"))
    for name in OG_VIDEO:
        yield from (one for one in map(page.absolute, page.metas(name)) if leads_to_media(one) or (one and typed))
    for entry in _nested(page.linked_data):
        if "Video" in str(entry.get("@type", "")):
            yield page.absolute(str(entry.get("contentUrl") or ""))
    for node in page.tree.css("a[href]"):
        address = page.absolute(attribute(node, "href"))
        if path_of(address).endswith(VIDEO_SUFFIXES):
            yield address
    yield from _fed_by_scripts(page)


def _fed_by_scripts(page: Page) -> Iterator[str]:
    """What players are given in scripts and data attributes."""
    for node in page.tree.css("script:not([src])"):
        yield from _quoted(page, node.text()[:SCRIPT_CHARS])
    for node in page.tree.css(
        "[data-hls], [data-dash], [data-video], [data-file], [data-stream], [data-setup], [data-config]"
    ):
        for name, value in node.attributes.items():
            if name.startswith("data-") and value:
                yield from _quoted(page, value) if value[0] in "{[" else _quoted(page, f'"{value}"')


def _quoted(page: Page, text: str) -> Iterator[str]:
    for found in islice(IN_SCRIPTS.finditer(text), MEDIA_A_PAGE):
        address = found[1]
        for written, meant in ESCAPED.items():
            address = address.replace(written, meant)
        # Several at once are code put together ("a.mp4" + …), not an address.
        if "${" not in address and "\\" not in address:
            yield page.absolute(address)


def _nested(entries: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The objects and what they hold: an article's video, a gallery's pictures."""
    waiting: list[tuple[Any, int]] = [(entry, 0) for entry in reversed(entries)]
    for _turn in range(LINKED_OBJECTS):
        if not waiting:
            return
        found, depth = waiting.pop()
        if isinstance(found, list):
            waiting += [(one, depth) for one in reversed(found[:LINKED_OBJECTS])]
        elif isinstance(found, dict):
            yield found
            inside = [
                value for name, value in found.items() if name not in ELSEWHERE and isinstance(value, dict | list)
            ]
            waiting += [(value, depth + 1) for value in reversed(inside) if depth < LINKED_DEPTH]


# --- pictures ----------------------------------------------------------------------------------------------------
def _pictures(page: Page) -> Iterator[str]:
    """Pictures in the page's main part, else anywhere; the preview picture named for other sites comes last."""
    yield from _gallery(page)
    main = [node for node in page.tree.css("article img, main img, figure img") if _is_content(node)]
    for node in main or [node for node in page.tree.css("body img") if _is_content(node)]:
        yield page.absolute(_picture_address(node))
    for entry in _nested(page.linked_data):
        if "ImageObject" in str(entry.get("@type", "")):
            yield page.absolute(str(entry.get("contentUrl") or entry.get("url") or ""))
    if not main:
        yield from map(page.absolute, page.metas("og:image"))


def _gallery(page: Page) -> Iterator[str]:
    """Full pictures that smaller ones link to."""
    for node in page.tree.css("a[href] img"):
        target = _full_size(node)
        if target and not FURNITURE.search(_names(node)):
            yield page.absolute(target)


def _picture_address(node: LexborNode) -> str:
    """The largest form of a picture: what it links to, what it offers for large screens, what it loads later."""
    return _full_size(node) or largest_of(_srcsets(node)) or _lazy(node) or attribute(node, "src")


def _full_size(node: LexborNode) -> str:
    parent = node.parent
    for _step in range(3):
        if parent is None or parent.tag == "a":
            break
        parent = parent.parent
    target = attribute(parent, "href") if parent is not None and parent.tag == "a" else ""
    return target if path_of(target).endswith(IMAGE_SUFFIXES) else ""


def _srcsets(node: LexborNode) -> str:
    parent = node.parent
    sources = parent.css("source") if parent is not None and parent.tag == "picture" else []
    sets = (attribute(one, "srcset") or attribute(one, "data-srcset") for one in [*sources, node])
    return ", ".join(filter(None, sets))


def largest_of(srcset: str) -> str:
    """The address with the greatest width or density.

    >>> largest_of("a.jpg 320w, b.jpg 1280w")
    'b.jpg'
    """
    best, greatest = "", 0.0
    for candidate in re.split(r",\s+|,(?=https?:)", srcset.strip())[:60]:
        address, _space, size = candidate.strip().partition(" ")
        number = re.fullmatch(r"(\d{1,6}(?:\.\d{1,4})?)[wx]", size.strip())
        if address and (worth := float(number[1]) if number else 1.0) > greatest:
            best, greatest = address, worth
    return best


def _lazy(node: LexborNode) -> str:
    return next(filter(None, (attribute(node, name) for name in LAZY)), "")


def _is_content(node: LexborNode) -> bool:
    return not FURNITURE.search(_names(node)) and not _tiny(node)


def _names(node: LexborNode) -> str:
    return " ".join(attribute(node, name) for name in ("class", "id", "src"))


def _tiny(node: LexborNode) -> bool:
    sides = [attribute(node, name) for name in ("width", "height")]
    return any(side.isdigit() and int(side[:6]) < SMALLEST_SIDE for side in sides)


def _hidden(node: LexborNode) -> bool:
    style = attribute(node, "style").replace(" ", "").lower()
    return "hidden" in node.attributes or "display:none" in style or "visibility:hidden" in style


# --- words -------------------------------------------------------------------------------------------------------
def _title(page: Page) -> str:
    named = (str(entry["name"]) for entry in page.linked_data if isinstance(entry.get("name"), str))
    headings = (words_of(node) for node in page.tree.css("h1, title"))
    return _first([*page.metas("og:title"), *named, *headings])


def _uploader(page: Page) -> str:
    authors = (entry.get("author") or entry.get("uploader") for entry in page.linked_data)
    named = (str(author.get("name") or "") if isinstance(author, dict) else author for author in authors)
    nodes = (words_of(node) for node in page.tree.css('[rel="author"], [itemprop="author"], .uploader, .author'))
    return _first([*(name for name in named if isinstance(name, str)), *page.metas("author"), *nodes])


def _first(texts: list[str]) -> str:
    return next((text.strip() for text in texts if text.strip()), "")


def _once(addresses: Iterator[str]) -> Iterator[str]:
    return iter(dict.fromkeys(filter(None, addresses)))
