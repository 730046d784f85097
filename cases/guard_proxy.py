"""The proxy between the capture browser and the web.

The browser may not resolve a name or connect anywhere by itself (its flags in `cases.browser` see to that). Every
request comes here, as a plain request or a CONNECT tunnel, and passes the same check and pin as `cases.web.fetch`.
On top of that a host is served only when the captured page caused it: the browser's own background traffic cannot be
switched off (threats.md B7c), so it is refused here and written down.
"""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from cases.addresses import FetchError, Pinned, loopback_allowance, open_socket, parse_url, pin

# Hosts the browser calls on its own account. None of them is ever part of a hosting site's page.
BACKGROUND_HOSTS = frozenset(
    {
        "accounts.google.com", "update.googleapis.com", "clients1.google.com", "clients2.google.com",
        "clients3.google.com", "clients4.google.com", "clients5.google.com", "clients6.google.com",
        "android.clients.google.com", "mtalk.google.com", "optimizationguide-pa.googleapis.com",
        "content-autofill.googleapis.com", "safebrowsing.googleapis.com", "sb-ssl.google.com",
        "safebrowsing.google.com", "chromewebstore.googleapis.com", "edgedl.me.gvt1.com", "dl.google.com",
        "tools.google.com", "passwordsleakcheck-pa.googleapis.com", "chromesyncpasswords-pa.googleapis.com",
    }
)  # fmt: skip
BACKGROUND_SUFFIXES = (".gvt1.com", ".gvt2.com", ".push.apple.com")
HOP_BY_HOP = frozenset(
    {
        "connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
        "proxy-authorization", "proxy-authenticate",
    }
)  # fmt: skip
# How long a request may arrive here before the driver has told us that the page caused it.
CAUSE_WAIT_SECONDS = 1.5
CHUNK = 64 * 1024
# Bytes of application data within TLS below which a browser asked for nothing: the end of a handshake, an alert, a ping.
SMALLEST_REQUEST = 300
Answers = tuple[str, ...]


@dataclass(frozen=True)
class ProxyRecord:
    """One thing the browser wanted: `verdict` is allowed, refused or failed; `reason` a FetchError code or not_page."""

    host: str
    port: int
    verdict: str
    reason: str
    peer_address: str = ""
    dns_answers: tuple[str, ...] = ()


class GuardProxy:
    """`with GuardProxy(deadline_seconds=30) as proxy:` serves at `proxy.url` until the block ends.

    `expect(host)` adds a host the page caused. Without `only_expected` every public host is served except the
    browser's background hosts. Nothing lives longer than the deadline; no more than `max_bytes` come in altogether.
    """

    def __init__(
        self,
        *,
        deadline_seconds: float = 30.0,
        max_bytes: int = 100 * 1024 * 1024,
        only_expected: bool = False,
        allow_loopback: frozenset[str] | None = None,
    ) -> None:
        self.deadline = time.monotonic() + deadline_seconds
        self.max_bytes = max_bytes
        self.only_expected = only_expected
        self.allowance = loopback_allowance(allow_loopback)
        self.records: list[ProxyRecord] = []
        self.bytes_in = 0
        self.once_only = False
        self.broke_off = False
        self._expected: set[str] = set()
        self._changed = threading.Condition()
        self._sockets: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self

    def __enter__(self) -> GuardProxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="guard-proxy").start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        with self._changed:
            open_sockets = list(self._sockets)
        for sock in open_sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    @property
    def over_the_cap(self) -> bool:
        return self.bytes_in > self.max_bytes

    @property
    def refused(self) -> list[ProxyRecord]:
        return [record for record in self.records if record.verdict == "refused"]

    def expect(self, host: str) -> None:
        """The page caused a request to this host."""
        with self._changed:
            self._expected.add(host.lower().strip("[]"))
            self._changed.notify_all()

    def send_once(self) -> None:
        """From now on a request that broke off without an answer is the last one.

        Browsers repeat what broke off on a line they used before, forms included; nothing may be sent twice.
        """
        self.once_only = True

    def unanswered(self) -> None:
        """A request went out and nothing came back."""
        self.broke_off = self.broke_off or self.once_only

    def record_of(self, host: str) -> ProxyRecord | None:
        """The last thing that happened with a host."""
        return next((record for record in reversed(self.records) if record.host == host), None)

    # --- for the handlers ---
    def pin(self, url: str) -> Pinned | None:
        """Where to connect for `url`, written down either way; None when refused or not known."""
        try:
            target = parse_url(url)
        except FetchError as error:
            self._note("", 0, "refused", error.reason_code)
            return None
        if self.broke_off:
            self._note(target.host, target.port, "refused", "broke_off")
            return None
        if not self._caused_by_page(target.host):
            self._note(target.host, target.port, "refused", "not_page")
            return None
        try:
            return pin(target, self.allowance, min(10.0, self.left))
        except FetchError as error:
            verdict = "refused" if error.permanent else "failed"
            self._note(target.host, target.port, verdict, error.reason_code)
            return None

    def _caused_by_page(self, host: str) -> bool:
        if host in BACKGROUND_HOSTS or host.endswith(BACKGROUND_SUFFIXES):
            return False
        if not self.only_expected:
            return True
        with self._changed:
            return self._changed.wait_for(lambda: host in self._expected, min(CAUSE_WAIT_SECONDS, max(0, self.left)))

    def _note(self, host: str, port: int, verdict: str, reason: str = "", peer: str = "", dns: Answers = ()) -> None:
        with self._changed:
            self.records.append(ProxyRecord(host, port, verdict, reason, peer, dns))

    @contextlib.contextmanager
    def connected(self, pinned: Pinned) -> Iterator[socket.socket | None]:
        """A socket to the pinned address that dies with the proxy; None when nobody answers."""
        host, port = pinned.target.host, pinned.target.port
        try:
            sock = open_socket(pinned, max(0.05, min(10.0, self.left)))
        except OSError as error:
            reason = "timed_out" if isinstance(error, TimeoutError) else "unreachable"
            self._note(host, port, "failed", reason)
            yield None
            return
        with sock:
            self._note(host, port, "allowed", "", str(sock.getpeername()[0]), pinned.dns_answers)
            sock.settimeout(max(0.05, self.left))
            with self._changed:
                self._sockets.add(sock)
            try:
                yield sock
            finally:
                with self._changed:
                    self._sockets.discard(sock)

    def count(self, size: int) -> bool:
        """Add incoming bytes; False once the cap is passed."""
        with self._changed:
            self.bytes_in += size
            return self.bytes_in <= self.max_bytes


