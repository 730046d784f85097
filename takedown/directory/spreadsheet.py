"""The directory of hosting sites as a spreadsheet: export, dry run, import.

One row per contact; a site without contacts has one row with the contact's columns empty. Importing the same file
twice changes nothing the second time. Nothing is deleted by an import, and nothing is half applied. What would change a
busy site's contact becomes a proposal that waits for a second administrator (`changes.py`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext as _

from cases.models import User
from takedown.directory import cells, changes, names, record
from takedown.directory.cells import CellTrouble
from takedown.directory.choosing import CONTENT_KINDS
from takedown.directory.models import ContactChange, DirectoryEntry
from takedown.jurisdictions import EU_MEMBERS, JURISDICTIONS, jurisdiction_for, language_for
from takedown.models import LETTER_LANGUAGES, AddresseeType, Contact, HostingSite

SITE_COLUMNS = ("domain", "name", "aliases", "kind", "language", "jurisdiction", "time_zone", "notes")
SCOPE_COLUMNS = ("reaches", "content", "law")
CONTACT_COLUMNS = ("channel", "address", "rank", *SCOPE_COLUMNS, "note", "xarf")
COLUMNS = SITE_COLUMNS + CONTACT_COLUMNS
MOST_ROWS = 1000
BOM = "\ufeff"
# A spreadsheet runs what begins like this as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LAWS = frozenset({*JURISDICTIONS, *EU_MEMBERS})


@dataclass
class Outcome:
    """What an import did, or would do. Counts are rows of the file; errors are sentences.

    `waiting` rows would change a busy site's contact and wait for a second administrator.
    """

    applied: bool = False
    created: int = 0
    changed: int = 0
    waiting: int = 0
    same: int = 0
    errors: list[str] = field(default_factory=list)


class _DryRun(Exception):
    """Ends the transaction of a dry run."""


# --- out ---------------------------------------------------------------------------------------------------------
def export_csv() -> bytes:
    """The whole directory, UTF-8 with a byte order mark so that spreadsheets read every script."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for site in HostingSite.objects.order_by("domain").prefetch_related("contacts"):
        kept = [one for one in site.contacts.all() if one.state != Contact.State.RETIRED]
        for contact in [_contact_cells(one) for one in kept] or [("",) * len(CONTACT_COLUMNS)]:
            writer.writerow([_harmless(cell) for cell in (*_site_cells(site), *contact)])
    return (BOM + out.getvalue()).encode()


def _site_cells(site: HostingSite) -> tuple[str, ...]:
    aliases = " ".join(site.aliases)
    return (
        site.domain, site.name, aliases, site.addressee_type, site.language, site.jurisdiction, site.time_zone,
        site.notes.strip(),
    )  # fmt: skip


def _contact_cells(one: Contact) -> tuple[str, ...]:
    scope = (" ".join(words) for words in (one.addressees, one.contents, one.jurisdictions))
    return one.channel, one.address, str(one.rank), *scope, one.note, "yes" if one.wants_xarf else "no"


def _harmless(cell: str) -> str:
    """A cell no spreadsheet takes for a formula. A leading apostrophe is doubled, so that reading back is exact."""
    return f"'{cell}" if cell.startswith((*FORMULA, "'")) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*FORMULA, "'")) else cell


