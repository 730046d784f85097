"""`manage.py compose_letters`: the letters of a fictitious case as files, for counsel and for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from takedown.letter_files import write_all, write_documents
from takedown.preview import installed


class Command(BaseCommand):
    help = (
        "Write the letters of a fictitious case. --all: every combination as it would be sent by this installation, "
        "into --out, with index.json. --docs: docs/letters, from the shipped lawbook."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true")
        parser.add_argument("--out", type=Path)
        parser.add_argument("--docs", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["all"] == options["docs"]:
            raise CommandError("Say either --all --out DIR, or --docs.")
        if options["docs"]:
            self.stdout.write(f"{write_documents()} files written to docs/letters.")
            return
        if not options["out"]:
            raise CommandError("Say where to: --out DIR.")
        options["out"].mkdir(parents=True, exist_ok=True)
        index = write_all(options["out"], installed())
        unfinished = sum(bool(entry["missing"]) for entry in index)
        usual = sum(entry["usual_language"] for entry in index)
        printed = sum(bool(entry["pdf"]) for entry in index)
        self.stdout.write(
            f"{len(index)} combinations written ({usual} in a language of the host's jurisdiction, {printed} also as PDF); "
            f"{unfinished} with a missing element."
        )
