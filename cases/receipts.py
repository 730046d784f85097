"""The receipt: 16 digits instead of an account. Whoever has it may read the status page, and nobody can guess it."""

from __future__ import annotations

import ipaddress
import secrets
import unicodedata
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import vault
from cases.media_types import IntakeError
from cases.models import Case, GuessCount

DIGITS = 16
# Wrong codes before waiting, and how many come back per minute: for one neighbourhood of addresses, for everybody.
NEAR = ("near", 10, 2.0)
EVERYBODY = ("everybody", 50, 10.0)


def new_code() -> str:
    """53 bits from the system's generator."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def shown_code(code: str) -> str:
    return " ".join(code[start : start + 4] for start in range(0, DIGITS, 4))


def typed_code(text: str) -> str:
    """The digits of what was typed, with dashes, spaces or full-width digits; "" if there are not sixteen."""
    digits = "".join(char for char in unicodedata.normalize("NFKC", text) if char.isascii() and char.isdigit())
    return digits if len(digits) == DIGITS else ""


def same_code(code: str, typed: str) -> bool:
    """For typing the receipt back."""
    return bool(code) and secrets.compare_digest(code, typed_code(typed))


def case_by_receipt(text: str, *, address: str, at: datetime | None = None) -> Case | None:
    """The case of a receipt as typed; None when there is none. Only wrong codes of sixteen digits count.

    `address` is the visitor's IP address; it is not stored. Raises IntakeError `too_many_guesses`: then the code was
    not even looked at.
    """
    code = typed_code(text)
    if not code:
        return None
    at = at or timezone.now()
    buckets = [(_neighbourhood(address), *NEAR[1:]), EVERYBODY]
    with transaction.atomic():
        if not all(_tokens(name, size, per_minute, at) >= 1 for name, size, per_minute in buckets):
            raise IntakeError("too_many_guesses", _("Too many wrong numbers were tried. Please wait a few minutes."))
        case = Case.objects.filter(receipt_lookup__in=vault.receipt_lookups(code)).first()
        if case is None:
            for name, size, per_minute in buckets:
                _take_token(name, size, per_minute, at)
    return case


def _neighbourhood(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one; everything unreadable shares one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    bits = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{bits}", strict=False))


def _tokens(name: str, size: int, per_minute: float, at: datetime) -> float:
    row = GuessCount.objects.select_for_update().filter(bucket=vault.bucket_name(name)).first()
    if row is None:
        return float(size)
    minutes = max(0.0, (at - row.counted_at).total_seconds() / 60)
    return min(float(size), row.tokens + minutes * per_minute)


def _take_token(name: str, size: int, per_minute: float, at: datetime) -> None:
    left = _tokens(name, size, per_minute, at) - 1
    GuessCount.objects.update_or_create(bucket=vault.bucket_name(name), defaults={"tokens": left, "counted_at": at})


def forget_counts(at: datetime) -> None:
    """Buckets nobody drew from for a day are full again."""
    GuessCount.objects.filter(counted_at__lt=at - timedelta(days=1)).delete()
