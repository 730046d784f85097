"""A setting that cannot be read stops the start with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured

from seoulguard import checks, env
from seoulguard.prepare import prepare


def test_a_number_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDO_SECONDS", "soon")
    with pytest.raises(ImproperlyConfigured, match="UNDO_SECONDS must be a whole number"):
        env.integer("UNDO_SECONDS", 60)


def test_a_yes_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="HTTPS must be yes or no"):
        env.boolean("HTTPS", True)


def test_a_choice_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGE_OCR", "sometimes")
    with pytest.raises(ImproperlyConfigured, match="PAGE_OCR must be one of needed, always, never"):
        env.choice("PAGE_OCR", "needed", "always", "never")
    monkeypatch.delenv("PAGE_OCR")
    assert env.choice("PAGE_OCR", "needed", "always", "never") == "needed"


def test_a_database_address_moves_to_postgresql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://ann:p%40ss@db.example:5433/guard")
    found = env.database("DATABASE_URL", tmp_path / "x.sqlite3")
    assert (found["ENGINE"], found["PASSWORD"], found["PORT"]) == ("django.db.backends.postgresql", "p@ss", "5433")


def test_another_kind_of_database_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://db/guard")
    with pytest.raises(ImproperlyConfigured, match="postgres://"):
        env.database("DATABASE_URL", tmp_path / "x.sqlite3")


def test_a_home_in_a_deep_folder_still_has_a_socket_the_kernel_takes(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 40) / "queue.sock"
    assert len(str(env.socket_path(deep)).encode()) <= 107
    assert env.socket_path(deep) == env.socket_path(deep)


def test_preparing_twice_keeps_the_keys_and_hides_them(tmp_path: Path) -> None:
    prepare(tmp_path)
    key = tmp_path / "keys" / "vault.key"
    before = key.read_text()
    prepare(tmp_path)
    assert key.read_text() == before
    assert key.stat().st_mode & 0o777 == 0o400


def test_a_centre_cannot_deploy_with_the_loopback_allowance_of_the_demo(settings: object) -> None:
    settings.DEMO_HOSTS = {"clips.example": "127.0.0.1:8101"}  # type: ignore[attr-defined]
    assert [type(found) for found in checks.no_loopback_allowance(None)] == [Error]


def test_a_time_stamp_authority_is_an_address_and_its_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificates = tmp_path / "tsa.pem"
    certificates.write_text("…")
    monkeypatch.setenv("TIMESTAMP_AUTHORITIES", f"https://tsa.example/tsr?a=b|{certificates}")
    assert env.authorities("TIMESTAMP_AUTHORITIES") == [("https://tsa.example/tsr?a=b", certificates)]
    certificates.unlink()
    with pytest.raises(ImproperlyConfigured, match="certificate-file"):
        env.authorities("TIMESTAMP_AUTHORITIES")
