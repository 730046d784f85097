"""Letters as files: every combination as it would be sent, and one per language and jurisdiction for a lawyer to read.

All of them are about the fictitious case; nothing here reads a notice or a case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from takedown import elements, fictitious, statutory_form
from takedown.composing import KST, in_language
from takedown.fictitious import Combination, every_combination, request_to
from takedown.jurisdictions import JURISDICTIONS, LANGUAGES, regimes_of
from takedown.lawbook import Lawbook, StatuteLike, citation, seed_lawbook
from takedown.letter_types import Letter, LetterRequest, Organisation
from takedown.letters import compose, missing_elements
from takedown.message import Envelope, mime_bytes, sender_address
from takedown.printing import letter_pdf

# Whose hosts are written to in which language (legal facts, section 11). English goes everywhere.
SERVES = {
    "ko": ("KR",), "zh-Hans": ("CN",), "zh-Hant": ("TW", "HK"), "ja": ("JP",), "ru": ("RU", "INT"), "vi": ("VN",),
    "th": ("TH",), "es": ("ES", "INT"), "id": ("ID",), "de": ("DE", "EU", "INT"), "fr": ("FR", "EU", "INT"),
    "en": JURISDICTIONS,
}  # fmt: skip
RECIPIENT = {"regulator": "reports@regulator.example"}
DOCS = Path(__file__).resolve().parent.parent / "docs" / "letters"


class Sender(NamedTuple):
    """Who signs, under which lawbook, with which conditions confirmed."""

    lawbook: Lawbook
    centre: Organisation = fictitious.CENTRE
    flags: frozenset[str] = frozenset()


def write_all(folder: Path, sender: Sender) -> list[dict[str, Any]]:
    """Every combination as .eml, as .pdf where it is printed, and index.json. Returns the index."""
    index = [_write(folder, kind, sender) for kind in every_combination()]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in index)
    (folder / "index.json").write_text(f'{{"count": {len(index)}, "letters": [\n{lines}\n]}}\n', encoding="utf-8")
    return index


def _write(folder: Path, kind: Combination, sender: Sender) -> dict[str, Any]:
    request = request_to(kind, sender.centre, sender.flags)
    letter = compose(request, sender.lawbook)
    place = folder / kind.language
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{kind.name}.eml").write_bytes(_mail(kind, letter, sender.centre))
    pdf = _printed(request, letter, sender.lawbook)
    if pdf:
        (place / f"{kind.name}.pdf").write_bytes(pdf)
    return {**_entry(kind, request, letter, sender.lawbook), "pdf": f"{kind.language}/{kind.name}.pdf" if pdf else None}


def _mail(kind: Combination, letter: Letter, centre: Organisation) -> bytes:
    around = Envelope(
        sender_name=in_language(centre.name, kind.language),
        recipient=RECIPIENT.get(kind.addressee, f"abuse@{fictitious.NAMES[kind.addressee]}"),
        reply_to=centre.email, subject=letter.subject, language=kind.language,
        message_id=f"<{letter.reference}.{kind.name}@{sender_address().rpartition('@')[2]}>",
    )  # fmt: skip
    return mime_bytes(around, letter.body() + "\n", fictitious.WRITTEN_AT)


def _printed(request: LetterRequest, letter: Letter, lawbook: Lawbook) -> bytes | None:
    """The Korean form, and the file for a Korean authority: both are handed in on paper or as PDF."""
    if request.language != "ko" or request.jurisdiction != "KR":
        return None
    if request.addressee_type == "regulator":
        texts = [paragraph.text for paragraph in letter.paragraphs]
        return letter_pdf(letter.language, letter.reference, letter.subject, texts)
    if statutory_form.applies_to(request, lawbook):
        return statutory_form.as_pdf(statutory_form.filled(request, lawbook))
    return None


# --- the index ---------------------------------------------------------------------------------------------------
def _entry(kind: Combination, request: LetterRequest, letter: Letter, lawbook: Lawbook) -> dict[str, Any]:
    cited = [lawbook.statutes[statute.code] for statute in letter.statutes]
    return {
        "file": f"{kind.language}/{kind.name}.eml",
        **kind._asdict(),
        "usual_language": kind.jurisdiction in SERVES[kind.language],
        "statutes": [_cited(row, kind.language) for row in cited],
        "left_out": [{"code": code, "why": why} for code, why in left_out(request, letter, lawbook)],
        "required": elements.required(cited, regimes_of(kind.jurisdiction)),
        "missing": [found.code for found in missing_elements(request, lawbook)],
        "deadline_hours": letter.deadline_hours,
    }


def _cited(row: StatuteLike, language: str) -> dict[str, Any]:
    counsel = getattr(row, "checked_by_counsel_on", None)
    return {
        "code": row.code,
        "citation": citation(row, language),
        "verified": row.verified,
        "version": row.version,
        "checked_by_counsel_on": counsel.isoformat() if counsel else None,
    }


def left_out(request: LetterRequest, letter: Letter, lawbook: Lawbook) -> Iterator[tuple[str, str]]:
    """Statutes of the host's law that wait for a confirmation or their day, and why. None of them is cited."""
    on, cited = request.composed_at.astimezone(KST).date(), {row.code for row in letter.statutes}
    for regime in regimes_of(request.jurisdiction):
        for code in lawbook.codes_in(regime):
            if code not in cited and (why := _why_not(lawbook.statutes[code], request, on)):
                yield code, why


