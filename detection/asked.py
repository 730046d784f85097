"""Rows of the watch terms: which site may be told a term, and where a term was read. Neither holds a word."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cases.models import WatchTerm


class TermAt(models.Model):
    """An officer's tick: this term may be sent to this source. `host` is the site as it was then; if the source is
    turned to another one, the tick is worth nothing there."""

    term = models.ForeignKey(WatchTerm, on_delete=models.CASCADE, related_name="ticks")
    source = models.ForeignKey("detection.Source", on_delete=models.CASCADE, related_name="ticks")
    host = models.CharField(max_length=260)
    ticked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ticked_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["term", "source"], name="one_tick_a_site")]


class TermHit(models.Model):
    """A term of a case stands in the text around a candidate: in which part of it, and how clearly."""

    class Place(models.TextChoices):
        TITLE = "title", _("Title")
        UPLOADER = "uploader", _("Uploader")
        FILENAME = "filename", _("File name")
        ADDRESS = "address", _("Address")

    candidate = models.ForeignKey("detection.Candidate", on_delete=models.CASCADE, related_name="term_hits")
    term = models.ForeignKey(WatchTerm, on_delete=models.CASCADE, related_name="hits")
    place = models.CharField(max_length=8, choices=Place)
    strength = models.PositiveSmallIntegerField()
    found_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["candidate", "term", "place"], name="one_hit_a_place")]
