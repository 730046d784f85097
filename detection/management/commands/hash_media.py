"""PDQ hashes of a medium, interchangeable with other PDQ tools."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from detection.engine import MediaError
from detection.engine.reading import frame_hashes


class Command(BaseCommand):
    help = "Print the PDQ hash of a picture, or of every half second of a video."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--json", action="store_true", help='print [{"t", "pdq_hex", "quality"}]')

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = frame_hashes(options["file"])
        except MediaError as error:
            raise CommandError(f"{error.reason_code}: {error.sentence}") from error
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(f"{row['t']:9.2f}  {row['pdq_hex']}  {row['quality']:3d}")
