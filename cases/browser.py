"""Captures a page as a visitor sees it, in a throw-away Chromium that reaches the web only through the guard proxy."""

from __future__ import annotations

import contextlib
import contextvars
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from playwright.sync_api import BrowserContext, Page, Request, Response, Route, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from cases import blur
from cases.addresses import FetchError, Target, loopback_allowance, parse_url, pin
from cases.chromium import HEIGHT, WIDTH, CaptureError, browser_path, fresh_profile, launch, leash, mark_of, watchdog
from cases.guard_proxy import GuardProxy, ProxyRecord
from cases.line import certificate_of
from cases.page_steps import Played, Steps, play
from cases.recording import Recorder, Recording

__all__ = ["CaptureError", "PageCapture", "browser_path", "capture_page", "render_html", "render_pages", "use_page"]

TALLEST = 20_000
HTML_MAX_CHARS = 20_000_000
# Navigations to literal addresses over https would replace the page by an error page; they are stopped before.
LITERAL_HTTPS = re.compile(r"^(https|wss):\/\/(\d|\[|localhost)")
# What a page is given to build itself, in milliseconds. Pages that poll never become idle.
LOAD_STATES: tuple[tuple[Literal["domcontentloaded", "load", "networkidle"], float], ...] = (
    ("domcontentloaded", 15_000),
    ("load", 10_000),
    ("networkidle", 2_500),
)
# What the archives of a page may take, beyond the pictures; a page that keeps them waiting goes without.
ARCHIVE_SECONDS = 6.0
MHTML_MAX_BYTES = 60_000_000
TEXT_MAX_CHARS = 200_000
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class PageCapture:
    """A page as it was. Pictures are PNG; `screenshot`, `mhtml` and `recording` show the media: sealed, never displayed.

    `text` is what a visitor can read. `missing` says in a sentence why an archive is empty.
    """

    url: str
    final_url: str
    status: int
    headers: dict[str, str]
    title: str
    lang: str
    html: str
    screenshot_blurred: bytes
    screenshot: bytes
    captured_at: datetime
    browser_version: str
    peer_address: str
    dns_answers: tuple[str, ...]
    certificate: dict[str, Any] | None
    refused: tuple[ProxyRecord, ...]
    settled: bool
    clipped: bool
    elapsed_seconds: float
    text: str = ""
    mhtml: bytes = b""
    recording: Recording = field(default_factory=Recording)
    archived_url: str = ""
    missing: tuple[str, ...] = ()


@dataclass
class _Visit:
    """One stay of the browser on one page: the open page, its last main answer, and the clock."""

    page: Page
    proxy: GuardProxy
    profile: Path
    deadline: float
    recorder: Recorder = field(default_factory=Recorder)
    answers: list[Response] = field(default_factory=list)
    stopped: list[ProxyRecord] = field(default_factory=list)
    settled: bool = True

    @property
    def left_ms(self) -> float:
        return max(1.0, (self.deadline - time.monotonic()) * 1000)


def capture_page(url: str, *, deadline_seconds: float = 30.0) -> PageCapture:
    """Load, blur, photograph and read one page. Raises CaptureError, at the latest shortly after the deadline.

    Does no database work; runs the browser in a thread of its own, so that it works under any event loop.
    """
    started = time.monotonic()
    capture = _in_own_thread(lambda: _visit(url, deadline_seconds, _preserve, images=True))
    certificate = certificate_of(capture["final_url"])
    return PageCapture(url=url, certificate=certificate, elapsed_seconds=time.monotonic() - started, **capture)


def render_html(url: str, *, deadline_seconds: float = 30.0) -> tuple[str, str, int]:
    """(final address, HTML after scripts ran, HTTP status), without loading images, media or fonts."""
    return _in_own_thread(lambda: _visit(url, deadline_seconds, _read, images=False))


def render_pages(url: str, steps: Steps, *, deadline_seconds: float = 60.0) -> Played:
    """The stages of a page while steps are done on it, without images, media or fonts. Raises CaptureError."""

    def done(visit: _Visit) -> Played:
        return play(visit.page, steps, lambda: visit.left_ms, visit.answers[-1].status)

    return _in_own_thread(lambda: _visit(url, deadline_seconds, done, images=False))


