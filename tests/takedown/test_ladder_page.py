"""Hana names who stands behind a site, and how long it has."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from takedown.ladder_models import SiteLadder
from takedown.models import HostingSite
from tests.base import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> HostingSite:
    return HostingSite.objects.create(
        name="Tube", domain="tube.example", language="ja", jurisdiction="JP", time_zone="Asia/Tokyo"
    )


def post(client: Client, site: HostingSite, **ladder: Any) -> str:
    fields = {
        "name": site.name, "domain": site.domain, "addressee_type": "site", "language": "ja", "jurisdiction": "JP",
        "time_zone": "Asia/Tokyo", "aliases": "", "notes": "", "contacts-TOTAL_FORMS": "0", "contacts-INITIAL_FORMS": "0",
        "ladder-TOTAL_FORMS": "1", "ladder-INITIAL_FORMS": "0",
    } | {f"ladder-0-{name}": value for name, value in ladder.items()}  # fmt: skip
    return client.post(reverse("admin:takedown_hostingsite_change", args=[site.pk]), fields).content.decode()


def test_what_stands_behind_a_site_is_entered_on_its_page(cast: Cast, client: Client, site: HostingSite) -> None:
    network = HostingSite.objects.create(name="Net", domain="net.example", addressee_type="host")
    client.force_login(cast.hana)
    post(client, site, behind=[network.pk], dedicated_to_abuse="on", hours='{"reminder": 48}')
    ladder = SiteLadder.objects.get(site=site)
    assert (list(ladder.behind.all()), ladder.dedicated_to_abuse, ladder.hours) == ([network], True, {"reminder": 48})


@pytest.mark.parametrize("hours", ['{"reminder": 0}', '{"sometime": 4}', "[4]", '{"host": "soon"}'])
def test_times_that_cannot_be_are_refused(cast: Cast, client: Client, site: HostingSite, hours: str) -> None:
    client.force_login(cast.hana)
    assert "each with whole hours from 1 to" in post(client, site, dedicated_to_abuse="on", hours=hours)
    assert not SiteLadder.objects.exists()
