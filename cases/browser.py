"""Captures a page as a visitor sees it, in a throw-away Chromium that reaches the web only through the guard proxy."""

from __future__ import annotations

import contextlib
import contextvars
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from playwright.sync_api import BrowserContext, Page, Request, Response, Route, sync_playwright
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from cases import blur
from cases.addresses import FetchError, Target, loopback_allowance, parse_url, pin
from cases.guard_proxy import GuardProxy, ProxyRecord
from cases.line import certificate_of
from cases.web import user_agent

WIDTH, HEIGHT, TALLEST = 1280, 900, 20_000
HTML_MAX_CHARS = 20_000_000
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Debian's start script adds extensions, keys and flags a capture does not need; this is the browser behind it.
DEBIAN_BROWSER = Path("/usr/lib/chromium/chromium")
QUIET_FEATURES = (
    "NetworkTimeServiceQuerying,OptimizationHints,OptimizationGuideModelDownloading,MediaRouter,DialMediaRouteProvider,"
    "Translate,InterestFeedContentSuggestions,CertificateTransparencyComponentUpdater,AutofillServerCommunication,"
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,DestroyProfileOnBrowserClose,PaintHolding,LensOverlay,AimEnabled,"
    "PreconnectToSearch,AvoidUnnecessaryBeforeUnloadCheckSync,AvoidCorsURLLoaderRestartOnRedirect,SpareRendererForSitePerProcess"
)
FLAGS = (
    # Without these two the browser resolves names itself and goes past the proxy for loopback (threats.md B7).
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-extensions", "--disable-default-apps", "--disable-breakpad",
    "--disable-field-trial-config", "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages", "--no-default-browser-check",
    "--disable-domain-reliability", "--metrics-recording-only", "--no-service-autorun",
    "--disable-search-engine-choice-screen", "--password-store=basic", "--no-pings", "--mute-audio",
    f"--disable-features={QUIET_FEATURES}",
)  # fmt: skip
# Navigations to literal addresses over https would replace the page by an error page; they are stopped before.
LITERAL_HTTPS = re.compile(r"^(https|wss):\/\/(\d|\[|localhost)")
Outcome = TypeVar("Outcome")


class CaptureError(Exception):
    """The page was not captured.

    `reason_code`: no_browser, timed_out, unreachable, refused_address, bad_url, not_a_page or browser_failed.
    `sentence` is for people. `permanent`: trying again cannot help.
    """

    def __init__(self, reason_code: str, sentence: str, *, permanent: bool) -> None:
        super().__init__(sentence)
        self.reason_code = reason_code
        self.sentence = sentence
        self.permanent = permanent


@dataclass(frozen=True)
class PageCapture:
    """A page as it was. Pictures are PNG; `screenshot` shows the media and is sealed apart, never displayed."""

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


@dataclass
class _Visit:
    """One stay of the browser on one page: the open page, its last main answer, and the clock."""

    page: Page
    proxy: GuardProxy
    deadline: float
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


def browser_path() -> str:
    """The Chromium of the setting CHROMIUM_PATH or of the system. Raises CaptureError `no_browser`."""
    named = getattr(settings, "CHROMIUM_PATH", "")
    if named:
        if Path(named).exists():
            return str(named)
    elif DEBIAN_BROWSER.exists():
        return str(DEBIAN_BROWSER)
    elif found := next(filter(None, map(shutil.which, NAMES)), None):
        return found
    raise CaptureError("no_browser", _("No Chromium is installed on this server."), permanent=True)


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
        _fresh_profile() as profile,
        GuardProxy(deadline_seconds=deadline_seconds, only_expected=True) as proxy,
        _watchdog(profile, deadline) as barked,
    ):
        try:
            with sync_playwright() as playwright:
                context = _launch(playwright, executable, profile, proxy, deadline)
                try:
                    visit = _open(context, proxy, deadline, images)
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


@contextlib.contextmanager
def _fresh_profile() -> Iterator[Path]:
    """A profile in memory where the system has such a place; gone afterwards."""
    in_memory = Path("/dev/shm")  # noqa: S108
    home = in_memory if os.access(in_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="capture-", dir=home, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextlib.contextmanager
def _watchdog(profile: Path, deadline: float) -> Iterator[threading.Event]:
    """Ends the browser at the deadline. Some calls of the driver wait for ever on a page whose script never rests."""
    barked = threading.Event()

    def bark() -> None:
        barked.set()
        _end_browser(profile)

    timer = threading.Timer(max(0.1, deadline - time.monotonic()), bark)
    timer.daemon = True
    timer.start()
    try:
        yield barked
    finally:
        timer.cancel()
        _end_browser(profile)


def _end_browser(profile: Path) -> None:
    """Kill what runs on this profile: the folder's name is unique, so nothing else carries it."""
    mark = f"--user-data-dir={profile}".encode()
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark in cmdline.read_bytes():
                os.kill(int(cmdline.parent.name), signal.SIGKILL)


def _launch(playwright: Any, executable: str, profile: Path, proxy: GuardProxy, deadline: float) -> BrowserContext:
    return playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=executable,
        headless=True,
        args=[f"--proxy-server={proxy.url}", *FLAGS],
        # Chromium refuses its own sandbox to root; everyone else gets it.
        chromium_sandbox=os.geteuid() != 0,
        # None of the worker's secrets reach the browser.
        env={"PATH": "/usr/bin:/bin", "HOME": str(profile), "LANG": "C.UTF-8", "TZ": "Asia/Seoul"},
        viewport={"width": WIDTH, "height": HEIGHT},
        user_agent=user_agent(),
        locale="ko-KR",
        accept_downloads=False,
        service_workers="block",
        # A bad certificate is written down as a fact; the page behind it is evidence all the same.
        ignore_https_errors=True,
        timeout=max(1.0, (deadline - time.monotonic()) * 1000),
    )


def _open(context: BrowserContext, proxy: GuardProxy, deadline: float, images: bool) -> _Visit:
    page = context.pages[0] if context.pages else context.new_page()
    visit = _Visit(page, proxy, deadline)

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
    for state, share in (("domcontentloaded", 0.6), ("load", 0.5), ("networkidle", 0.3)):
        try:
            visit.page.wait_for_load_state(state, timeout=min(visit.left_ms * share, 10_000))  # type: ignore[arg-type]
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
    tall = page.evaluate("() => Math.max(document.documentElement.scrollHeight, document.body?.scrollHeight || 0)")
    height = min(max(int(tall or HEIGHT), HEIGHT), TALLEST)
    page.evaluate(blur.HARDEN_SCRIPT, [blur.MEDIA, blur.HIDDEN])
    blurred = _photograph(visit, height, style=blur.BLUR_CSS)
    captured_at = datetime.now(UTC)
    page.evaluate(blur.REVEAL_SCRIPT)
    record = visit.proxy.record_of(urlsplit(answer.url).hostname or "")
    return {
        "final_url": page.url, "status": answer.status, "headers": _headers(answer), "title": title[:500],
        "lang": lang, "html": html, "screenshot_blurred": blurred, "screenshot": _photograph(visit, height),
        "captured_at": captured_at, "browser_version": _version(page),
        "peer_address": record.peer_address if record else "", "dns_answers": record.dns_answers if record else (),
        "refused": (*visit.proxy.refused, *visit.stopped),
        "settled": visit.settled and not visit.proxy.over_the_cap, "clipped": int(tall or 0) > TALLEST,
    }  # fmt: skip


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
