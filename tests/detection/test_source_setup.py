"""Hana sets up sources in a real browser, without touching code: picks a kind, fills it in, tries it, lets it go live."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from cases import preferences
from cases.models import User
from detection import pipeline
from detection.models import Candidate, Source
from seoulguard.demo.clicks import DESK, open_browser
from tests.base import Cast, make_cast
from tests.detection.wire import JSON, Host, open_host

pytestmark = pytest.mark.django_db(transaction=True)
Opened = Callable[[str], Page]
CLIP = '<a href="/watch/{n}"><img src="/{n}.jpg" alt=""><h3>Clip {n}</h3></a>'
DETAIL = '<h1>Clip {n}</h1><video src="/media/{n}.mp4"></video>'
GROWS = """<div id="age"><button onclick="document.getElementById('age').remove();more()">예, 19세 이상입니다</button></div>
<main></main><script>let n=0;function more(){for(let i=0;i<4;i++){n++;const a=document.createElement('a');a.href='/watch/'+n;
a.innerHTML='<img src="/x.jpg"><h3>Clip '+n+'</h3><div style="height:600px"></div>';document.querySelector('main').append(a)}}
addEventListener('scroll',()=>{if(n&&n<8&&innerHeight+scrollY>document.body.scrollHeight-50)more()})</script>"""


@pytest.fixture
def cast(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Cast:
    # Playwright keeps an event loop in this thread; the test still speaks to the database itself.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    return make_cast()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def site(settings: Any) -> Iterator[Host]:
    settings.HOST_SECONDS_BETWEEN = 0
    with open_host(settings) as host:
        for number in range(1, 9):
            host.put(f"/watch/{number}", DETAIL.format(n=number))
        yield host


@pytest.fixture
def as_hana(cast: Cast, browser: Browser, live_server: Any) -> Opened:
    def open_page(path: str) -> Page:
        context = browser.new_context(viewport=DESK, locale="en-GB", extra_http_headers={"Accept-Language": "en"})
        context.add_cookies([{**_session(cast.hana), "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/keep/detection/source/{path}")
        return page

    return open_page


def _session(user: User) -> Any:
    client = Client()
    client.force_login(user)
    return {"name": product.SESSION_COOKIE_NAME, "value": client.cookies[product.SESSION_COOKIE_NAME].value}


def fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)


def tried(page: Page) -> str:
    page.get_by_role("button", name="Try it now").click()
    return page.locator("#preview").inner_text()


def goes_live(page: Page) -> Source:
    page.locator("[name=status]").select_option("active")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    return Source.objects.get()


def media_of(source: Source) -> list[str]:
    pipeline.visit_source(source.pk)
    return sorted(Candidate.objects.values_list("media_url", flat=True))


def test_a_search_is_tried_and_goes_live(as_hana: Opened, site: Host) -> None:
    site.put("/search?q=pattern", "".join(CLIP.format(n=n) for n in (1, 2, 3)))
    page = as_hana("add/")
    page.get_by_role("link", name="Search of a site, by words").click()
    fill(page, name="Clips", url=f"{site.url}/search?q={{query}}", queries="pattern")
    said = tried(page)
    assert "3 media found." in said
    assert "/media/2.mp4" in said
    assert "5 requests" in said
    assert page.locator("#preview .trial-kind").all_inner_texts() == ["video"] * 3
    assert page.locator("#preview img, #preview video").count() == 0
    assert not Source.objects.exists()
    assert not Candidate.objects.exists()
    source = goes_live(page)
    assert (source.status, source.kind, source.tried_at is not None) == ("active", "search", True)
    assert media_of(source) == [f"{site.url}/media/{n}.mp4" for n in (1, 2, 3)]


def test_an_interface_with_a_key_is_set_up_from_a_ready_mapping(as_hana: Opened, site: Host) -> None:
    entries = [{"url": f"{site.url}/watch/{n}", "content": f"<p>Clip {n}</p>", "account": {"acct": "blue"}, "media_attachments":
                [{"type": "video", "url": f"{site.url}/media/{n}.mp4"}]} for n in (1, 2)]  # fmt: skip
    site.put("/api/v2/search?q=pattern&type=statuses&limit=40&offset=0", json.dumps({"statuses": entries}), JSON)
    site.put("/api/v2/search?q=pattern&type=statuses&limit=40&offset=2", json.dumps({"statuses": []}), JSON)
    page = as_hana("add/")
    page.get_by_role("link", name="Mastodon: search").click()
    address = page.locator("[name=url]").input_value().replace("https://mastodon.example", site.url)
    fill(page, url=address, queries="pattern", key="Bearer s3cret")
    said = tried(page)
    assert "2 media found." in said
    assert "blue" in said
    assert "s3cret" not in page.content()
    assert site.headers[-1]["authorization"] == "Bearer s3cret"
    source = goes_live(page)  # the key was typed once
    assert b"s3cret" not in bytes(source.key_sealed)
    assert media_of(source) == [f"{site.url}/media/{n}.mp4" for n in (1, 2)]


def test_a_page_that_grows_while_one_scrolls_is_set_up_with_its_consent(as_hana: Opened, site: Host) -> None:
    site.put("/", GROWS)
    page = as_hana("add/?kind=rendered")
    fill(page, name="Clips", url=f"{site.url}/", consent_clicks="예, 19세 이상입니다", scroll_count="3")
    assert "5 media found." in tried(page)  # a trial opens few pages
    source = goes_live(page)
    assert media_of(source) == [f"{site.url}/media/{n}.mp4" for n in range(1, 9)]


def test_what_was_not_tried_stays_a_draft_unless_hana_says_so(as_hana: Opened, site: Host) -> None:
    page = as_hana("add/?kind=listing")
    fill(page, name="Clips", url=f"{site.url}/gone")
    assert "This did not work" in tried(page)
    source = goes_live(page)
    assert (source.status, page.locator(".messagelist .warning").count()) == ("draft", 1)
    page.goto(page.url + f"{source.pk}/change/")
    page.locator("[name=untried_reason]").fill("The site is down until Monday.")
    source = goes_live(page)
    assert (source.status, source.untried_by.username, bool(source.untried_at)) == ("active", "hana", True)


def test_a_reason_counts_for_the_start_it_was_written_for(as_hana: Opened, site: Host, cast: Cast) -> None:
    source = Source.objects.create(
        name="Clips", kind="listing", url=f"{site.url}/", untried_reason="The site was down.", untried_by=cast.hana
    )
    page = as_hana(f"{source.pk}/change/")
    fill(page, url=f"{site.url}/elsewhere")
    assert goes_live(page).status == "draft"


def test_pausing_is_no_way_around_the_trial(as_hana: Opened, site: Host) -> None:
    page = as_hana("add/?kind=listing")
    fill(page, name="Clips", url=f"{site.url}/gone")
    page.locator("[name=status]").select_option("paused")
    page.get_by_role("button", name="Save and continue editing").click()
    assert goes_live(page).status == "draft"
    Source.objects.update(status="paused")
    page.locator("[name=action]").select_option("visit_now")
    page.locator(".action-select").check()
    page.get_by_role("button", name="Run").or_(page.get_by_role("button", name="Go")).click()
    expect(page.locator(".messagelist .warning")).to_contain_text("not tried as it stands")
    assert Source.objects.get().status == "paused"


def test_a_ready_mapping_asks_for_what_is_ones_own(as_hana: Opened, site: Host) -> None:
    page = as_hana("add/?kind=json_api&preset=google_images")
    fill(page, queries="pattern", key="k")
    page.get_by_role("button", name="Try it now").click()
    expect(page.locator(".field-url .errorlist")).to_contain_text("Put your own in place of “ENGINE-ID”.")


def test_a_site_that_shows_nothing_was_not_tried_well(as_hana: Opened, site: Host) -> None:
    site.put("/", "".join(CLIP.format(n=n) for n in (21, 22)))
    for number in (21, 22):
        site.put(f"/watch/{number}", "<h1>Soon</h1>")
    page = as_hana("add/?kind=listing")
    fill(page, name="Clips", url=f"{site.url}/")
    said = tried(page)
    assert "This did not work: The site answered, but no video or picture was found." in said
    assert "2 passed over" in said
    assert "robots.txt of clips.example – none: everything may be opened." in said


def test_the_pace_is_changed_on_the_page_of_settings(
    as_hana: Opened, site: Host, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "_environment", {})
    settings.HOST_SECONDS_BETWEEN = 1
    page = as_hana("../../settings/")
    pace = page.locator("#HOST_SECONDS_BETWEEN")
    pace.get_by_role("spinbutton").fill("4")
    pace.get_by_role("button", name="Change").click()
    expect(pace).to_contain_text("changed here by hana")
    expect(pace).to_contain_text("900 requests an hour")


def test_a_mistake_is_said_at_its_field_and_nothing_is_asked(as_hana: Opened, site: Host) -> None:
    page = as_hana("add/?kind=search")
    fill(page, name="Clips", url=f"{site.url}/search?q=pattern", queries="pattern")
    page.get_by_role("button", name="Try it now").click()
    expect(page.locator(".field-url .errorlist")).to_contain_text("{query}")
    assert (page.locator("#preview").count(), site.asked) == (0, [])
