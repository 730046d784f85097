"""One line of the directory's log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from cases.models import User
from takedown.directory.models import DirectoryEntry
from takedown.models import HostingSite


def write(
    site: HostingSite, verb: str, actor: User | None, *, address: str = "", at: datetime | None = None, **detail: Any
) -> DirectoryEntry:
    """What happened to this site's entry, and by whom (None: by the product itself). `detail` must be JSON."""
    return DirectoryEntry.objects.create(
        site=site, domain=site.domain, verb=verb, address=address[:300], actor=actor, detail=detail,
        at=at or timezone.now(),
    )  # fmt: skip
