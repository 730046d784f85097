"""Compare two folders of media: the engine alone, without database, queue, network or log-in."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from detection.engine import batch


class Unusable(Exception):
    """Arguments that cannot be worked with: exit code 2."""


class Command(BaseCommand):
    help = "Find edited copies of reference media among candidate media; writes one JSON object."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reference", type=Path, help="folder of reference videos and pictures")
        parser.add_argument("--candidate", type=Path, help="folder of found videos and pictures")
        parser.add_argument("--json", default="-", help="where to write the report; - for standard output")
        parser.add_argument("--profile", choices=("fast", "full"), default="full")
        parser.add_argument("--workers", type=int, default=1)
        parser.add_argument("--build-index", type=Path, metavar="REFDIR", help="only write fingerprints into --index")
        parser.add_argument("--index", type=Path, metavar="FILE", help="fingerprints written by --build-index")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            _check(options)
            self._write(_run(options), options["json"])
        except (Unusable, OSError, ValueError) as error:
            self.stderr.write(f"match_media: {error}")
            sys.exit(2)

    def _write(self, report: dict[str, Any], target: str) -> None:
        text = json.dumps(report, ensure_ascii=False, indent=1)
        if target == "-":
            self.stdout.write(text)
        else:
            Path(target).write_text(text + "\n", encoding="utf-8")


def _check(options: dict[str, Any]) -> None:
    if options["workers"] < 1:
        raise Unusable("--workers must be at least 1")
    wanted = [("build_index", "--build-index")] if options["build_index"] else [("candidate", "--candidate")]
    if not options["build_index"] and bool(options["index"]) == bool(options["reference"]):
        raise Unusable("give either --reference DIR or --index FILE")
    if options["build_index"] and not options["index"]:
        raise Unusable("--build-index needs --index FILE to write to")
    if options["reference"]:
        wanted.append(("reference", "--reference"))
    for key, flag in wanted:
        if options[key] is None or not options[key].is_dir():
            raise Unusable(f"{flag} must name a folder that exists")
    inside = [options[key] for key, _ in wanted]
    _refuse_inside(Path(options["json"]), inside) if options["json"] != "-" else None
    if options["build_index"]:
        _refuse_inside(options["index"], inside)


def _refuse_inside(target: Path, folders: list[Path]) -> None:
    if any(target.resolve().is_relative_to(folder.resolve()) for folder in folders):
        raise Unusable(f"{target} lies in a folder of media; nothing is written there")


def _run(options: dict[str, Any]) -> dict[str, Any]:
    started, fast, workers = time.monotonic(), options["profile"] == "fast", options["workers"]
    cpu = batch.cpu_seconds()
    if options["index"] and not options["build_index"]:
        references, fast = batch.load_index(options["index"])
    else:
        folder = options["build_index"] or options["reference"]
        references = batch.build_references(folder, fast=fast, workers=workers)
    index_cpu = batch.cpu_seconds() - cpu
    if options["build_index"]:
        batch.save_index(options["index"], references, fast=fast)
        return batch.report(references, [], index_cpu, 0.0, time.monotonic() - started)
    cpu = batch.cpu_seconds()
    judged = batch.judge_folder(options["candidate"], references, fast=fast, workers=workers)
    return batch.report(references, judged, index_cpu, batch.cpu_seconds() - cpu, time.monotonic() - started)
