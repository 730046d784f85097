"""Hana imports a thousand rows, twice; what would change a busy site waits for a second administrator."""

from __future__ import annotations

import csv
import io
import time

import pytest
from django.utils import timezone

from cases.models import Role
from takedown import contacts
from takedown.directory import changes
from takedown.directory.models import ContactChange, DirectoryEntry
from takedown.models import Contact, HostingSite, Notice
from tests.base import Cast, staff
from tests.takedown import scene

pytestmark = pytest.mark.django_db
KINDS, LAWS, LANGUAGES = ("site", "platform", "host"), ("KR", "US", "JP", "EU", "INT"), ("ko", "en", "ja")


def rows_of(count: int, *wrong: tuple[int, str, str]) -> bytes:
    """Of a thousand rows 700 are sites, 300 second contacts; `wrong` puts a text into a column of a row (as numbered there)."""
    rows, sites = [], count * 7 // 10
    for number in range(count):
        first = number < sites
        which = number if first else number - sites
        rows.append({
            "domain": f"site{which}.example", "name": f"사이트 {which}", "aliases": f"m{which}.example 거울{which}.example",
            "kind": KINDS[which % 3], "language": LANGUAGES[which % 3], "jurisdiction": LAWS[which % 5],
            "time_zone": "Asia/Seoul", "notes": f"answers, “{which}”\nat night", "channel": "email" if first else "form",
            "address": f"abuse@site{which}.example" if first else f"https://site{which}.example/report",
            "rank": "1" if first else "2", "reaches": "" if first else "site platform host",
            "content": "synthetic" if which % 7 == 0 else "", "law": "KR EU" if which % 11 == 0 else "",
            "note": "slow" if which % 5 == 0 else "", "xarf": ("yes", "no", "")[which % 3],
        })  # fmt: skip
    for number, column, text in wrong:
        rows[number - 2][column] = text
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def counts(outcome: contacts.Outcome) -> tuple[int, int, int, int, int]:
    return outcome.created, outcome.changed, outcome.waiting, outcome.same, len(outcome.errors)


def test_a_thousand_rows_twice_and_the_second_time_nothing_changes(cast: Cast) -> None:
    began = time.process_time()
    first = contacts.import_csv(rows_of(1000), apply=True, admin=cast.hana)
    assert counts(first) == (1000, 0, 0, 0, 0)
    assert (HostingSite.objects.count(), Contact.objects.count()) == (700, 1000)
    before, lines = contacts.export_csv(), DirectoryEntry.objects.count()
    second = contacts.import_csv(rows_of(1000), apply=True, admin=cast.hana)
    assert counts(second) == (0, 0, 0, 1000, 0)
    assert (contacts.export_csv(), DirectoryEntry.objects.count()) == (before, lines)
    assert time.process_time() - began < 60


def test_what_was_exported_makes_the_same_directory_elsewhere(cast: Cast) -> None:
    contacts.import_csv(rows_of(150), apply=True, admin=cast.hana)
    exported = contacts.export_csv()
    assert counts(contacts.import_csv(exported, apply=True, admin=cast.hana)) == (0, 0, 0, 150, 0)
    HostingSite.objects.all().delete()
    assert counts(contacts.import_csv(exported, apply=True, admin=cast.hana)) == (150, 0, 0, 0, 0)
    assert contacts.export_csv() == exported


def test_who_wants_reports_for_machines_goes_out_and_comes_back(cast: Cast) -> None:
    site = scene.make_site("tube.example")
    site.contacts.update(wants_xarf=True)
    wanted = contacts.export_csv()
    site.contacts.update(wants_xarf=False)
    unwanted = contacts.export_csv()
    assert counts(contacts.import_csv(wanted, apply=True, admin=cast.hana)) == (0, 1, 0, 0, 0)
    assert site.contacts.get().wants_xarf is True
    untold = b"domain,address,xarf\ntube.example,abuse@tube.example,\n"
    assert counts(contacts.import_csv(untold, apply=True, admin=cast.hana)) == (0, 0, 0, 1, 0)
    contacts.import_csv(unwanted, apply=True, admin=cast.hana)
    assert site.contacts.get().wants_xarf is False
    wrong = contacts.import_csv(untold.replace(b"example,\n", b"example,maybe\n"), admin=cast.hana)
    assert "“maybe” cannot stand in the column “xarf”" in wrong.errors[0]


