"""Addresses with blanks: {query}, {page}, {offset}. What fills them may be a secret, and leaves no trace."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

QUERY = "{query}"
COUNTED = ("{page}", "{page0}", "{offset}", "{offset1}")


def filled(template: str, query: str = "", page: int = 1, offset: int = 0) -> str:
    """The address of one page of results. Pages count from 1 ({page}) or 0 ({page0}), entries from 0 or 1.

    >>> filled("https://a.example/s?q={query}&start={offset}", "sea & sand", offset=20)
    'https://a.example/s?q=sea%20%26%20sand&start=20'
    """
    blanks = {
        QUERY: quote(query, safe=""), "{page}": str(page), "{page0}": str(page - 1),
        "{offset}": str(offset), "{offset1}": str(offset + 1),
    }  # fmt: skip
    for blank, value in blanks.items():
        template = template.replace(blank, value)
    return template


def counts(template: str) -> bool:
    """Whether the template itself says how the next page is asked for."""
    return any(blank in template for blank in COUNTED)


def with_parameters(address: str, parameters: Mapping[str, str]) -> str:
    """The address with these parameters set, in place of what it had under their names."""
    if not parameters:
        return address
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in parameters]
    return parts._replace(query=urlencode([*kept, *parameters.items()])).geturl()


def without(
    address: str, *, names: Collection[str] = (), values: Collection[str] = (), never: Collection[str] = ()
) -> str:
    """The address without parameters of these names or values; an empty string when one of `never` stands in it.

    >>> without("https://a.example/watch/5?q=sea&t=1", values=["sea"])
    'https://a.example/watch/5?t=1'
    """
    parts = urlsplit(address)
    said = parse_qsl(parts.query, keep_blank_values=True)
    exact = {value.casefold() for value in values if value}
    kept = [(name, value) for name, value in said if name not in names and value.casefold() not in exact]
    if len(kept) != len(said):
        address = parts._replace(query=urlencode(kept)).geturl()
    plain = unquote(address.replace("+", " ")).casefold()
    return "" if any(value and value.casefold() in plain for value in never) else address
