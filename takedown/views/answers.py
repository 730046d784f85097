"""Who answers: what hosts and contacts did with our letters, how right we were, and what a case has cost."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from cases import access
from cases.chronicle import SENTENCES
from cases.models import Case, Role
from takedown import answering, transparency
from takedown.costs import cost_of
from takedown.models import HostingSite


def answers(request: HttpRequest) -> HttpResponse:
    """Every host that was written to; leads see as well how often each officer's letters were right."""
    user = access.staff_page(request)
    records = answering.by_host()
    return render(
        request, "takedown/answers.html",
        {
            "records": records, "reasons": answering.reasons_of(records), "page": "answers",
            "precision": answering.precision_ledger() if user.has_role(Role.LEAD) else [],
        },
    )  # fmt: skip


def answers_of(request: HttpRequest, site_id: int) -> HttpResponse:
    """The contacts of one site."""
    access.staff_page(request)
    site = get_object_or_404(HostingSite, pk=site_id)
    return render(
        request, "takedown/answers_of.html", {"site": site, "records": answering.by_contact(site.pk), "page": "answers"}
    )


def export(request: HttpRequest) -> HttpResponse:
    """For a transparency report; small numbers are left out."""
    access.lead_page(request)
    headers = {"Content-Disposition": 'attachment; filename="transparency.csv"'}
    return HttpResponse(transparency.export(), content_type="text/csv; charset=utf-8", headers=headers)


def cost(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Steps and minutes of one case."""
    officer = access.officer_page(request)
    case = get_object_or_404(Case, pk=case_id)
    if not access.may_see(officer, case):
        raise Http404
    spent = cost_of(case)
    rows = [(SENTENCES.get(act, act), people, machine) for act, people, machine in spent.rows]
    return render(request, "takedown/cost.html", {"case": case, "cost": spent, "rows": rows, "page": "cases"})
