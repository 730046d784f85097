"""What is tried behind the wall of `walled_world`: each trial sends the door or the browser somewhere and tells what it saw."""

from __future__ import annotations

import socket
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from cases import web
from cases.addresses import LoopbackAllowance, parse_url, pin
from cases.browser import CaptureError, capture_page, render_html
from cases.chromium import browser_path, fresh_profile
from cases.guard_proxy import GuardProxy
from cases.web import FetchError
from detection.found import found_media
from tests.cases.test_web import HOSTILE, NAMES_ONE_HOST_AND_SHOWS_ANOTHER, PUBLIC_LOOKING
from tests.cases.walled_bait import SCRIPT, hostile_page, inside
from tests.cases.walled_world import World

NOTHING = LoopbackAllowance()
REDIRECTING = (301, 302, 303, 307, 308)
WEB_HOSTILE = [url for url in HOSTILE if url.lower().startswith(("http:", "https:"))]


def code_of(attempt: Callable[[], object]) -> str:
    """The reason code of a failure, or "passed"."""
    try:
        attempt()
    except (FetchError, CaptureError) as error:
        return error.reason_code
    return "passed"


# --- that the canaries work --------------------------------------------------------------------------------------
def canaries_without_a_guard(world: World) -> list[str]:
    """Plain sockets, no guard: every canary must count."""
    for url in inside():
        parts = urlsplit(url)
        with socket.create_connection((parts.hostname, parts.port or 80), timeout=2) as sock:
            sock.settimeout(5)
            sock.recv(1)
    return sorted(world.hits)


def interfaces(world: World) -> list[str]:
    return [name for _number, name in socket.if_nameindex()]


def browser_without_a_guard(world: World) -> list[str]:
    """The same hostile page in a browser that may go where it likes: what the page can do where nobody stops it."""
    from playwright.sync_api import sync_playwright

    world.put("bait.example/", hostile_page())
    with fresh_profile() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=browser_path(), headless=True, chromium_sandbox=False,
            args=["--host-resolver-rules=MAP bait.example 93.184.215.14"],
        )  # fmt: skip
        page = context.pages[0]
        page.goto("http://bait.example/", wait_until="commit")
        page.wait_for_timeout(1500)
        context.close()
    return sorted(world.hits)


# --- the fetch door ----------------------------------------------------------------------------------------------
def corpus_through_the_door(world: World) -> dict[str, str]:
    return {url: code_of(lambda url=url: web.fetch(url, deadline_seconds=5)) for url in HOSTILE}


def fragment_that_looks_like_a_host(world: World) -> str:
    world.put("good.example/", "good")
    return web.fetch(NAMES_ONE_HOST_AND_SHOWS_ANOTHER).text()


def public_looking_through_the_door(world: World) -> dict[str, str]:
    """Refused or not; every http one is really connected to, every https one as far as the pin."""
    told = {}
    for url in PUBLIC_LOOKING:
        secure = url.startswith("https")
        told[url] = code_of(
            (lambda url=url: pin(parse_url(url), NOTHING)) if secure else (lambda url=url: web.fetch(url))
        )
    return told


def redirects_through_the_door(world: World) -> dict[str, str]:
    told, number = {}, count()
    for status in REDIRECTING:
        for url in [*inside(), "http://inside.example/", "http://localtest.me/"]:
            start = world.send_on(f"good.example/{next(number)}", url, status)
            told[f"{status} {url}"] = code_of(lambda start=start: web.fetch(start))
            hop = world.send_on(f"other.example/{next(number)}", start, status)
            told[f"{status} {status} {url}"] = code_of(lambda hop=hop: web.fetch(hop))
    return told


def corpus_behind_redirects(world: World) -> dict[str, str]:
    """The corpus as a Location, which is joined to the page's address and so may mean something else than typed."""
    told = {}
    for number, url in enumerate(HOSTILE):
        start = world.send_on(f"good.example/{number}", url.encode().decode("latin-1"))
        told[url] = code_of(lambda start=start: web.fetch(start, deadline_seconds=5))
    return told


