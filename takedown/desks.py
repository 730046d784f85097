"""Whom a rung turns to, for one site: the network behind it, the search engines, the regulators of its law, the hotlines."""

from __future__ import annotations

from dataclasses import dataclass

from takedown.addressing import desk_contact
from takedown.jurisdictions import language_for, time_zone_for
from takedown.lawbook import seed_agencies
from takedown.models import AddresseeType, Contact, HostingSite
from takedown.rungs import Desk, Rung, desks, desks_for

A = AddresseeType
# English is what networks, registrars and search engines read everywhere (legal.md 11).
NETWORK_LANGUAGE = "en"


@dataclass(frozen=True)
class Addressee:
    site: HostingSite
    contact: Contact | None
    addressee_type: str
    jurisdiction: str
    language: str
    desk: str = ""


def addressees_for(rung: Rung, site: HostingSite, content: str) -> list[Addressee]:
    """In the order they are asked; empty where the rung has nobody to turn to for this site."""
    if rung.key == "reminder":
        return [_itself(site, content)]
    if rung.addressee == A.REGULATOR:
        return [_of_desk(desk, content) for desk in desks_for(rung.key, site.jurisdiction)]
    if rung.addressee == A.SEARCH:
        engines = HostingSite.objects.filter(addressee_type=A.SEARCH).exclude(pk=site.pk).order_by("pk")
        return [_itself(engine, content) for engine in engines]
    return _behind(rung, site, content)


def _itself(site: HostingSite, content: str) -> Addressee:
    contact = desk_contact(site, site.addressee_type, content)
    return Addressee(site, contact, site.addressee_type, site.jurisdiction, site.language)


def _behind(rung: Rung, site: HostingSite, content: str) -> list[Addressee]:
    """The networks an administrator linked to the site; else the desk that was published for the site's own network.

    Of such a desk only the address is known: its law is not, so none but the international grounds are claimed.
    """
    ladder = getattr(site, "ladder", None)
    linked = ladder.behind.filter(addressee_type=rung.addressee).order_by("pk") if ladder and ladder.pk else []
    if linked:
        return [_itself(network, content) for network in linked]
    contact = desk_contact(site, rung.addressee, content) if site.addressee_type != rung.addressee else None
    if site.addressee_type == rung.addressee or (contact is None and rung.needs == "contact"):
        return []
    return [Addressee(site, contact, rung.addressee, "INT", NETWORK_LANGUAGE)]


def _of_desk(desk: Desk, content: str) -> Addressee:
    site = site_of(desk)
    contact = desk_contact(site, A.REGULATOR, content)
    return Addressee(site, contact, A.REGULATOR, desk.jurisdiction, site.language, desk.key)


def site_of(desk: Desk) -> HostingSite:
    """The desk's row in the directory, under its key; made when it is first needed, for an administrator to complete."""
    site, _is_new = HostingSite.objects.get_or_create(
        domain=desk.key,
        defaults={
            "name": name_of(desk), "addressee_type": A.REGULATOR, "jurisdiction": desk.jurisdiction,
            "language": language_for(desk.jurisdiction), "time_zone": time_zone_for(desk.jurisdiction),
            "notes": " ".join(part for part in (desk.remark, desk.source) if part),
        },
    )  # fmt: skip
    return site


def name_of(desk: Desk) -> str:
    agencies = {agency.key: agency for agency in seed_agencies()}
    return (agencies[desk.agency].name_local if desk.agency else desk.name)[:120]


def desk_of(key: str) -> Desk | None:
    return next((desk for desk in desks() if desk.key == key), None)
