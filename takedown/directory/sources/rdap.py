"""Registration data (RDAP, RFC 9082 and 9083): whom the registry of a domain or of a network names for abuse.

Only the role "abuse" is read, and for networks "technical" and "noc" where nobody has it. Registrants are people; their
addresses are not looked at.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from takedown.directory.errands import Errands, Found, SourceTrouble
from takedown.directory.models import Suggestion
from takedown.directory.names import registered_name
from takedown.directory.sources.bootstrap import server_for_address, server_for_domain
from takedown.directory.sources.vcard import Entity, entities
from takedown.models import AddresseeType

ACCEPT = "application/rdap+json, application/json"
MOST = 6


def of_domain(host: str, errands: Errands) -> list[Found]:
    """The registrar's abuse desk; the registry is asked first, then the registrar it points to. May raise FetchError."""
    domain = registered_name(host)
    base = server_for_domain(domain)
    if not base:
        ending = domain.rpartition(".")[2]
        raise SourceTrouble(_("No RDAP server is known for .%(ending)s.") % {"ending": ending})
    url = f"{base}domain/{quote(domain)}"
    answer = _ask(url, errands)
    found = _abuse(answer, url, AddresseeType.REGISTRAR)
    onward = _registrars_own(answer, url)
    if not found and onward:
        found = _abuse(_ask(onward, errands), onward, AddresseeType.REGISTRAR)
    return found[:MOST]


def of_network(address: str, errands: Errands) -> list[Found]:
    """The abuse desk of the network this IP address belongs to."""
    base = server_for_address(address)
    if not base:
        raise SourceTrouble(_("No RDAP server is known for this IP address."))
    url = f"{base}ip/{quote(address, safe=':')}"
    answer = _ask(url, errands)
    return (_abuse(answer, url, AddresseeType.HOST) or _technical(answer, url))[:MOST]


def _ask(url: str, errands: Errands) -> dict[str, Any]:
    fetched = errands.fetch(url, ACCEPT)
    if fetched.status == 404:
        raise SourceTrouble(_("The registry does not know it."))
    if fetched.status == 429:
        raise SourceTrouble(_("The registry asks for a pause. Try again later."))
    if fetched.status != 200:
        raise SourceTrouble(_("The registry answered with status %(status)d.") % {"status": fetched.status})
    try:
        answer = json.loads(fetched.text())
    except (ValueError, RecursionError) as error:
        raise SourceTrouble(_("The registry's answer cannot be read.")) from error
    if not isinstance(answer, dict):
        raise SourceTrouble(_("The registry's answer cannot be read."))
    return answer


def _abuse(answer: dict[str, Any], url: str, reaches: str) -> list[Found]:
    chosen = [one for one in entities(answer) if "abuse" in one.roles]
    return _found(chosen, url, reaches, Suggestion.Kind.ABUSE)


def _technical(answer: dict[str, Any], url: str) -> list[Found]:
    chosen = [one for one in entities(answer) if one.roles & {"technical", "noc"}]
    return _found(chosen, url, AddresseeType.HOST, Suggestion.Kind.GENERAL)


def _found(chosen: list[Entity], url: str, reaches: str, kind: str) -> list[Found]:
    mails = [Found("email", mail, kind, reaches, url, one.name) for one in chosen for mail in one.mails]
    forms = [Found("form", form, kind, reaches, url, one.name) for one in chosen for form in one.forms]
    return [*mails, *forms]


def _registrars_own(answer: dict[str, Any], asked: str) -> str:
    """Where the registry says that the registrar's own record is (link "related")."""
    links = answer.get("links")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("rel") == "related" and "rdap" in str(link.get("type", "")):
            href = str(link.get("href", ""))
            if href.startswith(("https://", "http://")) and href != asked:
                return href
    return ""
