"""When an address is looked at again: exact to the second, whatever was late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from takedown import schedule

SENT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
HOURS = [1, 6, 24, 48, 72, 7 * 24, 14 * 24, 30 * 24]


def walk(until_days: int, late: timedelta = timedelta(0)) -> list[datetime]:
    """The times of the looks, each done `late` after it was due."""
    at, seen = SENT, []
    while (at_next := schedule.next_look(SENT, at)) <= SENT + timedelta(days=until_days):
        seen.append(at_next)
        at = at_next + late
    return seen


def test_the_first_thirty_days_are_looked_at_eight_times() -> None:
    assert walk(30) == [SENT + timedelta(hours=hours) for hours in HOURS]


def test_a_look_that_was_late_does_not_shift_the_next() -> None:
    assert walk(30, late=timedelta(minutes=40)) == walk(30)


def test_then_it_is_looked_at_every_month_for_a_year() -> None:
    monthly = walk(400)[8:]
    assert [at.month for at in monthly] == [4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 2, 3]
    assert {at.time() for at in monthly} == {SENT.time()}
    assert walk(400) == schedule.looks(SENT)


def test_after_the_year_it_is_not_forgotten() -> None:
    late = SENT + timedelta(days=900)
    assert late < schedule.next_look(SENT, late) <= late + timedelta(days=31)


def test_a_standstill_of_days_costs_one_look_not_many() -> None:
    woken = SENT + timedelta(days=5)
    assert schedule.next_look(SENT, woken) == SENT + timedelta(days=7)


@pytest.mark.parametrize(
    ("start", "months", "day"),
    [(datetime(2026, 1, 31, tzinfo=UTC), 1, 28), (datetime(2027, 12, 31, tzinfo=UTC), 2, 29)],
)
def test_a_month_from_the_last_day_is_the_last_day(start: datetime, months: int, day: int) -> None:
    assert (schedule.months_after(start, months).month, schedule.months_after(start, months).day) == (2, day)


def test_a_removed_address_is_watched_for_a_year_and_no_longer() -> None:
    at, days = SENT, []
    while following := schedule.next_watch(SENT, at):
        days.append((following - SENT).days)
        at = following
    assert days == [7, 30, 90, 180, 365]


def test_a_demos_short_rhythm_repeats_its_last_step() -> None:
    at = SENT + timedelta(seconds=100)
    assert schedule.next_look(SENT, at, [1, 3, 40]) == at + timedelta(seconds=40)
