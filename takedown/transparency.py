"""The export for a transparency report: what each host did with our letters, with small numbers left out.

A number from one to four could point at a person, so it becomes `<5`. No totals stand in the file: one left-out number
could be worked out from them.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime

from takedown.answering import Record, by_host

SMALLEST = 5
HIDDEN = f"<{SMALLEST}"
COLUMNS = (
    "host", "letters", "addresses", "removed", "median_hours", "slowest_tenth_hours", "refusals", "bounces",
)  # fmt: skip


def count(number: int) -> str:
    return HIDDEN if 0 < number < SMALLEST else str(number)


def row_of(record: Record) -> list[str]:
    """Times are told only where at least five removals stand behind them."""
    known = len(record.seconds) >= SMALLEST
    return [
        record.name, count(record.letters), count(record.addresses), count(record.removed),
        _hours(record.median_seconds) if known else "", _hours(record.slowest_tenth_seconds) if known else "",
        count(record.refusal_count), count(record.bounces),
    ]  # fmt: skip


def _hours(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds / 3600:.1f}"


def export(since: datetime | None = None, until: datetime | None = None) -> str:
    """CSV of one row per host that was written to."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(row_of(record) for record in by_host(since, until))
    return out.getvalue()
