"""Signed addresses: who answers one, or bounces to one, has had our letter in hand.

`name+b<token>@domain` is where a letter's bounces go (the envelope's sender), `name+r<token>@domain` where answers go.
The token holds the notice, the day, and a keyed digest over both, the purpose and the recipient: what was made for
answers proves no bounce, and what was made for one recipient proves nothing about another. Letters and digits only, all
lower case: some servers change the case of what stands before the @.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

from django.conf import settings

from cases import vault

Purpose = Literal["b", "r"]
BOUNCE: Purpose = "b"
REPLY: Purpose = "r"
# A server gives up within days; a host may answer after a year of monthly checks.
VALID = {BOUNCE: timedelta(days=45), REPLY: timedelta(days=500)}
FIRST_DAY = date(2024, 1, 1)
DAY_BYTES, MAC_BYTES = 2, 10
TOKEN_CHARACTERS = 45  # 28 bytes in base 32
LONGEST_NAME = 64  # RFC 5321
# Bounded on both sides: a line of a million letters must not cost their square.
ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]@]{1,64}@[^\s<>,;:\"()\[\]@]{1,255}")


@dataclass(frozen=True)
class Claim:
    """What a token says before anybody believes it."""

    purpose: Purpose
    notice_id: UUID
    day: int
    mac: bytes


def in_use() -> bool:
    """Whether letters carry signed addresses: REPLY_ADDRESS is set, and leaves room for a token."""
    name, at, domain = settings.REPLY_ADDRESS.partition("@")
    return bool(name and at and domain) and len(name) + len(_separator()) + 1 + TOKEN_CHARACTERS <= LONGEST_NAME


def signed_address(purpose: Purpose, notice_id: UUID, recipient: str, at: datetime) -> str:
    """The address for this purpose of the letter to this recipient, dated `at`. Raises VaultError without a key."""
    name, _at, domain = settings.REPLY_ADDRESS.partition("@")
    day = _day(at)
    mac = _macs(purpose, notice_id, day, recipient)[0]
    token = _written(notice_id.bytes + day.to_bytes(DAY_BYTES, "big") + mac)
    return f"{name}{_separator()}{purpose}{token}@{domain}"


def claims_in(lines: Iterable[str]) -> list[Claim]:
    """The claims of all our addresses in these header lines, unproven."""
    found = (claim_of(address) for line in lines for address in ADDRESS.findall(line))
    return [claim for claim in found if claim]


def claim_of(address: str) -> Claim | None:
    name, _at, domain = settings.REPLY_ADDRESS.lower().partition("@")
    start = f"{name}{_separator().lower()}"
    given, _at, given_domain = address.lower().rpartition("@")
    if not name or given_domain != domain or not given.startswith(start):
        return None
    rest = given[len(start) :]
    if len(rest) != 1 + TOKEN_CHARACTERS or rest[0] not in VALID:
        return None
    return _read(BOUNCE if rest[0] == BOUNCE else REPLY, rest[1:])


def _written(content: bytes) -> str:
    return base64.b32encode(content).decode().lower().rstrip("=")


def _read(purpose: Purpose, token: str) -> Claim | None:
    try:
        content = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except binascii.Error:
        return None
    # The last letter holds one bit more than the token: only the spelling we write is ours.
    if _written(content) != token:
        return None
    notice, rest = content[:16], content[16:]
    return Claim(purpose, UUID(bytes=notice), int.from_bytes(rest[:DAY_BYTES], "big"), rest[DAY_BYTES:])


def proven_for(claim: Claim, recipients: Iterable[str], at: datetime) -> str | None:
    """The one of these recipients whose letter carried the address; None when it is forged, or too old."""
    age = timedelta(days=_day(at) - claim.day)
    if not timedelta(days=-1) <= age <= VALID[claim.purpose]:
        return None
    for recipient in recipients:
        for mac in _macs(claim.purpose, claim.notice_id, claim.day, recipient):
            if hmac.compare_digest(mac, claim.mac):
                return recipient
    return None


def _macs(purpose: Purpose, notice_id: UUID, day: int, recipient: str) -> list[bytes]:
    """Under each installed key: an address outlives a rotation."""
    text = f"{purpose}|{notice_id.hex}|{day}|{recipient.lower()}"
    return [bytes.fromhex(digest)[:MAC_BYTES] for digest in vault.keyed_digests("mail address", text)]


def _day(at: datetime) -> int:
    return max(0, (at.astimezone(UTC).date() - FIRST_DAY).days)


def _separator() -> str:
    return str(settings.REPLY_SEPARATOR)
