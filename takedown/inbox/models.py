"""The mailbox we read, and what came in for a notice."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models import Leased, LeasedQuerySet


class Mailbox(Leased):
    """How far one folder of one mail server has been read. One worker at a time reads it."""

    class Status(models.TextChoices):
        READ = "read", _("Read")
        TROUBLED = "troubled", _("Cannot be read")

    name = models.CharField(max_length=300, unique=True)  # user@host/folder
    status = models.CharField(max_length=8, choices=Status, default=Status.READ)
    trouble = models.CharField(max_length=300, blank=True)
    uid_validity = models.PositiveBigIntegerField(default=0)
    last_uid = models.PositiveBigIntegerField(default=0)
    # Written before a mail is opened: one that kills its reader is not opened a second time.
    opening_uid = models.PositiveBigIntegerField(default=0)
    visited_at = models.DateTimeField(null=True, blank=True)

    objects = LeasedQuerySet.as_manager()

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return self.name


class InboundQuerySet(models.QuerySet["InboundMail"]):
    def visible_to(self, user: Any) -> InboundQuerySet:
        from cases.models import Case

        return self.filter(notice__case__in=Case.objects.visible_to(user))

    def unread(self) -> InboundQuerySet:
        return self.filter(read_by=None, notice__isnull=False)


class InboundMail(models.Model):
    """A mail that came in. Its words are sealed with the case's key; of a mail that is not ours nothing is kept."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("Reply")
        HARD = "hard", _("Address does not work")
        SOFT = "soft", _("Delayed or refused")
        ABSENCE = "absence", _("Out of office")
        AUTOMATIC = "automatic", _("Automatic answer")
        LOOP = "loop", _("Our own mail")
        FORGED = "forged", _("Bounce, not believed")
        UNKNOWN = "unknown", _("Unclear")

    class Hint(models.TextChoices):
        NONE = "", _("No hint")
        REMOVED = "removed", _("They say: removed")
        REFUSED = "refused", _("Perhaps refused")
        NEEDS_MORE = "needs_more", _("They ask for more")

    class Tie(models.TextChoices):
        NONE = "", _("Belongs to none of our letters")
        SIGNED = "signed", _("Came to the signed address of this letter")
        THREAD = "thread", _("Answers this letter's message number")
        REFERENCE = "reference", _("Names this letter's reference only")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    notice = models.ForeignKey(
        "takedown.Notice", null=True, blank=True, on_delete=models.CASCADE, related_name="inbound"
    )
    kind = models.CharField(max_length=9, choices=Kind)
    tie = models.CharField(max_length=9, choices=Tie, blank=True)
    hint = models.CharField(max_length=10, choices=Hint, blank=True)
    reason = models.CharField(
        max_length=300, blank=True
    )  # why this kind: status codes and header names, no words of the mail
    # Which mail it was, without keeping it: the digest of its Message-ID, and that of everything below its header.
    id_digest = models.CharField(max_length=71)
    body_digest = models.CharField(max_length=71)
    size_bytes = models.PositiveBigIntegerField(default=0)
    content_sealed = models.BinaryField(default=b"", editable=False)  # sender, subject, text, quoted text, attachments
    received_at = models.DateTimeField(default=timezone.now)
    read_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="read_mails"
    )
    read_at = models.DateTimeField(null=True, blank=True)

    objects = InboundQuerySet.as_manager()

    class Meta:
        verbose_name = _("reply or bounce")
        verbose_name_plural = _("replies and bounces")
        ordering = ["-received_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["id_digest", "body_digest"], name="a_mail_is_taken_in_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.received_at:%Y-%m-%d %H:%M}"
