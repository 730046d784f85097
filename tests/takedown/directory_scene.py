"""The directory's pages by name, with rows for each to be about."""

from __future__ import annotations

from django.urls import reverse

from takedown.directory.models import Suggestion
from takedown.models import HostingSite

CLICKS = {"site_look_up", "contact_add", "site_merge", "contact_verb", "suggestion_verb", "change_verb"}


def at(name: str, *args: object) -> str:
    return reverse(f"takedown:{name}", args=args)


def make_suggestion(site: HostingSite, address: str = "abuse@net.example", **fields: str) -> Suggestion:
    told = {"source": Suggestion.Source.RDAP_NETWORK, "kind": "abuse", "reaches": "host", **fields}
    return Suggestion.objects.create(
        site=site, address=address, found_at_url="https://rdap.example/ip/203.0.113.5", **told
    )


def every_page(site: HostingSite) -> dict[str, tuple[str, str]]:
    """How each is asked for, and its address."""
    contact, suggestion = site.contacts.get(), make_suggestion(site)
    pages = {"site": ("get", at("site", site.pk)), "contact_edit": ("get", at("contact_edit", contact.pk))}
    pages |= {name: ("post", at(name, site.pk)) for name in ("site_look_up", "contact_add", "site_merge")}
    pages["contact_verb"] = ("post", at("contact_verb", contact.pk, "confirm"))
    pages["suggestion_verb"] = ("post", at("suggestion_verb", suggestion.pk, "take"))
    pages["change_verb"] = ("post", at("change_verb", 1, "agree"))
    return pages
