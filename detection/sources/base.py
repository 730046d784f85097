"""What every kind of source says: what was found, and why nothing was."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urldefrag, urljoin, urlsplit

LONGEST_ADDRESS = 4000
# No database stores these, and no honest page has them in an address.
UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class SourceError(Exception):
    """A page of a source that gave nothing to look through. `sentence` is for a person."""

    def __init__(self, sentence: str):
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class FoundMedia:
    """A medium and the page it was found on, both absolute addresses."""

    page_url: str
    media_url: str
    title: str = ""
    uploader: str = ""
    posted_at: datetime | None = None


@dataclass(frozen=True)
class Skipped:
    """What a visit passed over: the address, or what stands for one, and why, as a sentence."""

    address: str
    sentence: str


def web_address(base: str, address: str) -> str:
    """The absolute http(s) address without fragment, or an empty string for anything else."""
    try:
        joined = urldefrag(urljoin(base, address.strip())).url
        parts = urlsplit(joined)
    except ValueError:
        return ""
    if not address.strip() or parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return "" if len(joined) > LONGEST_ADDRESS or UNWRITABLE.search(joined) else joined
