"""Hands a message over, byte for byte, and knows how far it came when something breaks.

Django's mail classes would build the bytes anew, and say only that sending failed. Whether a letter may be sent again
depends on *where* it failed: before the server said "go ahead" nothing can have arrived; after that, nobody knows.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl

from django.conf import settings
from django.utils.translation import gettext as _

from takedown.message import sender_address

GO_AHEAD = 354
LEADING_DOT = re.compile(rb"(?m)^\.")
NO_SUCH_MAILBOX = frozenset({550, 551, 553})
ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.\d{1,3}\b")
ANSWER = 300
GOODBYE_SECONDS = 2


class DeliveryError(Exception):
    """The message was not handed over, or nobody knows.

    permanent: trying again cannot help. uncertain: it may have arrived. no_mailbox: the address does not exist.
    `answer` is what the server said.
    """

    def __init__(
        self,
        sentence: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        no_mailbox: bool = False,
        answer: str = "",
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.permanent = permanent
        self.uncertain = uncertain
        self.no_mailbox = no_mailbox
        self.answer = answer


class Email:
    """The centre's own mail server (EMAIL_* settings) takes it from here."""

    def deliver(self, message: bytes, recipient: str, return_path: str = "") -> str:
        """Exactly these bytes, CRLF line ends, to one recipient; the server's answer. Raises DeliveryError.

        Bounces go to `return_path`, or to the address letters leave from.
        """
        server = self._connected()
        try:
            self._offer(server, recipient, return_path or sender_address())
            return self._hand_over(server, message)
        finally:
            # The outcome is known; how the server says goodbye changes nothing.
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if server.sock:
                    server.sock.settimeout(GOODBYE_SECONDS)
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        try:
            server = self.dialled()
            if settings.EMAIL_HOST_USER:
                server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            return server
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError(_("Our mail server refused our sign-in."), answer=_words(error.smtp_error)) from error
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(_("Our mail server could not be reached."), answer=str(error)[:ANSWER]) from error

    def dialled(self) -> smtplib.SMTP:
        """A line to the server, encrypted and greeted, not signed in. Raises OSError, SMTPException or ssl.SSLError."""
        kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
        # The sender's domain instead of this machine's name: the greeting travels on in the Received lines.
        domain = sender_address().rpartition("@")[2]
        server = kind(settings.EMAIL_HOST, settings.EMAIL_PORT, local_hostname=domain, timeout=settings.EMAIL_TIMEOUT)
        if settings.EMAIL_USE_TLS:
            server.starttls(context=ssl.create_default_context())
        server.ehlo_or_helo_if_needed()
        return server

    def _offer(self, server: smtplib.SMTP, recipient: str, return_path: str) -> None:
        """Sender, recipient, DATA. Nothing of the letter has left when this fails."""
        try:
            _accepted(*server.mail(return_path))
            _accepted(*server.rcpt(recipient), of_recipient=True)
            code, said = server.docmd("DATA")
        except (OSError, smtplib.SMTPException) as error:
            sentence = _("The connection broke before the letter was sent.")
            raise DeliveryError(sentence, answer=str(error)[:ANSWER]) from error
        if code != GO_AHEAD:
            raise _refusal(code, _words(said))

    def _hand_over(self, server: smtplib.SMTP, message: bytes) -> str:
        """From the first byte on, a broken connection means: perhaps it arrived."""
        end = b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            server.send(LEADING_DOT.sub(b"..", message) + end)
            code, said = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise _perhaps_sent(str(error)) from error
        if code < 200 or code >= 600:
            raise _perhaps_sent(_words(said))
        _accepted(code, said)
        return f"{code} {_words(said)}"[:ANSWER]


def _accepted(code: int, said: bytes, *, of_recipient: bool = False) -> None:
    if not 200 <= code < 300:
        raise _refusal(code, _words(said), of_recipient=of_recipient)


def _refusal(code: int, said: str, *, of_recipient: bool = False) -> DeliveryError:
    answer = f"{code} {said}"[:ANSWER]
    if code < 500:
        sentence = _("The mail server asks to try again later: %(answer)s")
        return DeliveryError(sentence % {"answer": answer}, answer=answer)
    no_mailbox = of_recipient and code in NO_SUCH_MAILBOX and _speaks_of_address(said)
    sentence = _("The mail server refused the letter: %(answer)s")
    if no_mailbox:
        sentence = _("The address does not exist: %(answer)s")
    return DeliveryError(sentence % {"answer": answer}, permanent=True, no_mailbox=no_mailbox, answer=answer)


def _speaks_of_address(said: str) -> bool:
    """Enhanced codes x.1.x are about the address; x.7.x (policy) and others are not its fault. Without one: it is."""
    enhanced = ENHANCED.search(said)
    return enhanced is None or enhanced.group(2) == "1"


def _perhaps_sent(said: str) -> DeliveryError:
    sentence = _("The connection broke while the letter was being handed over. Perhaps it arrived.")
    return DeliveryError(sentence, uncertain=True, answer=said[:ANSWER])


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())
