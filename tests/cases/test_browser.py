"""The capture browser: what it brings home, what it hides, and where a hostile page cannot send it."""

from __future__ import annotations

import http.server
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageStat

from cases import addresses, browser, chromium
from cases.browser import CaptureError, PageCapture, capture_page, render_html
from cases.chromium import launch
from cases.guard_proxy import GuardProxy
from tests.cases.test_web import Site, answer, secure

Request = http.server.BaseHTTPRequestHandler
PICTURE_AT = (40, 200, 440, 500)
BACKGROUND_AT = (40, 540, 440, 740)
CANVAS_AT = (500, 200, 700, 300)
SHADOW_AT = (500, 340, 700, 440)
FRAME_AT = (500, 480, 700, 580)


def checkerboard() -> bytes:
    picture = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(picture)
    for x in range(0, 400, 50):
        for y in range(x % 100, 300, 100):
            draw.rectangle((x, y, x + 49, y + 49), fill=(220, 0, 0))
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def placed(at: tuple[int, int, int, int]) -> str:
    return f"position:absolute;left:{at[0]}px;top:{at[1]}px;width:{at[2] - at[0]}px;height:{at[3] - at[1]}px;border:0"


CHECKERBOARD = checkerboard()
GALLERY = f"""<!doctype html><html lang="ja"><head><title>投稿 12</title>
<meta http-equiv="Content-Security-Policy" content="style-src 'unsafe-inline'">
<style>img {{ filter: none !important; transition: filter 9s }}</style></head>
<body style="margin:0"><h1 style="position:absolute;left:40px;top:20px">Reported post</h1>
<img src="/a.png" style="{placed(PICTURE_AT)};filter:none !important">
<div style="{placed(BACKGROUND_AT)};background:url(/a.png) !important"></div>
<canvas id="canvas" width="200" height="100" style="{placed(CANVAS_AT)}"></canvas>
<div id="host"></div><iframe src="/frame" style="{placed(FRAME_AT)}"></iframe>
<script>
  const paint = document.getElementById("canvas").getContext("2d");
  paint.fillStyle = "red"; paint.fillRect(0, 0, 100, 100);
  const root = document.getElementById("host").attachShadow({{mode: "closed"}});
  root.innerHTML = '<img src="/a.png" style="{placed(SHADOW_AT)}">';
  document.body.insertAdjacentHTML("beforeend", "<p id=late>written by the script</p>");
</script></body></html>"""


def gallery(request: Request) -> None:
    if request.path.endswith(".png"):
        answer(request, CHECKERBOARD, "image/png")
    elif request.path == "/frame":
        answer(request, b"<body style='margin:0'><img src=/a.png>", "text/html")
    else:
        answer(request, GALLERY.encode(), "text/html; charset=utf-8", X_Served_By="edge-7", status="200")


@pytest.fixture
def serve(settings: Any) -> Iterator[Callable[..., Site]]:
    """Starts a site on loopback; `allowed=False` makes it a canary the browser must never reach."""
    sites: list[Site] = []
    settings.DEMO_LOOPBACK_HOSTS = frozenset()
    settings.DEMO_HOSTS = {}

    def start(reply: Callable[[Request], None], *, allowed: bool = True, name: str = "") -> Site:
        site = Site(reply)
        sites.append(site)
        if allowed:
            settings.DEMO_LOOPBACK_HOSTS |= site.allowed
        if name:
            settings.DEMO_HOSTS = {**settings.DEMO_HOSTS, name: site.host_port}
        return site

    yield start
    for site in sites:
        site.close()


@pytest.fixture(scope="module")
def captured() -> PageCapture:
    """The gallery, captured once: starting a browser costs two seconds."""
    site = Site(gallery)
    with pytest.MonkeyPatch.context() as patch:
        allowance = addresses.LoopbackAllowance(names={"clips.example": site.host_port})
        patch.setattr(browser, "loopback_allowance", lambda: allowance)
        patch.setattr("cases.guard_proxy.loopback_allowance", lambda _=None: allowance)
        capture = capture_page("http://clips.example/post/12")
    site.close()
    return capture


