"""Reads when something was posted, in the shapes sites write it: ISO, Korean, Japanese, Chinese, Russian and Latin dates.

Nothing is made up: a time without a zone stays without one, a relative time ("3시간 전") and a date whose order of day
and month cannot be told stay as they were said.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from babel.dates import get_month_names

MONTH_LANGUAGES = ("en", "ru", "uk", "es", "pt", "fr", "de", "it", "pl", "tr", "id", "vi", "nl", "th")
YEAR_FIRST_LANGUAGES = frozenset({"ko", "ja", "zh"})
ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "KST": 9, "JST": 9, "MSK": 3}
EARLIEST, LATEST = 1995, 2100
BUDDHIST_ERA, REIWA_BEGAN = 543, 2018


@dataclass(frozen=True)
class Moment:
    """`value` is ISO 8601 as exact as the page was, or the page's own words. `said` is the piece that was read."""

    value: str
    said: str
    exact: bool = True


# --- shapes ------------------------------------------------------------------------------------------------------
_YEAR = r"(?P<y>(?:19|20|25)\d\d)"
NUMERIC = re.compile(rf"(?<!\d){_YEAR}\s?[-./]\s?(?P<m>\d{{1,2}})\s?[-./]\s?(?P<d>\d{{1,2}})(?!\d)\.?")
EAST_ASIAN = re.compile(
    r"(?<!\d)(?:(?P<reiwa>令和)\s*)?(?P<y>\d{1,4}|元)\s*[년年]\s*(?P<m>\d{1,2})\s*[월月]\s*(?P<d>\d{1,2})\s*[일日]"
)
DAY_FIRST = re.compile(r"(?<!\d)(?P<d>\d{1,2})(?P<sep>[./-])(?P<m>\d{1,2})(?P=sep)(?P<y>(?:19|20|25)\d\d)(?!\d)")
SHORT_YEAR = re.compile(r"(?<![\d.])(?P<y>\d\d)(?P<sep>[./-])(?P<m>\d\d)(?P=sep)(?P<d>\d\d)(?![\d.]\d)")
CLOCK = re.compile(
    r"^[\sT,·|]*(?:в|at|à|às|um|@|lúc|alle)?\s*(?:\([^)]{1,4}\)\s*)?(?P<half>오전|오후|午前|午後|上午|下午)?\s*"
    r"(?P<h>\d{1,2})(?:\s*[:：]\s*(?P<min>\d\d)(?:[:：](?P<s>\d\d)(?:[.,]\d+)?)?|\s*[시時点]\s*(?:(?P<min2>\d{1,2})\s*[분分])?)"
    r"\s*(?P<ampm>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z\b|UTC|GMT|KST|JST|MSK|[+-]\d\d:?\d\d)?"
)
RELATIVE = re.compile(
    r"(?<!\d)\d{1,4}\s*(?:초|분|시간|일|주|개월|달|년)\s*전|방금(?:\s*전)?|그저께|어제(?:\s*\d{1,2}:\d\d)?|오늘\s*\d{1,2}:\d\d"
    r"|(?<!\d)\d{1,4}\s*(?:秒|分|時間|日|週間|か月|カ月|ヶ月|年)前|たった今|一昨日|昨日|(?<!\d)\d{1,4}\s*(?:分钟|小时|天|周|个月)前|昨天|刚刚"
    r"|(?:(?<!\d)\d{1,4}\s*)?(?:секунд\w*|минут\w*|час\w*|дн\w+|день|недел\w*|месяц\w*|год\w*|лет)\s+назад|вчера(?:\s+в\s+\d{1,2}:\d\d)?"
    r"|только что|\b(?:\d{1,4}|an?|one)\s*(?:sec(?:ond)?|min(?:ute)?|hour|hr|h|day|week|month|mo|year|yr)s?\.?\s+ago\b"
    r"|\byesterday\b|\bjust now\b|\bhace\s+\d+\s+\w+|\bil y a\s+\d+\s+\w+|\bvor\s+\d+\s+\w+|\bhá\s+\d+\s+\w+",
    re.IGNORECASE,
)


def find_moment(text: str, language: str = "") -> Moment | None:
    """The first date in a line, else a relative time; None where there is neither."""
    for shape in (_numeric, _east_asian, _named, _day_first, _short_year):
        if found := shape(text, language):
            return found
    relative = RELATIVE.search(text)
    return Moment(relative.group().strip(), relative.group().strip(), exact=False) if relative else None


def read_moment(value: str, language: str = "") -> Moment | None:
    """The same for a field that holds nothing but a time; seconds and milliseconds since 1970 are read too."""
    text = value.strip()
    if re.fullmatch(r"\d{10}|\d{13}", text):
        at = datetime.fromtimestamp(int(text[:10]), UTC)
        return Moment(at.isoformat().replace("+00:00", "Z"), text) if EARLIEST <= at.year <= LATEST else None
    return find_moment(text[:200], language)


