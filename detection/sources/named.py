"""Addresses that a person names: a list or a table of them, or a single one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from cases.links import parse_urls
from detection.sources.base import FoundMedia, SourceError, web_address
from detection.sources.pages import media_at
from detection.sources.watch import Watch

ROWS = 5000
LONGEST_ROW = 8000
# What columns of addresses are called in the tables that are sent around.
COLUMNS = {
    "url",
    "urls",
    "link",
    "links",
    "address",
    "uri",
    "주소",
    "링크",
    "게시물주소",
    "게시 url",
    "网址",
    "链接",
    "ссылка",
}


@dataclass(frozen=True)
class Row:
    """One row of a list, counted from 1: its addresses, or why it has none."""

    number: int
    addresses: tuple[str, ...]
    trouble: str = ""


class AddressList(Watch):
    """Every address of the list: files at once, pages looked into. A row that holds none is named, the rest is visited."""

    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        rows = rows_of(self.source.addresses)
        wrong = [row for row in rows if row.trouble]
        for row in wrong:
            self.skip(_("row %(number)d") % {"number": row.number}, row.trouble)
        if wrong:
            numbers = ", ".join(str(row.number) for row in wrong[:10])
            self.remarks.append(_("Rows without an address that can be read: %(numbers)s") % {"numbers": numbers})
        addresses = list(dict.fromkeys(one for row in rows for one in row.addresses))
        if not addresses:
            raise SourceError(_("The list holds no address."))
        yield from self.look_into(self.in_turn(addresses, at), since, at)


class SingleAddress(Watch):
    """One page or file. It must answer, and must show something."""

    def candidates(self, since: datetime | None, at: datetime) -> Iterator[FoundMedia]:
        address = next(iter(parse_urls(self.source.url)), "")
        if not address:
            raise SourceError(_("This is not an address of the web."))
        self.opened = self.seen = 1
        found = media_at(address, rendered=self.source.rendered)
        if not found:
            raise SourceError(_("No video or picture was found at this address."))
        yield from found


def rows_of(text: str) -> list[Row]:
    """The rows of a pasted list or table; empty ones and a heading are left out."""
    lines = text.replace("\x00", "").splitlines()
    rows = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        return []
    delimiter = _delimiter(rows[0][1])
    column = _column(rows[0][1], delimiter)
    named = rows[1:] if column is not None else rows
    return [_row(number, line, delimiter, column) for number, line in named[:ROWS]]


def _delimiter(heading: str) -> str:
    return max(",;\t", key=heading.count)


def _column(heading: str, delimiter: str) -> int | None:
    """Which column holds the addresses, when the first row is a heading."""
    cells = [cell.strip().lower() for cell in _cells(heading, delimiter)]
    return next((number for number, cell in enumerate(cells) if cell in COLUMNS), None)


def _row(number: int, line: str, delimiter: str, column: int | None) -> Row:
    if len(line) > LONGEST_ROW:
        return Row(number, (), _("The row is too long."))
    # Without a heading the row is read as it is: commas may belong to an address.
    cells = _cells(line, delimiter) if column is not None else [line]
    if column is not None and column >= len(cells):
        return Row(number, (), _("The row has no such column."))
    said = cells[column] if column is not None else line
    found = tuple(filter(None, (web_address(one, one) for one in parse_urls(said))))
    return Row(number, found, "" if found else _("No address of the web was found in it."))


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    except csv.Error:
        return line.split(delimiter)
