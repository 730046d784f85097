"""Jiwoo's page of watch terms: hidden until asked for, and nothing is told to a site she did not tick."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases import terms
from cases.models import Case, CustodyEntry, WatchTerm
from detection.asked import TermAt
from detection.models import Candidate, Source
from detection.searching import searches
from tests.base import Cast, make_case

pytestmark = pytest.mark.django_db
WORD = "김민아"


@pytest.fixture
def jiwoo(cast: Cast) -> Client:
    return signed_in(cast.jiwoo)


@pytest.fixture
def site(db: None) -> Source:
    return Source.objects.create(name="Find", kind="search", url="http://find.example/s?q={query}")


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def at(name: str, *ids: object) -> str:
    return reverse(f"takedown:{name}", args=ids)


def acts(case: Case) -> list[str]:
    return list(CustodyEntry.objects.filter(case=case, act__startswith="term_").values_list("act", flat=True))


def test_jiwoo_adds_a_term_and_it_stays_hidden_until_she_asks(jiwoo: Client, cast: Cast) -> None:
    answer = jiwoo.post(at("add_term", cast.case.pk), {"kind": "name", "text": WORD}, follow=True)
    assert "●●●●●●" in answer.content.decode()
    assert WORD not in answer.content.decode()
    shown = jiwoo.post(at("show_terms", cast.case.pk)).content.decode()
    assert WORD in shown
    assert "kim mina" in shown  # some forms it is also found as
    assert acts(cast.case) == ["term_added", "term_shown"]


def test_a_reload_of_the_shown_words_hides_them_again(jiwoo: Client, cast: Cast) -> None:
    terms.add(cast.case, "name", WORD)
    answer = jiwoo.get(at("show_terms", cast.case.pk), follow=True)
    assert WORD not in answer.content.decode()
    assert "term_shown" not in acts(cast.case)


def test_what_waits_is_read_for_a_term_that_was_just_added(jiwoo: Client, cast: Cast) -> None:
    waiting = Candidate.objects.create(
        page_url="https://a.example/1", media_url="https://a.example/1.mp4", title="킴미나"
    )
    jiwoo.post(at("add_term", cast.case.pk), {"kind": "name", "text": WORD})
    waiting.refresh_from_db()
    assert waiting.priority == 2
    assert "1 page with media: Title 1" in jiwoo.get(at("terms", cast.case.pk)).content.decode()


@pytest.mark.parametrize("text", ["", "a", "x" * 200])
def test_a_term_that_cannot_be_watched_for_is_explained(jiwoo: Client, cast: Cast, text: str) -> None:
    answer = jiwoo.post(at("add_term", cast.case.pk), {"kind": "name", "text": text})
    assert answer.status_code == 422
    assert not WatchTerm.objects.exists()


def test_a_site_is_ticked_after_a_warning_and_unticked_again(jiwoo: Client, cast: Cast, site: Source) -> None:
    term = terms.add(cast.case, "name", WORD)
    assert "sends this word" in jiwoo.post(at("show_terms", cast.case.pk)).content.decode()
    assert searches(site, timezone.now()).words == []
    jiwoo.post(at("tick_sites", cast.case.pk, term.pk), {"sources": [site.pk]})
    assert (TermAt.objects.get().ticked_by, WORD in searches(site, timezone.now()).words) == (cast.jiwoo, True)
    jiwoo.post(at("tick_sites", cast.case.pk, term.pk))
    assert searches(site, timezone.now()).words == []
    assert acts(cast.case) == ["term_added", "term_shown", "term_ticked", "term_unticked"]


def test_a_removed_term_is_gone(jiwoo: Client, cast: Cast) -> None:
    term = terms.add(cast.case, "name", WORD)
    jiwoo.post(at("remove_term", cast.case.pk, term.pk))
    assert not WatchTerm.objects.exists()


PAGES = [
    ("terms", "get"),
    ("show_terms", "post"),
    ("add_term", "post"),
    ("remove_term", "post"),
    ("tick_sites", "post"),
]


def opened(client: Client, case: Case, term: WatchTerm, name: str, method: str) -> int:
    ids = [case.pk, term.pk] if name in ("remove_term", "tick_sites") else [case.pk]
    answer: Any = getattr(client, method)(at(name, *ids), {"kind": "name", "text": "다른말"})
    return int(answer.status_code)


@pytest.mark.parametrize(("name", "method"), PAGES)
def test_it_requires_the_cases_officer(cast: Cast, name: str, method: str) -> None:
    term = terms.add(cast.case, "name", WORD)
    statuses = [opened(signed_in(one), cast.case, term, name, method) for one in (cast.minho, cast.hana, cast.yuna)]
    assert statuses == [404, 403, 403]
    assert opened(Client(), cast.case, term, name, method) == 302
    assert [word.text for word in terms.opened(cast.case)] == [WORD]


@pytest.mark.parametrize(("name", "method"), PAGES[3:])
def test_a_term_of_another_case_cannot_be_reached_through_ones_own(cast: Cast, name: str, method: str) -> None:
    other = terms.add(make_case("B-1", cast.minho), "name", WORD)
    assert opened(signed_in(cast.jiwoo), cast.case, other, name, method) == 404
    assert WatchTerm.objects.filter(pk=other.pk).exists()


def test_the_terms_of_a_closed_case_are_read_not_changed(cast: Cast, jiwoo: Client) -> None:
    term = terms.add(cast.case, "name", WORD)
    Case.objects.filter(pk=cast.case.pk).update(status=Case.Status.CLOSED)
    statuses = [opened(jiwoo, cast.case, term, name, method) for name, method in PAGES]
    assert statuses == [200, 200, 403, 403, 403]


def test_a_victim_is_asked_last_and_gently(client: Client) -> None:
    page = client.get("/start/contact/").content.decode()
    assert page.index("id_account") < page.index("id_spread_as")
    client.post("/start/contact/", {"contact_choice": "none", "spread_as": "@mina_k\nIMG_4821.mp4", "account": "x"})
    client.post("/start/check/", {"consent": "on"})
    assert [(word.kind, word.text) for word in terms.opened(Case.objects.get())] == [
        ("handle", "@mina_k"), ("filename", "IMG_4821.mp4"),
    ]  # fmt: skip
