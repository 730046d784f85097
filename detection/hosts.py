"""The pace of each host, over all workers: seats, one request after the other, and being left alone when it says so.

The host's row keeps the pace (`WatchedHost`, `HostSeat`): a request reserves the next moment by a conditional UPDATE,
so that two processes never get the same one, and a worker that dies holds nothing for longer than its lease.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.web import FetchError
from detection.watched import HostSeat, WatchedHost

# Names of hosts are looked up in rows; a default port is not part of one.
DEFAULT_PORTS = {"http": 80, "https": 443}
FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 24 * 3600
# One broken page is no busy host: errors of the server count when so many come in a row.
ERRORS_IN_A_ROW = 3
SEAT_AGAIN_SECONDS = 0.25
TRIES = 20
# One place to wait, so that tests need not.
pause = time.sleep


class Later(FetchError):
    """Not now: `until` is when it may be tried again. Nothing was lost and nobody failed."""

    def __init__(self, sentence: str, until: datetime) -> None:
        self.until = until
        super().__init__("later", sentence, permanent=False)


def _busy(host: WatchedHost, until: datetime) -> Later:
    return Later(_("%(host)s is busy until %(when)s.") % {"host": host.name, "when": _clock(until)}, until)


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%m-%d %H:%M")


def host_name(url: str) -> str:
    """The host with its port, where that is not the scheme's own.

    >>> host_name("https://Clips.example:443/a"), host_name("http://clips.example:8080/")
    ('clips.example', 'clips.example:8080')
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    name = (parts.hostname or "").lower()
    return (name if port in (None, DEFAULT_PORTS.get(parts.scheme)) else f"{name}:{port}")[:260]


def host_of(url: str) -> WatchedHost:
    """The row of the address's host; it is made at the first request."""
    host, _is_new = WatchedHost.objects.get_or_create(name=host_name(url))
    return host


def free_at(url: str) -> datetime:
    """When the address's host may be asked again; now, unless it wants to be left alone."""
    until = WatchedHost.objects.filter(name=host_name(url)).values_list("refused_until", flat=True).first()
    return max(timezone.now(), until) if until else timezone.now()


# --- turns -------------------------------------------------------------------------------------------------------
@contextmanager
def turn(host: WatchedHost, *, patience_seconds: float, lease_seconds: float = 60) -> Iterator[None]:
    """One request's turn: a seat for its length, and its moment. Waits up to the patience, else raises Later."""
    deadline = timezone.now() + timedelta(seconds=patience_seconds)
    seat = _sit_down(host, deadline, lease_seconds)
    try:
        _wait_for(host, deadline)
        yield
    finally:
        HostSeat.objects.filter(pk=seat.pk, held_until=seat.held_until).update(held_until=None)


def _sit_down(host: WatchedHost, deadline: datetime, lease_seconds: float) -> HostSeat:
    while True:
        now = timezone.now()
        held_until = max(now, deadline) + timedelta(seconds=lease_seconds)
        for number in range(max(1, host.at_once or settings.HOST_REQUESTS_AT_ONCE)):
            seat, _is_new = HostSeat.objects.get_or_create(host=host, number=number)
            free = Q(held_until=None) | Q(held_until__lt=now)
            if HostSeat.objects.filter(free, pk=seat.pk).update(held_until=held_until):
                seat.held_until = held_until
                return seat
        if now + timedelta(seconds=SEAT_AGAIN_SECONDS) > deadline:
            raise _busy(host, now + timedelta(seconds=SEAT_AGAIN_SECONDS * TRIES))
        pause(SEAT_AGAIN_SECONDS)


def _wait_for(host: WatchedHost, deadline: datetime) -> None:
    starts = _reserve(host, deadline)
    wait = (starts - timezone.now()).total_seconds()
    if wait > 0:
        pause(wait)
    # Another worker may have been refused while this one waited.
    _let_alone(WatchedHost.objects.get(pk=host.pk))


def _reserve(host: WatchedHost, deadline: datetime) -> datetime:
    """The moment of this request; the next one comes a pace later, whoever sends it."""
    for _try in range(TRIES):
        now_row = WatchedHost.objects.get(pk=host.pk)
        _let_alone(now_row)
        now = timezone.now()
        starts = max(now, now_row.next_request_at)
        if starts > max(deadline, now):
            raise _busy(host, starts)
        taken = WatchedHost.objects.filter(pk=host.pk, next_request_at=now_row.next_request_at)
        if taken.update(next_request_at=starts + timedelta(seconds=now_row.pace_seconds)):
            return starts
    raise _busy(host, timezone.now() + timedelta(seconds=5))


def _let_alone(host: WatchedHost) -> None:
    if host.refused_until and host.refused_until > timezone.now():
        said = _("%(host)s wants to be left alone until %(when)s.")
        raise Later(said % {"host": host.name, "when": _clock(host.refused_until)}, host.refused_until)


# --- answers -----------------------------------------------------------------------------------------------------
def note_answer(host: WatchedHost, status: int, headers: Mapping[str, str] | None = None) -> None:
    """429, a 503 that names a time, and the third server error in a row: the host is left alone, longer each time."""
    asked = retry_after(headers or {})
    if status == 429 or status >= 500:
        WatchedHost.objects.filter(pk=host.pk).update(refusals=F("refusals") + 1, refused_status=status)
        refusals = WatchedHost.objects.values_list("refusals", flat=True).get(pk=host.pk)
        counted = refusals if status == 429 else refusals - ERRORS_IN_A_ROW + 1
        if status == 429 or refusals >= ERRORS_IN_A_ROW or (status == 503 and asked is not None):
            wait = FIRST_PAUSE_SECONDS * 2 ** min(max(0, counted - 1), 12) if asked is None else asked
            until = timezone.now() + timedelta(seconds=min(max(1.0, wait), LONGEST_PAUSE_SECONDS))
            WatchedHost.objects.filter(pk=host.pk).update(refused_until=until)
    else:
        WatchedHost.objects.filter(pk=host.pk, refusals__gt=0).update(refusals=0, refused_until=None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or as a date; None where it says nothing we can read."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        named = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, (named.replace(tzinfo=named.tzinfo or UTC) - timezone.now()).total_seconds())
