"""How a step ends: with an outcome and a sentence, or with another try later. Either way the claim is given back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.browser import CaptureError
from cases.models import Evidence
from cases.vault import VaultError
from cases.web import FetchError
from detection.engine import MediaError, MediaFingerprint
from detection.hosts import Later
from detection.models import Candidate, Match
from detection.references import INSTALLATION
from detection.sources import SourceError

Trouble = FetchError | CaptureError | MediaError | SourceError | VaultError
# Troubles of this machine or this moment, not of the medium.
PASSING = frozenset({"timed_out", "no_ffmpeg", "no_cage"})
REASON = 300
LEASE = ("leased_until", "retry_at", "attempts")
FOUND = ("digest", "size", "examined_at", "fetched_bytes", "glanced_at", "first_looked_at")
# The engine knows no Django and speaks English; what it says to people in their language stands here, by reason code.
MEDIA_SENTENCES = {
    "empty": gettext_lazy("The file is empty."),
    "missing": gettext_lazy("The file cannot be opened."),
    "not_media": gettext_lazy("The file is not a video or picture that can be read."),
    "no_video": gettext_lazy("The file holds no pictures."),
    "truncated": gettext_lazy("The file is cut off or damaged: not one picture could be decoded."),
    "too_large": gettext_lazy("The file or its pictures are larger than can be decoded safely."),
    "timed_out": gettext_lazy("Decoding took more time or memory than is allowed."),
    "plain": gettext_lazy("The pictures are too plain to be told from others."),
    "no_ffmpeg": gettext_lazy("No ffmpeg is installed on this server."),
    "no_cage": gettext_lazy("Foreign media is not opened: its sandbox does not work on this server."),
}


def sentence_of(error: Trouble) -> str:
    """What a person reads about a trouble, in the language of the installation."""
    if isinstance(error, MediaError) and error.reason_code in MEDIA_SENTENCES:
        return str(MEDIA_SENTENCES[error.reason_code])
    return error.sentence


def partly_decoded(made: MediaFingerprint) -> str:
    """The sentence for a medium whose end could not be decoded, or nothing."""
    if not made.warning:
        return ""
    seconds = {"part": round(float(made.times[-1])), "whole": round(made.duration_seconds)}
    return _("The file is cut off: only %(part)d of %(whole)d seconds could be decoded.") % seconds


def finish(row: Any, status: str, reason: str, *more: str) -> None:
    """Save the outcome and give the claim back."""
    row.status, row.reason, row.attempts = status, reason[:REASON], 0
    row.release()
    _save(row, *more)


def goes_on(row: Any, reason: str, at: datetime) -> None:
    """The step went well as far as it came and goes on then; the claim is given back."""
    row.reason, row.attempts = reason[:REASON], 0
    row.leased_until, row.retry_at = None, at
    _save(row)


def waits(row: Any, error: Trouble) -> bool:
    """True when the step is tried again later: the reason is saved. What this server lacks is not the row's fault."""
    if isinstance(error, Later):
        return _waits_until(row, error)
    if getattr(error, "code", "") in INSTALLATION:
        row.attempts = max(0, row.attempts - 1)
    elif not _passing(error) or row.attempts >= settings.MAX_ATTEMPTS:
        return False
    row.reason = sentence_of(error)[:REASON]
    row.retry_later()
    _save(row)
    return True


def _waits_until(row: Any, error: Later) -> bool:
    """A host's pause is nobody's failure: it costs no attempt."""
    row.attempts, row.reason = max(0, row.attempts - 1), error.sentence[:REASON]
    row.leased_until, row.retry_at = None, error.until
    _save(row)
    return True


def _passing(error: Trouble) -> bool:
    """May go away by itself: a site that is busy, a page that is late; not a broken file or a broken seal."""
    if isinstance(error, FetchError | CaptureError):
        return not error.permanent
    return isinstance(error, SourceError) or getattr(error, "reason_code", "") in PASSING


def _save(row: Any, *more: str) -> None:
    found = FOUND if isinstance(row, Candidate) else ()
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
