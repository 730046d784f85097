"""A letter leaves exactly once, or its state says in a sentence why it did not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cases.custody import verify_chain
from takedown import notices
from takedown.delivery import DeliveryError, Email
from takedown.models import Contact, Delivery, Location, Notice
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db
S = Notice.Status


@pytest.fixture
def mailroom(settings: Any) -> Iterator[scene.Mailroom]:
    with scene.Mailroom() as room:
        scene.mail_settings(room, settings)
        yield room


@pytest.fixture
def letter(cast: Cast, mailroom: scene.Mailroom) -> Notice:
    scene.lay_lawbook()
    scene.make_site()
    return scene.make_approved(cast.case, cast.jiwoo)


def later(notice: Notice, seconds: int = 3600) -> None:
    """As if that much time had passed for the row's waits."""
    shift = timedelta(seconds=seconds)
    for name in ("leased_until", "retry_at"):
        if getattr(notice, name):
            Notice.objects.filter(pk=notice.pk).update(**{name: getattr(notice, name) - shift})


def test_jiwoos_letter_arrives_byte_for_byte_as_she_approved_it(letter: Notice, mailroom: scene.Mailroom) -> None:
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert mailroom.mails == [("abuse@tube.example", bytes(letter.message))]
    assert (letter.status, letter.reason) == (S.SENT, "")
    assert letter.sent_at is not None


def test_ringing_twice_sends_once(letter: Notice, mailroom: scene.Mailroom) -> None:
    notices.send(letter.pk)
    notices.send(letter.pk)
    assert len(mailroom.mails) == 1
    assert letter.deliveries.count() == 1


def test_after_sending_every_address_is_due_for_a_check_in_an_hour(letter: Notice) -> None:
    notices.send(letter.pk)
    letter.refresh_from_db()
    [due] = Location.objects.values_list("next_check_at", flat=True)
    assert due == letter.sent_at + timedelta(hours=1)


def test_the_sending_stands_in_the_chain_of_custody(letter: Notice, cast: Cast) -> None:
    notices.send(letter.pk)
    assert list(cast.case.custody.values_list("act", flat=True)) == ["drafted", "approved", "sent"]
    assert verify_chain(cast.case) == []


def test_nothing_leaves_during_the_undo_window(letter: Notice, mailroom: scene.Mailroom) -> None:
    Notice.objects.update(send_after=timezone.now() + timedelta(seconds=60))
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert mailroom.mails == []
    assert (letter.status, letter.attempts) == (S.APPROVED, 0)


def test_a_letter_taken_back_in_time_never_leaves(letter: Notice, cast: Cast, mailroom: scene.Mailroom) -> None:
    notices.undo(letter, cast.jiwoo)
    notices.send(letter.pk)
    assert (letter.status, mailroom.mails) == (S.DRAFT, [])


def test_a_letter_that_is_leaving_cannot_be_taken_back(letter: Notice, cast: Cast) -> None:
    assert Notice.objects.claim(letter.pk, S.APPROVED)
    with pytest.raises(notices.NoticeError, match="Too late"):
        notices.undo(letter, cast.jiwoo)


def test_an_unknown_mailbox_ends_in_a_sentence_and_the_contact_counts_as_bounced(
    letter: Notice, mailroom: scene.Mailroom
) -> None:
    mailroom.to_recipient = "550 5.1.1 no such user"
    notices.send(letter.pk)
    letter.refresh_from_db()
    contact = Contact.objects.get()
    assert letter.status == S.FAILED
    assert "550 5.1.1 no such user" in letter.reason
    assert contact.state == Contact.State.BOUNCED
    assert "no such user" in contact.failure


def test_when_the_mailbox_is_unknown_the_letter_waits_as_a_draft_for_the_next_contact(
    letter: Notice, mailroom: scene.Mailroom
) -> None:
    Contact.objects.create(site=letter.site, address="legal@tube.example", rank=2, confirmed_at=timezone.now())
    mailroom.to_recipient = "550 5.1.1 no such user"
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert (letter.status, letter.contact.address, mailroom.mails) == (S.DRAFT, "legal@tube.example", [])
    assert "approve it again" in letter.reason


def test_a_refusal_for_policy_does_not_blame_the_address(letter: Notice, mailroom: scene.Mailroom) -> None:
    mailroom.to_recipient = "550 5.7.1 your server is on a list"
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert letter.status == S.FAILED
    assert Contact.objects.get().state == Contact.State.USABLE


def test_a_busy_server_is_tried_again_and_gets_the_letter_once(letter: Notice, mailroom: scene.Mailroom) -> None:
    mailroom.to_data = ["451 come back later"]
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert (letter.status, mailroom.mails) == (S.APPROVED, [])
    assert "451 come back later" in letter.reason
    notices.send(letter.pk)  # too early: the wait is not over
    assert mailroom.mails == []
    later(letter)
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert (letter.status, len(mailroom.mails)) == (S.SENT, 1)
    assert list(letter.deliveries.values_list("status", flat=True)) == ["failed", "sent"]


def test_a_server_that_stays_busy_ends_in_failure_after_the_last_try(
    letter: Notice, mailroom: scene.Mailroom, settings: Any
) -> None:
    settings.SEND_ATTEMPTS = 3
    mailroom.to_data = ["451 busy"] * 5
    for _attempt in range(5):
        notices.send(letter.pk)
        letter.refresh_from_db()
        later(letter)
    assert letter.status == S.FAILED
    assert letter.deliveries.count() == 3


