"""Hana sees every setting with its meaning, changes those of the watch, and tries what they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings as product
from django.test import Client
from django.utils.timezone import localtime

from cases import preferences
from cases.models import SettingChange
from detection import hosts
from seoulguard import worker
from seoulguard.demo.smtp import MailServer
from seoulguard.setting_list import entries
from tests.base import Cast
from tests.cases.test_page_reader import model as model  # a reader on loopback
from tests.cases.test_page_reader import says
from tests.time_authority import TimeAuthority

pytestmark = pytest.mark.django_db
PAGE = "/keep/settings/"
Post = Callable[..., str]


@pytest.fixture(autouse=True)
def settings_of_one_test(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a test changes is put back after it."""
    monkeypatch.setattr(preferences, "_environment", {})
    monkeypatch.setattr(preferences, "_newest", [None])
    for name in preferences.CHANGEABLE:
        attribute = preferences.ATTRIBUTES.get(name, name)
        setattr(settings, attribute, getattr(settings, attribute))
    return settings


@pytest.fixture
def post(cast: Cast, client: Client) -> Post:
    client.force_login(cast.hana)
    return lambda **fields: client.post(PAGE, fields, follow=True).content.decode()


def test_it_requires_an_administrator(cast: Cast, client: Client) -> None:
    for who, status in ((cast.jiwoo, 403), (cast.yuna, 403), (cast.hana, 200)):
        client.force_login(who)
        assert client.get(PAGE).status_code == status


def test_every_setting_of_the_product_is_on_the_page_and_explained(cast: Cast, client: Client) -> None:
    text = (product.BASE_DIR / "seoulguard" / "settings.py").read_text()
    named = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', text))
    client.force_login(cast.hana)
    shown = client.get(PAGE).content.decode()
    assert named == {entry.name for entry in entries()}
    assert all(f'id="{name}"' in shown for name in named)
    assert all(str(entry.meaning) for entry in entries())


def test_what_can_be_changed_is_what_may_be_taken_from_a_row() -> None:
    assert {entry.name for entry in entries() if entry.field} == preferences.CHANGEABLE


def test_the_way_to_it_is_on_the_first_page_of_the_settings(cast: Cast, client: Client) -> None:
    client.force_login(cast.hana)
    assert PAGE in client.get("/keep/").content.decode()


def test_a_slower_pace_counts_at_once_and_can_be_taken_back(post: Post, settings: Any) -> None:
    settings.HOST_SECONDS_BETWEEN = 1
    shown = post(setting="HOST_SECONDS_BETWEEN", value="7")
    assert hosts.host_of("http://clips.example/").pace_seconds == 7
    assert "changed here by hana" in shown
    assert "514 requests an hour" in shown
    post(setting="HOST_SECONDS_BETWEEN", undo="1")
    assert hosts.host_of("http://clips.example/").pace_seconds == 1
    assert SettingChange.objects.count() == 2


def test_a_worker_goes_by_it_from_its_next_job_on(cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.connections, "close_all", lambda: None)  # this test's own connection
    settings.PAGE_OCR = "needed"
    preferences.choose("PAGE_OCR", "never", cast.hana)
    settings.PAGE_OCR = "needed"  # as another process has it
    worker.go_by_settings()
    assert settings.PAGE_OCR == "never"


