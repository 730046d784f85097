"""A host's report form on loopback, in several moods. It writes down every request it gets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

HEAD = "<!doctype html><html lang=en><meta charset=utf-8><title>Report</title><body>"
FORM = (
    HEAD
    + """<h1>Report abuse</h1><img src="/thumbnail.png"><form method=post action=/send>
<label>Address of the content <textarea name=urls></textarea></label>
<label>Your e-mail <input name=email></label>
<label>Reason <select name=reason id=reason><option value=1>Spam</option><option value=7>Non-consensual content</option></select></label>
<label><input type=checkbox name=sure> I declare that this is accurate</label>
<button>Send report</button></form>"""
)
EAGER = FORM.replace("<body>", '<body onchange="document.forms[0].submit()">').replace(
    "</form>", "</form><script>document.oninput = () => fetch('/spy', {method: 'POST', body: 'typed'})</script>"
)
FORGETFUL = FORM.replace("</form>", "</form><script>document.oninput = (e) => { e.target.value = ''; }</script>")
DEAD = FORM.replace("<form method=post", "<form onsubmit='return false' method=post")
FIRST_PAGE = (
    HEAD
    + """<form method=post action=/second><label>Your e-mail <input name=email></label><button>Next</button></form>"""
)
PAGES = {"/report": FORM, "/eager": EAGER, "/forgetful": FORGETFUL, "/dead": DEAD, "/two": FIRST_PAGE}
LINES = """\
fill | Address of the content | {urls}
fill | Your e-mail | {email}
choose | Reason css:#reason | Non-consensual content
tick | I declare that this is accurate
press | Send report
"""
TWO_PAGES = """\
fill | Your e-mail | {email}
click | Next
fill | Address of the content | {urls}
press | Send report
"""


class FormHost:
    """`posts`: (path, fields) of everything that was sent. `status` is what a report is answered with."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, list[str]]]] = []
        self.status = 200
        self.hang_up = False
        self.origin = ""

    def reports(self) -> list[dict[str, list[str]]]:
        return [fields for path, fields in self.posts if path == "/send"]

    def get(self, request: BaseHTTPRequestHandler) -> None:
        page = PAGES.get(request.path.partition("?")[0])
        _answer(request, 200 if page else 404, page or "nothing")

    def post(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", "0"))).decode()
        self.posts.append((request.path, parse_qs(body)))
        if request.path == "/second":
            _answer(request, 200, FORM)
        elif self.hang_up:
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
        else:
            _answer(request, self.status, HEAD + "<p>Thank you. Your ticket: T-4711</p>")


def _answer(request: BaseHTTPRequestHandler, status: int, page: str) -> None:
    content = page.encode()
    request.send_response(status)
    request.send_header("Content-Type", "text/html; charset=utf-8")
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


@contextlib.contextmanager
def opened(settings: Any, certificate: Path | None = None) -> Iterator[FormHost]:
    """Over TLS where a certificate is given. Its lines stay open for further requests, as those of real hosts do."""
    host = FormHost()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            host.get(self)

        def do_POST(self) -> None:
            host.post(self)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    host.origin = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
    settings.DEMO_LOOPBACK_HOSTS = frozenset({f"127.0.0.1:{server.server_port}"})
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
