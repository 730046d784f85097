"""Trials of the mail servers and of the letters' signature. Nothing is sent, nothing is marked as read.

What a server says when it refuses a sign-in is not repeated: some repeat the password in it.
"""

from __future__ import annotations

import contextlib
import imaplib
import smtplib
import ssl
from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext as _

from seoulguard.checks import LOOPBACK
from seoulguard.trial_failed import TrialFailed
from takedown import dkim_signature
from takedown.delivery import Email
from takedown.drafting import NoticeError
from takedown.inbox import fetching
from takedown.message import sender_address

SHORT = 120
LETTER = (
    "From: {sender}\r\nTo: {sender}\r\nSubject: A trial of the signature\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nThis letter is never sent.\r\n"
)


def mail_server() -> str:
    """Line, greeting, STARTTLS and sign-in as for a letter, then QUIT."""
    server = _dialled()
    try:
        said = [
            _("%(host)s:%(port)d answers.") % {"host": settings.EMAIL_HOST, "port": settings.EMAIL_PORT},
            _how_encrypted(server),
            _signed_in(server),
        ]
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()
    return "\n".join([*said, _("Then we said goodbye: nothing was sent.")])


def _dialled() -> smtplib.SMTP:
    where = {"host": settings.EMAIL_HOST, "port": settings.EMAIL_PORT}
    try:
        return Email().dialled()
    except smtplib.SMTPNotSupportedError as error:
        raise TrialFailed(_("%(host)s:%(port)d answers, but offers no encryption (STARTTLS).") % where) from error
    except ssl.SSLError as error:
        why = {"why": (getattr(error, "verify_message", "") or error.reason or "")[:SHORT]}
        raise TrialFailed(
            _("%(host)s:%(port)d answers, but its certificate does not hold: %(why)s.") % (where | why)
        ) from error
    except smtplib.SMTPException as error:
        raise TrialFailed(_("%(host)s:%(port)d answers, but not as a mail server that takes us.") % where) from error
    except TimeoutError as error:
        raise TrialFailed(_("%(host)s:%(port)d did not answer in time.") % where) from error
    except OSError as error:
        why = {"why": (error.strerror or type(error).__name__)[:SHORT]}
        raise TrialFailed(_("%(host)s:%(port)d cannot be reached: %(why)s.") % (where | why)) from error


def _how_encrypted(server: smtplib.SMTP) -> str:
    if isinstance(server.sock, ssl.SSLSocket):
        return _("The line is encrypted (%(version)s).") % {"version": server.sock.version()}
    if settings.EMAIL_HOST in LOOPBACK:
        return _("The line is not encrypted; it does not leave this machine.")
    return _("The line is not encrypted: letters can be read on their way. Set EMAIL_USE_TLS.")


def _signed_in(server: smtplib.SMTP) -> str:
    if not settings.EMAIL_HOST_USER:
        return _("No sign-in is set, and none was tried.")
    try:
        server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except smtplib.SMTPNotSupportedError as error:
        raise TrialFailed(
            _("The mail server takes no sign-in here. Empty EMAIL_HOST_USER, or encrypt the line.")
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise TrialFailed(
            _("The mail server refused our sign-in. Look at EMAIL_HOST_USER and its password.")
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise TrialFailed(_("The connection broke at the sign-in.")) from error
    return _("Signed in as %(name)s.") % {"name": settings.EMAIL_HOST_USER}


def mailbox() -> str:
    """Signs in, opens the folder for reading only and counts."""
    if not settings.IMAP_HOST:
        return _("No mailbox is set: replies and bounces are not read.")
    try:
        with fetching.opened_mailbox() as imap:
            count = int((imap.response("EXISTS")[1] or [b"0"])[-1] or 0)
    except fetching.InboxError as error:
        raise TrialFailed(error.sentence) from error
    except (OSError, imaplib.IMAP4.error, ValueError) as error:
        raise TrialFailed(_("The mailbox could be opened, but not counted.")) from error
    said = [
        _("Signed in. Messages in the folder “%(name)s”: %(count)d.") % {"name": settings.IMAP_FOLDER, "count": count}
    ]
    if settings.IMAP_SECURITY == "none" and settings.IMAP_HOST not in LOOPBACK:
        said.append(_("It is read without encryption. Set IMAP_SECURITY to ssl or starttls."))
    return "\n".join([*said, _("Nothing was read, marked or deleted.")])


def signature() -> str:
    """Signs a made-up letter and checks it as a receiver would, against the record to publish."""
    if not settings.DKIM_KEY_FILE:
        return _("No DKIM key is set: the mail server signs, or nobody does.")
    letter = LETTER.format(sender=sender_address()).encode()
    try:
        name, text = dkim_signature.record()
        signed = dkim_signature.with_dkim(letter)
    except NoticeError as error:
        raise TrialFailed(str(error)) from error
    if not dkim_signature.checks_out(signed, name, text):
        raise TrialFailed(_("A sample was signed, but its signature does not check out."))
    publish = _("Publish this in the DNS, as TXT: %(name)s") % {"name": name}
    return "\n".join([_("A sample was signed, and its signature checks out."), publish, text])


MAIL_TRIALS: dict[str, Callable[[], str]] = {
    "mail": mail_server, "imap": mailbox, "folder": mailbox, "dkim": signature,
}  # fmt: skip
