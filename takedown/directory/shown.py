"""The directory in words for its pages: what is wrong with a contact, what a proposal would change, what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Role, User
from takedown.addressing import contact_for
from takedown.directory import changes, names, suggesting
from takedown.directory.choosing import CONTENT_KINDS, is_stale, stale_before
from takedown.directory.forms import ContactForm, MergeForm
from takedown.directory.models import ContactChange, DirectoryEntry, Suggestion
from takedown.models import AddresseeType, Contact, HostingSite

HISTORY = 50


@dataclass(frozen=True)
class ContactRow:
    """A contact, whether letters go there now, whether its confirmation is old, and its scope in words."""

    contact: Contact
    is_next: bool
    stale: bool
    scope: str


def contact_rows(site: HostingSite) -> list[ContactRow]:
    """The site's contacts in their order, without those that were removed."""
    following = contact_for(site)
    kept = [one for one in site.contacts.all() if one.state != Contact.State.RETIRED]
    return [
        ContactRow(one, one == following and one.confirmed_at is not None, is_stale(one), scope(one)) for one in kept
    ]


def suggestion_rows(new: Iterable[Suggestion]) -> list[tuple[Suggestion, list[Suggestion]]]:
    """Each address once, by its best source, and the other sources that name it too."""
    rows: dict[tuple[str, str], tuple[Suggestion, list[Suggestion]]] = {}
    for one in suggesting.best_first(new):
        rows.setdefault((one.channel, one.address), (one, []))[1].append(one)
    return [(best, named[1:]) for best, named in rows.values()]


def scope(contact: Contact) -> str:
    """`Registrar · Synthetic material · KR EU`; empty for every letter."""
    return " · ".join(filter(None, (
        ", ".join(_labels(contact.addressees, AddresseeType.choices)),
        ", ".join(_labels(contact.contents, CONTENT_KINDS)),
        " ".join(contact.jurisdictions),
    )))  # fmt: skip


def _labels(values: Iterable[str], choices: Iterable[tuple[str, Any]]) -> list[str]:
    named = dict(choices)
    return [str(named.get(value, value)) for value in values]


def differences(change: ContactChange) -> list[tuple[str, str, str]]:
    """(what, before, after) of each field a proposal would change."""
    return [(_field(name), _said(change.before.get(name, "")), _said(value)) for name, value in change.fields.items()]


def _field(name: str) -> str:
    if name == "into":
        return _("Merge into")
    return str(getattr(Contact._meta.get_field(name), "verbose_name", name))


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def history(site: HostingSite) -> QuerySet[DirectoryEntry]:
    return site.entries.select_related("actor")[:HISTORY]


def facts_of(
    site: HostingSite, user: User, *, form: ContactForm | None = None, merge: MergeForm | None = None
) -> dict[str, Any]:
    """All that the site's page shows; a form that was refused stands in the place of an empty one."""
    waiting = site.changes.filter(state=ContactChange.State.WAITING).select_related("contact", "proposed_by")
    new = site.suggestions.filter(state=Suggestion.State.NEW)
    return {
        "site": site, "shown_domain": names.shown_name(site.domain),
        "aliases": [(name, names.shown_name(name)) for name in site.aliases],
        "rows": contact_rows(site), "open_letters": changes.open_notices(site), "busy": changes.is_busy(site),
        "waiting": [(change, changes.in_words(change.why), differences(change)) for change in waiting],
        "suggestions": suggestion_rows(new), "lookup": site.lookups.first(), "history": history(site),
        "form": form or ContactForm(), "merge": merge or MergeForm(site=site), "may_change": user.has_role(Role.ADMIN),
    }  # fmt: skip


# --- the list ----------------------------------------------------------------------------------------------------
def listed(words: str, trouble: str) -> QuerySet[HostingSite]:
    """Sites whose names or contacts hold the words; `trouble` is "", "none", "unconfirmed", "stale", "bounced" or "waiting"."""
    sites = HostingSite.objects.prefetch_related("contacts").order_by("name", "pk")
    if words:
        written = names.ascii_words(words)
        found = Q(name__icontains=words) | Q(contacts__address__icontains=words)
        sites = sites.annotate(alias_text=Cast("aliases", TextField()))
        sites = sites.filter(found | Q(domain__icontains=written) | Q(alias_text__icontains=written)).distinct()
    kept = Contact.objects.exclude(state=Contact.State.RETIRED)
    bounced = kept.filter(state__in=[Contact.State.BOUNCED, Contact.State.PAUSED])
    narrowed = {
        "none": ~Q(pk__in=kept.values("site")),
        "unconfirmed": Q(pk__in=kept.filter(confirmed_at=None).values("site")),
        "stale": Q(pk__in=kept.filter(confirmed_at__lt=stale_before(timezone.now())).values("site")),
        "bounced": Q(pk__in=bounced.values("site")),
        "waiting": Q(pk__in=ContactChange.objects.filter(state=ContactChange.State.WAITING).values("site")),
    }
    return sites.filter(narrowed[trouble]) if trouble in narrowed else sites
