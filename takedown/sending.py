"""The last steps of a notice: sent exactly once, or a visible state that says why not.

1. The row is claimed; the approved bytes are checked against their digest.
2. "Sending" and its Delivery are committed before the first byte leaves.
3. The outcome is written. A worker that died in between leaves "sending": the sweep calls that uncertain, and a person
   decides. It is never sent again by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import custody
from cases.models import User
from cases.vault import VaultError
from takedown.addressing import contact_for, trouble_with
from takedown.bounced import propose_next
from takedown.channels.registry import channel_of
from takedown.contacts import bounced
from takedown.delivery import DeliveryError
from takedown.drafting import NoticeError, clear_approval, locked
from takedown.message import digest_of
from takedown.models import Delivery, Notice

SENTENCE = 300


def send(notice_id: UUID | str) -> None:
    """Send an approved notice whose undo window is over. Returns quietly when there is nothing to do."""
    now = timezone.now()
    if not Notice.objects.to_send(now).filter(pk=notice_id).exists():
        return
    if not Notice.objects.claim(notice_id, Notice.Status.APPROVED):
        return
    notice = Notice.objects.select_related("case", "contact").get(pk=notice_id)
    if notice.send_after is None or notice.send_after > now:  # taken back and approved again since the look above
        _give_back(notice)
        return
    if why := stopped(notice):
        _finish(notice, *why)
        return
    if delivery := _begun(notice):
        _deliver(notice, delivery)


def stopped(notice: Notice) -> tuple[str, str] | None:
    """The state and sentence of a notice that must not leave any more."""
    message = bytes(notice.message)
    if not message or digest_of(message) != notice.approved_digest:
        return Notice.Status.FAILED, _("The message is not the one that was approved. Nothing was sent.")
    if not notice.case.allows_work(timezone.now()):
        return Notice.Status.DRAFT, _("The consent of this case does not allow letters now. Nothing was sent.")
    if trouble := trouble_with(notice.contact):
        return Notice.Status.DRAFT, trouble
    if notice.contact is None or not channel_of(notice.contact).is_for(message, notice.contact):
        return Notice.Status.DRAFT, _("The contact's address was changed after the approval. Please approve again.")
    return None


def _address(notice: Notice) -> str:
    return notice.contact.address if notice.contact else ""


def _begun(notice: Notice) -> Delivery | None:
    """ "Sending", committed. None when this worker slept so long that its claim went to another."""
    mine = Notice.objects.filter(pk=notice.pk, status=Notice.Status.APPROVED, leased_until=notice.leased_until)
    with transaction.atomic():
        if not mine.update(status=Notice.Status.SENDING):
            return None
        return Delivery.objects.create(notice=notice, recipient=_address(notice), message_id=notice.message_id)


def _deliver(notice: Notice, delivery: Delivery) -> None:
    try:
        answer = channel_of(notice.contact).deliver(notice, bytes(notice.message), delivery.recipient)
    except VaultError as error:  # no key, no signed address for bounces: nothing has left
        _not_sent(notice, delivery, DeliveryError(error.sentence))
        return
    except DeliveryError as error:
        _not_sent(notice, delivery, error)
        return
    with transaction.atomic():
        _end(delivery, Delivery.Status.SENT, answer)
        if _still_ours(notice):
            _sent(notice, timezone.now(), "job")


def _still_ours(notice: Notice) -> bool:
    """False when a person has decided in the meantime (the lease ran out while the server dawdled)."""
    return locked(notice).status in (Notice.Status.SENDING, Notice.Status.UNCERTAIN)


def _sent(notice: Notice, at: datetime, actor: str, **detail: object) -> None:
    notice.sent_at = at
    notice.locations.update(next_check_at=at + timedelta(seconds=settings.RECHECK_SECONDS[0]))
    _finish(notice, Notice.Status.SENT, "", "sent_at")
    custody.record(
        notice.case, "sent", actor=actor, subject=f"notice:{notice.pk}", reference=notice.reference,
        message=notice.approved_digest, message_id=notice.message_id, **detail,
    )  # fmt: skip


def sent_by_hand(notice: Notice, delivery: Delivery, at: datetime, actor: str, answer: str, **detail: object) -> None:
    """The letter left by an officer's hand; the caller holds the row."""
    _end(delivery, Delivery.Status.SENT, answer)
    _sent(notice, at, actor, by_hand=True, **detail)


def by_hand_again(notice: Notice, delivery: Delivery, error: DeliveryError) -> None:
    """A form that was not sent waits for the officer again; one that was perhaps sent, for a decision."""
    state = Delivery.Status.UNCERTAIN if error.uncertain else Delivery.Status.FAILED
    _end(delivery, state, error.answer or error.sentence)
    _finish(notice, Notice.Status.UNCERTAIN if error.uncertain else Notice.Status.BY_HAND, error.sentence)


