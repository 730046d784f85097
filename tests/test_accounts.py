"""Accounts of the staff: what is offered answers, and nothing else does."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.base import PASSWORD, Cast

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "password/reset/", "password/reset/done/", "password/reset/key/done/", "password/reset/key/1-a-b/", "password/set/",
        "signup/", "email/", "confirm-email/", "confirm-email/a-key/", "login/code/confirm/", "",
    ],
)  # fmt: skip
def test_what_no_administrator_offers_does_not_answer(client: Client, cast: Cast, path: str) -> None:
    assert client.get(f"/account/{path}").status_code == 404
    client.force_login(cast.jiwoo)
    assert client.get(f"/account/{path}").status_code == 404


def test_jiwoo_signs_in_and_finds_her_own_pages(client: Client, cast: Cast) -> None:
    page = client.get("/account/login/")
    assert b"password/reset" not in page.content
    answer = client.post("/account/login/", {"login": "jiwoo", "password": PASSWORD})
    assert answer["Location"] == "/staff/"
    own = ["password/change/", "2fa/", "2fa/recovery-codes/generate/", "2fa/webauthn/", "logout/"]
    answers = {path: client.get(f"/account/{path}") for path in own}
    assert all(one.status_code in {200, 302} for one in answers.values()), answers
    assert b"password/reset" not in answers["password/change/"].content


def test_jiwoo_is_asked_again_before_the_second_factor_changes(client: Client, cast: Cast) -> None:
    client.force_login(cast.jiwoo)
    page = client.get("/account/2fa/totp/activate/", follow=True)
    assert page.redirect_chain[0][0].startswith("/account/reauthenticate/")
    assert b"password/reset" not in page.content
