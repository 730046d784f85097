"""Keeps what the capture browser was answered, so that the page can be opened years later without its site.

Bodies come from the browser itself: the guard proxy sees only sealed tunnels of https. What is too large, is media that
was streamed, or was not finished, is left out and named.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from playwright.sync_api import BrowserContext, Request, Response
from playwright.sync_api import Error as PlaywrightError

BODY_MAX_BYTES = 5 * 1024 * 1024
TOTAL_MAX_BYTES = 25 * 1024 * 1024
# What may be fetched from the browser in vain. A few kilobytes can unpack to many megabytes.
WASTE_MAX_BYTES = 10 * 1024 * 1024
MOST_ANSWERS = 400
REDIRECTS = frozenset({301, 302, 303, 307, 308})
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exchange:
    """One question of the browser and the site's answer. `body` is decoded: transfer and content encodings are gone."""

    url: str
    method: str
    request_headers: Headers
    status: int
    status_text: str
    headers: Headers
    body: bytes
    at: datetime


@dataclass(frozen=True)
class Absent:
    """What is not kept. `why`: unanswered, unfinished, media, too_large, full, method, no_content or unreadable."""

    url: str
    why: str
    size: int | None = None


@dataclass(frozen=True)
class Recording:
    exchanges: tuple[Exchange, ...] = ()
    absent: tuple[Absent, ...] = ()


@dataclass
class Recorder:
    """Listens to a browser from its first request on; `take` fetches the bodies in the end."""

    asked: list[Request] = field(default_factory=list)
    heard: list[tuple[Response, datetime]] = field(default_factory=list)
    finished: set[Request] = field(default_factory=set)
    _kept: list[Exchange] = field(default_factory=list)
    _absent: list[Absent] = field(default_factory=list)
    _total: int = 0
    _wasted: int = 0

    def listen(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self.asked.append(request))
        context.on("response", lambda response: self.heard.append((response, datetime.now(UTC))))
        context.on("requestfinished", lambda request: self.finished.add(request))

    def take(self, deadline: float) -> Recording:
        """What was answered so far. Past the deadline (monotonic seconds) the rest is named as absent."""
        seen: set[str] = set()
        for response, at in self.heard:
            if not _of_the_web(response.url) or response.url in seen:
                continue
            seen.add(response.url)
            why = self._reason_against(response, deadline)
            if why:
                self._absent.append(Absent(response.url, why, _declared_size(response)))
            else:
                self._keep(response, at)
        unanswered = dict.fromkeys(request.url for request in self.asked if _of_the_web(request.url))
        self._absent += [Absent(url, "unanswered") for url in unanswered if url not in seen]
        return Recording(tuple(self._kept), tuple(self._absent))

    def _reason_against(self, response: Response, deadline: float) -> str:
        declared = _declared_size(response) or 0
        reasons = (
            ("method", response.request.method != "GET"),
            # The guard proxy says 204 for what it refuses; that answer is not the site's.
            ("no_content", response.status in {204, 205}),
            ("media" if _is_media(response) else "too_large", declared > BODY_MAX_BYTES),
            ("unfinished", response.request not in self.finished),
            ("full", self._full(declared) or time.monotonic() > deadline),
            ("too_large", self._wasted > WASTE_MAX_BYTES and _may_grow(response)),
        )
        return next((why for why, holds in reasons if holds), "")

    def _full(self, declared: int) -> bool:
        return len(self._kept) >= MOST_ANSWERS or self._total + declared > TOTAL_MAX_BYTES

    def _keep(self, response: Response, at: datetime) -> None:
        try:
            body = b"" if response.status in REDIRECTS else response.body()
            headers = _pairs(response.headers_array())
        except PlaywrightError:
            self._absent.append(Absent(response.url, "media" if _is_media(response) else "unreadable"))
            return
        if len(body) > BODY_MAX_BYTES or self._full(len(body)):
            why = "too_large" if len(body) > BODY_MAX_BYTES else "full"
            self._wasted += len(body)
            self._absent.append(Absent(response.url, why, len(body)))
            return
        self._total += len(body)
        request = response.request
        self._kept.append(
            Exchange(
                url=response.url, method=request.method, request_headers=tuple(request.headers.items()),
                status=response.status, status_text=response.status_text, headers=headers, body=body, at=at,
            )
        )  # fmt: skip


def _of_the_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _pairs(headers: object) -> Headers:
    return tuple((one["name"], one["value"]) for one in headers)  # type: ignore[attr-defined]


def _declared_size(response: Response) -> int | None:
    declared = response.headers.get("content-length", "")
    return int(declared) if declared.isdigit() else None


def _may_grow(response: Response) -> bool:
    """Its declared length does not bound what the browser made of it."""
    return "content-encoding" in response.headers or _declared_size(response) is None


def _is_media(response: Response) -> bool:
    kind = response.headers.get("content-type", "").partition("/")[0].lower()
    return response.request.resource_type == "media" or kind in {"video", "audio"}
