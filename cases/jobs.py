"""Housekeeping that the clock rings for."""

from __future__ import annotations

from django.utils import timezone
from django_rq import job

from cases import intake, stamps


@job("monitor")
def forget() -> None:
    """Drop what someone began to enter and left for a day."""
    intake.forget_stale(timezone.now())


@job("monitor")
def stamp_due() -> None:
    """Ask time-stamp authorities for what still waits."""
    stamps.make_due(timezone.now())
