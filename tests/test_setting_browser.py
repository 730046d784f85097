"""Hana changes and tries settings in a real browser, on a telephone and at her desk, in Korean and in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from cases import preferences
from cases.people import ensure_roles
from seoulguard.demo.clicks import DESK, PHONE, open_browser
from seoulguard.demo.pictures import inaccessible
from takedown.ladder_models import SiteLadder
from tests.base import Cast, make_cast
from tests.takedown import scene
from tests.test_setting_page import settings_of_one_test as settings_of_one_test

pytestmark = pytest.mark.django_db(transaction=True)
AsHana = Callable[..., Page]
WIDER = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    # Playwright keeps an event loop in this thread; the test still speaks to the database itself, as a worker would.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    ensure_roles()
    scene.lay_lawbook()
    return make_cast()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def as_hana(browser: Browser, live_server: Any, cast: Cast) -> AsHana:
    def open_page(path: str, size: Any, language: str) -> Page:
        client = Client()
        client.force_login(cast.hana)
        context = browser.new_context(viewport=size, reduced_motion="reduce")
        session = {"name": product.SESSION_COOKIE_NAME, "value": client.cookies[product.SESSION_COOKIE_NAME].value}
        context.add_cookies(
            [{**one, "url": live_server.url} for one in (session, {"name": "django_language", "value": language})]
        )
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    return open_page


def looks_right(page: Page, picture: Path) -> None:
    page.screenshot(path=picture, full_page=True)
    assert page.evaluate(WIDER) <= 0
    assert inaccessible(page) == []


@pytest.mark.parametrize(
    ("size", "language", "would", "wrong"),
    [
        (PHONE, "ko", "14:05:00에 발송됩니다", "10"),
        (PHONE, "en", "leaves at 14:05:00", "greater than or equal to 10"),
        (DESK, "ko", "14:05:00에 발송됩니다", "10"),
        (DESK, "en", "leaves at 14:05:00", "greater than or equal to 10"),
    ],
    ids=["phone-ko", "phone-en", "desk-ko", "desk-en"],
)
def test_a_value_is_thought_through_refused_changed_and_something_is_tried(
    as_hana: AsHana, settings: Any, tmp_path: Path, size: Any, language: str, would: str, wrong: str
) -> None:
    settings.EMAIL_PORT = scene.free_port()  # nobody is there
    page = as_hana("/keep/settings/", size, language)
    undo = page.locator("#UNDO_SECONDS")
    undo.locator("input[name=value]").fill("300")
    undo.locator("button[name=preview]").click()
    expect(undo.get_by_role("status")).to_contain_text(would)
    undo.locator("input[name=value]").fill("1")
    undo.locator("button:not([name])").click()
    expect(undo.get_by_role("alert")).to_contain_text(wrong)
    looks_right(page, tmp_path / "refused.png")
    undo.locator("input[name=value]").fill("300")
    undo.locator("button:not([name])").click()
    expect(undo.locator(".setting-value")).to_contain_text("300")
    assert preferences.current("UNDO_SECONDS") == 300
    page.locator("#SIGNING_KEY_FILE button[name=try]").click()
    expect(page.locator("#SIGNING_KEY_FILE").get_by_role("status")).to_be_visible()
    looks_right(page, tmp_path / "tried.png")
    page.locator("#EMAIL_HOST button[name=try]").click()
    expect(page.locator("#EMAIL_HOST").get_by_role("alert")).to_contain_text("127.0.0.1")
    looks_right(page, tmp_path / "failed.png")


@pytest.mark.parametrize(
    ("size", "language"),
    [(PHONE, "ko"), (PHONE, "en"), (DESK, "ko"), (DESK, "en")],
    ids=["phone-ko", "phone-en", "desk-ko", "desk-en"],
)
def test_a_sites_ladder_is_kept(as_hana: AsHana, tmp_path: Path, size: Any, language: str) -> None:
    site, network = scene.make_site(), scene.make_site("net.example", addressee_type="host")
    row = SiteLadder.objects.create(site=site, hours={"reminder": 12})
    page = as_hana(f"/keep/takedown/hostingsite/{site.pk}/change/", size, language)
    page.screenshot(path=tmp_path / "ladder.png", full_page=True)
    assert page.evaluate(WIDER) <= 0
    page.fill("#id_ladder-0-hours_host", "6")
    page.locator("#id_ladder-0-behind_from").select_option(str(network.pk))
    page.locator("#id_ladder-0-behind_add, #id_ladder-0-behind_add_link").first.click()
    page.click("input[name=_save]")
    row.refresh_from_db()
    assert (row.hours, list(row.behind.all())) == ({"reminder": 12, "host": 6}, [network])
