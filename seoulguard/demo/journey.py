"""The whole road, once through. Each step is really taken: in the browser, by the workers, over SMTP.

1. A victim tells it once, on a phone, and uploads the clip; the file is sealed and fingerprinted.
2. The watch visits three hosting sites, finds the copies, and preserves each page.
3. Letters are drafted in the languages of the hosts; an officer looks, edits, approves.
4. After the undo window the letters leave; the hosts delete; two probes see the absence.
5. The clip comes back elsewhere and is recognised as a re-upload.
"""

from __future__ import annotations

import io
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from django.core.management import call_command
from django.utils import timezone

from cases.models import Case, Evidence
from detection.models import Candidate, Match, Source
from seoulguard.demo.sites import World
from takedown.models import Location, Notice

Found = TypeVar("Found")


class JourneyError(Exception):
    """A step did not happen; the sentence says which, and what the rows show."""


def wait_for(what: str, look: Callable[[], Found], *, seconds: float) -> Found:
    """Ask `look` until it answers with something true. JourneyError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise JourneyError(f"After {seconds:.0f} seconds still no {what}.")
        time.sleep(0.2)


def rows_now() -> str:
    """States of all rows, and every reason written to one: enough to see where the road ended."""
    counts = {
        "evidence": Counter(Evidence.objects.values_list("status", flat=True)),
        "candidates": Counter(Candidate.objects.values_list("status", flat=True)),
        "matches": Counter(Match.objects.values_list("status", flat=True)),
        "notices": Counter(Notice.objects.values_list("status", flat=True)),
        "locations": Counter(Location.objects.values_list("status", flat=True)),
    }
    reasons = [
        reason
        for rows, name in [
            (Source, "failure"),
            (Evidence, "reason"),
            (Candidate, "reason"),
            (Match, "reason"),
            (Notice, "reason"),
        ]
        for reason in rows.objects.exclude(**{name: ""}).values_list(name, flat=True)[:5]  # type: ignore[attr-defined]
    ]
    return f"Rows: { {name: dict(count) for name, count in counts.items()} }; reasons: {reasons}"


@dataclass
class Stages:
    """Wall-clock seconds of each step of the road, in order."""

    seconds: dict[str, float] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)

    def ended(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name] = round(now - self._began, 2)
        self._began = now


def evidence_ready() -> bool:
    return Evidence.objects.filter(status=Evidence.Status.FINGERPRINTED).exists()


def visit_now() -> None:
    """What an administrator's "visit now" does: the sources are due."""
    Source.objects.update(next_visit_at=timezone.now())


def noticed(media_urls: set[str]) -> bool:
    """Every one of these media is listed in a notice."""
    return media_urls <= set(Location.objects.values_list("media_url", flat=True))


def planted_media(world: World) -> set[str]:
    return {planting.media_url for planting in world.planted}


def all_sent() -> bool:
    return Notice.objects.exists() and not Notice.objects.exclude(status__in=["sent", "removed"]).exists()


def all_removed() -> bool:
    return Notice.objects.exists() and not Notice.objects.exclude(status="removed").exists()


def reupload_notice(media_url: str) -> Notice | None:
    location = Location.objects.filter(media_url=media_url).select_related("notice__follows").first()
    return location.notice if location else None


def found_to_draft() -> dict[str, float]:
    """Seconds from `Candidate.found_at` to `Notice.drafted_at`, by stage; medians over all locations, and the slowest."""
    rows = Location.objects.select_related("match__candidate", "notice")
    spans: dict[str, list[float]] = {"examine": [], "capture": [], "draft": [], "total": []}
    for row in rows:
        candidate, match, notice = row.match.candidate, row.match, row.notice
        drafted = max(notice.drafted_at, match.captured_at)
        spans["examine"].append((match.judged_at - candidate.found_at).total_seconds())
        spans["capture"].append((match.captured_at - match.judged_at).total_seconds())
        spans["draft"].append((drafted - match.captured_at).total_seconds())
        spans["total"].append((drafted - candidate.found_at).total_seconds())
    medians = {f"{name}_median": round(statistics.median(values), 2) for name, values in spans.items() if values}
    return {**medians, "total_slowest": round(max(spans["total"]), 2)} if spans["total"] else {}


def counts(world: World, reupload_media: str, waiting_media: set[str]) -> dict[str, object]:
    planted, later = planted_media(world), {reupload_media, *waiting_media}
    matched = set(Match.objects.values_list("candidate__media_url", flat=True))
    return {
        "copies_planted": len(planted),
        "copies_found": len(planted & matched),
        "unrelated_media": Candidate.objects.exclude(media_url__in=planted | later).count(),
        "false_matches": len(matched - planted - later),
        "letters_by_language": dict(Counter(Notice.objects.values_list("language", flat=True))),
        "removals_verified": Location.objects.filter(status="removed").count(),
        "reupload_recognised": bool((again := reupload_notice(reupload_media)) and again.follows_id),
    }


def keep_captures(folder: Path) -> None:
    """Write each capture's parts and its report as files, for a stranger to check. Demo media is harmless."""
    from cases import capture as captures
    from detection.facts import match_facts
    from takedown.views.report import organisation_name

    for match in Match.objects.exclude(capture=None).select_related("capture", "case"):
        assert match.capture  # noqa: S101
        target = folder / str(match.capture_id)
        target.mkdir(parents=True, exist_ok=True)
        for part in match.capture.parts.all():
            (target / part.name).write_bytes(captures.read_part(part))
        for language in ("ko", "en"):
            pdf = captures.report_for(
                match.capture,
                language=language,
                actor="job",
                match_facts=match_facts(match),
                organisation=organisation_name(language),
            )
            (target / f"report-{language}.pdf").write_bytes(pdf)


def keep_bundles(folder: Path) -> None:
    """Export the evidence bundle of every captured match, as an officer would hand it over."""
    for match in Match.objects.captured().select_related("case", "candidate", "evidence", "capture"):
        call_command(
            "export_bundle", str(match.pk), out=folder / f"bundle-{match.pk.hex[:8]}.zip", stdout=io.StringIO()
        )


def the_case() -> Case:
    return Case.objects.latest("opened_at")
