"""Three hosting sites on loopback, in three languages and of three kinds, and the world that opens them together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from seoulguard.demo import site_pages as pages
from seoulguard.demo.site_pages import Markup
from seoulguard.demo.site_server import LOOPBACK, Answer, Behaviour, SiteServer
from seoulguard.demo.site_titles import titled
from seoulguard.demo.site_uploads import Planting, Upload

__all__ = ["HostingSite", "Planting", "World"]

CARDS_A_PAGE = 4
TEXT_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class HostingSite:
    """A site that people upload clips to. It serves on a loopback port from construction until `close`."""

    name: str
    language: str
    host_name: str
    kind: str
    start_path: str

    def __init__(self) -> None:
        self._uploads: list[Upload] = []
        self._behaviour = Behaviour()
        self._server = SiteServer(self._answer, self._behaviour)

    def close(self) -> None:
        self._server.close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def base_url(self) -> str:
        return f"http://{self.host_name}/"

    @property
    def requests(self) -> list[str]:
        """Every path that was asked for, with its query, oldest first."""
        return self._server.requests

    # --- uploads ---------------------------------------------------------------------------------------------------
    def plant(self, clip: Path, title: str, uploader: str) -> Planting:
        """Upload a clip now: it is the first of the site's list."""
        return self.add(clip, title, uploader)

    def add(self, clip: Path, title: str, uploader: str, ago: timedelta = timedelta()) -> Planting:
        """Upload any clip, dated `ago` before now; what was added last is shown first."""
        upload = Upload(clip, title, uploader, datetime.now(UTC) - ago)
        self._uploads.insert(0, upload)
        base = self.base_url.rstrip("/")
        return Planting(base + upload.page_path, base + upload.media_path)

    def take_down(self, page_url: str) -> None:
        """Page 410 and says so, file 404, in no list any more. LookupError for a strange URL."""
        self._upload_at(page_url).up = False

    def restore(self, page_url: str) -> None:
        """As if it had never been taken down. LookupError for a strange URL."""
        self._upload_at(page_url).up = True

    def is_up(self, page_url: str) -> bool:
        return any(upload.up and self._page_url(upload) == page_url for upload in list(self._uploads))

    def knows(self, page_url: str) -> bool:
        """Whether this is or was the page of an upload."""
        return any(self._page_url(upload) == page_url for upload in list(self._uploads))

    def _page_url(self, upload: Upload) -> str:
        return self.base_url.rstrip("/") + upload.page_path

    def _upload_at(self, page_url: str) -> Upload:
        for upload in list(self._uploads):
            if self._page_url(upload) == page_url:
                return upload
        raise LookupError(f"{self.name} has no page {page_url}")

    def _shown(self) -> list[Upload]:
        return [upload for upload in list(self._uploads) if upload.up]

    # --- misbehaving -----------------------------------------------------------------------------------------------
    def fail_with(self, status: int | None) -> None:
        """Answer everything with this status; None ends it."""
        self._behaviour.failing = status

    def hang_path(self, path: str) -> None:
        """Take requests for this path and never answer, until the site closes."""
        self._behaviour.hanging.add(path)

    # --- answering -------------------------------------------------------------------------------------------------
    def _answer(self, path: str, query: str, host: str) -> Answer:
        base = f"http://{host or self.host_name}"
        if self._behaviour.failing:
            return self._message(self._behaviour.failing, *pages.TROUBLES[self.language])
        of_site = self._own_answer(path, query, base) or self._static(path)
        if of_site:
            return of_site
        for upload in list(self._uploads):
            if path in (upload.page_path, upload.media_path, upload.thumb_path):
                return self._of_upload(upload, path, base)
        return self._message(404, *pages.REFUSALS[self.language])

    def _own_answer(self, path: str, query: str, base: str) -> Answer | None:
        """What only this kind of site has: its list."""
        raise NotImplementedError

    def _static(self, path: str) -> Answer | None:
        name = path.removeprefix("/static/")
        if path != f"/static/{name}" or name not in ("style.css", "app.js"):
            return None
        return Answer(self._raw(name).encode(), TEXT_TYPES[Path(name).suffix])

    def _of_upload(self, upload: Upload, path: str, base: str) -> Answer:
        if path == upload.page_path:
            return self._watch_page(upload, base) if upload.up else self._removed_page()
        if not upload.up:
            return self._message(404, *pages.REFUSALS[self.language])
        if path == upload.media_path:
            return Answer(upload.clip.read_bytes(), upload.media_type, ranges=True)
        return Answer(upload.thumbnail, "image/jpeg", 200 if upload.thumbnail else 404)

    def _watch_page(self, upload: Upload, base: str) -> Answer:
        return self._page(
            upload.title, self._fill("watch.html", upload, base), meta=self._fill("meta.html", upload, base)
        )

    def _removed_page(self) -> Answer:
        return self._page(self.name, self._raw("removed.html"), status=410)

    def _message(self, status: int, heading: str, sentence: str) -> Answer:
        return self._page(
            heading, pages.fill(self._folder, "message.html", heading=heading, sentence=sentence), status=status
        )

    def _page(self, title: str, main: str, *, status: int = 200, meta: str = "") -> Answer:
        words = {"title": title, "main": Markup(main), "meta": Markup(meta), "abuse": f"abuse@{self.host_name}"}
        return Answer(pages.fill(self._folder, "page.html", **words).encode(), status=status)

    def _fill(self, name: str, upload: Upload, base: str) -> Markup:
        return pages.fill(
            self._folder, name, title=upload.title, uploader=upload.uploader,
            page=base + upload.page_path, media=base + upload.media_path, thumb=base + upload.thumb_path,
            media_type=upload.media_type, size=str(upload.clip.stat().st_size),
            posted=pages.clock(self.language, upload.posted_at), posted_iso=f"{upload.posted_at:%Y-%m-%dT%H:%M:%SZ}",
            posted_mail=format_datetime(upload.posted_at), views=pages.views(self.language, upload.views),
        )  # fmt: skip

    def _cards(self, uploads: Sequence[Upload], base: str, template: str = "card.html") -> Markup:
        return Markup("".join(self._fill(template, upload, base) for upload in uploads))

    @property
    def _folder(self) -> str:
        return self.host_name.partition(".")[0]

    def _raw(self, name: str) -> str:
        return pages.raw(self._folder, name)


