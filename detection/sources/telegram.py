"""The public preview of a Telegram channel (t.me/s/…): posts with their videos and pictures, without an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from selectolax.lexbor import LexborNode

from detection.sources.base import FoundMedia, SourceError
from detection.sources.page import Page, attribute, words_of
from detection.sources.pages import open_page
from detection.sources.times import moment_of
from detection.sources.watch import Watch

BACKGROUND = re.compile(r"""background(?:-image)?\s*:\s*url\(\s*['"]?([^'")\s]+)""", re.IGNORECASE)
VIDEOS = "video[src]"
PICTURES = ".tgme_widget_message_photo_wrap, .tgme_widget_message_video_thumb"
POST = re.compile(r"[A-Za-z0-9_]{2,64}/\d{1,12}\Z")
CHANNEL = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,63})\Z")


class Telegram(Watch):
    """Newest posts first, older ones by the channel's own link. A post that is known is passed over.

    Addresses of Telegram's files change with every visit: a known post looked at again would be found twice.
    """

    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        address, posts = preview_address(self.source.url), 0
        visited: set[str] = set()
        while address and address not in visited and len(visited) < max(1, self.source.page_limit):
            visited.add(address)
            page = self._opened(address, first=len(visited) == 1)
            if page is None:
                return
            shown = page.tree.css(".tgme_widget_message[data-post]")
            posts += len(shown)
            for post in reversed(shown):
                yield from self._media_of_post(post, page)
            address = "" if self.late else _older(page)
        if not posts:
            raise SourceError(_("This channel has no public preview, or is not a channel."))

    def _opened(self, address: str, *, first: bool) -> Page | None:
        try:
            return open_page(address)
        except SourceError as error:
            if first:
                raise
            self.opened += 1
            self.troubles.append(error.sentence)
            self.skip(address, error.sentence)
            return None

    def _media_of_post(self, post: LexborNode, page: Page) -> list[FoundMedia]:
        named = attribute(post, "data-post")
        page_url = page.absolute(f"/{named}") if POST.match(named) else ""
        if not page_url:
            return []
        self.seen += 1
        if page_url in self.known:
            self.skip(page_url, _("Its media are known already."))
            return []
        addresses = list(dict.fromkeys(filter(None, _addresses(post, page))))
        if post.css_first(".message_media_not_supported") is not None:
            self.skip(page_url, _("A video of this post can be seen in Telegram only."))
        elif not addresses:
            self.skip(page_url, _("No video or picture was found on this page."))
        words = {name: _text(post, selector) for name, selector in WORDS.items()}
        time = post.css_first("time[datetime]")
        posted_at = moment_of(attribute(time, "datetime"))
        return [
            FoundMedia(page_url, one, words["title"][:300], words["uploader"][:120], posted_at) for one in addresses
        ]


WORDS = {"title": ".tgme_widget_message_text", "uploader": ".tgme_widget_message_owner_name"}


def preview_address(said: str) -> str:
    """The preview's address of a channel: t.me/name, t.me/s/name and @name are understood.

    >>> preview_address("https://t.me/harbour_news")
    'https://t.me/s/harbour_news'
    """
    if named := CHANNEL.match(said.strip()):
        return f"https://t.me/s/{named[1]}"
    parts = urlsplit(said.strip())
    folders = [one for one in parts.path.split("/") if one]
    if len(folders) == 1 and folders[0] != "s":
        return parts._replace(path=f"/s/{folders[0]}").geturl()
    return said.strip()


def _addresses(post: LexborNode, page: Page) -> Iterator[str]:
    for video in post.css(VIDEOS):
        yield page.absolute(attribute(video, "src"))
    for picture in post.css(PICTURES):
        # The still of a video that plays here is no medium of its own.
        shown = picture.parent is not None and picture.parent.css_first(VIDEOS) is not None
        named = BACKGROUND.search(attribute(picture, "style"))
        if named and not (shown and "video_thumb" in attribute(picture, "class")):
            yield page.absolute(named[1])


def _older(page: Page) -> str:
    link = page.tree.css_first('link[rel="prev"], a.tme_messages_more[data-before]')
    address = page.absolute(attribute(link, "href"))
    return address if urlsplit(address).netloc == urlsplit(page.url).netloc else ""


def _text(post: LexborNode, selector: str) -> str:
    node = post.css_first(selector)
    return words_of(node) if node is not None else ""
