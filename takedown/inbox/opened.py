"""From the bytes of a mail to its headers, its text and the names of its attachments. Nothing is believed, run or kept.

The old parser (compat32) is used on purpose: the newer one raises on headers that hostile mail really has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesFeedParser, HeaderParser
from email.utils import collapse_rfc2231_value

from django.utils.translation import gettext as _

from takedown.inbox.plain import clean_line, clean_text, text_of_html

MOST_PARTS = 200
MOST_HTML_PARTS = 3
MOST_CHARACTERS = 100_000
HEADER_CHARACTERS = 4000
MOST_HEADERS = 500
# As mail names them, and as Python does: Korean, Chinese and Japanese mail says the narrower name for the wider set.
CHARSETS = {
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949", "euckr": "cp949", "gb2312": "gb18030", "gbk": "gb18030",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "iso-2022-jp": "iso2022_jp_2",
    "tis-620": "cp874", "windows-874": "cp874",
}  # fmt: skip
# What the parser raises on mail that was made to break it.
MAIL_TROUBLES = (LookupError, ValueError, TypeError, AttributeError, RecursionError, HeaderParseError)
REPORT_PARTS = ("message/delivery-status", "message/global-delivery-status")


class UnreadableMail(Exception):
    """The bytes cannot be taken apart; the sentence says so."""


@dataclass(frozen=True)
class Attachment:
    name: str
    size_bytes: int


@dataclass(frozen=True)
class OpenedMail:
    """`headers`: lower-case name → values, each one line. `report`: the blocks of an RFC 3464 report, None without one."""

    headers: dict[str, list[str]]
    text: str
    attachments: list[Attachment] = field(default_factory=list)
    report: list[dict[str, str]] | None = None
    report_type: str = ""
    body_digest: str = ""
    size_bytes: int = 0

    def header(self, name: str) -> str:
        """The first value, or an empty text."""
        return next(iter(self.headers.get(name, [])), "")

    @property
    def id_digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.header("message-id").encode()).hexdigest()


class Opener:
    """Takes a mail in pieces as they arrive; `close()` gives it opened."""

    def __init__(self) -> None:
        self._parser = BytesFeedParser()
        self._digest = hashlib.sha256()
        self._head: bytes | None = b""
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Raises UnreadableMail."""
        self._size += len(piece)
        self._digest_body(piece)
        try:
            self._parser.feed(piece)
        except MAIL_TROUBLES as error:
            raise _unreadable(error) from error

    def close(self) -> OpenedMail:
        """Raises UnreadableMail."""
        try:
            message = self._parser.close()
            return _opened(message, self.body_digest, self._size)
        except MAIL_TROUBLES as error:
            raise _unreadable(error) from error

    @property
    def body_digest(self) -> str:
        return "sha256:" + self._digest.hexdigest()

    def _digest_body(self, piece: bytes) -> None:
        """Of what stands below the header: the same mail delivered twice differs in its Received lines only."""
        if self._head is None:
            self._digest.update(piece)
            return
        self._head += piece
        end = re.search(rb"\r?\n\r?\n", self._head)
        if end:
            self._digest.update(self._head[end.end() :])
            self._head = None


def open_mail(raw: bytes) -> OpenedMail:
    """Raises UnreadableMail."""
    opener = Opener()
    opener.feed(raw)
    return opener.close()


def _unreadable(error: Exception) -> UnreadableMail:
    return UnreadableMail(_("This mail cannot be taken apart (%(why)s).") % {"why": type(error).__name__})


def _opened(message: Message, body_digest: str, size: int) -> OpenedMail:
    texts, attachments = _contents(message)
    report_type = str(message.get_param("report-type") or "").lower()
    return OpenedMail(
        headers=_headers(message),
        text=clean_text("\n".join(texts))[:MOST_CHARACTERS],
        attachments=attachments,
        report=_report(message) if message.get_content_type() == "multipart/report" else None,
        report_type=report_type,
        body_digest=body_digest,
        size_bytes=size,
    )


