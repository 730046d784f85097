"""The watch terms of a case: masked until asked for, added and removed, and the sites that may be told one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from cases import access, custody, terms
from cases.models import Case, User, WatchTerm
from cases.terms import TermError
from cases.vault import VaultError
from detection import searching, text_hits
from detection.asked import TermHit
from detection.variants import variants
from takedown.forms import TermForm

SHOWN_VARIANTS = 8


def case_terms(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """How many there are, of which kind, and what they found; no word."""
    case = access.case_read(request, case_id)
    return _page(request, case)


def show_terms(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """The words. Each look is put on record."""
    case = access.case_read(request, case_id)
    if request.method != "POST":  # a reload of the opened page
        return redirect("takedown:terms", case.pk)
    custody.record(case, "term_shown", actor=f"officer:{request.user.pk}", subject=f"terms:{case.pk}")
    return _page(request, case, shown=True)


@require_POST
@sensitive_post_parameters("text")
@sensitive_variables("form")
def add_term(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Watch for a word from now on, and read what waits to be examined for it."""
    case = access.case_write(request, case_id)
    form = TermForm(request.POST)
    if not form.is_valid():
        return _page(request, case, form=form)
    try:
        terms.add(case, form.cleaned_data["kind"], form.cleaned_data["text"], officer=_officer(request))
        text_hits.read_again(case)
    except (TermError, VaultError) as error:
        form.add_error("text", error.sentence)
        return _page(request, case, form=form)
    messages.success(request, _("It is watched for from now on. No site is told it unless you tick one."))
    return redirect("takedown:terms", case.pk)


@require_POST
def remove_term(request: HttpRequest, case_id: UUID, term_id: UUID) -> HttpResponse:
    case = access.case_write(request, case_id)
    term = get_object_or_404(WatchTerm, pk=term_id, case=case)
    searching.remove_term(term, officer=_officer(request))
    messages.success(request, _("Removed. It is watched for no more."))
    return redirect("takedown:terms", case.pk)


@require_POST
def tick_sites(request: HttpRequest, case_id: UUID, term_id: UUID) -> HttpResponse:
    """The sites that are ticked now, and no others, may be told this term."""
    case = access.case_write(request, case_id)
    term = get_object_or_404(WatchTerm, pk=term_id, case=case)
    chosen, officer = set(request.POST.getlist("sources")), _officer(request)
    try:
        for source in searching.sites():
            change = searching.tick if str(source.pk) in chosen else searching.untick
            change(term, source, officer=officer)
    except TermError as error:
        messages.error(request, error.sentence)
        return redirect("takedown:terms", case.pk)
    count = term.ticks.count()  # type: ignore[attr-defined]
    told = ngettext("%(count)d site is searched for it.", "%(count)d sites are searched for it.", count)
    messages.success(request, told % {"count": count})
    return redirect("takedown:terms", case.pk)


def _officer(request: HttpRequest) -> User:
    return access.officer_page(request)


@sensitive_variables("words")
def _page(request: HttpRequest, case: Case, *, shown: bool = False, form: TermForm | None = None) -> HttpResponse:
    words, trouble = {}, ""
    try:
        words = {word.term_id: word for word in terms.opened(case)} if shown else {}
    except VaultError as error:
        shown, trouble = False, error.sentence
    rows = WatchTerm.objects.filter(case=case).select_related("made_by").prefetch_related("ticks__source")
    rows = rows.annotate(hit_count=Count("hits__candidate", distinct=True), last_hit_at=Max("hits__found_at"))
    rows = rows.order_by("made_at", "pk")
    context = {
        "case": case,
        "rows": [_row(row, words[row.pk].text if row.pk in words else "") for row in rows],
        "sites": [{"source": one, "host": searching.host_of(one)} for one in searching.sites()],
        "shown": shown,
        "trouble": trouble,
        "form": form or TermForm(),
        "closed": case.status == Case.Status.CLOSED,
        "page": "cases",
    }
    return render(request, "takedown/terms.html", context, status=422 if form and form.errors else 200)


def _row(term: WatchTerm, text: str) -> dict[str, Any]:
    ticks = [tick for tick in term.ticks.all() if tick.host == searching.host_of(tick.source)]  # type: ignore[attr-defined]
    return {
        "term": term,
        "text": text,
        "variants": variants(text, SHOWN_VARIANTS) if text else [],
        "ticks": ticks,
        "ticked": {tick.source_id for tick in ticks},
        "places": [
            (TermHit.Place(place).label, count)
            for place, count in term.hits.values_list("place").annotate(Count("pk")).order_by("place")  # type: ignore[attr-defined]
        ],
        "hits": term.hit_count,  # type: ignore[attr-defined]
        "last_hit_at": term.last_hit_at,  # type: ignore[attr-defined]
    }
