"""The door to the web: what it refuses, what it lets pass, and that it always comes to an end."""

from __future__ import annotations

import gzip
import http.server
import io
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cases import addresses, line, web

CORPUS = """
http://127.0.0.1/                 http://127.1/                    http://127.0.1/
http://2130706433/                http://0x7f000001/               http://0x7f.0.0.1/
http://0177.0.0.1/                http://017700000001/             http://0/
http://0.0.0.0/                   http://localhost/                http://LOCALHOST/
http://localhost./                http://foo.localhost/            http://localhost.localdomain/
http://ip6-localhost/             http://[::1]/                    http://[::]/
http://[0:0:0:0:0:0:0:1]/         http://[::ffff:127.0.0.1]/       http://[::ffff:7f00:1]/
http://[::127.0.0.1]/             http://[64:ff9b::7f00:1]/        http://[64:ff9b::127.0.0.1]/
http://[2002:7f00:1::]/           http://[fe80::1]/                http://[fd00::1]/
http://[fec0::1]/                 http://10.0.0.1/                 http://172.16.0.1/
http://192.168.0.1/               http://169.254.169.254/latest/meta-data/
http://100.64.0.1/                http://198.18.0.1/               http://192.0.0.1/
http://224.0.0.1/                 http://255.255.255.255/          http://240.0.0.1/
http://①②⑦.⓪.⓪.①/              http://127。0。0。1/             http://ⓛocalhost/
http://user@127.0.0.1/            http://good.example@127.0.0.1/   http://good.example#@127.0.0.1/
http://127.0.0.1:6379/            http://127.0.0.1%00.example.com/ http://%31%32%37.0.0.1/
http:///127.0.0.1/                http:/127.0.0.1/                 http:\\\\127.0.0.1\\
file:///etc/passwd                gopher://127.0.0.1:6379/_FLUSHALL
ftp://127.0.0.1/                  data:text/html,x                 javascript:alert(1)
HTTP://127.0.0.1/                 http://127.0.0.1.nip.io/         http://localtest.me/
"""
# The one of the 58 that may pass: it names good.example, and the connection must go there only.
NAMES_ONE_HOST_AND_SHOWS_ANOTHER = "http://good.example#@127.0.0.1/"
HOSTILE = [url for url in CORPUS.split() if url != NAMES_ONE_HOST_AND_SHOWS_ANOTHER]
PUBLIC_LOOKING = [
    "http://good.example/", "https://good.example/v/1?a=b#c", "http://good.example:8080/", "https://good.example:8443/x",
    "http://www.good.example./", "http://한국.example/", "https://xn--3e0b707e.example/", "http://münchen.example/ä ö",
    "http://a-b.c-d.example/", "http://under_score.good.example/", "http://UPPER.example/Path", "http://93.184.215.14/",
    "https://[2606:4700::6810:84e5]/", "http://1.1.1.1/", "http://127.good.example/", "http://localhost.good.example/",
    "http://good.example/?next=http://127.0.0.1/", "http://видео.example/клип", "http://動画.example/",
    "http://0x7f.good.example/",
]  # fmt: skip
NOTHING = addresses.LoopbackAllowance()


def public_dns(host: str, port: int) -> tuple[str, ...]:
    """A resolver that knows every name, and the two that point to this machine in the real DNS."""
    return ("127.0.0.1",) if host in {"127.0.0.1.nip.io", "localtest.me"} else ("93.184.215.14", "2606:4700::6810:84e5")


def hangul_page(request: http.server.BaseHTTPRequestHandler) -> None:
    answer(request, "<p>영상</p>".encode("cp949"), "text/html; charset=euc-kr")


def answer(
    request: http.server.BaseHTTPRequestHandler, body: bytes, media_type: str = "text/plain", **headers: str
) -> None:
    request.send_response(int(headers.pop("status", "200")))
    request.send_header("Content-Type", media_type)
    request.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


