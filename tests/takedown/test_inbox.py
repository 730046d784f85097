"""What comes back is sorted, kept sealed, and never answered. A real IMAP server serves it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cases.custody import verify_chain
from takedown import notices
from takedown.inbox import fetching
from takedown.inbox.models import InboundMail
from takedown.inbox.opened import open_mail
from takedown.inbox.receiving import receive
from takedown.models import Contact, Delivery, Location, Notice
from tests.base import Cast
from tests.takedown import scene
from tests.takedown.dovecot import Dovecot
from tests.takedown.inbound_samples import SAMPLES, Sample, Sent, Tie

pytestmark = pytest.mark.django_db
S = Notice.Status


@pytest.fixture(autouse=True)
def signed_addresses(settings: Any) -> None:
    settings.REPLY_ADDRESS = "removal@centre.example"


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    with Dovecot(tmp_path_factory.mktemp("dovecot")) as server:
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

    assert fetching.collect() == len(SAMPLES)
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
