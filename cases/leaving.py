"""After the way out: the pages of the visit stay closed, so that "back" shows nothing of them.

A browser keeps the addresses of a visit whatever a site does. The pages themselves it does not keep (`no-store`): it asks
for them once more, and the mark that was set on leaving lets this app answer with a page that says nothing. That needs no
script, holds for "forward" and for a tab that is reopened, and ends when the visitor opens the pages again on purpose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# A page nobody wonders about.
WAY_OUT = "https://www.weather.go.kr/"
# Says nothing about what was closed; gone with the browser.
MARK = "__Host-closed" if settings.HTTPS else "closed"
STAYS_OPEN = {"leave", "again"}


def shut(request: HttpRequest) -> HttpResponse:
    """The answer to the way out: no cookie but the mark is left, and another site opens from an empty page.

    The page leads on by itself rather than by a redirect: so this one is gone even if the other site does not answer.
    """
    response = render(request, "cases/closed.html", {"way_out": WAY_OUT})
    for name in request.COOKIES:
        response.delete_cookie(name)
    response.set_cookie(MARK, "1", secure=settings.HTTPS, httponly=True, samesite="Lax")
    # Cookies are named above: cleared as a whole, the mark would go with them.
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


class ClosedPages:
    """Answers for every public page of this app while the mark is set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        public = not getattr(view, "login_required", True) and match is not None and match.app_name == "cases"
        if not request.COOKIES.get(MARK) or not public or (match and match.url_name in STAYS_OPEN):
            return None
        return render(request, "cases/closed.html")