# --- one shape each ----------------------------------------------------------------------------------------------
def _numeric(text: str, _language: str) -> Moment | None:
    return _first(NUMERIC.finditer(text), text, lambda found: _day(found["y"], found["m"], found["d"]))


def _east_asian(text: str, _language: str) -> Moment | None:
    def day(found: re.Match[str]) -> date | None:
        year = 1 if found["y"] == "元" else int(found["y"])
        if found["reiwa"]:
            year += REIWA_BEGAN
        return _day(year if year > 99 else year + 2000, found["m"], found["d"])

    return _first(EAST_ASIAN.finditer(text), text, day)


def _named(text: str, _language: str) -> Moment | None:
    """ "March 1, 2026", "1 марта 2026 г.", "1 de marzo de 2026"."""

    def day(found: re.Match[str]) -> date | None:
        return _day(found["y"], _months()[found["month"].lower()], found["d"])

    return _first((found for pattern in _month_patterns() for found in pattern.finditer(text)), text, day)


def _day_first(text: str, _language: str) -> Moment | None:
    found = DAY_FIRST.search(text)
    if not found:
        return None
    first, second = int(found["d"]), int(found["m"])
    if found["sep"] == "/" and first <= 12 and second <= 12 and first != second:
        return Moment(found.group(), found.group(), exact=False)
    day = _day(found["y"], *((second, first) if second <= 12 else (first, second)))
    return _with_clock(day, found, text) if day else None


def _short_year(text: str, language: str) -> Moment | None:
    found = SHORT_YEAR.search(text)
    if not found:
        return None
    day = _day(f"20{found['y']}", found["m"], found["d"]) if language in YEAR_FIRST_LANGUAGES else None
    return _with_clock(day, found, text) if day else Moment(found.group(), found.group(), exact=False)


# --- parts -------------------------------------------------------------------------------------------------------
def _first(found: Iterator[re.Match[str]], text: str, day_of: Callable[[re.Match[str]], date | None]) -> Moment | None:
    return next((_with_clock(day, one, text) for one in found if (day := day_of(one))), None)


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    number = int(year) - (BUDDHIST_ERA if int(year) > 2400 else 0)
    try:
        return date(number, int(month), int(day)) if EARLIEST <= number <= LATEST else None
    except ValueError:
        return None


def _with_clock(day: date, found: re.Match[str], text: str) -> Moment:
    """The day, with the time of day that follows it."""
    rest = re.sub(r"^\s*(?:г\.|года?|р\.)", "", text[found.end() :])
    clock = CLOCK.match(rest)
    at = _time_of(clock) if clock else None
    if clock is None or at is None:
        return Moment(day.isoformat(), found.group().strip())
    said = text[found.start() : found.end()] + text[found.end() :][: len(text) - found.end() - len(rest) + clock.end()]
    shape = "seconds" if clock["s"] else "minutes"
    moment = datetime.combine(day, at, _zone(clock["zone"] or ""))
    return Moment(moment.isoformat(timespec=shape).replace("+00:00", "Z"), said.strip())


def _time_of(clock: re.Match[str]) -> time | None:
    hour = int(clock["h"])
    half = (clock["half"] or clock["ampm"] or "").lower().replace(".", "")
    if half in {"오후", "午後", "下午", "pm"} and hour < 12:
        hour += 12
    elif half in {"오전", "午前", "上午", "am"} and hour == 12:
        hour = 0
    try:
        return time(hour, int(clock["min"] or clock["min2"] or 0), int(clock["s"] or 0))
    except ValueError:
        return None


def _zone(said: str) -> timezone | None:
    if said in ZONES:
        return timezone(timedelta(hours=ZONES[said]))
    if not said:
        return None
    sign, digits = (-1 if said[0] == "-" else 1), said[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(sign * offset) if offset < timedelta(hours=24) else None


@functools.cache
def _months() -> dict[str, int]:
    """Names and short forms of months to their number; a name two languages use differently is left out."""
    numbers: dict[str, set[int]] = {}
    for language in MONTH_LANGUAGES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():  # type: ignore[arg-type]
                    numbers.setdefault(name.lower().rstrip("."), set()).add(number)
    return {name: found.pop() for name, found in numbers.items() if len(found) == 1 and not name.isdigit()}


@functools.cache
def _month_patterns() -> tuple[re.Pattern[str], ...]:
    names = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    month, day = rf"(?P<month>{names})\.?", r"(?<!\d)(?P<d>\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
    return (
        re.compile(rf"{day}\s*(?:de\s+|tháng\s+)?{month},?\s*(?:de\s+|,\s*)?{_YEAR}(?!\d)", re.IGNORECASE),
        re.compile(rf"(?<!\w){month}\s+{day},?\s+{_YEAR}(?!\d)", re.IGNORECASE),
    )
