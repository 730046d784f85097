from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings as django_settings

from cases import sealing, vault
from cases.models import Case, CaseKey
from cases.vault import SealedWriter, VaultError
from tests.base import Cast, make_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of several chunks without megabytes."""
    monkeypatch.setattr(sealing, "CHUNK", 1024)


def put_away(case: Case, content: bytes) -> UUID:
    file_id = uuid4()
    with SealedWriter(case, file_id) as writer:
        writer.write(content)
    return file_id


def sealed_path(case: Case, file_id: UUID) -> Path:
    return django_settings.EVIDENCE_ROOT / str(case.pk) / f"{file_id}.sealed"


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 4096, 5000])
def test_a_clip_of_any_length_comes_out_as_it_went_in(cast: Cast, small_chunks: None, size: int) -> None:
    content = secrets.token_bytes(size)
    file_id = uuid4()
    with SealedWriter(cast.case, file_id) as writer:
        for start in range(0, size, 700):
            writer.write(content[start : start + 700])
        sealed = writer.close()

    assert vault.read_file(cast.case, file_id) == content
    assert sealed.size == size
    assert sealed.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_a_clip_is_opened_in_memory_at_its_beginning(cast: Cast) -> None:
    fd = vault.open_memfd(cast.case, put_away(cast.case, b"clip" * 1000))
    try:
        assert os.read(fd, 8) == b"clipclip"
        assert os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:")
    finally:
        os.close(fd)


def test_two_clips_and_two_fields_never_look_alike(cast: Cast) -> None:
    first, second = put_away(cast.case, b"same"), put_away(cast.case, b"same")
    assert sealed_path(cast.case, first).read_bytes() != sealed_path(cast.case, second).read_bytes()
    assert vault.seal_text(cast.case, "name", "하늘") != vault.seal_text(cast.case, "name", "하늘")


def test_a_name_opens_for_its_own_case_and_field_only(cast: Cast) -> None:
    sealed = vault.seal_text(cast.case, "name", "김하늘")
    assert vault.open_text(cast.case, "name", sealed) == "김하늘"
    for case, field in [(cast.case, "contact"), (make_case("A-2"), "name")]:
        with pytest.raises(VaultError) as raised:
            vault.open_text(case, field, sealed)
        assert raised.value.code == "broken_seal"


def test_an_empty_field_stays_empty(cast: Cast) -> None:
    assert vault.seal_text(cast.case, "name", "") == b""
    assert vault.open_text(cast.case, "name", b"") == ""


# --- whoever meddles gets nothing --------------------------------------------------------------------------------
PART = 1024 + sealing.TAG


def chunks(sealed: bytes) -> list[bytes]:
    body = sealed[sealing.HEADER :]
    return [sealed[: sealing.HEADER], *(body[start : start + PART] for start in range(0, len(body), PART))]


TAMPERINGS: list[tuple[str, Callable[[list[bytes]], list[bytes]]]] = [
    ("swapped chunks", lambda c: [c[0], c[2], c[1], *c[3:]]),
    ("a chunk dropped", lambda c: [c[0], c[1], *c[3:]]),
    ("a chunk repeated", lambda c: [c[0], c[1], c[1], *c[2:]]),
    ("cut at a chunk's edge", lambda c: c[:-1]),
    ("cut inside a chunk", lambda c: [*c[:-1], c[-1][:-3]]),
    ("something added", lambda c: [*c, b"x" * 40]),
    ("one bit in the last chunk", lambda c: [*c[:-1], c[-1][:-1] + bytes([c[-1][-1] ^ 1])]),
    ("another nonce prefix", lambda c: [sealing.MAGIC + b"12345678", *c[1:]]),
    ("another magic", lambda c: [b"NOPE" + c[0][4:], *c[1:]]),
    ("only the header", lambda c: c[:1]),
    ("nothing at all", lambda c: [b""]),
]


@pytest.mark.parametrize(("what", "tamper"), TAMPERINGS, ids=[what for what, _ in TAMPERINGS])
def test_a_changed_file_gives_not_one_byte(
    cast: Cast, small_chunks: None, what: str, tamper: Callable[[list[bytes]], list[bytes]]
) -> None:
    file_id = put_away(cast.case, secrets.token_bytes(4500))
    path = sealed_path(cast.case, file_id)
    path.write_bytes(b"".join(tamper(chunks(path.read_bytes()))))

    with pytest.raises(VaultError) as raised:
        next(vault.open_stream(cast.case, file_id))
    assert raised.value.code == "broken_seal"
    with pytest.raises(VaultError):
        vault.open_memfd(cast.case, file_id)


def test_a_file_under_another_name_or_in_another_case_stays_closed(cast: Cast) -> None:
    other = make_case("A-2")
    file_id, elsewhere = put_away(cast.case, b"clip"), uuid4()
    stolen = sealed_path(cast.case, file_id).read_bytes()
    put_away(other, b"")
    for case, name in [(cast.case, elsewhere), (other, file_id)]:
        sealed_path(case, name).write_bytes(stolen)
        with pytest.raises(VaultError, match="stays closed"):
            vault.read_file(case, name)


def test_a_missing_file_is_said_to_be_missing(cast: Cast) -> None:
    with pytest.raises(VaultError) as raised:
        vault.read_file(cast.case, uuid4())
    assert raised.value.code == "no_file"


# --- keys --------------------------------------------------------------------------------------------------------
@pytest.fixture
def keys(settings, tmp_path: Path) -> Callable[..., None]:
    """Replaces the installation's key file by these lines; none removes it."""

    def install(*lines: str) -> None:
        settings.VAULT_KEY_FILE = tmp_path / secrets.token_hex(4)
        if lines:
            settings.VAULT_KEY_FILE.write_text("\n".join(lines))

    return install


