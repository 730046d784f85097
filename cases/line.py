"""One outgoing connection: it leads to a pinned address, ends at its deadline, and remembers its far end."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
import time
from functools import partial
from types import TracebackType
from typing import Any

import certifi
from cryptography import x509
from cryptography.x509.oid import NameOID
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from cases.addresses import FetchError, Pinned, loopback_allowance, open_socket, parse_url, pin


class Line:
    """A connection with an end.

    Socket timeouts start anew with every byte, so a server that drips one byte a second would hold a reader for ever.
    A timer cuts the connection at the deadline instead; whoever reads then looks at `expired`.
    """

    def __init__(self, pinned: Pinned, deadline: float) -> None:
        self.pinned = pinned
        self.deadline = deadline
        self.expired = False
        self.peer_address = ""
        self.certificate: dict[str, Any] | None = None
        self._twin: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> Line:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._timer:
            self._timer.cancel()
        if self._twin:
            self._twin.close()

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()

    def open(self) -> socket.socket:
        """The connected socket. Raises OSError."""
        sock = open_socket(self.pinned, max(0.05, self.left))
        self.peer_address = str(sock.getpeername()[0])
        # TLS takes the file descriptor away from `sock`; a duplicate still reaches the connection.
        self._twin = sock.dup()
        self._timer = threading.Timer(max(0.0, self.left), self._cut)
        self._timer.daemon = True
        self._timer.start()
        return sock

    def _cut(self) -> None:
        self.expired = True
        with contextlib.suppress(OSError):
            if self._twin:
                self._twin.shutdown(socket.SHUT_RDWR)


class _LineConnection(HTTPConnection):
    def __init__(self, *args: Any, line: Line, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = line

    def _new_conn(self) -> socket.socket:
        return _new_conn(self, self.line)


class _LineTlsConnection(HTTPSConnection):
    def __init__(self, *args: Any, line: Line, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = line

    def _new_conn(self) -> socket.socket:
        return _new_conn(self, self.line)

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, ssl.SSLSocket):
            self.line.certificate = certificate_facts(self.sock.getpeercert(binary_form=True) or b"", trusted=True)


def _new_conn(connection: HTTPConnection, line: Line) -> socket.socket:
    try:
        return line.open()
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, "connecting took too long") from error
    except OSError as error:
        raise NewConnectionError(connection, str(error)) from error


class LineAdapter(HTTPAdapter):
    """Requests over one line: name, SNI and Host header stay the site's, the socket goes to the pinned address."""

    def __init__(self, line: Line) -> None:
        self.line = line
        super().__init__(max_retries=0)

    def get_connection_with_tls_context(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(request, *args, **kwargs)
        connection_class = _LineTlsConnection if pool.scheme == "https" else _LineConnection
        pool.ConnectionCls = partial(connection_class, line=self.line)
        return pool


# --- certificates ------------------------------------------------------------------------------------------------
def certificate_facts(der: bytes, *, trusted: bool, complaint: str = "") -> dict[str, Any] | None:
    """What a certificate says: subject, issuer, not_before, not_after (ISO 8601, UTC), sha256 of its DER bytes."""
    if not der:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return {"sha256": hashlib.sha256(der).hexdigest(), "trusted": False, "complaint": "unreadable"}
    return {
        "subject": _common_name(certificate.subject),
        "issuer": _common_name(certificate.issuer),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "serial_number": f"{certificate.serial_number:x}",
        "sha256": hashlib.sha256(der).hexdigest(),
        "trusted": trusted,
        "complaint": complaint,
    }


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME) or name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def certificate_of(url: str, *, deadline_seconds: float = 5.0) -> dict[str, Any] | None:
    """The certificate an https site shows, trusted or not; None for http and for a site that shows none in time."""
    target = parse_url(url)
    if target.scheme != "https":
        return None
    deadline = time.monotonic() + deadline_seconds
    try:
        pinned = pin(target, loopback_allowance(), deadline_seconds)
        try:
            return _shake_hands(pinned, deadline, ssl.create_default_context(cafile=certifi.where()))
        except ssl.SSLCertVerificationError as error:
            # A bad certificate is a fact about the site, not a reason to know nothing about it. Nothing is sent.
            unverified = ssl._create_unverified_context()  # noqa: S323
            return _shake_hands(pinned, deadline, unverified, complaint=error.verify_message)
    except (OSError, FetchError):
        return None


def _shake_hands(
    pinned: Pinned, deadline: float, context: ssl.SSLContext, complaint: str = ""
) -> dict[str, Any] | None:
    with (
        Line(pinned, deadline) as line,
        line.open() as raw,
        context.wrap_socket(raw, server_hostname=pinned.target.host) as sock,
    ):
        return certificate_facts(sock.getpeercert(True) or b"", trusted=not complaint, complaint=complaint)
