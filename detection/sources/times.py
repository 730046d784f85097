"""When something was posted, as interfaces say it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

EARLIEST, LATEST = datetime(1995, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def moment_of(said: Any) -> datetime | None:
    """Seconds or milliseconds since 1970, ISO 8601 or a mail's date; None for anything else. UTC without a zone.

    >>> moment_of("2026-03-01T10:00:00Z")
    datetime.datetime(2026, 3, 1, 10, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = _read(said)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment if EARLIEST < moment < LATEST else None


def _read(said: Any) -> datetime:
    if isinstance(said, bool) or said is None:
        raise TypeError
    if isinstance(said, int | float) or str(said).strip().isdecimal():
        seconds = float(said)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    text = str(said).strip()[:60]
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)
