"""Hana asks where letters to a site might go; registries, networks and the site itself answer on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from takedown import contacts, jobs
from takedown.addressing import contact_for, trouble_with
from takedown.directory import suggesting
from takedown.directory.errands import Errands
from takedown.directory.models import DirectoryEntry, Lookup, Suggestion
from takedown.models import Contact, HostingSite
from tests.base import Cast
from tests.takedown import registry, scene
from tests.takedown.registry import Quarter

pytestmark = pytest.mark.django_db
Source = Suggestion.Source


@pytest.fixture
def quarter(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Quarter]:
    with registry.opened(settings, monkeypatch, tmp_path) as opened:
        yield opened


@pytest.fixture
def site(db: None) -> HostingSite:
    """Known by its domain alone, as the watch leaves it."""
    return HostingSite.objects.create(domain=registry.SITE, name="Tube", jurisdiction="KR", language="ko")


def look_up(site: HostingSite) -> Lookup:
    lookup = suggesting.ask(site, None)
    suggesting.find(lookup.pk)
    lookup.refresh_from_db()
    return lookup


def said(lookup: Lookup, source: str) -> str:
    return next(outcome["sentence"] for outcome in lookup.outcomes if outcome["source"] == source)


def addresses(source: str) -> list[str]:
    return list(Suggestion.objects.filter(source=source).values_list("address", flat=True))


# --- the whole search --------------------------------------------------------------------------------------------
def test_every_source_is_asked_and_says_where_from_and_when(quarter: Quarter, site: HostingSite) -> None:
    registry.furnish(quarter)
    lookup = look_up(site)
    assert lookup.status == Lookup.Status.DONE
    assert [one["source"] for one in lookup.outcomes] == ["page", "security-txt", "rdap-ip", "rdap-domain", "rfc2142"]
    assert addresses(Source.RDAP_DOMAIN) == ["abuse@names.example"]
    assert addresses(Source.RDAP_NETWORK) == ["abuse@net.example"]
    assert addresses(Source.SECURITY_TXT) == ["security@tube.example"]
    found = Suggestion.objects.get(source=Source.RDAP_NETWORK)
    assert (found.found_at_url, found.reaches) == ("https://rdap.example/ip/127.0.0.1", "host")
    assert (timezone.now() - found.fetched_at).total_seconds() < 60


def test_the_best_suggestion_comes_first_and_the_guess_last(quarter: Quarter, site: HostingSite) -> None:
    registry.furnish(quarter)
    look_up(site)
    ranked = suggesting.best_first(site.suggestions.all())
    assert ranked[0].address in ("abuse@tube.example", "https://tube.example/help/abuse")
    assert [one.source for one in ranked[-3:]] == [Source.CUSTOM] * 3
    assert ranked[-3].address == "abuse@tube.example"


def test_nothing_suggested_is_ever_written_to_before_it_is_confirmed(
    quarter: Quarter, site: HostingSite, cast: Cast
) -> None:
    registry.furnish(quarter)
    look_up(site)
    assert contact_for(site) is None
    best = suggesting.best_first(site.suggestions.filter(channel="email"))[0]
    suggesting.take_over(best, cast.hana)
    assert trouble_with(contact_for(HostingSite.objects.get())) == ""
    assert (best.state, best.decided_by) == (Suggestion.State.CONFIRMED, cast.hana)


def test_the_registrars_desk_never_gets_the_sites_letter(quarter: Quarter, site: HostingSite, cast: Cast) -> None:
    registry.furnish(quarter)
    look_up(site)
    suggesting.take_over(Suggestion.objects.get(source=Source.RDAP_DOMAIN), cast.hana)
    assert Contact.objects.get().addressees == ["registrar"]
    assert contact_for(site) is None
    assert contact_for(site, contacts.Purpose(addressee="registrar")) == Contact.objects.get()


def test_a_rejected_address_stays_rejected_when_it_is_found_again(
    quarter: Quarter, site: HostingSite, cast: Cast
) -> None:
    registry.furnish(quarter)
    look_up(site)
    suggesting.reject(Suggestion.objects.get(source=Source.RDAP_NETWORK), cast.hana)
    look_up(site)
    found = Suggestion.objects.get(source=Source.RDAP_NETWORK)
    assert found.state == Suggestion.State.REJECTED
    assert DirectoryEntry.objects.filter(verb="rejected", address="abuse@net.example").count() == 1


def test_sources_that_fail_say_why_and_the_others_are_still_asked(quarter: Quarter, site: HostingSite) -> None:
    quarter.rdap("domain/tube.example", {"errorCode": 429}, status=429)
    quarter.put("rdap.example/ip/127.0.0.1", "<html>", "text/html")
    lookup = look_up(site)
    assert "status 404" in said(lookup, Source.PAGE)
    assert "no security.txt" in said(lookup, Source.SECURITY_TXT)
    assert "cannot be read" in said(lookup, Source.RDAP_NETWORK)
    assert "pause" in said(lookup, Source.RDAP_DOMAIN)
    assert len(addresses(Source.CUSTOM)) == 3


def test_a_search_keeps_to_its_budget(quarter: Quarter, site: HostingSite, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.furnish(quarter)
    monkeypatch.setattr(suggesting, "Errands", lambda: Errands(requests=2))
    lookup = look_up(site)
    assert len(quarter.asked) == 2
    assert "budget" in said(lookup, Source.RDAP_DOMAIN)


def test_a_page_that_robots_txt_forbids_is_not_opened(quarter: Quarter, site: HostingSite) -> None:
    registry.furnish(quarter)
    quarter.put("tube.example/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    assert "robots.txt" in said(look_up(site), Source.PAGE)
    assert "tube.example/" not in quarter.asked


# --- asking ------------------------------------------------------------------------------------------------------
def test_one_search_of_a_site_at_a_time(site: HostingSite, cast: Cast) -> None:
    assert suggesting.ask(site, cast.hana) == suggesting.ask(site, cast.hana)


def test_the_job_carries_an_id_and_a_second_ring_does_nothing(quarter: Quarter, site: HostingSite) -> None:
    registry.furnish(quarter)
    lookup = suggesting.ask(site, None)
    jobs.find_contacts(str(lookup.pk))
    asked = len(quarter.asked)
    jobs.find_contacts(str(lookup.pk))
    jobs.find_contacts("999999")
    assert len(quarter.asked) == asked > 5


def test_the_sweep_asks_for_sites_nobody_can_write_to(cast: Cast, settings: Any) -> None:
    scene.lay_lawbook()
    scene.make_draft(cast.case, host="nobody-knows.example")
    settings.SUGGEST_CONTACTS = False
    assert suggesting.ask_for_the_unknown() == 0
    settings.SUGGEST_CONTACTS = True
    assert (suggesting.ask_for_the_unknown(), suggesting.ask_for_the_unknown()) == (1, 0)
    assert Lookup.objects.get().site.domain == "nobody-knows.example"
