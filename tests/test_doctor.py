"""The doctor names what reading captured pages lacks on this server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases import ocr
from seoulguard import doctor


def test_a_missing_korean_reader_is_weak_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed_languages", lambda: ("eng",))
    found = doctor._letters()
    assert found.state == "weak"
    assert "tesseract-ocr-kor" in found.remedy


def test_with_both_languages_it_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "installed_languages", lambda: ("kor", "eng"))
    assert doctor._letters().state == "good"


def test_a_table_of_networks_is_optional_and_a_broken_one_is_named(settings: Any, tmp_path: Path) -> None:
    settings.ASN_TABLE = ""
    assert doctor._networks().state == "good"
    settings.ASN_TABLE = str(tmp_path / "gone.tsv")
    assert doctor._networks().state == "weak"


def test_a_mailbox_for_replies_is_optional_and_one_that_does_not_answer_is_named(settings: Any) -> None:
    assert doctor._inbox().state == "weak"
    settings.IMAP_HOST, settings.IMAP_PORT, settings.IMAP_SECURITY = "127.0.0.1", 1, "none"
    found = doctor._inbox()
    assert found.state == "bad"
    assert "could not be reached" in found.remedy
