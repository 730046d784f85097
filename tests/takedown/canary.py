"""A hundred people whose every personal field is a token of its own, and a reader that finds one in anything that leaves.

Every token carries one of two marks, Latin or Korean, so that one search finds all of them; case numbers in the database
(UUIDs) are looked for one by one. A reader sees an artefact as it is and as its receiver would: headers and parts decoded,
percent signs, JSON escapes and base64 undone.
"""

from __future__ import annotations

import base64
import binascii
import html
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from django.utils import timezone
from pypdf import PdfReader

from cases import custody, drafts, intake, terms, uploads
from cases.drafts import IntakeAnswers
from cases.models import Case, User
from tests.cases.visitor import MP4

LATIN, KOREAN = "zq9x", "뷁쉙"
UUID_FORM = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
SYLLABLES = "가나다라마바사아자차"


class Tokens:
    """Hands out tokens, and remembers whose field each is."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.uuids: dict[str, str] = {}
        self.codes: set[str] = set()  # of receipts, lower case

    def latin(self, field: str) -> str:
        return self._kept(f"{LATIN}{len(self.fields):05d}", field)

    def korean(self, field: str) -> str:
        number = "".join(SYLLABLES[int(digit)] for digit in f"{len(self.fields):05d}")
        return self._kept(KOREAN + number, field)

    def _kept(self, token: str, field: str) -> str:
        self.fields[token] = field
        return token


def take_in(tokens: Tokens, number: int, officer: User, **answers: Any) -> Case:
    """One person through the real intake: every text they can enter is a token, file names included."""
    who = f"victim {number}"
    draft = drafts.begin()
    file = uploads.seal_upload(draft, BytesIO(MP4 + f"{number}".encode()), tokens.latin(f"{who}: file") + ".mp4")
    told = IntakeAnswers(
        name=tokens.korean(f"{who}: name") if number % 2 else tokens.latin(f"{who}: name"),
        contact_choice=Case.ContactChoice.EMAIL, contact=f"{tokens.latin(f'{who}: contact')}@mail.example",
        hours=tokens.korean(f"{who}: hours"), account=f"{tokens.korean(f'{who}: account')} {tokens.latin(f'{who}: told')}",
        urls=[f"https://found.example/{tokens.latin(f'{who}: address')}"],
        spread_as=[tokens.korean(f"{who}: term name"), "@" + tokens.latin(f"{who}: handle"),
                   tokens.latin(f"{who}: file name") + ".mp4", tokens.korean(f"{who}: term title") + " 1 2 3 4"],
        consent=True, **answers,
    )  # fmt: skip
    receipt = intake.receive(told, [file], at=timezone.now(), draft=draft)
    case = receipt.case
    case.alias, case.number, case.officer = tokens.korean(f"{who}: pseudonym"), tokens.latin(f"{who}: number"), officer
    case.save()
    custody.record(case, "dismissed", actor="test", note=tokens.latin(f"{who}: note"))
    tokens.codes.add(receipt.code.casefold())
    for row in (case, case.person, *case.evidence.all(), *case.terms.all()):
        if len(str(row.pk)) > 30:
            tokens.uuids[str(row.pk).replace("-", "")] = f"{who}: {type(row).__name__}"
    return case


def strangers_words(case: Case) -> tuple[str, str]:
    """Title and uploader of a page that names the person in both: words which no letter may repeat."""
    words = [one.text for one in terms.opened(case)]
    return f"{words[0]} and {words[-1]} watch now", f"fan of {words[1]}"


# --- the reader --------------------------------------------------------------------------------------------------
class Reader:
    """Reads what left, counts it by kind, and keeps every token found: (artefact, token, whose)."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.counts: Counter[str] = Counter()
        self.found: list[tuple[str, str, str]] = []

    def read(self, kind: str, content: bytes | str) -> None:
        self.counts[kind] += 1
        text = content if isinstance(content, str) else content.decode("utf-8", "replace")
        for seen in views(text):
            self._look(kind, seen)

    def read_mail(self, raw: bytes) -> None:
        """The raw message; its headers decoded; each of its parts decoded."""
        self.read("mail, raw", raw)
        mail = message_from_bytes(raw, policy=SMTP)
        assert isinstance(mail, EmailMessage)
        self.read("mail, headers decoded", "\n".join(f"{name}: {value}" for name, value in mail.items()))
        for part in mail.walk():
            if not part.is_multipart():
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                self.read(f"mail, {part.get_content_type()} part", content)

    def read_request(self, sent: Any) -> None:
        """Request line, headers and body of one HTTP request."""
        self.read("request, line and headers", f"{sent.host} {sent.path} {sent.headers}")
        self.read("request, body", sent.body)

    def read_pdf(self, pdf: bytes) -> None:
        """Text, metadata, and the file itself."""
        pages = PdfReader(io.BytesIO(pdf))
        self.read("pdf, text", "\n".join(page.extract_text() for page in pages.pages))
        self.read("pdf, metadata", f"{dict(pages.metadata or {})} {_xmp(pages)}")
        self.read("pdf, file", pdf.decode("latin-1"))

    def _look(self, kind: str, text: str) -> None:
        folded = text.casefold()
        if LATIN in folded or KOREAN in folded or any(code in folded for code in self.tokens.codes):
            hits = [token for token in (*self.tokens.fields, *self.tokens.codes) if token.casefold() in folded]
            self.found += [(kind, token, self.tokens.fields.get(token, "receipt")) for token in hits] or [
                (kind, "a part of a token", "?")
            ]
        for uuid in UUID_FORM.findall(folded):
            if owner := self.tokens.uuids.get(uuid.replace("-", "")):
                self.found.append((kind, uuid, owner))


def _xmp(pages: PdfReader) -> str:
    stream = pages.trailer["/Root"].get_object().get("/Metadata")  # type: ignore[union-attr]
    return stream.get_object().get_data().decode("utf-8", "replace") if stream else ""


def views(text: str) -> Iterator[str]:
    """The text as it is and as a receiver may see it."""
    yield text
    if "%" in text:
        yield unquote(text)
    if "\\u" in text:
        yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda one: chr(int(one.group(1), 16)), text)
    if "&" in text:
        yield html.unescape(text)
    if "=\r\n" in text or "=\n" in text:
        yield text.replace("=\r\n", "").replace("=\n", "")
    for run in BASE64.findall(text):
        try:
            yield base64.b64decode(run + "=" * (-len(run) % 4)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            continue


def as_text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, default=str)
