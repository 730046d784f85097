"""The clocks of the law: when each starts, how long it runs, when it is due (legal.md 8). Pure, no rows.

Clocks count calendar time; weekends and holidays count unless a regime says otherwise. "Without delay" and 及时 are no
clocks: nobody gave them hours, and none are invented here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from takedown.schedule import months_after

SEED = Path(__file__).with_name("seed") / "clocks.toml"
UNITS = ("hours", "days", "working_days", "months")
# The one start that is ours: the letter was handed over. Everything else is done by others.
SENT = "sent"


@dataclass(frozen=True)
class Clock:
    """`amount` of `unit` from the event `starts`, counted in `zone` where days and months are counted.

    `meaning` is "due" (something must be done by then) or "ends" (a measure or a duty is over then).
    """

    key: str
    statute: str
    amount: int
    unit: str
    starts: str
    zone: str
    verified: bool
    meaning: str = "due"

    def __post_init__(self) -> None:
        if self.unit not in UNITS or self.amount <= 0:
            raise ValueError(f"{self.key} is no clock: {self.amount} {self.unit}")


def due_at(clock: Clock, started_at: datetime) -> datetime:
    """When the clock has run out, in the time zone of `started_at`. Raises ValueError for a time without a zone."""
    if started_at.tzinfo is None:
        raise ValueError("a time without a zone starts no clock")
    if clock.unit == "hours":
        return started_at + timedelta(hours=clock.amount)
    there = started_at.astimezone(ZoneInfo(clock.zone))
    return _later(clock, there).astimezone(started_at.tzinfo)


def _later(clock: Clock, there: datetime) -> datetime:
    """So many days on the wall there: across a change of summer time the hour stays the same."""
    if clock.unit == "months":
        return months_after(there, clock.amount)
    if clock.unit == "days":
        return there + timedelta(days=clock.amount)
    for _day in range(clock.amount):
        there += timedelta(days=1)
        while there.weekday() >= 5:
            there += timedelta(days=1)
    return there


def own_clocks(statute_codes: set[str], hours: Mapping[str, int | None]) -> list[Clock]:
    """The verified clocks that our letter under these statutes starts, the shortest first."""
    ours = [clock for clock in seed_clocks(hours) if clock.starts == SENT and clock.statute in statute_codes]
    return sorted((clock for clock in ours if clock.verified), key=lambda clock: (clock.unit != "hours", clock.amount))


def seed_clocks(hours: Mapping[str, int | None]) -> list[Clock]:
    """Every clock; those without an amount of their own take `hours` of their statute, and run not where it has none."""
    clocks = []
    for row in _rows():
        amount = row.get("amount") or hours.get(row["statute"])
        if amount:
            clocks.append(Clock(**{"unit": "hours", **row, "amount": amount}))
    return clocks


@lru_cache
def _rows() -> tuple[dict, ...]:
    return tuple(tomllib.loads(SEED.read_text(encoding="utf-8"))["clock"])
