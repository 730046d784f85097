"""Details of the pages: a language changed in the middle, words for the unsure, what is told and what is not."""

from __future__ import annotations

import re

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from cases import custody, drafts
from cases.chronicle import SENTENCES, sentence
from cases.models import Capture, Case, CustodyEntry, IntakeDraft, User
from detection.models import Match
from takedown.models import Notice
from tests.base import Cast, make_case
from tests.cases.test_pages import CODE, PUBLIC, case_with_code, tell
from tests.takedown.scene import lay_lawbook, make_match, make_sent

pytestmark = pytest.mark.django_db
ABOUT = {"content": "filmed", "age": "unsaid", "requester": "self"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def status_of(client: Client) -> str:
    return client.post("/status/", {"code": CODE}).content.decode()


# --- the intake ----------------------------------------------------------------------------------------------------
def test_every_optional_step_can_be_skipped(client: Client) -> None:
    for step, onward in (("about", "material"), ("material", "contact"), ("contact", "check")):
        assert re.search(rf'href="/start/{onward}/">\s*Skip', page_of(client, f"/start/{step}/")), step


def test_somebody_unsure_what_to_call_it_is_not_made_to_choose(client: Client) -> None:
    client.post("/start/about/", {**ABOUT, "content": "unsure", "age": "yes"})
    assert "I am not sure" in page_of(client, "/start/check/")
    assert re.search(r'value="unsure"[^>]*checked', page_of(client, "/start/about/"))
    client.post("/start/contact/", {"contact_choice": "none", "account": "words"})
    client.post("/start/check/", {"consent": "on"})
    case = Case.objects.get()
    assert (case.minor, case.content_unsure) == (True, True)


def test_jiwoo_reads_that_the_person_was_not_sure_of_the_kind(cast: Cast) -> None:
    assert "not sure of the kind" not in page_of(signed_in(cast.jiwoo), f"/cases/{cast.case.pk}/")
    Case.objects.update(content_unsure=True)
    assert "not sure of the kind" in page_of(signed_in(cast.jiwoo), f"/cases/{cast.case.pk}/")


def test_an_error_is_listed_at_the_top_and_leads_to_its_field(client: Client) -> None:
    page = client.post("/start/contact/", {"contact_choice": "phone"}).content.decode()
    assert 'href="#id_contact"' in page
    assert 'id="id_contact"' in page


def test_changing_the_language_in_the_middle_keeps_what_was_typed_though_incomplete(client: Client) -> None:
    typed = {"contact_choice": "phone", "name": "Wave", "account": "half a"}
    assert client.post("/start/contact/", {**typed, "speak": "ko"})["Location"] == "/start/contact/"
    page = page_of(client, "/start/contact/")
    assert '<html lang="ko">' in page
    assert 'value="Wave"' in page
    assert "half a" in page
    assert re.search(r'value="phone"[^>]*checked', page)


def test_changing_the_language_on_the_last_step_does_not_send(client: Client) -> None:
    client.post("/start/contact/", {"contact_choice": "none", "account": "words"})
    assert client.post("/start/check/", {"consent": "on", "speak": "ko"})["Location"] == "/start/check/"
    assert not Case.objects.exists()


@pytest.mark.parametrize("path", ["/", "/safety/", "/status/", "/account/login/"])
def test_a_visitor_changes_the_language_and_stays_on_the_page(client: Client, path: str) -> None:
    [switch] = re.findall(r'<form method="post" action="(/language/[^"]*)"', page_of(client, path))
    assert client.post(switch, {"language": "ko", "next": path})["Location"] == path
    assert '<html lang="ko">' in page_of(client, path)


def test_an_unknown_language_changes_nothing(client: Client) -> None:
    client.post("/start/contact/", {"contact_choice": "none", "speak": "xx"})
    assert django_settings.LANGUAGE_COOKIE_NAME not in client.cookies


def test_the_enter_key_presses_continue_and_not_the_language(client: Client) -> None:
    """The first button of a form is the one the key presses."""
    buttons = re.findall(r'<button form="step"[^>]*>|<button[^>]*data-onward', page_of(client, "/start/contact/"))
    assert "name=" not in buttons[0]
    assert 'name="speak"' in buttons[1]


@pytest.mark.parametrize("path", ["/start/contact/", "/status/"])
def test_the_browser_is_asked_not_to_remember_a_field(client: Client, path: str) -> None:
    fields = [
        field for field in re.findall(r"<(?:input|textarea)[^>]*>", page_of(client, path)) if "hidden" not in field
    ]
    assert fields
    assert all('autocomplete="off"' in field for field in fields)


# --- the number and the state of a case ----------------------------------------------------------------------------
def test_the_number_stands_only_in_the_body_of_its_page(client: Client) -> None:
    tell(client)
    answer = client.get("/start/received/")
    groups = re.search(r"data-code>([\d ]+)<", answer.content.decode())[1].split()  # type: ignore[index]
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    elsewhere = answer.content.decode().partition("<body")[0] + str(answer.headers)
    assert not [group for group in groups if group in elsewhere]
    assert "print-card" in answer.content.decode()


def test_the_addresses_given_are_told_with_their_state(client: Client) -> None:
    tell(client)
    draft = IntakeDraft.objects.get()
    page = client.post("/status/", {"code": drafts.receipt_of(draft)}).content.decode()
    assert "http://a.example/x" in page
    assert "we will look at this page soon" in page


def test_the_status_page_changes_its_language_without_asking_for_the_number_again(client: Client) -> None:
    case_with_code()
    answer = client.post("/status/", {"code": CODE, "speak": "ko"})
    assert '<html lang="ko">' in answer.content.decode()
    assert "timeline" in answer.content.decode()
    assert answer.cookies[django_settings.LANGUAGE_COOKIE_NAME].value == "ko"


def test_an_officer_who_read_it_shows_on_the_status_page(client: Client) -> None:
    case_with_code()
    assert "An officer will read" in status_of(client)
    Case.objects.update(read_at=timezone.now())
    assert "An officer has read" in status_of(client)


def test_what_failed_or_is_unsure_is_not_told_as_done(client: Client) -> None:
    case = case_with_code()
    custody.record(case, "fingerprinted", actor="job", subject="evidence:x", outcome="unusable", reason="too plain")
    custody.record(case, "matched", actor="job", subject="match:x", verdict="review")
    custody.record(case, "captured", actor="job", subject="capture:x", status="failed")
    page = status_of(client)
    assert "One file could not be used" in page
    for untrue in ("We made a fingerprint", "A copy was found", "Proof of the page"):
        assert untrue not in page


def test_an_answer_is_not_told_as_a_look_at_the_page(client: Client) -> None:
    case = case_with_code()
    custody.record(case, "verified", actor="officer:4", subject="notice:x", answer="refused", reference="R")
    page = status_of(client)
    assert "The site answered us." in page
    assert "We looked whether" not in page


def test_only_sure_copies_are_counted(client: Client) -> None:
    case = case_with_code()
    make_match(case)
    make_match(case, verdict=Match.Verdict.REVIEW)
    make_match(case, status=Match.Status.DISMISSED)
    assert client.post("/status/", {"code": CODE}).context["found"] == 1


@pytest.mark.parametrize("path", [*PUBLIC, "/start/check/"])
def test_a_public_page_has_the_way_out_the_help_line_and_a_way_past_the_menu(client: Client, path: str) -> None:
    page = page_of(client, path)
    for part in ('href="/safety/leave/"', "Emergency", 'href="tel:1366"', 'href="#main"', "img/neutral.svg"):
        assert part in page
    assert 'style="' not in page
    assert not re.findall(r"<script(?! src)", page)


def test_an_error_page_has_the_way_out_too(client: Client) -> None:
    assert 'href="/safety/leave/"' in page_of(client, "/nothing-here/")


# --- the officer's pages -------------------------------------------------------------------------------------------
def test_the_filter_counts_and_keeps_to_its_state(cast: Cast) -> None:
    make_case("A-2", cast.jiwoo, status=Case.Status.CLOSED)
    make_case("B-7", cast.minho, status=Case.Status.CLOSED)
    answer = signed_in(cast.jiwoo).get("/cases/?status=closed")
    assert [case.number for case in answer.context["cases"]] == ["A-2"]
    counts = {one["value"]: one["count"] for one in answer.context["filters"]}
    assert counts == {"received": 0, "active": 1, "paused": 0, "closed": 1}


def test_an_unknown_filter_shows_everything(cast: Cast) -> None:
    assert len(signed_in(cast.jiwoo).get("/cases/?status=nonsense").context["cases"]) == 1


def test_the_timeline_tells_every_entry_with_who_did_it(cast: Cast) -> None:
    custody.record(cast.case, "matched", actor="job", subject="match:1", verdict="confirmed")
    custody.record(cast.case, "approved", actor=f"officer:{cast.minho.pk}", subject="notice:1", reference="SG-2026-X")
    timeline = signed_in(cast.jiwoo).get(f"/cases/{cast.case.pk}/").context["timeline"]
    told = [(line["act"], line["actor"], line["reference"]) for line in timeline]
    assert told[1:] == [("Approved a removal request", "minho", "SG-2026-X"), ("Found a copy", "SeoulGuard", "")]


def test_a_failed_capture_stands_there_with_its_reason_and_without_a_report(cast: Cast) -> None:
    url = "https://host.example/a"
    Capture.objects.create(case=cast.case, url=url, status="failed", reason="It timed out.")
    good = Capture.objects.create(case=cast.case, url=url, status="complete", captured_at=timezone.now())
    page = page_of(signed_in(cast.jiwoo), f"/cases/{cast.case.pk}/")
    assert "It timed out." in page
    assert re.findall(r"captures/([^/]+)/report.pdf\?lang=ko", page) == [str(good.pk)]


def test_a_paused_case_does_not_look_watched(cast: Cast) -> None:
    Case.objects.filter(pk=cast.case.pk).update(status=Case.Status.PAUSED)
    page = page_of(signed_in(cast.jiwoo), f"/cases/{cast.case.pk}/")
    assert "Not watched at the moment" in page
    assert "Consent until" not in page


TOLD = [
    ({"act": "sealed", "detail": {"kind": "video"}}, "Sealed a video"),
    ({"act": "fingerprinted", "detail": {"outcome": "unusable"}}, "Could not make a fingerprint"),
    ({"act": "matched", "detail": {"verdict": "review"}}, "Found something to be looked at"),
    ({"act": "matched", "actor": "officer:4"}, "Judged it to be the same material"),
    ({"act": "captured", "subject": "capture:1", "detail": {"status": "failed"}}, "Could not preserve a page"),
    ({"act": "captured", "subject": "capture:1", "detail": {"status": "complete"}}, "Preserved a page"),
    ({"act": "captured", "subject": "match:1"}, "Preserved the found media and its frames"),
    ({"act": "drafted", "actor": "officer:4"}, "Edited a removal request"),
    ({"act": "verified", "detail": {"outcome": "removed"}}, "Checked: removed at the source"),
    ({"act": "viewed", "actor": "officer:4", "subject": "person:1"}, "Opened the sealed personal details"),
    ({"act": "consent", "detail": {"withdrawn": True}}, "Consent withdrawn"),
    ({"act": "verified", "actor": "officer:4", "detail": {"answer": "refused"}}, "Wrote down what a site answered"),
    ({"act": "something-new"}, "something-new"),
]


@pytest.mark.parametrize(("entry", "told"), TOLD, ids=[told for _entry, told in TOLD])
def test_an_entry_is_told_in_words(entry: dict[str, object], told: str) -> None:
    assert sentence(CustodyEntry(**{"actor": "job", "detail": {}, **entry})) == told


def test_every_act_of_the_contract_has_a_sentence() -> None:
    acts = "received sealed fingerprinted examined matched captured drafted approved sent verified viewed revealed"
    assert not [act for act in [*acts.split(), "downloaded", "consent", "undone", "dismissed"] if act not in SENTENCES]


# --- the shell -----------------------------------------------------------------------------------------------------
def test_a_change_of_language_on_the_opened_person_leads_back_to_the_closed_case(cast: Cast) -> None:
    page = signed_in(cast.jiwoo).post(f"/cases/{cast.case.pk}/person/").content.decode()
    assert f'name="next" value="/cases/{cast.case.pk}/"' in page


@pytest.mark.parametrize("path", ["/account/2fa/", "/account/password/change/", "/account/reauthenticate/"])
def test_account_pages_wear_the_same_shell_and_offer_no_reset_by_mail(cast: Cast, path: str) -> None:
    page = signed_in(cast.jiwoo).get(path, follow=True).content.decode()
    assert page.count("<h1") == 1
    assert 'class="topbar"' in page
    assert "password/reset" not in page


def test_a_wrong_password_is_said_beside_a_linked_summary(client: Client, cast: Cast) -> None:
    page = client.post("/account/login/", {"login": "jiwoo", "password": "wrong"}).content.decode()
    assert 'role="alert"' in page
    assert page.count("<h1") == 1


def test_everything_is_called_gone_only_when_no_copy_is_left(client: Client) -> None:
    lay_lawbook()
    case = case_with_code()
    sent = make_sent(case)
    sent.locations.update(status="removed")
    Notice.objects.update(status=Notice.Status.REMOVED)
    assert "Everything we know of is gone" in status_of(client)
    make_match(case, host="other.example")
    assert "Everything we know of is gone" not in status_of(client)