def _told_within_tls(chunk: bytes) -> int:
    """Bytes that may be part of a request: records of application data, alone or behind the end of a handshake."""
    return len(chunk) if chunk[:1] in (b"\x17", b"\x14") else 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    proxy: GuardProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The browser breaks off requests all the time; what was refused or failed stands in the records."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: _Server

    def log_message(self, *_: Any) -> None:
        """Addresses of victims' pages do not belong in a log."""

    def refuse(self) -> None:
        """204 and not an error page: a page that sends the browser somewhere forbidden stays on the screen."""
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    def do_CONNECT(self) -> None:
        self.close_connection = True
        # The scheme only fills in a port that CONNECT always names; the tunnel itself is opaque.
        pinned = self.server.proxy.pin(f"https://{self.path}/")
        if not pinned:
            self.wfile.write(b"HTTP/1.1 403 Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            return
        with self.server.proxy.connected(pinned) as upstream:
            if upstream is None:
                self.wfile.write(b"HTTP/1.1 502 Unreachable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                return
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._tunnel(upstream)

    def _tunnel(self, upstream: socket.socket) -> None:
        proxy, client, asked = self.server.proxy, self.connection, 0
        while proxy.left > 0:
            ready, _, _ = select.select([client, upstream], [], [], min(1.0, max(0.0, proxy.left)))
            for sock in ready:
                chunk = self._received(sock)
                if not chunk and sock is upstream and asked > SMALLEST_REQUEST:
                    proxy.unanswered()
                if not chunk or proxy.broke_off or (sock is upstream and not proxy.count(len(chunk))):
                    return
                asked = asked + _told_within_tls(chunk) if sock is client else 0
                (client if sock is upstream else upstream).sendall(chunk)

    @staticmethod
    def _received(sock: socket.socket) -> bytes:
        """A line that was reset is over like one that was closed."""
        try:
            return sock.recv(CHUNK)
        except ConnectionError:
            return b""

    def do_GET(self) -> None:
        self.close_connection = True
        pinned = self.server.proxy.pin(self.path)
        if not pinned:
            self.refuse()
            return
        with self.server.proxy.connected(pinned) as upstream:
            # No answer of our own: a made-up 502 would be preserved as the site's.
            if upstream is not None:
                self._relay(pinned, upstream)

    do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_GET

    def _relay(self, pinned: Pinned, upstream: socket.socket) -> None:
        upstream.sendall(self._request_head(pinned) + self._request_body())
        response = http.client.HTTPResponse(upstream, method=self.command)
        try:
            response.begin()
        except (http.client.HTTPException, OSError):
            self.server.proxy.unanswered()
            response.close()
            return
        try:
            self._answer(response)
        except (http.client.HTTPException, OSError):
            return
        finally:
            response.close()

    def _request_head(self, pinned: Pinned) -> bytes:
        lines = [f"{self.command} {pinned.target.path} HTTP/1.1", f"Host: {pinned.target.host_header}"]
        kept = ((name, value) for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | {"host"})
        lines += [f"{name}: {value}" for name, value in kept]
        return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1", "replace")

    def _request_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        return self.rfile.read(min(int(length), 1024 * 1024)) if length.isdigit() else b""

    def _answer(self, response: http.client.HTTPResponse) -> None:
        lines = [f"HTTP/1.1 {response.status} {response.reason}"]
        lines += [f"{name}: {value}" for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        head = "\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n"
        self.wfile.write(head.encode("latin-1", "replace"))
        while chunk := response.read1(CHUNK):
            if not self.server.proxy.count(len(chunk)):
                return
            self.wfile.write(chunk)