WRONG = [
    ("HOST_SECONDS_BETWEEN", "0", "greater than or equal to 1"),
    ("HOST_REQUESTS_AT_ONCE", "many", "whole number"),
    ("PAGE_OCR", "sometimes", "not one of the available choices"),
    ("PAGE_READER_URL", "http://reader.example/v1", "neither encrypted nor in the centre"),
    ("USER_AGENT", "센터", "plain letters"),
    ("PAGE_READER_KEY", "", "required"),
    ("RECHECK_SECONDS", "3600, soon", "whole numbers"),
    ("RECHECK_SECONDS", "7200, 3600", "greater than the one before"),
    ("WATCH_SECONDS", "60", "From 3600"),
    ("BUSY_SITE_NOTICES", "500", "looser only there"),
    ("SUGGEST_CONTACTS", "perhaps", "not one of the available choices"),
    ("SESSION_IDLE_SECONDS", "5", "greater than or equal to 120"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG, ids=[f"{row[0]} {row[1]}" for row in WRONG])
def test_a_value_that_cannot_be_is_refused_with_a_sentence(post: Post, name: str, value: str, sentence: str) -> None:
    assert sentence in post(setting=name, value=value)
    assert not SettingChange.objects.exists()


def test_a_change_of_another_process_counts_from_the_next_page_on(cast: Cast, client: Client, settings: Any) -> None:
    settings.UNDO_SECONDS, settings.RECHECK_SECONDS, settings.SUGGEST_CONTACTS = 60, [3600], True
    for name, value in (("UNDO_SECONDS", 90), ("RECHECK_SECONDS", "3600, 7200"), ("SUGGEST_CONTACTS", False)):
        preferences.choose(name, value, cast.hana)
    settings.UNDO_SECONDS, settings.RECHECK_SECONDS, settings.SUGGEST_CONTACTS = (
        60,
        [3600],
        True,
    )  # as another process has it
    client.get("/")
    assert (settings.UNDO_SECONDS, settings.RECHECK_SECONDS, settings.SUGGEST_CONTACTS) == (90, [3600, 7200], False)


@pytest.mark.parametrize("name", ["SECRET_KEY", "EMAIL_HOST", "VAULT_KEY_FILE", "ASN_TABLE", "NO_SUCH"])
def test_what_belongs_to_the_machine_is_not_changed_here(post: Post, cast: Cast, name: str) -> None:
    before = product.SECRET_KEY
    post(setting=name, value="mine")
    with pytest.raises(ValueError, match="not changed in the browser"):
        preferences.choose(name, "mine", cast.hana)
    SettingChange.objects.create(name=name, value_sealed=b"mine")
    preferences.apply()
    assert before == product.SECRET_KEY


def test_secrets_are_neither_shown_nor_stored_in_the_clear(post: Post, settings: Any) -> None:
    settings.EMAIL_HOST_PASSWORD = "swordfish"
    shown = post(setting="PAGE_READER_KEY", value="opensesame")
    assert settings.PAGE_READER_KEY == "opensesame"
    assert not {"swordfish", "opensesame", product.SECRET_KEY} & set(re.findall(r"[\w-]+", shown))
    assert b"opensesame" not in bytes(SettingChange.objects.get().value_sealed)


def test_a_value_that_cannot_be_opened_leaves_what_the_server_says(settings: Any) -> None:
    settings.HOST_SECONDS_BETWEEN = 3
    SettingChange.objects.create(name="HOST_SECONDS_BETWEEN", value_sealed=b"from another installation")
    preferences.apply()
    assert settings.HOST_SECONDS_BETWEEN == 3


# --- trials ------------------------------------------------------------------------------------------------------
def test_the_second_reader_is_tried_with_a_page_made_here(post: Post, model: Any) -> None:
    model.reply = says('{"summary": "A list of clips.", "facts": [{"name": "uploader", "value": "bluewave"}]}')
    shown = post(**{"try": "reader"})
    assert "A list of clips." in shown
    assert "uploader: bluewave" in shown
    assert "Harbour clips" in str(model.asked[0][2])


def test_a_reader_that_is_off_says_so(post: Post, settings: Any) -> None:
    settings.PAGE_READER_URL = ""
    assert "No reader is named" in post(**{"try": "reader"})


def test_the_table_of_networks_is_tried_with_a_known_address(post: Post, settings: Any, tmp_path: Path) -> None:
    assert "There is no table" in post(**{"try": "network"})
    settings.ASN_TABLE = str(tmp_path / "ip2asn.tsv")
    assert "cannot be used" in post(**{"try": "network"})
    (tmp_path / "ip2asn.tsv").write_text("8.8.8.0\t8.8.8.255\t15169\tUS\tNAMES\n")
    assert "8.8.8.8 belongs to network 15169, NAMES (US)." in post(**{"try": "network"})


def test_letters_are_read_off_a_picture_made_here_or_it_is_said_why_not(post: Post) -> None:
    shown = post(**{"try": "ocr"})
    assert "“SeoulGuard 2026” was read" in shown or "No text was read" in shown


def test_numbers_say_in_a_sentence_what_they_mean(cast: Cast, client: Client, settings: Any) -> None:
    settings.RECHECK_SECONDS, settings.SESSION_COOKIE_AGE, settings.EVIDENCE_MAX_BYTES = [3600, 172800], 5400, 2**31
    client.force_login(cast.hana)
    shown = client.get(PAGE).content.decode()
    for sentence in ("Looks after sending: 1 hour, 2 days.", "signed out after 90 minutes", "2.0 GiB"):
        assert sentence in shown


def test_the_mail_server_is_tried_without_a_letter(post: Post, settings: Any) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert "could not be reached" in post(**{"try": "mail"})
    with MailServer() as server:
        settings.EMAIL_PORT = server.port
        assert "None was sent." in post(**{"try": "mail"})
        assert server.mails == []


def test_a_signature_is_tried_and_the_record_for_the_dns_is_shown(post: Post, settings: Any, tmp_path: Path) -> None:
    assert "No key is named" in post(**{"try": "dkim"})
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.DKIM_KEY_FILE, settings.DKIM_SELECTOR = str(tmp_path / "dkim.pem"), "letters"
    (tmp_path / "dkim.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    shown = post(**{"try": "dkim"})
    assert "letters._domainkey.centre.example must say: v=DKIM1; k=rsa; p=MII" in shown
    (tmp_path / "dkim.pem").write_text("no key")
    assert "could not be signed" in post(**{"try": "dkim"})


def test_an_authority_is_tried_with_random_bytes(post: Post, settings: Any, tmp_path: Path) -> None:
    assert "No authority is named" in post(**{"try": "stamps"})
    with TimeAuthority(tmp_path) as authority:
        settings.DEMO_LOOPBACK_HOSTS = frozenset({f"127.0.0.1:{authority.port}"})
        settings.TIMESTAMP_AUTHORITIES = [(authority.url, authority.certificates)]
        assert f"{authority.url}: {localtime():%b}" in post(**{"try": "stamps"})
        assert authority.asked == 1


@pytest.mark.parametrize(("trial", "sentence"), [
    ("browser", "took a picture of it"), ("decoder", "A picture was decoded"), ("model", "No model is named"),
    ("mailbox", "No mailbox is named"), ("files", "GiB are free"), ("database", "Database: "),
])  # fmt: skip
def test_each_part_of_the_machine_can_be_tried(post: Post, trial: str, sentence: str) -> None:
    assert sentence in post(**{"try": trial})


def test_a_vault_key_that_is_gone_is_named(post: Post, settings: Any, tmp_path: Path) -> None:
    settings.VAULT_KEY_FILE = tmp_path / "vault.key"
    assert "not ours to use: " in post(**{"try": "files"})


def test_a_registry_that_does_not_answer_is_told_as_such(post: Post, settings: Any) -> None:
    settings.RDAP_BASE_URL = "http://rdap.invalid/"
    said = re.search(r'role="status">([^<]+)<', post(**{"try": "registrations"}))
    assert said
    assert "The registry knows" not in said[1]
