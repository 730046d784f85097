"""A mail that came in becomes a row at its letter, and what follows from it follows. Nothing is ever answered.

A hard bounce pauses the contact and proposes the next. "Removed" is a hint: it makes us look now, and settles nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from cases import custody, vault
from cases.vault import VaultError
from takedown.bounced import came_back
from takedown.drafting import locked
from takedown.inbox import addresses, hints, quoting
from takedown.inbox.kinds import Kind, Ours, Verdict, kind_of
from takedown.inbox.models import InboundMail
from takedown.inbox.opened import OpenedMail
from takedown.ladder_models import places_of
from takedown.message import sender_address
from takedown.models import Delivery, Location, Notice, Organisation, RemovalCheck

SEALED_AS = "inbound mail"
RECIPIENT_HEADERS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")
MESSAGE_ID = re.compile(r"<[^<>\s]{3,200}>")
REFERENCE = re.compile(r"\bSG-\d{4}-[2-9A-HJKMNP-Z]{8}\b", re.I)
MOST_IDS = 60
HINTED = (Kind.REPLY, Kind.AUTOMATIC)
ARRIVED = (Kind.REPLY, Kind.AUTOMATIC, Kind.ABSENCE)
# A flood of "removed" mails must not make us knock at a site without end.
LOOKED_LATELY = timedelta(minutes=10)
# Nor must a flood of mails to one letter fill the case.
MOST_A_DAY = 200
Tie = InboundMail.Tie


@dataclass(frozen=True)
class Tied:
    """To which letter a mail belongs, how we know, and to whose bounces it came (proven), if to any."""

    notice: Notice | None = None
    how: str = ""
    bounced_to: str = ""


# --- whose is it -------------------------------------------------------------------------------------------------
def tie_of(mail: OpenedMail, at: datetime) -> Tied:
    """By a signed address, then by the numbers of our letters it answers, then by a reference in its subject."""
    return _by_address(mail, at) or _by_thread(mail) or _by_reference(mail) or Tied()


def _by_address(mail: OpenedMail, at: datetime) -> Tied | None:
    claims = addresses.claims_in(line for name in RECIPIENT_HEADERS for line in mail.headers.get(name, []))
    for claim in sorted(set(claims), key=lambda one: one.purpose != addresses.BOUNCE)[:10]:
        notice = Notice.objects.select_related("case", "site", "contact").filter(pk=claim.notice_id).first()
        recipient = addresses.proven_for(claim, _recipients(notice), at) if notice else None
        if recipient:
            return Tied(notice, Tie.SIGNED, recipient if claim.purpose == addresses.BOUNCE else "")
    return None


def _recipients(notice: Notice) -> list[str]:
    return sorted(set(notice.deliveries.values_list("recipient", flat=True)))


def _by_thread(mail: OpenedMail) -> Tied | None:
    answered = [*mail.headers.get("in-reply-to", []), *mail.headers.get("references", []), mail.header("message-id")]
    ids = MESSAGE_ID.findall(" ".join(answered))[-MOST_IDS:]
    delivery = Delivery.objects.filter(message_id__in=ids).order_by("-began_at").first() if ids else None
    return Tied(_notice(delivery.notice_id), Tie.THREAD) if delivery else None


def _by_reference(mail: OpenedMail) -> Tied | None:
    named = [found.upper() for found in REFERENCE.findall(mail.header("subject"))[:3]]
    notice = Notice.objects.filter(reference__in=named).exclude(deliveries=None).first() if named else None
    return Tied(_notice(notice.pk), Tie.REFERENCE) if notice else None


def _notice(pk: Any) -> Notice:
    return Notice.objects.select_related("case", "site", "contact").get(pk=pk)


# --- taking it in ------------------------------------------------------------------------------------------------
def receive(mail: OpenedMail, at: datetime, tied: Tied | None = None) -> InboundMail | None:
    """Take a mail in, once; None when it is here already. Raises VaultError while nothing can be sealed."""
    tied = tied or tie_of(mail, at)
    with transaction.atomic():
        if tied.notice:
            locked(tied.notice)
            tied = Tied() if _flooded(tied, at) else tied
        if InboundMail.objects.filter(id_digest=mail.id_digest, body_digest=mail.body_digest).exists():
            return None
        verdict = kind_of(mail, _ours(tied.notice), bounced_to=tied.bounced_to, belongs=tied.notice is not None)
        parted = quoting.part(mail.text)
        row = InboundMail(
            notice=tied.notice, kind=verdict.kind, tie=tied.how, reason=verdict.why[:300],
            hint=hints.hint_of(parted.fresh) if tied.notice and verdict.kind in HINTED else "",
            id_digest=mail.id_digest, body_digest=mail.body_digest, size_bytes=mail.size_bytes, received_at=at,
        )  # fmt: skip
        if tied.notice:
            row.content_sealed = _sealed(tied.notice, mail, parted)
        row.save(force_insert=True)
        if tied.notice:
            _record(tied.notice, row)
            _follow(tied, verdict, row, at)
    return row


def _flooded(tied: Tied, at: datetime) -> bool:
    """A bounce to its signed address always counts; of other mails a letter gets so many a day."""
    today = InboundMail.objects.filter(notice=tied.notice, received_at__gt=at - timedelta(days=1))
    return not tied.bounced_to and today.count() >= MOST_A_DAY


def _ours(notice: Notice | None) -> Ours:
    own = [sender_address(), settings.REPLY_ADDRESS, *Organisation.objects.values_list("email", flat=True)]
    ids = notice.deliveries.values_list("message_id", flat=True) if notice else []
    return Ours([one for one in own if one], sender_address(), set(ids))


def _sealed(notice: Notice, mail: OpenedMail, parted: quoting.Parted) -> bytes:
    content = {
        "sender": mail.header("from"), "subject": mail.header("subject"), "fresh": parted.fresh, "quoted": parted.quoted,
        "attachments": [[one.name, one.size_bytes] for one in mail.attachments],
    }  # fmt: skip
    try:
        return vault.seal_text(notice.case, SEALED_AS, json.dumps(content, ensure_ascii=False))
    except VaultError as error:
        if error.code == "no_case_key":  # the case was erased: its mail is not kept either
            return b""
        raise


def content_of(row: InboundMail) -> dict[str, Any]:
    """sender, subject, fresh, quoted, attachments [(name, bytes)]; empty when nothing was kept. Raises VaultError."""
    if row.notice is None or not row.content_sealed:
        return {}
    content: dict[str, Any] = json.loads(vault.open_text(row.notice.case, SEALED_AS, bytes(row.content_sealed)))
    return content


def _record(notice: Notice, row: InboundMail) -> None:
    custody.record(
        notice.case, "answered", actor="job", subject=f"notice:{notice.pk}", reference=notice.reference,
        kind=row.kind, tie=row.tie, hint=row.hint, mail=row.body_digest,
    )  # fmt: skip


# --- what follows ------------------------------------------------------------------------------------------------
def _follow(tied: Tied, verdict: Verdict, row: InboundMail, at: datetime) -> None:
    if tied.notice is None:
        return
    if verdict.returned and tied.bounced_to:
        dead = verdict.kind == Kind.HARD
        reason = _("%(address)s bounced. %(why)s") % {"address": tied.bounced_to, "why": verdict.why}
        came_back(tied.notice, tied.bounced_to, reason, at, address_dead=dead)
        return
    if row.hint:
        look_now(tied.notice, at)
    if row.kind in ARRIVED and tied.how in (Tie.SIGNED, Tie.THREAD):
        _say_it_arrived(tied.notice)


def _say_it_arrived(notice: Notice) -> None:
    """An answer to a letter of which nobody knew whether it left: the officer still decides, and knows more."""
    sentence = _("An answer to this letter came in, so it was probably received. Please read it, and decide.")
    Notice.objects.filter(pk=notice.pk, status=Notice.Status.UNCERTAIN).update(reason=sentence)


def look_now(notice: Notice, at: datetime) -> int:
    """Have the addresses of this letter probed with the next sweep; those looked at lately keep their time."""
    lately = RemovalCheck.objects.filter(at__gt=at - LOOKED_LATELY).values("location")
    waiting = places_of(notice).filter(Q(next_check_at__gt=at)).exclude(pk__in=lately)
    return int(Location.objects.filter(pk__in=waiting.values("pk")).update(next_check_at=at))


def texts(rows: Iterable[InboundMail]) -> list[dict[str, Any]]:
    """Each mail with its words, for the page. Where they cannot be opened the sentence says why."""
    shown = []
    for row in rows:
        try:
            shown.append({"mail": row, **content_of(row)})
        except VaultError as error:
            shown.append({"mail": row, "trouble": error.sentence})
    return shown
