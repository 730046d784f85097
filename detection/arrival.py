"""A medium that arrives in two steps: its first megabytes, then the rest, at the host's pace, in memory only.

A site that knows no ranges sends the whole at once, which is as good.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from cases import web
from cases.web import FetchError
from detection import hosts, robots
from detection.found import refused
from detection.streams import is_manifest
from detection.streams.plan import MANIFEST_MAX_BYTES
from detection.watched import WatchedHost

BEGINNING = 4 * 1024 * 1024
PATIENCE_SECONDS = 5.0
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)\Z")
# Some servers answer a range they do not want to serve with an error.
NO_RANGES = frozenset({400, 416, 501})
UNPACKED = {"Accept-Encoding": "identity"}
CHUNK = 1024 * 1024


class Arrival:
    """`fd` holds what has arrived, `size` is the whole's in bytes, `received` all bytes that were sent to us."""

    def __init__(self, url: str, memory: BinaryIO, host: WatchedHost):
        self.url, self._memory, self._host = url, memory, host
        self.size = self.received = 0
        self.whole = False
        self.answer = self._ask(_span(0, BEGINNING - 1))
        self._take_beginning()

    @property
    def fd(self) -> int:
        return self._memory.fileno()

    def finish(self) -> None:
        """Let the rest arrive. Raises FetchError, hosts.Later."""
        if self.whole:
            return
        validator = self._strong_validator()
        if not validator:
            self._start_again()
            return
        begun = self._arrived()
        rest = self._ask({**_span(begun), "If-Range": validator})
        if rest.status == 206 and _range_of(rest) == (begun, self.size):
            self.whole = self._arrived() == self.size
        elif rest.status == 200:  # it changed meanwhile: all of it was sent, behind the old beginning
            self._drop_beginning(begun)
        else:
            self._start_again()
        if not self.whole:
            raise FetchError("unreachable", _("The site did not answer, or broke off."), permanent=False)

    def digest(self, length: int | None = None) -> str:
        """ "sha256:…" of what has arrived, or of its first bytes."""
        if length is not None:
            return "sha256:" + hashlib.sha256(os.pread(self.fd, length, 0)).hexdigest()
        self._memory.seek(0)
        return "sha256:" + hashlib.file_digest(self._memory, "sha256").hexdigest()  # type: ignore[arg-type]

    @property
    def is_manifest(self) -> bool:
        """Whether what has arrived only lists the pieces of a stream."""
        return self.size <= MANIFEST_MAX_BYTES and is_manifest(os.pread(self.fd, 4096, 0))

    def content(self) -> bytes:
        return os.pread(self.fd, self._arrived(), 0)

    def _take_beginning(self) -> None:
        answer, total = self.answer, _range_of(self.answer)
        if answer.status in NO_RANGES or (answer.status == 206 and (total is None or total[0] != 0)):
            self._start_again()
        elif answer.status >= 400:
            raise refused(answer.status)
        elif answer.status == 206 and total:
            self.size, self.whole = total[1], self._arrived() == total[1]
            if self.size > settings.MEDIA_MAX_BYTES:
                raise FetchError("too_large", _("What the site sends is larger than allowed."), permanent=True)
        else:
            self.size, self.whole = answer.size, True

    def _start_again(self) -> None:
        self._memory.seek(0)
        self._memory.truncate()
        self.answer = self._ask({})
        if self.answer.status >= 400:
            raise refused(self.answer.status)
        self.size, self.whole = self.answer.size, True

    def _ask(self, headers: Mapping[str, str]) -> web.Fetched:
        limit = web.MEDIA_DEADLINE_SECONDS
        with hosts.turn(self._host, patience_seconds=PATIENCE_SECONDS, lease_seconds=limit):
            answer = web.download(self.url, self._memory, max_bytes=settings.MEDIA_MAX_BYTES, headers=headers)
        self._memory.flush()
        self.received += answer.size
        hosts.note_answer(self._host, answer.status, answer.headers)
        return answer

    def _drop_beginning(self, begun: int) -> None:
        """Shift what came behind the old beginning to the front."""
        length = self._arrived() - begun
        for offset in range(0, length, CHUNK):
            os.pwrite(self.fd, os.pread(self.fd, min(CHUNK, length - offset), begun + offset), offset)
        self._memory.truncate(length)
        self.size, self.whole = length, True

    def _arrived(self) -> int:
        return os.fstat(self.fd).st_size

    def _strong_validator(self) -> str:
        etag = self.answer.headers.get("etag", "")
        return etag if etag and not etag.startswith("W/") else self.answer.headers.get("last-modified", "")


@contextmanager
def arriving(url: str, *, followed: bool) -> Iterator[Arrival]:
    """The beginning of the medium at `url`. `followed`: robots.txt is, as for all that a source led to.

    Raises FetchError, also for an answer that is none; hosts.Later when the host may not be asked now.
    """
    host = permitted_host(url, followed=followed)
    with os.fdopen(os.memfd_create("found", os.MFD_CLOEXEC), "w+b") as memory:
        yield Arrival(url, memory, host)


def permitted_host(url: str, *, followed: bool) -> WatchedHost:
    """The host of a medium that may be fetched. Raises FetchError."""
    host = hosts.host_of(url)
    if followed:
        robots.read_if_old(host, url, lambda address: _robots(host, address))
        if robots.unreadable(host) or not robots.allows(host, url):
            raise FetchError("forbidden", robots.forbidden_sentence(), permanent=True)
    return host


def _robots(host: WatchedHost, address: str) -> web.Fetched:
    with hosts.turn(host, patience_seconds=PATIENCE_SECONDS):
        return robots.fetch(address)


def _span(first: int, last: int | None = None) -> dict[str, str]:
    return {"Range": f"bytes={first}-{'' if last is None else last}", **UNPACKED}


def _range_of(answer: web.Fetched) -> tuple[int, int] | None:
    """(first byte, size of the whole) as the site says, or None."""
    found = CONTENT_RANGE.match(answer.headers.get("content-range", ""))
    return (int(found.group(1)), int(found.group(3))) if found else None


def beginning_of(url: str, length: int, *, followed: bool) -> tuple[web.Fetched, int]:
    """The first bytes alone, in `body`, and the whole's size as the site says (0 where it does not)."""
    host = permitted_host(url, followed=followed)
    with hosts.turn(host, patience_seconds=PATIENCE_SECONDS):
        answer = web.fetch(url, headers=_span(0, length - 1), first_bytes=length)
    hosts.note_answer(host, answer.status, answer.headers)
    if answer.status == 206:
        total = _range_of(answer)
        return answer, total[1] if total and total[0] == 0 else 0
    declared = answer.headers.get("content-length", "")
    return answer, int(declared) if declared.isdigit() and declared.isascii() else answer.size * answer.whole
