"""Changes of contacts. For a busy site, and for an address nobody published, one administrator proposes and another agrees.

Contacts decide where letters about victims go; a single wrong or malicious change of a busy site would send all of them
to a stranger (threats.md T13). So every change goes through `propose`, which does it at once or lets it wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.models import User
from takedown.directory import merging, names, record
from takedown.directory.models import ContactChange, DirectoryEntry, Suggestion
from takedown.directory.names import registered_name
from takedown.models import Contact, HostingSite, Notice

A = ContactChange.Action
S = ContactChange.State
V = DirectoryEntry.Verb
OVER = (Notice.Status.REMOVED, Notice.Status.CANCELLED)
KEPT = ("channel", "address", "rank", "addressees", "contents", "jurisdictions", "note", "wants_xarf", "state")
CHANGEABLE = KEPT[:-1]
NOT_A_SECOND = gettext_lazy("A second administrator has to agree: you proposed this yourself.")


class ChangeError(Exception):
    """Refused; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


# --- when two are needed -----------------------------------------------------------------------------------------
def open_notices(site: HostingSite) -> int:
    """Letters to this site that are not over: drafts count, for they would go to the new address."""
    return Notice.objects.filter(site=site).exclude(status__in=OVER).count()


def is_busy(site: HostingSite) -> bool:
    return open_notices(site) >= settings.BUSY_SITE_NOTICES


def why_second(site: HostingSite, action: str, address: str = "") -> str:
    """Why a second administrator has to agree: "busy:3" (open letters), "elsewhere"; empty when one is enough."""
    if action == A.ADD:  # unconfirmed: nothing can be sent there yet
        return ""
    count = open_notices(site)
    if count >= settings.BUSY_SITE_NOTICES:
        return f"busy:{count}"
    return "elsewhere" if action == A.CONFIRM and not vouched_for(site, address) else ""


def in_words(why: str) -> str:
    """`why_second` for a person, in the reader's language."""
    word, _colon, count = why.partition(":")
    if word == "busy":
        said = ngettext("This site has %(count)d open letter.", "This site has %(count)d open letters.", int(count))
        return said % {"count": int(count)}
    if word == "elsewhere":
        return _("The address lies on another domain than the site, and no public source names it.")
    return ""


def vouched_for(site: HostingSite, address: str) -> bool:
    """On the site's own domain, or named by a source that is more than a guess."""
    own = {registered_name(name) for name in (site.domain, *site.aliases)}
    if registered_name(_host_of(address)) in own:
        return True
    named = Suggestion.objects.filter(site=site, address__iexact=address)
    return named.exclude(source=Suggestion.Source.CUSTOM).exclude(state=Suggestion.State.REJECTED).exists()


def check_names_stay(site: HostingSite, kept: Iterable[str]) -> None:
    """A busy site's names cannot be taken away: another entry could take them, and its letters. Raises ChangeError."""
    if site.pk and {site.domain, *site.aliases} - set(kept) and is_busy(site):
        raise ChangeError(_("This site has many open letters: its domains can be added to, not taken away."))


def _host_of(address: str) -> str:
    """Of an e-mail address or of a form's address."""
    rest = address.partition("://")[2] or address.rpartition("@")[2]
    return rest.partition("/")[0].partition(":")[0].lower()


# --- propose -----------------------------------------------------------------------------------------------------
def propose(
    site: HostingSite, action: str, admin: User, *, contact: Contact | None = None, fields: dict[str, Any] | None = None
) -> ContactChange:
    """Do it, or let it wait for a second administrator; the same proposal twice is one. Raises ChangeError."""
    fields = fields or {}
    with transaction.atomic():
        site = HostingSite.objects.select_for_update().get(pk=site.pk)
        asked = ContactChange.objects.filter(site=site, contact=contact, action=action, fields=fields, state=S.WAITING)
        if waiting := asked.first():
            return waiting
        why = _why(site, action, contact, fields)
        change = ContactChange.objects.create(
            site=site, contact=contact, action=action, fields=fields, before=snapshot(contact), why=why,
            needs_second=bool(why), proposed_by=admin,
        )  # fmt: skip
        if why:
            record.write(site, V.PROPOSED, admin, address=_address(change), what=action, fields=fields, why=why)
        else:
            _apply(change, admin)
        return change


def _why(site: HostingSite, action: str, contact: Contact | None, fields: dict[str, Any]) -> str:
    address = contact.address if contact else str(fields.get("address", ""))
    why = why_second(site, action, address)
    if not why and action == A.MERGE:
        why = why_second(_into(fields), action)
    return why


def snapshot(contact: Contact | None) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in KEPT} if contact else {}


def _address(change: ContactChange) -> str:
    return change.contact.address if change.contact else str(change.fields.get("address", ""))


