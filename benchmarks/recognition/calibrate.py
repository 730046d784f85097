"""Where the thresholds come from: `python -m benchmarks.recognition calibrate --set DIR --report FILE [--out SVG]`.

Two dangers, measured apart on a tuning set. Strangers: how many points may agree by chance, over all negative pairs,
with the tail carried on beyond what was seen. The same place at another moment: how far each witness of time may go
astray, over the pairs that are labelled so. Printed as expected false confirmations per million comparisons (strangers)
and per thousand (same place), at the product's thresholds and around them.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from detection.engine.weighing import FEWEST_POINTS, THRESHOLDS

Row = dict[str, Any]
# Witness, whether more of it speaks for a copy, and for which sorts of pairs it decides.
WITNESSES: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    ("along", True, ("video in video",)),
    ("share", True, ("image in image", "video in image", "image in video")),
    ("hole", False, ("image in image", "video in image", "image in video")),
)


def calibrate(truth: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """Expected false rates. `truth` and `report` as in benchmarks/README.md; the report must carry signs."""
    copies, places = _labels(truth)
    strangers: list[int] = []
    witnessed: dict[str, dict[str, list[float]]] = {}
    for row in report["matches"]:
        pair = (row["candidate"], row["reference"])
        signs = row["evidence"]["signs"]
        if not signs:  # only heard, or only alike to a learned descriptor: never confirmed
            continue
        if pair in copies or pair in places:
            label = "copies" if pair in copies else "same place"
            for name, _, sorts in WITNESSES:
                if signs["sort"] in sorts:
                    key = f"{name}, {signs['sort']}"
                    witnessed.setdefault(key, {}).setdefault(label, []).append(float(signs[name]))
        else:
            strangers.append(int(signs["points"]))
    negatives = len(truth["references"]) * len(truth["candidates"]) - len(copies) - len(places)
    return {
        "negative_pairs": negatives,
        "strangers": stranger_rates(strangers, negatives),
        "same_place": _astray(witnessed),
    }


def _labels(truth: dict[str, Any]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    copies = {(row["id"], one["reference"]) for row in truth["candidates"] for one in row["copies"]}
    places = {(row["id"], one) for row in truth["candidates"] for one in row["same_scene"]} - copies
    return copies, places


def stranger_rates(points: list[int], pairs: int) -> list[Row]:
    """For each threshold: pairs of strangers at or above it, per million as seen, and as the tail foretells.

    The tail of the number of chance agreements falls off geometrically; its slope is fitted where there are at least
    three pairs, and the forecast takes the upper end of the slope's 95 % interval.
    """
    counts = Counter(points)
    above = {k: sum(number for size, number in counts.items() if size >= k) for k in range(6, 31)}
    seen = [k for k in above if above[k] >= 3]
    rows = []
    slope, start = _tail(seen, above)
    for k in range(6, 25):
        forecast = above[seen[-1]] * math.exp(-slope * (k - seen[-1])) if seen and k > seen[-1] else float(above[k])
        rows.append({"points": k, "seen_per_million": 1e6 * above[k] / pairs, "expected_per_million": 1e6 * forecast / pairs,
                     "product": k == FEWEST_POINTS})  # fmt: skip
    return rows if start else []


def _tail(seen: list[int], above: dict[int, int]) -> tuple[float, int]:
    """Slope of the logarithm of the survivors, its cautious end; and where the fit begins (0 when there is none)."""
    if len(seen) < 2:
        return math.log(2), seen[0] if seen else 0
    first, last = seen[0], seen[-1]
    steps = last - first
    slope = math.log(above[first] / above[last]) / steps
    spread = 1.96 * math.sqrt(1 / above[last] + 1 / above[first]) / steps
    return max(0.1, slope - spread), first


def _astray(witnessed: dict[str, dict[str, list[float]]]) -> list[Row]:
    rows = []
    for key, values in sorted(witnessed.items()):
        name, sort = key.split(", ", 1)
        more = next(one[1] for one in WITNESSES if one[0] == name)
        limit = THRESHOLDS[name][sort]
        same, copies = values.get("same place", []), values.get("copies", [])
        rows.append({"witness": name, "sort": sort, "threshold": limit, "same_place_pairs": len(same),
                     "same_place_passing": sum(_passing(same, limit, more)), "copies": len(copies),
                     "copies_passing_percent": round(100 * float(np.mean(_passing(copies, limit, more))), 1) if copies else None,
                     "same_place_quantiles": _quantiles(same), "copies_quantiles": _quantiles(copies)})  # fmt: skip
    return rows


def _passing(values: list[float], limit: float, more: bool) -> list[bool]:
    return [value >= limit if more else value <= limit for value in values]


def _quantiles(values: list[float]) -> list[float]:
    return [round(float(one), 3) for one in np.quantile(values, (0.01, 0.1, 0.5, 0.9, 0.99))] if values else []


def table(result: dict[str, Any]) -> str:
    """Both tables as Markdown."""
    lines = [
        "| points that agree | strangers seen, per million pairs | expected, per million pairs | |",
        "|---:|---:|---:|---|",
    ]
    for row in result["strangers"]:
        mark = "confirmed from here" if row["product"] else ""
        lines.append(
            f"| {row['points']} | {row['seen_per_million']:.1f} | {row['expected_per_million']:.2g} | {mark} |"
        )
    lines += [
        "",
        "| witness | pairs | threshold | same place that pass | copies that pass |",
        "|---|---|---:|---:|---:|",
    ]
    for row in result["same_place"]:
        same = f"{row['same_place_passing']} of {row['same_place_pairs']}"
        passing = (
            "-" if row["copies_passing_percent"] is None else f"{row['copies_passing_percent']} % of {row['copies']}"
        )
        lines.append(f"| {row['witness']} | {row['sort']} | {row['threshold']} | {same} | {passing} |")
    return "\n".join(lines)


def curve(result: dict[str, Any]) -> str:
    """The first table as an SVG: expected false pairs per million by points that agree, on a logarithmic scale."""
    rows = [row for row in result["strangers"] if row["expected_per_million"] > 1e-9]
    width, height, left, foot = 760, 360, 70, 50
    low, high = -6.0, 5.0

    def across(points: float) -> float:
        return left + (points - 6) / 18 * (width - left - 20)

    def down(rate: float) -> float:
        return 20 + (high - math.log10(rate)) / (high - low) * (height - foot - 20)

    grid = "".join(f'<line x1="{left}" x2="{width - 20}" y1="{down(10.0**p):.0f}" y2="{down(10.0**p):.0f}" stroke="#e3e6ea"/>'
                   f'<text x="{left - 8}" y="{down(10.0**p) + 4:.0f}" text-anchor="end">10<tspan dy="-5" font-size="9">{p}</tspan></text>'
                   for p in range(int(low), int(high) + 1))  # fmt: skip
    ticks = "".join(
        f'<text x="{across(k):.0f}" y="{height - foot + 20}" text-anchor="middle">{k}</text>' for k in range(6, 25, 2)
    )
    shown = [row for row in rows if low <= math.log10(row["expected_per_million"]) <= high]
    line = " ".join(f"{across(row['points']):.1f},{down(row['expected_per_million']):.1f}" for row in shown)
    dots = "".join(f'<circle cx="{across(row["points"]):.1f}" cy="{down(row["seen_per_million"]):.1f}" r="4" fill="#2f6f8f"/>'
                   for row in shown if row["seen_per_million"] > 0)  # fmt: skip
    mark = across(FEWEST_POINTS)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#333">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{grid}{ticks}'
        f'<line x1="{mark:.0f}" x2="{mark:.0f}" y1="20" y2="{height - foot}" stroke="#b4532a" stroke-dasharray="4 3"/>'
        f'<text x="{mark + 6:.0f}" y="34" fill="#b4532a">confirmed needs {FEWEST_POINTS}</text>'
        f'<polyline points="{line}" fill="none" stroke="#2f6f8f" stroke-width="2"/>{dots}'
        f'<text x="{width / 2:.0f}" y="{height - 8}" text-anchor="middle">points that agree under one map '
        f"(dots: seen; line: seen, then the tail's cautious end)</text>"
        f'<text x="14" y="{height / 2:.0f}" transform="rotate(-90 14 {height / 2:.0f})" text-anchor="middle">'
        f"pairs of strangers per million</text></svg>\n"
    )


def run(folder: Path, report: Path, out: Path | None) -> None:
    result = calibrate(json.loads((folder / "truth.json").read_text()), json.loads(report.read_text()))
    print(f"{result['negative_pairs']} pairs of strangers\n\n{table(result)}")
    if out:
        out.write_text(curve(result))