def rebinding_through_the_door(world: World) -> dict[str, str]:
    """A name that is public when first asked and this machine ever after; and one that is both at once."""
    world.put("rebinding.example/", "public")
    world.send_on("rebinding-redirect.example/", "http://rebinding-redirect.example/again")
    return {
        "first": code_of(lambda: web.fetch("http://rebinding.example/")),
        "second": code_of(lambda: web.fetch("http://rebinding.example/")),
        "redirect to itself": code_of(lambda: web.fetch("http://rebinding-redirect.example/")),
        "both at once": code_of(lambda: web.fetch("http://mixed.example/")),
    }


# --- streams -----------------------------------------------------------------------------------------------------
DASH = (
    '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1"'
    ' height="240">{}</Representation></AdaptationSet></Period></MPD>'
)
# Each form of manifest with a hole for an address. The first piece of two is the site's own, so that one is fetched.
MANIFESTS = {
    "segment": "#EXTM3U\n#EXTINF:1,\n0.ts\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
    "first segment": "#EXTM3U\n#EXTINF:1,\n{}\n#EXTINF:1,\n0.ts\n#EXT-X-ENDLIST\n",
    "byte range": "#EXTM3U\n#EXTINF:1,\n#EXT-X-BYTERANGE:9@0\n{}\n#EXT-X-ENDLIST\n",
    "key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{}"\n#EXTINF:1,\n0.ts\n#EXT-X-ENDLIST\n',
    "map": '#EXTM3U\n#EXT-X-MAP:URI="{}"\n#EXTINF:1,\n0.ts\n#EXT-X-ENDLIST\n',
    "variant": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=640x480\n{}\n",
    "dash whole": DASH.format('<BaseURL>{}</BaseURL><SegmentBase indexRange="0-1"/>'),
    "dash list": DASH.format(
        '<SegmentList duration="1"><Initialization sourceURL="0.ts"/><SegmentURL media="{}"/></SegmentList>'
    ),
    "dash initialisation": DASH.format(
        '<SegmentList duration="1"><Initialization sourceURL="{}"/><SegmentURL media="0.ts"/></SegmentList>'
    ),
    "dash base": DASH.format(
        '<BaseURL>{}/</BaseURL><SegmentList duration="1"><SegmentURL media="1.ts"/></SegmentList>'
    ),
}  # fmt: skip


def streams_through_the_door(world: World) -> dict[str, str]:
    """Every form of manifest, leading to every canary, straight and by a redirect."""
    told, number = {}, count()
    world.put("good.example/0.ts", b"x" * 188, "video/mp2t")
    for form, manifest in MANIFESTS.items():
        for url in [*inside(), "http://inside.example/", "ftp://127.0.0.1/x", "file:///etc/passwd"]:
            hop = world.send_on(f"good.example/{next(number)}.ts", url)
            for way, address in (("", url), ("by redirect ", hop)):
                start = world.put(f"good.example/{next(number)}.list", manifest.format(address))
                told[f"{form} {way}{url}"] = code_of(lambda start=start: _look_at(start))
    return told


def rebinding_streams(world: World) -> dict[str, str]:
    """The manifest's own name moves to this machine before its pieces are asked for."""
    told = {}
    for number, (form, manifest) in enumerate(MANIFESTS.items()):
        start = world.put(f"rebinding-{number}.example/list", manifest.format("1.ts"))
        told[form] = code_of(lambda start=start: _look_at(start))
    return told


def _look_at(url: str) -> None:
    with found_media(url):
        pass


# --- the browser -------------------------------------------------------------------------------------------------
def hostile_page_in_the_browser(world: World) -> dict[str, Any]:
    world.put("bait.example/", hostile_page())
    world.put("bait.example/list.m3u8", "#EXTM3U\n" + "".join(f"#EXTINF:1,\n{url}/piece.ts\n" for url in inside()))
    world.put("bait.example/list.mpd", "<MPD>" + "".join(f"<BaseURL>{url}/piece.m4s</BaseURL>" for url in inside()))
    capture = capture_page("http://bait.example/")
    return {"title": capture.title, "final_url": capture.final_url, "refused": [one.host for one in capture.refused]}


