"""How a step ends: with an outcome and a sentence, or with another try later. Either way the claim is given back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from cases.browser import CaptureError
from cases.models import Evidence
from cases.vault import VaultError
from cases.web import FetchError
from detection.engine import MediaError
from detection.models import Candidate, Match
from detection.references import INSTALLATION
from detection.sources import SourceError

Trouble = FetchError | CaptureError | MediaError | SourceError | VaultError
# Troubles of this machine or this moment, not of the medium.
PASSING = frozenset({"timed_out", "no_ffmpeg", "no_cage"})
REASON = 300
LEASE = ("leased_until", "retry_at", "attempts")


def finish(row: Any, status: str, reason: str, *more: str) -> None:
    """Save the outcome and give the claim back."""
    row.status, row.reason, row.attempts = status, reason[:REASON], 0
    row.release()
    _save(row, *more)


def waits(row: Any, error: Trouble) -> bool:
    """True when the step is tried again later: the reason is saved. What this server lacks is not the row's fault."""
    if getattr(error, "code", "") in INSTALLATION:
        row.attempts = max(0, row.attempts - 1)
    elif not _passing(error) or row.attempts >= settings.MAX_ATTEMPTS:
        return False
    row.reason = error.sentence[:REASON]
    row.retry_later()
    _save(row)
    return True


def _passing(error: Trouble) -> bool:
    """May go away by itself: a site that is busy, a page that is late; not a broken file or a broken seal."""
    if isinstance(error, FetchError | CaptureError):
        return not error.permanent
    return isinstance(error, SourceError) or getattr(error, "reason_code", "") in PASSING


def _save(row: Any, *more: str) -> None:
    found = ("digest", "size", "examined_at") if isinstance(row, Candidate) else ()
    row.save(update_fields=["status", "reason", *LEASE, *found, *more])


def give_up(at: datetime) -> int:
    """Rows whose workers were cut off too often come to a visible end. Returns how many."""
    sentence = _("This step was broken off several times. Ask the administrator to look at the log.")
    ends: list[tuple[Any, str]] = [
        (Evidence.objects.free(at).filter(status=Evidence.Status.RECEIVED), Evidence.Status.UNUSABLE),
        (Candidate.objects.to_examine(at), Candidate.Status.FAILED),
        (Match.objects.to_capture(at), Match.Status.UNCAPTURED),
    ]
    return sum(
        rows.filter(attempts__gte=settings.MAX_ATTEMPTS).update(status=end, reason=sentence, leased_until=None)
        for rows, end in ends
    )
