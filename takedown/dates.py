"""Days and times as the reader of a letter writes them: Babel, and the conventions of letters it does not keep."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_datetime_format, get_time_format

# Babel puts these two side by side without the word that belongs between a day and its hour.
JOINED = {"th": "{1} เวลา {0}", "id": "{1} pukul {0}", "vi": "{0} ngày {1}"}
BUDDHIST_ERA = 543


def long_date(day: date, locale: Locale | str) -> str:
    """Thai letters count in the Buddhist era, Vietnamese ones name the year: 23 พฤศจิกายน พ.ศ. 2569, 23 tháng 11 năm 2026."""
    locale = Locale.parse(locale)
    text = format_date(day, "long", locale=locale)
    if locale.language == "th":
        return text.replace(f"ค.ศ. {day.year}", f"พ.ศ. {day.year + BUDDHIST_ERA}")
    if locale.language == "vi":
        return text.replace(f", {day.year}", f" năm {day.year}")
    return text


def local_time(at: datetime, zone: ZoneInfo, locale: Locale) -> str:
    """The day and the time with the zone's name, as the host's country writes them."""
    pattern = get_time_format("full", locale=locale).pattern
    if locale.language == "ko":
        pattern = pattern.replace("a ", "aaaa ")  # 오후, not PM
    clock = format_time(at, pattern, tzinfo=zone, locale=locale)
    both = JOINED.get(locale.language) or str(get_datetime_format("long", locale=locale)).replace("'", "")
    return both.replace("{0}", clock).replace("{1}", long_date(at.astimezone(zone).date(), locale))
