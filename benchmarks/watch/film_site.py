"""Hosting sites on loopback, each with one page that shows the same film under bytes of its own.

`python -m benchmarks.watch.film_site FILM` serves until its standard input is closed; the first line it prints is its port.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

from PIL import Image

SPAN = re.compile(r"bytes=(\d+)-(\d*)\Z")
COMMENTS, THUMBNAILS = 40, 12
CHUNK = 1024 * 1024


def page() -> str:
    """A film among thumbnails and comments, as hosts show it."""
    thumbs = "".join(
        f'<a href="/more/{one}"><img src="/thumb/{one}.jpg" alt="" width=160 height=90></a>'
        for one in range(THUMBNAILS)
    )
    said = "".join(f"<li>user{one}: a comment of ordinary length, number {one}.</li>" for one in range(COMMENTS))
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Home video 12</title><style>body{font-family:sans-serif}"
        "</style></head><body><h1>Home video 12</h1><p>Uploaded by user77 on 20 November 2026 · 5,120 views</p>"
        f'<video controls preload="metadata" width=960 height=540 src="/film.mp4"></video><div>{thumbs}</div><ul>{said}</ul></body></html>'
    )


LISTING = (
    "<!doctype html><html lang=en><body><article>"
    '<a href="/watch/12"><img src="/thumb/1.jpg" alt=""><h3>Home video 12</h3></a></article>'
)


def thumbnail(number: int) -> bytes:
    out = BytesIO()
    Image.effect_noise((160, 90), 20 + number).save(out, "JPEG")
    return out.getvalue()


def marked(film: bytes, mark: str) -> bytes:
    """The film with bytes of its own: a box that players pass over."""
    return film + (8 + 64).to_bytes(4, "big") + b"free" + mark.encode()[:64].ljust(64, b"\0")


class _Visit(BaseHTTPRequestHandler):
    film = b""

    def do_GET(self) -> None:
        host = self.headers.get("Host") or ""
        if self.path == "/film.mp4":
            self._send_film(marked(self.film, host))
        elif self.path.startswith("/thumb/"):
            self._send(200, "image/jpeg", thumbnail(int(self.path[7:].partition(".")[0])), {})
        elif self.path in ("/", "/watch/12"):
            self._send(200, "text/html; charset=utf-8", (LISTING if self.path == "/" else page()).encode(), {})
        else:
            self._send(404, "text/plain", b"no", {})

    def _send_film(self, body: bytes) -> None:
        span = SPAN.match(self.headers.get("Range") or "")
        named = {"ETag": f'"{len(body)}-{self.headers.get("Host")}"', "Accept-Ranges": "bytes"}
        if not span:
            self._send(200, "video/mp4", body, named)
            return
        first, last = int(span[1]), min(int(span[2] or len(body)), len(body) - 1)
        self._send(
            206, "video/mp4", body[first : last + 1], {**named, "Content-Range": f"bytes {first}-{last}/{len(body)}"}
        )

    def _send(self, status: int, media_type: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        for first in range(0, len(body), CHUNK):
            self.wfile.write(body[first : first + CHUNK])

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that has seen enough of a film leaves in the middle of it."""


@contextmanager
def opened(film: Path) -> Iterator[int]:
    """The port of the sites, which run in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.watch.film_site", str(film)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipe to the sites")
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def main() -> None:
    _Visit.film = Path(sys.argv[1]).read_bytes()
    with _Server(("127.0.0.1", 0), _Visit) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        print(server.server_port, flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
