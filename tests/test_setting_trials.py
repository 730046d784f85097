"""Hana tries what she cannot change: each trial does the real thing once and says in words how it went."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from django.test import Client

from seoulguard.setting_list import entries
from seoulguard.setting_trials import TRIALS
from tests.base import Cast
from tests.cases.test_stamps import authority as authority  # a time-stamp authority on loopback
from tests.takedown import registry, scene
from tests.takedown.dovecot import PASSWORD, Dovecot
from tests.takedown.test_letterhead import published as published  # a DKIM key
from tests.takedown.test_suggestions import quarter as quarter  # registries on loopback
from tests.test_setting_page import PAGE, Post
from tests.test_setting_page import post as post
from tests.time_authority import TimeAuthority

pytestmark = pytest.mark.django_db


def test_every_trial_on_the_page_exists_and_every_trial_is_on_the_page() -> None:
    assert {entry.trial for entry in entries() if entry.trial} == set(TRIALS)


def test_only_an_administrator_tries_and_never_by_following_a_link(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setitem(TRIALS, "vault", lambda: tried.append("vault") or "tried")
    for who in (cast.jiwoo, cast.yuna):
        client.force_login(who)
        assert client.post(PAGE, {"try": "vault"}).status_code == 403
    client.force_login(cast.hana)
    client.get(PAGE, {"try": "vault"})
    assert tried == []
    client.post(PAGE, {"try": "vault"})
    assert tried == ["vault"]


# --- mail --------------------------------------------------------------------------------------------------------
@pytest.fixture
def mailroom(settings: Any) -> Iterator[scene.Mailroom]:
    with scene.Mailroom() as room:
        scene.mail_settings(room, settings)
        yield room


@pytest.fixture
def guarded(settings: Any) -> Iterator[Controller]:
    """A mail server that wants a sign-in, and repeats in its refusal what it was told."""

    def check(_server: Any, _session: Any, _envelope: Any, _way: str, told: Any) -> AuthResult:
        good = told.password == b"swordfish"
        return AuthResult(success=good, handled=False, message=None if good else f"535 5.7.8 {told.password.decode()}?")

    room = Controller(
        scene.Mailroom(), hostname="127.0.0.1", port=scene.free_port(), authenticator=check, auth_require_tls=False,
        auth_required=True,
    )  # fmt: skip
    room.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_USER = "127.0.0.1", room.port, "removal"
    yield room
    room.stop()


def test_the_mail_server_is_greeted_and_left_without_a_letter(post: Post, mailroom: scene.Mailroom) -> None:
    shown = post(**{"try": "mail"})
    assert f"127.0.0.1:{mailroom.port} answers." in shown
    assert "nothing was sent" in shown
    assert (mailroom.callers, mailroom.mails, mailroom.senders) == (1, [], [])


def test_a_sign_in_that_works_and_one_that_does_not(post: Post, guarded: Controller, settings: Any) -> None:
    settings.EMAIL_HOST_PASSWORD = "swordfish"
    assert "Signed in as removal." in post(**{"try": "mail"})
    settings.EMAIL_HOST_PASSWORD = "opensesame"
    shown = post(**{"try": "mail"})
    assert "refused our sign-in" in shown
    assert "This does not work" in shown
    assert "opensesame" not in shown


def test_a_mail_server_without_encryption_or_that_is_not_there_is_named(
    post: Post, mailroom: scene.Mailroom, settings: Any
) -> None:
    settings.EMAIL_USE_TLS = True
    assert "offers no encryption (STARTTLS)" in post(**{"try": "mail"})
    settings.EMAIL_PORT = scene.free_port()
    assert "cannot be reached: Connection refused." in post(**{"try": "mail"})


def test_an_answer_that_is_no_mail_servers_is_told_from_one_that_refuses(post: Post, monkeypatch: Any) -> None:
    def refuse(*_any: Any, **_more: Any) -> None:
        raise smtplib.SMTPConnectError(554, b"go away")

    monkeypatch.setattr("smtplib.SMTP.connect", refuse)
    assert "not as a mail server that takes us" in post(**{"try": "mail"})


def test_the_mailbox_is_counted_and_a_wrong_password_is_refused(post: Post, settings: Any) -> None:
    settings.IMAP_HOST = ""
    assert "No mailbox is set" in post(**{"try": "imap"})
    with Dovecot() as server:
        server.used_by(settings)
        server.deliver(b"Subject: one\r\n\r\none\r\n")
        assert "Messages in the folder “INBOX”: 1." in post(**{"try": "imap"})
        settings.IMAP_FOLDER = "Nowhere"
        assert "has no folder “Nowhere”" in post(**{"try": "folder"})
        settings.IMAP_PASSWORD = f"{PASSWORD}-wrong"
        shown = post(**{"try": "imap"})
    assert "refused our sign-in" in shown
    assert PASSWORD not in shown


def test_the_dkim_key_signs_a_sample_and_shows_what_to_publish(post: Post, published: bytes, settings: Any) -> None:
    shown = post(**{"try": "dkim"})
    assert "its signature checks out" in shown
    assert "post._domainkey.centre.example" in shown
    assert published.decode() in unescape(shown)
    assert "PRIVATE" not in shown
    settings.DKIM_KEY_FILE = "/nowhere/dkim.pem"
    assert "cannot be read: FileNotFoundError" in post(**{"try": "dkim"})


def test_a_signature_that_does_not_hold_is_said(post: Post, published: bytes, monkeypatch: Any) -> None:
    monkeypatch.setattr(dkim, "verify", lambda *_any, **_more: False)
    assert "does not check out" in post(**{"try": "dkim"})


# --- proof and machine -------------------------------------------------------------------------------------------
def test_each_authority_gives_a_token_that_is_checked(post: Post, authority: TimeAuthority, settings: Any) -> None:
    assert "a token over random bytes checks out" in post(**{"try": "stamps"})
    authority.state = "down"
    shown = post(**{"try": "stamps"})
    assert "This does not work" in shown
    assert f"{authority.url}: The time-stamp authority is out of order." in shown
    settings.TIMESTAMP_AUTHORITIES = []
    assert "No authority is set" in post(**{"try": "stamps"})


def test_a_registry_is_asked_for_one_domain(post: Post, quarter: registry.Quarter) -> None:
    quarter.rdap("domain/example.com", {**registry.THIN_REGISTRY, "links": []})
    assert "example.com was asked for and answered; addresses for abuse in the answer: 1." in post(**{"try": "rdap"})
    assert [line for line in quarter.asked if "example.com" in line]
    quarter.answers.clear()
    assert "The registry does not know it." in post(**{"try": "rdap"})


def test_the_keys_do_what_they_are_for(post: Post, settings: Any, tmp_path: Path) -> None:
    assert "sealed and opened again" in post(**{"try": "vault"})
    assert "the signature checks out. Fingerprint:" in post(**{"try": "signing"})
    (tmp_path / "signing.key").write_text("not a key")
    settings.SIGNING_KEY_FILE = tmp_path / "signing.key"
    assert "This does not work" in post(**{"try": "signing"})


def test_a_clip_made_here_goes_through_the_cage(post: Post, monkeypatch: Any) -> None:
    shown = post(**{"try": "cage"})
    assert "A clip of one second, made here, was decoded: 4 pictures." in shown
    monkeypatch.setattr("detection.engine.cage.ffmpeg_binary", lambda: "/bin/false")
    assert "could not be decoded" in post(**{"try": "cage"})


def test_the_browser_starts_and_does_not_reach_this_machine(post: Post, monkeypatch: Any) -> None:
    assert "opens an empty page, and cannot reach this machine." in post(**{"try": "browser"})
    monkeypatch.setattr("cases.browser_start._is_kept_from_this_machine", lambda _page: False)
    assert "a page in it can reach this machine" in post(**{"try": "browser"})


def test_a_vault_key_that_is_gone_is_named(post: Post, settings: Any, tmp_path: Path) -> None:
    assert "GiB are free" in post(**{"try": "files"})
    settings.VAULT_KEY_FILE = tmp_path / "vault.key"
    assert "not ours to use: " in post(**{"try": "files"})


def test_a_model_is_loaded_or_it_is_said_why_not(post: Post, settings: Any, tmp_path: Path) -> None:
    settings.RECOGNITION_MODEL = ""
    assert "No model is named" in post(**{"try": "model"})
    settings.RECOGNITION_MODEL = str(tmp_path / "model.txt")
    assert "neither an ONNX" in post(**{"try": "model"})


@pytest.mark.parametrize(("trial", "sentence"), [("database", "Database: "), ("disk", "GiB")])
def test_what_the_doctor_knows_can_be_asked_here(post: Post, trial: str, sentence: str) -> None:
    assert sentence in post(**{"try": trial})
