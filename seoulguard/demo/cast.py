"""The people, the centre and the hosting sites of the demo, as rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from cases.models import Role, User
from cases.people import ensure_roles
from detection.models import Source
from seoulguard.demo.home import PASSWORD
from seoulguard.demo.sites import HostingSite as DemoSite
from takedown import seeding
from takedown.models import Contact, HostingSite

STAFF = [
    ("jiwoo", Role.OFFICER, "Jiwoo", "Han"),
    ("minho", Role.OFFICER, "Minho", "Seo"),
    ("sora", Role.LEAD, "Sora", "Yun"),
    ("hana", Role.ADMIN, "Hana", "Kim"),
    ("yuna", Role.AUDITOR, "Yuna", "Park"),
]
PLACES = {"en": ("US", "America/New_York"), "ja": ("JP", "Asia/Tokyo"), "ru": ("RU", "Europe/Moscow")}


def seed(sites: Iterable[DemoSite]) -> None:
    ensure_roles()
    seeding.seed_lawbook()
    seeding.demo_organisation()
    for username, role, first, last in STAFF:
        user = User.objects.create_user(username, password=PASSWORD, first_name=first, last_name=last)
        user.give_role(role)
    # Minho joins later, so that the intake of the demo is Jiwoo's.
    User.objects.filter(username="minho").update(is_active=False)
    for site in sites:
        seed_site(site)


def seed_site(site: DemoSite) -> None:
    jurisdiction, time_zone = PLACES[site.language]
    row = HostingSite.objects.create(
        name=site.name, domain=site.host_name, language=site.language, jurisdiction=jurisdiction, time_zone=time_zone
    )
    Contact.objects.create(site=row, address=f"abuse@{site.host_name}", confirmed_at=timezone.now())
    Source.objects.create(
        name=site.name,
        kind=Source.Kind.FEED if site.kind == "feed" else Source.Kind.LISTING,
        url=site.base_url.rstrip("/") + site.start_path,
        rendered=site.kind == "scripted",
        every_minutes=30,
        # The story decides when the watch begins; in a centre it never stops.
        next_visit_at=timezone.now() + timedelta(hours=1),
    )