class Site:
    """A site on loopback whose one answer the test chooses; remembers what was asked."""

    def __init__(self, reply: Callable[[http.server.BaseHTTPRequestHandler], None]) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.brought: list[bytes] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, dict(self.headers)))
                reply(self)

            do_HEAD = do_GET

            def do_POST(self) -> None:
                site.brought.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.server.daemon_threads = True
        self.server.block_on_close = False
        self.host_port = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host_port}/"
        self.allowed = frozenset({self.host_port})
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Site]]:
    sites: list[Site] = []

    def start(reply: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Site:
        sites.append(Site(reply))
        return sites[-1]

    yield start
    for site in sites:
        site.close()


def reason(url: str, **options: object) -> str:
    with pytest.raises(web.FetchError) as caught:
        web.fetch(url, **options)  # type: ignore[arg-type]
    return caught.value.reason_code


# --- addresses ---------------------------------------------------------------------------------------------------
def test_the_corpus_is_whole() -> None:
    assert len(set(CORPUS.split())) == 58
    assert len(PUBLIC_LOOKING) == 20


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_before_anything_connects(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve", public_dns)
    monkeypatch.setattr(addresses, "open_socket", lambda *_: pytest.fail("connected"))
    monkeypatch.setattr(line, "open_socket", lambda *_: pytest.fail("connected"))
    assert reason(url) in {"refused_address", "bad_url"}


@pytest.mark.parametrize("url", PUBLIC_LOOKING)
def test_a_public_address_passes(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve", public_dns)
    assert addresses.is_public(addresses.pin(addresses.parse_url(url), NOTHING).address)


def test_a_fragment_that_looks_like_a_host_is_only_a_fragment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve", public_dns)
    pinned = addresses.pin(addresses.parse_url(NAMES_ONE_HOST_AND_SHOWS_ANOTHER), NOTHING)
    assert (pinned.target.host, pinned.address) == ("good.example", "93.184.215.14")


def test_one_private_answer_among_public_ones_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "resolve", lambda *_: ("93.184.215.14", "10.0.0.7"))
    assert reason("http://mixed.example/") == "refused_address"


def test_a_name_that_changes_its_answer_is_connected_to_the_first_one_only(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([("93.184.215.14",), ("127.0.0.1",), ("127.0.0.1",)])
    connected: list[str] = []

    def connect(address: tuple[str, int], **_: object) -> socket.socket:
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(addresses, "resolve", lambda *_: next(answers))
    monkeypatch.setattr(socket, "create_connection", connect)
    assert reason("http://rebinding.example/") == "unreachable"
    assert connected == ["93.184.215.14"]


def test_a_name_nobody_knows_is_unreachable_and_may_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(addresses, "resolve", unknown)
    with pytest.raises(web.FetchError) as caught:
        web.fetch("http://gone.example/")
    assert (caught.value.reason_code, caught.value.permanent) == ("unreachable", False)


def test_a_resolver_that_never_answers_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(addresses, "resolve", lambda *_: never.wait(20))
    started = time.monotonic()
    assert reason("http://slow-name.example/", deadline_seconds=0.3) == "timed_out"
    assert time.monotonic() - started < 2
    never.set()


def test_this_machine_is_refused_unless_a_setting_names_it(serve: Callable[..., Site], settings: object) -> None:
    site = serve(hangul_page)
    assert reason(site.url) == "refused_address"
    settings.DEMO_LOOPBACK_HOSTS = site.allowed  # type: ignore[attr-defined]
    assert web.fetch(site.url).status == 200
    assert len(site.asked) == 1


def test_a_demo_name_leads_to_its_loopback_address(serve: Callable[..., Site], settings: object) -> None:
    site = serve(hangul_page)
    settings.DEMO_HOSTS = {"clips.example": site.host_port}  # type: ignore[attr-defined]
    fetched = web.fetch("http://clips.example/v/1")
    assert (fetched.final_url, fetched.peer_address) == ("http://clips.example/v/1", "127.0.0.1")
    assert site.asked[0][1]["Host"] == "clips.example"


def test_a_demo_name_cannot_lead_into_the_local_network(settings: object) -> None:
    settings.DEMO_HOSTS = {"clips.example": "192.168.0.10:80"}  # type: ignore[attr-defined]
    assert reason("http://clips.example/") == "refused_address"


def test_the_environments_proxy_is_ignored(serve: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    site, proxy = serve(hangul_page), serve(hangul_page)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    web.fetch(site.url, allow_loopback=site.allowed)
    assert (len(site.asked), len(proxy.asked)) == (1, 0)


# --- redirects ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_a_redirect_to_this_machine_is_refused(serve: Callable[..., Site], status: str) -> None:
    canary = serve(hangul_page)
    site = serve(lambda request: answer(request, b"", status=status, Location=canary.url))
    assert reason(site.url, allow_loopback=site.allowed) == "refused_address"
    assert canary.asked == []


def test_the_way_through_redirects_is_written_down(serve: Callable[..., Site]) -> None:
    def reply(request: http.server.BaseHTTPRequestHandler) -> None:
        answer(request, b"here") if request.path == "/end" else answer(request, b"", status="302", Location="/end")

    site = serve(reply)
    fetched = web.fetch(site.url, allow_loopback=site.allowed)
    assert fetched.redirects == (web.Redirect(site.url, 302, "/end"),)
    assert (fetched.url, fetched.final_url, fetched.body) == (site.url, site.url + "end", b"here")


def test_a_circle_of_redirects_ends(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"", status="302", Location="/again"))
    assert reason(site.url, allow_loopback=site.allowed) == "too_many_redirects"
    assert len(site.asked) == 6


def test_no_credential_follows_to_another_origin(serve: Callable[..., Site]) -> None:
    other = serve(hangul_page)
    site = serve(lambda request: answer(request, b"", status="302", Location=other.url, Set_Cookie="a=b; Path=/"))
    secret = {"Authorization": "Bearer x", "Cookie": "s=1", "Accept-Language": "ko"}
    web.fetch(site.url, allow_loopback=site.allowed | other.allowed, headers=secret)
    asked = other.asked[0][1]
    assert "Authorization" not in asked
    assert "Cookie" not in asked
    assert asked["Accept-Language"] == "ko"


# --- hostile answers ---------------------------------------------------------------------------------------------
def test_a_gzip_bomb_is_cut_at_the_cap(serve: Callable[..., Site]) -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    site = serve(lambda request: answer(request, bomb, Content_Encoding="gzip"))
    sink = io.BytesIO()
    with pytest.raises(web.FetchError) as caught:
        web.download(site.url, sink, max_bytes=1_000_000, allow_loopback=site.allowed)
    assert (caught.value.reason_code, caught.value.permanent) == ("too_large", True)
    assert len(sink.getvalue()) <= 1_000_000


def test_an_endless_body_is_cut_at_the_cap(serve: Callable[..., Site]) -> None:
    def endless(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    site = serve(endless)
    assert reason(site.url, allow_loopback=site.allowed, max_bytes=2_000_000) == "too_large"


def test_a_declared_size_above_the_cap_is_not_even_begun(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"x" * 5000))
    assert reason(site.url, allow_loopback=site.allowed, max_bytes=4999) == "too_large"
    assert web.fetch(site.url, allow_loopback=site.allowed, max_bytes=5000).size == 5000


def drip(head: bytes, drop: bytes) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    """Sends `head`, then one drop every 30 ms for ten seconds: each one would start a socket's timeout anew."""

    def reply(request: http.server.BaseHTTPRequestHandler) -> None:
        request.wfile.write(head)
        gone = threading.Event()
        for _ in range(330):
            request.wfile.write(drop)
            request.wfile.flush()
            gone.wait(0.03)

    return reply


@pytest.mark.parametrize(
    ("head", "drop", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x", "body"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"x", "body of a declared length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", "chunks"),
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a", "one header"),
        (b"", b"H", "status line"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", "interim answers"),
    ],
)
def test_a_server_that_drips_ends_with_the_deadline(
    serve: Callable[..., Site], head: bytes, drop: bytes, why: str
) -> None:
    site = serve(drip(head, drop))
    started = time.monotonic()
    assert reason(site.url, allow_loopback=site.allowed, deadline_seconds=0.5) == "timed_out", why
    assert time.monotonic() - started < 2


def test_a_server_that_says_nothing_ends_with_the_deadline(serve: Callable[..., Site]) -> None:
    silence = threading.Event()
    site = serve(lambda _: silence.wait(10))
    started = time.monotonic()
    assert reason(site.url, allow_loopback=site.allowed, deadline_seconds=0.4) == "timed_out"
    assert time.monotonic() - started < 2
    silence.set()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Huge": "a" * 10_000_000},
        {"X-Large": "a" * 65_000, "X-More": "b" * 1000},
        {f"X-{n}": "a" for n in range(200)},
    ],
    ids=["one of 10 MB", "together above the cap", "200 of them"],
)
def test_huge_headers_are_refused(serve: Callable[..., Site], headers: dict[str, str]) -> None:
    site = serve(lambda request: answer(request, b"", **headers))
    assert reason(site.url, allow_loopback=site.allowed) == "too_large"


def test_a_body_that_breaks_off_is_not_taken_for_whole(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"))
    assert reason(site.url, allow_loopback=site.allowed) == "unreachable"


def test_something_that_speaks_no_http_is_unreachable(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: request.wfile.write(b"220 mail.example ESMTP\r\n"))
    assert reason(site.url, allow_loopback=site.allowed) == "unreachable"


# --- answers -----------------------------------------------------------------------------------------------------
def test_an_error_status_is_an_answer(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"gone", status="410"))
    fetched = web.fetch(site.url, allow_loopback=site.allowed)
    assert (fetched.status, fetched.body) == (410, b"gone")


def test_a_korean_page_reads_as_korean(serve: Callable[..., Site]) -> None:
    site = serve(hangul_page)
    fetched = web.fetch(site.url, allow_loopback=site.allowed)
    assert fetched.text() == "<p>영상</p>"
    assert (fetched.media_type, fetched.charset, len(fetched.sha256)) == ("text/html", "euc-kr", 64)


def test_the_charset_a_page_declares_itself_is_used(serve: Callable[..., Site]) -> None:
    page = '<meta charset="Shift_JIS"><p>動画①</p>'.encode("cp932")
    site = serve(lambda request: answer(request, page, "text/html"))
    assert "動画①" in web.fetch(site.url, allow_loopback=site.allowed).text()


def test_every_request_has_the_same_plain_user_agent(serve: Callable[..., Site], settings: object) -> None:
    settings.USER_AGENT = "Mozilla/5.0 (compatible; SeoulGuard/9)"  # type: ignore[attr-defined]
    site = serve(hangul_page)
    web.fetch(site.url, allow_loopback=site.allowed)
    web.fetch(site.url, allow_loopback=site.allowed, method="HEAD")
    assert {asked["User-Agent"] for _, asked in site.asked} == {"Mozilla/5.0 (compatible; SeoulGuard/9)"}


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="memfd_create is a Linux call")
def test_media_streams_into_memory_that_has_no_name(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"v" * 300_000, "video/mp4"))
    with open(os.memfd_create("media"), "w+b") as sink:
        fetched = web.download(site.url, sink, allow_loopback=site.allowed)
        sink.seek(0)
        assert sink.read() == b"v" * 300_000
    assert (fetched.body, fetched.size, fetched.media_type) == (b"", 300_000, "video/mp4")


