"""One measurement in a process of its own: every site visited, every candidate examined, and every site visited again."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.watch import town
from benchmarks.watch.house import cpu_seconds, hand_in, make_case, open_house

MOST_VISITS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path)
    parser.add_argument("original", type=Path)
    parser.add_argument("--candidates", type=int, required=True)
    parser.add_argument("--kilobytes", type=int, required=True)
    parser.add_argument("--without", action="store_true", help="without the cheap tests")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="sg-watch-") as home,
        town.opened(chosen.clips, chosen.candidates, chosen.kilobytes) as sites,
    ):
        made = town.Town(chosen.clips, chosen.candidates, chosen.kilobytes)
        open_house(Path(home), {f"site{one}.example": f"127.0.0.1:{sites.port}" for one in range(made.sites)})
        hand_in(make_case(), chosen.original)
        with without_cheap_tests() if chosen.without else mock.patch.object(sys, "path", sys.path):
            print(json.dumps(measure(made, sites, Path(home))))


def measure(made: town.Town, sites: town.Open, home: Path) -> dict[str, Any]:
    """Counts and costs of one town. CPU is of this process and its children; the sites' own work is not in it."""
    from detection.models import Match

    rows = [_source(number) for number in range(made.sites)]
    began, costs = time.monotonic(), []
    for row in rows:
        costs.append(_visited_and_examined(row.pk, sites))
    wall = time.monotonic() - began
    again = _visited_again(rows, sites)
    told = {key: sum(one[key] for one in costs) for key in costs[0]}
    count = told["candidates"]
    cpu = told["visit_cpu"] + told["examine_cpu"]
    tenth = max(1, len(costs) // 10)
    return {
        "candidates": count, "expected": made.count, "planted": made.planted, "matches": Match.objects.count(),
        "false_matches": _false_matches(made), "failed": told["failed"],
        "candidates_per_minute_per_core": round(60 * count / cpu, 1),
        "visit_cpu_ms": round(1000 * told["visit_cpu"] / count, 2), "examine_cpu_ms": round(1000 * told["examine_cpu"] / count, 2),
        "first_tenth_cpu_ms": _cpu_ms(costs[:tenth]), "last_tenth_cpu_ms": _cpu_ms(costs[-tenth:]),
        "media_bytes_per_candidate": round(told["examine_sent"] / count), "page_bytes_per_candidate": round(told["visit_sent"] / count),
        "requests_per_candidate": round((told["visit_requests"] + told["examine_requests"]) / count, 3),
        "wall_seconds": round(wall, 1), "cpu_seconds": round(cpu, 1), **again,
        "database_kilobytes_per_candidate": round(sum(one.stat().st_size for one in home.glob("*.sqlite3")) / 1024 / count, 2),
    }  # fmt: skip


def _source(number: int) -> Any:
    from detection.models import Source

    return Source.objects.create(name=f"Site {number}", kind=Source.Kind.LISTING, url=f"http://site{number}.example/")


def _visited_and_examined(source_id: int, sites: town.Open) -> dict[str, float]:
    """One site until a visit brings nothing new, then all its candidates in the order they were found."""
    from detection import pipeline
    from detection.models import Candidate

    found: list[Any] = []
    cost = _Cost(sites)
    for _visit in range(MOST_VISITS):
        new = pipeline.visit_source(source_id)
        found += new
        if not new:
            break
    visit = cost.since("visit")
    for candidate_id in found:
        pipeline.examine_candidate(candidate_id)
    judged = [Candidate.Status.CLEARED, Candidate.Status.MATCHED]
    failed = Candidate.objects.filter(pk__in=found).exclude(status__in=judged).count()
    return {"candidates": len(found), "failed": failed, **visit, **cost.since("examine")}


def _visited_again(rows: list[Any], sites: town.Open) -> dict[str, float]:
    """What a later visit costs where nothing is new."""
    from detection import pipeline

    cost = _Cost(sites)
    new = sum(len(pipeline.visit_source(row.pk)) for row in rows)
    spent = cost.since("again")
    return {
        "again_new": new,
        "again_requests_per_site": round(spent["again_requests"] / len(rows), 2),
        "again_bytes_per_site": round(spent["again_sent"] / len(rows)),
        "again_cpu_ms_per_site": round(1000 * spent["again_cpu"] / len(rows), 2),
    }


class _Cost:
    """CPU, requests and bytes since it was last asked."""

    def __init__(self, sites: town.Open) -> None:
        self.sites = sites
        self.mark = self._now()

    def since(self, name: str) -> dict[str, float]:
        before, self.mark = self.mark, self._now()
        spent = [after - earlier for earlier, after in zip(before, self.mark, strict=True)]
        return dict(zip((f"{name}_cpu", f"{name}_requests", f"{name}_sent"), spent, strict=True))

    def _now(self) -> tuple[float, float, float]:
        return cpu_seconds(), *self.sites.account()


def _cpu_ms(costs: list[dict[str, float]]) -> float:
    spent = sum(one["visit_cpu"] + one["examine_cpu"] for one in costs)
    return round(1000 * spent / sum(one["candidates"] for one in costs), 2)


def _false_matches(made: town.Town) -> int:
    """Matches on pages that show no copy."""
    from detection.models import Match

    wrong = 0
    for page_url in Match.objects.values_list("candidate__page_url", flat=True):
        site, number = page_url.removeprefix("http://site").split(".example/watch/")
        wrong += not made.pages_of(int(site))[int(number)].planted
    return wrong


@contextmanager
def without_cheap_tests() -> Iterator[None]:
    """The watch as it would be without memory: every page asked for anew, every medium fetched, decoded and compared."""
    from detection import known, seen

    with (
        mock.patch.object(known, "_by_address", return_value=None),
        mock.patch.object(known, "_by_digest", return_value=None),
        mock.patch.object(known, "findings_on", return_value=None),
        mock.patch.object(seen, "page", return_value=None),
    ):
        yield


if __name__ == "__main__":
    main()
