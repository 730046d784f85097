"""Names of hosting sites: ASCII in rows, readable on pages, cut at the public suffix.

`blog.tube.co.kr` belongs to `tube.co.kr`. Under a private suffix (blogspot.com, github.io) each sub-domain is a site of
its own, unless an administrator entered the suffix itself as a platform, host or network: then that one answers for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import idna
from django.utils.translation import gettext as _
from publicsuffixlist import PublicSuffixList

from cases.addresses import ip_literal
from takedown.models import AddresseeType, HostingSite

LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z)({LABEL}\.)*{LABEL}\Z")
# Who answers for what others put under their suffix.
ANSWERS_FOR_ALL = frozenset({AddresseeType.PLATFORM, AddresseeType.HOST, AddresseeType.CDN})


class NameTrouble(ValueError):
    """This is no name of a host, or another site has it; the sentence says which."""


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _public_suffixes() -> PublicSuffixList:
    """Without the private part: who registered the name, whatever grows beneath it."""
    return PublicSuffixList(only_icann=True)


# --- one name ----------------------------------------------------------------------------------------------------
def ascii_name(text: str) -> str:
    """The A-label form, lower case, without a final dot. Raises NameTrouble."""
    name = text.strip().rstrip(".").lower()
    try:
        name = name if name.isascii() else idna.encode(name, uts46=True).decode()
    except idna.IDNAError as error:
        raise NameTrouble(_no_name(text)) from error
    if not HOST_NAME.match(name):
        raise NameTrouble(_no_name(text))
    return name


def _no_name(text: str) -> str:
    return _("“%(name)s” is no name of a host.") % {"name": text.strip()[:80]}


def shown_name(domain: str) -> str:
    """The U-label form where there is one. Show it beside the stored name, never in its place: letters can deceive.

    >>> shown_name("xn--9t4b11yi5a.example")
    '테스트.example'
    """
    try:
        return idna.decode(domain) if "xn--" in domain else domain
    except (idna.IDNAError, UnicodeError):
        return domain


def ascii_mail(address: str) -> str:
    """An e-mail address with its domain in A-label form; unchanged where that is impossible."""
    local, at, domain = address.strip().rpartition("@")
    try:
        return f"{local}@{ascii_name(domain)}" if at else address.strip()
    except NameTrouble:
        return address.strip()


def ascii_words(text: str) -> str:
    """What somebody looks for, in the form names are stored in; as it is where it is no name."""
    try:
        return ascii_name(text)
    except NameTrouble:
        return text


def site_name(host: str) -> str:
    """What counts as one site: the registrable domain with private suffixes, or the host where there is none."""
    if ip_literal(host):
        return host
    return _suffixes().privatesuffix(host) or host.removeprefix("www.")


def registered_name(host: str) -> str:
    """The name somebody registered at a registry: `blogspot.com` for `a.blogspot.com`."""
    if ip_literal(host):
        return host
    return _public_suffixes().privatesuffix(host) or host


def under_private_suffix(host: str) -> str:
    """The private suffix this host lies beneath; empty for ordinary names."""
    name = site_name(host)
    suffix = name.partition(".")[2]
    return suffix if suffix and not ip_literal(host) and registered_name(host) != name else ""


# --- the directory's names ---------------------------------------------------------------------------------------
def site_of(host: str) -> HostingSite | None:
    """The site in the directory that this host belongs to. A site's own name says more than its parent's."""
    wanted = list(_own_and_parents(host))
    owners = _owners(wanted)
    found = next((owners[name] for name in wanted if name in owners), None)
    if found:
        return HostingSite.objects.get(pk=found)
    suffix = under_private_suffix(host)
    return HostingSite.objects.filter(domain=suffix, addressee_type__in=ANSWERS_FOR_ALL).first() if suffix else None


def _own_and_parents(host: str) -> Iterator[str]:
    """`a.b.tube.co.kr`, `b.tube.co.kr`, `tube.co.kr`, and no further."""
    name, last = host, site_name(host)
    yield name
    while name != last and name.endswith("." + last):
        name = name.partition(".")[2]
        yield name


def _owners(wanted: list[str]) -> dict[str, int]:
    everybody = owners()
    return {name: everybody[name] for name in wanted if name in everybody}


def owners() -> dict[str, int]:
    """Every domain and alias of the directory, and the id of the site that has it; a domain outranks an alias."""
    rows = list(HostingSite.objects.values_list("pk", "domain", "aliases"))
    found = {alias.lower(): pk for pk, _domain, aliases in rows for alias in aliases}
    return {**found, **{domain.lower(): pk for pk, domain, _aliases in rows}}


def alias_list(text: str, *, site_id: int | None, domain: str, known: dict[str, int] | None = None) -> list[str]:
    """Names separated by spaces, commas or lines, each once, none of another site's. Raises NameTrouble."""
    known = owners() if known is None else known
    found = list(dict.fromkeys(ascii_name(word) for word in re.split(r"[\s,;]+", text) if word))
    for name in found:
        if known.get(name, site_id) != site_id:
            raise NameTrouble(_("“%(value)s” is the domain of another site.") % {"value": name})
    return [name for name in found if name != domain]
