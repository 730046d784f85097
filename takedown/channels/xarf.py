"""A report in XARF 4 (xarf.org): what a network's abuse desk reads by machine, beside the letter it reads by eye.

The format has no type of its own for intimate images without consent; the nearest is `content/exposed_data` (personal
information, leaked with intent). Its types for material of minors ask for a legal classification nobody here may give:
about minors no such report is written. One `url` is required; a letter names many, so all addresses stand in the evidence, as
a table of text (addresses and digests are what rule R1 of the letters lets out; pictures never are).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from takedown.channels import facts
from takedown.models import Location, Notice

VERSION = "4.0.0"
FILE_NAME = "xarf.json"
DESCRIPTION = 1000


def applies_to(notice: Notice) -> bool:
    """Whether this letter's contact asks for a report that may be written."""
    return bool(notice.contact and notice.contact.wants_xarf and notice.case.content_kind != "minor")


def report(notice: Notice, recipient: str, at: datetime) -> dict[str, Any]:
    """The report as plain values: same rows, same report. Raises NoticeError."""
    centre, locations = facts.centre_for(notice), facts.locations_of(notice)
    first = locations[0]
    us = {"org": centre.name, "contact": centre.email, "domain": centre.domain}
    return {
        "xarf_version": VERSION,
        "report_id": str(facts.stable_uuid(notice, recipient)),
        "timestamp": facts.stamp(notice.found_at),
        "reporter": us,
        "sender": us,
        "source_identifier": _source(first),
        "category": "content",
        "type": "exposed_data",
        "url": first.page_url,
        "domain": facts.host_of(first.page_url),
        "data_types": ["personal_information", "other"],
        "exposure_method": "intentional_leak",
        "verification_method": "manual",
        "verified_at": facts.stamp(_last_seen(locations, at)),
        "evidence_source": "user_report",
        "evidence": [_table(locations)],
        "tags": ["content:ncii", f"content-kind:{notice.case.content_kind}"],
        "description": facts.summary(notice, DESCRIPTION),
    }


def text(notice: Notice, recipient: str, at: datetime) -> str:
    return json.dumps(report(notice, recipient, at), ensure_ascii=False, indent=1) + "\n"


def _source(first: Location) -> str:
    """The network address the page came from when it was preserved, or its host."""
    capture = first.match.capture
    seen = str(capture.facts.get("peer_address", "")) if capture else ""
    return seen if seen and not seen.startswith(("127.", "::1")) else facts.host_of(first.page_url)


def _last_seen(locations: Sequence[Location], at: datetime) -> datetime:
    return max((one.match.captured_at for one in locations if one.match.captured_at), default=at)


def _table(locations: Sequence[Location]) -> dict[str, Any]:
    """Every address with the digest of what lay there. Words of strangers (titles, names of uploaders) stay out."""
    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\r\n")
    rows.writerow(["page_url", "media_url", "first_seen", "sha256"])
    for one in locations:
        candidate = one.match.candidate
        digest = candidate.digest.removeprefix("sha256:")
        rows.writerow([one.page_url, one.media_url, facts.stamp(candidate.found_at), digest])
    content = lines.getvalue().encode()
    return {
        "content_type": "text/csv",
        "description": "All addresses of the material, with SHA-256 digests of the files. No material is attached.",
        "payload": base64.b64encode(content).decode(),
        "hash": "sha256:" + hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }
