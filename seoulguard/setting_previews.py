"""What a setting means now, in a sentence: a preview that costs nothing and is always shown."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

UNITS = (
    (86_400, lambda count: ngettext("%d day", "%d days", count) % count),
    (3_600, lambda count: ngettext("%d hour", "%d hours", count) % count),
    (60, lambda count: ngettext("%d minute", "%d minutes", count) % count),
    (1, lambda count: ngettext("%d second", "%d seconds", count) % count),
)


def duration(seconds: int) -> str:
    """In the largest unit that divides it: 5400 is "90 minutes"."""
    size, words = next(unit for unit in UNITS if seconds % unit[0] == 0 and (seconds or unit[0] == 1))
    return words(seconds // size)


def size(count: int) -> str:
    """Bytes as people count them."""
    return f"{count / 1024**3:.1f} GiB" if count >= 1024**3 else f"{count / 1024**2:.0f} MiB"


def pace() -> str:
    an_hour = 3600 // max(1, settings.HOST_SECONDS_BETWEEN)
    return _("A host gets at most %(count)d requests an hour from us, %(at_once)d at the same time.") % {
        "count": an_hour, "at_once": settings.HOST_REQUESTS_AT_ONCE,
    }  # fmt: skip


def undo() -> str:
    now = localtime()
    times = {
        "now": time_format(now, "H:i:s"),
        "then": time_format(now + timedelta(seconds=settings.UNDO_SECONDS), "H:i:s"),
    }
    return _("A letter approved now, at %(now)s, leaves at %(then)s.") % times


def rechecks() -> str:
    return _("Looks after sending: %(times)s.") % {"times": ", ".join(map(duration, settings.RECHECK_SECONDS))}


def watch() -> str:
    return _("Looks after a removal: %(times)s.") % {"times": ", ".join(map(duration, settings.WATCH_SECONDS))}


def apart() -> str:
    said = _("What is gone at two looks %(time)s apart is called removed.")
    return said % {"time": duration(settings.REMOVED_PROBES_APART_SECONDS)}


def stale() -> str:
    before = localtime() - timedelta(days=settings.CONTACT_STALE_DAYS)
    return _("Today these are contacts confirmed before %(date)s.") % {"date": f"{before:%Y-%m-%d}"}


def signed_out() -> str:
    return _("Somebody who leaves the desk now is signed out after %(time)s.") % {
        "time": duration(settings.SESSION_COOKIE_AGE)
    }


def named() -> str:
    return f"User-Agent: {settings.USER_AGENT}"


def largest_medium() -> str:
    return size(settings.MEDIA_MAX_BYTES)


def largest_file() -> str:
    return size(settings.EVIDENCE_MAX_BYTES)


def largest_mail() -> str:
    return size(settings.INBOX_MAX_BYTES)


def status_link() -> str:
    return _("Victims find their case at %(address)s.") % {"address": f"{settings.SITE_URL.rstrip('/')}/"}


def sender() -> str:
    return f"From: {settings.DEFAULT_FROM_EMAIL}"