def test_a_dry_run_names_every_wrong_row_and_changes_nothing(cast: Cast) -> None:
    wrong = [(50, "address", "nobody"), (80, "kind", "shop"), (141, "content", "funny"), (151, "law", "XX")]
    outcome = contacts.import_csv(rows_of(150, *wrong), admin=cast.hana)
    assert [sentence.partition(":")[0] for sentence in outcome.errors] == ["Row 50", "Row 80", "Row 141", "Row 151"]
    assert (outcome.created, outcome.applied, HostingSite.objects.count()) == (146, False, 0)
    assert contacts.import_csv(rows_of(150, *wrong), apply=True, admin=cast.hana).applied is False
    assert (HostingSite.objects.count(), DirectoryEntry.objects.count()) == (0, 0)


def test_a_name_belongs_to_one_site(cast: Cast) -> None:
    scene.make_site("tube.example", aliases=["mirror.example"])
    text = "domain,aliases,address\nmirror.example,,a@mirror.example\nnew.example,tube.example,a@new.example\n"
    outcome = contacts.import_csv(text.encode(), admin=cast.hana)
    assert ["domain of another site" in sentence for sentence in outcome.errors] == [True, True]


def test_what_would_change_a_busy_sites_contact_waits(cast: Cast, settings: object) -> None:
    settings.BUSY_SITE_NOTICES = 1
    site = scene.make_site("tube.example")
    Notice.objects.create(reference="SG-1", case=cast.case, site=site, language="en", found_at=timezone.now())
    text = b"domain,address,rank\ntube.example,abuse@tube.example,5\ntube.example,new@tube.example,1\n"
    assert counts(contacts.import_csv(text, admin=cast.hana)) == (1, 0, 1, 0, 0)
    assert not ContactChange.objects.exists()
    assert counts(contacts.import_csv(text, apply=True, admin=cast.hana)) == (1, 0, 1, 0, 0)
    assert counts(contacts.import_csv(text, apply=True, admin=cast.hana)) == (0, 0, 0, 2, 0)
    assert {one.address: one.rank for one in site.contacts.all()} == {"abuse@tube.example": 1, "new@tube.example": 1}
    changes.agree(ContactChange.objects.get(state="waiting"), staff("hyun", Role.ADMIN))
    assert site.contacts.get(address="abuse@tube.example").rank == 5
    assert counts(contacts.import_csv(text, apply=True, admin=cast.hana)) == (0, 0, 0, 2, 0)


def test_nobody_alone_changes_a_busy_site_from_the_command_line(cast: Cast, settings: object) -> None:
    settings.BUSY_SITE_NOTICES = 1
    site = scene.make_site("tube.example")
    Notice.objects.create(reference="SG-1", case=cast.case, site=site, language="en", found_at=timezone.now())
    outcome = contacts.import_csv(b"domain,address,rank\ntube.example,abuse@tube.example,5\n", apply=True)
    assert "two administrators" in outcome.errors[0]


def test_a_removed_contact_is_not_exported_and_comes_back_unconfirmed(cast: Cast) -> None:
    site = scene.make_site("tube.example")
    text = contacts.export_csv()
    changes.propose(site, ContactChange.Action.REMOVE, cast.hana, contact=site.contacts.get())
    assert b"abuse@" not in contacts.export_csv()
    assert contacts.import_csv(text, apply=True, admin=cast.hana).created == 1
    assert (site.contacts.get().state, site.contacts.get().confirmed_at) == (Contact.State.USABLE, None)
