"""security.txt (RFC 9116): whom a site names for flaws in its software. Second best for abuse, and it has an end.

A PGP signature is taken off, not checked: nobody told us whose key it must be.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import unquote

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from cases.web import Fetched
from takedown.directory.errands import Errands, Found, SourceTrouble
from takedown.directory.models import Suggestion

PATHS = ("/.well-known/security.txt", "/security.txt")
SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
FIELD = re.compile(r"([A-Za-z-]{1,40})[ \t]{0,9}:[ \t]{0,9}(\S.*)\Z")
LONGEST_LINE = 2000
MOST = 6


def of_site(host: str, errands: Errands, reaches: str, at: datetime | None = None) -> list[Found]:
    """The contacts of the site's security.txt. Raises SourceTrouble, FetchError."""
    for path in PATHS:
        fetched = errands.fetch(f"https://{host}{path}")
        if fetched.status == 200 and fetched.media_type == "text/plain":
            return read(fetched, reaches, at or timezone.now())
    raise SourceTrouble(_("The site has no security.txt."))


def read(fetched: Fetched, reaches: str, at: datetime) -> list[Found]:
    """The contacts in it, in its order: the site prefers the first. Raises SourceTrouble for one that must not be used."""
    text, signed = _unsigned(fetched.text())
    fields = [match.groups() for line in text.splitlines() if (match := FIELD.match(line[:LONGEST_LINE].strip()))]
    _check(fields, fetched.url, at)
    remark = _("Signed; the signature was not checked.") if signed else ""
    values = [value for name, value in fields if name.lower() == "contact"]
    return [found for value in values if (found := _found(value, reaches, fetched.url, remark))][:MOST]


def _unsigned(text: str) -> tuple[str, bool]:
    """The text that was signed (RFC 4880 7.1: headers up to an empty line, "- " before dashes), or the text as it is."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    if SIGNED not in text:
        return text, False
    inner = text.partition(SIGNED)[2].partition("\n\n")[2].partition(SIGNATURE)[0]
    return re.sub(r"^- ", "", inner, flags=re.MULTILINE), True


def _check(fields: list[tuple[str, ...]], url: str, at: datetime) -> None:
    ends = [value for name, value in fields if name.lower() == "expires"]
    end = _moment(ends[0]) if len(ends) == 1 else None
    if end is None:
        raise SourceTrouble(_("The site's security.txt does not say until when it holds."))
    if end < at:
        raise SourceTrouble(_("The site's security.txt ended on %(date)s.") % {"date": end.date().isoformat()})
    homes = [value for name, value in fields if name.lower() == "canonical"]
    if homes and url not in homes:
        raise SourceTrouble(_("The site's security.txt says that it belongs elsewhere."))


def _moment(text: str) -> datetime | None:
    """An RFC 3339 time with its zone."""
    try:
        moment = parse_datetime(text[:40].upper())
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _found(value: str, reaches: str, url: str, remark: str) -> Found | None:
    if value.lower().startswith("mailto:"):
        address = unquote(value[7:].partition("?")[0]).strip()
        return Found("email", address, Suggestion.Kind.SECURITY, reaches, url, remark)
    if value.lower().startswith("https://"):
        return Found("form", value, Suggestion.Kind.SECURITY, reaches, url, remark)
    return None