# --- in ----------------------------------------------------------------------------------------------------------
def import_csv(data: bytes, *, apply: bool = False, admin: User | None = None) -> Outcome:
    """Read the file against the directory. With errors, or without `apply`, nothing is changed.

    `admin` is whom the log names and who proposes what a busy site's contacts would become.
    """
    outcome = Outcome()
    try:
        with transaction.atomic():
            known = names.owners()
            for number, row in _rows(data):
                _take(number, row, outcome, _Import(admin, known))
            _same_site_everywhere(data, outcome)
            if outcome.errors or not apply:
                raise _DryRun
            outcome.applied = True
    except _DryRun:
        pass
    except CellTrouble as error:
        outcome.errors.append(str(error))
    return outcome


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered as a spreadsheet numbers them (the heading is row 1). Raises CellTrouble for the file as a whole."""
    text = _text(data)
    lines = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
    try:
        heading = [cell.strip().lower() for cell in next(lines, [])]
        if missing := [name for name in ("domain", "address") if name not in heading]:
            sentence = _("The first row must name the columns. Missing: %(names)s.")
            raise CellTrouble(sentence % {"names": ", ".join(missing)})
        if unknown := [name for name in heading if name and name not in COLUMNS]:
            raise CellTrouble(_("Unknown columns: %(names)s.") % {"names": ", ".join(unknown)})
        for number, cells in enumerate(lines, start=2):
            if number > MOST_ROWS + 1:
                raise CellTrouble(_("The file has more than %(count)d rows.") % {"count": MOST_ROWS})
            if any(cell.strip() for cell in cells):
                yield number, {name: _plain(cell).strip() for name, cell in zip(heading, cells, strict=False) if name}
    except csv.Error as error:
        raise CellTrouble(_("This is not a CSV file: %(why)s.") % {"why": error}) from error


def _text(data: bytes) -> str:
    """UTF-8, or what Korean spreadsheets write. Raises CellTrouble."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise CellTrouble(_("The file's characters cannot be read. Save it as CSV in UTF-8."))


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(",;\t", key=heading.count)


@dataclass(frozen=True)
class _Import:
    """Who imports, and whose each name of the directory is; the latter grows with the rows."""

    admin: User | None
    known: dict[str, int]


def _take(number: int, row: dict[str, str], outcome: Outcome, run: _Import) -> None:
    try:
        # A row with an error must leave no trace, or the rows after it would be judged wrongly.
        with transaction.atomic():
            kind = _upsert(row, run)
    except (CellTrouble, changes.ChangeError, names.NameTrouble) as error:
        outcome.errors.append(_("Row %(number)d: %(why)s") % {"number": number, "why": error})
        return
    setattr(outcome, kind, getattr(outcome, kind) + 1)


def _upsert(row: dict[str, str], run: _Import) -> str:
    """Write one row; "created", "changed", "waiting" or "same". Raises CellTrouble."""
    domain = cells.domain(row.get("domain", ""))
    site = HostingSite.objects.filter(domain=domain).first() or _fresh_site(domain, run)
    new = site.pk is None
    before = _site_cells(site)
    _fill(site, row, run)
    changed = _site_cells(site) != before
    if new or changed:
        site.save()
        run.known.update(dict.fromkeys((site.domain, *site.aliases), site.pk))
        verb = DirectoryEntry.Verb.SITE_ADDED if new else DirectoryEntry.Verb.SITE_CHANGED
        record.write(site, verb, run.admin, by="import")
    contact = _upsert_contact(site, row, run)
    if new or contact == "created":
        return "created"
    return "changed" if changed and contact == "same" else contact


def _fresh_site(domain: str, run: _Import) -> HostingSite:
    if domain in run.known:
        raise CellTrouble(_("“%(value)s” is the domain of another site.") % {"value": domain})
    jurisdiction = jurisdiction_for(domain)
    return HostingSite(domain=domain, name=domain[:120], jurisdiction=jurisdiction, language=language_for(jurisdiction))


def _fill(site: HostingSite, row: dict[str, str], run: _Import) -> None:
    """Filled cells replace; empty ones leave what is there."""
    if name := row.get("name"):
        site.name = cells.short(name, 120, "name")
    if aliases := row.get("aliases"):
        told = names.alias_list(aliases, site_id=site.pk, domain=site.domain, known=run.known)
        changes.check_names_stay(site, [site.domain, *told])
        site.aliases = told
    if kind := row.get("kind"):
        site.addressee_type = cells.one_of(kind, AddresseeType.values, "kind")
    if jurisdiction := row.get("jurisdiction"):
        site.jurisdiction = cells.one_of(jurisdiction.upper(), LAWS, "jurisdiction")
    if language := row.get("language"):
        site.language = cells.one_of(language, [code for code, _name in LETTER_LANGUAGES], "language")
    if time_zone := row.get("time_zone"):
        site.time_zone = cells.one_of(time_zone, _time_zones(), "time_zone")
    if notes := row.get("notes"):
        site.notes = notes


