"""A hosting site on loopback that can be told to refuse, to fall silent, or to be redesigned; it remembers who asked."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from django.db.models import F

from detection.models import Source
from detection.watched import SourceVisit, WatchedHost

NAME = "clips.example"
HOME = f"http://{NAME}"
SPAN = re.compile(r"bytes=(\d+)-(\d*)\Z")


class Site:
    """`pages` answer 200 with validators and ranges; `status` takes the place of every page's answer but robots.txt."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.robots: bytes | None = None
        self.status = 0
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.sent: Counter[str] = Counter()
        self.answers: list[int] = []

    def put(self, path: str, body: str | bytes) -> None:
        self.pages[path] = body.encode() if isinstance(body, str) else body

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        if request.path == "/robots.txt":
            self._send(request, 404 if self.robots is None else 200, self.robots or b"", {})
            return
        self.asked.append(request.path)
        body = self.pages.get(request.path)
        if self.status or body is None:
            self._send(request, self.status or 404, b"no", self.headers)
            return
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            self._send(request, 304, b"", {"ETag": etag})
            return
        self._send_part(request, body, etag)

    def _send_part(self, request: BaseHTTPRequestHandler, body: bytes, etag: str) -> None:
        span = SPAN.match(request.headers.get("Range", ""))
        if not span:
            self._send(request, 200, body, {"ETag": etag})
            return
        first, last = int(span.group(1)), min(int(span.group(2) or len(body)), len(body) - 1)
        named = {"ETag": etag, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
        self._send(request, 206, body[first : last + 1], named)

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.answers.append(status)
        self.sent[request.path] += len(body)
        request.send_response(status)
        media = request.path.endswith(".mp4")
        request.send_header("Content-Type", "video/mp4" if media else "text/html; charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        if status != 304:
            request.wfile.write(body)


@contextmanager
def opened(settings: Any) -> Iterator[Site]:
    """The site under its name, for the length of the block."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.reply(self)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        settings.DEMO_HOSTS = {NAME: f"127.0.0.1:{server.server_port}", "shut.example": "127.0.0.1:1"}
        yield site
        server.shutdown()


def a_source(**fields: Any) -> Source:
    return Source.objects.create(
        **{"name": "Clips", "kind": "listing", "url": f"{HOME}/", "every_minutes": 30, **fields}
    )


def time_passes(**span: float) -> None:
    """Everything that was, was so much longer ago."""
    ago = timedelta(**span)
    SourceVisit.objects.update(began_at=F("began_at") - ago)
    Source.objects.update(next_visit_at=F("next_visit_at") - ago, visited_at=F("visited_at") - ago)
    WatchedHost.objects.update(next_request_at=F("next_request_at") - ago, refused_until=F("refused_until") - ago)
    WatchedHost.objects.update(robots_read_at=F("robots_read_at") - ago, robots_tried_at=F("robots_tried_at") - ago)
