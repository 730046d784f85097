"""The HTTP side of a hosting site: one loopback server, byte ranges, and the ways a host misbehaves."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

RANGE = re.compile(r"bytes=(\d*)-(\d*)\Z")
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """What a site says to one request. `ranges` marks a file of which a part may be asked for."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    ranges: bool = False


@dataclass
class Behaviour:
    """How the site treats everybody: an error status for every address, and addresses that never answer."""

    failing: int | None = None
    hanging: set[str] = field(default_factory=set)


class SiteServer(ThreadingHTTPServer):
    """Serves from construction until `close`. `answer` gets path, query and host; `requests` is what was asked."""

    def __init__(self, answer: Callable[[str, str, str], Answer], behaviour: Behaviour) -> None:
        super().__init__((LOOPBACK, 0), _Visit)
        self.answer, self.behaviour = answer, behaviour
        self.requests: list[str] = []
        self.closing = threading.Event()
        # The short poll makes `close` quick.
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who leaves in the middle of a film is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Visit(BaseHTTPRequestHandler):
    server: SiteServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nginx", ""
    timeout = 30

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        self.server.requests.append(asked.path + (f"?{asked.query}" if asked.query else ""))
        # One answer a connection: no idle line outlives the world.
        self.close_connection = True
        if asked.path in self.server.behaviour.hanging:
            self.server.closing.wait()
            return
        answer = self.server.answer(asked.path, asked.query, self.headers.get("Host") or "")
        self._send(answer)

    do_HEAD = do_GET

    def _send(self, answer: Answer) -> None:
        status, body, extra = answer.status, answer.body, {"Accept-Ranges": "bytes"} if answer.ranges else {}
        wanted = RANGE.match(self.headers.get("Range") or "") if answer.ranges else None
        if wanted:
            status, body, extra["Content-Range"] = part_of(answer.body, *wanted.groups())
        self.send_response(status)
        headers = {"Content-Type": answer.content_type, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        for name, value in {**headers, **extra, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal: `requests` is the log."""


def part_of(body: bytes, first: str, last: str) -> tuple[int, bytes, str]:
    """Status, bytes and Content-Range of one byte range (RFC 9110, 14.1.2); 416 when nothing of it is there."""
    size = len(body)
    if first:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    else:
        start, end = max(0, size - int(last or 0)), size - 1
    if start > end:
        return 416, b"", f"bytes */{size}"
    return 206, body[start : end + 1], f"bytes {start}-{end}/{size}"
