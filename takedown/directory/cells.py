"""What may stand in the cells of the directory's spreadsheet and in the fields of its forms."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import gettext as _

from takedown.directory import names
from takedown.models import Contact


class CellTrouble(Exception):
    """What stands there cannot be read; the sentence names the column."""


def domain(text: str) -> str:
    """Lower case ASCII; names in other scripts become their xn-- form."""
    try:
        return names.ascii_name(text)
    except names.NameTrouble as error:
        raise wrong(text, "domain") from error


def one_of(value: str, allowed: Iterable[str], column: str) -> str:
    if value not in set(allowed):
        raise wrong(value, column)
    return value


def short(value: str, most: int, column: str) -> str:
    if len(value) > most:
        sentence = _("the column “%(column)s” is longer than %(most)d characters.")
        raise CellTrouble(sentence % {"column": column, "most": most})
    return value


def address(channel: str, text: str) -> str:
    """An address that fits its channel, in ASCII."""
    text = names.ascii_mail(text) if channel == Contact.Channel.EMAIL else text.strip()
    short(text, 300, "address")
    if channel == Contact.Channel.POST:
        return text
    try:
        if channel == Contact.Channel.EMAIL:
            validate_email(text)
        else:
            URLValidator(schemes=["https", "http"])(text)
    except ValidationError as error:
        raise wrong(text, "address") from error
    if not text.isascii():
        raise wrong(text, "address")
    return text


def rank(text: str, contact: Contact | None) -> int:
    if not text:
        return contact.rank if contact else 1
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 99):
        raise wrong(text, "rank")
    return int(text)


def wrong(value: str, column: str) -> CellTrouble:
    sentence = _("“%(value)s” cannot stand in the column “%(column)s”.")
    return CellTrouble(sentence % {"value": value[:80], "column": column})
