"""The directory of hosting sites, for administrators; officers may read it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cases import access
from takedown import contacts
from takedown.forms import ContactsFile
from takedown.models import HostingSite


def contact_list(request: HttpRequest) -> HttpResponse:
    """Every hosting site with its contacts and their state."""
    access.staff_page(request)
    sites = HostingSite.objects.prefetch_related("contacts").order_by("name")
    return render(request, "takedown/contacts.html", {"sites": sites, "page": "contacts"})


def contacts_export(request: HttpRequest) -> HttpResponse:
    """The directory as CSV that opens in a spreadsheet."""
    access.admin_page(request)
    return HttpResponse(
        contacts.export_csv(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="contacts.csv"'},
    )


def contacts_import(request: HttpRequest) -> HttpResponse:
    """A dry run first: errors by row, in sentences. Nothing is half applied."""
    access.admin_page(request)
    form = ContactsFile(request.POST or None, request.FILES or None)
    outcome = None
    if request.method == "POST" and form.is_valid():
        outcome = contacts.import_csv(form.cleaned_data["file"].read(), apply=form.cleaned_data["apply"])
    return render(request, "takedown/contacts_import.html", {"form": form, "outcome": outcome, "page": "contacts"})