def spread(png: bytes, box: tuple[int, int, int, int]) -> float:
    """How much the brightness and colour vary inside the box, away from its edges: 0 is one flat tone."""
    region = Image.open(io.BytesIO(png)).convert("RGB").crop(box)
    width, height = region.size
    inner = region.crop((width // 4, height // 4, width - width // 4, height - height // 4))
    return max(ImageStat.Stat(inner).stddev)


# --- the parts ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("box", [PICTURE_AT, BACKGROUND_AT, CANVAS_AT, SHADOW_AT, FRAME_AT])
def test_the_blurred_picture_hides_every_kind_of_media(captured: PageCapture, box: tuple[int, int, int, int]) -> None:
    shown, hidden = spread(captured.screenshot, box), spread(captured.screenshot_blurred, box)
    assert shown > 60
    assert hidden < shown / 20


def test_the_blurred_picture_has_no_colour_of_the_media_left(captured: PageCapture) -> None:
    region = Image.open(io.BytesIO(captured.screenshot_blurred)).convert("HSV").crop(PICTURE_AT)
    assert ImageStat.Stat(region).mean[1] < 5


def test_the_text_of_the_page_stays_legible(captured: PageCapture) -> None:
    heading = (40, 20, 260, 70)
    assert spread(captured.screenshot_blurred, heading) > 40
    plain, blurred = (
        Image.open(io.BytesIO(png)).convert("RGB").crop(heading)
        for png in (captured.screenshot, captured.screenshot_blurred)
    )
    assert plain.tobytes() == blurred.tobytes()


def test_the_page_is_taken_as_its_scripts_left_it(captured: PageCapture) -> None:
    assert "written by the script" in captured.html
    assert (captured.title, captured.lang, captured.settled) == ("投稿 12", "ja", True)


def test_nothing_of_the_blur_is_in_the_preserved_html(captured: PageCapture) -> None:
    assert "data-blurred-content" not in captured.html
    assert "blur(" not in captured.html


def test_the_answer_and_its_far_end_are_written_down(captured: PageCapture) -> None:
    assert (captured.status, captured.headers["x-served-by"]) == (200, "edge-7")
    assert (captured.final_url, captured.peer_address) == ("http://clips.example/post/12", "127.0.0.1")
    assert captured.captured_at.utcoffset().total_seconds() == 0  # type: ignore[union-attr]
    assert captured.browser_version.startswith("Chrome/")


def test_a_listing_built_by_a_script_can_be_read(serve: Callable[..., Site]) -> None:
    site = serve(gallery)
    final_url, html, status = render_html(site.url)
    assert (final_url, status) == (site.url, 200)
    assert "written by the script" in html
    assert not [path for path, _ in site.asked if path.endswith(".png")]


def test_a_very_tall_page_is_cut_at_20000_pixels(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"<body style='height:90000px'>tall", "text/html"))
    capture = capture_page(site.url)
    assert Image.open(io.BytesIO(capture.screenshot_blurred)).height == 20_000
    assert capture.clipped


def test_a_page_that_answers_with_an_error_is_captured_as_such(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"<h1>Not here</h1>", "text/html", status="404"))
    assert capture_page(site.url).status == 404


def test_the_profile_is_gone_afterwards(serve: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Path] = []
    monkeypatch.setattr(
        browser,
        "launch",
        lambda player, path, profile, *rest: used.append(profile) or launch(player, path, profile, *rest),
    )
    capture_page(serve(gallery).url)
    assert [profile.exists() for profile in used] == [False]


def test_a_page_behind_a_bad_certificate_is_evidence_and_the_certificate_a_fact(
    serve: Callable[..., Site], tmp_path: Path
) -> None:
    site = serve(gallery, allowed=False, name="clips.example")
    secure(site, tmp_path)
    capture = capture_page("https://clips.example/post/12")
    facts = capture.certificate or {}
    assert (capture.status, capture.title) == (200, "投稿 12")
    assert (facts["subject"], facts["trusted"], capture.peer_address) == ("clips.example", False, "127.0.0.1")


# --- hostile pages -----------------------------------------------------------------------------------------------
def hostile_page(port: int) -> bytes:
    return f"""<!doctype html><html><head><title>Bait</title>
<meta http-equiv="refresh" content="1;url=http://127.0.0.1:{port}/refresh">
<link rel="stylesheet" href="http://127.0.0.1:{port}/style">
<link rel="prefetch" href="http://[::1]:{port}/prefetch"><link rel="preconnect" href="http://127.0.0.1:{port}">
<style>@import url(http://localhost:{port}/import);
body {{ background: url(http://127.0.0.1:{port}/css) }}</style></head>
<body><p>Bait</p>
<img src="http://127.0.0.1:{port}/img"><img src="http://2130706433:{port}/decimal">
<img src="http://localhost:{port}/name"><img src="https://127.0.0.1:{port}/tls">
<iframe src="http://127.0.0.1:{port}/iframe"></iframe><iframe src="https://localhost:{port}/tls-frame"></iframe>
<video autoplay src="http://127.0.0.1:{port}/video"></video>
<object data="http://127.0.0.1:{port}/object"></object>
<script>
  const base = "127.0.0.1:{port}";
  fetch("http://" + base + "/fetch", {{mode: "no-cors"}}).catch(() => 0);
  try {{ new WebSocket("ws://" + base + "/socket"); }} catch (e) {{}}
  navigator.sendBeacon("http://" + base + "/beacon", "x");
  new EventSource("http://" + base + "/events");
  navigator.serviceWorker?.register("/worker.js").catch(() => 0);
  window.open("http://" + base + "/popup");
  try {{ new RTCPeerConnection({{iceServers: [{{urls: "stun:" + base}}]}}).createOffer(); }} catch (e) {{}}
  const link = document.createElement("a"); link.href = "/file.bin"; link.download = "x"; link.click();
  setTimeout(() => {{ location.href = "https://" + base + "/navigate"; }}, 500);
</script></body></html>""".encode()


