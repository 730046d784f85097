"""Which RDAP server knows a domain or a network: the lists of IANA (RFC 9224), or one server for everything.

The lists in `takedown/seed/rdap/` are IANA's, shortened to https and one address per service; their `publication` says
from when. Newer ones from data.iana.org/rdap/ may take their place as they are.
"""

from __future__ import annotations

import ipaddress
import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

LISTS = Path(__file__).resolve().parent.parent.parent / "seed" / "rdap"


def server_for_domain(domain: str) -> str:
    """The base address, ending in "/", of the registry's server; "" where the top-level domain has none."""
    if settings.RDAP_BASE_URL:
        return _ended(settings.RDAP_BASE_URL)
    return _domains().get(domain.rpartition(".")[2].lower(), "")


def server_for_address(address: str) -> str:
    """The base address of the server of the network's region; "" for an address nobody was given."""
    if settings.RDAP_BASE_URL:
        return _ended(settings.RDAP_BASE_URL)
    ip = ipaddress.ip_address(address)
    fitting = [(net.prefixlen, url) for net, url in _networks(ip.version) if ip in net]
    return max(fitting, default=(0, ""))[1]


@cache
def _domains() -> dict[str, str]:
    return {name.lower(): _ended(urls) for names, urls in _services("dns") for name in names}


@cache
def _networks(version: int) -> list[tuple[Any, str]]:
    return [(ipaddress.ip_network(net), _ended(urls)) for nets, urls in _services(f"ipv{version}") for net in nets]


def _services(name: str) -> list[Any]:
    return list(json.loads((LISTS / f"{name}.json").read_text(encoding="utf-8"))["services"])


def _ended(urls: str | list[str]) -> str:
    """The https address where a service has several, with its final slash."""
    url = urls if isinstance(urls, str) else next((one for one in urls if one.startswith("https:")), urls[0])
    return url if url.endswith("/") else url + "/"
