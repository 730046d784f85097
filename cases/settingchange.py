"""The row of a changed setting. Its verbs are in `cases.preferences`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SettingChange(models.Model):
    """`value_sealed` is empty for “back to what the environment says”."""

    name = models.CharField(max_length=40, db_index=True)
    value_sealed = models.BinaryField(default=b"", editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("changed setting")
        verbose_name_plural = _("changed settings")
        ordering = ["-changed_at", "-pk"]
