"""Message catalogs without gettext: Babel compiles them, so a user needs nothing installed."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogs(folder: Path) -> int:
    """Write each `django.mo` that is older than its `django.po`; the number written."""
    written = 0
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalog = read_po(file, locale=source.parts[-3])
        with target.open("wb") as file:
            write_mo(file, catalog)
        written += 1
    return written
