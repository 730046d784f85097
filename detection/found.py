"""A found medium in memory: downloaded through the one door, never on a disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from cases import web
from cases.web import FetchError

TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class InMemory:
    """An anonymous memory file; `digest` is "sha256:…", `size` in bytes, `media_type` as the site says."""

    fd: int
    digest: str
    size: int
    media_type: str


@contextmanager
def found_media(media_url: str) -> Iterator[InMemory]:
    """Download a medium into memory for the length of the block. Raises FetchError, also for an answer that is none."""
    with os.fdopen(os.memfd_create("found", os.MFD_CLOEXEC), "w+b") as memory:
        answer = web.download(media_url, memory, max_bytes=settings.MEDIA_MAX_BYTES)
        if answer.status >= 400:
            raise refused(answer.status)
        memory.flush()
        memory.seek(0)
        yield InMemory(memory.fileno(), f"sha256:{answer.sha256}", answer.size, answer.media_type)


def refused(status: int) -> FetchError:
    """The error for an answer that is none; busy sites are asked again."""
    sentence = _("The site answered %(status)d.") % {"status": status}
    return FetchError("answered", sentence, permanent=status not in TRY_AGAIN)
