"""Two entries that turn out to be one site. Everything that hangs on the one moves to the other; then it is gone."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from cases.models import User
from takedown.directory import record
from takedown.directory.models import DirectoryEntry, Lookup
from takedown.models import Contact, HostingSite


class MergeError(ValueError):
    """These two cannot become one; the sentence says why."""


def merge(gone: HostingSite, kept: HostingSite, admin: User, **detail: Any) -> None:
    """Move letters, contacts and all other rows of `gone` to `kept`; join their names and notes. Raises MergeError.

    Law, language and kind stay those of `kept`. A contact both have stays once, with the letters of both.
    """
    if gone.pk == kept.pk:
        raise MergeError(_("A site cannot be merged into itself."))
    with transaction.atomic():
        told = {"domain": gone.domain, "name": gone.name, "aliases": gone.aliases, "contacts": _addresses(gone)}
        _join_contacts(gone, kept)
        _move_the_rest(gone, kept)
        _join_names(gone, kept)
        gone.delete()
        kept.save(update_fields=["aliases", "notes"])
        record.write(kept, DirectoryEntry.Verb.MERGED, admin, merged=told, **detail)


def _addresses(site: HostingSite) -> list[str]:
    return list(site.contacts.values_list("address", flat=True))


def _join_contacts(gone: HostingSite, kept: HostingSite) -> None:
    """The double is taken out; what refers to it refers to the other then."""
    for contact in gone.contacts.all():
        twin = Contact.objects.filter(site=kept, channel=contact.channel, address=contact.address).first()
        if twin is None:
            Contact.objects.filter(pk=contact.pk).update(site=kept)
            continue
        for relation in _pointing_at(Contact):
            relation.related_model._default_manager.filter(**{relation.field.name: contact}).update(
                **{relation.field.name: twin}
            )
        contact.delete()


def _move_the_rest(gone: HostingSite, kept: HostingSite) -> None:
    """Every table that names a hosting site, those added later too. A row `kept` has already is dropped."""
    Lookup.objects.filter(site=gone, status=Lookup.Status.ASKED).delete()
    for relation in _pointing_at(HostingSite):
        model, field = relation.related_model, relation.field.name
        for pk in model._default_manager.filter(**{field: gone}).values_list("pk", flat=True):
            row = model._default_manager.filter(pk=pk)
            try:
                with transaction.atomic():
                    row.update(**{field: kept})
            except IntegrityError:
                row.delete()


def _pointing_at(model: type[models.Model]) -> list[Any]:
    return [relation for relation in model._meta.related_objects if relation.field.model._meta.managed]


def _join_names(gone: HostingSite, kept: HostingSite) -> None:
    joined = dict.fromkeys([*kept.aliases, gone.domain, *gone.aliases])
    kept.aliases = [name for name in joined if name != kept.domain]
    kept.notes = "\n".join(note for note in (kept.notes.strip(), gone.notes.strip()) if note)
