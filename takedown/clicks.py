"""What a click ends with: it was done, or a sentence why it was refused. No click is passed over silently."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest

from takedown.drafting import NoticeError


def said(request: HttpRequest, act: Callable[[], object], done: str) -> None:
    """Do it and say `done`, or say what NoticeError said."""
    try:
        act()
    except NoticeError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
