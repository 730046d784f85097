"""The directory's pages without a browser: who may press what, what is found, what is refused in a sentence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from takedown import contacts
from takedown.directory.models import ContactChange, DirectoryEntry, Lookup, Suggestion
from takedown.models import Contact, HostingSite, Notice
from tests.base import Cast
from tests.takedown import scene
from tests.takedown.directory_scene import CLICKS, at, every_page, make_suggestion

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(db: None) -> HostingSite:
    return scene.make_site("tube.example")


@pytest.fixture
def hana(client: Client, cast: Cast) -> Client:
    client.force_login(cast.hana)
    return client


def told(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def found(client: Client, **asked: str) -> list[str]:
    return [row["site"].domain for row in client.get(at("contacts"), asked).context["rows"]]


# --- who ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(CLICKS))
def test_it_requires_an_administrator(cast: Cast, site: HostingSite, name: str) -> None:
    _method, url = every_page(site)[name]
    for user in (cast.jiwoo, cast.sora, cast.yuna):
        client = Client()
        client.force_login(user)
        assert client.post(url).status_code == 403
    assert (ContactChange.objects.count(), Lookup.objects.count()) == (0, 0)


@pytest.mark.parametrize("name", sorted(CLICKS))
def test_it_requires_a_click_and_not_only_a_link(hana: Client, site: HostingSite, name: str) -> None:
    _method, url = every_page(site)[name]
    assert hana.get(url).status_code == 405


def test_officers_and_auditors_read(cast: Cast, site: HostingSite) -> None:
    make_suggestion(site)
    for user in (cast.jiwoo, cast.sora, cast.yuna):
        client = Client()
        client.force_login(user)
        page = client.get(at("site", site.pk)).content.decode()
        assert "abuse@net.example" in page
        assert "/take/" not in page


# --- the list ----------------------------------------------------------------------------------------------------
def test_sites_are_found_by_name_domain_alias_and_address(hana: Client, site: HostingSite) -> None:
    scene.make_site("other.example", name="다른 곳", aliases=["xn--9t4b11yi5a.com"])
    assert found(hana, q="다른") == found(hana, q="테스트.com") == found(hana, q="abuse@other") == ["other.example"]
    assert found(hana, q="9T4B") == ["other.example"]
    assert found(hana, q="TUBE.example") == ["tube.example"]
    assert found(hana, q="nothing") == []


def test_sites_are_narrowed_to_what_needs_somebody(hana: Client, cast: Cast, site: HostingSite) -> None:
    HostingSite.objects.create(domain="none.example", name="None")
    scene.make_site("new.example", confirmed=False)
    bounced = scene.make_site("bounced.example")
    bounced.contacts.update(state=Contact.State.BOUNCED)
    ContactChange.objects.create(site=site, action="merge", proposed_by=cast.hana)
    assert found(hana, trouble="none") == ["none.example"]
    assert found(hana, trouble="unconfirmed") == ["new.example"]
    assert found(hana, trouble="bounced") == ["bounced.example"]
    assert found(hana, trouble="waiting") == ["tube.example"]
    assert found(hana, trouble="stale") == []
    site.contacts.update(confirmed_at=timezone.now() - timedelta(days=181))
    assert found(hana, trouble="stale") == ["tube.example"]
    assert len(found(hana, trouble="whatever")) == 4


def test_a_long_directory_comes_page_by_page(hana: Client) -> None:
    HostingSite.objects.bulk_create(HostingSite(domain=f"s{n:03}.example", name=f"s{n:03}") for n in range(120))
    assert len(found(hana)) == len(found(hana, page="2")) == 50
    assert found(hana, page="3")[-1] == "s119.example"
    assert found(hana, page="no") == found(hana)


# --- one site ----------------------------------------------------------------------------------------------------
def test_a_wrong_address_is_refused_where_it_was_typed(hana: Client, site: HostingSite) -> None:
    page = hana.post(at("contact_add", site.pk), {"channel": "form", "address": "javascript:alert(1)", "rank": "1"})
    assert (page.status_code, "cannot stand" in page.content.decode()) == (422, True)
    page = hana.post(at("contact_add", site.pk), {"channel": "email", "address": "abuse@tube.example", "rank": "1"})
    assert "has this contact already" in page.content.decode()
    assert site.contacts.count() == 1


def test_an_added_and_checked_contact_is_confirmed_at_once(hana: Client, site: HostingSite) -> None:
    told_form = {
        "channel": "email",
        "address": "legal@tube.example",
        "rank": "2",
        "jurisdictions": "kr, eu",
        "checked": "on",
    }
    hana.post(at("contact_add", site.pk), {**told_form, "contents": ["minor"]})
    contact = site.contacts.get(rank=2)
    assert (contact.contents, contact.jurisdictions, contact.confirmed_at is not None) == (
        ["minor"],
        ["KR", "EU"],
        True,
    )


def test_a_checked_address_elsewhere_still_waits_for_the_second(hana: Client, site: HostingSite) -> None:
    told_form = {"channel": "email", "address": "friend@mail.com", "rank": "1", "checked": "on"}
    answer = hana.post(at("contact_add", site.pk), told_form)
    assert "waits for a second administrator" in told(answer)
    assert site.contacts.get(address="friend@mail.com").confirmed_at is None


def test_an_edit_that_changes_nothing_is_no_change(hana: Client, site: HostingSite) -> None:
    contact = site.contacts.get()
    hana.post(at("contact_edit", contact.pk), {"channel": "email", "address": contact.address, "rank": "1"})
    assert not ContactChange.objects.exists()
    hana.post(at("contact_edit", contact.pk), {"channel": "email", "address": contact.address, "rank": "4"})
    assert site.contacts.get().rank == 4


def test_pause_and_confirm_again(hana: Client, site: HostingSite) -> None:
    contact = site.contacts.get()
    hana.post(at("contact_verb", contact.pk, "pause"))
    assert site.contacts.get().state == Contact.State.PAUSED
    hana.post(at("contact_verb", contact.pk, "confirm"))
    assert (site.contacts.get().state, site.contacts.get().failure) == (Contact.State.USABLE, "")


def test_a_removed_contact_is_gone_from_every_page_and_kept_in_the_rows(hana: Client, site: HostingSite) -> None:
    contact = site.contacts.get()
    hana.post(at("contact_verb", contact.pk, "remove"))
    assert site.contacts.get().state == Contact.State.RETIRED
    assert 'data-address="abuse@tube.example"' not in hana.get(at("site", site.pk)).content.decode()
    assert hana.get(at("contact_edit", contact.pk)).status_code == 404


def test_an_unknown_verb_is_no_page(hana: Client, site: HostingSite, cast: Cast) -> None:
    change = ContactChange.objects.create(site=site, action="merge", proposed_by=cast.hana)
    for url in (
        at("contact_verb", site.contacts.get().pk, "sell"), at("suggestion_verb", make_suggestion(site).pk, "buy"),
        at("change_verb", change.pk, "apply"),
    ):  # fmt: skip
        assert hana.post(url).status_code == 404


def test_a_suggestion_is_taken_over_or_rejected(hana: Client, site: HostingSite) -> None:
    hana.post(at("suggestion_verb", make_suggestion(site).pk, "take"))
    hana.post(at("suggestion_verb", make_suggestion(site, "noc@net.example").pk, "reject"))
    assert site.contacts.get(address="abuse@net.example").addressees == ["host"]
    states = dict(Suggestion.objects.values_list("address", "state"))
    assert states == {"abuse@net.example": "confirmed", "noc@net.example": "rejected"}


def test_merging_leads_to_the_site_that_stays(hana: Client, site: HostingSite) -> None:
    gone = scene.make_site("tube.test")
    page = hana.post(at("site_merge", gone.pk), {"into": "tube.test"})
    assert page.status_code == 422
    answer = hana.post(at("site_merge", gone.pk), {"into": "TUBE.example"})
    assert answer.url == at("site", site.pk)
    assert HostingSite.objects.get().aliases == ["tube.test"]


def test_looking_up_leaves_a_row_for_the_worker(hana: Client, site: HostingSite, cast: Cast) -> None:
    hana.post(at("site_look_up", site.pk))
    hana.post(at("site_look_up", site.pk))
    assert Lookup.objects.get().asked_by == cast.hana
    assert "hx-trigger" in hana.get(at("site", site.pk)).content.decode()


# --- the administration ------------------------------------------------------------------------------------------
def test_a_sites_names_are_kept_in_ascii_and_belong_to_it_alone(hana: Client, site: HostingSite) -> None:
    told_form = {
        "name": "T", "domain": "테스트.com", "aliases": "m.테스트.com\ntube.example", "addressee_type": "site", "language": "ko",
        "jurisdiction": "KR", "time_zone": "Asia/Seoul", "contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0",
        "ladder-TOTAL_FORMS": "0", "ladder-INITIAL_FORMS": "0",
    }  # fmt: skip
    page = hana.post(reverse("admin:takedown_hostingsite_add"), told_form)
    assert "domain of another site" in page.content.decode()
    hana.post(reverse("admin:takedown_hostingsite_add"), {**told_form, "aliases": "m.테스트.com"})
    made = HostingSite.objects.get(domain="xn--9t4b11yi5a.com")
    assert made.aliases == ["m.xn--9t4b11yi5a.com"]
    assert DirectoryEntry.objects.get(site=made).verb == "site_added"


def test_a_busy_site_gains_names_and_loses_none(hana: Client, cast: Cast, site: HostingSite, settings: Any) -> None:
    settings.BUSY_SITE_NOTICES = 1
    Notice.objects.create(reference="SG-1", case=cast.case, site=site, language="en", found_at=timezone.now())
    told_form = {
        "name": "T", "domain": "tube.example", "aliases": "m.test", "addressee_type": "site", "language": "en",
        "jurisdiction": "US", "time_zone": "UTC", "contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0",
        "ladder-TOTAL_FORMS": "0", "ladder-INITIAL_FORMS": "0",
    }  # fmt: skip
    url = reverse("admin:takedown_hostingsite_change", args=[site.pk])
    assert hana.post(url, told_form).url == at("site", site.pk)
    page = hana.post(url, {**told_form, "domain": "else.example"})
    assert "not taken away" in page.content.decode()
    text = b"domain,aliases,address\ntube.example,other.test,\n"
    assert "not taken away" in contacts.import_csv(text, apply=True).errors[0]
    assert HostingSite.objects.get().aliases == ["m.test"]


def test_sites_are_merged_and_not_deleted(hana: Client, site: HostingSite) -> None:
    assert hana.post(reverse("admin:takedown_hostingsite_delete", args=[site.pk]), {"post": "yes"}).status_code == 403
