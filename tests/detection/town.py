"""A web of a few pages in memory, behind the one door."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from cases import web
from cases.web import Fetched, FetchError


@dataclass
class Town:
    """Addresses and what they answer; how often each was asked for. An address nobody put here answers 404."""

    pages: dict[str, tuple[int, str, bytes] | FetchError] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def put(self, url: str, body: str | bytes, media_type: str = "text/html", status: int = 200) -> None:
        self.pages[url] = (status, media_type, body.encode() if isinstance(body, str) else body)

    def silence(self, url: str) -> None:
        self.pages[url] = FetchError("timed_out", "The site did not answer in time.", permanent=False)

    def fetch(self, url: str, **_: Any) -> Fetched:
        self.asked[url] += 1
        answer = self.pages.get(url, (404, "text/html", b"gone"))
        if isinstance(answer, FetchError):
            raise answer
        status, media_type, body = answer
        return Fetched(
            url=url, final_url=url, status=status, headers={"content-type": media_type}, body=body, size=len(body),
            sha256=hashlib.sha256(body).hexdigest(), media_type=media_type, charset="utf-8", peer_address="203.0.113.5",
            certificate=None, dns_answers=("203.0.113.5",), redirects=(), fetched_at=datetime.now(UTC),
        )  # fmt: skip

    def download(self, url: str, sink: Any, **_: Any) -> Fetched:
        answer = self.fetch(url)
        sink.write(answer.body)
        return answer

    def open(self, monkeypatch: pytest.MonkeyPatch) -> Town:
        monkeypatch.setattr(web, "fetch", self.fetch)
        monkeypatch.setattr(web, "download", self.download)
        return self


SITE = "https://clips.example"


def card(number: int) -> str:
    return f"""
    <article class="card"><a href="/watch/{number}"><img src="/thumbs/{number}.jpg" alt=""></a>
    <h3><a href="/watch/{number}">Holiday clip number {number}</a></h3>
    <a href="/user/ann{number}">ann{number}</a></article>"""


def listing(*numbers: int, following: str = "") -> str:
    more = f'<div class="pagination"><a href="/?p=1">1</a> <a href="/?p=2">2</a> {following}</div>'
    tags = "".join(f'<li><a href="/tag/{tag}">{tag}</a></li>' for tag in "abcdefghijklmnop")
    return f"""<html><head><title>Clips</title></head><body>
    <nav><a href="/">Home</a><a href="/about">About us</a></nav>
    <main>{"".join(map(card, numbers))}</main>{more}<aside><ul>{tags}</ul></aside>
    <a href="https://elsewhere.example/watch/1"><img src="/ad.png"></a></body></html>"""


def detail(number: int) -> str:
    return f"""<html><head><title>x</title><meta property="og:title" content="Holiday {number}">
    <script type="application/ld+json">{{"@type": "VideoObject", "author": {{"name": "ann{number}"}}}}</script></head>
    <body><h1>Other</h1><video poster="/p.jpg"><source src="/media/{number}.mp4" type="video/mp4"></video>
    </body></html>"""
