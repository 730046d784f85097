"""Reads the centre's mailbox over IMAP, and only reads: the folder is opened read-only, no mail is marked, moved or deleted.

Only the header of a mail is fetched at first. Mail that belongs to none of our letters is never opened further.
"""

from __future__ import annotations

import hashlib
import imaplib
import re
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.vault import VaultError
from takedown.inbox.models import InboundMail, Mailbox
from takedown.inbox.opened import OpenedMail, Opener, UnreadableMail
from takedown.inbox.receiving import Tied, receive, tie_of
from takedown.models import Delivery

MAILS_A_VISIT = 200
VISIT_SECONDS = 60  # other work waits in the same queue; what is left comes with the next visit
STRANGERS_KEPT = timedelta(days=180)
PIECE_BYTES = 1024 * 1024
HEADER_BYTES = 128 * 1024
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
IMAP_TROUBLES = (OSError, imaplib.IMAP4.error, UnicodeError)


class InboxError(Exception):
    """The mailbox cannot be read; the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def collect() -> int:
    """Take in what is new, up to MAILS_A_VISIT. How many mails were taken in; the mailbox's row says what went wrong."""
    if not settings.IMAP_HOST:
        return 0
    box, _new = Mailbox.objects.get_or_create(name=name_of_box())
    if not Mailbox.objects.claim(box.pk, *Mailbox.Status.values):
        return 0
    taken, trouble = 0, ""
    try:
        taken = _visit(box)
    except (InboxError, VaultError) as error:
        trouble = error.sentence
    # Of mail that was not ours even the digests go.
    InboundMail.objects.filter(notice=None, received_at__lt=timezone.now() - STRANGERS_KEPT).delete()
    status = Mailbox.Status.TROUBLED if trouble else Mailbox.Status.READ
    Mailbox.objects.filter(pk=box.pk).update(
        status=status, trouble=trouble[:300], visited_at=timezone.now(), opening_uid=0, leased_until=None, attempts=0
    )
    return taken


def is_due(at: datetime) -> bool:
    """Whether INBOX_SECONDS have passed since the mailbox was visited. The settings may have changed since the start."""
    since = at - timedelta(seconds=settings.INBOX_SECONDS)
    seen = Q(visited_at__gt=since) | Q(leased_until__gt=at)
    return bool(settings.IMAP_HOST) and not Mailbox.objects.filter(seen, name=name_of_box()).exists()


def name_of_box() -> str:
    return f"{settings.IMAP_USER}@{settings.IMAP_HOST}/{settings.IMAP_FOLDER}"[:300]


def _visit(box: Mailbox) -> int:
    first = Delivery.objects.order_by("began_at").values_list("began_at", flat=True).first()
    if first is None:
        return 0  # no letter has left: nothing in the mailbox can be for us
    with opened_mailbox() as imap:
        try:
            _know_again(imap, Mailbox.objects.get(pk=box.pk))
            box.refresh_from_db()
            return _take_new(imap, box, _new_uids(imap, box.last_uid, first)[:MAILS_A_VISIT])
        except IMAP_TROUBLES as error:
            raise InboxError(_broken(error)) from error


@contextmanager
def opened_mailbox() -> Iterator[imaplib.IMAP4]:
    """Signed in, the folder open for reading only. Raises InboxError."""
    try:
        imap = _dialled()
    except IMAP_TROUBLES as error:
        raise InboxError(
            _("The mail server for replies could not be reached: %(why)s.") % {"why": _short(error)}
        ) from error
    try:
        _sign_in(imap)
        yield imap
    finally:
        # All that was read is kept already; how the server says goodbye changes nothing.
        with suppress(*IMAP_TROUBLES):
            imap.logout()


def _dialled() -> imaplib.IMAP4:
    host, port, seconds = settings.IMAP_HOST, settings.IMAP_PORT, settings.IMAP_TIMEOUT
    if settings.IMAP_SECURITY == "ssl":
        return imaplib.IMAP4_SSL(host, port, ssl_context=_trust(), timeout=seconds)
    imap = imaplib.IMAP4(host, port, timeout=seconds)
    if settings.IMAP_SECURITY == "starttls":
        imap.starttls(ssl_context=_trust())
    return imap


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.IMAP_CA_FILE or None)


def _sign_in(imap: imaplib.IMAP4) -> None:
    try:
        imap.login(settings.IMAP_USER, settings.IMAP_PASSWORD)
        folder = settings.IMAP_FOLDER.replace("\\", "\\\\").replace('"', '\\"')
        answer, _said = imap.select(f'"{folder}"', readonly=True)
    except imaplib.IMAP4.error as error:
        raise InboxError(_("The mail server for replies refused our sign-in.")) from error
    except OSError as error:
        raise InboxError(_broken(error)) from error
    if answer != "OK":
        raise InboxError(_("The mail server has no folder “%(name)s”.") % {"name": settings.IMAP_FOLDER})