def test_a_mail_server_that_is_not_there_is_tried_again(letter: Notice, settings: Any) -> None:
    settings.EMAIL_PORT = scene.free_port()
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert letter.status == S.APPROVED
    assert letter.retry_at is not None
    assert "could not be reached" in letter.reason


def test_a_connection_lost_after_data_is_uncertain_and_never_sent_again(
    letter: Notice, mailroom: scene.Mailroom
) -> None:
    mailroom.to_data = [scene.hang_up]
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert letter.status == S.UNCERTAIN
    assert letter.deliveries.get().status == Delivery.Status.UNCERTAIN
    later(letter)
    notices.send(letter.pk)
    notices.mark_uncertain(timezone.now())
    assert mailroom.mails == []
    assert letter.deliveries.count() == 1


def test_a_tampered_message_is_not_sent(letter: Notice, mailroom: scene.Mailroom) -> None:
    Notice.objects.update(message=bytes(letter.message).replace(b"tube.example", b"evil.example"))
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert (letter.status, mailroom.mails) == (S.FAILED, [])
    assert "not the one that was approved" in letter.reason


def test_a_contact_changed_after_the_approval_needs_another_one(letter: Notice, mailroom: scene.Mailroom) -> None:
    Contact.objects.update(address="legal@tube.example")
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert (letter.status, mailroom.mails, letter.approved_digest) == (S.DRAFT, [], "")


def test_a_consent_withdrawn_in_the_undo_window_stops_the_letter(
    letter: Notice, cast: Cast, mailroom: scene.Mailroom
) -> None:
    cast.case.consents.update(withdrawn_at=timezone.now())
    notices.send(letter.pk)
    letter.refresh_from_db()
    assert (letter.status, mailroom.mails) == (S.DRAFT, [])
    assert "consent" in letter.reason


# --- a worker dies -----------------------------------------------------------------------------------------------
@pytest.fixture
def killed(letter: Notice, monkeypatch: pytest.MonkeyPatch) -> Notice:
    """The worker died between writing "sending" and the first byte."""

    def die(*_arguments: object) -> str:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Email, "deliver", die)
        with pytest.raises(SystemExit):
            notices.send(letter.pk)
    letter.refresh_from_db()
    assert letter.status == S.SENDING
    return letter


def test_while_the_lease_holds_nobody_judges_a_letter_that_is_being_sent(killed: Notice) -> None:
    assert notices.mark_uncertain(timezone.now()) == 0


def test_a_letter_whose_worker_died_is_uncertain_and_never_sent_again(killed: Notice, mailroom: scene.Mailroom) -> None:
    later(killed)
    assert notices.mark_uncertain(timezone.now()) == 1
    notices.send(killed.pk)
    killed.refresh_from_db()
    assert (killed.status, mailroom.mails) == (S.UNCERTAIN, [])
    assert killed.deliveries.get().status == Delivery.Status.UNCERTAIN


def test_jiwoo_decides_that_it_was_received(killed: Notice, cast: Cast, mailroom: scene.Mailroom) -> None:
    later(killed)
    notices.mark_uncertain(timezone.now())
    notices.decide_uncertain(killed, cast.jiwoo, sent=True)
    assert (killed.status, mailroom.mails) == (S.SENT, [])
    assert killed.locations.get().next_check_at is not None


def test_jiwoo_decides_that_it_was_not_and_approves_it_again(
    killed: Notice, cast: Cast, mailroom: scene.Mailroom
) -> None:
    later(killed)
    notices.mark_uncertain(timezone.now())
    notices.decide_uncertain(killed, cast.jiwoo, sent=False)
    assert (killed.status, killed.approved_digest) == (S.DRAFT, "")
    notices.approve(killed, cast.jiwoo)
    scene.end_undo_window(killed)
    notices.send(killed.pk)
    assert len(mailroom.mails) == 1


def test_a_state_is_decided_once(killed: Notice, cast: Cast) -> None:
    with pytest.raises(notices.NoticeError, match="already settled"):
        notices.decide_uncertain(killed, cast.jiwoo, sent=True)


def test_a_worker_that_dies_before_sending_loses_nothing(letter: Notice, mailroom: scene.Mailroom) -> None:
    assert Notice.objects.claim(letter.pk, S.APPROVED)
    letter.refresh_from_db()
    notices.send(letter.pk)
    assert mailroom.mails == []
    later(letter)
    notices.send(letter.pk)
    assert len(mailroom.mails) == 1


def test_a_letter_whose_workers_always_die_comes_to_a_visible_end(letter: Notice, settings: Any) -> None:
    Notice.objects.update(attempts=settings.SEND_ATTEMPTS)
    assert notices.give_up(timezone.now()) == 1
    letter.refresh_from_db()
    assert letter.status == S.FAILED
    assert letter.reason


# --- the conversation itself -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "message",
    [
        b"Subject: dots\r\n\r\n.\r\n..\r\n.leading\r\nend\r\n",
        b"Subject: no line end\r\n\r\nend",
    ],
)
def test_dots_and_line_ends_survive(message: bytes, mailroom: scene.Mailroom) -> None:
    Email().deliver(message, "abuse@tube.example")
    [(_recipient, arrived)] = mailroom.mails
    assert arrived == (message if message.endswith(b"\r\n") else message + b"\r\n")


def test_a_server_that_never_greets_is_a_passing_trouble(settings: Any) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", silent.getsockname()[1], 0.2
        with pytest.raises(DeliveryError) as caught:
            Email().deliver(b"Subject: x\r\n\r\nx\r\n", "abuse@tube.example")
    assert (caught.value.permanent, caught.value.uncertain) == (False, False)
