"""`manage.py visit SOURCE`: one visit of one source, now, and the account of it."""

from __future__ import annotations

import json
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from cases import preferences
from detection import pipeline
from detection.models import Source


class Command(BaseCommand):
    help = "Visits one source now; tells what it found, what it left out and why. Exit 1 when the visit failed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="the source's number or its name")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        preferences.apply()
        source = _named(options["source"])
        account = pipeline.visit_with_account(source.pk)
        if account is None:
            raise CommandError("This source is paused, or a worker is visiting it right now.", returncode=2)
        told = account.as_json()
        self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) if options["json"] else _in_words(told))
        if account.failure:
            raise SystemExit(1)


def _named(text: str) -> Source:
    rows = Source.objects.filter(pk=text) if text.isascii() and text.isdigit() else Source.objects.filter(name=text)
    found = list(rows[:2])
    if len(found) != 1:
        said = "Several sources have this name; use the number." if found else "There is no source of this name."
        raise CommandError(said, returncode=2)
    return found[0]


def _in_words(told: dict[str, Any]) -> str:
    lines = [
        f"{told['source']}: {told['outcome']}. {told['trouble']}".rstrip(),
        f"{told['requests']} requests ({told['unchanged']} unchanged), {told['bytes']} bytes, {told['seconds']} s",
        *(f"{'new  ' if one['new'] else 'known'}  {one['media']}  on {one['page']}" for one in told["found"]),
        *(f"skipped  {one['url']}: {one['why']}" for one in told["skipped"]),
        *(f"ALARM  {one['kind']} since {one['since']}: {one['sentence']}" for one in told["alarms"]),
    ]
    return "\n".join(lines)
