"""Admin Hana keeps the centre, the sites and the lawbook; she sees no case."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from takedown.models import Contact, HostingSite, LetterTemplate, Organisation, Statute
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db
KEPT = [
    "organisation",
    "hostingsite",
    "statute",
    "lettertemplate",
    "lawbookversion",
    "notice",
    "delivery",
    "removalcheck",
]


@pytest.fixture
def hana(client: Client, cast: Cast) -> Client:
    scene.lay_lawbook()
    client.force_login(cast.hana)
    return client


@pytest.mark.parametrize("name", KEPT)
def test_every_list_opens_for_hana(hana: Client, name: str) -> None:
    assert hana.get(reverse(f"admin:takedown_{name}_changelist")).status_code == 200


def test_the_admin_is_closed_to_an_officer(client: Client, cast: Cast) -> None:
    client.force_login(cast.jiwoo)
    assert client.get(reverse("admin:takedown_notice_changelist")).status_code == 302


def test_a_letter_is_shown_to_hana_without_its_text_and_its_case(hana: Client, cast: Cast) -> None:
    scene.make_site()
    notice = scene.make_draft(cast.case)
    page = hana.get(reverse("admin:takedown_notice_change", args=[notice.pk])).content.decode()
    assert notice.reference in page
    assert "/watch/" not in page
    assert cast.case.alias not in page


def test_the_centres_names_are_kept_by_language(hana: Client) -> None:
    centre = Organisation.objects.get()
    told = {
        "name_ko": "센터",
        "name_en": "Centre",
        "mandate_en": "An Act",
        "email": "r@centre.example",
        "country": "KR",
    }
    answer = hana.post(reverse("admin:takedown_organisation_change", args=[centre.pk]), told)
    centre.refresh_from_db()
    assert answer.status_code == 302
    assert (centre.names, centre.mandates) == ({"ko": "센터", "en": "Centre"}, {"en": "An Act"})


def test_there_is_one_centre(hana: Client) -> None:
    assert hana.get(reverse("admin:takedown_organisation_add")).status_code == 403


def test_confirming_contacts_is_one_click(hana: Client) -> None:
    site = scene.make_site(confirmed=False)
    url = reverse("admin:takedown_hostingsite_changelist")
    hana.post(url, {"action": "confirm_contacts", "_selected_action": [site.pk]})
    assert Contact.objects.get().confirmed_at is not None


def test_a_site_is_opened_with_its_contacts(hana: Client) -> None:
    site = scene.make_site()
    page = hana.get(reverse("admin:takedown_hostingsite_change", args=[site.pk])).content.decode()
    assert "abuse@tube.example" in page


def test_an_unknown_time_zone_is_refused(hana: Client) -> None:
    site = scene.make_site()
    url = reverse("admin:takedown_hostingsite_change", args=[site.pk])
    page = hana.post(url, {"name": "x", "domain": site.domain, "time_zone": "Mars/Base"})
    assert b"Not a time zone" in page.content
    assert HostingSite.objects.get().time_zone == "UTC"


def template_form(row: LetterTemplate, text: str) -> dict[str, str]:
    return {"language": row.language, "key": row.key, "text": text, "locked": "on"}


def test_a_changed_paragraph_counts_up(hana: Client) -> None:
    row = LetterTemplate.objects.get(language="en", key="good_faith")
    before = row.version
    hana.post(reverse("admin:takedown_lettertemplate_change", args=[row.pk]), template_form(row, "We declare."))
    row.refresh_from_db()
    assert (row.text, row.version) == ("We declare.", before + 1)


@pytest.mark.parametrize("text", ["Dear {victim}", "Open {brace", "By {organisation.__class__}", "{}"])
def test_a_place_nobody_fills_is_refused(hana: Client, text: str) -> None:
    row = LetterTemplate.objects.get(language="en", key="good_faith")
    before = row.version
    hana.post(reverse("admin:takedown_lettertemplate_change", args=[row.pk]), template_form(row, text))
    row.refresh_from_db()
    assert row.version == before


def test_a_statute_without_a_source_cannot_be_marked_as_verified(hana: Client) -> None:
    row = Statute.objects.filter(verified=False).first()
    url = reverse("admin:takedown_statute_change", args=[row.pk])
    told = {"code": row.code, "jurisdiction": row.jurisdiction, "name_local": "x", "name_en": "x", "verified": "on"}
    page = hana.post(url, {**told, "names": "{}", "addressee_types": "[]", "elements": "[]", "source": ""})
    row.refresh_from_db()
    assert not row.verified
    assert b"Name the source" in page.content
