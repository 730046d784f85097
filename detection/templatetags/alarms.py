"""Alarms of the watch, for every page that shows whether something needs a person."""

from __future__ import annotations

from django import template
from django.db.models import QuerySet

from detection.watched import Alarm

register = template.Library()


@register.simple_tag
def ringing_alarms() -> QuerySet[Alarm]:
    """Alarms that are not over, the oldest first."""
    return Alarm.objects.ringing().select_related("source", "acknowledged_by").order_by("since")
