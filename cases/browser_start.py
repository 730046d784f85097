"""Starts the capture browser once as for a real page, without a page: does it start, which is it, can it leave the cage?"""

from __future__ import annotations

import contextlib
import contextvars
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from django.utils.translation import gettext as _
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from cases.chromium import CaptureError, browser_path, fresh_profile, launch, watchdog
from cases.guard_proxy import GuardProxy

DEADLINE_SECONDS = 20.0


def start() -> tuple[str, bool]:
    """The browser's version, and whether the guard proxy kept a page from this machine. Raises CaptureError."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="capture") as pool:
        return pool.submit(context.run, _start).result()


def _start() -> tuple[str, bool]:
    executable, deadline = browser_path(), time.monotonic() + DEADLINE_SECONDS
    with (
        fresh_profile() as profile,
        GuardProxy(deadline_seconds=DEADLINE_SECONDS, only_expected=True) as proxy,
        watchdog(profile, deadline),
    ):
        try:
            with sync_playwright() as playwright:
                browser = launch(playwright, executable, profile, proxy.url, deadline)
                try:
                    page = browser.pages[0] if browser.pages else browser.new_page()
                    page.goto("about:blank", timeout=10_000)
                    page.screenshot(timeout=10_000)
                    version = browser.new_cdp_session(page).send("Browser.getVersion").get("product", "")
                    return str(version), _is_kept_from_this_machine(page)
                finally:
                    browser.close()
        except PlaywrightError as error:
            raise CaptureError("browser_failed", _("The browser does not start."), permanent=False) from error


def _is_kept_from_this_machine(page: Page) -> bool:
    """A listener made for this moment must see nobody."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with contextlib.suppress(PlaywrightError):
            page.goto(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=3_000)
        listener.setblocking(False)
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return True
        return False