def test_only_the_beginning_of_a_long_body_is_taken_when_no_more_is_wanted(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"v" * 300_000))
    begun = web.fetch(site.url, allow_loopback=site.allowed, first_bytes=1000, max_bytes=1000)
    assert (begun.size, begun.body, begun.whole) == (1000, b"v" * 1000, False)
    assert web.fetch(site.url, allow_loopback=site.allowed, first_bytes=300_000).whole


def test_the_beginning_of_a_gzip_bomb_is_not_its_whole(serve: Callable[..., Site]) -> None:
    bomb = gzip.compress(b"\0" * 30_000_000)
    site = serve(lambda request: answer(request, bomb, Content_Encoding="gzip"))
    assert web.fetch(site.url, allow_loopback=site.allowed, first_bytes=1000).size == 1000


def test_a_conditional_request_is_answered_without_a_body(serve: Callable[..., Site]) -> None:
    def reply(request: http.server.BaseHTTPRequestHandler) -> None:
        known = request.headers.get("If-None-Match") == '"a"'
        answer(request, b"" if known else b"page", status="304" if known else "200", ETag='"a"')

    site = serve(reply)
    assert web.fetch(site.url, allow_loopback=site.allowed).headers["etag"] == '"a"'
    again = web.fetch(site.url, allow_loopback=site.allowed, headers={"If-None-Match": '"a"'})
    assert (again.status, again.size, again.body) == (304, 0, b"")


