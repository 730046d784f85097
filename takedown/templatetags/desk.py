"""Numbers as an officer reads them."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def span(seconds: float | None) -> str:
    """A length of time in its two largest units: `8 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return _("%(count)s s") % {"count": whole}
    if whole < 3600:
        return _("%(minutes)s min %(seconds)s s") % {"minutes": whole // 60, "seconds": whole % 60}
    if whole < 48 * 3600:
        return _("%(hours)s h %(minutes)s min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}
    days = whole // 86_400
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


@register.filter
def percent(share: float | None) -> str:
    """0–1 as a whole percentage."""
    return "–" if share is None else f"{round(share * 100)} %"


@register.filter
def timecode(seconds: float) -> str:
    """`0:07.5` into a medium."""
    minutes, rest = divmod(float(seconds), 60)
    return f"{int(minutes)}:{rest:04.1f}"
