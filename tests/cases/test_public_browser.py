"""The public pages in a real browser: narrow windows, large letters, the language in the middle, no errors in the console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from seoulguard.demo.clicks import open_browser, press
from tests.cases.test_pages import CODE, PUBLIC, case_with_code

pytestmark = pytest.mark.django_db(transaction=True)
NARROW = 320
TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"
LARGE_LETTERS = "document.documentElement.style.fontSize = '34px'"


@pytest.fixture
def browser(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with open_browser() as browser:
        yield browser


def narrow_page(browser: Browser, language: str) -> Page:
    size = {"width": NARROW, "height": 700}
    return browser.new_context(viewport=size, extra_http_headers={"Accept-Language": language}).new_page()  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_fits_a_narrow_window_and_large_letters(browser: Browser, live_server: Any, language: str) -> None:
    case_with_code()
    page = narrow_page(browser, language)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    too_wide = []
    for path in [*PUBLIC, "/start/check/"]:
        page.goto(live_server.url + path)
        too_wide += [path] if page.evaluate(TOO_WIDE) > 0 else []
        page.evaluate(LARGE_LETTERS)
        too_wide += [f"{path} large"] if page.evaluate(TOO_WIDE) > 0 else []
    page.goto(live_server.url + "/status/")
    page.fill("input[name=code]", CODE)
    press(page)
    too_wide += ["status"] if page.evaluate(TOO_WIDE) > 0 else []
    assert (too_wide, complaints) == ([], [])


def test_a_language_chosen_in_the_middle_keeps_what_was_typed(browser: Browser, live_server: Any) -> None:
    page = narrow_page(browser, "en")
    page.goto(live_server.url + "/start/contact/")
    page.fill("textarea[name=account]", "half a sent")
    page.click("button[name=speak]")
    assert page.get_attribute("html", "lang") == "ko"
    expect(page.locator("textarea[name=account]")).to_have_value("half a sent")


def test_only_what_the_chosen_way_needs_is_asked(browser: Browser, live_server: Any) -> None:
    page = narrow_page(browser, "en")
    page.goto(live_server.url + "/start/contact/")
    assert not page.locator("#id_contact").is_visible()
    page.check("input[name=contact_choice][value=email]")
    assert page.locator("#id_contact").is_visible()
    assert not page.locator("#id_hours").is_visible()
    page.check("input[name=contact_choice][value=phone]")
    assert page.locator("#id_hours").is_visible()