# --- certificates ------------------------------------------------------------------------------------------------
def secure(site: Site, folder: Path) -> Path:
    """Give a site a certificate of its own making for clips.example; the file is also its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "clips.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("clips.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "site.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    return file


@pytest.fixture
def secure_site(serve: Callable[..., Site], tmp_path: Path) -> tuple[Site, Path]:
    site = serve(hangul_page)
    return site, secure(site, tmp_path)


def test_a_certificate_nobody_vouches_for_is_refused(secure_site: tuple[Site, Path], settings: object) -> None:
    settings.DEMO_HOSTS = {"clips.example": secure_site[0].host_port}  # type: ignore[attr-defined]
    assert reason("https://clips.example/") == "untrusted_certificate"
    assert secure_site[0].asked == []


def test_a_certificate_is_checked_against_the_name_and_written_down(
    secure_site: tuple[Site, Path], settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, authority = secure_site
    names = {"clips.example": site.host_port, "other.example": site.host_port}
    settings.DEMO_HOSTS = names  # type: ignore[attr-defined]
    monkeypatch.setattr(web, "CA_BUNDLE", str(authority))
    facts = web.fetch("https://clips.example/").certificate or {}
    assert (facts["subject"], facts["trusted"], len(facts["sha256"])) == ("clips.example", True, 64)
    assert reason("https://other.example/") == "untrusted_certificate"


def test_a_bad_certificate_is_still_a_fact(secure_site: tuple[Site, Path], settings: object) -> None:
    settings.DEMO_HOSTS = {"clips.example": secure_site[0].host_port}  # type: ignore[attr-defined]
    facts = line.certificate_of("https://clips.example/") or {}
    assert (facts["subject"], facts["trusted"]) == ("clips.example", False)
    assert "self-signed" in facts["complaint"].lower()


# --- requests with content ---------------------------------------------------------------------------------------
def test_a_request_with_content_brings_exactly_its_bytes(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"token", "application/timestamp-reply"))
    fetched = web.fetch(site.url, method="POST", content=b"\x30\x00query", allow_loopback=site.allowed)
    assert (fetched.status, fetched.body, site.brought) == (200, b"token", [b"\x30\x00query"])


def test_content_is_not_carried_on_to_another_address(serve: Callable[..., Site]) -> None:
    other = serve(lambda request: answer(request, b"gotcha"))
    site = serve(lambda request: answer(request, b"", status="307", Location=other.url))
    allowed = site.allowed | other.allowed
    assert reason(site.url, method="POST", content=b"query", allow_loopback=allowed) == "redirected"
    assert other.asked == []


@pytest.mark.parametrize("url", ["http://127.0.0.1/tsr", "http://[::1]/", "http://169.254.169.254/"])
def test_content_goes_to_no_hostile_address_either(url: str) -> None:
    assert reason(url, method="POST", content=b"query") == "refused_address"
