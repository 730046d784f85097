"""`manage.py export_bundle MATCH --out FILE`: the same bundle an officer downloads, from the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management import BaseCommand, CommandError, CommandParser

from cases import age, signing
from cases.archive import BundleError
from cases.vault import VaultError
from detection.models import Match
from takedown import bundles

CHUNK = 1024 * 1024


class Command(BaseCommand):
    help = "Writes the signed evidence bundle of a match; that it left, and why, goes into the chain of custody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("match", type=UUID, help="the match's id")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")
        parser.add_argument("--reason", default="command line", help="what it is for; goes into the chain of custody")
        parser.add_argument("--recipient", default="", metavar="age1…", help="encrypt it to this public key")

    def handle(self, *args: Any, **options: Any) -> None:
        match = Match.objects.select_related("case", "candidate", "evidence", "capture").filter(pk=options["match"])
        if not match:
            raise CommandError("There is no match with this id.")
        try:
            write_bundle(match[0], options["out"], reason=options["reason"], recipient=options["recipient"])
        except (BundleError, VaultError, age.AgeError) as error:
            raise CommandError(error.sentence) from error
        except OSError as error:
            raise CommandError(f"{options['out']}: {error.strerror}") from error
        self.stdout.write(f"{options['out']}\n{signing.fingerprint()}")


def write_bundle(match: Match, out: Path, *, reason: str, recipient: str = "") -> None:
    """Whole or not at all; readable by its owner only. With a recipient nothing lies on the disk in the clear."""
    key = age.public_key(recipient) if recipient else None
    draft = out.with_name(f".{out.name}.part")
    # What an earlier run left could have other rights.
    draft.unlink(missing_ok=True)
    try:
        with open(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as target:
            if key is None:
                bundles.export(match, target, actor="job", reason=reason)
            else:
                with open(os.memfd_create("bundle", os.MFD_CLOEXEC), "w+b") as clear:
                    bundles.export(match, clear, actor="job", reason=reason, recipient=recipient)
                    clear.seek(0)
                    target.writelines(age.encrypted(iter(lambda: clear.read(CHUNK), b""), key))
            target.flush()
            os.fsync(target.fileno())
        draft.rename(out)
    finally:
        draft.unlink(missing_ok=True)
