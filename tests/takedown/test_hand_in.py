"""Letters that Jiwoo hands in herself: values for a web form, a letter for the post office, and the proof."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from cases.models import Capture, User
from cases.parts import read_part
from takedown import notices
from takedown.channels import steps
from takedown.channels.models import HandDelivery, Playbook
from takedown.channels.steps import Step, StepTrouble
from takedown.models import Contact, Location, Notice
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db
S = Notice.Status
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 30
SignIn = Callable[[User], Client]
ADDRESS = "Tube Ltd; Legal Department; 1 Main Street; 10000 Town; Ruritania"


@pytest.fixture
def sign_in() -> SignIn:
    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client_of


def approved(cast: Cast, channel: str, address: str, language: str = "en") -> Notice:
    scene.lay_lawbook()
    site = scene.make_site(language=language)
    site.contacts.update(rank=5)
    Contact.objects.create(site=site, channel=channel, address=address, confirmed_at=timezone.now())
    notice = scene.make_draft(cast.case)
    notices.approve(notice, cast.jiwoo)
    return notice


@pytest.fixture
def by_form(cast: Cast) -> Notice:
    return approved(cast, "form", "https://tube.example/report")


@pytest.fixture
def by_post(cast: Cast) -> Notice:
    return approved(cast, "post", ADDRESS)


def hand_in(client: Client, notice: Notice, **fields: object) -> str:
    told = {"handed_in_on": timezone.localdate().isoformat(), "reference": "T-4711", **fields}
    return client.post(reverse("takedown:hand_in", args=[notice.pk]), told, follow=True).content.decode()


def test_an_approved_form_waits_for_jiwoo_and_no_worker_sends_it(by_form: Notice) -> None:
    notices.send(by_form.pk)
    by_form.refresh_from_db()
    assert (by_form.status, by_form.deliveries.count()) == (S.BY_HAND, 0)


def test_the_page_gives_every_value_with_a_button_to_copy_it(by_form: Notice, cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.jiwoo).get(reverse("takedown:hand_in", args=[by_form.pk])).content.decode()
    assert by_form.locations.get().page_url in page
    assert page.count("data-copy=") == 5
    assert 'rel="noopener noreferrer"' in page


def test_marked_as_handed_in_it_is_sent_and_its_addresses_are_checked(
    by_form: Notice, cast: Cast, sign_in: SignIn
) -> None:
    hand_in(sign_in(cast.jiwoo), by_form, proof=SimpleUploadedFile("me.png", PNG))
    by_form.refresh_from_db()
    done = HandDelivery.objects.get()
    assert (by_form.status, done.reference, done.officer) == (S.SENT, "T-4711", cast.jiwoo)
    assert by_form.sent_at
    assert Location.objects.get().next_check_at == by_form.sent_at + timedelta(hours=1)
    assert "sent" in cast.case.custody.values_list("act", flat=True)


def test_the_proof_is_sealed_under_a_name_of_ours(by_form: Notice, cast: Cast, sign_in: SignIn) -> None:
    hand_in(sign_in(cast.jiwoo), by_form, proof=SimpleUploadedFile("her-name.png", PNG))
    part = Capture.objects.get(purpose="handed_in").parts.get()
    assert (part.name, read_part(part)) == ("confirmation.png", PNG)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"handed_in_on": "2099-01-01"}, "has not come yet"),
        ({"handed_in_on": "2020-01-01"}, "not approved yet"),
        ({"proof": SimpleUploadedFile("a.exe", b"MZ" + b"\x00" * 20)}, "PNG or JPEG"),
    ],
)
def test_what_cannot_be_is_refused(
    by_form: Notice, cast: Cast, sign_in: SignIn, fields: dict[str, object], words: str
) -> None:
    assert words in hand_in(sign_in(cast.jiwoo), by_form, **fields)
    by_form.refresh_from_db()
    assert by_form.status == S.BY_HAND


def test_marked_twice_it_is_sent_once(by_form: Notice, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.jiwoo)
    hand_in(client, by_form)
    assert "does not wait" in hand_in(client, by_form)
    assert by_form.deliveries.count() == 1


def test_it_can_be_taken_back_until_then(by_form: Notice, cast: Cast) -> None:
    notices.undo(by_form, cast.jiwoo)
    assert (by_form.status, bytes(by_form.message)) == (S.DRAFT, b"")


def test_once_the_consent_is_withdrawn_nothing_is_shown_to_copy(by_form: Notice, cast: Cast, sign_in: SignIn) -> None:
    cast.case.consents.update(withdrawn_at=timezone.now())
    page = sign_in(cast.jiwoo).get(reverse("takedown:hand_in", args=[by_form.pk])).content.decode()
    assert "consent" in page
    assert "data-copy=" not in page


@pytest.mark.parametrize("who", ["minho", "hana", "yuna"])
def test_it_requires_an_officer_of_the_case(by_form: Notice, cast: Cast, sign_in: SignIn, who: str) -> None:
    client = sign_in(getattr(cast, who))
    for name in ("hand_in", "form_rehearse", "form_press", "posted"):
        url = reverse(f"takedown:{name}", args=[by_form.pk])
        assert client.post(url).status_code in (403, 404, 405)
        assert client.get(url).status_code in (403, 404, 405)


# --- by post -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "ko", "th"])
def test_the_printed_letter_shows_address_block_and_text(cast: Cast, sign_in: SignIn, language: str) -> None:
    notice = approved(cast, "post", ADDRESS, language)
    pdf = sign_in(cast.jiwoo).get(reverse("takedown:posted", args=[notice.pk])).content
    text = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    for line in ADDRESS.split("; "):
        assert line in text
    assert notice.reference in text


def test_posted_with_a_tracking_number_on_a_day(by_post: Notice, cast: Cast, sign_in: SignIn) -> None:
    hand_in(sign_in(cast.jiwoo), by_post, reference="RR123456785KR")
    by_post.refresh_from_db()
    assert by_post.status == S.SENT
    assert "RR123456785KR" in by_post.deliveries.get().answer


def test_the_approved_letter_is_what_is_printed_whatever_changes_later(by_post: Notice) -> None:
    before = bytes(by_post.message)
    Notice.objects.update(subject="another")
    by_post.refresh_from_db()
    assert bytes(by_post.message) == before
    assert b"another" not in before


# --- playbooks ---------------------------------------------------------------------------------------------------
def test_a_playbook_is_read_line_by_line() -> None:
    found = steps.read("fill | E-mail | {email}\n\ntick | Sure\npress | Send")
    assert found == [Step("fill", "E-mail", "{email}"), Step("tick", "Sure"), Step("press", "Send")]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("fill | E-mail | {email}", "last line"),
        ("press | Send\nfill | a | b", "last line"),
        ("press | Send\npress | Send", "last line"),
        ("type | a | b\npress | Send", "Line 1"),
        ("fill | a\npress | Send", "3 parts"),
        ("fill | a | {victim}\npress | Send", "{victim}"),
        ("fill | css:a[[ | b\npress | Send", "selector"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(lines: str, words: str) -> None:
    with pytest.raises(StepTrouble, match=words.replace("{", r"\{")):
        steps.read(lines)


def test_a_value_that_looks_like_a_name_of_one_stays_as_it_is() -> None:
    [step, _press] = steps.filled(steps.read("fill | a | {subject}\npress | Send"), {"subject": "{letter} x"})
    assert step.value == "{letter} x"


def test_hana_writes_a_playbook_and_faults_are_named(by_form: Notice, cast: Cast, sign_in: SignIn) -> None:
    url = reverse("takedown:playbook", args=[by_form.contact_id])
    client = sign_in(cast.hana)
    assert "last line" in client.post(url, {"lines": "fill | a | b"}).content.decode()
    client.post(url, {"lines": "fill | Link | {urls}\r\npress | Send"})
    assert Playbook.objects.get().lines == "fill | Link | {urls}\npress | Send\n"
    assert sign_in(cast.jiwoo).get(url).status_code == 403


# --- keys --------------------------------------------------------------------------------------------------------
def keys_page(client: Client, **fields: str) -> str:
    told = {f"cloudflare-{name}": value for name, value in fields.items()}
    url = reverse("takedown:channel_keys")
    return client.post(url, {"channel": "cloudflare", **told}, follow=True).content.decode()


def test_hana_enters_a_key_which_is_sealed_and_never_shown(cast: Cast, sign_in: SignIn) -> None:
    from takedown.channels.models import ChannelKey

    page = keys_page(
        sign_in(cast.hana),
        url="https://api.cloudflare.com/client/v4",
        account="0" * 32,
        secret="sesame-7",
        switched_on="on",
    )
    key = ChannelKey.objects.get()
    assert key.switched_on
    assert "sesame-7" not in page
    assert b"sesame-7" not in bytes(key.secret_sealed)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"url": "https://evil.example", "secret": "x"}, "own https address only"),
        ({"url": "https://api.cloudflare.com/client/v4", "switched_on": "on"}, "Without a key"),
        ({"url": "https://api.cloudflare.com/client/v4", "account": "../x", "secret": "x"}, "Enter a valid value"),
    ],
)
def test_a_key_that_could_go_astray_is_refused(cast: Cast, sign_in: SignIn, fields: dict[str, str], words: str) -> None:
    assert words in keys_page(sign_in(cast.hana), **{"account": "0" * 32, **fields})


def test_keys_require_an_administrator(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.sora).get(reverse("takedown:channel_keys")).status_code == 403