@cache
def _time_zones() -> frozenset[str]:
    """Read once: the list is made by walking through the file system."""
    return frozenset(available_timezones())


def _upsert_contact(site: HostingSite, row: dict[str, str], run: _Import) -> str:
    address, channel = row.get("address", ""), row.get("channel") or Contact.Channel.EMAIL
    if not address:
        if any(row.get(name) for name in CONTACT_COLUMNS):
            raise CellTrouble(_("the column “%(column)s” is empty.") % {"column": "address"})
        return "same"
    channel = cells.one_of(channel, Contact.Channel.values, "channel")
    address = cells.address(channel, address)
    contact = Contact.objects.filter(site=site, channel=channel, address=address).first()
    told = {"rank": cells.rank(row.get("rank", ""), contact), **_scope(row)}
    if contact is None or contact.state == Contact.State.RETIRED:
        # Not confirmed by being in a file: an administrator confirms each before it is written to.
        fields = {"channel": channel, "address": address, **told}
        return _changed(site, ContactChange.Action.ADD, contact, fields, run)
    told = {name: value for name, value in told.items() if getattr(contact, name) != value}
    return _changed(site, ContactChange.Action.CHANGE, contact, told, run) if told else "same"


def _changed(site: HostingSite, action: str, contact: Contact | None, fields: dict[str, Any], run: _Import) -> str:
    if run.admin is None:
        return _changed_by_nobody(site, contact, fields)
    adding = action == ContactChange.Action.ADD
    before = 0 if adding else ContactChange.objects.count()
    change = changes.propose(site, action, run.admin, contact=None if adding else contact, fields=fields)
    if change.state == ContactChange.State.APPLIED:
        return "created" if adding else "changed"
    return "same" if ContactChange.objects.count() == before else "waiting"  # proposed by an earlier import already


def _changed_by_nobody(site: HostingSite, contact: Contact | None, fields: dict[str, Any]) -> str:
    """On a command line nobody is signed in: what needs two people is refused, the rest is done."""
    if contact is None:
        Contact.objects.create(site=site, **fields)
        return "created"
    if changes.is_busy(site):
        raise CellTrouble(_("the contact of a busy site is changed by two administrators."))
    Contact.objects.filter(pk=contact.pk).update(**fields, state=Contact.State.USABLE)
    return "changed"


def _scope(row: dict[str, str]) -> dict[str, Any]:
    """What the row says of the contact's scope, note and reports; empty cells leave what is there."""
    allowed = {"reaches": AddresseeType.values, "content": [code for code, _name in CONTENT_KINDS], "law": LAWS}
    written = {"reaches": "addressees", "content": "contents", "law": "jurisdictions"}
    told: dict[str, Any] = {
        written[column]: [cells.one_of(word, allowed[column], column) for word in dict.fromkeys(cell.split())]
        for column in SCOPE_COLUMNS if (cell := row.get(column))
    }  # fmt: skip
    if note := row.get("note"):
        told["note"] = cells.short(note, 300, "note")
    if xarf := row.get("xarf"):
        told["wants_xarf"] = cells.one_of(xarf.lower(), ("yes", "no"), "xarf") == "yes"
    return told


# --- the file as a whole ----------------------------------------------------------------------------------------
def _same_site_everywhere(data: bytes, outcome: Outcome) -> None:
    """Rows of one site must say the same of it; otherwise the last one would win unseen."""
    first: dict[str, tuple[int, dict[str, Any]]] = {}
    for number, row in _rows(data):
        domain = row.get("domain", "").lower()
        earlier_number, earlier = first.setdefault(domain, (number, row))
        for column in SITE_COLUMNS[1:]:
            if row.get(column) and earlier.get(column) and row[column] != earlier[column]:
                sentence = _("Row %(number)d: the column “%(column)s” differs from row %(earlier)d of the same domain.")
                outcome.errors.append(sentence % {"number": number, "column": column, "earlier": earlier_number})
