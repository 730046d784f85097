"""A found medium in memory: downloaded through the one door, never on a disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from django.utils.translation import gettext as _

from cases import web
from cases.web import FetchError
from detection.streams import is_manifest, join
from detection.streams.plan import MANIFEST_MAX_BYTES

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class InMemory:
    """An anonymous memory file; `digest` is "sha256:…", `size` in bytes, `media_type` as the site says.

    `note` says in a sentence what of the medium is not in it, or is empty.
    """

    fd: int
    digest: str
    size: int
    media_type: str
    note: str = ""


@contextmanager
def found_media(media_url: str) -> Iterator[InMemory]:
    """Download a medium into memory for the length of the block. Raises FetchError, also for an answer that is none.

    Where the address leads to a manifest (HLS, DASH), its pieces are fetched and joined: ffmpeg gets a file, never an
    address.
    """
    with _memory() as memory:
        answer = web.download(media_url, memory, max_bytes=settings.MEDIA_MAX_BYTES)
        if answer.status >= 400:
            raise refused(answer.status)
        memory.flush()
        memory.seek(0)
        if answer.size > MANIFEST_MAX_BYTES or not is_manifest(memory.read(4096)):
            memory.seek(0)
            yield InMemory(memory.fileno(), f"sha256:{answer.sha256}", answer.size, answer.media_type)
            return
        memory.seek(0)
        with joined(memory.read(), answer.final_url) as medium:
            yield medium


@contextmanager
def joined(manifest: bytes, url: str) -> Iterator[InMemory]:
    """The video whose pieces a manifest found at `url` names. Raises FetchError."""
    with _memory() as memory:
        made = join(manifest, url, memory, max_bytes=settings.MEDIA_MAX_BYTES)
        memory.flush()
        memory.seek(0)
        yield InMemory(memory.fileno(), made.digest, made.size, made.media_type, made.note)


def _memory() -> IO[bytes]:
    return os.fdopen(os.memfd_create("found", os.MFD_CLOEXEC), "w+b")


def refused(status: int) -> FetchError:
    """The error for an answer that is none; busy sites are asked again."""
    sentence = _("The site answered %(status)d.") % {"status": status}
    return FetchError("answered", sentence, permanent=status not in TRY_AGAIN)
