"""A host on loopback whose pages a test writes down: address → answer. What was asked for is kept, headers too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from seoulguard.demo.site_server import RANGE, part_of

Answer = tuple[int, str, bytes]
HTML, JSON, XML = "text/html; charset=utf-8", "application/json", "application/xml"


@dataclass
class Host:
    """`pages` is by path with query; what is not there is asked of `otherwise`, and is 404 without an answer."""

    name: str
    port: int = 0
    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    otherwise: Callable[[str], Answer | None] = lambda path: None
    ranges: bool = True
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{self.name}"

    def put(self, path: str, body: str | bytes, media_type: str = HTML, status: int = 200) -> None:
        self.pages[path] = (status, media_type, body.encode() if isinstance(body, str) else body)

    def put_folder(self, folder: Path, under: str = "/") -> None:
        for path in folder.iterdir():
            self.put(under + path.name, path.read_bytes(), "application/octet-stream")

    def answer(self, path: str) -> Answer:
        return self.pages.get(path) or self.otherwise(path) or (404, HTML, b"gone")


@contextmanager
def open_host(settings: Any, name: str = "clips.example") -> Iterator[Host]:
    host = Host(name)

    class Visit(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            host.headers.append({key.lower(): value for key, value in self.headers.items()})
            status, media_type, body = host.answer(self.path)
            wanted = RANGE.match(self.headers.get("Range") or "") if host.ranges else None
            self.send_response(206 if wanted else status)
            if wanted:
                _status, body, span = part_of(body, *wanted.groups())
                self.send_header("Content-Range", span)
            if 300 <= status < 400:
                self.send_header("Location", body.decode())
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            for key, value in host.extra.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Visit) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        host.port = server.server_port
        settings.DEMO_HOSTS = {**settings.DEMO_HOSTS, name: f"127.0.0.1:{server.server_port}"}
        yield host
        server.shutdown()
