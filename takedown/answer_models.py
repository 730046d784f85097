"""What a host answered, as an officer read it. Times of removal need no row of their own: the addresses have them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class HostAnswer(models.Model):
    class Kind(models.TextChoices):
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn by us as wrong")

    class Reason(models.TextChoices):
        NOT_THE_MATERIAL = "baseless", _("Says it is not such material")
        INCOMPLETE = "incomplete", _("Says something is missing in the letter")
        NOT_COMPETENT = "not_theirs", _("Says it is not theirs to remove")
        WANTS_ORDER = "order", _("Wants an order of a court or an authority")
        WANTS_IDENTITY = "identity", _("Wants the identity of the person")
        CONSENT_CLAIMED = "consent", _("Claims that there was consent")
        OTHER = "other", _("Another reason")

    notice = models.ForeignKey("takedown.Notice", on_delete=models.CASCADE, related_name="answers")
    kind = models.CharField(_("answer"), max_length=9, choices=Kind)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("answer of a host")
        verbose_name_plural = _("answers of hosts")
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["notice"], condition=Q(kind="withdrawn"), name="withdrawn_once")]
