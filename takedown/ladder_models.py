"""Rows of the ladder: a step is the letter of one rung, and what it asks for is one row per address."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

RUNG_NAMES = [
    ("reminder", _("Reminder")),
    ("host", _("Hosting network")),
    ("cdn", _("Content delivery network")),
    ("search", _("Search engine")),
    ("registrar", _("Registrar")),
    ("regulator", _("Regulator")),
    ("hotline", _("Hotline for material of minors")),
]


class SiteLadder(models.Model):
    """What is particular to one site: who stands behind it, and its own times."""

    site = models.OneToOneField("takedown.HostingSite", on_delete=models.CASCADE, related_name="ladder")
    behind = models.ManyToManyField(
        "takedown.HostingSite", blank=True, related_name="carries", verbose_name=_("networks and registrars behind it")
    )
    dedicated_to_abuse = models.BooleanField(_("dedicated to abuse"), default=False)
    hours = models.JSONField(_("own hours by rung"), default=dict, blank=True)  # {"reminder": 72}

    class Meta:
        verbose_name = _("ladder of a site")
        verbose_name_plural = _("ladders of sites")

    def __str__(self) -> str:
        return str(self.site)


class Step(models.Model):
    """The letter of one rung beyond the first. The letter itself is a Notice like every other."""

    notice = models.OneToOneField("takedown.Notice", on_delete=models.CASCADE, related_name="step")
    rung = models.CharField(_("rung"), max_length=12, choices=RUNG_NAMES)
    desk = models.CharField(max_length=20, blank=True)  # key of seed/ladder.toml, for rungs 7 and 8
    addressee = models.CharField(max_length=10)  # an AddresseeType
    jurisdiction = models.CharField(max_length=4)
    due_at = models.DateTimeField(_("ready from"))  # the deadline that passed; for parallel rungs the first draft
    is_parallel = models.BooleanField(default=False)  # no deadline had to pass
    ready_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("step of the ladder")
        verbose_name_plural = _("steps of the ladder")
        ordering = ["due_at", "pk"]


class Asked(models.Model):
    """One address in one step. The constraint keeps a rung from being drafted twice for an address in one window.

    A window is the time from a first letter to the removal; an address that comes back opens the next.
    """

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="asked")
    location = models.ForeignKey("takedown.Location", on_delete=models.CASCADE, related_name="asked")
    rung = models.CharField(max_length=12)
    site = models.ForeignKey("takedown.HostingSite", on_delete=models.PROTECT, related_name="+")
    window = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["location", "rung", "site", "window"], name="one_letter_per_rung_and_window"
            )
        ]


def step_of(notice: Any) -> Step | None:
    """The step this letter belongs to; None for a first letter."""
    return getattr(notice, "step", None)


def places_of(notice: Any) -> models.QuerySet[Any]:
    """The addresses a letter is about: its own, or those its step asks for."""
    from takedown.models import Location

    if step_of(notice) is None:
        return Location.objects.filter(notice=notice)
    return Location.objects.filter(asked__step__notice=notice)