def corpus_in_the_browser(world: World) -> dict[str, Any]:
    """Every address of the corpus as a picture, a preload, a request and a socket of one page."""
    shown = "".join(f'<img src="{url}" alt=""><link rel="preload" as="image" href="{url}">' for url in HOSTILE)
    asks = "".join(
        f"quietly(() => fetch({url!r}, {{mode: 'no-cors'}})); quietly(() => new WebSocket({url!r}.replace(/^http/i, 'ws')));"
        for url in HOSTILE
    )
    script = SCRIPT.partition("function tryAll")[0] + asks
    world.put("bait.example/", f"<!doctype html><title>Corpus</title>{shown}<script>{script}</script>")
    capture = capture_page("http://bait.example/")
    return {"title": capture.title, "refused": [one.host for one in capture.refused]}


def tricks_in_the_browser(world: World) -> dict[str, Any]:
    """Redirected parts of a page, and a page whose own name moves to this machine once it stands."""
    parts = []
    for number, (status, url) in enumerate((status, url) for status in (302, 307) for url in inside()):
        hop = world.send_on(f"bait.example/{number}", f"{url}/redirected", status)
        parts.append(f'<img src="{hop}" alt=""><iframe src="{hop}"></iframe><script src="{hop}"></script>')
    world.put(
        "rebinding.example/",
        f"""<!doctype html><title>Moving</title>{"".join(parts)}<img src="/picture"><iframe src="/frame"></iframe>
        <iframe src="http://mixed.example/"></iframe><img src="http://inside.example/" alt=""><script>
        setInterval(() => {{ fetch("/again?" + Math.random()).catch(() => 0); }}, 150);
        setTimeout(() => {{ new WebSocket("ws://rebinding.example/socket"); }}, 400);</script>""",
    )
    # The check before the browser starts asks for the name as well; it is the browser's questions that lead here.
    world.resolver.public_answers = 2
    capture = capture_page("http://rebinding.example/")
    return {"title": capture.title, "refused": [one.host for one in capture.refused]}


def corpus_as_pages(world: World) -> dict[str, str]:
    return {url: code_of(lambda url=url: capture_page(url, deadline_seconds=5)) for url in HOSTILE}


def pages_that_lead_away(world: World) -> dict[str, str]:
    """A listing read with a browser, whose address sends it to this machine."""
    start = world.send_on("good.example/away", "http://127.0.0.1/", 307)
    return {"redirect": code_of(lambda: render_html(start, deadline_seconds=10))}


def corpus_through_the_proxy(world: World) -> dict[str, str]:
    """The proxy by itself, asked as no browser would ask: the corpus as it stands, as plain request and as tunnel."""
    told = {}
    with GuardProxy(deadline_seconds=30) as proxy:
        for url in WEB_HOSTILE:
            told[f"GET {url}"] = _first_line(proxy, f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n")
            bare = url.partition("//")[2].rstrip("/")
            told[f"CONNECT {bare}"] = _first_line(proxy, f"CONNECT {bare}:443 HTTP/1.1\r\nHost: x\r\n\r\n")
            told[f"CONNECT {bare} 6379"] = _first_line(proxy, f"CONNECT {bare}:6379 HTTP/1.1\r\nHost: x\r\n\r\n")
    return told


def public_looking_through_the_proxy(world: World) -> dict[str, str]:
    told = {}
    with GuardProxy(deadline_seconds=30) as proxy:
        for url in PUBLIC_LOOKING:
            told[url] = "passed" if proxy.pin(url) else proxy.refused[-1].reason
    return told


def _first_line(proxy: GuardProxy, request: str) -> str:
    parts = urlsplit(proxy.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as sock:
        sock.settimeout(5)
        sock.sendall(request.encode())
        return sock.recv(4096).partition(b"\r\n")[0].decode("latin-1")


TRIALS: list[Callable[[World], Any]] = [
    interfaces,
    canaries_without_a_guard, browser_without_a_guard, corpus_through_the_door, fragment_that_looks_like_a_host,
    public_looking_through_the_door, redirects_through_the_door, corpus_behind_redirects, rebinding_through_the_door,
    streams_through_the_door, rebinding_streams, hostile_page_in_the_browser, corpus_in_the_browser,
    tricks_in_the_browser, corpus_as_pages, pages_that_lead_away, corpus_through_the_proxy,
    public_looking_through_the_proxy,
]  # fmt: skip
