"""What every template may know."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from seoulguard.version import VERSION


def product(request: HttpRequest) -> dict[str, object]:
    return {
        "VERSION": VERSION,
        "DEMO": bool(settings.DEMO_HOSTS),
        "UNDO_SECONDS": settings.UNDO_SECONDS,
    }
