"""Headers that keep a page from being remembered by a shared device, and the settings a request goes by."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from cases import preferences

logger = logging.getLogger(__name__)


class PrivacyHeaders:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Every page here may be sensitive: nothing goes into a cache or the back-forward store.
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=(), display-capture=()"
        )
        return response


class ChangedSettings:
    """Each request goes by what an administrator changed, in whichever process that was; one small query tells."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            preferences.catch_up()
        except DatabaseError:
            # The page itself meets the same trouble, or does without the database.
            logger.warning("the changed settings could not be read ahead of a page")
        return self.get_response(request)
