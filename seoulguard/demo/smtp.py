"""A mail server on loopback that keeps what it gets, and a desk that deletes what a letter names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as OpenEnvelope

from seoulguard.demo.site_server import LOOPBACK
from seoulguard.demo.sites import World

# Printable ASCII: a full stop or bracket of any other script ends an address.
ADDRESS = re.compile(r"https?://[!-~]+")
AROUND_ADDRESS = ".,;:!?)>]}'\""
Moment = Literal["recipient", "letter"]


@dataclass(frozen=True)
class Envelope:
    """Who a letter was from and for, as said on the wire."""

    sender: str
    recipients: tuple[str, ...]


class _Port(Controller):
    """A controller that may be given port 0: it learns its port before it knocks on it."""

    def _trigger_server(self) -> None:
        listening: Any = self.server
        self.port = listening.sockets[0].getsockname()[1]
        super()._trigger_server()


class MailServer:
    """Takes mail while entered. `mails` are the letters byte for byte; `on_mail` is told of each after it is kept.

    With `drop_after_data` a letter is kept and the line then breaks without an answer, as when a server dies.
    """

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.envelopes: list[Envelope] = []
        self.on_mail: Callable[[bytes, list[str]], None] | None = None
        self.drop_after_data = False
        self._reply: tuple[Moment, str] | None = None
        self._controller = _Port(self, hostname=LOOPBACK, port=0)

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def reply_with(self, code: int | None, text: str = "", *, at: Moment = "recipient") -> None:
        """Refuse every recipient (or, at "letter", every finished letter) with these words; None ends it."""
        self._reply = None if code is None else (at, f"{code} {text}".strip())

    # --- called by aiosmtpd ----------------------------------------------------------------------------------------
    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: OpenEnvelope, address: str, options: list[str]
    ) -> str:
        if self._reply and self._reply[0] == "recipient":
            return self._reply[1]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: OpenEnvelope) -> str:
        if self._reply and self._reply[0] == "letter":
            return self._reply[1]
        self._keep(envelope)
        if self.drop_after_data:
            _transport(server).abort()
        return "250 2.0.0 Queued"

    def _keep(self, envelope: OpenEnvelope) -> None:
        content = bytes(envelope.content or b"")  # type: ignore[arg-type]
        recipients = [str(address) for address in envelope.rcpt_tos]
        self.mails.append(content)
        self.envelopes.append(Envelope(str(envelope.mail_from), tuple(recipients)))
        if self.on_mail:
            self.on_mail(content, recipients)


def _transport(server: SMTP) -> Any:
    return server.transport


class HostDesk:
    """The people who read the abuse mailbox of each site and delete what a letter names, and nothing else."""

    def __init__(self, world: World) -> None:
        self._world = world

    def receive(self, content: bytes, recipients: list[str]) -> None:
        """Take down, on each addressed site, the pages that the letter names by their exact address."""
        addressed = {recipient.strip().lower() for recipient in recipients}
        named = list(named_addresses(text_of(content)))
        for site in self._world.sites:
            if f"abuse@{site.host_name}" in addressed:
                for page_url in filter(site.knows, named):
                    site.take_down(page_url)


def text_of(content: bytes) -> str:
    """The plain-text body of a mail, decoded; empty when it has none."""
    mail = message_from_bytes(content, policy=default)
    body = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
    return str(body.get_content()) if body else ""


def named_addresses(text: str) -> Iterable[str]:
    """Web addresses in running text, without the punctuation around them."""
    return (found.rstrip(AROUND_ADDRESS) for found in ADDRESS.findall(text))
