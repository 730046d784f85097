"""A change of language in the middle of a form: what was entered goes with it, and the answer already speaks it."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


def asked_language(request: HttpRequest) -> str:
    """The language whose switch was pressed within the form, "" if none was. From here on it is spoken."""
    asked = request.POST.get("speak", "") if request.method == "POST" else ""
    if asked not in dict(settings.LANGUAGES):
        return ""
    translation.activate(asked)
    return asked


def remember_language(response: HttpResponse, language: str) -> HttpResponse:
    """As Django's own switch does it: a cookie with nothing else in it. "" changes nothing."""
    if language:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
    return response
