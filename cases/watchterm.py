"""The row of a watch term. Its verbs are in `cases.terms`."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class WatchTerm(models.Model):
    """A word under which material is spread, sealed with its case's key. Nothing here says which."""

    class Kind(models.TextChoices):
        NAME = "name", _("Name")
        HANDLE = "handle", _("Account or nickname")
        TITLE = "title", _("Title")
        FILENAME = "filename", _("File name")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey("cases.Case", on_delete=models.CASCADE, related_name="terms")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    text_sealed = models.BinaryField(editable=False)
    # Nobody, where the person served named it.
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["made_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
