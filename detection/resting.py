"""Material of cases that rest, and are watched again: paused, closed and opened again, a consent renewed.

While a case rests its material is compared with nothing, so whatever is judged meanwhile was judged without it. How a case
came to rest, or came back, does not matter here: the sweep looks at the rows, notes since when a fingerprint rests, and
when its case is watched again makes everything due that was judged in between, the newest first and never so much at once
that new finds have to wait for long.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from cases.models import Case
from detection.models import Candidate, EvidenceFingerprint

# The sweep notes a rest a little after it began; a server that stood still, later than that.
NOTED_LATE = timedelta(hours=1)
AT_ONCE = 500


@transaction.atomic
def rejoin(at: datetime) -> int:
    """Note who rests and who is back, and make due what the one who is back first has missed. How much became due."""
    watched = Case.objects.watched(at)
    stored = EvidenceFingerprint.objects.all()
    stored.filter(resting_since=None).exclude(evidence__case__in=watched).update(resting_since=at)
    rested = stored.exclude(resting_since=None)
    rested.exclude(back_at=None).exclude(evidence__case__in=watched).update(back_at=None)
    rested.filter(back_at=None, evidence__case__in=watched).update(back_at=at)
    first = rested.exclude(back_at=None).order_by("back_at").first()
    return _made_due(first, at) if first else 0


def _made_due(back: EvidenceFingerprint, at: datetime) -> int:
    """What is made due leaves the stretch of time as soon as it is judged; when nothing is left in it, the rest is over."""
    waiting = Candidate.objects.filter(status=Candidate.Status.NEW).count()
    room = max(AT_ONCE - waiting, AT_ONCE // 10)  # a little even where there is always much to do
    missed = judged_without(back)
    chosen = list(missed.order_by("-examined_at").values_list("pk", flat=True)[:room])
    Candidate.objects.filter(pk__in=chosen).update(status=Candidate.Status.NEW, attempts=0, retry_at=None)
    if not missed.exists():
        together = EvidenceFingerprint.objects.filter(resting_since=back.resting_since, back_at=back.back_at)
        together.update(resting_since=None, back_at=None)
    return len(chosen)


def judged_without(back: EvidenceFingerprint) -> QuerySet[Candidate]:
    """Candidates that were compared while this material rested."""
    judged = Candidate.objects.filter(status__in=[Candidate.Status.CLEARED, Candidate.Status.MATCHED])
    return judged.filter(examined_at__gte=back.resting_since - NOTED_LATE, examined_at__lte=back.back_at)  # type: ignore[operator]
