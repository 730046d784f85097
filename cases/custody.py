"""The chain of custody (증거보전 이력): append-only, each entry carries the digest of the one before.

Rows cannot be changed through the model, nor through SQL (`cases.custody_guard`); should someone lift that guard,
`verify_chain` names the entry that was touched. A cut tail shows by comparing with a `head` kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Case, CustodyEntry

FIRST = "sha256:" + "0" * 64
ACTS = frozenset({
    "received", "sealed", "fingerprinted", "examined", "matched", "captured", "drafted", "approved", "sent",
    "verified", "viewed", "revealed", "downloaded", "consent", "undone", "dismissed", "stamped",
    "term_added", "term_removed", "term_shown", "term_ticked", "term_unticked",
    "answered", "returned",
})  # fmt: skip


def record(case: Case, act: str, *, actor: str, subject: str = "", **detail: Any) -> CustodyEntry:
    """Append an entry. `actor`: "officer:<pk>", "victim" or "job". Raises ValueError for an unknown act."""
    if act not in ACTS:
        raise ValueError(f"{act!r} is not an act of custody")
    with transaction.atomic():
        # The case's row is the lock of its chain; SQLite holds its one write lock already.
        Case.objects.select_for_update().only("pk").get(pk=case.pk)
        last = CustodyEntry.objects.filter(case=case).order_by("-sequence").first()
        entry = CustodyEntry(
            case=case, sequence=last.sequence + 1 if last else 1, at=timezone.now(), actor=actor, act=act,
            subject=subject, detail=_plain(detail), previous=last.digest if last else FIRST,
        )  # fmt: skip
        entry.digest = digest_of(entry)
        entry.save(force_insert=True)
    return entry


def head(case: Case) -> str:
    """The digest of the last entry; kept outside, it proves that nothing was cut off."""
    last = CustodyEntry.objects.filter(case=case).order_by("-sequence").first()
    return last.digest if last else FIRST


def digest_of(entry: CustodyEntry) -> str:
    """SHA-256 over the entry's canonical text, the previous digest included."""
    return "sha256:" + hashlib.sha256(canonical_text(entry).encode()).hexdigest()


def canonical_text(entry: CustodyEntry) -> str:
    """The entry as JSON with sorted keys, without spaces and line breaks: what its digest is made over."""
    content = {
        "case": str(entry.case_id), "sequence": entry.sequence,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor, "act": entry.act, "subject": entry.subject, "detail": entry.detail,
        "previous": entry.previous,
    }  # fmt: skip
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def verify_chain(case: Case) -> list[str]:
    """Sentences on what is wrong with the case's chain; empty when it is whole."""
    return list(_problems(case))


def _problems(case: Case) -> Iterator[str]:
    previous, expected = FIRST, 1
    for entry in CustodyEntry.objects.filter(case=case).order_by("sequence"):
        for missing in range(expected, entry.sequence):
            yield _("Entry %(number)d is missing.") % {"number": missing}
        if digest_of(entry) != entry.digest:
            yield _("Entry %(number)d was changed after it was written.") % {"number": entry.sequence}
        if entry.sequence == expected and entry.previous != previous:
            yield _("Entry %(number)d does not follow the one before it.") % {"number": entry.sequence}
        previous, expected = entry.digest, entry.sequence + 1


def _plain(detail: dict[str, Any]) -> dict[str, Any]:
    """As the database gives it back: only what JSON knows, and no NUL, which PostgreSQL refuses."""
    return _without_nul(json.loads(json.dumps(detail, default=_written)))


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_without_nul(one) for one in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(one) for key, one in value.items()}
    return value


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot go into a custody entry")
