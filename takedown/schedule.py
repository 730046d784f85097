"""When an address is looked at again. Pure: times in, a time out.

The rhythm counts from the sending of the first letter: 1 h, 6 h, 24 h, 48 h, 72 h, 7 d, 14 d, 30 d, then every month.
What a look was late for does not shift what comes after, and what was missed in a standstill is not made up for.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count

HOUR, DAY = 3600, 86_400
STEPS = (HOUR, 6 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)
# After a removal the address is watched on these days: what comes back opens the ladder anew.
WATCH_STEPS = (7 * DAY, 30 * DAY, 90 * DAY, 180 * DAY, 365 * DAY)
MONTHS = 12


def looks(sent_at: datetime, steps: Sequence[int] = STEPS) -> list[datetime]:
    """All times of one year: the steps (seconds after sending), then twelve months from the last of them."""
    first = [sent_at + timedelta(seconds=step) for step in steps]
    return [*first, *(months_after(first[-1], number) for number in range(1, MONTHS + 1))]


def next_look(sent_at: datetime, at: datetime, steps: Sequence[int] = STEPS) -> datetime:
    """The first time of the rhythm after `at`.

    An address that is open after the year is looked at every month still: nothing that is up is forgotten. Steps that
    end in less than a month (a demo's) repeat their last.
    """
    return next(time for time in _rhythm(sent_at, at, steps) if time > at)


def _rhythm(sent_at: datetime, at: datetime, steps: Sequence[int]) -> Iterator[datetime]:
    times = [sent_at + timedelta(seconds=step) for step in steps]
    yield from times
    if steps[-1] < 28 * DAY:
        # A last step of nothing means: at once, which is still after now.
        yield at + timedelta(seconds=steps[-1]) if steps[-1] else at + timedelta(microseconds=1)
    for number in count(1):
        yield months_after(times[-1], number)


def next_watch(removed_at: datetime, at: datetime, steps: Sequence[int] = WATCH_STEPS) -> datetime | None:
    """The next look at an address that was removed; None when the year is over."""
    times = (removed_at + timedelta(seconds=step) for step in steps)
    return next((time for time in times if time > at), None)


def months_after(start: datetime, months: int) -> datetime:
    """The same day and time so many months later; the last day of a shorter month."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
