"""Jiwoo hands a letter in through a host's form, in a real browser: copy, tick, look at the rehearsal, press."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from cases.people import ensure_roles
from seoulguard.demo.clicks import DESK, open_browser
from takedown import notices
from takedown.channels import replay
from takedown.channels.models import FormRun, HandDelivery, Playbook
from takedown.models import Contact, Notice
from tests.base import Cast, make_cast
from tests.takedown import form_host, scene
from tests.takedown.form_host import FormHost

pytestmark = pytest.mark.django_db(transaction=True)
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 30


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    ensure_roles()
    scene.lay_lawbook()
    return make_cast()


@pytest.fixture
def host(settings: Any) -> Iterator[FormHost]:
    with form_host.opened(settings) as host:
        yield host


@pytest.fixture
def letter(cast: Cast, host: FormHost) -> Notice:
    site = scene.make_site()
    site.contacts.update(rank=5)
    url = f"{host.origin}/report"
    contact = Contact.objects.create(site=site, channel="form", address=url, confirmed_at=timezone.now())
    Playbook.objects.create(contact=contact, lines=form_host.LINES)
    notice = scene.make_draft(cast.case)
    notices.approve(notice, cast.jiwoo)
    return notice


@pytest.fixture
def page(cast: Cast, letter: Notice, live_server: Any) -> Iterator[Page]:
    client = Client()
    client.force_login(cast.jiwoo)
    with open_browser() as browser:
        context = browser.new_context(viewport=DESK, locale="en-GB", extra_http_headers={"Accept-Language": "en"})
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
        value = client.cookies[product.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": product.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}])
        opened = context.new_page()
        opened.goto(live_server.url + reverse("takedown:hand_in", args=[letter.pk]))
        yield opened


def test_one_press_copies_a_value(page: Page, letter: Notice) -> None:
    page.click("[data-copy] >> nth=0")
    expect(page.locator("[data-copy]").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == letter.locations.get().page_url


def test_jiwoo_fills_it_in_herself_and_keeps_their_confirmation(page: Page, letter: Notice) -> None:
    page.fill("input[name=reference]", "T-4711")
    page.set_input_files("input[name=proof]", {"name": "c.png", "mimeType": "image/png", "buffer": PNG})
    page.click("text=It is handed in")
    expect(page.locator("main")).to_contain_text("By hand: T-4711")
    assert HandDelivery.objects.get().proof is not None


def test_jiwoo_looks_at_the_filled_form_and_presses(page: Page, letter: Notice, host: FormHost) -> None:
    page.click("text=Fill it in, do not send")
    replay.play(FormRun.objects.get().pk)
    page.reload()
    expect(page.locator(".form-picture img")).to_be_visible()
    assert host.reports() == []
    page.click("text=Send it: make the last click")
    replay.play(FormRun.objects.get(press=True).pk)
    letter.refresh_from_db()
    assert (len(host.reports()), letter.status) == (1, Notice.Status.SENT)
