"""Opening a page through the one door, and finding the media on it and behind one level of embed."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from django.utils.translation import gettext as _

from cases import browser, web
from cases.web import FetchError
from detection.sources import manners
from detection.sources.base import FoundMedia, SourceError
from detection.sources.page import MANIFEST_SUFFIXES, Page, leads_to_media, path_of
from detection.sources.shown import as_found, embedded, found_on, videos_on

__all__ = ["Page", "answer_of", "found_on", "leads_to_media", "media_at", "open_page"]

EMBEDS_A_PAGE = 3
MEDIA_TYPES = ("video/", "image/")
MANIFEST_TYPES = frozenset({
    "application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl", "application/dash+xml",
})  # fmt: skip
# Media behind embeds already opened on a visit, by the embed's address: many pages show the same frame.
Embeds = MutableMapping[str, list[str]]


def answer_of(url: str, headers: Mapping[str, str] | None = None) -> web.Fetched:
    """What the site answers, when it is a success. Raises SourceError."""
    try:
        answer = manners.fetch(url, headers=headers)
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
        final_url, html, status = manners.rendered(url, lambda: browser.render_html(url), _told_of)
    except (FetchError, browser.CaptureError) as error:
        raise SourceError(error.sentence) from error
    if status >= 400:
        raise SourceError(_("The site answered %(status)d.") % {"status": status})
    return Page(final_url, html)


def _told_of(answer: tuple[str, str, int]) -> tuple[int, int]:
    _final_url, html, status = answer
    return status, len(html.encode("utf-8", "replace"))


def media_at(url: str, *, rendered: bool = False, embeds: Embeds | None = None) -> list[FoundMedia]:
    """Media of a detail page, or the medium itself where `url` leads straight to one. Raises SourceError."""
    if leads_to_media(url) and not rendered:
        return [FoundMedia(url, url)]
    if rendered:
        return media_of(open_page(url, rendered=True), url, embeds)
    answer = answer_of(url)
    if is_media(answer):
        return [FoundMedia(url, url)]
    return media_of(Page(answer.final_url, answer.text()), url, embeds)


def media_of(page: Page, page_url: str = "", embeds: Embeds | None = None) -> list[FoundMedia]:
    """Media of an opened page, those behind what it embeds first: a page's own video may be an advertisement, or not."""
    memory: Embeds = {} if embeds is None else embeds
    inside = [one for address in embedded(page)[:EMBEDS_A_PAGE] for one in _behind(address, memory)]
    return as_found(page, [*inside, *(one.media_url for one in found_on(page, page_url))], page_url)


def _behind(address: str, memory: Embeds) -> list[str]:
    """Videos of an embedded page. One that does not open hides nothing else: the page around it is found all the same."""
    if address not in memory:
        try:
            answer = answer_of(address)
            shown = [address] if is_media(answer) else videos_on(Page(answer.final_url, answer.text()))
        except manners.VisitOver:
            raise
        except SourceError:
            shown = []
        memory[address] = shown
    return memory[address]


def is_media(answer: web.Fetched) -> bool:
    return answer.media_type.startswith(MEDIA_TYPES) or is_manifest(answer)


def is_manifest(answer: web.Fetched) -> bool:
    return answer.media_type in MANIFEST_TYPES or path_of(answer.final_url).endswith(MANIFEST_SUFFIXES)
