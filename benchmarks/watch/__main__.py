"""What the watch costs a candidate, with and without its cheap tests, and how that grows: `python -m benchmarks.watch`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.watch import town

COLUMNS = {
    "candidates": "candidates", "candidates_per_minute_per_core": "candidates / min / core", "visit_cpu_ms": "visit CPU ms",
    "examine_cpu_ms": "examine CPU ms", "first_tenth_cpu_ms": "first tenth ms", "last_tenth_cpu_ms": "last tenth ms",
    "media_bytes_per_candidate": "media bytes", "page_bytes_per_candidate": "page bytes", "requests_per_candidate": "requests",
    "matches": "matches", "planted": "planted", "false_matches": "false", "wall_seconds": "wall s",
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--without", type=int, nargs="*", default=[100], help="counts measured without the cheap tests")
    parser.add_argument("--kilobytes", type=int, default=1024, help="size of each medium")
    parser.add_argument("--json", type=Path, help="where the figures go")
    chosen = parser.parse_args()
    told: dict[str, Any] = {"mix": mix(chosen.kilobytes), "with": [], "without": []}
    with tempfile.TemporaryDirectory(prefix="sg-watch-clips-") as folder:
        original = town.make_clips(Path(folder))
        wanted = [("without", count) for count in chosen.without] + [("with", count) for count in chosen.candidates]
        for kind, count in wanted:
            more = ["--without"] if kind == "without" else []
            told[kind].append(_measured(Path(folder), original, count, chosen.kilobytes, *more))
            if chosen.json:  # after each, because the last takes longest
                chosen.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(table(told))
    return 0 if all(_right(one) for one in [*told["with"], *told["without"]]) else 1


def mix(kilobytes: int) -> dict[str, Any]:
    rest = 100 - town.NEW - town.SAME_BYTES
    return {
        "kilobytes_a_medium": kilobytes, "pages_a_site": town.PAGES_A_SITE, "percent_new_bytes": town.NEW,
        "percent_same_bytes_new_address": town.SAME_BYTES, "percent_known_address": rest, "planted_one_in": town.PLANTED_EACH,
    }  # fmt: skip


def table(told: dict[str, Any]) -> str:
    lines = ["| cheap tests | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for kind in ("with", "without"):
        lines += [f"| {kind} | " + " | ".join(f"{row[key]:,}" for key in COLUMNS) + " |" for row in told[kind]]
    for row in told["with"]:
        lines.append(
            f"A later visit with nothing new ({row['candidates']:,} candidates known): {row['again_requests_per_site']} requests, "
            f"{row['again_bytes_per_site']} bytes, {row['again_cpu_ms_per_site']} ms CPU a site."
        )
    return "\n".join(lines)


def _measured(folder: Path, original: Path, count: int, kilobytes: int, *more: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.watch.rounds", str(folder), str(original), "--candidates", str(count)]
    done = subprocess.run(
        [*command, "--kilobytes", str(kilobytes), *more], stdout=subprocess.PIPE, text=True, check=True
    )
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _right(measured: dict[str, Any]) -> bool:
    """Every page came in, every planted copy was found and nothing else; else the figures mean nothing."""
    whole = measured["candidates"] == measured["expected"] and not measured["failed"] and not measured["again_new"]
    return whole and measured["matches"] == measured["planted"] and not measured["false_matches"]


if __name__ == "__main__":
    sys.exit(main())
