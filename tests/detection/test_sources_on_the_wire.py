"""The same, over real sockets and with a real Chromium: a listing built by scripts, a feed, a host that answers 500."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from detection import pipeline
from detection.models import Candidate, Source
from tests.detection.town import detail

CARDS = "".join(
    f"<article><a href='/watch/{number}'><img src='/thumbs/{number}.jpg'><h3>Clip {number}</h3></a></article>"
    for number in (1, 2)
)
BUILT = f"""<html><body><main id="list"></main><script>
document.getElementById("list").innerHTML = {CARDS!r};</script></body></html>"""
FEED = """<rss version="2.0"><channel><title>New</title><item><title>Sea</title><link>/watch/1</link>
<enclosure url="/media/1.mp4" type="video/mp4" length="1"/></item></channel></rss>"""
PAGES = {"/scripted": BUILT, "/rss": FEED, "/watch/1": detail(1), "/watch/2": detail(2)}


class Host(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = PAGES.get(self.path, "broken").encode()
        self.send_response(200 if self.path in PAGES else 404 if self.path == "/robots.txt" else 500)
        self.send_header("Content-Type", "application/rss+xml" if self.path == "/rss" else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def host(settings: Any) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.DEMO_HOSTS = {"clips.example": f"127.0.0.1:{server.server_port}"}
        yield "http://clips.example"
        server.shutdown()


def visit(url: str, kind: str, **fields: Any) -> Source:
    source = Source.objects.create(name="Clips", kind=kind, url=url, **fields)
    pipeline.visit_source(source.pk)
    source.refresh_from_db()
    return source


@pytest.mark.django_db
def test_a_listing_built_by_scripts_is_read_by_a_real_browser(host: str) -> None:
    source = visit(f"{host}/scripted", "listing", rendered=True)
    assert source.failure == ""
    assert set(Candidate.objects.values_list("page_url", "media_url")) == {
        (f"{host}/watch/1", f"{host}/media/1.mp4"),
        (f"{host}/watch/2", f"{host}/media/2.mp4"),
    }


@pytest.mark.django_db
def test_a_feed_is_read_over_the_wire(host: str) -> None:
    visit(f"{host}/rss", "feed")
    assert list(Candidate.objects.values_list("page_url", "media_url")) == [(f"{host}/watch/1", f"{host}/media/1.mp4")]


@pytest.mark.django_db
@pytest.mark.parametrize("rendered", [False, True])
def test_a_host_that_answers_500_is_named_so(host: str, rendered: bool) -> None:
    assert visit(f"{host}/missing", "listing", rendered=rendered).failure == "The site answered 500."


@pytest.mark.django_db
def test_a_source_on_this_machine_is_refused(host: str, settings: Any) -> None:
    settings.DEMO_HOSTS = {}
    assert visit("http://127.0.0.1:8080/", "listing").failure
    assert not Candidate.objects.exists()
