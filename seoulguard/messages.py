"""`./run messages`: collects the translatable strings into locale/<lang>/LC_MESSAGES/django.po with Babel.

The pages speak Korean and English. The report in an evidence bundle also speaks the host's language: of each other
language a catalog holds the words of that report and nothing else.
`--check` writes nothing and exits 1 when a string has no translation or the catalog is out of date.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("ko",)
# Where the report's words stand, and those of its words that stand among others.
REPORT_SOURCES = {
    "cases/report.py", "cases/report_proof.py", "cases/page_facts.py", "takedown/bundles.py", "templates/cases/report.html",
    "templates/cases/report_proof.html", "templates/cases/report_time_line.html",
}  # fmt: skip
REPORT_WORDS = {"Browser", "Plain HTTP", "Handed in by an officer", "Not yet stamped", "Stamped", "Refused"}
FOLDERS = ("cases", "detection", "takedown", "seoulguard", "templates")
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip


def collect() -> Catalog:
    from django.utils.translation.template import templatize

    catalog = Catalog(project="SeoulGuard", charset="utf-8")
    for path in _sources():
        text = path.read_text(encoding="utf-8")
        source = templatize(text) if path.suffix in {".html", ".txt"} else text
        # Line numbers are left out: they would change the catalog with every edit.
        for _line, message, comments, context in extract(
            "python", io.BytesIO(source.encode()), keywords=KEYWORDS, comment_tags=("Translators:",)
        ):
            catalog.add(
                message, locations=[(str(path.relative_to(ROOT)), None)], auto_comments=comments, context=context,  # type: ignore[list-item]
                flags=_flags(message),
            )  # fmt: skip
    return catalog


def _flags(message: str | tuple[str, ...]) -> list[str]:
    text = message if isinstance(message, str) else message[0]
    return ["python-format"] if re.search(r"%\(\w+\)[sd]", text) else []


def _sources() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if (
                path.suffix in {".py", ".html", ".txt"}
                and "migrations" not in path.parts
                and not {"site_templates", "bundle_kit"} & set(path.parts)
            ):
                yield path


def of_the_report(fresh: Catalog) -> Catalog:
    """What a report in an evidence bundle may say."""
    catalog = Catalog(project="SeoulGuard", charset="utf-8")
    for message in fresh:
        places = {str(place) for place, _line in message.locations}
        if message.id and (places & REPORT_SOURCES or message.id in REPORT_WORDS):
            # Where else a word stands would change these catalogs with every other page.
            here: Any = [(place, None) for place in sorted(places & REPORT_SOURCES)]
            catalog.add(message.id, flags=message.flags, locations=here)
    return catalog


def merged(language: str, fresh: Catalog) -> Catalog:
    path = po_path(language)
    if not path.exists():
        catalog = Catalog(locale=language, project="SeoulGuard", charset="utf-8")
    else:
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    catalog.update(fresh, no_fuzzy_matching=True)
    return catalog


def po_path(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def untranslated(catalog: Catalog) -> list[str]:
    return [str(message.id) for message in catalog if message.id and not _complete(message.string)]


def _complete(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return all(string) if isinstance(string, (tuple, list)) and string else bool(string)


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "seoulguard.settings")
    django.setup()
    from django.conf import settings
    from django.utils.translation import to_locale

    fresh, missing = collect(), 0
    wanted = dict.fromkeys(LANGUAGES, fresh)
    wanted |= dict.fromkeys(map(to_locale, settings.REPORT_LANGUAGES), of_the_report(fresh))
    for language, strings in wanted.items():
        catalog = merged(language, strings)
        for text in untranslated(catalog):
            print(f"{language}: not translated: {text!r}")
            missing += 1
        if "--check" not in arguments:
            po_path(language).parent.mkdir(parents=True, exist_ok=True)
            with po_path(language).open("wb") as file:
                write_po(file, catalog, width=110, sort_output=True, ignore_obsolete=True, include_lineno=False)
    print(f"{len(fresh)} strings, {missing} without a translation.")
    return 1 if missing and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
