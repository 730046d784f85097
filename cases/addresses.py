"""Which addresses on the web we may connect to: parse, normalise, resolve once, check every answer, pin one.

Order of the checks (threats.md 2.5, steps 1-5), whose order matters:

1. scheme, control characters, backslashes, credentials, missing host, `%` in the host
2. the host in its IDNA/NFKC form; refused if it turned into an IP address or a local name
3. one resolution, of which every answer must be a public unicast address
4. one answer is pinned; whoever connects uses that answer and never the name again
5. ports 80, 443, 8080 and 8443
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import idna
from django.conf import settings
from django.utils.translation import gettext as _
from requests.exceptions import InvalidURL
from requests.utils import requote_uri

PORTS = frozenset({80, 443, 8080, 8443})
DEFAULT_PORT = {"http": 80, "https": 443}
LONGEST_URL = 8000
LOCAL_SUFFIXES = ("localhost", "localdomain", "local", "internal", "home.arpa", "lan", "intranet", "onion")
# Beyond is_global: networks that lead elsewhere (6to4 relays, benchmarking) or are not the public internet.
NEVER_V4 = tuple(ipaddress.ip_network(net) for net in ("192.88.99.0/24", "198.18.0.0/15", "192.0.0.0/24"))
GLOBAL_UNICAST_V6 = ipaddress.ip_network("2000::/3")
NEVER_V6 = tuple(ipaddress.ip_network(net) for net in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
HOST_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
NUMBER_LABEL = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


class FetchError(Exception):
    """The web did not give what was asked for.

    `reason_code` is stable and for programs: refused_address, bad_url, too_large, timed_out, unreachable,
    untrusted_certificate, too_many_redirects. `sentence` is for people. `permanent`: trying again cannot help.
    `connected`: it was on the line, so that what was asked for may have arrived.
    """

    connected = False

    def __init__(self, reason_code: str, sentence: str, *, permanent: bool) -> None:
        super().__init__(sentence)
        self.reason_code = reason_code
        self.sentence = sentence
        self.permanent = permanent


@dataclass(frozen=True)
class LoopbackAllowance:
    """What a demo or a test may reach on this machine. Empty in a centre; `check --deploy` refuses anything else."""

    hosts: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """A well-formed address: `host` is ASCII and lower case, `path` begins with `/` and carries the query."""

    url: str
    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_port(self) -> str:
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def host_header(self) -> str:
        return bracketed(self.host) if DEFAULT_PORT[self.scheme] == self.port else self.host_port

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port


@dataclass(frozen=True)
class Pinned:
    """Where to connect for a target. The name is never asked for again."""

    target: Target
    address: str
    port: int
    dns_answers: tuple[str, ...]


def loopback_allowance(hosts: frozenset[str] | None = None) -> LoopbackAllowance:
    """The allowance of the settings DEMO_LOOPBACK_HOSTS and DEMO_HOSTS, or of `hosts` where a caller names them."""
    if hosts is not None:
        return LoopbackAllowance(hosts)
    return LoopbackAllowance(
        frozenset(getattr(settings, "DEMO_LOOPBACK_HOSTS", ())), dict(getattr(settings, "DEMO_HOSTS", {}))
    )


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def refused_address() -> FetchError:
    return FetchError("refused_address", _("This address is not on the public internet."), permanent=True)


def bad_url(sentence: str = "") -> FetchError:
    return FetchError("bad_url", sentence or _("This is not a web address that can be opened."), permanent=True)


# --- 1, 2: the text of the address -------------------------------------------------------------------------------
def parse_url(url: str) -> Target:
    """Steps 1 and 2. Raises FetchError `bad_url` or `refused_address`."""
    parts = _split(url.strip(" "))
    host = normal_host(parts.hostname or "")
    try:
        port = parts.port or DEFAULT_PORT[parts.scheme]
        path = requote_uri((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    except (ValueError, InvalidURL) as error:
        raise bad_url() from error
    shown_port = "" if port == DEFAULT_PORT[parts.scheme] else f":{port}"
    return Target(f"{parts.scheme}://{bracketed(host)}{shown_port}{path}", parts.scheme, host, port, path)


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL or FORBIDDEN.search(url):
        raise bad_url()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise bad_url() from error
    if parts.scheme not in DEFAULT_PORT:
        raise bad_url(_("Only http and https addresses can be opened."))
    if not parts.hostname or "@" in parts.netloc or "%" in parts.netloc or port == 0:
        raise bad_url()
    return parts


def normal_host(host: str) -> str:
    """The ASCII form of a host. A host that only *becomes* an IP address is a disguise and refused."""
    literal = ip_literal(host)
    if literal:
        return literal
    folded = unicodedata.normalize("NFKC", host).lower().rstrip(".")
    ascii_host = folded if folded.isascii() else _idna(folded)
    if NUMBER_LABEL.match(ascii_host.rpartition(".")[2]):
        raise refused_address()
    if len(ascii_host) > 253 or not all(HOST_LABEL.match(label) for label in ascii_host.split(".")):
        raise bad_url()
    return ascii_host


def ip_literal(host: str) -> str:
    """The canonical text of a plainly written IP address, or an empty string."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""


