"""The directory of hosting sites, for administrators; officers may read it."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from cases import access
from cases.models import Role
from takedown import contacts
from takedown.directory import names, shown
from takedown.directory.models import ContactChange
from takedown.forms import ContactsFile
from takedown.models import HostingSite

SITES_A_PAGE = 50
LONGEST_WORDS = 100


def contact_list(request: HttpRequest) -> HttpResponse:
    """Hosting sites with their contacts and their state, fifty a page."""
    user = access.staff_page(request)
    words, trouble = request.GET.get("q", "").strip()[:LONGEST_WORDS], request.GET.get("trouble", "")
    sites = Paginator(shown.listed(words, trouble), SITES_A_PAGE).get_page(request.GET.get("page"))
    rows = [
        {"site": site, "name": names.shown_name(site.domain), "contacts": shown.contact_rows(site)} for site in sites
    ]
    waiting = ContactChange.objects.filter(state=ContactChange.State.WAITING).count()
    return render(request, "takedown/contacts.html", {
        "sites": sites, "rows": rows, "words": words, "trouble": trouble, "waiting": waiting,
        "may_change": user.has_role(Role.ADMIN), "page": "contacts",
    })  # fmt: skip


def site(request: HttpRequest, site_id: int) -> HttpResponse:
    """One hosting site: how to reach it, who suggests what, what waits, what happened."""
    user = access.staff_page(request)
    row = get_object_or_404(HostingSite.objects.prefetch_related("contacts"), pk=site_id)
    return render(request, "takedown/site.html", {**shown.facts_of(row, user), "page": "contacts"})


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
    admin = access.admin_page(request)
    form = ContactsFile(request.POST or None, request.FILES or None)
    outcome = None
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        outcome = contacts.import_csv(told["file"].read(), apply=told["apply"], admin=admin)
    return render(request, "takedown/contacts_import.html", {"form": form, "outcome": outcome, "page": "contacts"})
