"""A network of its own in which every address in the world is this machine, and every unwanted connection is counted.

`python -m tests.cases.walled_world` is started in a fresh network namespace. There one listener answers on every
address there is: 127.0.0.1, ::1, 169.254.169.254, 10.0.0.1, … Three of them are hosting sites; a connection to any
other is a hit. So nothing here needs the loopback allowance of the other tests: the guard is the one of a centre.
"""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SITES = frozenset({"93.184.215.14", "1.1.1.1", "2606:4700::6810:84e5"})
TCP_PORTS = (80, 443, 8080, 8443, 6379)
# Names asked around the proxy (53), QUIC (443), and a WebRTC server (3478): a page can send these without a connection.
UDP_PORTS = (53, 443, 3478)
# Where the hostile pages, redirects and manifests lead: one of each kind of address that is nobody's site.
CANARIES = ("127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "192.168.0.1", "[fd00::1]", "localhost", "2130706433")
WALL = (
    "ip link set lo up && ip route add local 0.0.0.0/0 dev lo && "
    # A second interface where the kernel has one to give: with loopback alone a browser does not even try WebRTC.
    "{ ip link add out0 type veth peer name out1 && ip link set out1 up && ip link set out0 up && "
    "ip addr add 203.0.113.7/24 dev out0; } 2>/dev/null; "
    'if [ -e /proc/net/if_inet6 ]; then ip -6 route add local ::/0 dev lo; fi && exec "$@"'
)
# Whoever runs the tests may make a network of its own in one of these ways: any account where the kernel lets it be root
# in a namespace, root itself where it does not, and an account that may become root without a password.
MAKERS = (
    ("unshare", "--map-root-user", "--net"),
    ("unshare", "--net"),
    ("sudo", "--non-interactive", "--preserve-env", "unshare", "--net"),
)
Page = tuple[int, Mapping[str, str], bytes]


def command() -> list[str]:
    """What runs this module behind the wall, on a machine where `why_not()` is empty."""
    return [*_walled(_maker()[0] or MAKERS[0]), sys.executable, "-m", "tests.cases.walled_world"]


def why_not() -> str:
    """Why this machine cannot build the wall; empty where it can."""
    if missing := [tool for tool in ("unshare", "ip") if not shutil.which(tool)]:
        return f"{' and '.join(missing)} not installed: no network of its own can be made"
    maker, complaint = _maker()
    return "" if maker else f"this account may make no network of its own: {complaint[:200]}"


@functools.cache
def _maker() -> tuple[tuple[str, ...], str]:
    """The first of the ways that works here, or the complaint of the first."""
    complaints = []
    for maker in (one for one in MAKERS if shutil.which(one[0])):
        tried = subprocess.run([*_walled(maker), "true"], capture_output=True, text=True, check=False, timeout=20)
        if tried.returncode == 0:
            return maker, ""
        complaints.append(tried.stderr.strip())
    return (), next(iter(complaints), "")


def _walled(maker: tuple[str, ...]) -> list[str]:
    return [*maker, "sh", "-c", WALL, "sh"]


def has_ipv6() -> bool:
    return Path("/proc/net/if_inet6").exists()


class Resolver:
    """Names as a hostile owner would answer them; what is written like an address means what the system says it means.

    `rebinding.…` names move: public for the first `public_answers` questions, this machine ever after.
    """

    LEADING_HERE = frozenset({"127.0.0.1.nip.io", "localtest.me", "inside.example"})

    def __init__(self) -> None:
        self.questions: Counter[str] = Counter()
        self.public_answers = 1

    def begin_again(self) -> None:
        self.questions.clear()
        self.public_answers = 1

    def __call__(self, host: str, port: int) -> tuple[str, ...]:
        self.questions[host] += 1
        if host in self.LEADING_HERE:
            return ("127.0.0.1",)
        if host == "mixed.example":
            return "93.184.215.14", "10.0.0.1"
        if host.startswith("rebinding"):
            return ("93.184.215.14",) if self.questions[host] <= self.public_answers else ("127.0.0.1",)
        if host.endswith(".example") or "xn--" in host:
            return "93.184.215.14", "2606:4700::6810:84e5"
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class World:
    """`pages` answers by "host/path"; `hits` counts what reached an address that is nobody's site, by address:port."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.hits: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.resolver = Resolver()
        self._listeners: list[socket.socket] = []

    def put(self, address: str, body: str | bytes, media_type: str = "text/html; charset=utf-8") -> str:
        self.pages[address] = (200, {"Content-Type": media_type}, body.encode() if isinstance(body, str) else body)
        return f"http://{address}"

    def send_on(self, address: str, location: str, status: int = 302) -> str:
        self.pages[address] = (status, {"Location": location}, b"")
        return f"http://{address}"

    def begin_again(self) -> None:
        self.pages.clear()
        self.hits.clear()
        self.asked.clear()
        self.resolver.begin_again()

    # --- listening ---
    def __enter__(self) -> World:
        for family in (socket.AF_INET, *((socket.AF_INET6,) if has_ipv6() else ())):
            for port in TCP_PORTS:
                threading.Thread(target=self._accept, args=(self._bound(family, port, True), port), daemon=True).start()
            for port in UDP_PORTS:
                threading.Thread(
                    target=self._receive, args=(self._bound(family, port, False), port), daemon=True
                ).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            listener.close()

    def _bound(self, family: int, port: int, stream: bool) -> socket.socket:
        listener = socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(("", port))
        if stream:
            listener.listen(64)
        self._listeners.append(listener)
        return listener

    def _accept(self, listener: socket.socket, port: int) -> None:
        while True:
            try:
                sock, _peer = listener.accept()
            except OSError:
                return
            address = str(ipaddress.ip_address(sock.getsockname()[0]))
            if address not in SITES:
                self.hits[f"{address}:{port}"] += 1
                sock.close()
                continue
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _receive(self, listener: socket.socket, port: int) -> None:
        while True:
            try:
                listener.recvfrom(2048)
            except OSError:
                return
            self.hits[f"udp:{port}"] += 1

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            _answering(self)(sock, sock.getpeername(), None)  # type: ignore[arg-type]


def _answering(world: World) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            host = (self.headers.get("Host") or "").partition(":")[0]
            world.asked[host + self.path] += 1
            status, headers, body = world.pages.get(host + self.path, (404, {}, b"not here"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Answering


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import json

    import django

    django.setup()
    from cases import addresses, browser
    from tests.cases.walled_trials import TRIALS

    # A page that is refused everything may never count as loaded; waiting ten seconds for it shows nothing more.
    browser.LOAD_STATES = tuple((state, min(longest_ms, 3_000)) for state, longest_ms in browser.LOAD_STATES)

    told: dict[str, Any] = {}
    with World() as opened:
        addresses.resolve = opened.resolver
        for trial in TRIALS:
            opened.begin_again()
            began = time.monotonic()
            seen = trial(opened)
            seconds = round(time.monotonic() - began, 2)
            print(trial.__name__, seconds, file=sys.stderr, flush=True)
            told[trial.__name__] = {
                "hits": dict(opened.hits),
                "asked": dict(opened.asked),
                "seen": seen,
                "seconds": seconds,
            }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
