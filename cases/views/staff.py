"""The officer's list of cases and one case with its timeline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from cases import access, chronicle, custody, vault
from cases.models import Case, Person

SHOWN = 500


def case_list(request: HttpRequest) -> HttpResponse:
    """Own cases, the oldest first; a lead sees all."""
    user = access.officer_page(request)
    chosen = request.GET.get("status", "")
    own = Case.objects.visible_to(user)
    rows = own.filter(status=chosen) if chosen in Case.Status.values else own
    counted = rows.select_related("officer").annotate(
        evidence_count=Count("evidence", distinct=True), match_count=Count("matches", distinct=True)
    )
    return render(
        request, "cases/case_list.html",
        {"cases": counted.order_by("opened_at")[:SHOWN], "filters": filters(own), "chosen": chosen,
         "total": own.count(), "hidden": max(0, rows.count() - SHOWN), "page": "cases"},
    )  # fmt: skip


def filters(own: QuerySet[Case]) -> list[dict[str, Any]]:
    """Each status with how many of the own cases are in it."""
    counts = dict(own.order_by().values_list("status").annotate(Count("pk")))
    return [{"value": value, "label": label, "count": counts.get(value, 0)} for value, label in Case.Status.choices]


def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """One case; the person's details stay closed until they are asked for."""
    row = access.case_read(request, case_id)
    if row.read_at is None and row.officer == request.user:
        row.read_at = timezone.now()
        row.save(update_fields=["read_at"])
    return render(request, "cases/case.html", case_context(row))


def show_person(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """Open the sealed details. The look is put on record each time."""
    row = access.case_read(request, case_id)
    if request.method != "POST":  # a reload of the opened page
        return redirect("cases:case", row.pk)
    custody.record(row, "viewed", actor=f"officer:{request.user.pk}", subject=f"person:{row.pk}")
    return render(request, "cases/case.html", {**case_context(row), "person": opened_person(row)})


def case_context(row: Case) -> dict[str, Any]:
    consent = row.consents.filter(withdrawn_at=None).order_by("-granted_at").first()
    return {
        "case": row,
        "consent": consent,
        "watched": row.allows_work(timezone.now()),
        "evidence": row.evidence.all(),
        "captures": row.captures.filter(purpose="presence").order_by("-started_at"),
        "notices": row.notices.select_related("site").order_by("-drafted_at"),  # type: ignore[attr-defined]
        "timeline": chronicle.timeline(row),
        "broken": custody.verify_chain(row),
        "again": reverse("cases:case", args=[row.pk]),
        "page": "cases",
    }


def opened_person(row: Case) -> dict[str, Any]:
    """The person's details and the addresses they gave, in the clear; a key that is gone is a sentence in their place."""
    person = Person.objects.filter(case=row).first()
    try:
        return {
            "name": vault.open_text(row, "name", bytes(person.name_sealed)) if person else "",
            "contact": vault.open_text(row, "contact", bytes(person.contact_sealed)) if person else "",
            "hours": vault.open_text(row, "hours", bytes(person.hours_sealed)) if person else "",
            "account": vault.open_text(row, "account", bytes(row.account_sealed)),
            "addresses": [
                vault.open_text(row, "url", bytes(one.url_sealed)) for one in row.evidence.filter(kind="url")
            ],
        }
    except vault.VaultError as error:
        return {"trouble": error.sentence}
