"""The receipt: 16 digits instead of an account. Whoever has it may read the status page, and nobody can guess it."""

from __future__ import annotations

import ipaddress
import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import vault
from cases.media_types import IntakeError
from cases.models import Case, GuessCount

DIGITS = 16


class Bucket(NamedTuple):
    """Wrong codes before waiting, and how many come back per minute."""

    name: str
    size: int
    per_minute: float


EVERYBODY = Bucket("everybody", 50, 10.0)
NEAR_SIZE, NEAR_PER_MINUTE = 10, 2.0


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
    buckets = [EVERYBODY, _near(address)]
    # Looked at without a lock first: a flood of guesses must not queue up in front of everybody's writes.
    _refuse_if_empty(GuessCount.objects.all(), buckets, at)
    with transaction.atomic():
        rows = GuessCount.objects.select_for_update()
        _refuse_if_empty(rows, buckets, at)
        case = Case.objects.filter(receipt_lookup__in=vault.receipt_lookups(code)).first()
        if case is None:
            for bucket in buckets:
                left = _tokens(rows, bucket, at) - 1
                GuessCount.objects.update_or_create(bucket=bucket.name, defaults={"tokens": left, "counted_at": at})
    return case


def _refuse_if_empty(rows: QuerySet[GuessCount], buckets: list[Bucket], at: datetime) -> None:
    if any(_tokens(rows, bucket, at) < 1 for bucket in buckets):
        raise IntakeError("too_many_guesses", _("Too many wrong numbers were tried. Please wait a few minutes."))


def _near(address: str) -> Bucket:
    """For the /24 of an IPv4 address, the /48 of an IPv6 one; everything unreadable shares one."""
    try:
        parsed = ipaddress.ip_address(address)
        network = str(ipaddress.ip_network(f"{parsed}/{24 if parsed.version == 4 else 48}", strict=False))
    except ValueError:
        network = "unknown"
    return Bucket(vault.bucket_name(network), NEAR_SIZE, NEAR_PER_MINUTE)


def _tokens(rows: QuerySet[GuessCount], bucket: Bucket, at: datetime) -> float:
    row = rows.filter(bucket=bucket.name).first()
    if row is None:
        return float(bucket.size)
    minutes = max(0.0, (at - row.counted_at).total_seconds() / 60)
    return min(float(bucket.size), row.tokens + minutes * bucket.per_minute)


def forget_counts(at: datetime) -> None:
    """Buckets nobody drew from for a day are full again."""
    GuessCount.objects.filter(counted_at__lt=at - timedelta(days=1)).delete()
