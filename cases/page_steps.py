"""What a visitor does on a page before reading it: clicks consent away, scrolls, asks for more. Given as data."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Locator, Page

CSS = "css:"
CLICK_MS = 3_000.0
# What a page is given to react to a click or to having been scrolled.
SETTLE_MS = 2_000.0
STILL_MS = 400.0
# With less time than this left, what was seen so far is what is taken.
ENOUGH_MS = 6_000.0
SHOWN_MAX_CHARS = 40_000_000
LINKS_SCRIPT = "() => Array.from(document.links, one => one.href).slice(0, 5000)"
MEDIA_SCRIPT = "() => Array.from(document.querySelectorAll('video, video source'), one => one.src).slice(0, 500)"
SCROLL_SCRIPT = (
    "() => window.scrollTo(0, Math.max(document.documentElement.scrollHeight, document.body?.scrollHeight || 0))"
)


@dataclass(frozen=True)
class Steps:
    """`consent` and `next_click` are the words on a button, or a CSS selector after “css:”; `pages` counts the first."""

    consent: tuple[str, ...] = ()
    scrolls: int = 0
    next_click: str = ""
    pages: int = 1


@dataclass(frozen=True)
class Shown:
    url: str
    html: str


@dataclass(frozen=True)
class Played:
    """The stages a page went through, and what could not be clicked."""

    shown: tuple[Shown, ...]
    not_there: tuple[str, ...]
    status: int


def play(page: Page, steps: Steps, left_ms: Callable[[], float], status: int) -> Played:
    """Do the steps in order and keep each stage that shows something the next one no longer does."""
    not_there = [words for words in steps.consent if left_ms() > ENOUGH_MS and not _click(page, words)]
    shown: list[tuple[Shown, set[str]]] = []
    host = urlsplit(page.url).hostname
    for number in range(max(1, steps.pages)):
        if number and not _turn(page, steps.next_click, left_ms):
            break
        if urlsplit(page.url).hostname != host:
            break  # the click led away: somebody else's page is not this source
        _keep(shown, page)
        for _turn_down in range(steps.scrolls):
            if left_ms() < ENOUGH_MS:
                break
            page.evaluate(SCROLL_SCRIPT)
            _settle(page)
            if not _keep(shown, page):
                break
        if not steps.next_click:
            break
    return Played(tuple(one for one, _named in shown), tuple(not_there), status)


def _turn(page: Page, words: str, left_ms: Callable[[], float]) -> bool:
    """Click “next”. False when there is none, or when the page stays as it was."""
    if not words or left_ms() < ENOUGH_MS:
        return False
    before = _named_on(page)
    return _click(page, words) and (_named_on(page) != before or _changes_soon(page, before))


def _changes_soon(page: Page, before: set[str]) -> bool:
    page.wait_for_timeout(STILL_MS)
    return _named_on(page) != before


def _keep(shown: list[tuple[Shown, set[str]]], page: Page) -> bool:
    """Keep the page as it is now; in place of the stage before when it only grew. False when nothing was new."""
    named, html = _named_on(page), page.content()
    if shown and named <= shown[-1][1]:
        return False
    if shown and shown[-1][1] <= named:
        shown.pop()
    if sum(len(one.html) for one, _named in shown) + len(html) > SHOWN_MAX_CHARS:
        return False
    shown.append((Shown(page.url, html), named))
    return True


def _named_on(page: Page) -> set[str]:
    return {*page.evaluate(LINKS_SCRIPT), *page.evaluate(MEDIA_SCRIPT)}


def _click(page: Page, words: str) -> bool:
    """Click what bears these words, in the page or in one of its frames. False when nothing could be clicked."""
    for frame in page.frames:
        # A frame may be gone meanwhile, a button may be covered: what cannot be clicked is as good as not there.
        with contextlib.suppress(PlaywrightError):
            target = _target(frame, words)
            if target.count():
                target.first.click(timeout=CLICK_MS, no_wait_after=True)
                _settle(page)
                return True
    return False


def _target(frame: Frame, words: str) -> Locator:
    if words.startswith(CSS):
        return frame.locator("css=" + words.removeprefix(CSS).strip()).filter(visible=True)
    named = frame.get_by_role("button", name=words).or_(frame.get_by_role("link", name=words))
    return named.or_(frame.get_by_text(words, exact=True)).filter(visible=True)


def _settle(page: Page) -> None:
    """Give the page time to answer. Pages that poll never become idle."""
    page.wait_for_timeout(STILL_MS / 2)
    for state in ("domcontentloaded", "networkidle"):
        with contextlib.suppress(PlaywrightError):
            page.wait_for_load_state(state, timeout=SETTLE_MS)  # type: ignore[arg-type]
    page.wait_for_timeout(STILL_MS / 2)
