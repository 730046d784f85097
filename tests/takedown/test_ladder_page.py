"""Hana names who stands behind a site, and how long it has; its letters climb by it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from takedown import ladder, rungs
from takedown.directory.models import DirectoryEntry
from takedown.ladder_models import SiteLadder
from takedown.models import HostingSite
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def hana(client: Client, cast: Cast) -> Client:
    scene.lay_lawbook()
    client.force_login(cast.hana)
    return client


@pytest.fixture
def tube() -> HostingSite:
    return scene.make_site("tube.example")


@pytest.fixture
def network() -> HostingSite:
    return scene.make_site("net.example", addressee_type="host")


def page_of(site: HostingSite) -> str:
    return reverse("admin:takedown_hostingsite_change", args=[site.pk])


def shown(client: Client, site: HostingSite) -> str:
    return client.get(page_of(site)).content.decode()


def post(client: Client, site: HostingSite, **told: Any) -> Any:
    row = SiteLadder.objects.filter(site=site).first()
    fields = {
        "name": site.name, "domain": site.domain, "addressee_type": site.addressee_type, "language": site.language,
        "jurisdiction": site.jurisdiction, "time_zone": site.time_zone, "aliases": "", "notes": "",
        "contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0", "ladder-TOTAL_FORMS": "1",
        "ladder-INITIAL_FORMS": "1" if row else "0", "ladder-0-id": row.pk if row else "", "ladder-0-site": site.pk,
    } | {f"ladder-0-{name}": value for name, value in told.items()}  # fmt: skip
    return client.post(page_of(site), fields)


def test_a_network_behind_a_site_and_its_own_hours_count_for_its_letters(
    hana: Client, cast: Cast, tube: HostingSite, network: HostingSite
) -> None:
    assert post(hana, tube, behind=[network.pk], hours_host="6").status_code == 302
    row = SiteLadder.objects.get(site=tube)
    assert (list(row.behind.all()), row.hours, row.dedicated_to_abuse) == ([network], {"host": 6}, False)
    notice = scene.make_sent(cast.case)
    standing = ladder.standing_of(notice, notice.locations.get(), silent=False)
    assert rungs.hours_of(next(one for one in rungs.rungs() if one.key == "host"), standing) == 6


def test_a_site_without_anything_of_its_own_gets_no_row(hana: Client, tube: HostingSite) -> None:
    assert post(hana, tube).status_code == 302
    assert not SiteLadder.objects.exists()
    assert not DirectoryEntry.objects.exists()


def test_only_a_site_dedicated_to_abuse_is_shown_with_its_registrar(hana: Client, tube: HostingSite) -> None:
    plain = shown(hana, tube)
    assert "Hosting network: 48 hours after “Reminder”" in plain
    assert "Registrar: 168 hours" not in plain
    post(hana, tube, dedicated_to_abuse="on", hours_registrar="24")
    assert "Registrar: 24 hours after “Hosting network”" in shown(hana, tube)


def test_what_a_field_means_when_it_stays_empty_is_said_beside_it(hana: Client, tube: HostingSite) -> None:
    page = shown(hana, tube)
    assert "Empty: the deadline of the cited law, else 24 hours, for minors 6 hours." in page
    assert "Empty: 48 hours, for minors at once." in page
    assert "innocent pages too" in page


@pytest.mark.parametrize("hours", ["0", "-1", "soon", "100000"])
def test_hours_that_cannot_be_are_refused(hana: Client, tube: HostingSite, hours: str) -> None:
    answer = post(hana, tube, hours_host=hours)
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not SiteLadder.objects.exists()


def test_a_site_is_neither_behind_itself_nor_is_a_platform_behind_it(
    hana: Client, tube: HostingSite, network: HostingSite
) -> None:
    assert "does not stand behind itself" in post(hana, network, behind=[network.pk]).content.decode()
    assert "not one of the available choices" in post(hana, network, behind=[tube.pk]).content.decode()
    assert not SiteLadder.objects.exists()


def test_the_sites_log_tells_who_changed_where_its_letters_climb(
    hana: Client, cast: Cast, tube: HostingSite, network: HostingSite
) -> None:
    post(hana, tube, behind=[network.pk])
    entry = DirectoryEntry.objects.get()
    assert (entry.site, entry.actor, entry.detail["fields"]["behind"]) == (tube, cast.hana, ["net.example"])


def test_emptied_fields_bring_the_usual_ladder_back(hana: Client, tube: HostingSite) -> None:
    SiteLadder.objects.create(site=tube, hours={"host": 6}, dedicated_to_abuse=True)
    post(hana, tube, hours_host="")
    row = SiteLadder.objects.get()
    assert (row.hours, row.dedicated_to_abuse) == ({}, False)
