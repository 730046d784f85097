"""Cloudflare's and AWS's interfaces on loopback, under their own names and over TLS. They check what they are sent."""

from __future__ import annotations

import contextlib
import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cases import web
from takedown.channels.aws import signed_headers
from takedown.channels.request_text import Request
from tests.takedown import shapes
from tests.takedown.registry import _certificate

CLOUDFLARE, AWS = "api.cloudflare.com", "abuse.us-east-1.amazonaws.com"
ACCOUNT, TOKEN = "023e105f4ecef8ad9ca31a8372d0c353", "a-token-of-cloudflare"
ACCESS_KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
# An answer: status and JSON, or "drop" to close the line without one.
Mood = tuple[int, Any] | str


class Sent(NamedTuple):
    host: str
    path: str
    headers: dict[str, str]
    body: bytes


class Offices:
    """Both interfaces. `moods` are answered first; without one a report is checked and taken."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.moods: list[Mood] = []
        self.reports: dict[str, str] = {}  # AWS: token to number

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.sent.append(Sent(headers["host"], request.path, headers, body))
        mood = self.moods.pop(0) if self.moods else self._taken(self.sent[-1])
        if isinstance(mood, str):
            request.connection.close()
            return
        status, content = mood
        answer = json.dumps(content).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(answer)))
        if 300 <= status < 400:
            request.send_header("Location", "https://elsewhere.example/")
        request.end_headers()
        request.wfile.write(answer)

    def _taken(self, sent: Sent) -> Mood:
        content = json.loads(sent.body)
        if sent.host == CLOUDFLARE:
            return self._by_cloudflare(sent, content)
        return self._by_aws(sent, content)

    def _by_cloudflare(self, sent: Sent, content: Any) -> Mood:
        if sent.headers.get("authorization") != f"Bearer {TOKEN}":
            return 403, {"success": False, "errors": [{"message": "Authentication error"}]}
        if sent.path != f"/client/v4/accounts/{ACCOUNT}/abuse-reports/abuse_ncsei":
            return 404, {"success": False}
        if wrong := list(shapes.faults(content, shapes.CLOUDFLARE)):
            return 400, {"success": False, "errors": wrong}
        if content["email"] != content["email2"]:
            return 400, {"success": False, "errors": ["email2"]}
        return 200, {"abuse_rand": "f1e2d3", "result": "success", "request": {"act": content["act"]}}

    def _by_aws(self, sent: Sent, content: Any) -> Mood:
        stamp = sent.headers["x-amz-date"]
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        asked = Request(f"https://{AWS}{sent.path}", sent.body)
        right = signed_headers(ACCESS_KEY, SECRET, asked, "us-east-1", "abuse", at)
        if sent.headers["authorization"] != right["Authorization"]:
            return 403, {"message": "The request signature does not match"}
        if sent.path != "/v1/abuse":
            return 404, {"message": "no such operation"}
        if wrong := list(shapes.faults(content, shapes.AWS)):
            return 400, {"message": "ValidationException", "fieldList": wrong}
        number = hashlib.sha256(content["clientToken"].encode()).hexdigest()[:12]
        self.reports[content["clientToken"]] = number
        return 202, {"reportId": number, "correlationId": content["correlationId"]}


@contextlib.contextmanager
def opened(settings: Any, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Offices]:
    """Both are reachable under their own names while this lasts."""
    offices = Offices()
    server = _server(offices.reply, _certificate(folder, (CLOUDFLARE, AWS)))
    here = f"127.0.0.1:{server.server_port}"
    settings.DEMO_HOSTS = {f"{CLOUDFLARE}:443": here, f"{AWS}:443": here}
    monkeypatch.setattr(web, "CA_BUNDLE", str(folder / "quarter.pem"))
    try:
        yield offices
    finally:
        server.shutdown()
        server.server_close()


def _server(reply: Callable[[BaseHTTPRequestHandler], None], certificate: Path) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            reply(self)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
