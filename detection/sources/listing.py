"""A listing page, its next pages, and the detail pages it links to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.utils.translation import gettext as _
from selectolax.lexbor import LexborNode, SelectolaxError

from detection.sources.base import FoundMedia, SourceError
from detection.sources.pages import Page, leads_to_media, media_of, open_page
from detection.sources.watch import Watch

NEXT_WORDS = {
    "next", "next page", "older", "›", "»", "→", ">", ">>", "次へ", "次のページ", "次", "далее", "вперёд", "следующая",
    "다음", "다음 페이지", "下一页", "下一頁", "siguiente", "tiếp", "ถัดไป",
}  # fmt: skip
HEADINGS = {"h1", "h2", "h3", "h4"}
# Parts of a page that lead elsewhere.
AROUND = {"nav", "header", "footer", "aside"}
PAGING = re.compile(r"\bpag(e|er|ination|ing)\b|page-?numbers|\bbreadcrumb", re.IGNORECASE)
NUMBER = re.compile(r"[\d\s.,…«»‹›<>]*\Z")
PLAIN_NAME = re.compile(r"[a-z_]+(\.[a-z]+)?\Z", re.IGNORECASE)
ASCENT = 6
LINKS_A_PAGE = 300


class Listing(Watch):
    """Start page → detail pages → media, on up to `page_limit` pages."""

    def __init__(self, *args: Any, **known: Any) -> None:
        super().__init__(*args, **known)
        self.asked: set[str] = set()

    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        yield from self.walk(self.source.url, since, at)
        self.refuse_nothing()

    def refuse_nothing(self) -> None:
        if not self.seen:
            raise SourceError(_("No link to a page with media was found. A selector may help."))

    def walk(self, start: str, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        """From one start page on. Raises SourceError when it does not answer."""
        linked = False
        for page in self.list_pages(start):
            named = self.links_of(page)
            links = self._up_to_limit([link for link in named if link not in self.asked])
            self.asked.update(links)
            linked = linked or bool(named)
            # Some sites show everything on one page, or link straight to files.
            straight = [FoundMedia(self.stored(page.url) or link, link) for link in links if leads_to_media(link)]
            self.seen += len(straight)
            yield from straight
            yield from self.shown_on(page, linked)
            yield from self.look_into([link for link in links if not leads_to_media(link)], since, at)
            if named and not links:
                return  # the same list again

    def without_traces(self, link: str) -> str:
        """A link as it is opened and kept: without what says how it was come by."""
        return link

    def stored(self, page_url: str) -> str:
        """The address of a list page as it may be kept, or an empty string."""
        return page_url

    def shown_on(self, page: Page, linked: bool) -> list[FoundMedia]:
        """Media of the list page itself: where nothing is linked, they are all there is."""
        found = [] if linked else media_of(page, "", self.embeds)
        self.seen += len(found)
        return [replace(one, page_url=self.stored(one.page_url) or one.media_url) for one in found]

    def _up_to_limit(self, links: list[str]) -> list[str]:
        self.unopened += len(links[LINKS_A_PAGE:])
        return links[:LINKS_A_PAGE]

    def list_pages(self, start: str) -> Iterator[Page]:
        address, visited = start, set[str]()
        while address and address not in visited and len(visited) < max(1, self.source.page_limit):
            visited.add(address)
            try:
                page = open_page(address, rendered=self.source.rendered)
            except SourceError as error:
                if len(visited) == 1:
                    raise
                self.opened += 1
                self.troubles.append(error.sentence)
                self.skip(self.stored(address), error.sentence)
                return
            yield page
            address = "" if self.late else self.following(page, len(visited))

    def following(self, page: Page, _number: int) -> str:
        """The address of the list page after this one, the `_number`th, or an empty string."""
        return next_page(page, self.source.next_selector)

    def links_of(self, page: Page) -> list[str]:
        if not self.source.item_selector:
            return detail_links(page, self.without_traces)
        return list(dict.fromkeys(map(self.without_traces, chosen_links(page, self.source.item_selector))))


def chosen_links(page: Page, selector: str) -> list[str]:
    """Addresses of what the selector names: links, or elements that hold one. Raises SourceError for a bad selector."""
    nodes = (node if node.tag == "a" else node.css_first("a[href]") for node in selected(page, selector))
    links = (page.absolute(node.attributes.get("href") or "") for node in nodes if node is not None)
    return list(dict.fromkeys(filter(None, links)))


def selected(page: Page, selector: str) -> list[LexborNode]:
    try:
        return page.tree.css(selector)
    except (SelectolaxError, ValueError) as error:
        raise SourceError(_("The selector “%(selector)s” cannot be read.") % {"selector": selector}) from error


def detail_links(page: Page, as_kept: Callable[[str], str] = str) -> list[str]:
    """Links of the same host that repeat like cards: the address shape whose links carry most pictures and headings."""
    worth: dict[str, dict[str, int]] = defaultdict(dict)
    for node in page.tree.css("body a[href]"):
        address = as_kept(page.absolute(node.attributes.get("href") or ""))
        if address and _same_host(address, page.url) and address != page.url and not _leads_elsewhere(node):
            group = worth[shape_of(address)]
            group[address] = max(group.get(address, 0), _worth(node))
    best = max(worth.values(), key=lambda group: sum(group.values()), default={})
    return list(best)


def shape_of(address: str) -> str:
    """Addresses of one kind of page share it: numbers and the last part of the path do not count.

    >>> shape_of("https://a.example/watch/blue-sky?v=3") == shape_of("https://a.example/watch/12?v=9")
    True
    """
    parts = urlsplit(address)
    *folders, last = parts.path.rstrip("/").split("/")
    # watch.php?id=1 and user.php?id=1: where a query names the entry, a plain last part names the kind of page.
    kind = last if parts.query and PLAIN_NAME.match(last) else last.rpartition(".")[2] if "." in last else ""
    names = sorted(name for name, _value in parse_qsl(parts.query, keep_blank_values=True))
    return "|".join([re.sub(r"\d+", "0", "/".join(folders)), kind, ",".join(names)])


def _worth(node: LexborNode) -> int:
    """How much a link looks like a card: a picture, a heading, a title in words."""
    inside = node.css_first("img, video, picture, [style*=background-image]") is not None
    heading = bool(node.css_first("h1, h2, h3, h4")) or any(above.tag in HEADINGS for above in _above(node))
    return 1 + 3 * inside + 2 * heading + (len(node.text().strip()) >= 15)


def _leads_elsewhere(node: LexborNode) -> bool:
    text = node.text().strip()
    if text and NUMBER.match(text) and node.css_first("img, video") is None:
        return True
    return _is_next(node) or any(above.tag in AROUND or PAGING.search(_names(above)) for above in _above(node))


def _above(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    for _step in range(ASCENT):
        if above is None or above.tag in ("body", "main", "html"):
            return
        yield above
        above = above.parent


def _names(node: LexborNode) -> str:
    return f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"


def _same_host(address: str, other: str) -> bool:
    return (urlsplit(address).netloc or "").removeprefix("www.") == (urlsplit(other).netloc or "").removeprefix("www.")


def next_page(page: Page, selector: str = "") -> str:
    """Address of the next page on the same host, or nothing. Raises SourceError for a bad selector."""
    if selector:
        nodes = selected(page, selector)
    else:
        named = page.tree.css('link[rel="next"], a[rel~="next"]')
        nodes = named or [node for node in page.tree.css("a[href]") if _is_next(node)]
    for node in nodes:
        address = page.absolute(node.attributes.get("href") or "")
        if address and _same_host(address, page.url):
            return address
    return ""


def _is_next(node: LexborNode) -> bool:
    rel = (node.attributes.get("rel") or "").split()
    words = " ".join(node.text().split()).lower().strip(" ›»→>") or node.text().strip()
    return "next" in rel or words in NEXT_WORDS
