"""The clicks of a victim and an officer, in a real browser."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from cases.chromium import browser_path, leash
from seoulguard.demo.journey import JourneyError

PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1440, "height": 900}
WHOLE_ROAD_SECONDS = 1_800.0
# What the victim of the demo says of themselves; the tests look for it where it must not be.
NAME, CONTACT = "박서연-Q7X4", "seoyeon-q7x4@mail.example"
ACCOUNT = "그 사람이 올린 것 같아요 (Q7X4-이야기)"


@contextmanager
def open_browser(patience: float = 150.0) -> Iterator[Browser]:
    """A browser for a while. One that hangs is ended after `patience` seconds: what waits for it raises
    playwright's TargetClosedError instead of waiting for ever."""
    mark = f"--started-for={secrets.token_hex(8)}"
    arguments = [
        mark, "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ]  # fmt: skip
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    with leash(mark, time.monotonic() + patience), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def press(page: Page) -> None:
    """The step's own button."""
    page.click("[data-onward], main form button.btn-primary")
    page.wait_for_load_state()


def sign_in(page: Page, base: str, username: str, password: str) -> None:
    page.goto(base + "/account/login/")
    page.fill("input[name=login]", username)
    page.fill("input[name=password]", password)
    press(page)
    if "/login/" in page.url:
        raise JourneyError(f"{username} could not sign in: {page.inner_text('main')[:300]}")


class Clicks:
    """One browser with a phone for the victim and a desk for the officer."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._opened = open_browser(WHOLE_ROAD_SECONDS)

    def __enter__(self) -> Clicks:
        self.browser = self._opened.__enter__()
        self.desk = self.browser.new_context(viewport=DESK, locale="ko-KR").new_page()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def report(self, clip: Path) -> str:
        """The whole intake on a phone without scripts; the receipt code."""
        context = self.browser.new_context(viewport=PHONE, locale="ko-KR", java_script_enabled=False)
        page = context.new_page()
        page.goto(self.base + "/start/")
        press(page)
        page.check("input[name=content][value=filmed]")
        press(page)
        page.set_input_files("input[type=file]", str(clip))
        press(page)
        page.check("input[name=contact_choice][value=email]")
        page.fill("input[name=contact]", CONTACT)
        page.fill("input[name=name]", NAME)
        page.fill("textarea[name=account]", ACCOUNT)
        press(page)
        page.check("input[name=consent]")
        press(page)
        code = page.inner_text("[data-code]")
        page.fill("input[name=typed]", code)
        press(page)
        context.close()
        return code

    def sign_in(self, username: str, password: str) -> None:
        sign_in(self.desk, self.base, username, password)

    def look_at_match(self, match_id: str) -> None:
        """Open the pair, hold the button until it is clear, let go."""
        page = self.desk
        page.goto(f"{self.base}/desk/matches/{match_id}/")
        button = page.locator("[data-hold]").first
        button.scroll_into_view_if_needed()
        button.hover()
        page.mouse.down()
        page.wait_for_selector(".pair.is-clear", timeout=10_000)
        page.mouse.up()
        page.wait_for_selector(".pair:not(.is-clear)", timeout=10_000)

    def add_to_letter(self, notice_id: str, text: str) -> None:
        page = self.desk
        page.goto(f"{self.base}/desk/notices/{notice_id}/")
        page.fill("textarea[name=addition]", text)
        page.click("#letter .toolbar button")
        page.wait_for_load_state()

    def approve(self, notice_id: str) -> None:
        page = self.desk
        page.goto(f"{self.base}/desk/notices/{notice_id}/")
        button = page.locator("section.approve button")
        if button.count() == 0 or button.is_disabled():
            raise JourneyError(f"A letter cannot be approved: {page.inner_text('main')[-800:]}")
        button.click()
        page.wait_for_load_state()

    def read_status(self, code: str) -> None:
        context = self.browser.new_context(viewport=PHONE, locale="ko-KR")
        page = context.new_page()
        page.goto(self.base + "/status/")
        page.fill("input[name=code]", code)
        press(page)
        if page.locator(".timeline li").count() == 0:
            raise JourneyError("The status page shows nothing for a good number.")
        context.close()