# --- headers -----------------------------------------------------------------------------------------------------
def _headers(message: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in list(message.raw_items())[:MOST_HEADERS]:
        found.setdefault(name.lower(), []).append(header_text(str(value)))
    return found


def header_text(raw: str) -> str:
    """Encoded words decoded; one line, whatever they hid."""
    raw = raw[:HEADER_CHARACTERS]
    unfolded = _from_bytes(raw.encode("ascii", "surrogateescape"), "") if not raw.isascii() else raw
    try:
        pieces = decode_header(unfolded)
    except (HeaderParseError, ValueError, LookupError):
        return clean_line(unfolded)
    decoded = (piece if isinstance(piece, str) else _from_bytes(piece, charset or "") for piece, charset in pieces)
    return clean_line("".join(decoded))


def _from_bytes(content: bytes, charset: str) -> str:
    """In the named character set, or in what Korean and other mail that names none is written in."""
    named = CHARSETS.get(charset.lower(), charset.lower())
    for name in filter(None, (named, "utf-8", "cp949")):
        try:
            return content.decode(name)
        except (LookupError, UnicodeError):
            continue
    return content.decode("utf-8", "replace")


# --- parts -------------------------------------------------------------------------------------------------------
def _contents(message: Message) -> tuple[list[str], list[Attachment]]:
    """The texts that are shown, plain before HTML, and what hangs on the mail besides, by name and size."""
    plain: list[str] = []
    rich: list[str] = []
    attachments: list[Attachment] = []
    for part in _parts(message):
        kind, name = part.get_content_type(), _file_name(part)
        if name or part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
            if kind not in REPORT_PARTS:
                attachments.append(Attachment(name or kind, _size(part)))
        else:
            (plain if kind == "text/plain" else rich).append(_text(part))
    # Some programs send an empty plain part beside the HTML that says it all.
    if not "".join(plain).strip():
        plain = [text_of_html(text) for text in rich[:MOST_HTML_PARTS]]
    return plain, attachments


def _parts(message: Message) -> Iterator[Message]:
    """The leaves, in order; a mail inside the mail is one leaf and stays closed."""
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inside, list):
            waiting = [one for one in inside if isinstance(one, Message)] + waiting
        else:
            yield part


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = part.get_content_charset() or ""
    return _from_bytes(content[: 4 * MOST_CHARACTERS], charset)


def _file_name(part: Message) -> str:
    given = part.get_param("filename", None, "content-disposition") or part.get_param("name", None)
    if not given:
        return ""
    return header_text(collapse_rfc2231_value(given))[:120]


def _size(part: Message) -> int:
    inside = part.get_payload()
    if isinstance(inside, list):
        return sum(_size(one) for one in inside[:MOST_PARTS] if isinstance(one, Message))
    if not isinstance(inside, str):
        return 0
    length = len(inside) - inside.count("\n") - inside.count("\r")
    return length * 3 // 4 if str(part.get("content-transfer-encoding", "")).strip().lower() == "base64" else length


# --- reports -----------------------------------------------------------------------------------------------------
def _report(message: Message) -> list[dict[str, str]] | None:
    """The blocks of the delivery report that is a direct part of the mail; one that is merely forwarded does not count."""
    inside = message.get_payload()
    for part in inside if isinstance(inside, list) else []:
        if isinstance(part, Message) and part.get_content_type() in REPORT_PARTS:
            text = part.as_string().replace("\r\n", "\n").partition("\n\n")[2][:MOST_CHARACTERS]
            return [block for block in map(_block, re.split(r"\n[ \t]*\n", text)) if block]
    return None


def _block(text: str) -> dict[str, str]:
    fields = HeaderParser().parsestr(text.strip() + "\n\n")
    return {name.lower(): clean_line(str(value))[:HEADER_CHARACTERS] for name, value in fields.raw_items()}