def use_page(
    url: str, work: Callable[[Page, GuardProxy, Callable[[], float]], Outcome], *, deadline_seconds: float
) -> Outcome:
    """Open a page and do `work(page, its proxy, milliseconds left)` there, without images, media or fonts.

    Raises CaptureError.
    """

    def done(visit: _Visit) -> Outcome:
        return work(visit.page, visit.proxy, lambda: visit.left_ms)

    return _in_own_thread(lambda: _visit(url, deadline_seconds, done, images=False))


# --- the visit ---------------------------------------------------------------------------------------------------
def _in_own_thread(work: Callable[[], Outcome]) -> Outcome:
    context = contextvars.copy_context()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="capture") as pool:
        return pool.submit(context.run, work).result()


def _visit(url: str, deadline_seconds: float, then: Callable[[_Visit], Outcome], *, images: bool) -> Outcome:
    deadline = time.monotonic() + deadline_seconds
    executable = browser_path()
    target = _checked(url, deadline_seconds)
    with (
        fresh_profile() as profile,
        GuardProxy(deadline_seconds=deadline_seconds, only_expected=True) as proxy,
        watchdog(profile, deadline) as barked,
    ):
        try:
            with sync_playwright() as playwright:
                context = launch(playwright, executable, profile, proxy.url, deadline)
                try:
                    visit = _open(context, _Visit(_page_of(context), proxy, profile, deadline), images)
                    _go(visit, url, target)
                    return then(visit)
                finally:
                    with contextlib.suppress(PlaywrightError):
                        context.close()
        except PlaywrightError as error:
            raise _told(error, proxy, target, barked.is_set()) from error


def _checked(url: str, seconds: float) -> Target:
    """Refused before a browser is started."""
    try:
        target = parse_url(url)
        pin(target, loopback_allowance(), seconds)
    except FetchError as error:
        raise CaptureError(error.reason_code, error.sentence, permanent=error.permanent) from error
    return target


def _page_of(context: BrowserContext) -> Page:
    return context.pages[0] if context.pages else context.new_page()


def _open(context: BrowserContext, visit: _Visit, images: bool) -> _Visit:
    page, proxy = visit.page, visit.proxy

    def on_request(request: Request) -> None:
        proxy.expect(urlsplit(request.url).hostname or "")

    def on_response(response: Response) -> None:
        request = response.request
        if request.is_navigation_request() and response.frame == page.main_frame and response.status != 204:
            visit.answers.append(response)

    context.on("request", on_request)
    page.on("websocket", lambda opened: proxy.expect(urlsplit(opened.url).hostname or ""))
    page.on("response", on_response)
    page.on("popup", lambda popup: popup.close())
    context.route(LITERAL_HTTPS, lambda route: _stop_unless_allowed(route, visit))
    if images:
        visit.recorder.listen(context)
        page.add_init_script(blur.INIT_SCRIPT)
    else:
        context.route("**/*", lambda route: _text_only(route))
    return visit


def _stop_unless_allowed(route: Route, visit: _Visit) -> None:
    try:
        pin(parse_url(re.sub(r"^wss", "https", route.request.url)), visit.proxy.allowance)
    except FetchError as error:
        parts = urlsplit(route.request.url)
        visit.stopped.append(ProxyRecord(parts.hostname or "", 443, "refused", error.reason_code))
        route.abort("aborted")
        return
    route.fallback()


def _text_only(route: Route) -> None:
    if route.request.resource_type in {"image", "media", "font"}:
        route.abort("aborted")
    else:
        route.fallback()


def _go(visit: _Visit, url: str, target: Target) -> None:
    """Open the page, then give it time to build itself. What is there when that time is over is what is captured."""
    visit.page.goto(url, wait_until="commit", timeout=visit.left_ms)
    for state, longest_ms in LOAD_STATES:
        try:
            visit.page.wait_for_load_state(state, timeout=min(visit.left_ms * 0.5, longest_ms))
        except PlaywrightTimeout:
            visit.settled = False
    if visit.page.url.startswith("chrome-error:") or not visit.answers:
        raise CaptureError("unreachable", _("The site did not answer, or broke off."), permanent=False)


