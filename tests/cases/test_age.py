"""Encryption to a recipient's key: it opens for them, for nobody else, and not after a change."""

from __future__ import annotations

import io

import pytest

from cases import age

# Of the format's own examples: a public key and its secret, written by another program.
THEIR_SECRET = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    return age.new_identity()


def sealed(content: bytes, public: str) -> bytes:
    pieces = (content[at : at + 70_001] for at in range(0, len(content), 70_001))
    return b"".join(age.encrypted(pieces, age.public_key(public)))


def opened(file: bytes, secret: str) -> bytes:
    return b"".join(age.decrypted(io.BytesIO(file), age.secret_key(secret)))


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])
def test_the_recipient_opens_what_was_encrypted_to_their_key(keys: tuple[str, str], size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert opened(sealed(content[:size], keys[0]), keys[1]) == content[:size]


def test_nobody_else_opens_it(keys: tuple[str, str]) -> None:
    with pytest.raises(age.AgeError, match="another key"):
        opened(sealed(b"proof", keys[0]), age.new_identity()[1])


@pytest.mark.parametrize("at", [3, 40, 90, 150, 190, 230, -1])
def test_a_changed_file_does_not_open(keys: tuple[str, str], at: int) -> None:
    file = bytearray(sealed(b"proof" * 50, keys[0]))
    file[at] ^= 1
    with pytest.raises(age.AgeError):
        opened(bytes(file), keys[1])


def test_a_file_cut_between_two_pieces_does_not_open(keys: tuple[str, str]) -> None:
    file = sealed(bytes(200_000), keys[0])
    header = file.index(b"\n", file.index(b"---")) + 1 + age.NONCE
    for end in (header + 65_552, header + 2 * 65_552, header):
        with pytest.raises(age.AgeError):
            opened(file[:end], keys[1])


def test_a_secret_key_of_the_format_is_read(keys: tuple[str, str]) -> None:
    assert age.secret_key(THEIR_SECRET).private_bytes_raw() == b"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
    assert age.secret_key(f"# created today\n{keys[1]}\n").private_bytes_raw()


@pytest.mark.parametrize("wrong", ["", "age1", "ssh-ed25519 AAAA", "age1" + "q" * 58, "Age1" + "q" * 58])
def test_a_key_with_a_typing_error_is_named(wrong: str, keys: tuple[str, str]) -> None:
    with pytest.raises(age.AgeError):
        age.public_key(wrong)
    typed = keys[0][:-1] + ("q" if keys[0][-1] != "q" else "p")
    with pytest.raises(age.AgeError, match="typing error"):
        age.public_key(typed)
