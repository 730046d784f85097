"""`manage.py decrypt_bundle FILE --key-file KEY --out ZIP`, and `--new-key` for a recipient who has no key yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from cases import age


class Command(BaseCommand):
    help = "Opens a bundle that was encrypted to a recipient's key (age format). --new-key makes such a key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bundle", nargs="?", type=Path, metavar="FILE")
        parser.add_argument("--key-file", type=Path, required=True, help="holds the secret key AGE-SECRET-KEY-1…")
        parser.add_argument("--out", type=Path, metavar="ZIP")
        parser.add_argument("--new-key", action="store_true", help="write a new secret key to --key-file instead")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["new_key"]:
                self.stdout.write(new_key(options["key_file"]))
            elif options["bundle"] and options["out"]:
                decrypt(options["bundle"], options["key_file"], options["out"])
            else:
                raise CommandError("Name the encrypted FILE and --out ZIP.")
        except age.AgeError as error:
            raise CommandError(error.sentence) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error


def new_key(path: Path) -> str:
    """Write the secret key, readable by its owner only; the public key. An existing file is never replaced."""
    public, secret = age.new_identity()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
        file.write(f"# public key: {public}\n{secret}\n")
    return public


def decrypt(encrypted: Path, key_file: Path, out: Path) -> None:
    """Whole or not at all."""
    secret = age.read_identity(key_file)
    draft = out.with_name(f".{out.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with (
            encrypted.open("rb") as file,
            open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target,
        ):
            target.writelines(age.decrypted(file, secret))
        draft.rename(out)
    finally:
        draft.unlink(missing_ok=True)
