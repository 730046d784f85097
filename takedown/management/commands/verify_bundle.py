"""`manage.py verify_bundle FILE`: the stand-alone verifier, with this installation's key to compare."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.utils.translation import get_language

from cases import signing
from cases.bundle_kit import verify_bundle
from cases.vault import VaultError


class Command(BaseCommand):
    help = "Checks an evidence bundle. Exit 0 only if it is untouched and signed by this installation (or by --key)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bundle", metavar="FILE")
        parser.add_argument("--key", default="", metavar="FINGERPRINT", help="another centre's fingerprint")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            key = options["key"] or signing.fingerprint()
        except VaultError as error:
            raise CommandError(error.sentence) from error
        language = "ko" if get_language() == "ko" else "en"
        raise SystemExit(verify_bundle.main([options["bundle"], "--key", key, "--language", language]))
