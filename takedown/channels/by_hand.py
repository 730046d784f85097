"""What an officer hands in: a web form they filled in themselves, a letter at the post office. Their word is kept with
the other side's reference and, where there is one, a picture of the confirmation, sealed.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import capture as captures
from cases.models import Capture, User
from cases.parts import add_part
from cases.upload_capture import STARTS
from cases.uploads import STAFF_MAX_BYTES
from takedown.channels.models import FormRun, HandDelivery
from takedown.drafting import NoticeError, locked
from takedown.models import Contact, Delivery, Notice
from takedown.sending import sent_by_hand, stopped

PURPOSE = "handed_in"


class HandInForm(forms.Form):
    """When, under which number of theirs, and a picture of what they answered."""

    handed_in_on = forms.DateField(
        label=gettext_lazy("Handed in on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reference = forms.CharField(
        label=gettext_lazy("Their reference number"), max_length=120, required=False,
        help_text=gettext_lazy("As their page or their answer shows it. Nothing about the person."),
    )  # fmt: skip
    proof = forms.FileField(
        label=gettext_lazy("Picture of the confirmation"), required=False,
        help_text=gettext_lazy("PNG, JPEG or PDF, 5 MB at most. It is sealed with the case."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,application/pdf"}),
    )  # fmt: skip

    def __init__(self, *args: Any, notice: Notice, **kwargs: Any) -> None:
        self.notice = notice
        kwargs.setdefault("initial", {"handed_in_on": timezone.localdate()})
        super().__init__(*args, **kwargs)
        if notice.contact and notice.contact.channel == Contact.Channel.POST:
            self.fields["handed_in_on"].label = _("Posted on")
            self.fields["reference"].label = _("Tracking number")
            self.fields["reference"].help_text = _("As the receipt of the post office shows it.")
            self.fields["proof"].label = _("Picture of the receipt")

    def clean_handed_in_on(self) -> date:
        on: date = self.cleaned_data["handed_in_on"]
        if on > timezone.localdate():
            raise forms.ValidationError(_("This day has not come yet."))
        if self.notice.approved_at and on < timezone.localdate(self.notice.approved_at):
            raise forms.ValidationError(_("The letter was not approved yet on that day."))
        return on

    def clean_proof(self) -> UploadedFile | None:
        file: UploadedFile | None = self.cleaned_data["proof"]
        if file is None:
            return None
        if not 0 < (file.size or 0) <= STAFF_MAX_BYTES or not kind_of(_beginning(file)):
            raise forms.ValidationError(_("A picture (PNG or JPEG) or a PDF of at most 5 MB."))
        return file


def kind_of(beginning: bytes) -> tuple[str, str] | None:
    """(ending, media type) by the first bytes. The file is kept as it is and never decoded here."""
    return next(((ending, kind) for start, ending, kind in STARTS if beginning.startswith(start)), None)


def _beginning(file: UploadedFile) -> bytes:
    file.seek(0)
    start: bytes = file.read(16)
    file.seek(0)
    return start


def handed_in(
    notice: Notice, officer: User, on: date, *, reference: str = "", proof: UploadedFile | None = None
) -> HandDelivery:
    """Mark a letter as handed in on that day. Raises NoticeError, VaultError."""
    with transaction.atomic():
        row = locked(notice)
        if row.status != Notice.Status.BY_HAND:
            raise NoticeError(_("This letter does not wait to be handed in."))
        if row.form_runs.filter(press=True, status__in=[FormRun.Status.ASKED, FormRun.Status.RUNNING]).exists():
            raise NoticeError(_("The browser is about to send this form. Wait for its outcome."))
        kept = _sealed(row, officer, proof) if proof else None
        done = _mark(row, officer, on, reference, kept)
    notice.refresh_from_db()
    return done


def _mark(row: Notice, officer: User, on: date, reference: str, proof: Capture | None) -> HandDelivery:
    at = _moment(on)
    address = row.contact.address[:300] if row.contact else ""
    delivery = Delivery.objects.create(notice=row, recipient=address, message_id=row.message_id, began_at=at)
    answer = _("By hand: %(reference)s") % {"reference": reference or _("without a reference")}
    sent_by_hand(row, delivery, at, f"officer:{officer.pk}", answer, proof=str(proof.pk) if proof else "")
    return HandDelivery.objects.create(
        delivery=delivery, officer=officer, handed_in_on=on, reference=reference, proof=proof
    )


def _moment(on: date) -> datetime:
    """Now, for today; noon of the day for another."""
    if on == timezone.localdate():
        return timezone.now()
    return datetime.combine(on, time(12), tzinfo=timezone.get_current_timezone()).astimezone(UTC)


def _sealed(row: Notice, officer: User, proof: UploadedFile) -> Capture:
    """Raises NoticeError, VaultError."""
    ending, media_type = kind_of(_beginning(proof)) or ("", "")
    if not ending:
        raise NoticeError(_("A picture (PNG or JPEG) or a PDF of at most 5 MB."))
    return sealed_proof(row, f"officer:{officer.pk}", proof.read(), f"confirmation.{ending}", media_type, "upload")


def sealed_proof(row: Notice, actor: str, content: bytes, name: str, media_type: str, how: str) -> Capture:
    """Keep one file under the case's key as a capture of the form. Raises VaultError."""
    url = row.contact.address if row.contact and row.contact.channel == Contact.Channel.FORM else ""
    method = Capture.Method.UPLOAD if how == "upload" else Capture.Method.BROWSER
    made = Capture.objects.create(case=row.case, url=url, purpose=PURPOSE, method=method)
    add_part(made, name, content, media_type, how)
    captures.finish(made, actor)
    return made


def why_not_now(notice: Notice) -> str:
    """Why a letter that waits to be handed in must not leave any more; empty when it may."""
    found = stopped(notice)
    return found[1] if found else ""
