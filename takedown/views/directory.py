"""What administrators do in the directory. Each verb is one POST; its outcome is said on the site's page."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import access
from cases.models import User
from takedown import contacts
from takedown.directory import changes, shown, suggesting
from takedown.directory.changes import ChangeError
from takedown.directory.forms import ContactForm, MergeForm
from takedown.directory.models import ContactChange, Suggestion
from takedown.models import Contact, HostingSite

A = ContactChange.Action


@require_POST
def look_up(request: HttpRequest, site_id: int) -> HttpResponse:
    """Have a worker look for contacts: the next sweep rings for the row, and the page shows what it finds."""
    admin = access.admin_page(request)
    site = get_object_or_404(HostingSite, pk=site_id)
    suggesting.ask(site, admin)
    return redirect("takedown:site", site.pk)


@require_POST
def add(request: HttpRequest, site_id: int) -> HttpResponse:
    """A contact typed by hand; confirmed at once only where the administrator says to have checked it."""
    admin = access.admin_page(request)
    site = get_object_or_404(HostingSite, pk=site_id)
    form = ContactForm(request.POST)
    if not form.is_valid():
        return _refused(request, admin, site, form=form)
    try:
        change = changes.propose(site, A.ADD, admin, fields=form.fields_told())
        if form.cleaned_data["checked"] and change.contact:
            change = changes.propose(site, A.CONFIRM, admin, contact=change.contact)
    except ChangeError as error:
        form.add_error(None, error.sentence)
        return _refused(request, admin, site, form=form)
    return _told(request, change)


def edit(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Address, order, scope and note of one contact."""
    admin = access.admin_page(request)
    contact = _contact(contact_id)
    form = ContactForm(request.POST or None, contact=contact)
    form.fields.pop("checked")
    if request.method == "POST" and form.is_valid():
        fields = form.fields_told(contact)
        if not fields:
            return redirect("takedown:site", contact.site_id)
        try:
            return _told(request, changes.propose(contact.site, A.CHANGE, admin, contact=contact, fields=fields))
        except ChangeError as error:
            form.add_error(None, error.sentence)
    why = changes.in_words(changes.why_second(contact.site, A.CHANGE))
    return render(
        request, "takedown/contact_edit.html", {"form": form, "contact": contact, "why": why, "page": "contacts"}
    )


@require_POST
def contact_verb(request: HttpRequest, contact_id: int, verb: str) -> HttpResponse:
    """Confirm, pause or remove one contact."""
    admin = access.admin_page(request)
    contact = _contact(contact_id)
    if verb == "pause":
        contacts.pause(contact, admin, _("Paused by an administrator."))
        messages.success(request, _("Paused. Letters go to the next contact."))
        return redirect("takedown:site", contact.site_id)
    action = {"confirm": A.CONFIRM, "remove": A.REMOVE}.get(verb)
    if action is None:
        raise Http404
    return _proposed(request, admin, contact.site, action, contact)


@require_POST
def suggestion_verb(request: HttpRequest, suggestion_id: int, verb: str) -> HttpResponse:
    """Take a suggestion over as a confirmed contact, or reject it."""
    admin = access.admin_page(request)
    suggestion = get_object_or_404(Suggestion.objects.select_related("site"), pk=suggestion_id)
    if verb == "reject":
        suggesting.reject(suggestion, admin)
        return redirect("takedown:site", suggestion.site_id)
    if verb != "take":
        raise Http404
    try:
        return _told(request, suggesting.take_over(suggestion, admin))
    except ChangeError as error:
        messages.error(request, error.sentence)
        return redirect("takedown:site", suggestion.site_id)


@require_POST
def change_verb(request: HttpRequest, change_id: int, verb: str) -> HttpResponse:
    """The second administrator's yes or no."""
    admin = access.admin_page(request)
    change = get_object_or_404(ContactChange, pk=change_id)
    if verb not in ("agree", "decline"):
        raise Http404
    try:
        (changes.agree if verb == "agree" else changes.decline)(change, admin)
        messages.success(request, _("Done.") if verb == "agree" else _("Declined. Nothing was changed."))
    except ChangeError as error:
        messages.error(request, error.sentence)
    return redirect("takedown:site", change.site_id)


@require_POST
def merge(request: HttpRequest, site_id: int) -> HttpResponse:
    """This entry and another are one site."""
    admin = access.admin_page(request)
    site = get_object_or_404(HostingSite, pk=site_id)
    form = MergeForm(request.POST, site=site)
    if not form.is_valid():
        return _refused(request, admin, site, merge=form)
    return _proposed(request, admin, site, A.MERGE, None, into=form.cleaned_data["into"])


def _contact(contact_id: int) -> Contact:
    kept = Contact.objects.exclude(state=Contact.State.RETIRED).select_related("site")
    return get_object_or_404(kept, pk=contact_id)


def _refused(request: HttpRequest, admin: User, site: HostingSite, **form: ContactForm | MergeForm) -> HttpResponse:
    """The site's page again, with what was typed and why it cannot be."""
    facts = shown.facts_of(site, admin, **form)  # type: ignore[arg-type]
    return render(request, "takedown/site.html", {**facts, "page": "contacts"}, status=422)


def _proposed(
    request: HttpRequest, admin: User, site: HostingSite, action: str, contact: Contact | None, **fields: str
) -> HttpResponse:
    try:
        return _told(request, changes.propose(site, action, admin, contact=contact, fields=fields))
    except ChangeError as error:
        messages.error(request, error.sentence)
        return redirect("takedown:site", site.pk)


def _told(request: HttpRequest, change: ContactChange) -> HttpResponse:
    """Say what became of it, on the page of the site it belongs to now."""
    if change.state == ContactChange.State.WAITING:
        messages.warning(
            request, _("This waits for a second administrator. %(why)s") % {"why": changes.in_words(change.why)}
        )
    else:
        messages.success(request, _("Done."))
    kept = ContactChange.objects.values_list("site_id", flat=True).get(pk=change.pk)
    return redirect("takedown:site", kept)