class ListingSite(HostingSite):
    """Plain HTML: numbered list pages that lead to detail pages."""

    name, language, host_name = "ClipHarbor", "en", "clipharbor.example"
    kind, start_path = "listing", "/videos"

    def _own_answer(self, path: str, query: str, base: str) -> Answer | None:
        if path not in ("/", self.start_path):
            return None
        asked = parse_qs(query).get("page", ["1"])[0]
        number = max(1, int(asked)) if asked.isdecimal() and len(asked) < 6 else 1
        shown = self._shown()
        cards = self._cards(shown[(number - 1) * CARDS_A_PAGE : number * CARDS_A_PAGE], base)
        paging = self._paging(number, -(-len(shown) // CARDS_A_PAGE))
        return self._page("New videos", pages.fill(self._folder, "listing.html", cards=cards, paging=paging))

    def _paging(self, number: int, last: int) -> Markup:
        steps = [("prev", "‹ Newer", number - 1)] * (number > 1) + [("next", "Older ›", number + 1)] * (number < last)
        links = (f'<a rel="{rel}" href="{self.start_path}?page={to}">{word}</a>' for rel, word, to in steps)
        return Markup(" ".join(links))


class FeedSite(HostingSite):
    """RSS 2.0 with enclosures, beside item pages."""

    name, language, host_name = "動画ひろば", "ja", "douga-hiroba.example"
    kind, start_path = "feed", "/feed.xml"

    def _own_answer(self, path: str, query: str, base: str) -> Answer | None:
        if path == self.start_path:
            items = self._cards(self._shown(), base, "item.xml")
            feed = pages.fill(self._folder, "feed.xml", base=base, items=items)
            return Answer(feed.encode(), "application/rss+xml; charset=utf-8")
        if path == "/":
            cards = self._cards(self._shown(), base)
            return self._page("新着動画", pages.fill(self._folder, "listing.html", cards=cards))
        return None


class ScriptedSite(HostingSite):
    """An empty page that a script fills from JSON."""

    name, language, host_name = "ВидеоПоток", "ru", "videopotok.example"
    kind, start_path = "scripted", "/"

    def _own_answer(self, path: str, query: str, base: str) -> Answer | None:
        if path == self.start_path:
            return self._shell()
        if path == "/api/list.json":
            return _json({"items": [self._as_json(upload, base) for upload in self._shown()]})
        for upload in self._shown():
            if path == f"/api/item/{upload.slug}.json":
                return _json(self._as_json(upload, base))
        return _json({"error": "gone"}, 404) if path.startswith("/api/") else None

    def _shell(self) -> Answer:
        return self._page(self.name, self._raw("shell.html"))

    def _watch_page(self, upload: Upload, base: str) -> Answer:
        return self._shell()

    def _as_json(self, upload: Upload, base: str) -> dict[str, str]:
        return {
            "id": upload.slug, "title": upload.title, "uploader": upload.uploader,
            "page": base + upload.page_path, "media": base + upload.media_path, "thumb": base + upload.thumb_path,
            "type": upload.media_type, "posted": pages.clock(self.language, upload.posted_at),
            "posted_iso": f"{upload.posted_at:%Y-%m-%dT%H:%M:%SZ}", "views": pages.views(self.language, upload.views),
        }  # fmt: skip


def _json(rows: object, status: int = 200) -> Answer:
    return Answer(json.dumps(rows, ensure_ascii=False).encode(), "application/json; charset=utf-8", status)


class World:
    """The three sites with the copies on them, spread evenly among the unrelated clips. Closes them when left.

    `sites` is in the order English, Japanese, Russian; `planted` are the copies put up at the start.
    """

    SITES: tuple[Callable[[], HostingSite], ...] = (ListingSite, FeedSite, ScriptedSite)

    def __init__(self, copies: dict[str, Path], unrelated: list[Path]) -> None:
        self.sites = [site() for site in self.SITES]
        self.planted: list[Planting] = []
        for number, site in enumerate(self.sites):
            self._stock(site, [*copies.values()][number::3], self._others(unrelated, number))

    def _others(self, unrelated: list[Path], number: int) -> list[Path]:
        """Every third clip; where there are too few for that, one of them again, so that no site shows copies only."""
        return unrelated[number::3] or unrelated[:1]

    def _stock(self, site: HostingSite, copies: list[Path], others: list[Path]) -> None:
        """Oldest first: copies lie between other uploads, not all on top."""
        turns = [(clip, clip in copies) for clip in interleaved(others, copies)]
        for number, (clip, is_copy) in enumerate(turns):
            title, uploader = titled(site.language, None if is_copy else clip.stem, number)
            planting = site.add(clip, title, uploader, ago=timedelta(hours=5.3 * (len(turns) - number)))
            if is_copy:
                self.planted.append(planting)

    @property
    def host_map(self) -> dict[str, str]:
        """Where each host name is served: {"clipharbor.example": "127.0.0.1:port", …}."""
        return {site.host_name: f"{LOOPBACK}:{site.port}" for site in self.sites}

    def site_of(self, page_url: str) -> HostingSite:
        """The site of an address; LookupError when it is none of the three."""
        for site in self.sites:
            if site.host_name == urlsplit(page_url).hostname:
                return site
        raise LookupError(f"No site of this world serves {page_url}")

    def close(self) -> None:
        for site in self.sites:
            site.close()

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def interleaved(first: Sequence[Path], second: Sequence[Path]) -> list[Path]:
    """One of each in turn, then the rest."""
    longest = max(len(first), len(second))
    return [row[place] for place in range(longest) for row in (first, second) if place < len(row)]
