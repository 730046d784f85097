"""Where letters to a site might go: asks every source for one site and keeps what they say, as suggestions.

A suggestion is never written to. An administrator takes it over, which makes a contact and confirms it, or rejects it;
what was rejected stays rejected when a source says it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.addresses import FetchError, ip_literal
from cases.models import User
from takedown.directory import changes, names, placeholders, record
from takedown.directory.errands import Errands, Found, SourceTrouble
from takedown.directory.models import ContactChange, DirectoryEntry, Lookup, Suggestion
from takedown.directory.sources import footers, mailboxes, rdap, security_txt
from takedown.models import AddresseeType, Contact, HostingSite

Source = Suggestion.Source
BEST_FIRST = (Source.PAGE, Source.RDAP_NETWORK, Source.RDAP_DOMAIN, Source.SECURITY_TXT, Source.CUSTOM)
ASKED_BY_THEMSELVES = 3


# --- ask ---------------------------------------------------------------------------------------------------------
def ask(site: HostingSite, admin: User | None) -> Lookup:
    """Note that contacts of this site shall be looked for; one that is under way is returned. The caller rings."""
    try:
        with transaction.atomic():
            return Lookup.objects.create(site=site, asked_by=admin)
    except IntegrityError:
        return Lookup.objects.get(site=site, status=Lookup.Status.ASKED)


def ask_for_the_unknown() -> int:
    """A few sites that have no contact at all and were never looked up, unless a centre switched this off."""
    if not settings.SUGGEST_CONTACTS:
        return 0
    unknown = HostingSite.objects.filter(contacts=None, lookups=None, domain__contains=".").exclude(notices=None)
    unknown = unknown.order_by("pk")
    return len([ask(site, None) for site in unknown[:ASKED_BY_THEMSELVES]])


def give_up(at: datetime) -> int:
    """Searches whose workers died too often come to a visible end."""
    broken = Lookup.due(at).filter(attempts__gte=settings.MAX_ATTEMPTS)
    return broken.update(status=Lookup.Status.FAILED, ended_at=at, leased_until=None)


# --- find --------------------------------------------------------------------------------------------------------
def find(lookup_id: int | str) -> None:
    """Do what was asked. Returns quietly when there is nothing to do; each source's outcome is kept with the row."""
    if not Lookup.objects.claim(lookup_id, Lookup.Status.ASKED):
        return
    lookup = Lookup.objects.select_related("site").get(pk=lookup_id)
    outcomes = _search(lookup.site)
    with transaction.atomic():
        lookup.outcomes, lookup.status, lookup.ended_at = outcomes, Lookup.Status.DONE, timezone.now()
        lookup.release()
        lookup.save()
        count = sum(outcome["found"] for outcome in outcomes)
        record.write(lookup.site, DirectoryEntry.Verb.LOOKED_UP, lookup.asked_by, found=count)


def _search(site: HostingSite) -> list[dict[str, Any]]:
    errands = Errands()
    return [_asked(site, source, verb) for source, verb in _verbs(site, errands)]


def _verbs(site: HostingSite, errands: Errands) -> list[tuple[str, Callable[[], list[Found]]]]:
    host, reaches = site.domain, site.addressee_type
    network = (Source.RDAP_NETWORK, lambda: rdap.of_network(ip_literal(host) or errands.address_of(host), errands))
    if ip_literal(host):
        return [network]
    # Beneath a provider's suffix mail goes to the provider.
    mail_reaches = AddresseeType.PLATFORM if names.under_private_suffix(host) else reaches
    return [
        (Source.PAGE, lambda: footers.of_site(host, errands, reaches)),
        (Source.SECURITY_TXT, lambda: security_txt.of_site(host, errands, reaches)),
        network,
        (Source.RDAP_DOMAIN, lambda: rdap.of_domain(host, errands)),
        (Source.CUSTOM, lambda: mailboxes.of_site(host, mail_reaches)),
    ]


def _asked(site: HostingSite, source: str, verb: Callable[[], list[Found]]) -> dict[str, Any]:
    """One source's outcome: {"source", "found", "sentence"}; the sentence says why there is nothing, or less."""
    try:
        found = verb()
    except (FetchError, SourceTrouble) as error:
        return {"source": source, "found": 0, "sentence": error.sentence}
    kept = [one for one in map(_ascii, found) if not placeholders.fault_of(one.channel, one.address, site.domain)]
    for one in kept:
        _keep(site, source, one)
    return {"source": source, "found": len(kept), "sentence": _left_out(len(found) - len(kept), bool(found))}


