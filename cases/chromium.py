"""Starts and ends a throw-away Chromium: its flags, its profile in memory, and the clock that ends it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from playwright.sync_api import BrowserContext, Playwright

from cases.web import user_agent

WIDTH, HEIGHT = 1280, 900
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
    # One name for each generation of the browser: newer ones pass over the first without a word, and a page's WebRTC
    # then sends datagrams to any address it likes, this machine's included.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-extensions", "--disable-default-apps", "--disable-breakpad",
    "--disable-field-trial-config", "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages", "--no-default-browser-check",
    "--disable-domain-reliability", "--metrics-recording-only", "--no-service-autorun",
    "--disable-search-engine-choice-screen", "--password-store=basic", "--no-pings", "--mute-audio",
    f"--disable-features={QUIET_FEATURES}",
)  # fmt: skip


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


@contextlib.contextmanager
def fresh_profile() -> Iterator[Path]:
    """A profile in memory where the system has such a place; gone afterwards."""
    in_memory = Path("/dev/shm")  # noqa: S108
    home = in_memory if os.access(in_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="capture-", dir=home, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextlib.contextmanager
def watchdog(profile: Path, deadline: float) -> Iterator[threading.Event]:
    """Ends the browser at the deadline, and in any case afterwards."""
    try:
        with leash(mark_of(profile), deadline) as barked:
            yield barked
    finally:
        end_browser(mark_of(profile))


@contextlib.contextmanager
def leash(mark: str, deadline: float) -> Iterator[threading.Event]:
    """Ends the browser started with `mark` at the deadline: some calls of the driver wait for ever, on a page whose
    script never rests or for a picture that never comes."""
    barked = threading.Event()

    def bark() -> None:
        barked.set()
        end_browser(mark)

    timer = threading.Timer(max(0.1, deadline - time.monotonic()), bark)
    timer.daemon = True
    timer.start()
    try:
        yield barked
    finally:
        timer.cancel()


def mark_of(profile: Path) -> str:
    """What the browser on this profile is known by: the folder's name is unique, so nothing else carries it."""
    return f"--user-data-dir={profile}"


def end_browser(mark: str) -> None:
    """Kill what was started with this mark on its command line."""
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if mark.encode() in cmdline.read_bytes():
                os.kill(int(cmdline.parent.name), signal.SIGKILL)


def launch(playwright: Playwright, executable: str, profile: Path, proxy_url: str, deadline: float) -> BrowserContext:
    return playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=executable,
        headless=True,
        args=[f"--proxy-server={proxy_url}", *FLAGS],
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
