"""The caged browser goes through a form's playbook with the approved values. It clicks what sends only for an officer.

Rehearsal: everything but the last click; a picture shows the officer what would be sent. Press: the same again, with it.

1. An officer asks: a row, nothing else. A worker claims it once and for all: no run is ever begun twice.
2. For a press, "sending" and its Delivery are committed before the browser opens.
3. Before the last click a failure means: not sent, hand it in yourself. From that click on: perhaps sent, a person decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import form_filling
from cases.browser import CaptureError, use_page
from cases.form_filling import FillError, Filling
from cases.models import User
from cases.vault import VaultError
from takedown.channels import by_hand, form, steps
from takedown.channels.models import FormRun
from takedown.delivery import DeliveryError
from takedown.drafting import NoticeError, locked
from takedown.models import Delivery, Notice
from takedown.sending import by_hand_again, sent_by_hand

SECONDS = 90.0
R = FormRun.Status
UNFINISHED = (R.ASKED, R.RUNNING)


def rehearse(notice: Notice, officer: User) -> FormRun:
    """Ask for a run up to the last click. Raises NoticeError."""
    return _asked(notice, officer, press=False)


def press(notice: Notice, officer: User) -> FormRun:
    """Ask for the run that sends, after a rehearsal of exactly these values. Raises NoticeError."""
    return _asked(notice, officer, press=True)


def _asked(notice: Notice, officer: User, *, press: bool) -> FormRun:
    with transaction.atomic():
        row = locked(notice)
        if row.status != Notice.Status.BY_HAND:
            raise NoticeError(_("This letter does not wait to be handed in."))
        if not form.has_playbook(row.contact):
            raise NoticeError(_("Nobody wrote down yet how this form is filled in."))
        if why := by_hand.why_not_now(row):
            raise NoticeError(why)
        if row.form_runs.filter(status__in=UNFINISHED).exists():
            raise NoticeError(_("The browser is already at it."))
        if press and not rehearsed(row):
            raise NoticeError(_("Have the form filled in first, and look at it."))
        return FormRun.objects.create(notice=row, digest=row.approved_digest, press=press, officer=officer)


def rehearsed(notice: Notice) -> bool:
    """Whether the last run filled in exactly the values that are approved now."""
    last = notice.form_runs.last()
    return bool(last and last.status == R.FILLED and last.digest == notice.approved_digest)


# --- the run -----------------------------------------------------------------------------------------------------
def play(run_id: int | str) -> None:
    """Do one run. Returns quietly when somebody else has it."""
    if not FormRun.objects.claim(run_id, R.ASKED):
        return
    if not FormRun.objects.filter(pk=run_id, status=R.ASKED).update(status=R.RUNNING):
        return
    run = FormRun.objects.select_related("notice__case", "notice__contact").get(pk=run_id)
    delivery = _begun(run)
    if run.press and delivery is None:
        _end(run, R.FAILED, _("The letter was taken back or changed. Nothing was sent."))
        return
    filling = Filling()
    try:
        _fill(run, filling)
    except (FillError, CaptureError) as error:
        _broken(run, delivery, filling, error.sentence)
    else:
        _done(run, delivery, filling)


def _begun(run: FormRun) -> Delivery | None:
    """For a press: "sending", committed before anything leaves. None for a rehearsal, or when it must not leave."""
    if not run.press:
        return None
    with transaction.atomic():
        row = locked(run.notice)
        if row.status != Notice.Status.BY_HAND or row.approved_digest != run.digest or by_hand.why_not_now(row):
            return None
        row.status = Notice.Status.SENDING
        row.leased_until = timezone.now() + timedelta(seconds=max(settings.LEASE_SECONDS, 2 * SECONDS))
        row.save(update_fields=["status", "leased_until"])
        address = row.contact.address[:300] if row.contact else ""
        return Delivery.objects.create(notice=row, recipient=address, message_id=row.message_id)


def _fill(run: FormRun, filling: Filling) -> None:
    url, moves = steps.from_json(bytes(run.notice.message))
    use_page(
        url,
        lambda page, proxy, left_ms: form_filling.play(page, proxy, moves, filling, press=run.press, left_ms=left_ms),
        deadline_seconds=SECONDS,
    )


def _done(run: FormRun, delivery: Delivery | None, filling: Filling) -> None:
    _keep_picture(run, filling)
    if delivery is None:
        _end(run, R.FILLED, "")
    elif not filling.sent:
        _not_sent(run, delivery, DeliveryError(_("The last click sent nothing. Please hand it in yourself.")))
    elif filling.broke_off or not filling.statuses or max(filling.statuses) >= 400:
        _not_sent(run, delivery, _perhaps(" ".join(map(str, filling.statuses))))
    else:
        with transaction.atomic():
            row = locked(run.notice)
            if row.status in (Notice.Status.SENDING, Notice.Status.UNCERTAIN):
                said = " ".join(filling.text.split())[:250]
                sent_by_hand(row, delivery, timezone.now(), f"officer:{run.officer_id}", said, pressed=True)
            _end(run, R.PRESSED, "")


def _broken(run: FormRun, delivery: Delivery | None, filling: Filling, sentence: str) -> None:
    if delivery is None:
        _end(run, R.FAILED, sentence)
    else:
        _not_sent(run, delivery, _perhaps(sentence) if filling.pressed else DeliveryError(sentence))


def _perhaps(said: str) -> DeliveryError:
    sentence = _("The form was perhaps sent. Look at the picture, or ask them, then decide.")
    return DeliveryError(sentence, uncertain=True, answer=said)


def _not_sent(run: FormRun, delivery: Delivery, error: DeliveryError) -> None:
    with transaction.atomic():
        row = locked(run.notice)
        if row.status == Notice.Status.SENDING:
            by_hand_again(row, delivery, error)
        _end(run, R.FAILED, error.sentence)


def _keep_picture(run: FormRun, filling: Filling) -> None:
    """A picture that cannot be sealed costs the picture, not the outcome; the run says so."""
    try:
        run.picture = by_hand.sealed_proof(run.notice, "job", filling.picture, "form.png", "image/png", "browser")
    except VaultError as error:
        run.reason = error.sentence[:300]
    run.save(update_fields=["picture", "reason"])


def _end(run: FormRun, status: str, sentence: str) -> None:
    run.status, run.reason = status, sentence[:300] or run.reason
    run.release()
    run.save(update_fields=["status", "reason", "leased_until", "retry_at"])


def give_up(at: datetime) -> int:
    """Runs whose worker died are over. Their letter, if it was being sent, is called uncertain by the other sweep."""
    dead = Q(leased_until=None) | Q(leased_until__lt=at)
    sentence = _("The browser was broken off. Ask the administrator to look at the log.")
    return int(FormRun.objects.filter(dead, status=R.RUNNING).update(status=R.FAILED, reason=sentence))
