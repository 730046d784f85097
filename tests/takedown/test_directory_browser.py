"""Hana and Hyun keep the directory in a real browser: add, suggest, confirm, bounce, fall back, and what takes two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from cases.models import Role, User
from cases.people import ensure_roles
from seoulguard.demo.clicks import DESK, PHONE, open_browser
from takedown import contacts, jobs, notices
from takedown.directory.models import Lookup
from takedown.models import Contact, HostingSite, Notice
from tests.base import Cast, make_cast, staff
from tests.takedown import registry, scene

pytestmark = pytest.mark.django_db(transaction=True)
AsUser = Callable[..., Page]


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
def as_user(browser: Browser, live_server: Any) -> AsUser:
    """A page of this user's own browser window, signed in."""

    def open_page(user: User, path: str, size: Any = DESK) -> Page:
        client = Client()
        client.force_login(user)
        context = browser.new_context(viewport=size, locale="en-GB", extra_http_headers={"Accept-Language": "en"})
        value = client.cookies[product.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": product.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}])
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    return open_page


def row(page: Page, address: str) -> Any:
    return page.locator(f"#contacts tr[data-address='{address}']")


def at_site(site: HostingSite) -> str:
    return f"/desk/contacts/{site.pk}/"


def test_hana_adds_a_contact_by_hand_and_confirms_it(cast: Cast, as_user: AsUser) -> None:
    site = HostingSite.objects.create(domain="tube.example", name="Tube")
    page = as_user(cast.hana, at_site(site))
    page.get_by_text("Add a contact by hand").click()
    page.fill("#add input[name=address]", "not an address")
    page.click("#add button.btn-primary")
    expect(page.locator("#add")).to_contain_text("cannot stand in the column")
    page.fill("#add input[name=address]", "legal@tube.example")
    page.click("#add button.btn-primary")
    expect(row(page, "legal@tube.example")).to_contain_text("Not confirmed")
    row(page, "legal@tube.example").get_by_role("button", name="Confirm").click()
    expect(row(page, "legal@tube.example")).to_contain_text("Letters go here")
    assert Contact.objects.get().confirmed_at is not None


def test_hana_has_contacts_looked_for_and_takes_the_best_over(
    cast: Cast, as_user: AsUser, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site = HostingSite.objects.create(domain=registry.SITE, name="Tube", jurisdiction="KR", language="ko")
    with registry.opened(settings, monkeypatch, tmp_path) as quarter:
        registry.furnish(quarter)
        page = as_user(cast.hana, at_site(site))
        page.get_by_role("button", name="Look for contacts").click()
        expect(page.locator("#suggestions")).to_contain_text("Under way")
        jobs.find_contacts(str(Lookup.objects.get().pk))  # as a worker does
    suggested = page.locator("#suggestions tr[data-source=rdap-ip]")
    expect(suggested).to_contain_text("abuse@net.example")  # the page asks again by itself
    expect(suggested).to_contain_text("https://rdap.example/ip/127.0.0.1")
    page.locator("#suggestions tr[data-source=page][data-address='abuse@tube.example'] .btn-primary").click()
    expect(row(page, "abuse@tube.example")).to_contain_text("Letters go here")
    page.locator("#suggestions tr[data-source=rfc2142]").first.get_by_role("button", name="Reject").click()
    expect(page.locator(".timeline")).to_contain_text("Suggestion rejected")


def test_after_a_bounce_the_letter_falls_back_to_the_next_contact(cast: Cast, as_user: AsUser) -> None:
    site = scene.make_site("tube.example")
    first = site.contacts.get()
    second = Contact.objects.create(site=site, address="legal@tube.example", rank=2, confirmed_at=timezone.now())
    draft = scene.make_draft(cast.case)
    letter = as_user(cast.jiwoo, f"/desk/notices/{draft.pk}/")
    expect(letter.locator("main")).to_contain_text("abuse@tube.example")
    assert contacts.bounced(first, "550 5.1.1 no such user", timezone.now()) == second
    notices.draft_due(timezone.now())
    letter.reload()
    expect(letter.locator("main")).to_contain_text("legal@tube.example")
    page = as_user(cast.hana, at_site(site))
    expect(row(page, "abuse@tube.example")).to_contain_text("Bounced")
    expect(row(page, "abuse@tube.example")).to_contain_text("550 5.1.1 no such user")
    expect(row(page, "legal@tube.example")).to_contain_text("Letters go here")


def test_a_busy_sites_contact_changes_when_the_second_administrator_agrees(
    cast: Cast, as_user: AsUser, settings: Any
) -> None:
    settings.BUSY_SITE_NOTICES = 1
    site, hyun = scene.make_site("tube.example"), staff("hyun", Role.ADMIN)
    Notice.objects.create(reference="SG-1", case=cast.case, site=site, language="en", found_at=timezone.now())
    page = as_user(cast.hana, at_site(site))
    row(page, "abuse@tube.example").get_by_role("link", name="Edit").click()
    expect(page.locator("main")).to_contain_text("waits for a second administrator")
    page.fill("input[name=address]", "new@tube.example")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-change=change]")).to_contain_text("Another administrator has to agree")
    expect(row(page, "abuse@tube.example")).to_contain_text("Letters go here")
    second = as_user(hyun, at_site(site))
    expect(second.locator("[data-change=change] del")).to_have_text("abuse@tube.example")
    second.get_by_role("button", name="Agree").click()
    expect(row(second, "new@tube.example")).to_contain_text("Letters go here")
    expect(second.locator(".timeline")).to_contain_text("hyun · proposed by hana")


def test_an_officer_reads_the_directory_on_a_phone_and_changes_nothing(cast: Cast, as_user: AsUser) -> None:
    site = scene.make_site("tube.example", aliases=["xn--9t4b11yi5a.example"])
    page = as_user(cast.jiwoo, "/desk/contacts/", PHONE)
    page.get_by_role("link", name="tube.example").click()
    expect(page.locator("main")).to_contain_text("테스트.example")
    assert page.locator("main form, main .btn").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.url.endswith(at_site(site))