def _ascii(one: Found) -> Found:
    address = names.ascii_mail(one.address) if one.channel == "email" else one.address
    return Found(one.channel, address, one.kind, one.reaches, one.url, one.remark)


def _left_out(count: int, any_found: bool) -> str:
    if not any_found:
        return _("It names no address for abuse.")
    said = ngettext(
        "%(count)d address was a placeholder or reaches nobody.", "%(count)d addresses were placeholders or reach nobody.", count
    )  # fmt: skip
    return said % {"count": count} if count else ""


def _keep(site: HostingSite, source: str, one: Found) -> None:
    """New, or seen again: then its age starts anew and what was decided stays."""
    seen = {
        "kind": one.kind, "reaches": one.reaches, "found_at_url": one.url[:500], "remark": _printable(one.remark),
        "fetched_at": timezone.now(),
    }  # fmt: skip
    Suggestion.objects.update_or_create(
        site=site, channel=one.channel, address=one.address, source=source, defaults=seen
    )


def _printable(text: str) -> str:
    """What a stranger wrote, without control characters (PostgreSQL refuses some)."""
    return "".join(letter for letter in text if letter.isprintable())[:300]


# --- decide ------------------------------------------------------------------------------------------------------
def best_first(suggestions: Iterable[Suggestion]) -> list[Suggestion]:
    """Published before guessed, for abuse before general; the newest first among equals."""
    kinds = list(Suggestion.Kind)

    def weight(one: Suggestion) -> tuple[int, int, float]:
        guess = one.source == Source.CUSTOM
        return (
            guess,
            kinds.index(Suggestion.Kind(one.kind)) * 5 + BEST_FIRST.index(Source(one.source)),
            -one.fetched_at.timestamp(),
        )

    return sorted(suggestions, key=weight)


def take_over(suggestion: Suggestion, admin: User) -> ContactChange:
    """Make it a contact and confirm that; the change may wait for a second administrator. Raises ChangeError."""
    with transaction.atomic():
        site = suggestion.site
        contact = _contact_of(suggestion) or _added(suggestion, admin)
        change = changes.propose(site, ContactChange.Action.CONFIRM, admin, contact=contact)
        same = Suggestion.objects.filter(site=site, channel=suggestion.channel, address=suggestion.address)
        same.update(state=Suggestion.State.CONFIRMED, decided_by=admin, decided_at=timezone.now())
    suggestion.refresh_from_db()
    return change


def _contact_of(suggestion: Suggestion) -> Contact | None:
    kept = Contact.objects.exclude(state=Contact.State.RETIRED)
    return kept.filter(site=suggestion.site, channel=suggestion.channel, address=suggestion.address).first()


def _added(suggestion: Suggestion, admin: User) -> Contact:
    """After the site's other contacts; of another desk than the site's own, it gets that desk's letters only."""
    site = suggestion.site
    last = site.contacts.exclude(state=Contact.State.RETIRED).aggregate(last=Max("rank"))["last"]
    fields = {
        "channel": suggestion.channel, "address": suggestion.address, "rank": min(99, (last or 0) + 1),
        "addressees": [] if suggestion.reaches == site.addressee_type else [suggestion.reaches],
        "note": str(suggestion.get_source_display()),
    }  # fmt: skip
    added = changes.propose(site, ContactChange.Action.ADD, admin, fields=fields)
    assert added.contact is not None  # noqa: S101 — adding needs no second administrator
    return added.contact


def reject(suggestion: Suggestion, admin: User) -> None:
    """This address is not to be suggested again for this site, whoever names it."""
    with transaction.atomic():
        same = Suggestion.objects.filter(
            site=suggestion.site, channel=suggestion.channel, address=suggestion.address, state=Suggestion.State.NEW
        )
        if same.update(state=Suggestion.State.REJECTED, decided_by=admin, decided_at=timezone.now()):
            record.write(suggestion.site, DirectoryEntry.Verb.REJECTED, admin, address=suggestion.address)
    suggestion.refresh_from_db()
