"""The ladder as data, and the one question it answers: which rung is due for this address, since when? Pure, no rows."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from takedown.jurisdictions import regimes_of

SEED = Path(__file__).with_name("seed") / "ladder.toml"
FIRST = "first"
# Where a site that never answers begins the next time.
OPENS_FOR_THE_SILENT = "reminder"


@dataclass(frozen=True)
class Rung:
    key: str
    number: str
    addressee: str  # an AddresseeType; empty: whoever got the first letter
    after: str
    hours: int
    minor_hours: int
    statute_first: bool = False
    at_once: str = ""  # "", "minor" or "all"
    needs: str = ""
    minors_only: bool = False


@dataclass(frozen=True)
class Desk:
    """A body of rung 7 or 8. `channel` is "form" or "print"."""

    key: str
    rung: str
    jurisdiction: str
    laws: tuple[str, ...]
    channel: str
    verified: bool
    source: str
    agency: str = ""
    name: str = ""
    not_for: tuple[str, ...] = ()
    remark: str = ""

    def is_for(self, jurisdiction: str) -> bool:
        regimes = set(regimes_of(jurisdiction))
        return not regimes & set(self.not_for) and ("*" in self.laws or bool(regimes & set(self.laws)))


@dataclass(frozen=True)
class Trodden:
    """What became of a rung: its letter left (`sent`), it waits, or nothing can come of it any more (`passed`)."""

    state: str  # "waiting", "sent" or "passed"
    at: datetime


@dataclass(frozen=True)
class Standing:
    """Where an address stands. `trodden` holds the rungs that were drafted, "first" among them."""

    minor: bool
    drafted_at: datetime
    trodden: Mapping[str, Trodden]
    statute_due_at: datetime | None = None  # the clock of the cited law, where our letter started one
    hours: Mapping[str, int] = field(default_factory=dict)  # this site's own, by rung
    silent: bool = False
    dedicated: bool = False


def due_rungs(standing: Standing) -> Iterator[tuple[Rung, datetime]]:
    """Every rung that has a time, and that time. The caller leaves out what is not due, and whom it asked already."""
    for rung in rungs():
        if _is_open(rung, standing):
            ready_at = _ready_at(rung, standing)
            if ready_at is not None:
                yield rung, ready_at


def _is_open(rung: Rung, standing: Standing) -> bool:
    if rung.minors_only and not standing.minor:
        return False
    return rung.needs != "dedicated" or standing.dedicated


def _ready_at(rung: Rung, standing: Standing) -> datetime | None:
    if is_at_once(rung, minor=standing.minor) or (standing.silent and rung.after == OPENS_FOR_THE_SILENT):
        return standing.drafted_at
    before = standing.trodden.get(rung.after)
    if before is None or before.state == "waiting":
        return None
    if before.state == "passed":
        return before.at
    if rung.statute_first and standing.statute_due_at and rung.key not in standing.hours:
        return standing.statute_due_at
    return before.at + timedelta(hours=hours_of(rung, standing))


def is_at_once(rung: Rung, *, minor: bool) -> bool:
    return rung.at_once == "all" or (rung.at_once == "minor" and minor)


def hours_of(rung: Rung, standing: Standing) -> int:
    """How long the rung before has, in hours: this site's own, else the ladder's."""
    return standing.hours.get(rung.key, rung.minor_hours if standing.minor else rung.hours)


# --- the seed ----------------------------------------------------------------------------------------------------
@lru_cache
def _book() -> dict[str, Any]:
    return tomllib.loads(SEED.read_text(encoding="utf-8"))


@lru_cache
def rungs() -> tuple[Rung, ...]:
    """In the order of the ladder; the hotlines, which go first, last."""
    return tuple(Rung(**row) for row in _book()["rung"])


def rung(key: str) -> Rung:
    return next(one for one in rungs() if one.key == key)


@lru_cache
def desks() -> tuple[Desk, ...]:
    return tuple(_desk(dict(row)) for row in _book()["desk"])


def _desk(row: dict[str, Any]) -> Desk:
    laws, not_for = tuple(row.pop("for")), tuple(row.pop("not_for", ()))
    return Desk(**row, laws=laws, not_for=not_for)


def desks_for(rung_key: str, jurisdiction: str) -> list[Desk]:
    """Whom this rung turns to for a site under that law."""
    return [desk for desk in desks() if desk.rung == rung_key and desk.is_for(jurisdiction)]
