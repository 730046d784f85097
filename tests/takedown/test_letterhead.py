"""The head of a letter: signed addresses, one thread, one number, a mark against loops, and a signature that holds."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.utils import timezone

from takedown import notices
from takedown.inbox import addresses
from takedown.message import build_message
from takedown.models import Contact, Notice
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(cast: Cast) -> Notice:
    scene.lay_lawbook()
    scene.make_site()
    return scene.make_draft(cast.case)


def head_of(notice: Notice) -> EmailMessage:
    mail = message_from_bytes(build_message(notice, timezone.now()), policy=SMTP)
    assert isinstance(mail, EmailMessage)
    return mail


def test_it_asks_machines_not_to_answer_and_marks_itself(draft: Notice) -> None:
    mail = head_of(draft)
    assert (mail["Auto-Submitted"], mail["X-Loop"]) == ("auto-generated", "removal@centre.example")


def test_its_number_is_the_same_for_one_addressee_and_another_for_the_next(draft: Notice) -> None:
    number = head_of(draft)["Message-ID"]
    assert head_of(draft)["Message-ID"] == number
    draft.contact = Contact.objects.create(site=draft.site, address="legal@tube.example", rank=2)
    assert head_of(draft)["Message-ID"] != number


def test_letters_that_follow_one_another_to_one_addressee_are_one_thread(draft: Notice, cast: Cast) -> None:
    first, second = (
        Notice.objects.create(
            reference=f"SG-2026-{number}", case=cast.case, site=draft.site, contact=draft.contact, language="en",
            subject="x", found_at=timezone.now(), message_id=f"<{number}@centre.example>",
        )
        for number in ("first", "second")
    )  # fmt: skip
    second.follows, draft.follows = first, second
    mail = head_of(draft)
    assert mail["In-Reply-To"] == "<second@centre.example>"
    assert mail["References"] == "<first@centre.example> <second@centre.example>"


def test_answers_come_to_an_address_that_names_this_letter(draft: Notice, settings: Any) -> None:
    settings.REPLY_ADDRESS = "removal@centre.example"
    claim = addresses.claim_of(head_of(draft)["Reply-To"])
    assert claim is not None
    assert (claim.notice_id, claim.purpose) == (draft.pk, "r")
    assert addresses.proven_for(claim, ["abuse@tube.example"], timezone.now())


def test_bounces_come_to_another_one(cast: Cast, draft: Notice, settings: Any) -> None:
    settings.REPLY_ADDRESS = "removal@centre.example"
    notices.approve(draft, cast.jiwoo)
    scene.end_undo_window(draft)
    with scene.Mailroom() as room:
        scene.mail_settings(room, settings)
        notices.send(draft.pk)
    claim = addresses.claim_of(room.senders[0])
    assert claim is not None
    assert (claim.notice_id, claim.purpose) == (draft.pk, "b")


# --- DKIM --------------------------------------------------------------------------------------------------------
@pytest.fixture
def published(settings: Any, tmp_path: Path) -> bytes:
    """A key for signing; what stands in the DNS of its other half."""
    key = rsa.generate_private_key(65537, 2048)
    kept = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (tmp_path / "dkim.pem").write_bytes(kept)
    settings.DKIM_KEY_FILE, settings.DKIM_SELECTOR = str(tmp_path / "dkim.pem"), "post"
    shown = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + b"".join(shown.splitlines()[1:-1])


def test_a_signed_letter_is_proven_where_it_arrives(cast: Cast, draft: Notice, published: bytes, settings: Any) -> None:
    notices.approve(draft, cast.jiwoo)
    scene.end_undo_window(draft)
    with scene.Mailroom() as room:
        scene.mail_settings(room, settings)
        notices.send(draft.pk)
    [(_recipient, arrived)] = room.mails
    asked: list[bytes] = []

    def look_up(name: bytes, **_more: Any) -> bytes:
        asked.append(name)
        return published

    assert dkim.verify(arrived, dnsfunc=look_up)
    assert asked == [b"post._domainkey.centre.example."]
    assert not dkim.verify(arrived.replace(b"tube.example", b"evil.example"), dnsfunc=look_up)


def test_without_its_key_nothing_is_approved(cast: Cast, draft: Notice, settings: Any) -> None:
    settings.DKIM_KEY_FILE = "/nowhere/dkim.pem"
    with pytest.raises(notices.NoticeError, match="could not be signed"):
        notices.approve(draft, cast.jiwoo)
    draft.refresh_from_db()
    assert draft.status == Notice.Status.DRAFT
