"""Jiwoo reads what hosts answered: as text, nothing to click, nothing opened."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from takedown.inbox.models import InboundMail, Mailbox
from takedown.inbox.opened import open_mail
from takedown.inbox.receiving import receive
from tests.base import Cast
from tests.takedown import scene
from tests.takedown.inbound_samples import Sent, injected, mail
from tests.takedown.test_inbox import sent_letter, signed_addresses  # noqa: F401  (a fixture)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(cast: Cast) -> Sent:
    scene.lay_lawbook()
    return sent_letter(cast)


@pytest.fixture
def jiwoo(cast: Cast, client: Client) -> Client:
    client.force_login(cast.jiwoo)
    return client


def take(raw: bytes) -> InboundMail:
    row = receive(open_mail(raw), timezone.now())
    assert row is not None
    return row


def page_of(client: Client, sent: Sent) -> str:
    return client.get(reverse("takedown:notice_replies", args=[sent.notice.pk])).content.decode()


def test_markup_addresses_and_line_breaks_of_a_host_are_only_letters(jiwoo: Client, sent: Sent) -> None:
    take(mail(sent.answers, "<script>x()</script> see https://evil.example/a now", "<img src=x>").as_bytes())
    take(injected(sent))
    page = page_of(jiwoo, sent)
    assert "<script>x()" not in page
    assert "<img src=x" not in page
    assert "https://evil.example/a" in page
    assert 'href="https://evil' not in page
    assert "Re: request Bcc: everyone@centre.example" in page


def test_a_turned_reading_direction_is_taken_out(jiwoo: Client, sent: Sent) -> None:
    take(mail(sent.answers, "not \u202edevomer\u202c removed").as_bytes())
    page = page_of(jiwoo, sent)
    assert "\u202e" not in page
    assert "not devomer removed" in page


def test_attachments_are_named_with_their_size_and_cannot_be_opened(jiwoo: Client, sent: Sent) -> None:
    one = mail(sent.answers, "See attached")
    one.add_attachment(b"x" * 3000, maintype="text", subtype="html", filename="proof.html")
    take(one.as_bytes())
    page = page_of(jiwoo, sent)
    assert "proof.html" in page
    assert "2.9" in page
    assert "proof.html</a>" not in page


def test_the_hint_says_that_it_is_none_of_the_proof(jiwoo: Client, sent: Sent) -> None:
    take(mail(sent.answers, "We removed it.").as_bytes())
    assert "hint, not the proof" in page_of(jiwoo, sent)


def test_unread_mail_is_counted_until_she_says_she_has_read_it(jiwoo: Client, cast: Cast, sent: Sent) -> None:
    row = take(mail(sent.answers, "Hello").as_bytes())
    assert "count-badge" in jiwoo.get(reverse("takedown:desk")).content.decode()
    jiwoo.post(reverse("takedown:reply_read", args=[row.pk]))
    row.refresh_from_db()
    assert row.read_by == cast.jiwoo
    assert "count-badge" not in jiwoo.get(reverse("takedown:desk")).content.decode()


def test_the_first_reader_stays_on_record(jiwoo: Client, cast: Cast, sent: Sent) -> None:
    row = take(mail(sent.answers, "Hello").as_bytes())
    InboundMail.objects.update(read_by=cast.sora, read_at=timezone.now())
    jiwoo.post(reverse("takedown:reply_read", args=[row.pk]))
    row.refresh_from_db()
    assert row.read_by == cast.sora


def test_minho_of_another_team_counts_and_lists_none_of_it(client: Client, cast: Cast, sent: Sent) -> None:
    take(mail(sent.answers, "Hello").as_bytes())
    client.force_login(cast.minho)
    page = client.get(reverse("takedown:replies")).content.decode()
    assert sent.notice.reference not in page
    assert "count-badge" not in page


def test_a_mailbox_that_cannot_be_read_is_said_above_the_list(jiwoo: Client) -> None:
    Mailbox.objects.create(name="one", trouble="The mail server for replies refused our sign-in.")
    assert "refused our sign-in" in jiwoo.get(reverse("takedown:replies")).content.decode()


def test_the_letter_leads_to_its_replies(jiwoo: Client, sent: Sent) -> None:
    take(mail(sent.answers, "Hello").as_bytes())
    page = jiwoo.get(reverse("takedown:notice", args=[sent.notice.pk])).content.decode()
    assert reverse("takedown:notice_replies", args=[sent.notice.pk]) in page


def test_when_the_case_was_erased_the_page_says_why_there_are_no_words(jiwoo: Client, cast: Cast, sent: Sent) -> None:
    from cases.vault import erase_case

    take(mail(sent.answers, "Hello").as_bytes())
    erase_case(cast.case)
    assert "This case has no key" in page_of(jiwoo, sent)
