"""Hosting sites on loopback, in a process of their own: listings of a hundred pages, whose media repeat as they do out there.

`python -m benchmarks.watch.town FOLDER COUNT KILOBYTES` serves until its standard input is closed; the first line it
prints is its port. What it was asked for, and what it sent, is told at `/_account` of the host `account.example`.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGES_A_SITE = 100
PAGES_A_LIST = 50
# Of a hundred candidates: never seen bytes, the same bytes under a new address, a known address on another page.
NEW, SAME_BYTES = 5, 65
# One page in fifty shows a copy of the registered evidence, under a new address.
PLANTED_EACH = 50
SPAN = re.compile(r"bytes=(\d+)-(\d*)\Z")


@dataclass(frozen=True)
class Shown:
    """What one page shows: the medium's number in its site, the clip it is made of, whether its bytes are its own."""

    medium: int
    clip: str
    own_bytes: bool = False
    planted: bool = False


class Town:
    """`count` candidates, spread over sites `site0.example`, …; the same arguments give the same town."""

    def __init__(self, folder: Path, count: int, kilobytes: int) -> None:
        self.folder, self.count, self.kilobytes = folder, count, kilobytes
        self.copies = sorted(path.name for path in folder.glob("copy-*"))
        self.strangers = sorted(path.name for path in folder.glob("stranger-*"))
        self.sites = -(-count // PAGES_A_SITE)

    @property
    def planted(self) -> int:
        return sum(shown.planted for site in range(self.sites) for shown in self.pages_of(site))

    @lru_cache(maxsize=8)  # noqa: B019
    def pages_of(self, site: int) -> tuple[Shown, ...]:
        draw = random.Random(site)
        shown: list[Shown] = []
        for number in range(min(PAGES_A_SITE, self.count - site * PAGES_A_SITE)):
            luck = draw.randrange(100)
            if number % PLANTED_EACH == PLANTED_EACH // 2:
                shown.append(Shown(number, draw.choice(self.copies), planted=True))
            elif luck < NEW:
                shown.append(Shown(number, draw.choice(self.strangers), own_bytes=True))
            elif luck < NEW + SAME_BYTES or not (earlier := [one for one in shown if not one.planted]):
                shown.append(Shown(number, draw.choice(self.strangers)))
            else:
                shown.append(draw.choice(earlier))
        return tuple(shown)

    def answer(self, site: int, path: str) -> tuple[str, bytes] | None:
        kind, _slash, number = path.strip("/").partition("/")
        pages = self.pages_of(site)
        if kind in ("", "list"):
            return "text/html", self._list(len(pages), int(number or 0)).encode()
        if kind == "watch" and int(number) < len(pages):
            return "text/html", self._page(site, int(number)).encode()
        if kind == "media":
            shown = pages[int(number.partition(".")[0])]
            mark = f"{site}/{shown.medium}" if shown.own_bytes else shown.clip
            return "video/mp4", self._bytes(shown.clip, mark)
        return None

    def _list(self, count: int, page: int) -> str:
        first, last = page * PAGES_A_LIST, min(count, (page + 1) * PAGES_A_LIST)
        cards = "".join(
            f'<article><a href="/watch/{one}"><img src="/thumbs/{one}.jpg" alt=""><h3>Clip number {one}</h3></a></article>'
            for one in range(first, last)
        )
        following = f'<a rel="next" href="/list/{page + 1}">Next</a>' if last < count else ""
        return f"<!doctype html><html lang=en><title>Clips</title><body><main>{cards}</main>{following}</body></html>"

    def _page(self, site: int, number: int) -> str:
        address = f"/media/{self.pages_of(site)[number].medium}.mp4"
        words = " ".join(f"word{(number * 7 + one) % 500}" for one in range(150))
        return (
            f"<!doctype html><html lang=en><head><title>Clip {number}</title></head><body><h1>Clip {number}</h1>"
            f'<video controls src="{address}"></video><p class="comments">{words}</p></body></html>'
        )

    @lru_cache(maxsize=64)  # noqa: B019
    def _bytes(self, clip: str, mark: str) -> bytes:
        """The clip, grown to its size by a box that players pass over; the mark in it makes the bytes its own."""
        content = (self.folder / clip).read_bytes()
        room = max(64, self.kilobytes * 1024 - len(content) - 8)
        return content + (room + 8).to_bytes(4, "big") + b"free" + mark.encode().ljust(room, b"\0")


# --- the server --------------------------------------------------------------------------------------------------
class _Visit(BaseHTTPRequestHandler):
    town: Town
    requests = sent = 0
    counting = threading.Lock()

    def do_GET(self) -> None:
        host = (self.headers.get("Host") or "").partition(":")[0]
        if host == "account.example":
            self._reply(200, "application/json", json.dumps([_Visit.requests, _Visit.sent]).encode(), {})
            return
        found = self.town.answer(int(host.removeprefix("site").partition(".")[0]), self.path)
        if found is None:
            self._counted(404, "text/plain", b"", {})
            return
        media_type, body = found
        etag = (
            f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if media_type == "text/html"
            else f'"{len(body)}-{_end_of(body)}"'
        )
        span = SPAN.match(self.headers.get("Range") or "")
        if self.headers.get("If-None-Match") == etag:
            self._counted(304, media_type, b"", {"ETag": etag})
        elif span:
            first, last = int(span[1]), min(int(span[2] or len(body)), len(body) - 1)
            ranged = {"ETag": etag, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
            self._counted(206, media_type, body[first : last + 1], ranged)
        else:
            self._counted(200, media_type, body, {"ETag": etag})

    def _counted(self, status: int, media_type: str, body: bytes, headers: dict[str, str]) -> None:
        with _Visit.counting:
            _Visit.requests += 1
            _Visit.sent += len(body)
        self._reply(status, media_type, body, headers)

    def _reply(self, status: int, media_type: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def _end_of(body: bytes) -> str:
    return hashlib.sha256(body[:4096] + body[-65536:].rstrip(b"\0")).hexdigest()[:12]


@dataclass(frozen=True)
class Open:
    """A town that serves on this port."""

    port: int

    def account(self) -> tuple[int, int]:
        """Requests so far, and bytes of bodies sent."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/_account", headers={"Host": "account.example"})
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            requests, sent = json.load(answer)
        return requests, sent


@contextmanager
def opened(folder: Path, count: int, kilobytes: int) -> Iterator[Open]:
    """The town in a process of its own, so that its work does not count as the watch's."""
    command = [sys.executable, "-m", "benchmarks.watch.town", str(folder), str(count), str(kilobytes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Open(int(process.stdout.readline()))
        finally:
            process.stdin.close()


def make_clips(folder: Path) -> Path:
    """Two seconds each: six edited copies of one clip, eight of other things. Returns the original, which no site shows."""
    from seoulguard.demo import media

    original = media.make_reference(folder / "original", seconds=3)
    for name, copy in media.make_copies(original, folder / "made").items():
        if copy.suffix == ".mp4" and name != "reupload":
            copy.rename(folder / f"copy-{name}.mp4")
    for number, clip in enumerate(media.make_unrelated(folder / "made", seconds=2)):
        clip.rename(folder / f"stranger-{number}.mp4")
    return original


def main() -> None:
    folder, count, kilobytes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    _Visit.town = Town(folder, count, kilobytes)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Visit) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        print(server.server_port, flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
