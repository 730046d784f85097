"""The key that signs bundles: made once, kept hidden, never replaced by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cases import signing
from cases.bundle_kit import verify_bundle
from cases.vault import VaultError
from seoulguard.prepare import prepare


def test_it_is_made_at_first_use_and_only_its_owner_reads_it(settings: Any, tmp_path: Path) -> None:
    settings.SIGNING_KEY_FILE = tmp_path / "keys" / "signing.key"
    first = signing.fingerprint()
    assert settings.SIGNING_KEY_FILE.stat().st_mode & 0o777 == 0o400
    assert signing.fingerprint() == first
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["signing.key"]


def test_two_workers_at_once_end_with_one_key(settings: Any, tmp_path: Path) -> None:
    settings.SIGNING_KEY_FILE = tmp_path / "signing.key"
    first = signing.fingerprint()
    signing._create(settings.SIGNING_KEY_FILE)
    assert signing.fingerprint() == first


def test_the_key_that_preparing_makes_is_the_one_that_signs(settings: Any, tmp_path: Path) -> None:
    prepare(tmp_path)
    settings.SIGNING_KEY_FILE = tmp_path / "keys" / "signing.key"
    assert verify_bundle.ed25519_holds(signing.public_key(), signing.sign(b"proof"), b"proof")


@pytest.mark.parametrize("content", ["", "ed25519:12", "k1:" + "0" * 64])
def test_a_broken_key_file_is_named_and_not_replaced(settings: Any, tmp_path: Path, content: str) -> None:
    settings.SIGNING_KEY_FILE = tmp_path / "signing.key"
    settings.SIGNING_KEY_FILE.write_text(content)
    with pytest.raises(VaultError, match="signing key"):
        signing.fingerprint()
    assert settings.SIGNING_KEY_FILE.read_text() == content