# --- what is taken along -----------------------------------------------------------------------------------------
def _preserve(visit: _Visit) -> dict[str, Any]:
    page, answer = visit.page, visit.answers[-1]
    # Read before it is photographed: hiding the media writes into the page.
    html, title = _html(page), page.title()
    lang = page.evaluate("() => String(document.documentElement.lang || '').slice(0, 35)")
    text = page.evaluate("most => String(document.body?.innerText || '').slice(0, most)", TEXT_MAX_CHARS)
    tall = page.evaluate("() => Math.max(document.documentElement.scrollHeight, document.body?.scrollHeight || 0)")
    height = min(max(int(tall or HEIGHT), HEIGHT), TALLEST)
    page.evaluate(blur.HARDEN_SCRIPT, [blur.MEDIA, blur.HIDDEN])
    blurred = _photograph(visit, height, style=blur.BLUR_CSS)
    captured_at = datetime.now(UTC)
    page.evaluate(blur.REVEAL_SCRIPT)
    record = visit.proxy.record_of(urlsplit(answer.url).hostname or "")
    taken = {
        "screenshot_blurred": blurred, "screenshot": _photograph(visit, height), "browser_version": _version(page),
        "headers": _headers(answer),
    }  # fmt: skip
    return {
        **taken, "final_url": page.url, "status": answer.status, "title": title[:500], "lang": lang, "html": html,
        "text": text, "captured_at": captured_at, "archived_url": answer.url.partition("#")[0],
        "peer_address": record.peer_address if record else "", "dns_answers": record.dns_answers if record else (),
        "refused": (*visit.proxy.refused, *visit.stopped),
        "settled": visit.settled and not visit.proxy.over_the_cap, "clipped": int(tall or 0) > TALLEST,
        **_archives(visit),
    }  # fmt: skip


def _archives(visit: _Visit) -> dict[str, Any]:
    """The page as MHTML and what the browser was answered. They come last: what fails here costs nothing else."""
    deadline = min(visit.deadline, time.monotonic() + ARCHIVE_SECONDS)
    mhtml, recording, missing = b"", Recording(), []
    with leash(mark_of(visit.profile), deadline):
        try:
            recording = visit.recorder.take(deadline - 1)
            mhtml = _mhtml(visit.page)
        except PlaywrightError:
            missing.append(_("The page did not rest long enough to be archived whole."))
    if len(mhtml) > MHTML_MAX_BYTES:
        mhtml = b""
        missing.append(_("The page is too large for a page file (MHTML)."))
    return {"mhtml": mhtml, "recording": recording, "missing": tuple(missing)}


def _mhtml(page: Page) -> bytes:
    snapshot = page.context.new_cdp_session(page).send("Page.captureSnapshot", {"format": "mhtml"})
    return str(snapshot["data"]).encode()


def _read(visit: _Visit) -> tuple[str, str, int]:
    return visit.page.url, _html(visit.page), visit.answers[-1].status


def _html(page: Page) -> str:
    return page.content()[:HTML_MAX_CHARS]


def _photograph(visit: _Visit, height: int, style: str | None = None) -> bytes:
    return visit.page.screenshot(
        full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height}, type="png", style=style,
        animations="disabled", timeout=visit.left_ms,
    )  # fmt: skip


def _headers(answer: Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.all_headers().items()}


def _version(page: Page) -> str:
    return str(page.context.new_cdp_session(page).send("Browser.getVersion").get("product", ""))


# --- failures ----------------------------------------------------------------------------------------------------
def _told(error: PlaywrightError, proxy: GuardProxy, target: Target, barked: bool) -> CaptureError:
    text = str(error)
    if barked or isinstance(error, PlaywrightTimeout) or "ERR_TIMED_OUT" in text:
        return CaptureError("timed_out", _("The page was not ready in time."), permanent=False)
    if "Download is starting" in text:
        return CaptureError("not_a_page", _("This address is a file, not a page."), permanent=True)
    if proxy.refused and ("ERR_ABORTED" in text or "ERR_TUNNEL" in text):
        return CaptureError("refused_address", _("The page leads to an address that is not public."), permanent=True)
    record = proxy.record_of(target.host)
    if record and record.reason == "timed_out":
        return CaptureError("timed_out", _("The site did not answer in time."), permanent=False)
    if "net::ERR" in text:
        return CaptureError("unreachable", _("The site did not answer, or broke off."), permanent=False)
    return CaptureError("browser_failed", _("The browser broke down on this page."), permanent=False)