class Canary:
    """A listener on loopback that counts connections of any kind, HTTP or not."""

    def __init__(self) -> None:
        self.connections = 0
        canary = self

        class Listener(http.server.ThreadingHTTPServer):
            def process_request(self, request: Any, client_address: Any) -> None:
                canary.connections += 1
                self.shutdown_request(request)

        self.server = Listener(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    canary = Canary()
    yield canary
    canary.close()


def test_a_hostile_page_reaches_nothing_on_this_machine(serve: Callable[..., Site], canary: Canary) -> None:
    page = hostile_page(canary.server.server_port)
    site = serve(lambda request: answer(request, page, "text/html"), allowed=False, name="bait.example")
    capture = capture_page("http://bait.example/")
    assert canary.connections == 0
    assert capture.title == "Bait"
    assert capture.final_url == "http://bait.example/"
    assert {"127.0.0.1", "localhost"} <= {record.host for record in capture.refused}
    assert "/" in [path for path, _ in site.asked]


def test_a_page_that_redirects_to_this_machine_is_refused(serve: Callable[..., Site], canary: Canary) -> None:
    port = canary.server.server_port
    site = serve(lambda request: answer(request, b"", status="302", Location=f"http://127.0.0.1:{port}/"))
    with pytest.raises(CaptureError) as caught:
        capture_page(site.url)
    assert (caught.value.reason_code, caught.value.permanent) == ("refused_address", True)
    assert canary.connections == 0


def test_an_address_of_this_machine_is_refused_without_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "launch", lambda *_: pytest.fail("a browser was started"))
    with pytest.raises(CaptureError) as caught:
        capture_page("http://127.0.0.1:6379/")
    assert (caught.value.reason_code, caught.value.permanent) == ("refused_address", True)


def test_a_page_that_never_answers_ends_with_the_deadline(serve: Callable[..., Site]) -> None:
    silence = threading.Event()
    site = serve(lambda _: silence.wait(30))
    started = time.monotonic()
    with pytest.raises(CaptureError) as caught:
        capture_page(site.url, deadline_seconds=4)
    assert (caught.value.reason_code, caught.value.permanent) == ("timed_out", False)
    assert time.monotonic() - started < 10
    silence.set()


def test_a_page_whose_script_never_rests_ends_with_the_deadline(serve: Callable[..., Site]) -> None:
    busy = b"<title>Busy</title><p>x</p><script>setTimeout(() => { while (true); }, 0)</script>"
    site = serve(lambda request: answer(request, busy, "text/html"))
    started = time.monotonic()
    with pytest.raises(CaptureError) as caught:
        capture_page(site.url, deadline_seconds=5)
    assert caught.value.reason_code == "timed_out"
    assert time.monotonic() - started < 12


def test_a_site_that_breaks_off_is_unreachable_and_not_a_made_up_error_page(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: request.connection.close())
    with pytest.raises(CaptureError) as caught:
        capture_page(site.url, deadline_seconds=15)
    assert (caught.value.reason_code, caught.value.permanent) == ("unreachable", False)


def test_a_file_is_not_a_page(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"\0" * 99, "application/octet-stream"))
    with pytest.raises(CaptureError) as caught:
        capture_page(site.url)
    assert caught.value.reason_code == "not_a_page"


def test_without_a_browser_the_reason_says_so(settings: Any) -> None:
    settings.CHROMIUM_PATH = "/nowhere/chromium"
    with pytest.raises(CaptureError) as caught:
        chromium.browser_path()
    assert caught.value.reason_code == "no_browser"


# --- the proxy by itself -----------------------------------------------------------------------------------------
def test_the_proxy_serves_only_hosts_the_page_caused(serve: Callable[..., Site]) -> None:
    site = serve(gallery)
    with GuardProxy(deadline_seconds=5, only_expected=True) as proxy:
        proxy.expect("127.0.0.1")
        assert proxy.pin(site.url)
        proxy.deadline = time.monotonic() + 0.1
        assert proxy.pin("http://93.184.215.14/") is None
    assert [(record.host, record.reason) for record in proxy.refused] == [("93.184.215.14", "not_page")]


@pytest.mark.parametrize("host", ["accounts.google.com", "update.googleapis.com", "redirector.gvt1.com"])
def test_the_browsers_own_errands_are_refused_even_if_a_page_names_them(host: str) -> None:
    with GuardProxy(deadline_seconds=5) as proxy:
        proxy.expect(host)
        assert proxy.pin(f"https://{host}/") is None
    assert proxy.refused[0].reason == "not_page"


def test_a_page_larger_than_the_cap_is_cut(serve: Callable[..., Site]) -> None:
    site = serve(lambda request: answer(request, b"x" * 500_000, "text/html"))
    with GuardProxy(deadline_seconds=5, max_bytes=100_000) as proxy:
        got = _through(proxy, site.url)
    assert len(got) < 200_000
    assert proxy.over_the_cap


def _through(proxy: GuardProxy, url: str) -> bytes:
    host, port = proxy.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as sock:
        sock.sendall(f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        parts = []
        while chunk := sock.recv(65536):
            parts.append(chunk)
    return b"".join(parts)
