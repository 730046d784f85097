"""`./run doctor`: each real part with version and state."""

from __future__ import annotations

import json
from typing import Any

from django.core.management import BaseCommand, CommandParser

from seoulguard.doctor import examine

MARKS = {"good": "ok  ", "weak": "weak", "bad": "BAD "}


class Command(BaseCommand):
    help = "Shows each real part of this installation, its version and its state. Exit 1 when a part is bad."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = list(examine())
        if options["json"]:
            self.stdout.write(json.dumps([vars(finding) for finding in findings], ensure_ascii=False, indent=1))
        else:
            for finding in findings:
                self.stdout.write(
                    f"{MARKS[finding.state]}  {finding.part:<26} {finding.version}  {finding.remedy}".rstrip()
                )
        if any(finding.state == "bad" for finding in findings):
            raise SystemExit(1)
