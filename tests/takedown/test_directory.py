"""Hana keeps the directory: names, scope and order of contacts, merges, and what two administrators decide together."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.models import Role, User
from takedown import contacts
from takedown.addressing import contact_for, site_for_url
from takedown.directory import changes, names
from takedown.directory.changes import ChangeError
from takedown.directory.choosing import Purpose, is_stale
from takedown.directory.models import ContactChange, DirectoryEntry, Suggestion
from takedown.models import Contact, HostingSite, Notice
from tests.base import Cast, staff
from tests.takedown import scene

pytestmark = pytest.mark.django_db
A, S = ContactChange.Action, ContactChange.State


@pytest.fixture
def hyun(db: None) -> User:
    """The second administrator."""
    return staff("hyun", Role.ADMIN)


@pytest.fixture
def site(db: None) -> HostingSite:
    return scene.make_site("tube.example")


@pytest.fixture
def busy(cast: Cast, settings: object) -> HostingSite:
    """A site with two open letters, where two make it busy."""
    settings.BUSY_SITE_NOTICES = 2
    scene.lay_lawbook()
    site = scene.make_site("tube.example")
    for number in range(2):
        Notice.objects.create(
            reference=f"SG-{number}", case=cast.case, site=site, language="en", found_at=timezone.now()
        )
    return site


def another_contact(site: HostingSite, address: str = "legal@tube.example", **fields: object) -> Contact:
    return Contact.objects.create(site=site, address=address, **{"confirmed_at": timezone.now(), "rank": 2, **fields})


def verbs(site: HostingSite) -> list[str]:
    return [entry.verb for entry in DirectoryEntry.objects.filter(site=site).order_by("pk")]


# --- names -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("host", "one_site", "why"),
    [
        ("m.tube.co.kr", "tube.co.kr", "co.kr is a public suffix"),
        ("a.b.tube.com", "tube.com", "sub-domains belong to their owner"),
        ("anna.blogspot.com", "anna.blogspot.com", "each blog is a site of its own"),
        ("x.anna.github.io", "anna.github.io", "a private suffix"),
        ("github.io", "github.io", "the suffix itself"),
        ("203.0.113.7", "203.0.113.7", "an address has no suffix"),
        ("www.xn--9t4b11yi5a.xn--3e0b707e", "xn--9t4b11yi5a.xn--3e0b707e", "IDN"),
    ],
)
def test_a_site_is_cut_at_the_public_suffix(host: str, one_site: str, why: str) -> None:
    assert names.site_name(host) == one_site, why


def test_names_are_stored_in_ascii_and_read_in_their_script() -> None:
    assert names.ascii_name("테스트.한국.") == "xn--9t4b11yi5a.xn--3e0b707e"
    assert names.shown_name("xn--9t4b11yi5a.xn--3e0b707e") == "테스트.한국"
    assert names.ascii_mail("abuse@테스트.한국") == "abuse@xn--9t4b11yi5a.xn--3e0b707e"
    assert names.shown_name("xn--broken-.example") == "xn--broken-.example"


def test_an_address_leads_to_its_site_by_domain_or_alias() -> None:
    site = scene.make_site("tube.co.kr", aliases=["xn--9t4b11yi5a.com"])
    for url in ("https://cdn3.tube.co.kr/v/1", "https://테스트.com/v/1", "https://m.xn--9t4b11yi5a.com/"):
        assert site_for_url(url) == site
    assert site_for_url("https://other.co.kr/").domain == "other.co.kr"


def test_two_blogs_of_one_provider_are_two_sites_unless_the_provider_answers_for_all() -> None:
    assert site_for_url("https://anna.blogspot.com/1") != site_for_url("https://bob.blogspot.com/1")
    provider = scene.make_site("blogspot.com", addressee_type="platform")
    assert site_for_url("https://carl.blogspot.com/1") == provider
    assert site_for_url("https://anna.blogspot.com/2").domain == "anna.blogspot.com"


# --- scope, order, falling back ----------------------------------------------------------------------------------
def test_a_letter_goes_to_the_first_contact_whose_scope_fits(site: HostingSite) -> None:
    minors = another_contact(site, "minors@tube.example", rank=1, contents=["minor"])
    asia = another_contact(site, "asia@tube.example", rank=0, jurisdictions=["JP"])
    registrar = another_contact(site, "abuse@names.example", rank=0, addressees=["registrar"])
    assert contact_for(site).address == "abuse@tube.example"
    Contact.objects.filter(address="abuse@tube.example").update(rank=9)
    site = HostingSite.objects.get()
    assert contact_for(site, Purpose(content="minor")) == minors
    assert contact_for(site, Purpose(jurisdiction="JP")) == asia
    assert contact_for(site, Purpose(addressee="registrar")) == registrar


def test_a_bounce_pauses_the_contact_and_names_the_next(site: HostingSite) -> None:
    first, second = site.contacts.get(), another_contact(site)
    at = timezone.now()
    assert contacts.bounced(first, "550 no such user", at) == second
    first.refresh_from_db()
    assert (first.state, first.bounce_count, first.bounced_at) == (Contact.State.BOUNCED, 1, at)
    assert contact_for(site) == second
    assert verbs(site) == ["bounced"]


def test_drafts_fall_back_to_the_next_contact_and_to_none(cast: Cast, site: HostingSite) -> None:
    from takedown import notices

    scene.lay_lawbook()
    second, draft = another_contact(site), scene.make_draft(cast.case)
    contacts.bounced(draft.contact, "550")
    notices.draft_due(timezone.now())
    draft.refresh_from_db()
    assert draft.contact == second
    assert contacts.pause(second, cast.hana, "answers nobody") is None
    assert any("cannot be used" in sentence for sentence in notices.gate(Notice.objects.get()))


@pytest.mark.parametrize(("minor", "desk"), [(True, "minors@tube.example"), (False, "abuse@tube.example")])
def test_material_of_a_minor_goes_to_the_desk_for_it(cast: Cast, site: HostingSite, minor: bool, desk: str) -> None:
    scene.lay_lawbook()
    another_contact(site, "minors@tube.example", rank=0, contents=["minor"])
    cast.case.minor = minor
    cast.case.save()
    assert scene.make_draft(cast.case).contact.address == desk


def test_a_contact_confirmed_long_ago_is_stale(site: HostingSite, settings: object) -> None:
    contact = site.contacts.get()
    assert not is_stale(contact)
    assert is_stale(contact, timezone.now() + timezone.timedelta(days=settings.CONTACT_STALE_DAYS + 1))
    contact.confirmed_at = None
    assert not is_stale(contact)


# --- one administrator, or two -----------------------------------------------------------------------------------
def test_one_administrator_is_enough_for_a_quiet_site(cast: Cast, site: HostingSite) -> None:
    fields = {"channel": "email", "address": "legal@tube.example"}
    added = changes.propose(site, A.ADD, cast.hana, fields=fields)
    assert (added.state, added.contact.confirmed_at) == (S.APPLIED, None)
    changes.propose(site, A.CONFIRM, cast.hana, contact=added.contact)
    added.contact.refresh_from_db()
    assert added.contact.confirmed_at is not None
    assert verbs(site) == ["added", "confirmed"]


@pytest.mark.parametrize("action", [A.CHANGE, A.CONFIRM, A.REMOVE])
def test_a_busy_sites_contact_changes_when_the_second_administrator_agrees(
    cast: Cast, busy: HostingSite, hyun: User, action: str
) -> None:
    contact = busy.contacts.get()
    before = changes.snapshot(contact), contact.confirmed_at
    change = changes.propose(busy, action, cast.hana, contact=contact, fields={"rank": 3} if action == A.CHANGE else {})
    contact.refresh_from_db()
    assert (change.state, "2 open letters" in changes.in_words(change.why)) == (S.WAITING, True)
    assert (changes.snapshot(contact), contact.confirmed_at) == before
    changes.agree(change, hyun)
    contact.refresh_from_db()
    assert (change.state, (changes.snapshot(contact), contact.confirmed_at) != before) == (S.APPLIED, True)
    assert verbs(busy)[0] == "proposed"
    assert DirectoryEntry.objects.get(site=busy, actor=hyun).detail["proposed_by"] == "hana"


def test_nobody_agrees_with_themselves(cast: Cast, busy: HostingSite) -> None:
    change = changes.propose(
        busy, A.CHANGE, cast.hana, contact=busy.contacts.get(), fields={"address": "x@evil.example"}
    )
    with pytest.raises(ChangeError, match="second administrator"):
        changes.agree(change, cast.hana)
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactChange.objects.update(state=S.APPLIED, decided_by=cast.hana)
    assert busy.contacts.get().address == "abuse@tube.example"


def test_a_proposal_for_a_contact_that_changed_meanwhile_is_void(cast: Cast, busy: HostingSite, hyun: User) -> None:
    contact = busy.contacts.get()
    change = changes.propose(busy, A.CONFIRM, cast.hana, contact=contact)
    Contact.objects.filter(pk=contact.pk).update(address="other@tube.example")
    with pytest.raises(ChangeError, match="changed since"):
        changes.agree(change, hyun)


def test_a_proposal_is_declined_once_and_stays_so(cast: Cast, busy: HostingSite, hyun: User) -> None:
    change = changes.propose(busy, A.REMOVE, cast.hana, contact=busy.contacts.get())
    assert changes.propose(busy, A.REMOVE, cast.hana, contact=busy.contacts.get()) == change
    changes.decline(change, cast.hana)
    with pytest.raises(ChangeError, match="already settled"):
        changes.agree(change, hyun)
    assert verbs(busy) == ["proposed", "declined"]


def test_an_address_elsewhere_that_nobody_published_needs_two(cast: Cast, site: HostingSite) -> None:
    stranger = another_contact(site, "friend@mail.example", confirmed_at=None)
    assert changes.propose(site, A.CONFIRM, cast.hana, contact=stranger).state == S.WAITING
    published = another_contact(site, "abuse@network.example", confirmed_at=None)
    Suggestion.objects.create(
        site=site, address=published.address, source=Suggestion.Source.RDAP_NETWORK, kind="abuse", reaches="host"
    )
    assert changes.propose(site, A.CONFIRM, cast.hana, contact=published).state == S.APPLIED


def test_a_new_address_is_confirmed_anew(cast: Cast, site: HostingSite) -> None:
    contact = site.contacts.get()
    contacts.bounced(contact, "550")
    changes.propose(site, A.CHANGE, cast.hana, contact=contact, fields={"address": "legal@테스트.com"})
    contact.refresh_from_db()
    assert (contact.address, contact.confirmed_at, contact.bounce_count) == ("legal@xn--9t4b11yi5a.com", None, 0)


# --- merging -----------------------------------------------------------------------------------------------------
def test_two_entries_of_one_site_become_one(cast: Cast) -> None:
    scene.lay_lawbook()
    kept, gone = scene.make_site("tube.example", notes="a"), scene.make_site("tube.test", aliases=["t.test"], notes="b")
    draft = scene.make_draft(cast.case, host="tube.test")
    twin = another_contact(gone, "abuse@tube.example")
    Notice.objects.filter(pk=draft.pk).update(contact=twin)
    changes.propose(gone, A.MERGE, cast.hana, fields={"into": "tube.example"})
    kept.refresh_from_db()
    draft.refresh_from_db()
    assert (HostingSite.objects.get(), kept.aliases, kept.notes) == (kept, ["tube.test", "t.test"], "a\nb")
    assert {one.address for one in kept.contacts.all()} == {"abuse@tube.example", "abuse@tube.test"}
    assert (draft.site, draft.contact) == (kept, kept.contacts.get(address="abuse@tube.example"))
    assert site_for_url("https://m.t.test/1") == kept
    assert DirectoryEntry.objects.get(verb="merged").detail["merged"]["domain"] == "tube.test"


def test_a_busy_site_is_merged_by_two(cast: Cast, busy: HostingSite, hyun: User) -> None:
    scene.make_site("mirror.example")
    change = changes.propose(busy, A.MERGE, cast.hana, fields={"into": "mirror.example"})
    assert change.state == S.WAITING
    changes.agree(change, hyun)
    assert HostingSite.objects.get().domain == "mirror.example"
    assert Notice.objects.filter(site__domain="mirror.example").count() == 2


# --- the log -----------------------------------------------------------------------------------------------------
def test_a_line_of_the_log_is_never_changed(cast: Cast, site: HostingSite) -> None:
    contacts.pause(site.contacts.get(), cast.hana, "quiet")
    entry = DirectoryEntry.objects.get()
    for verb in (entry.save, entry.delete):
        with pytest.raises(TypeError):
            verb()
