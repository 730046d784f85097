"""For administrators: the lawbook as letters of a fictitious case, and what is missing in it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from cases import access
from takedown import preview
from takedown.jurisdictions import JURISDICTIONS, LANGUAGES
from takedown.models import AddresseeType, LetterTemplate, Statute

CONTENTS = {
    "filmed": _("Filmed"), "synthetic": _("Synthetic"), "minor": _("Minor"), "identifying": _("Personal details"),
}  # fmt: skip


def letters_preview(request: HttpRequest) -> HttpResponse:
    """A letter of the fictitious case in every language, as this installation would write it."""
    access.admin_page(request)
    chosen = _chosen(request)
    try:
        letters, trouble = preview.in_every_language(**chosen), ""
    except (KeyError, ValueError, IndexError) as error:  # what an edited paragraph can cause
        letters, trouble = [], f"{type(error).__name__} {error}"
    return render(request, "takedown/letters_preview.html", {"letters": letters, "trouble": trouble, **_axes(chosen)})


def letters_missing(request: HttpRequest) -> HttpResponse:
    """What of the lawbook is missing, unverified, or not checked by counsel."""
    access.admin_page(request)
    chosen, rows = _chosen(request), list(LetterTemplate.objects.all())
    lines = [_named(line) for line in preview.combination_lines(chosen["jurisdiction"])]
    values = {
        "languages": preview.language_lines(rows),
        "statutes": preview.statute_lines(Statute.objects.all(), rows),
        "combinations": lines,
        "language_names": LANGUAGES,
    }
    return render(request, "takedown/letters_missing.html", {**values, **_axes(chosen)})


def _named(line: dict[str, Any]) -> dict[str, Any]:
    named = {"addressee_name": AddresseeType(line["addressee"]).label, "content_name": CONTENTS[line["content"]]}
    return {**line, **named}


def _chosen(request: HttpRequest) -> dict[str, str]:
    """The axes of the address; an unknown value is no page."""
    chosen = {
        "jurisdiction": request.GET.get("jurisdiction", "KR"),
        "addressee": request.GET.get("addressee", "site"),
        "content": request.GET.get("content", "filmed"),
    }
    known = {"jurisdiction": JURISDICTIONS, "addressee": AddresseeType.values, "content": CONTENTS}
    if any(chosen[name] not in values for name, values in known.items()):
        raise Http404
    return chosen


def _axes(chosen: dict[str, str]) -> dict[str, Any]:
    return {
        "chosen": chosen,
        "jurisdictions": JURISDICTIONS,
        "addressees": AddresseeType.choices,
        "contents": CONTENTS.items(),
        "page": "lawbook",
    }