def _why_not(row: StatuteLike, request: LetterRequest, on: date) -> str:
    if not row.verified:
        return "not verified"
    if row.flag and row.flag not in request.flags:
        return f"condition not confirmed: {row.flag}"
    if (row.valid_from and on < row.valid_from) or (row.valid_to and on > row.valid_to):
        return "not in force"
    return ""


# --- for a lawyer to read ----------------------------------------------------------------------------------------
def documents() -> dict[str, str]:
    """docs/letters: file name to text. From the shipped lawbook alone, so that it is the same on every machine."""
    sender = Sender(seed_lawbook())
    files = {
        f"{language}/{jurisdiction}.txt": _readable(Combination(jurisdiction, "site", "filmed", language), sender)
        for language in LANGUAGES
        for jurisdiction in JURISDICTIONS
    }
    form = statutory_form.filled(request_to(Combination("KR", "site", "filmed", "ko")))
    return {**files, "ko/KR.statutory-form.txt": statutory_form.as_text(form), "README.md": _contents(sender)}


def _readable(kind: Combination, sender: Sender) -> str:
    letter = compose(request_to(kind, sender.centre, sender.flags), sender.lawbook)
    return f"{letter.subject}\n{'=' * 72}\n\n{letter.body()}\n"


def _contents(sender: Sender) -> str:
    """The table of contents: what is cited in each jurisdiction, what waits for counsel."""
    head = (
        DOCS_HEAD,
        "| jurisdiction | cited (site, filmed material) | not cited, and why | letters |",
        "|---|---|---|---|",
    )
    return "\n".join([*head, *(_line(jurisdiction, sender) for jurisdiction in JURISDICTIONS)]) + "\n"


def _line(jurisdiction: str, sender: Sender) -> str:
    request = request_to(Combination(jurisdiction, "site", "filmed", "en"))
    letter = compose(request, sender.lawbook)
    regimes = regimes_of(jurisdiction)
    cited = [row.code for row in letter.statutes if sender.lawbook.statutes[row.code].jurisdiction in regimes]
    waiting = [f"{code} ({why})" for code, why in left_out(request, letter, sender.lawbook)]
    links = " ".join(f"[{language}]({language}/{jurisdiction}.txt)" for language in LANGUAGES)
    return f"| {jurisdiction} | {', '.join(cited) or '–'} | {', '.join(waiting) or '–'} | {links} |"


DOCS_HEAD = f"""# Letters to read

One letter per language and jurisdiction, to a site operator about filmed material, in a case that does not exist. No lawyer
has read them yet; where counsel has checked a statute or a paragraph, an administrator notes the day in the lawbook.

Written by `manage.py compose_letters --docs` from `takedown/seed`; a test compares them. All {18 * 7 * 4 * 12:,} kinds of letter
(addressees, kinds of content) are written by `manage.py compose_letters --all --out DIR`. The Korean statutory form, field by
field, stands in [ko/KR.statutory-form.txt](ko/KR.statutory-form.txt).

Order of grounds in every letter: the host's own law, the host's own rules, Korean law as background. A statute that is not
verified, or whose condition nobody confirmed, is never cited.
"""


def write_documents(folder: Path = DOCS) -> int:
    """Write docs/letters anew; files nobody writes any more are removed. Returns how many were written."""
    files = documents()
    for old in folder.rglob("*.txt"):
        if old.relative_to(folder).as_posix() not in files:
            old.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return len(files)
