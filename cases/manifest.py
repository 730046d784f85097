"""The list of a capture's parts, sealed beside them as one more part, with its digest on the chain of custody.

It is what time-stamp authorities confirm. Parts that come later get a list of their own ("manifest-2.json"), which
names the earlier one: no list is ever replaced.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from django.db import IntegrityError
from django.utils import timezone

from cases import custody, stamps
from cases.models import Capture, CapturePart, CustodyEntry
from cases.parts import add_part, read_part

FORMAT = "seoulguard-capture/1"
NAMES = re.compile(r"manifest(-\d+)?\.json")


def seal_manifest(capture: Capture, *, actor: str = "job") -> CapturePart:
    """The list that names every part of the capture; made, put on record and queued for its time stamps if it is new.

    Safe to run twice, and after a crash. Raises VaultError.
    """
    found = _latest(capture)
    if found is None or not _names_all(found):
        found = _add(capture, number=len(_lists(capture)) + 1)
    recorded = CustodyEntry.objects.filter(
        case=capture.case, act="sealed", subject=f"capture:{capture.pk}", detail__manifest=found.digest
    )
    if not recorded.exists():
        custody.record(
            capture.case, "sealed", actor=actor, subject=f"capture:{capture.pk}", manifest=found.digest, name=found.name
        )
    stamps.queue(capture, found.digest)
    return found


def _lists(capture: Capture) -> list[CapturePart]:
    return [part for part in capture.parts.all() if NAMES.fullmatch(part.name)]


def _latest(capture: Capture) -> CapturePart | None:
    return max(_lists(capture), key=lambda part: (len(part.name), part.name), default=None)


def _names_all(found: CapturePart) -> bool:
    listed = {row["name"] for row in json.loads(read_part(found))["parts"]}
    return listed == {part.name for part in found.capture.parts.all()} - {found.name}


def _add(capture: Capture, number: int) -> CapturePart:
    name = "manifest.json" if number == 1 else f"manifest-{number}.json"
    try:
        return add_part(capture, name, _content(capture), "application/json", "listed")
    except IntegrityError:  # another worker was faster with the same list
        return capture.parts.get(name=name)


def _content(capture: Capture) -> bytes:
    content = {
        "format": FORMAT,
        "capture": str(capture.pk),
        "url": capture.url,
        "final_url": capture.final_url,
        "purpose": capture.purpose,
        "method": capture.method,
        "http_status": capture.http_status,
        "started_at": _written(capture.started_at),
        "captured_at": _written(capture.captured_at),
        "listed_at": _written(timezone.now()),
        "custody_head": custody.head(capture.case),
        "parts": [
            {
                "name": part.name,
                "size": part.size,
                "digest": part.digest,
                "media_type": part.media_type,
                "how": part.how,
            }
            for part in capture.parts.order_by("name")
        ],
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _written(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else None