# --- decide ------------------------------------------------------------------------------------------------------
def agree(change: ContactChange, admin: User) -> None:
    """The second administrator's yes: done at once. Raises ChangeError."""
    with transaction.atomic():
        row = _waiting(change)
        if row.proposed_by_id == admin.pk:
            raise ChangeError(str(NOT_A_SECOND))
        if row.contact and snapshot(row.contact) != row.before:
            raise ChangeError(_("The contact was changed since this was proposed. Decline it and propose it anew."))
        _apply(row, admin)
    change.refresh_from_db()


def decline(change: ContactChange, admin: User) -> None:
    """No, by anyone of the administrators; whoever proposed it may take it back. Raises ChangeError."""
    with transaction.atomic():
        row = _waiting(change)
        row.state, row.decided_by, row.decided_at = S.DECLINED, admin, timezone.now()
        row.save(update_fields=["state", "decided_by", "decided_at"])
        record.write(row.site, V.DECLINED, admin, address=_address(row), what=row.action)
    change.refresh_from_db()


def _waiting(change: ContactChange) -> ContactChange:
    row = ContactChange.objects.select_for_update(of=("self",)).select_related("contact", "site").get(pk=change.pk)
    if row.state != S.WAITING:
        raise ChangeError(_("This proposal is already settled."))
    return row


# --- apply -------------------------------------------------------------------------------------------------------
def _apply(change: ContactChange, admin: User) -> None:
    verb = {A.ADD: _add, A.CHANGE: _change, A.CONFIRM: _confirm, A.REMOVE: _remove, A.MERGE: _merge}
    change.state, change.decided_by, change.decided_at = S.APPLIED, admin, timezone.now()
    verb[A(change.action)](change, admin)
    # By UPDATE: after a merge the row belongs to another site already.
    ContactChange.objects.filter(pk=change.pk).update(
        contact=change.contact, state=change.state, decided_by=admin, decided_at=change.decided_at
    )


def _add(change: ContactChange, admin: User) -> None:
    site, fields = change.site, {name: change.fields[name] for name in CHANGEABLE if name in change.fields}
    retired = Contact.objects.filter(
        site=site, channel=fields["channel"], address=fields["address"], state=Contact.State.RETIRED
    ).first()
    contact = retired or Contact(site=site)
    _write(contact, {**fields, "state": Contact.State.USABLE}, confirmed_at=None, failure="")
    change.contact = contact
    record.write(site, V.ADDED, admin, address=contact.address, fields=fields)


def _change(change: ContactChange, admin: User) -> None:
    contact = _contact(change)
    fields = {name: change.fields[name] for name in CHANGEABLE if name in change.fields}
    moved = (
        fields.get("address", contact.address) != contact.address
        or fields.get("channel", contact.channel) != contact.channel
    )
    fresh: dict[str, Any] = {}
    if moved:  # another address has bounced nothing and was confirmed by nobody, unless two agreed on it
        at = timezone.now() if change.needs_second else None
        fresh = {
            "confirmed_at": at,
            "failure": "",
            "bounce_count": 0,
            "bounced_at": None,
            "state": Contact.State.USABLE,
        }
    before = {name: getattr(contact, name) for name in fields}
    _write(contact, fields, **fresh)
    record.write(change.site, V.CHANGED, admin, address=contact.address, before=before, fields=fields, **_first(change))


def _confirm(change: ContactChange, admin: User) -> None:
    contact = _contact(change)
    if contact.state == Contact.State.RETIRED:
        raise ChangeError(_("This contact was removed. Add it again first."))
    _write(contact, {}, state=Contact.State.USABLE, failure="", confirmed_at=timezone.now())
    record.write(change.site, V.CONFIRMED, admin, address=contact.address, **_first(change))


def _remove(change: ContactChange, admin: User) -> None:
    """Letters refer to it, so the row stays and is never used again."""
    contact = _contact(change)
    _write(contact, {}, state=Contact.State.RETIRED, confirmed_at=None)
    record.write(change.site, V.REMOVED, admin, address=contact.address, **_first(change))


def _merge(change: ContactChange, admin: User) -> None:
    merging.merge(change.site, _into(change.fields), admin, **_first(change))


def _into(fields: dict[str, Any]) -> HostingSite:
    site = HostingSite.objects.filter(domain=fields.get("into", "")).first()
    if site is None:
        raise ChangeError(_("There is no such site to merge into."))
    return site


def _contact(change: ContactChange) -> Contact:
    if change.contact is None:
        raise ChangeError(_("The contact does not exist any more."))
    return change.contact


def _first(change: ContactChange) -> dict[str, Any]:
    return {"proposed_by": change.proposed_by.username} if change.needs_second else {}


def _write(contact: Contact, fields: dict[str, Any], **more: Any) -> None:
    for name, value in {**fields, **more}.items():
        setattr(contact, name, value)
    contact.address = names.ascii_mail(contact.address) if contact.channel == Contact.Channel.EMAIL else contact.address
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError as error:
        raise ChangeError(_("The site has this contact already.")) from error