def _idna(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise bad_url() from error


def is_local_name(host: str) -> bool:
    """Names that stand for this machine or this network whatever a resolver says; so do names without a dot."""
    return "." not in host or host.endswith(tuple("." + suffix for suffix in LOCAL_SUFFIXES))


# --- 3: the answers ----------------------------------------------------------------------------------------------
def is_public(address: str) -> bool:
    """True for a public unicast address that leads where it says (no tunnel, no translation, no mapped form)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in NEVER_V4)
    return ip in GLOBAL_UNICAST_V6 and not any(ip in network for network in NEVER_V6)


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Every A and AAAA answer of the system's resolver. The one door to patch in tests. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def resolve_within(host: str, port: int, seconds: float) -> tuple[str, ...]:
    """`resolve` with an end. The system's resolver knows no deadline, so a thread asks and may be left behind."""
    answers: queue.SimpleQueue[tuple[str, ...] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host, port))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=max(0.01, seconds))
    except queue.Empty:
        raise FetchError("timed_out", _("The name of the site was not resolved in time."), permanent=False) from None
    if isinstance(answer, BaseException) or not answer:
        raise FetchError("unreachable", _("The name of the site is not known."), permanent=False)
    return answer


# --- 4, 5: the pin -----------------------------------------------------------------------------------------------
def pin(target: Target, allowance: LoopbackAllowance, seconds: float = 10.0) -> Pinned:
    """Steps 3 to 5 for one target. Raises FetchError `refused_address`, `timed_out` or `unreachable`."""
    named = allowance.names.get(target.host_port) or allowance.names.get(target.host)
    if named:
        return _demo_pin(target, named)
    if target.host_port in allowance.hosts:
        return _allowed_pin(target, seconds)
    if target.port not in PORTS:
        raise FetchError("refused_address", _("This port is not one of the web's."), permanent=True)
    answers = (target.host,) if ip_literal(target.host) else _answers(target, seconds)
    if not all(is_public(answer) for answer in answers):
        raise refused_address()
    return Pinned(target, answers[0], target.port, answers)


def _answers(target: Target, seconds: float) -> tuple[str, ...]:
    if is_local_name(target.host):
        raise refused_address()
    return resolve_within(target.host, target.port, seconds)


def _demo_pin(target: Target, named: str) -> Pinned:
    address, _colon, port = named.rpartition(":")
    if not is_loopback(address.strip("[]")) or not port.isdigit():
        raise refused_address()
    return Pinned(target, address.strip("[]"), int(port), (address.strip("[]"),))


def _allowed_pin(target: Target, seconds: float) -> Pinned:
    """The allowance opens loopback for a host and port, nothing else on this machine's networks."""
    answers = (target.host,) if ip_literal(target.host) else resolve_within(target.host, target.port, seconds)
    if not all(is_loopback(answer) for answer in answers):
        raise refused_address()
    return Pinned(target, answers[0], target.port, answers)


def open_socket(pinned: Pinned, seconds: float) -> socket.socket:
    """Connect to the pinned address, or to the next of the checked answers. Raises OSError. Timeout stays set."""
    addresses = dict.fromkeys((pinned.address, *pinned.dns_answers[:3]))
    refusal: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, pinned.port), timeout=max(0.05, seconds / len(addresses)))
        except OSError as error:
            refusal = error
    raise refusal
