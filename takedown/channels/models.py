"""What the channels remember: keys of interfaces, how a form is filled in, what an officer handed in by hand."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models import Capture, Leased, LeasedQuerySet


class ChannelKey(models.Model):
    """What an interface asks for before it takes a report. Without a row that is switched on, nothing goes there."""

    channel = models.CharField(max_length=12, unique=True)  # a Contact.Channel
    url = models.CharField(_("address of the interface"), max_length=200)
    account = models.CharField(_("account"), max_length=128)
    secret_sealed = models.BinaryField(default=b"", editable=False)
    switched_on = models.BooleanField(_("switched on"), default=False)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("key of an interface")
        verbose_name_plural = _("keys of interfaces")

    def __str__(self) -> str:
        return self.channel


class Playbook(models.Model):
    """How the web form of one contact is filled in: one step per line (`takedown.channels.steps`)."""

    contact = models.OneToOneField("takedown.Contact", on_delete=models.CASCADE, related_name="playbook")
    lines = models.TextField(_("steps"))
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("playbook")
        verbose_name_plural = _("playbooks")


class HandDelivery(models.Model):
    """An officer's word that a letter was handed in: through a web form, or at the post office."""

    delivery = models.OneToOneField("takedown.Delivery", on_delete=models.PROTECT, related_name="by_hand")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    handed_in_on = models.DateField(_("handed in on"))
    reference = models.CharField(_("their reference"), max_length=120, blank=True)
    # The picture of their confirmation, sealed like every part of a capture.
    proof = models.ForeignKey(Capture, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("handed in by hand")
        verbose_name_plural = _("handed in by hand")


class FormRun(Leased):
    """One run of the caged browser through a web form: up to the last click, or with it where an officer pressed."""

    class Status(models.TextChoices):
        ASKED = "asked", _("Waits for the browser")
        RUNNING = "running", _("The browser fills in the form")
        FILLED = "filled", _("Filled in, not sent")
        PRESSED = "pressed", _("Sent")
        FAILED = "failed", _("Could not be filled in")

    notice = models.ForeignKey("takedown.Notice", on_delete=models.CASCADE, related_name="form_runs")
    digest = models.CharField(max_length=71)  # of the approved values this run is for
    press = models.BooleanField(default=False)
    status = models.CharField(max_length=8, choices=Status, default=Status.ASKED)
    reason = models.CharField(max_length=300, blank=True)
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # The form as it stood, with every picture on it hidden.
    picture = models.ForeignKey(Capture, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)

    objects: Any = LeasedQuerySet.as_manager()

    class Meta:
        verbose_name = _("run through a form")
        verbose_name_plural = _("runs through forms")
        ordering = ["asked_at", "pk"]