def _broken(error: Exception) -> str:
    return _("The connection to the mail server for replies broke: %(why)s.") % {"why": _short(error)}


def _short(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:150]


# --- what is new -------------------------------------------------------------------------------------------------
def _know_again(imap: imaplib.IMAP4, box: Mailbox) -> None:
    """When the server numbered its mail anew, begin again: what is here already is known by its digest."""
    _code, said = imap.response("UIDVALIDITY")
    validity = int(said[0]) if said and said[0] else 0  # type: ignore[arg-type]
    if validity != box.uid_validity:
        Mailbox.objects.filter(pk=box.pk).update(uid_validity=validity, last_uid=0)


def _new_uids(imap: imaplib.IMAP4, last: int, first_letter: datetime) -> list[int]:
    """In order. What came before our first letter left is not looked at."""
    since = imaplib.Time2Internaldate((first_letter - timedelta(days=1)).timestamp()).strip('"').split()[0]
    answer, said = imap.uid("SEARCH", f"UID {last + 1}:*", "SINCE", since)
    if answer != "OK":
        raise InboxError(_("The mail server for replies does not say what is new."))
    # "n:*" names the last mail even where it is older than n.
    return sorted(uid for uid in map(int, (said[0] or b"").split()) if uid > last)


def _take_new(imap: imaplib.IMAP4, box: Mailbox, uids: list[int]) -> int:
    until, taken = time.monotonic() + VISIT_SECONDS, 0
    for uid in uids:
        if time.monotonic() > until:
            break
        taken += _take(imap, box, uid)
    return taken


def _take(imap: imaplib.IMAP4, box: Mailbox, uid: int) -> int:
    """Take one mail in, and remember that it was: both or none."""
    now = timezone.now()
    deadly = Mailbox.objects.get(pk=box.pk).opening_uid == uid  # the last worker died over it: its header must do
    Mailbox.objects.filter(pk=box.pk).update(opening_uid=uid)
    mail, tied = _fetched(imap, uid, now, only_header=deadly)
    with transaction.atomic():
        row = receive(mail, now, tied) if mail and tied else None
        Mailbox.objects.filter(pk=box.pk).update(
            last_uid=uid, opening_uid=0, leased_until=now + timedelta(seconds=settings.LEASE_SECONDS)
        )
    return int(row is not None)


# --- fetching ----------------------------------------------------------------------------------------------------
def _fetched(
    imap: imaplib.IMAP4, uid: int, at: datetime, *, only_header: bool
) -> tuple[OpenedMail | None, Tied | None]:
    """The mail as far as it concerns us, and whose it is; (None, None) when it was deleted meanwhile."""
    head, size = _header(imap, uid)
    if head is None:
        return None, None
    mail = replace(_opened_header(head), size_bytes=size)
    tied = tie_of(mail, at)
    if tied.notice is None:
        return mail, tied
    if only_header or len(head) >= HEADER_BYTES:
        return replace(mail, text=_("This mail could not be opened here. It lies in the mailbox.")), tied
    # Of a mail that is too large the beginning is read: what people write stands before what they attach.
    limit = size if size <= settings.INBOX_MAX_BYTES else PIECE_BYTES
    try:
        return replace(_read(imap, uid, limit), size_bytes=size), tied
    except UnreadableMail as error:
        return replace(mail, text=str(error)), tied


def _header(imap: imaplib.IMAP4, uid: int) -> tuple[bytes | None, int]:
    said = _fetch(imap, uid, f"(RFC822.SIZE BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)")
    head = next((one[1] for one in said if isinstance(one, tuple)), None)
    size = SIZE.search(b" ".join(one[0] if isinstance(one, tuple) else one for one in said if one))
    return head, int(size.group(1)) if size else 0


def _opened_header(head: bytes) -> OpenedMail:
    opener = Opener()
    try:
        opener.feed(head)
        mail = opener.close()
    except UnreadableMail:
        mail = OpenedMail({}, "")
    return replace(mail, text="", attachments=[], report=None, body_digest="sha256:" + hashlib.sha256(head).hexdigest())


def _read(imap: imaplib.IMAP4, uid: int, size: int) -> OpenedMail:
    """The first `size` bytes, piece by piece. Raises UnreadableMail."""
    opener = Opener()
    for offset in range(0, size, PIECE_BYTES):
        said = _fetch(imap, uid, f"(BODY.PEEK[]<{offset}.{PIECE_BYTES}>)")
        piece = next((one[1] for one in said if isinstance(one, tuple)), b"")
        opener.feed(piece)
        if len(piece) < PIECE_BYTES:
            break
    return opener.close()


def _fetch(imap: imaplib.IMAP4, uid: int, what: str) -> list:  # type: ignore[type-arg]
    answer, said = imap.uid("FETCH", str(uid), what)
    if answer != "OK":
        raise InboxError(_("The mail server for replies did not hand a mail over."))
    return said
