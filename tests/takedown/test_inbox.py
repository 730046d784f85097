"""What comes back is sorted, kept sealed, and never answered. A real IMAP server serves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest
from django.utils import timezone

from cases.custody import verify_chain
from cases.vault import VaultError, erase_case
from takedown import notices
from takedown.inbox import addresses, fetching
from takedown.inbox.models import InboundMail, Mailbox
from takedown.inbox.opened import open_mail
from takedown.inbox.receiving import content_of, receive
from takedown.jobs import read_mail
from takedown.models import Contact, Delivery, Location, Notice, RemovalCheck
from tests.base import Cast
from tests.takedown import scene
from tests.takedown.dovecot import Dovecot
from tests.takedown.inbound_samples import SAMPLES, Kind, Sample, Sent, Tie, dsn, mail

pytestmark = pytest.mark.django_db
S = Notice.Status


@pytest.fixture(autouse=True)
def signed_addresses(settings: Any) -> None:
    settings.REPLY_ADDRESS = "removal@centre.example"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot() as server:
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot, settings: Any) -> Dovecot:
    """An empty mailbox of its own."""
    dovecot.empty()
    dovecot.used_by(settings)
    return dovecot


@pytest.fixture
def mailroom(settings: Any) -> Iterator[scene.Mailroom]:
    with scene.Mailroom() as room:
        scene.mail_settings(room, settings)
        yield room


def sent_letter(cast: Cast, host: str = "tube.example") -> Sent:
    """A letter that left for a site with a second contact in reserve."""
    site = scene.make_site(host)
    Contact.objects.create(site=site, address=f"legal@{host}", rank=2, confirmed_at=timezone.now())
    notice = scene.make_sent(cast.case, host=host)
    Notice.objects.filter(pk=notice.pk).update(message_id=f"<{notice.reference}.{notice.pk.hex}@centre.example>")
    notice.refresh_from_db()
    Location.objects.filter(notice=notice).update(next_check_at=timezone.now() + timedelta(days=1))
    Delivery.objects.create(
        notice=notice, status=Delivery.Status.SENT, recipient=f"abuse@{host}", message_id=notice.message_id
    )
    return Sent(notice, f"abuse@{host}")


@pytest.fixture
def sent(cast: Cast) -> Sent:
    scene.lay_lawbook()
    return sent_letter(cast)


def collected() -> int:
    """A visit to the mailbox without trouble."""
    taken = fetching.collect()
    assert set(Mailbox.objects.values_list("trouble", flat=True)) <= {""}
    return taken


def take(raw: bytes) -> InboundMail:
    row = receive(open_mail(raw), timezone.now())
    assert row is not None
    return row


# --- the samples -------------------------------------------------------------------------------------------------
def test_all_samples_are_taken_for_what_they_are_and_cause_no_mail(
    cast: Cast, mailbox: Dovecot, mailroom: scene.Mailroom
) -> None:
    scene.lay_lawbook()
    letters = [sent_letter(cast, f"host{number}.example") for number in range(len(SAMPLES))]
    for sample, letter in zip(SAMPLES, letters, strict=True):
        mailbox.deliver(sample.build(letter))

    assert collected() == len(SAMPLES)
    everything_due_happens()

    wrong = [sentence for pair in zip(SAMPLES, letters, strict=True) for sentence in amiss(*pair)]
    assert not wrong, "\n".join(wrong)
    untied = [sample.kind for sample in SAMPLES if sample.tie == Tie.NONE]
    assert sorted(InboundMail.objects.filter(notice=None).values_list("kind", flat=True)) == sorted(untied)
    assert mailroom.callers == 0
    assert set(mailbox.marks()) == {""}
    assert verify_chain(cast.case) == []


def amiss(sample: Sample, letter: Sent) -> list[str]:
    """What is not as the sample says, in words that name it."""
    rows = list(InboundMail.objects.filter(notice=letter.notice))
    letter.notice.refresh_from_db()
    contact = Contact.objects.get(address=letter.recipient)
    found = {
        "status": letter.notice.status,
        "paused": contact.state == Contact.State.BOUNCED,
        "rows": [(row.kind, row.tie, row.hint) for row in rows],
    }
    wanted = {
        "status": sample.status,
        "paused": sample.paused,
        "rows": [] if sample.tie == Tie.NONE else [(sample.kind, sample.tie, sample.hint)],
    }
    return [
        f"{sample.name}: {name} {found[name]} in place of {wanted[name]}"
        for name in wanted
        if found[name] != wanted[name]
    ]


def everything_due_happens() -> None:
    """What the sweep rings for."""
    at = timezone.now()
    notices.mark_uncertain(at)
    notices.give_up(at)
    notices.draft_due(at)
    for pk in Notice.objects.to_send(at).values_list("pk", flat=True):
        notices.send(pk)


# --- reading the mailbox -----------------------------------------------------------------------------------------
def test_a_mail_is_taken_in_once_also_when_the_server_numbers_its_mail_anew(sent: Sent, mailbox: Dovecot) -> None:
    mailbox.deliver(mail(sent.answers, "Hello").as_bytes())
    assert collected() == 1
    assert collected() == 0
    Mailbox.objects.update(uid_validity=1)
    assert collected() == 0
    assert InboundMail.objects.count() == 1


def test_a_mail_that_arrives_over_two_ways_is_taken_in_once(sent: Sent, mailbox: Dovecot) -> None:
    raw = mail(sent.answers, "Hello").as_bytes()
    mailbox.deliver(raw)
    mailbox.deliver(b"Received: from another.example by mail.centre.example\r\n" + raw)
    assert collected() == 1


def test_another_mail_cannot_hide_behind_a_message_number_that_was_seen(sent: Sent) -> None:
    take(mail(sent.answers, "Thank you", message_id="<one@host.example>").as_bytes())
    take(mail(sent.answers, "We refuse", message_id="<one@host.example>").as_bytes())
    assert InboundMail.objects.count() == 2


def test_of_mail_that_is_not_ours_no_word_is_kept(sent: Sent, mailbox: Dovecot) -> None:
    mailbox.deliver(mail("removal@centre.example", "Lunch at one?", "Lunch").as_bytes())
    collected()
    row = InboundMail.objects.get()
    assert (row.notice, bytes(row.content_sealed), row.reason) == (None, b"", "")


def test_before_the_first_letter_nothing_is_read(cast: Cast, mailbox: Dovecot) -> None:
    mailbox.deliver(mail("removal@centre.example", "Lunch?").as_bytes())
    assert collected() == 0
    assert not InboundMail.objects.exists()


def test_of_a_mail_too_large_the_beginning_is_read(sent: Sent, mailbox: Dovecot, settings: Any) -> None:
    settings.INBOX_MAX_BYTES = 1000
    one = mail(sent.answers, "We have removed it.")
    one.add_attachment(b"x" * 3_000_000, maintype="video", subtype="mp4", filename="film.mp4")
    mailbox.deliver(one.as_bytes())
    collected()
    row = InboundMail.objects.get()
    assert content_of(row)["fresh"] == "We have removed it."
    assert row.size_bytes > 4_000_000


def test_a_mail_that_kills_its_reader_does_not_hold_up_the_others(
    sent: Sent, mailbox: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_arguments: object) -> None:
        raise SystemExit

    mailbox.deliver(mail(sent.answers, "Deadly").as_bytes())
    mailbox.deliver(mail(sent.answers, "Harmless").as_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_read", die)
        with pytest.raises(SystemExit):
            collected()
    Mailbox.objects.update(leased_until=None)
    assert collected() == 2
    words = [content_of(row)["fresh"] for row in InboundMail.objects.order_by("received_at")]
    assert words == ["This mail could not be opened here. It lies in the mailbox.", "Harmless"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("IMAP_PASSWORD", "wrong", "refused our sign-in"),
        ("IMAP_FOLDER", "Nowhere", "no folder"),
        ("IMAP_CA_FILE", "", "could not be reached"),  # a certificate nobody vouches for
        ("IMAP_PORT", 1, "could not be reached"),
    ],
)
def test_a_mailbox_that_cannot_be_read_says_why(
    sent: Sent, mailbox: Dovecot, settings: Any, name: str, value: Any, said: str
) -> None:
    setattr(settings, name, value)
    assert fetching.collect() == 0
    box = Mailbox.objects.get()
    assert (box.status, box.leased_until) == (Mailbox.Status.TROUBLED, None)
    assert said in box.trouble


def test_two_workers_do_not_read_at_once(sent: Sent, mailbox: Dovecot) -> None:
    mailbox.deliver(mail(sent.answers, "Hello").as_bytes())
    collected()
    assert Mailbox.objects.claim(Mailbox.objects.get().pk, *Mailbox.Status.values)
    mailbox.deliver(mail(sent.answers, "Hello again").as_bytes())
    assert collected() == 0


# --- what follows ------------------------------------------------------------------------------------------------
def test_a_dead_address_pauses_the_contact_and_the_next_waits_for_one_click(sent: Sent, cast: Cast) -> None:
    take(dsn(sent.bounces, sent))
    notice = Notice.objects.get()
    assert (notice.status, notice.contact.address, notice.sent_at) == (S.DRAFT, "legal@tube.example", None)
    assert "5.1.1" in Contact.objects.get(address=sent.recipient).failure
    assert sent.notice.deliveries.get().status == Delivery.Status.FAILED
    notices.approve(notice, cast.jiwoo)
    assert notice.status == S.APPROVED
    assert notice.message_id != sent.notice.message_id


def test_with_no_other_contact_the_letter_says_so(sent: Sent) -> None:
    Contact.objects.filter(rank=2).delete()
    take(dsn(sent.bounces, sent))
    notice = Notice.objects.get()
    assert (notice.status, notice.contact) == (S.DRAFT, None)
    assert "there is no other" in notice.reason


def test_a_late_second_bounce_does_not_take_the_next_letter_back(sent: Sent, cast: Cast) -> None:
    take(dsn(sent.bounces, sent))
    notice = Notice.objects.get()
    notices.approve(notice, cast.jiwoo)
    take(dsn(sent.bounces, sent, diagnostic="smtp; 550 5.1.1 once more"))
    notice.refresh_from_db()
    assert notice.status == S.APPROVED


def test_a_bounce_settles_what_was_uncertain(sent: Sent) -> None:
    Notice.objects.update(status=S.UNCERTAIN)
    take(dsn(sent.bounces, sent, status="5.7.1"))
    assert Notice.objects.get().status == S.FAILED


def test_removed_is_a_hint_that_makes_us_look_now_and_proves_nothing(sent: Sent) -> None:
    row = take(mail(sent.answers, "삭제 완료하였습니다.").as_bytes())
    location = Location.objects.get()
    assert (row.kind, row.hint) == (Kind.REPLY, "removed")
    assert location.next_check_at <= timezone.now()
    assert (location.status, Notice.objects.get().status) == (Location.Status.UP, S.SENT)


def test_a_flood_of_hints_does_not_make_us_knock_without_end(sent: Sent) -> None:
    RemovalCheck.objects.create(location=Location.objects.get(), outcome="up")
    take(mail(sent.answers, "Removed.").as_bytes())
    assert Location.objects.get().next_check_at > timezone.now()


def test_an_answer_to_an_uncertain_letter_is_told_and_settles_nothing(sent: Sent) -> None:
    Notice.objects.update(status=S.UNCERTAIN)
    take(mail(sent.answers, "Thank you.").as_bytes())
    notice = Notice.objects.get()
    assert notice.status == S.UNCERTAIN
    assert "probably received" in notice.reason


def test_a_flood_of_mails_does_not_fill_the_case_but_a_bounce_still_counts(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("takedown.inbox.receiving.MOST_A_DAY", 2)
    rows = [take(mail(sent.answers, f"Mail {number}").as_bytes()) for number in range(3)]
    assert [row.notice is None for row in rows] == [False, False, True]
    take(dsn(sent.bounces, sent))
    assert Notice.objects.get().status == S.DRAFT


def test_without_a_mailbox_the_clock_does_nothing(sent: Sent) -> None:
    read_mail()
    assert not Mailbox.objects.exists()


def test_the_mailbox_is_due_when_its_seconds_are_over_even_changed_ones(sent: Sent, settings: Any) -> None:
    now = timezone.now()
    assert not fetching.is_due(now)
    settings.IMAP_HOST, settings.INBOX_SECONDS = "mail.centre.example", 60
    assert fetching.is_due(now)
    box = Mailbox.objects.create(name=fetching.name_of_box(), visited_at=now - timedelta(seconds=30))
    assert not fetching.is_due(now)
    settings.INBOX_SECONDS = 20
    assert fetching.is_due(now)
    Mailbox.objects.filter(pk=box.pk).update(leased_until=now + timedelta(seconds=60))
    assert not fetching.is_due(now)


def test_what_came_in_is_sealed_with_the_cases_key_and_gone_with_it(sent: Sent, cast: Cast) -> None:
    row = take(mail(sent.answers, "A word of the host").as_bytes())
    assert content_of(row)["fresh"] == "A word of the host"
    assert b"word" not in bytes(row.content_sealed)
    erase_case(cast.case)
    with pytest.raises(VaultError):
        content_of(row)


def test_no_token_with_one_letter_changed_is_believed() -> None:
    """Whatever the token: 45 letters hold one bit more than its 28 bytes, and that bit must not be free either."""
    now, theirs = timezone.now(), "abuse@tube.example"
    for number in range(40):
        address = addresses.signed_address("b", uuid5(NAMESPACE_DNS, str(number)), theirs, now)
        name, _at, domain = address.partition("@")
        assert addresses.proven_for(claim(address), [theirs], now) == theirs
        for last in set("abcdefghijklmnopqrstuvwxyz234567") - {name[-1]}:
            other = addresses.claim_of(f"{name[:-1]}{last}@{domain}")
            assert other is None or addresses.proven_for(other, [theirs], now) is None, (address, last)


def claim(address: str) -> addresses.Claim:
    found = addresses.claim_of(address)
    assert found
    return found


def test_a_token_outlives_a_rotation_of_the_installations_key(sent: Sent, settings: Any, tmp_path: Any) -> None:
    address = sent.answers
    rotated = tmp_path / "vault.key"
    rotated.write_text(f"k2:{'ab' * 32}\n" + Path(settings.VAULT_KEY_FILE).read_text())
    settings.VAULT_KEY_FILE = rotated
    assert sent.answers != address
    assert take(mail(address, "Hello").as_bytes()).tie == Tie.SIGNED
