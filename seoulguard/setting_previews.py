"""What a value would do, in a sentence: for the value that counts, and for one that is only being thought about.

A preview changes nothing and asks nobody outside; some count rows of this installation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.models import Evidence
from takedown.directory.changes import OVER
from takedown.models import Contact, HostingSite

EXAMPLE = datetime(2026, 1, 5, 14, 0)  # any day, at 14:00
HOUR, DAY = 3600, 86_400


# --- times -------------------------------------------------------------------------------------------------------
def undo(seconds: int) -> str:
    left = EXAMPLE + timedelta(seconds=seconds)
    return _("A letter approved at 14:00:00 leaves at %(time)s; until then one click takes it back.") % {
        "time": _clock(left)
    }


def rechecks(steps: Sequence[int]) -> str:
    said = _("A letter's pages are looked at %(times)s after it was sent, then every month.")
    return said % {"times": ", ".join(map(_long, steps))}


def watch(steps: Sequence[int]) -> str:
    said = _("A page that was removed is looked at again after %(times)s; after that no more.")
    return said % {"times": ", ".join(map(_long, steps))}


def probes_apart(seconds: int) -> str:
    said = _(
        "A page found empty today at 14:00 is called removed at the earliest %(long)s later, if it is still empty."
    )
    return said % {"long": _long(seconds)}


def idle(seconds: int) -> str:
    said = _("Who clicks for the last time at 14:00:00 is signed out at %(time)s.")
    return said % {"time": _clock(EXAMPLE + timedelta(seconds=seconds))}


def inbox_pace(seconds: int) -> str:
    said = _("An answer that arrives at 14:00:00 is with the officer by %(time)s or a little later.")
    return said % {"time": _clock(EXAMPLE + timedelta(seconds=seconds + settings.SWEEP_SECONDS))}


def send_attempts(times: int) -> str:
    """Pauses of 10 s, 40 s, 160 s … between them (`Leased.retry_later`)."""
    reach = sum(10 * 4**number for number in range(times - 1))
    said = _("A server that is always busy is given up after %(long)s, and the letter is put before its officer.")
    return said % {"long": _about(reach)}


def attempts(times: int) -> str:
    said = ngettext(
        "A step that fails %(count)d time is put before a person.",
        "A step that fails %(count)d times is put before a person.",
        times,
    )
    return said % {"count": times}


def reader_seconds(seconds: int) -> str:
    return _("A capture takes at most %(long)s longer than without the reader.") % {"long": _long(seconds)}


# --- amounts -----------------------------------------------------------------------------------------------------
def pace(seconds: int) -> str:
    return _pace(seconds, settings.HOST_REQUESTS_AT_ONCE)


def at_once(count: int) -> str:
    return _pace(settings.HOST_SECONDS_BETWEEN, count)


def _pace(seconds: int, count: int) -> str:
    return _("A host gets at most %(count)d requests an hour from us, %(at_once)d at the same time.") % {
        "count": 3600 // max(1, seconds), "at_once": count,
    }  # fmt: skip


def name_to_sites(name: str) -> str:
    return _("Sites read in their logs: “%(name)s”.") % {"name": name}


def medium_size(size: int) -> str:
    """720p as video sites serve it: 2.5 Mbit/s."""
    said = _("%(size)s: about %(minutes)d minutes of 720p video.")
    return said % {"size": filesizeformat(size), "minutes": size * 8 // 2_500_000 // 60}


def upload_size(size: int) -> str:
    largest = max(Evidence.objects.values_list("size", flat=True), default=0)
    said = _("A file of up to %(size)s is taken. The largest that was handed in so far: %(largest)s.")
    return said % {"size": filesizeformat(size), "largest": filesizeformat(largest)}


def upload_count(count: int) -> str:
    said = ngettext("Up to %(count)d file in one go.", "Up to %(count)d files in one go.", count)
    return said % {"count": count}


def mail_size(size: int) -> str:
    return _("A message of more than %(size)s is not read; officers are told that it is there.") % {
        "size": filesizeformat(size)
    }


# --- the directory -----------------------------------------------------------------------------------------------
def busy_sites(least: int) -> str:
    open_letters = Count("notices", filter=~Q(notices__status__in=OVER))
    busy = HostingSite.objects.annotate(waiting=open_letters).filter(waiting__gte=least).count()
    said = ngettext("Now this concerns %(count)d site.", "Now this concerns %(count)d sites.", busy)
    return said % {"count": busy}


def stale_contacts(days: int) -> str:
    confirmed = Contact.objects.filter(state=Contact.State.USABLE, confirmed_at__isnull=False)
    old = confirmed.filter(confirmed_at__lt=timezone.now() - timedelta(days=days)).count()
    said = _("Of %(all)d confirmed contacts %(old)d are flagged now.")
    return said % {"all": confirmed.count(), "old": old}


def suggested(wanted: bool) -> str:
    lonely = HostingSite.objects.exclude(contacts__state=Contact.State.USABLE).count()
    said = (
        _("Sites without a usable contact now: %(count)d. Each is looked up by itself; a person still confirms.")
        if wanted
        else _("Sites without a usable contact now: %(count)d. Each waits for a click.")
    )
    return said % {"count": lonely}


def registries(url: str) -> str:
    return (
        _("Every registration is asked for at %(url)s.") % {"url": url}
        if url
        else _("Each registry is asked at its own server.")
    )


# --- addresses ---------------------------------------------------------------------------------------------------
def status_link(url: str) -> str:
    return _("Victims find their case at %(address)s.") % {"address": f"{url.rstrip('/')}/"}


def sender(address: str) -> str:
    return f"From: {address}"


# --- words -------------------------------------------------------------------------------------------------------
def _clock(at: datetime) -> str:
    days = (at.date() - EXAMPLE.date()).days
    time = f"{at:%H:%M:%S}"
    if not days:
        return time
    return ngettext("%(time)s, %(count)d day later", "%(time)s, %(count)d days later", days) % {
        "time": time,
        "count": days,
    }


def _long(seconds: int) -> str:
    """A length in the largest unit that fits it without a rest."""
    if seconds and seconds % DAY == 0:
        return ngettext("%(count)d day", "%(count)d days", seconds // DAY) % {"count": seconds // DAY}
    if seconds and seconds % HOUR == 0:
        return ngettext("%(count)d hour", "%(count)d hours", seconds // HOUR) % {"count": seconds // HOUR}
    if seconds and seconds % 60 == 0:
        return ngettext("%(count)d minute", "%(count)d minutes", seconds // 60) % {"count": seconds // 60}
    return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}


def _about(seconds: int) -> str:
    """Rounded to the unit a person would say it in."""
    unit = DAY if seconds >= 2 * DAY else HOUR if seconds >= 2 * HOUR else 60 if seconds >= 120 else 1
    return _long(round(seconds / unit) * unit)
