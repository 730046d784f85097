"""Which network an address belongs to, from a table on this machine. Nothing is ever asked of the net for it.

The table (setting ASN_TABLE) is the tab-separated list that iptoasn.com and others publish: first address, last
address, number, country, name; sorted, IPv4 before IPv6. It is searched where it lies: it has half a million lines.
"""

from __future__ import annotations

import ipaddress
import mmap
from pathlib import Path
from typing import TypedDict

from django.conf import settings

Key = tuple[int, int]


class Network(TypedDict):
    """An autonomous system: who runs the network behind an address."""

    number: int
    country: str
    name: str


def network_of(address: str) -> Network | None:
    """The network of an IP address; None without a table, for an unknown address, and for a table that is none."""
    table = settings.ASN_TABLE
    try:
        wanted = _key(address)
        if not table:
            return None
        with Path(table).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
            return _search(lines, wanted)
    except (OSError, ValueError):
        return None


def table_trouble() -> str:
    """For `doctor`: "" when there is no table or it can be read, else what is wrong with it."""
    table = settings.ASN_TABLE
    if not table:
        return ""
    try:
        with Path(table).open("rb") as file:
            _entry(file.readline())
    except OSError as error:
        return error.strerror or "unreadable"
    except ValueError:
        return "not a tab-separated list of networks"
    return ""


def _search(lines: mmap.mmap, wanted: Key) -> Network | None:
    """Halve the file until the last line that does not begin after the address is found."""
    low, high, best = 0, len(lines), None
    while low < high:
        middle = (low + high) // 2
        start = lines.rfind(b"\n", 0, middle) + 1
        end = lines.find(b"\n", start)
        end = len(lines) if end < 0 else end
        first, last, network = _entry(lines[start:end])
        if first <= wanted:
            best, low = (last, network), end + 1
        else:
            high = start
    if best is None or best[0] < wanted or best[0][0] != wanted[0] or not best[1]["number"]:
        return None
    return best[1]


def _entry(line: bytes) -> tuple[Key, Key, Network]:
    first, last, number, country, name = line.decode("utf-8", "replace").rstrip("\r\n").split("\t")[:5]
    return _key(first), _key(last), {"number": int(number), "country": country, "name": name[:120]}


def _key(address: str) -> Key:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return parsed.version, int(parsed)
