"""Who answers: what each host and contact did with our letters, learned from the rows. Nothing here names a person."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import custody
from cases.models import User
from takedown.answer_models import HostAnswer
from takedown.drafting import NoticeError, locked
from takedown.models import Contact, Location, Notice

SILENT_LETTERS = 3
SILENT_AFTER = timedelta(days=14)
SENT = (Notice.Status.SENT, Notice.Status.REMOVED)


@dataclass
class Record:
    """What one host or contact did. Times are seconds from the first letter to the first look that found it gone."""

    name: str
    key: Any
    letters: int = 0
    addresses: int = 0
    removed: int = 0
    seconds: list[float] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    bounces: int = 0
    silent: bool = False

    @property
    def median_seconds(self) -> float | None:
        return percentile(self.seconds, 50)

    @property
    def slowest_tenth_seconds(self) -> float | None:
        """Nine of ten removals took no longer than this."""
        return percentile(self.seconds, 90)

    @property
    def completion_percent(self) -> float | None:
        return 100 * self.removed / self.addresses if self.addresses else None

    @property
    def refusal_count(self) -> int:
        return sum(self.refusals.values())

    @property
    def reasons(self) -> list[tuple[str, int]]:
        labels = dict(HostAnswer.Reason.choices)
        return [(str(labels.get(reason, reason)), count) for reason, count in self.refusals.most_common()]


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile: a value that really occurred; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)] if ordered else None


def by_host(since: datetime | None = None, until: datetime | None = None) -> list[Record]:
    """One record per hosting site that was written to, the busiest first."""
    silent = silent_sites()
    records: dict[int, Record] = {}
    for notice in _letters(since, until):
        record = records.setdefault(notice.site_id, Record(notice.site.name, notice.site_id))
        _count(record, notice)
        record.silent = notice.site_id in silent
    bounces = Contact.objects.filter(site__in=records).values_list("site", "bounce_count")
    for site_id, count in bounces:
        records[site_id].bounces += count
    return sorted(records.values(), key=lambda record: (-record.letters, record.name))


def by_contact(site_id: int) -> list[Record]:
    """One record per contact of this site that was written to."""
    records: dict[int, Record] = {}
    for notice in _letters().filter(site=site_id).exclude(contact=None):
        contact = notice.contact
        assert contact is not None  # noqa: S101
        record = records.setdefault(contact.pk, Record(contact.address, contact.pk, bounces=contact.bounce_count))
        _count(record, notice)
    return sorted(records.values(), key=lambda record: (-record.letters, record.name))


def _letters(since: datetime | None = None, until: datetime | None = None) -> Any:
    rows = Notice.objects.filter(status__in=SENT).exclude(sent_at=None)
    if since:
        rows = rows.filter(sent_at__gte=since)
    if until:
        rows = rows.filter(sent_at__lt=until)
    return rows.select_related("site", "contact").prefetch_related("locations", "answers").order_by("sent_at")


def _count(record: Record, notice: Notice) -> None:
    """Reminders count as letters; their addresses were counted with the first."""
    record.letters += 1
    for place in notice.locations.all():
        record.addresses += 1
        if place.status == Location.Status.REMOVED:
            record.removed += 1
            if place.removed_at and notice.sent_at:
                record.seconds.append(max(0.0, (place.removed_at - notice.sent_at).total_seconds()))
    refused = [answer.reason for answer in notice.answers.all() if answer.kind == HostAnswer.Kind.REFUSED]
    record.refusals.update(refused)


# --- silence -----------------------------------------------------------------------------------------------------
def silent_sites(at: datetime | None = None) -> set[int]:
    """Sites with three first letters, each two weeks old, no address removed and no answer: they begin at the network."""
    before = (at or timezone.now()) - SILENT_AFTER
    rows = (
        Notice.objects.filter(status__in=SENT, sent_at__lt=before, step=None)
        .values("site")
        .annotate(
            letters=Count("pk", distinct=True),
            gone=Count("locations", filter=Q(locations__status=Location.Status.REMOVED)),
            answered=Count("answers", filter=Q(answers__kind=HostAnswer.Kind.REFUSED)),
        )
        .filter(letters__gte=SILENT_LETTERS, gone=0, answered=0)
    )
    return {row["site"] for row in rows}


# --- what an officer read ----------------------------------------------------------------------------------------
def note_answer(notice: Notice, officer: User, kind: str, reason: str = "") -> HostAnswer:
    """Keep that the host refused, or that we were wrong. Raises NoticeError."""
    if kind not in HostAnswer.Kind.values or (reason and reason not in HostAnswer.Reason.values):
        raise NoticeError(_("This answer is not known."))
    with transaction.atomic():
        row = locked(notice)
        if row.status not in SENT:
            raise NoticeError(_("Only a letter that was sent can be answered."))
        if kind == HostAnswer.Kind.WITHDRAWN and row.answers.filter(kind=kind).exists():
            raise NoticeError(_("This letter is withdrawn already."))
        custody.record(
            row.case, "verified", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}",
            reference=row.reference, answer=kind, reason=reason,
        )  # fmt: skip
        return HostAnswer.objects.create(notice=row, kind=kind, reason=reason, recorded_by=officer)


# --- precision ---------------------------------------------------------------------------------------------------
@dataclass
class Precision:
    """How often letters were right. `confirmed`: an address was removed; `baseless`: refused as such, or withdrawn."""

    officer: str
    site: str
    letters: int = 0
    confirmed: int = 0
    refused: int = 0
    withdrawn: int = 0

    @property
    def percent(self) -> float | None:
        decided = self.confirmed + self.refused + self.withdrawn
        return 100 * self.confirmed / decided if decided else None


def precision_ledger() -> list[Precision]:
    """One line per officer who approved and site, the least precise first; lines without any outcome last."""
    lines: dict[tuple[Any, int], Precision] = {}
    rows = _letters().exclude(approved_by=None).filter(step=None).select_related("site", "approved_by")
    for notice in rows:
        key = (notice.approved_by_id, notice.site_id)
        line = lines.setdefault(key, Precision(notice.approved_by.shown_name, notice.site.name))
        _judge(line, notice)
    return sorted(lines.values(), key=lambda line: (line.percent is None, line.percent or 0, -line.letters))


def _judge(line: Precision, notice: Notice) -> None:
    kinds = {(answer.kind, answer.reason) for answer in notice.answers.all()}
    line.letters += 1
    if any(kind == HostAnswer.Kind.WITHDRAWN for kind, _reason in kinds):
        line.withdrawn += 1
    elif any(place.status == Location.Status.REMOVED for place in notice.locations.all()):
        line.confirmed += 1
    elif (HostAnswer.Kind.REFUSED, HostAnswer.Reason.NOT_THE_MATERIAL) in kinds:
        line.refused += 1


def reasons_of(records: Iterable[Record]) -> list[tuple[str, int]]:
    """The reasons of all refusals together."""
    total: defaultdict[str, int] = defaultdict(int)
    for record in records:
        for reason, count in record.reasons:
            total[reason] += count
    return sorted(total.items(), key=lambda pair: -pair[1])
