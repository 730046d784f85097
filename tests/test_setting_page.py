"""Hana sees every setting with its meaning, changes those of the watch, and tries what they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client

from cases import preferences
from cases.models import SettingChange
from detection import hosts
from seoulguard import worker
from seoulguard.setting_list import entries
from takedown import notices
from tests.base import Cast
from tests.cases.test_page_reader import model as model  # a reader on loopback
from tests.cases.test_page_reader import says
from tests.takedown import scene

pytestmark = pytest.mark.django_db
PAGE = "/keep/settings/"
Post = Callable[..., str]


@pytest.fixture(autouse=True)
def settings_of_one_test(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What a test changes is put back after it."""
    monkeypatch.setattr(preferences, "_environment", {})
    for name in preferences.CHANGEABLE:
        setattr(settings, preferences.ATTRIBUTES.get(name, name), preferences.current(name))
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
    ("UNDO_SECONDS", "0", "greater than or equal to 10"),
    ("RECHECK_SECONDS", "3600, soon", "whole numbers with commas"),
    ("RECHECK_SECONDS", "21600, 3600", "greater than the one before"),
    ("WATCH_SECONDS", "5", "From 3600 to"),
    ("REMOVED_PROBES_APART_SECONDS", "3600", "greater than or equal to 86400"),
    ("BUSY_SITE_NOTICES", "6", "looser only there"),
    ("SUGGEST_CONTACTS", "perhaps", "not one of the available choices"),
    ("RDAP_BASE_URL", "ftp://rdap.example/", "address"),
    ("IMAP_FOLDER", "a\x07b", "without hidden signs"),
    ("EVIDENCE_MAX_FILES", "1000", "less than or equal to 100"),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG, ids=[f"{row[0]}-{row[1]!r}" for row in WRONG])
def test_a_value_that_cannot_be_is_refused_with_a_sentence(post: Post, name: str, value: str, sentence: str) -> None:
    assert sentence in post(setting=name, value=value)
    assert not SettingChange.objects.exists()


MACHINES = ["SECRET_KEY", "VAULT_KEY_FILE", "ASN_TABLE", "EMAIL_HOST", "EMAIL_HOST_PASSWORD", "IMAP_HOST", "NO_SUCH"]


@pytest.mark.parametrize("name", MACHINES)
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


# --- what counts without a restart ------------------------------------------------------------------------------
def test_a_longer_undo_window_holds_the_next_approved_letter(post: Post, cast: Cast, settings: Any) -> None:
    settings.UNDO_SECONDS = 60
    shown = post(setting="UNDO_SECONDS", value="300")
    assert "leaves at 14:05:00" in shown
    scene.lay_lawbook()
    scene.make_site()
    notice = scene.make_draft(cast.case)
    notices.approve(notice, cast.jiwoo)
    assert (notice.send_after - notice.approved_at).total_seconds() == 300


def test_another_process_goes_by_a_change_from_its_next_page_on(cast: Cast, client: Client, settings: Any) -> None:
    preferences.choose("RECHECK_SECONDS", "3600, 7200", cast.hana)
    settings.RECHECK_SECONDS = [60]  # as another process has it
    preferences._newest[0] = None
    client.get("/accounts/login/")
    assert settings.RECHECK_SECONDS == [3600, 7200]


def test_yes_and_no_keep_their_kind(post: Post, settings: Any) -> None:
    settings.SUGGEST_CONTACTS = True
    assert "Each waits for a click" in post(setting="SUGGEST_CONTACTS", value="False")
    assert settings.SUGGEST_CONTACTS is False
    post(setting="SUGGEST_CONTACTS", undo="1")
    assert settings.SUGGEST_CONTACTS is True


def test_staff_are_signed_out_after_the_changed_time(post: Post, client: Client) -> None:
    post(setting="SESSION_IDLE_SECONDS", value="600")
    assert client.get(PAGE).cookies["session"]["max-age"] in ("", 600)
    assert client.session.get_expiry_age() == 600


def test_a_value_is_thought_through_without_counting(post: Post, settings: Any) -> None:
    settings.UNDO_SECONDS = 60
    shown = post(setting="UNDO_SECONDS", value="120", preview="1")
    assert "leaves at 14:02:00" in shown
    assert "Nothing was changed yet" in shown
    assert (settings.UNDO_SECONDS, SettingChange.objects.count()) == (60, 0)
    assert "greater than or equal to 10" in post(setting="UNDO_SECONDS", value="1", preview="1")


def test_a_reader_at_another_address_does_not_get_the_old_key(post: Post, settings: Any) -> None:
    settings.PAGE_READER_URL, settings.PAGE_READER_KEY = "http://10.0.0.5/v1", "opensesame"
    post(setting="PAGE_READER_URL", value="http://10.0.0.6/v1")
    assert settings.PAGE_READER_KEY == ""
    post(setting="PAGE_READER_URL", undo="1")
    assert (settings.PAGE_READER_URL, settings.PAGE_READER_KEY) == ("http://10.0.0.5/v1", "opensesame")


def test_what_is_not_changed_here_says_where_and_why(post: Post) -> None:
    assert all(str(entry.fixed) for entry in entries() if not entry.field)
    assert not any(entry.fixed for entry in entries() if entry.field)
    assert all(entry.preview or entry.trial or entry.fixed or entry.name in SPEAK_FOR_THEMSELVES for entry in entries())
    assert "would be handed the password" in post()


# Their group's trial asks the reader with them.
SPEAK_FOR_THEMSELVES = {"PAGE_READER_MODEL", "PAGE_READER_KEY"}


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
