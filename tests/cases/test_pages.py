"""The victim's pages and the officer's case page, as a person goes through them. No scripts anywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from cases import custody, vault
from cases.models import Case, Evidence, IntakeDraft
from tests.base import Cast, make_case
from tests.cases.visitor import MP4

pytestmark = pytest.mark.django_db
CODE = "1234 5678 9012 3456"
SENSITIVE = re.compile(r"성폭력|불법촬영|성범죄|sexual|abuse|victim", re.IGNORECASE)
PUBLIC = ["/", "/safety/", "/status/", "/start/begin/", "/start/about/", "/start/material/", "/start/contact/"]


def tell(client: Client) -> Any:
    """The whole intake in five posts."""
    client.post("/start/begin/")
    client.post("/start/about/", {"content": "filmed", "age": "no", "requester": "self"})
    files = [SimpleUploadedFile("holiday.mp4", MP4)]
    client.post("/start/material/", {"addresses": "seen at hxxp://a[.]example/x", "files": files})
    client.post("/start/contact/", {"contact_choice": "none"})
    return client.post("/start/check/", {"consent": "on"})


def case_with_code(**fields: object) -> Case:
    case = make_case("Z-1", **fields)
    case.receipt_lookup = vault.receipt_lookup(CODE.replace(" ", ""))
    case.save()
    return case


def test_a_victim_tells_it_in_five_posts_and_gets_a_number(client: Client) -> None:
    assert tell(client)["Location"] == "/start/received/"
    assert sorted(Case.objects.get().evidence.values_list("kind", flat=True)) == ["url", "video"]


def test_a_number_mistyped_is_explained_and_stays_on_the_page(client: Client) -> None:
    tell(client)
    answer = client.post("/start/received/", {"typed": "1" * 16})
    assert (answer.status_code, b"not the same number" in answer.content, b"data-code" in answer.content) == (
        422,
        True,
        True,
    )


def test_a_number_typed_back_is_forgotten_by_the_device(client: Client) -> None:
    tell(client)
    code = re.search(r"data-code>([\d ]+)<", client.get("/start/received/").content.decode())
    assert code
    client.post("/start/received/", {"typed": code[1]})
    assert client.get("/start/received/")["Location"] == "/"
    assert b"timeline" in Client().post("/status/", {"code": code[1]}).content


def test_what_was_entered_survives_a_reload(client: Client) -> None:
    client.post("/start/about/", {"content": "synthetic", "age": "no", "requester": "family"})
    boxes = re.findall(r"<input[^>]*checked[^>]*>", client.get("/start/about/").content.decode())
    assert [re.search(r'value="(\w+)"', box)[1] for box in boxes] == ["synthetic", "no", "family"]  # type: ignore[index]


def test_a_wrong_file_is_said_once_and_the_rest_is_kept(client: Client) -> None:
    client.post("/start/about/", {"content": "synthetic", "age": "no", "requester": "family"})
    answer = client.post("/start/material/", {"files": [SimpleUploadedFile("a.txt", b"hello")]})
    sentence = escape(answer.context["form"].non_field_errors()[0])
    assert (answer.status_code, answer.content.decode().count(sentence)) == (422, 1)
    assert b"synthetic" in client.get("/start/about/").content


def test_sending_without_consent_is_refused_with_a_sentence(client: Client) -> None:
    client.post("/start/contact/", {"contact_choice": "none", "account": "words"})
    answer = client.post("/start/check/", {})
    assert answer.status_code == 422
    assert not Case.objects.exists()


def test_a_look_alone_leaves_no_draft_behind(client: Client) -> None:
    client.get("/start/begin/")
    assert not IntakeDraft.objects.exists()


def test_the_way_out_ends_the_session_and_forgets_the_draft(client: Client) -> None:
    client.post("/start/contact/", {"contact_choice": "none", "name": "Q"})
    answer = client.get("/safety/leave/")
    assert b"0; url=https://www.weather.go.kr/" in answer.content
    assert [name for name, cookie in client.cookies.items() if cookie.value] == ["closed"]
    assert not IntakeDraft.objects.exists()


def test_after_leaving_no_page_is_shown_until_it_is_opened_on_purpose(client: Client) -> None:
    case_with_code()
    client.get("/safety/leave/")
    pages = [client.get(path) for path in (*PUBLIC, "/start/received/")] + [client.post("/status/", {"code": CODE})]
    assert {b"This page is closed" in page.content for page in pages} == {True}
    client.get("/safety/again/")
    assert b"You are not alone" in client.get("/").content


def test_leaving_closes_no_page_of_the_staff(client: Client, cast: Cast) -> None:
    client.get("/safety/leave/")
    client.force_login(cast.jiwoo)
    assert b"A-1" in client.get("/cases/").content


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_public_page_gives_nothing_away(client: Client, path: str, language: str) -> None:
    client.cookies["django_language"] = language
    answer = client.get(path)
    page = answer.content.decode()
    title = re.search(r"<title>(.*?)</title>", page)
    assert title
    assert not SENSITIVE.search(title[1] + path)
    assert f'lang="{language}"' in page
    assert answer["Cache-Control"] == "no-store"
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert page.count("<h1>") == 1
    assert "data-exit" in page


def test_the_status_page_knows_a_wrong_number(client: Client) -> None:
    answer = client.post("/status/", {"code": "9" * 16})
    assert (answer.status_code, b"do not know this number" in answer.content) == (422, True)


def test_too_many_wrong_numbers_have_to_wait(client: Client) -> None:
    answers = [client.post("/status/", {"code": f"{number:016d}"}) for number in range(12)]
    assert b"wait a few minutes" in answers[-1].content


def test_taking_consent_back_stops_the_work_once(client: Client) -> None:
    case = case_with_code()
    for _ in range(2):
        answer = client.post("/status/stop/", {"code": CODE})
    assert b"You have asked us to stop" in answer.content
    assert not case.allows_work(timezone.now())
    assert case.custody.filter(act="consent").count() == 1


@pytest.mark.parametrize("why", ["paused", "expired"])
def test_a_resting_case_is_not_called_a_wish_to_stop(client: Client, why: str) -> None:
    case = case_with_code(status="paused" if why == "paused" else "active")
    if why == "expired":
        case.consents.update(expires_at=timezone.now() - timedelta(days=1))
    page = client.post("/status/", {"code": CODE}).content
    assert b"You have asked us to stop" not in page
    assert b"rests at the moment" in page


@pytest.mark.parametrize(
    ("who", "status"), [("jiwoo", 200), ("minho", 404), ("sora", 200), ("hana", 403), ("yuna", 403)]
)
def test_a_case_opens_only_for_its_officer_and_the_lead(client: Client, cast: Cast, who: str, status: int) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(f"/cases/{cast.case.pk}/").status_code == status
    assert client.post(f"/cases/{cast.case.pk}/person/").status_code == status


@pytest.mark.parametrize("path", ["/cases/", "/cases/{}/", "/cases/{}/person/", "/health/", "/staff/"])
def test_it_requires_a_sign_in(client: Client, cast: Cast, path: str) -> None:
    assert client.get(path.format(cast.case.pk))["Location"].startswith("/account/login/")


def test_opening_the_person_is_put_on_record_and_shows_what_was_given(client: Client, cast: Cast) -> None:
    url = vault.seal_text(cast.case, "url", "https://seen.example/p")
    Evidence.objects.create(case=cast.case, kind=Evidence.Kind.URL, url_sealed=url)
    client.force_login(cast.jiwoo)
    page = client.post(f"/cases/{cast.case.pk}/person/").content
    assert b"seen.example" in page
    assert cast.case.custody.filter(act="viewed", subject=f"person:{cast.case.pk}").count() == 1


def test_an_officer_lists_own_cases_only(client: Client, cast: Cast) -> None:
    make_case("B-7", cast.minho)
    client.force_login(cast.jiwoo)
    page = client.get("/cases/").content
    assert (b"A-1" in page, b"B-7" in page) == (True, False)


def test_the_first_page_after_signing_in_fits_the_role(client: Client, cast: Cast) -> None:
    for user, place in ((cast.jiwoo, "/desk/"), (cast.hana, "/health/"), (cast.yuna, "/desk/contacts/")):
        client.force_login(user)
        assert client.get("/staff/")["Location"] == place


@pytest.mark.parametrize("page", ["/", "/start/about/", "/status/"])
def test_a_victim_without_an_account_changes_the_language(client: Client, page: str) -> None:
    answer = client.post("/language/setlang/", {"language": "ko", "next": page})
    assert answer["Location"] == page
    assert 'lang="ko"' in client.get(page).content.decode()


def test_a_file_stays_when_the_addresses_beside_it_are_too_long(client: Client) -> None:
    files = [SimpleUploadedFile("holiday.mp4", MP4)]
    answer = client.post("/start/material/", {"addresses": "x" * 20_001, "files": files})
    assert (answer.status_code, len(answer.context["files"])) == (422, 1)


def test_a_reload_of_the_stopped_page_leads_back_to_the_status(client: Client) -> None:
    assert client.get("/status/stop/")["Location"] == "/status/"


@pytest.mark.parametrize(
    ("act", "detail", "sentence"),
    [
        ("fingerprinted", {"outcome": "unusable"}, b"We made a fingerprint"),
        ("matched", {"verdict": "review"}, b"A copy was found"),
        ("captured", {"status": "failed"}, b"Proof of the page was kept"),
    ],
)
def test_a_step_that_failed_is_not_told_to_a_victim_as_done(
    client: Client, act: str, detail: dict[str, str], sentence: bytes
) -> None:
    case = case_with_code()
    custody.record(case, act, actor="job", **detail)
    assert sentence not in client.post("/status/", {"code": CODE}).content
    custody.record(case, act, actor="job")
    assert sentence in client.post("/status/", {"code": CODE}).content
