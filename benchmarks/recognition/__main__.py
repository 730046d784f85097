"""python -m benchmarks.recognition.sets | run | evaluate | table | plot"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import calibrate, tables
from .evaluate import evaluate

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["make"]:  # has a command line of its own
        sys.exit(subprocess.run([sys.executable, "-m", "benchmarks.recognition.sets", *arguments[1:]]).returncode)
    options = _parser().parse_args(arguments)
    options.do(options)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m benchmarks.recognition")
    verbs = parser.add_subparsers(required=True, metavar="make|run|evaluate|calibrate|ablate|table|plot")
    verbs.add_parser("make", help="write a set; see make --help")
    verb = verbs.add_parser("run", help="recognise a set, also with the peers, and write the result")
    verb.add_argument("--set", type=Path, required=True, metavar="DIR")
    verb.add_argument("--workers", type=int, default=2)
    verb.add_argument("--profile", choices=("fast", "full"), default="full")
    verb.add_argument("--out", type=Path, metavar="FILE", help="default: DIR/result.json")
    verb.add_argument("--only-ours", action="store_true", help="leave out the peers and the decode floor")
    verb.set_defaults(do=run)
    verb = verbs.add_parser("evaluate", help="figures of one report of match_media")
    verb.add_argument("--set", type=Path, required=True, metavar="DIR")
    verb.add_argument("--report", type=Path, required=True, metavar="FILE")
    verb.add_argument("--misses", action="store_true", help="list what was not confirmed and what is false")
    verb.set_defaults(do=show)
    verb = verbs.add_parser("table", help="Markdown tables of a result")
    verb.add_argument("--result", type=Path, required=True, metavar="FILE")
    verb.set_defaults(do=lambda options: print(tables.markdown(_read(options.result))))
    verb = verbs.add_parser("plot", help="SVG of a result")
    verb.add_argument("--result", type=Path, required=True, metavar="FILE")
    verb.add_argument("--out", type=Path, required=True, metavar="SVG")
    verb.set_defaults(do=lambda options: options.out.write_text(tables.svg(_read(options.result)), encoding="utf-8"))
    verb = verbs.add_parser("calibrate", help="expected false rates at and around the product's thresholds")
    verb.add_argument("--set", type=Path, required=True, metavar="DIR")
    verb.add_argument("--report", type=Path, required=True, metavar="FILE")
    verb.add_argument("--out", type=Path, metavar="SVG", help="the curve")
    verb.set_defaults(do=lambda options: calibrate.run(options.set, options.report, options.out))
    verb = verbs.add_parser("ablate", help="the engine with one part taken out at a time, on a small set")
    verb.add_argument("--set", type=Path, required=True, metavar="DIR")
    verb.add_argument("--workers", type=int, default=2)
    verb.set_defaults(do=parts)
    return parser


def parts(options: Namespace) -> None:
    from . import ablate

    truth = _read(options.set / "truth.json")
    references = ablate.fingerprints(options.set / "references", True, options.workers)
    candidates = ablate.fingerprints(options.set / "candidates", False, options.workers)
    print(ablate.table(ablate.ablate(truth, references, candidates, options.workers)))


def run(options: Namespace) -> None:
    """The engine as `match_media`, then the peers on the same files, then the figures of all of them."""
    from . import peers

    out = options.out or options.set / "result.json"
    truth, references, candidates = (
        _read(options.set / "truth.json"),
        options.set / "references",
        options.set / "candidates",
    )
    reports = {"ours": _match_media(options, out.with_name(f"{out.stem}.ours.json"))}
    floor: dict[str, float] = {}
    if not options.only_ours:
        reports |= peers.run_peers(references, candidates, options.workers)
        floor = peers.decode_floor(candidates, options.workers)
    result = {
        "set": {"seed": truth["seed"], "pool": truth.get("pool"), "references": len(truth["references"]),
                "candidates": len(truth["candidates"])},
        "profile": options.profile,
        "systems": {name: _figures(name, truth, report) for name, report in reports.items()},
        "totals": {name: report["totals"] for name, report in reports.items()},
        "floor": {"per_video_minute": _floor_per_minute(reports["ours"], floor)} if floor else None,
    }  # fmt: skip
    _write(out, result)
    markdown = tables.markdown(result)
    out.with_suffix(".md").write_text(markdown + "\n", encoding="utf-8")
    print(markdown)


def _match_media(options: Namespace, target: Path) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "manage.py"), "match_media", "--reference", str(options.set.resolve() / "references"),
               "--candidate", str(options.set.resolve() / "candidates"), "--json", str(target.resolve()),
               "--workers", str(options.workers), "--profile", options.profile]  # fmt: skip
    # Nothing is signed: a key of the moment spares a fresh checkout the installation and leaves its real key alone.
    environment = {**os.environ, "SECRET_KEY": secrets.token_urlsafe(40)}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    return _read(target)


def _figures(name: str, truth: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """The lists of single pairs are kept for the engine only."""
    figures = asdict(evaluate(truth, report))
    return figures if name == "ours" else figures | {"misses": None, "false_pairs": None}


def _floor_per_minute(report: dict[str, Any], floor: dict[str, float]) -> float | None:
    """CPU seconds of bare decoding per minute, over the same videos the engine's figure is about."""
    films = [row for row in report["candidates"] if row["duration_s"] and not row["error"]]
    minutes = sum(row["duration_s"] for row in films) / 60
    return sum(floor[row["id"]] for row in films) / minutes if minutes else None


def show(options: Namespace) -> None:
    result = evaluate(_read(options.set / "truth.json"), _read(options.report))
    tables.print_summary(result)
    if options.misses:
        tables.print_misses(result)


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
