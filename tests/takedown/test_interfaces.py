"""Letters that leave through the interfaces of Cloudflare and AWS: the same promises as by e-mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from cases.models import Case
from takedown import notices
from takedown.channels import interface, ready
from takedown.channels.aws import signed_headers
from takedown.channels.models import ChannelKey
from takedown.channels.request_text import Request, read
from takedown.models import Contact, HostingSite, Notice
from tests.base import Cast
from tests.takedown import interfaces, scene, shapes

pytestmark = pytest.mark.django_db
S, C = Notice.Status, Contact.Channel


@pytest.fixture
def offices(settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[interfaces.Offices]:
    with interfaces.opened(settings, monkeypatch, tmp_path) as both:
        yield both


def enter_key(channel: str, secret: str = "") -> ChannelKey:
    account, right = {
        C.CLOUDFLARE: (interfaces.ACCOUNT, interfaces.TOKEN),
        C.AWS: (interfaces.ACCESS_KEY, interfaces.SECRET),
    }[C(channel)]
    return ChannelKey.objects.create(
        channel=channel, url=ready.ADDRESSES[C(channel)], account=account, switched_on=True,
        secret_sealed=interface.sealed_secret(secret or right),
    )  # fmt: skip


def add_contact(site: HostingSite, channel: str) -> Contact:
    """The first to be asked at this site."""
    site.contacts.update(rank=5)
    return Contact.objects.create(
        site=site, channel=channel, address=ready.ADDRESSES[C(channel)], rank=1, confirmed_at=timezone.now()
    )


@pytest.fixture(params=[C.CLOUDFLARE, C.AWS])
def letter(request: Any, cast: Cast, offices: interfaces.Offices) -> Notice:
    scene.lay_lawbook()
    enter_key(request.param)
    add_contact(scene.make_site(), request.param)
    return scene.make_approved(cast.case, cast.jiwoo)


def channel_of(letter: Notice) -> str:
    return letter.contact.channel if letter.contact else ""


def after_sending(letter: Notice) -> Notice:
    notices.send(letter.pk)
    letter.refresh_from_db()
    return letter


def test_the_interface_gets_exactly_what_jiwoo_approved(letter: Notice, offices: interfaces.Offices) -> None:
    after_sending(letter)
    [sent] = offices.sent
    assert (letter.status, letter.reason) == (S.SENT, "")
    assert sent.body == read(bytes(letter.message)).content
    assert f"https://{sent.host}{sent.path}" == read(bytes(letter.message)).url


def test_ringing_twice_reports_once(letter: Notice, offices: interfaces.Offices) -> None:
    after_sending(letter)
    after_sending(letter)
    assert len(offices.sent) == 1
    assert letter.deliveries.get().answer != ""


def test_the_key_stands_in_no_approved_text_and_no_row(letter: Notice) -> None:
    after_sending(letter)
    key = ChannelKey.objects.get()
    secret = interface.secret_of(key)
    assert secret.encode() not in bytes(letter.message) + bytes(key.secret_sealed)
    assert secret not in str(list(letter.deliveries.values())) + letter.reason


OUTCOMES = [
    ((400, {"message": "no"}), S.FAILED, "refused the report"), ((401, {}), S.FAILED, "refused our key"),
    ((403, {}), S.FAILED, "refused our key"), ((404, {}), S.FAILED, "refused the report"),
    ((301, {}), S.FAILED, "could not be reached"), ((422, {}), S.FAILED, "refused the report"),
    ((429, {"message": "slow down"}), S.APPROVED, "try again later"), ((503, {}), S.APPROVED, "try again later"),
    ((408, {}), S.APPROVED, "try again later"), ("drop", S.UNCERTAIN, "Perhaps it arrived"),
    ((200, "no object"), S.UNCERTAIN, "Perhaps the report arrived"),
]  # fmt: skip


@pytest.mark.parametrize(("mood", "state", "words"), OUTCOMES, ids=lambda one: str(one).replace(" ", "-")[:24])
def test_each_answer_ends_in_a_state_and_a_sentence(
    letter: Notice, offices: interfaces.Offices, mood: interfaces.Mood, state: str, words: str
) -> None:
    offices.moods = [mood]
    after_sending(letter)
    assert letter.status == state
    assert words in letter.reason


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_breakdown_is_tried_again_only_where_repeats_are_dropped(
    letter: Notice, offices: interfaces.Offices, status: int
) -> None:
    offices.moods = [(status, {})]
    by_aws = channel_of(letter) == C.AWS
    assert after_sending(letter).status == (S.APPROVED if by_aws else S.UNCERTAIN)


def test_a_report_that_is_tried_again_is_the_same_report(letter: Notice, offices: interfaces.Offices) -> None:
    offices.moods = [(503, {})]
    after_sending(letter)
    Notice.objects.filter(pk=letter.pk).update(retry_at=None)
    after_sending(letter)
    first, second = offices.sent
    assert letter.status == S.SENT
    assert first.body == second.body


def test_nobody_home_is_tried_again(letter: Notice, settings: Any) -> None:
    settings.DEMO_HOSTS = {name: f"127.0.0.1:{scene.free_port()}" for name in settings.DEMO_HOSTS}
    assert after_sending(letter).status == S.APPROVED
    assert "could not be reached" in letter.reason


def test_a_stranger_with_another_certificate_gets_nothing(
    letter: Notice, offices: interfaces.Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.web.CA_BUNDLE", True)
    assert after_sending(letter).status == S.APPROVED
    assert offices.sent == []


def test_a_wrong_key_is_refused_and_says_so(cast: Cast, offices: interfaces.Offices) -> None:
    scene.lay_lawbook()
    enter_key(C.AWS, secret="another secret")
    add_contact(scene.make_site(), C.AWS)
    letter = after_sending(scene.make_approved(cast.case, cast.jiwoo))
    assert (letter.status, "refused our key" in letter.reason) == (S.FAILED, True)


def test_without_a_key_the_letter_goes_by_mail(cast: Cast) -> None:
    scene.lay_lawbook()
    add_contact(scene.make_site(), C.CLOUDFLARE)
    assert channel_of(scene.make_draft(cast.case)) == C.EMAIL


def test_a_key_that_is_switched_off_holds_an_approved_report_back(letter: Notice, offices: interfaces.Offices) -> None:
    ChannelKey.objects.update(switched_on=False)
    after_sending(letter)
    assert (letter.status, offices.sent) == (S.DRAFT, [])
    assert "switched off" in letter.reason


def test_minors_material_never_goes_through_an_interface(cast: Cast, offices: interfaces.Offices) -> None:
    scene.lay_lawbook()
    enter_key(C.CLOUDFLARE)
    site = scene.make_site()
    contact = add_contact(site, C.CLOUDFLARE)
    Case.objects.update(minor=True)
    cast.case.refresh_from_db()
    draft = scene.make_draft(cast.case)
    assert channel_of(draft) == C.EMAIL
    Notice.objects.update(contact=contact)
    draft.refresh_from_db()
    with pytest.raises(notices.NoticeError, match="minor"):
        notices.preview(draft)


def test_one_report_names_all_250_addresses_and_the_next_letter_the_rest(
    cast: Cast, offices: interfaces.Offices
) -> None:
    scene.lay_lawbook()
    enter_key(C.CLOUDFLARE)
    add_contact(scene.make_site(), C.CLOUDFLARE)
    for _ in range(251):
        match = scene.make_match(cast.case)
        match.candidate.media_url = match.candidate.page_url
        match.candidate.save()
    first, second = notices.draft_due(timezone.now())
    report = json.loads(read(notices.preview(first)).content)
    assert len(report["urls"].split("\n")) == 250
    assert list(shapes.faults(report, shapes.CLOUDFLARE)) == []
    assert second.locations.count() == 1


def test_addresses_on_another_host_stand_in_the_comments(cast: Cast, offices: interfaces.Offices) -> None:
    scene.lay_lawbook()
    enter_key(C.CLOUDFLARE)
    add_contact(scene.make_site(), C.CLOUDFLARE)
    match = scene.make_match(cast.case)
    match.candidate.media_url = "https://media.tube.example/1.mp4"
    match.candidate.save()
    [draft] = notices.draft_due(timezone.now())
    report = json.loads(read(notices.preview(draft)).content)
    assert report["urls"] == match.candidate.page_url
    assert "https://media.tube.example/1.mp4" in report["comments"]


@pytest.mark.parametrize(
    ("channel", "url", "may"),
    [
        (C.CLOUDFLARE, "https://api.cloudflare.com/client/v4", True),
        (C.CLOUDFLARE, "http://api.cloudflare.com/client/v4", False),
        (C.CLOUDFLARE, "https://api.cloudflare.com.evil.example/client/v4", False),
        (C.CLOUDFLARE, "https://evil@api.cloudflare.com/", False),
        (C.CLOUDFLARE, "https://abuse.us-east-1.amazonaws.com", False),
        (C.AWS, "https://abuse.eu-west-2.amazonaws.com", True),
        (C.AWS, "https://abuse.us-east-1.amazonaws.com.evil.example", False),
        (C.AWS, "https://abuse.us-east-1.amazonaws.com:8443", False),
    ],
)
def test_a_key_travels_only_to_its_own_interface(channel: str, url: str, may: bool) -> None:
    assert ready.may_have_the_key(channel, url) is may


def test_the_signature_is_the_one_of_the_published_test_suite() -> None:
    """The case "post-vanilla" of AWS's own test suite for Signature Version 4."""
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    asked = Request("https://example.amazonaws.com/", b"")
    headers = signed_headers(interfaces.ACCESS_KEY, interfaces.SECRET, asked, "us-east-1", "service", at)
    assert headers["Authorization"].endswith("5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
