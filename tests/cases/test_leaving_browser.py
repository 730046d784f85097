"""Somebody comes into the room: the way out in a real browser, and what "back" shows to the one who comes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from cases import leaving
from seoulguard.demo.clicks import PHONE, open_browser, press
from tests.cases.test_pages import CODE, case_with_code

pytestmark = pytest.mark.django_db(transaction=True)
TOLD = ("not alone", "What was spread", "Copies found", "look for", "1366", CODE)
BACK = 5


@pytest.fixture
def victim(transactional_db: None, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrowserContext]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with open_browser() as browser:
        yield browser.new_context(viewport=PHONE, extra_http_headers={"Accept-Language": "en"})


@pytest.fixture
def page(victim: BrowserContext, live_server: Any) -> Page:
    """A visit of several pages: the start, the state of a case, two steps of the intake."""
    weather(victim)
    return walk(victim.new_page(), live_server.url)


def weather(context: BrowserContext) -> None:
    def sunny(route: Route) -> None:
        route.fulfill(body="<title>Weather</title><h1>Sunny</h1>", content_type="text/html")

    context.route(leaving.WAY_OUT + "**", sunny)


def walk(page: Page, base: str) -> Page:
    case_with_code()
    page.goto("about:blank")
    page.goto(base)
    page.goto(base + "/status/")
    page.fill("input[name=code]", CODE)
    press(page)
    assert "Copies found" in page.inner_text("main")
    page.goto(base + "/start/")
    press(page)
    assert "What was spread" in page.inner_text("main")
    return page


def pages_behind(page: Page) -> list[str]:
    """What is to be read, page by page, on pressing "back"."""
    read = []
    for _time in range(BACK):
        page.go_back()
        if page.url == "about:blank":
            break
        read.append(page.title() + page.inner_text("body"))
    return read


def test_back_after_leaving_shows_nothing_of_the_visit(page: Page) -> None:
    page.click("[data-exit]")
    page.wait_for_selector("text=Sunny")
    behind = pages_behind(page)
    assert len(behind) >= 3
    assert all("closed" in read for read in behind)
    assert not [word for word in TOLD if word in " ".join(behind)]


def test_shift_three_times_leaves_too(page: Page) -> None:
    for _time in range(3):
        page.keyboard.press("Shift")
    page.wait_for_selector("text=Sunny")


def test_the_page_is_gone_at_once_though_the_other_site_never_answers(page: Page) -> None:
    page.context.unroute_all()
    page.context.route(leaving.WAY_OUT + "**", lambda route: None)
    began = time.monotonic()
    leave = "document.querySelector('[data-exit]').click(), document.body.innerText"
    assert page.evaluate(leave) == ""
    page.wait_for_url("**/safety/leave/", wait_until="commit", timeout=2_000)
    assert time.monotonic() - began < 1
    page.keyboard.press("Escape")
    read = page.evaluate("document.title + document.body.innerText")
    assert "closed" in read
    assert not [word for word in TOLD if word in read]


def test_a_page_the_browser_kept_whole_is_covered_and_asked_for_anew(page: Page) -> None:
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert page.locator("[data-cover]").is_visible()
    with page.expect_navigation():
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert not page.locator("[data-cover]").is_visible()


def test_the_other_site_is_not_told_where_the_visitor_came_from(page: Page) -> None:
    page.click("[data-exit]")
    page.wait_for_selector("text=Sunny")
    assert page.evaluate("document.referrer") == ""


def test_without_scripts_it_leaves_as_well(victim: BrowserContext, live_server: Any) -> None:
    browser = victim.browser
    assert browser
    plain = browser.new_context(java_script_enabled=False, extra_http_headers={"Accept-Language": "en"})
    weather(plain)
    page = walk(plain.new_page(), live_server.url)
    page.click("[data-exit]")
    page.wait_for_selector("text=Sunny")
    page.go_back()
    assert "This page is closed" in page.inner_text("body")
    page.click("text=Open it again")
    assert "not alone" in page.inner_text("main")
