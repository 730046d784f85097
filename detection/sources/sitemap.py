"""A sitemap: index files, packed files, and the media that it names itself (sitemaps.org, image and video extensions)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from detection.safe_xml import XmlError, children, local, text_of, tree_of
from detection.sources.base import FoundMedia, SourceError, web_address
from detection.sources.pages import answer_of
from detection.sources.times import moment_of
from detection.sources.watch import Watch

UNPACKED_BYTES = 20 * 1024 * 1024
FILES_A_VISIT = 25
PAGES_A_VISIT = 5000
# A page that says it changed is opened again; clocks of sites are seldom right to the hour.
CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True)
class _Entry:
    """A page of the site, when it changed, and the media that the sitemap names for it."""

    page_url: str
    changed_at: datetime | None
    media: tuple[FoundMedia, ...] = ()
    has_video: bool = False


@dataclass
class _Files:
    """Sitemap files that were read, each once, however they lead to one another."""

    waiting: list[str]
    read: set[str] = field(default_factory=set)


class Sitemap(Watch):
    """Newest pages first. A video that the sitemap names is taken without opening its page."""

    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        entries = self._entries()
        for entry in entries:
            self.seen += len(entry.media)
            yield from entry.media
        pages = [entry for entry in entries if not entry.has_video]
        changed = [one.page_url for one in self._newest(pages) if self._changed(one, since)]
        rest = [one.page_url for one in pages if not self._changed(one, since)]
        yield from self.look_into(list(dict.fromkeys([*changed, *self.in_turn(rest, at)])), since, at)
        if not self.seen:
            raise SourceError(_("The sitemap names no page."))

    def _newest(self, entries: list[_Entry]) -> list[_Entry]:
        return sorted(entries, key=lambda one: one.changed_at or datetime.min.replace(tzinfo=UTC), reverse=True)

    def _changed(self, entry: _Entry, since: datetime | None) -> bool:
        """What is dated is opened when it is newer than the last visit; what is not takes its turn."""
        return entry.changed_at is not None and (since is None or entry.changed_at > since - CLOCKS_DIFFER)

    def _entries(self) -> list[_Entry]:
        files, found = _Files([self.source.url]), dict[str, _Entry]()
        while files.waiting and len(files.read) < FILES_A_VISIT and len(found) < PAGES_A_VISIT:
            if files.read and self.late:
                break
            address = files.waiting.pop(0)
            files.read.add(address)
            try:
                following, entries = self._read(address)
            except SourceError as error:
                if len(files.read) == 1:
                    raise
                self.opened += 1
                self.troubles.append(error.sentence)
                self.skip(address, error.sentence)
                continue
            files.waiting += [one for one in following if one not in files.read and one not in files.waiting]
            found.update({one.page_url: one for one in entries})
        if files.waiting:
            self.remarks.append(_("%(count)d files of the sitemap were not read.") % {"count": len(files.waiting)})
        return list(found.values())[:PAGES_A_VISIT]

    def _read(self, address: str) -> tuple[list[str], list[_Entry]]:
        """Further sitemap files, newest first, and the pages of one file."""
        answer = answer_of(address)
        body = unpacked(answer.body)
        if not body.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            return [], _plain(body.decode("utf-8", "replace"), answer.final_url)
        try:
            root = tree_of(body)
        except XmlError as error:
            raise SourceError(_("This address is not a sitemap.")) from error
        if local(root) == "sitemapindex":
            files = sorted(children(root, "sitemap"), key=lambda one: text_of(one, "lastmod"), reverse=True)
            named = (web_address(answer.final_url, text_of(one, "loc")) for one in files)
            return list(dict.fromkeys(filter(None, named))), []
        if local(root) != "urlset":
            raise SourceError(_("This address is not a sitemap."))
        entries = (_entry(one, answer.final_url) for one in children(root, "url")[:PAGES_A_VISIT])
        return [], [one for one in entries if one.page_url]


def unpacked(body: bytes) -> bytes:
    """What a packed file holds. Raises SourceError when it is damaged, or holds more than is read."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpack = zlib.decompressobj(wbits=31)
    try:
        content = unpack.decompress(body, UNPACKED_BYTES + 1)
    except zlib.error as error:
        raise SourceError(_("The packed file is damaged.")) from error
    if len(content) > UNPACKED_BYTES:
        raise SourceError(_("What the site sends is larger than allowed."))
    return content


def _plain(text: str, base: str) -> list[_Entry]:
    """A sitemap may be a plain list of addresses, one a line."""
    lines = (line.strip() for line in text.splitlines()[:PAGES_A_VISIT])
    found = [
        _Entry(address, None) for line in lines if line.startswith("http") and (address := web_address(base, line))
    ]
    if not found:
        raise SourceError(_("This address is not a sitemap."))
    return found


def _entry(element: Element, base: str) -> _Entry:
    page_url = web_address(base, text_of(element, "loc"))
    videos, pictures = children(element, "video"), children(element, "image")
    named = [_video(one, page_url) for one in videos] + [_picture(one, page_url) for one in pictures]
    media = tuple(one for one in named if one.media_url)
    has_video = bool(videos) and all(web_address(base, text_of(one, "content_loc")) for one in videos)
    return _Entry(page_url, moment_of(text_of(element, "lastmod")), media if page_url else (), has_video)


def _video(element: Element, page_url: str) -> FoundMedia:
    address = web_address(page_url, text_of(element, "content_loc")) if page_url else ""
    posted_at = moment_of(text_of(element, "publication_date"))
    title, uploader = text_of(element, "title")[:300], text_of(element, "uploader")[:120]
    return FoundMedia(page_url, address, title, uploader, posted_at)


def _picture(element: Element, page_url: str) -> FoundMedia:
    address = web_address(page_url, text_of(element, "loc")) if page_url else ""
    return FoundMedia(page_url, address, (text_of(element, "title") or text_of(element, "caption"))[:300])
