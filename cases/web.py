"""The one door to the web. Nothing else in the product opens a connection to an address found outside.

What it adds to `cases.addresses` (threats.md 2.5, steps 6 and 7): at most five redirects, each checked from the start;
no cookie or authorisation carried to another origin; a body that is streamed with a cap *after* decompression; a cap on
headers; one deadline over everything, drip-feeding servers included.
"""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from urllib.parse import urljoin

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import HTTPError, ReadTimeoutError

from cases.addresses import (
    FetchError,
    LoopbackAllowance,
    Pinned,
    Target,
    bad_url,
    loopback_allowance,
    parse_url,
    pin,
)
from cases.line import Line, LineAdapter

__all__ = ["FetchError", "Fetched", "Redirect", "content_type", "download", "fetch", "user_agent"]

PAGE_MAX_BYTES = 10 * 1024 * 1024
PAGE_DEADLINE_SECONDS = 30.0
MEDIA_MAX_BYTES = 1024**3
MEDIA_DEADLINE_SECONDS = 300.0
HEADER_MAX_BYTES = 64 * 1024
MAX_REDIRECTS = 5
CHUNK = 64 * 1024
REDIRECTING = frozenset({301, 302, 303, 307, 308})
# What goes along when a site sends to another one. Keys of interfaces travel in headers of any name.
CARRIED_ON = frozenset({"accept", "accept-language", "range", "if-none-match", "if-modified-since"})
# What requests verifies certificates against; True is certifi's list. Tests name their own authority here.
CA_BUNDLE: bool | str = True
# Labels as browsers read them: pages that say euc-kr or shift_jis use the vendors' larger sets.
BROWSER_CHARSETS = {
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ksc5601": "cp949", "shift_jis": "cp932", "shift-jis": "cp932",
    "sjis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin1": "cp1252",
    "us-ascii": "cp1252", "windows-874": "cp874", "tis-620": "cp874",
}  # fmt: skip
META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-zA-Z0-9_:-]{2,40})""", re.IGNORECASE)


Method = Literal["GET", "HEAD", "POST"]


class Sink(Protocol):
    """Where a body goes: a memfd or a sealed writer; never a plain file."""

    def write(self, chunk: bytes, /) -> Any: ...


@dataclass(frozen=True)
class Redirect:
    url: str
    status: int
    location: str


@dataclass(frozen=True)
class Fetched:
    """What a site answered, whatever its status. Header names are lower case; times are UTC.

    `whole` is False where only the asked-for `first_bytes` of a longer body were taken.
    `body` is empty after `download`; `size` (bytes, decompressed) and `sha256` (hex) speak of the body either way.
    """

    url: str
    final_url: str
    status: int
    headers: dict[str, str]
    body: bytes
    size: int
    sha256: str
    media_type: str
    charset: str
    peer_address: str
    certificate: dict[str, Any] | None
    dns_answers: tuple[str, ...]
    redirects: tuple[Redirect, ...]
    fetched_at: datetime
    whole: bool = True

    def text(self) -> str:
        """The body as text, by the header's charset, the page's own, or UTF-8; bytes that do not fit are replaced."""
        return decode(self.body, self.charset)


@dataclass(frozen=True)
class _Errand:
    method: str
    headers: Mapping[str, str]
    max_bytes: int
    deadline: float
    allowance: LoopbackAllowance
    sink: Sink
    content: bytes | None = None
    first_bytes: int | None = None
    same_host: bool = False
    agent: str = field(default_factory=lambda: user_agent())


def user_agent() -> str:
    """One for every request that leaves, so that none can be told from another (threats.md T1)."""
    return getattr(settings, "USER_AGENT", "") or "Mozilla/5.0 (compatible; SeoulGuard/0)"


def fetch(
    url: str,
    *,
    max_bytes: int = PAGE_MAX_BYTES,
    deadline_seconds: float = PAGE_DEADLINE_SECONDS,
    allow_loopback: frozenset[str] | None = None,
    method: Method = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    first_bytes: int | None = None,
    same_host: bool = False,
) -> Fetched:
    """The page or file at `url`, in memory. An HTTP error status is an answer, not an error.

    `allow_loopback` names "host:port" pairs on this machine instead of the settings' allowance. `content` is what a
    POST brings along; it follows no redirect. `same_host` follows none to another host: what stands in the address is
    for this one alone. Raises FetchError.
    """
    body = io.BytesIO()
    fetched = download(
        url, body, max_bytes=max_bytes, deadline_seconds=deadline_seconds, allow_loopback=allow_loopback,
        method=method, headers=headers, content=content, first_bytes=first_bytes, same_host=same_host,
    )  # fmt: skip
    answered = body.getvalue()
    return replace(fetched, body=answered, charset=fetched.charset or _declared_charset(answered))


def download(
    url: str,
    sink: Sink,
    *,
    max_bytes: int = MEDIA_MAX_BYTES,
    deadline_seconds: float = MEDIA_DEADLINE_SECONDS,
    allow_loopback: frozenset[str] | None = None,
    method: Method = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    first_bytes: int | None = None,
    same_host: bool = False,
) -> Fetched:
    """Stream the file at `url` into `sink`, up to `first_bytes`. After a FetchError the sink may hold a beginning."""
    deadline = time.monotonic() + deadline_seconds
    allowance = loopback_allowance(allow_loopback)
    return _travel(
        url, _Errand(method, dict(headers or {}), max_bytes, deadline, allowance, sink, content, first_bytes, same_host)
    )


def _travel(url: str, errand: _Errand) -> Fetched:
    target = parse_url(url)
    redirects: list[Redirect] = []
    for _hop in range(MAX_REDIRECTS + 1):
        pinned = pin(target, errand.allowance, max(0.01, errand.deadline - time.monotonic()))
        with Line(pinned, errand.deadline) as line, _told_as_fetch_error(line):
            response = _ask(line, errand)
            location = _location(response)
            if not location:
                fetched = _take(response, line, errand)
                return replace(fetched, url=url, redirects=tuple(redirects))
        if errand.method == "POST":
            raise FetchError("redirected", _("The site sends a request with content elsewhere."), permanent=True)
        redirects.append(Redirect(target.url, response.status_code, location))
        target, errand = _next_hop(target, location, errand)
    raise FetchError("too_many_redirects", _("The site sends from address to address."), permanent=True)


def _next_hop(target: Target, location: str, errand: _Errand) -> tuple[Target, _Errand]:
    try:
        onward = parse_url(urljoin(target.url, location))
    except ValueError as error:
        raise bad_url() from error
    if onward.origin == target.origin:
        return onward, errand
    if errand.same_host and onward.host.removeprefix("www.") != target.host.removeprefix("www."):
        raise FetchError("redirected", _("The site sends the request to another site."), permanent=True)
    kept = {name: value for name, value in errand.headers.items() if name.lower() in CARRIED_ON}
    return onward, replace(errand, headers=kept)


def _ask(line: Line, errand: _Errand) -> requests.Response:
    """Send the request over the line and read the headers. Every hop has a session of its own, hence no cookies."""
    target = line.pinned.target
    asked = {"User-Agent": errand.agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate", **errand.headers}
    headers = {**asked, "Host": target.host_header}
    request = requests.Request(errand.method, target.url, headers=headers, data=errand.content).prepare()
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", LineAdapter(line))
    session.mount("https://", LineAdapter(line))
    response = session.send(
        request, stream=True, allow_redirects=False, verify=CA_BUNDLE, timeout=max(0.05, line.left), proxies={}
    )
    if sum(len(name) + len(value) for name, value in response.headers.items()) > HEADER_MAX_BYTES:
        response.close()
        raise _too_large(_("The site's headers are too large."))
    return response


def _location(response: requests.Response) -> str:
    if response.status_code not in REDIRECTING:
        return ""
    location = response.headers.get("Location", "").encode("latin-1", "replace").decode("utf-8", "replace").strip()
    if location:
        response.close()
    return location


def _take(response: requests.Response, line: Line, errand: _Errand) -> Fetched:
    size, digest, whole = _pour(response, line, errand)
    media_type, charset = content_type(response.headers.get("Content-Type", ""))
    pinned: Pinned = line.pinned
    return Fetched(
        url=pinned.target.url, final_url=pinned.target.url, status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=b"", size=size, sha256=digest, media_type=media_type, charset=charset,
        peer_address=line.peer_address, certificate=line.certificate, dns_answers=pinned.dns_answers,
        redirects=(), fetched_at=datetime.now(UTC), whole=whole,
    )  # fmt: skip


def _pour(response: requests.Response, line: Line, errand: _Errand) -> tuple[int, str, bool]:
    """The body into the sink: its size in bytes, its SHA-256, and whether it was taken to its end."""
    size, digest, wanted = 0, hashlib.sha256(), errand.first_bytes
    declared = response.headers.get("Content-Length", "")
    if errand.method != "HEAD" and wanted is None and declared.isdigit() and int(declared) > errand.max_bytes:
        response.close()
        raise _too_large()
    for chunk in response.raw.stream(CHUNK, decode_content=True):
        if wanted is not None and size + len(chunk) > wanted:
            response.close()
            digest.update(chunk[: wanted - size])
            errand.sink.write(chunk[: wanted - size])
            return wanted, digest.hexdigest(), False
        size += len(chunk)
        if size > errand.max_bytes:
            response.close()
            raise _too_large()
        digest.update(chunk)
        errand.sink.write(chunk)
    # A cut line can look like a body's natural end.
    if line.expired:
        raise _timed_out()
    return size, digest.hexdigest(), True


# --- failures ----------------------------------------------------------------------------------------------------
@contextmanager
def _told_as_fetch_error(line: Line) -> Iterator[None]:
    try:
        yield
    except FetchError as error:
        error.connected = bool(line.peer_address)
        raise
    except (requests.RequestException, HTTPError, OSError) as error:
        late = line.expired or line.left <= 0 or isinstance(error, (requests.Timeout, ReadTimeoutError, TimeoutError))
        told = _timed_out() if late else _network_error(error)
        told.connected = bool(line.peer_address)
        raise told from error


def _network_error(error: Exception) -> FetchError:
    if isinstance(error, requests.exceptions.SSLError):
        return FetchError("untrusted_certificate", _("The site's certificate cannot be trusted."), permanent=False)
    if isinstance(error, requests.exceptions.InvalidURL):
        return bad_url()
    if "got more than" in str(error):  # http.client's limits on header lines and their number
        return _too_large(_("The site's headers are too large."))
    return FetchError("unreachable", _("The site did not answer, or broke off."), permanent=False)


def _timed_out() -> FetchError:
    return FetchError("timed_out", _("The site did not answer in time."), permanent=False)


def _too_large(sentence: str = "") -> FetchError:
    return FetchError("too_large", sentence or _("What the site sends is larger than allowed."), permanent=True)


# --- text --------------------------------------------------------------------------------------------------------
def content_type(header: str) -> tuple[str, str]:
    """(media type, charset), lower case, from the header of that name."""
    media_type, *parameters = header.split(";")
    for parameter in parameters:
        name, _equals, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media_type.strip().lower(), value.strip().strip("\"'").lower()
    return media_type.strip().lower(), ""


def _declared_charset(body: bytes) -> str:
    found = META_CHARSET.search(body[:4096])
    return found.group(1).decode("ascii").lower() if found else ""


def decode(body: bytes, charset: str) -> str:
    try:
        return body.decode(BROWSER_CHARSETS.get(charset, charset) or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