def fails_with(case: Case, sealed: bytes) -> str:
    with pytest.raises(VaultError) as raised:
        vault.open_text(case, "name", sealed)
    assert raised.value.sentence
    return raised.value.code


def test_without_the_right_installation_key_nothing_opens(cast: Cast, keys: Callable[..., None]) -> None:
    sealed = vault.seal_text(cast.case, "name", "김하늘")
    keys()
    assert fails_with(cast.case, sealed) == "no_key_file"
    keys(f"k1:{'00' * 32}")
    assert fails_with(cast.case, sealed) == "broken_seal"
    keys(f"k9:{'00' * 32}")
    assert fails_with(cast.case, sealed) == "unknown_key"
    keys("k1:1234")
    assert fails_with(cast.case, sealed) == "bad_key_file"
    keys("not a key file")
    assert fails_with(cast.case, sealed) == "bad_key_file"


def test_an_older_installation_key_still_opens_what_it_wrapped(settings, cast: Cast, keys: Callable[..., None]) -> None:
    sealed = vault.seal_text(cast.case, "name", "김하늘")
    lookup = vault.receipt_lookup("1234567890123456")
    older = settings.VAULT_KEY_FILE.read_text().strip()
    keys(f"k2:{secrets.token_hex(32)}", older)

    assert vault.open_text(cast.case, "name", sealed) == "김하늘"
    newer_case = make_case("A-3")
    assert CaseKey.objects.get(case=newer_case).kid == "k2"
    assert lookup in vault.receipt_lookups("1234567890123456")


def test_a_key_row_of_another_case_does_not_open_this_one(cast: Cast) -> None:
    sealed = vault.seal_text(cast.case, "name", "김하늘")
    other = CaseKey.objects.get(case=make_case("A-2"))
    CaseKey.objects.filter(case=cast.case).update(kid=other.kid, wrapped=other.wrapped)
    assert fails_with(cast.case, sealed) == "broken_seal"


def test_an_erased_case_cannot_be_opened_even_from_a_copy(cast: Cast) -> None:
    sealed, file_id = vault.seal_text(cast.case, "name", "김하늘"), put_away(cast.case, b"clip")
    copy = sealed_path(cast.case, file_id).read_bytes()
    vault.erase_case(cast.case)

    assert not sealed_path(cast.case, file_id).exists()
    sealed_path(cast.case, file_id).parent.mkdir()
    sealed_path(cast.case, file_id).write_bytes(copy)
    for open_it in (lambda: vault.read_file(cast.case, file_id), lambda: vault.open_text(cast.case, "name", sealed)):
        with pytest.raises(VaultError) as raised:
            open_it()
        assert raised.value.code == "no_case_key"


def test_the_installation_key_is_readable_by_its_owner_only_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "vault.key"
    vault.create_installation_key(path)
    assert path.stat().st_mode & 0o777 == 0o400
    with pytest.raises(FileExistsError):
        vault.create_installation_key(path)


def test_what_was_sealed_for_one_purpose_does_not_open_for_another() -> None:
    sealed = vault.seal_for_installation(b"answers", "draft")
    assert vault.open_for_installation(sealed, "draft") == b"answers"
    with pytest.raises(VaultError):
        vault.open_for_installation(sealed, "other")
    with pytest.raises(VaultError):
        vault.open_for_installation(b"", "draft")


# --- the disk ----------------------------------------------------------------------------------------------------
def test_a_broken_off_file_leaves_nothing_behind(cast: Cast) -> None:
    with pytest.raises(ConnectionError):
        broken_off(cast.case)
    assert list((django_settings.EVIDENCE_ROOT / str(cast.case.pk)).iterdir()) == []


def broken_off(case: Case) -> None:
    with SealedWriter(case, uuid4()) as writer:
        writer.write(b"half")
        raise ConnectionError("the line broke")


def test_a_full_disk_is_said_and_leaves_nothing_behind(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SealedWriter(cast.case, uuid4())
    monkeypatch.setattr(sealing, "_write_all", _no_space)
    with pytest.raises(VaultError) as raised:
        writer.write(b"x" * (sealing.CHUNK + 1))
    assert raised.value.code == "no_space"
    assert list((django_settings.EVIDENCE_ROOT / str(cast.case.pk)).iterdir()) == []


def _no_space(*_args: object) -> None:
    raise OSError(28, "No space left on device")
