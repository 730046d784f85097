"""What is read from a captured page: facts by rule, letters off the picture where rules leave a gap, the second reader.

Reading runs in threads while the parts are being sealed; it opens no database row and cannot make a capture fail.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from django.conf import settings

from cases import ocr, page_reader
from cases.page_facts import PageFact, missing_names, read_page_facts, visible_text
from cases.page_reader import MachineReading

# A page with less to read than this is drawn or a picture: what it says stands in its pixels.
FEW_LETTERS = 80


@dataclass(frozen=True)
class Reading:
    """`text` and `ocr_lines` are kept as parts: the places of the facts count their lines from 1."""

    facts: tuple[PageFact, ...] = ()
    text: str = ""
    ocr_lines: tuple[str, ...] = ()
    ocr_trouble: str = ""
    machine: MachineReading | None = None


@dataclass
class Begun:
    """A reading under way."""

    pages: Future[Reading]
    machines: Future[MachineReading] | None = field(default=None)

    def result(self) -> Reading:
        reading = self.pages.result()
        machine = self.machines.result() if self.machines else None
        return Reading(reading.facts, reading.text, reading.ocr_lines, reading.ocr_trouble, machine)


@contextlib.contextmanager
def begin(html: str, text: str = "", screenshot: bytes = b"", blurred: bytes = b"") -> Iterator[Begun]:
    """Read while the block runs; `result()` waits for the rest. Pictures are PNG and may be missing."""
    text = text or visible_text(html)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="reading") as pool:
        # Each thread speaks the language of the one that began it.
        pages = pool.submit(contextvars.copy_context().run, read, html, text, screenshot)
        machines = None
        if page_reader.is_on():
            machines = pool.submit(contextvars.copy_context().run, page_reader.read_page, blurred, text)
        yield Begun(pages, machines)


def read(html: str, text: str, screenshot: bytes) -> Reading:
    facts = read_page_facts(html, text)
    if not screenshot or not _ocr_wanted(facts, text):
        return Reading(tuple(facts), text)
    try:
        lines = ocr.read_picture(screenshot)
    except ocr.OcrError as error:
        return Reading(tuple(facts), text, ocr_trouble=error.sentence)
    return Reading(tuple(read_page_facts(html, text, lines)), text, tuple(lines))


def _ocr_wanted(facts: list[PageFact], text: str) -> bool:
    if settings.PAGE_OCR in {"always", "never"}:
        return bool(settings.PAGE_OCR == "always")
    return bool(missing_names(facts)) or len("".join(text.split())) < FEW_LETTERS
