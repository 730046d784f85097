"""`manage.py seed_lawbook`: bring statutes and letter paragraphs of this release into the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from takedown.seeding import seed_lawbook


class Command(BaseCommand):
    help = "Bring the statutes and letter paragraphs of this release into the database. Edited rows are kept."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{seed_lawbook()} rows written.")
