"""Pages of the hosting sites, filled from `site_templates/<site>/`. Everything put into them is escaped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

TEMPLATES = Path(__file__).parent / "site_templates"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Markup(str):
    """Text that is markup already."""


@cache
def raw(site: str, name: str) -> str:
    """A template, script or style sheet as it is in the folder."""
    return (TEMPLATES / site / name).read_text(encoding="utf-8")


def fill(site: str, name: str, **words: str) -> Markup:
    """The template with its `$names` filled in; KeyError when one is missing."""
    safe = {key: word if isinstance(word, Markup) else escape(word) for key, word in words.items()}
    return Markup(Template(raw(site, name)).substitute(safe))


def _english_date(at: datetime) -> str:
    return f"{MONTHS[at.month - 1]} {at.day}, {at.year}, {at:%H:%M}"


DATES: dict[str, Callable[[datetime], str]] = {
    "en": _english_date,
    "ja": lambda at: f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}",
    "ru": lambda at: f"{at:%d.%m.%Y, %H:%M}",
}
VIEWS: dict[str, Callable[[int], str]] = {
    "en": lambda count: f"{count:,} views",
    "ja": lambda count: f"{count:,} 回視聴",
    "ru": lambda count: f"Просмотров: {count}",
}
REFUSALS = {
    "en": ("Not found", "There is no page at this address."),
    "ja": ("ページが見つかりません", "お探しのページはありません。"),
    "ru": ("Страница не найдена", "По этому адресу ничего нет."),
}
TROUBLES = {
    "en": ("Something is wrong", "The site cannot show this page right now."),
    "ja": ("エラーが発生しました", "現在このページを表示できません。"),
    "ru": ("Ошибка", "Сейчас эту страницу показать нельзя."),
}
CLOCKS = {"en": ZoneInfo("America/New_York"), "ja": ZoneInfo("Asia/Tokyo"), "ru": ZoneInfo("Europe/Moscow")}


def clock(language: str, at: datetime) -> str:
    """A UTC time as the site prints it, on its own clock."""
    return DATES[language](at.astimezone(CLOCKS[language]))


def views(language: str, count: int) -> str:
    return VIEWS[language](count)
