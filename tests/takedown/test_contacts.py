"""Admin Hana keeps the directory in a spreadsheet, and nothing in it can hurt her."""

from __future__ import annotations

import csv
import io

import pytest
from django.utils import timezone

from takedown import contacts
from takedown.models import Contact, HostingSite
from tests.takedown import scene

pytestmark = pytest.mark.django_db
HEADING = "domain,name,aliases,kind,language,jurisdiction,time_zone,channel,address,rank\n"
TUBE = "tube.example,Tube,mirror.example m2.example,platform,ja,JP,Asia/Tokyo,email,abuse@tube.example,1\n"


def imported(text: str, *, apply: bool = True) -> contacts.Outcome:
    return contacts.import_csv((HEADING + text).encode(), apply=apply)


def test_a_row_becomes_a_site_and_a_contact_that_waits_for_confirmation() -> None:
    outcome = imported(TUBE)
    site = HostingSite.objects.get()
    assert (outcome.applied, outcome.created, outcome.errors) == (True, 1, [])
    assert (site.aliases, site.jurisdiction, site.time_zone) == (["mirror.example", "m2.example"], "JP", "Asia/Tokyo")
    assert site.contacts.get().confirmed_at is None


def test_a_dry_run_tells_and_changes_nothing() -> None:
    outcome = imported(TUBE, apply=False)
    assert (outcome.applied, outcome.created) == (False, 1)
    assert not HostingSite.objects.exists()


def test_the_same_file_twice_changes_nothing() -> None:
    imported(TUBE)
    outcome = imported(TUBE)
    assert (outcome.created, outcome.changed, outcome.same) == (0, 0, 1)


def test_what_was_exported_is_read_back_equal() -> None:
    scene.make_site("tube.example", name="=HYPERLINK(1)", aliases=["a.example"], time_zone="Asia/Seoul")
    scene.make_site("포털.example".encode("idna").decode(), name="'포털")
    HostingSite.objects.create(domain="bare.example", name="-1+1")
    first = contacts.export_csv()
    outcome = contacts.import_csv(first, apply=True)
    assert (outcome.applied, outcome.created, outcome.changed, outcome.same) == (True, 0, 0, 3)
    HostingSite.objects.all().delete()
    assert contacts.import_csv(first, apply=True).created == 3
    assert contacts.export_csv() == first


def test_a_confirmed_contact_stays_confirmed() -> None:
    scene.make_site()
    contacts.import_csv(contacts.export_csv(), apply=True)
    assert Contact.objects.get().confirmed_at is not None


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(name: str) -> None:
    scene.make_site(name=name)
    text = contacts.export_csv().decode("utf-8-sig")
    [_heading, row] = csv.reader(io.StringIO(text))
    assert row[1] == f"'{name}"


def test_a_spreadsheet_sees_utf_8() -> None:
    assert contacts.export_csv().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("not a host,N,,site,en,US,UTC,email,a@b.example,1", "domain"),
        ("x.example,N,,shop,en,US,UTC,email,a@b.example,1", "kind"),
        ("x.example,N,,site,xx,US,UTC,email,a@b.example,1", "language"),
        ("x.example,N,,site,en,ZZ,UTC,email,a@b.example,1", "jurisdiction"),
        ("x.example,N,,site,en,US,Mars/Base,email,a@b.example,1", "time_zone"),
        ("x.example,N,,site,en,US,UTC,pigeon,a@b.example,1", "channel"),
        ("x.example,N,,site,en,US,UTC,email,nobody,1", "address"),
        ("x.example,N,,site,en,US,UTC,form,javascript:alert(1),1", "address"),
        ("x.example,N,,site,en,US,UTC,email,a@b.example,first", "rank"),
        ("x.example,N,,site,en,US,UTC,email,,1", "address"),
        (f"x.example,{'n' * 121},,site,en,US,UTC,email,a@b.example,1", "name"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_nothing_is_half_applied(row: str, named: str) -> None:
    outcome = imported(TUBE + row + "\n")
    [error] = outcome.errors
    assert error.startswith("Row 3: ")
    assert f"“{named}”" in error
    assert not outcome.applied
    assert not HostingSite.objects.exists()


def test_rows_of_one_site_must_agree() -> None:
    outcome = imported(TUBE + TUBE.replace("Tube,", "Pipe,").replace("abuse@", "legal@"))
    assert any("differs from row 2" in error for error in outcome.errors)
    assert not HostingSite.objects.exists()


def test_another_sites_domain_is_no_alias() -> None:
    imported(TUBE)
    outcome = imported("new.example,New,tube.example,site,en,US,UTC,email,a@new.example,1\n")
    assert "another site" in outcome.errors[0]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "name the columns"),
        (b"domain,address,colour\n", "colour"),
        (b"\xff\xfe\x00\x00", "characters"),
        ((HEADING + "x.example,,,,,,,,,\n" * 1001).encode(), "1000 rows"),
    ],
)
def test_a_file_that_is_no_directory_is_refused_in_a_sentence(data: bytes, named: str) -> None:
    outcome = contacts.import_csv(data, apply=True)
    assert named in outcome.errors[0]
    assert not outcome.applied


def test_a_korean_spreadsheet_is_read() -> None:
    text = HEADING.replace(",", ";") + TUBE.replace(",", ";").replace("Tube", "튜브")
    assert contacts.import_csv(text.encode("cp949"), apply=True).created == 1
    assert HostingSite.objects.get().name == "튜브"


def test_empty_cells_leave_what_is_there() -> None:
    imported(TUBE)
    HostingSite.objects.update(notes="answers at night")
    Contact.objects.update(confirmed_at=timezone.now())
    outcome = imported("tube.example,,,,,,,email,abuse@tube.example,2\n")
    assert outcome.changed == 1
    assert (HostingSite.objects.get().name, Contact.objects.get().rank) == ("Tube", 2)
