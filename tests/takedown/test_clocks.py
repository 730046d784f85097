"""The clocks of the law: who starts them, how long they run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from takedown.clocks import Clock, due_at, own_clocks, seed_clocks
from takedown.elements import OUR_CLOCKS
from takedown.lawbook import seed_statutes

STARTED = datetime(2026, 10, 30, 15, 0, tzinfo=UTC)  # a Friday; in Seoul it is Saturday already
HOURS = {row.code: row.clock_hours for row in seed_statutes()}


def clock(amount: int, unit: str, zone: str = "UTC") -> Clock:
    return Clock("x", "X-1", amount, unit, "sent", zone, True)


@pytest.mark.parametrize(
    ("amount", "unit", "zone", "due"),
    [
        (48, "hours", "UTC", datetime(2026, 11, 1, 15, tzinfo=UTC)),
        (30, "days", "Asia/Seoul", datetime(2026, 11, 29, 15, tzinfo=UTC)),
        (2, "days", "America/New_York", datetime(2026, 11, 1, 16, tzinfo=UTC)),  # summer time ended in between
        (1, "working_days", "UTC", datetime(2026, 11, 2, 15, tzinfo=UTC)),
        (5, "working_days", "Asia/Seoul", datetime(2026, 11, 5, 15, tzinfo=UTC)),
        (6, "months", "Asia/Seoul", datetime(2027, 4, 29, 15, tzinfo=UTC)),  # 31 October there; April has 30 days
    ],
)
def test_a_clock_runs_as_long_as_the_law_says(amount: int, unit: str, zone: str, due: datetime) -> None:
    assert due_at(clock(amount, unit, zone), STARTED) == due


def test_our_letter_starts_the_american_clock_of_48_hours() -> None:
    [ours] = own_clocks({"US-1", "US-2"}, HOURS)
    assert due_at(ours, STARTED) - STARTED == timedelta(hours=48)


def test_clocks_of_authorities_are_never_ours() -> None:
    assert own_clocks({"VN-1", "TW-3", "AU-1", "RU-1", "ID-1", "KR-7"}, HOURS) == []


def test_a_clock_that_nobody_verified_is_used_for_nothing() -> None:
    assert own_clocks({"UK-2"}, HOURS) == []


def test_every_clock_belongs_to_a_statute_and_agrees_with_who_starts_it() -> None:
    starts = {row.code: row.clock_start for row in seed_statutes()}
    for one in seed_clocks(HOURS):
        assert one.statute in starts
        assert (one.starts == "sent") <= (starts[one.statute] in OUR_CLOCKS)


def test_a_time_without_a_zone_starts_no_clock() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        due_at(clock(1, "hours"), datetime(2026, 1, 1))