def _not_sent(notice: Notice, delivery: Delivery, error: DeliveryError) -> None:
    with transaction.atomic():
        state = Delivery.Status.UNCERTAIN if error.uncertain else Delivery.Status.FAILED
        _end(delivery, state, error.answer or error.sentence, permanent=error.permanent)
        if error.no_mailbox and notice.contact:
            bounced(notice.contact, error.sentence, timezone.now())
        if not _still_ours(notice):
            return
        if error.no_mailbox and contact_for(notice.site):
            _finish(notice, Notice.Status.FAILED, error.sentence)
            propose_next(notice, error.sentence)
        elif error.uncertain:
            _finish(notice, Notice.Status.UNCERTAIN, error.sentence)
        elif error.permanent or notice.attempts >= settings.SEND_ATTEMPTS:
            _finish(notice, Notice.Status.FAILED, error.sentence)
        else:
            _try_later(notice, error.sentence)


def _end(delivery: Delivery, status: str, answer: str, *, permanent: bool = False) -> None:
    delivery.status, delivery.answer, delivery.permanent = status, answer[:SENTENCE], permanent
    delivery.ended_at = timezone.now()
    delivery.save(update_fields=["status", "answer", "permanent", "ended_at"])


def _finish(notice: Notice, status: str, sentence: str, *more: str) -> None:
    if status == Notice.Status.DRAFT:
        clear_approval(notice)
        more += ("approved_at", "approved_by", "send_after", "approved_digest", "message")
    notice.status, notice.reason, notice.attempts = status, sentence[:SENTENCE], 0
    notice.release()
    notice.save(update_fields=["status", "reason", "attempts", "leased_until", "retry_at", *more])


def _try_later(notice: Notice, sentence: str) -> None:
    notice.status, notice.reason = Notice.Status.APPROVED, sentence[:SENTENCE]
    notice.retry_later()
    notice.save(update_fields=["status", "reason", "leased_until", "retry_at"])


def _give_back(notice: Notice) -> None:
    Notice.objects.filter(pk=notice.pk).update(leased_until=None, attempts=F("attempts") - 1)


# --- what a crash leaves -----------------------------------------------------------------------------------------
def mark_uncertain(at: datetime) -> int:
    """Notices left in "sending" by a worker that died become uncertain. Returns how many."""
    dead = Q(leased_until=None) | Q(leased_until__lt=at)
    sentence = _("The worker stopped while the letter was being handed over. Perhaps it arrived.")
    count = 0
    for pk in Notice.objects.filter(dead, status=Notice.Status.SENDING).values_list("pk", flat=True):
        with transaction.atomic():
            changed = Notice.objects.filter(dead, pk=pk, status=Notice.Status.SENDING).update(
                status=Notice.Status.UNCERTAIN, reason=sentence, leased_until=None, retry_at=None, attempts=0
            )
            if changed:
                open_ones = Delivery.objects.filter(notice_id=pk, status=Delivery.Status.SENDING)
                open_ones.update(status=Delivery.Status.UNCERTAIN, answer=sentence, ended_at=at)
        count += changed
    return count


def give_up(at: datetime) -> int:
    """Approved notices whose workers died before sending too often come to a visible end. Returns how many."""
    return (
        Notice.objects.to_send(at)
        .filter(attempts__gte=settings.SEND_ATTEMPTS)
        .update(
            status=Notice.Status.FAILED,
            reason=_("This step was broken off several times. Ask the administrator to look at the log."),
            leased_until=None,
        )
    )


def decide_uncertain(notice: Notice, officer: User, sent: bool) -> None:
    """A person settles what nobody knows: it was received (sent), or it was not (a draft again). Raises NoticeError."""
    with transaction.atomic():
        row = locked(notice)
        if row.status != Notice.Status.UNCERTAIN:
            raise NoticeError(_("This letter's state is already settled."))
        delivery = row.deliveries.filter(status=Delivery.Status.UNCERTAIN).last()
        if delivery:
            _end(delivery, Delivery.Status.SENT if sent else Delivery.Status.FAILED, _("Decided by an officer."))
        if sent:
            _sent(row, delivery.began_at if delivery else timezone.now(), f"officer:{officer.pk}", decided=True)
        else:
            _finish(row, Notice.Status.DRAFT, _("It was not received. Please read it and approve it again."))
            custody.record(
                row.case, "undone", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}", reference=row.reference
            )
    notice.refresh_from_db()
