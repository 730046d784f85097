"""Hosting sites in the administration: name, domains, law and language. Their contacts are kept on the directory's pages."""

from __future__ import annotations

from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cases.models import User
from detection.admin import ForAdministrators
from takedown.addressing import trouble_with
from takedown.directory import changes, names, record
from takedown.directory.models import ContactChange, DirectoryEntry
from takedown.ladder_admin import LadderInline, note_change
from takedown.ladder_models import SiteLadder
from takedown.models import Contact, HostingSite


class HostingSiteForm(forms.ModelForm):
    aliases = forms.CharField(
        label=_("other domains"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line. Names in any script; they are stored in their ASCII form."),
    )  # fmt: skip

    class Meta:
        model = HostingSite
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["aliases"] = "\n".join(self.instance.aliases)

    def clean_domain(self) -> str:
        try:
            domain = names.ascii_name(self.cleaned_data["domain"])
        except names.NameTrouble as error:
            raise forms.ValidationError(str(error)) from error
        if names.owners().get(domain, self.instance.pk) != self.instance.pk:
            raise forms.ValidationError(_("Another site of the directory has this domain."))
        return domain

    def clean_aliases(self) -> list[str]:
        domain = self.cleaned_data.get("domain", "")
        try:
            return names.alias_list(self.cleaned_data["aliases"], site_id=self.instance.pk, domain=domain)
        except names.NameTrouble as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if "domain" in given and "aliases" in given:
            try:
                changes.check_names_stay(self.instance, [given["domain"], *given["aliases"]])
            except changes.ChangeError as error:
                raise forms.ValidationError(error.sentence) from error
        return given

    def clean_time_zone(self) -> str:
        name = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("Not a time zone. Example: Asia/Seoul"))
        return str(name)


class ContactInline(admin.TabularInline):
    """To look at. Contacts are changed on the site's page of the directory, where a second administrator may be needed."""

    model = Contact
    extra = 0
    fields = ("channel", "address", "rank", "state", "confirmed_at", "failure")
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return ForAdministrators._is_administrator(self, request)  # type: ignore[arg-type]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(HostingSite)
class HostingSiteAdmin(ForAdministrators):
    form = HostingSiteForm
    inlines = [LadderInline, ContactInline]
    list_display = ["name", "domain", "addressee_type", "language", "jurisdiction", "state"]
    list_filter = ["addressee_type", "jurisdiction", "language"]
    search_fields = ["name", "domain", "contacts__address"]
    actions = ["confirm_contacts"]

    @admin.display(description=_("letters"))
    def state(self, site: HostingSite) -> str:
        troubles = [trouble_with(contact) for contact in site.contacts.all()]
        if "" in troubles:
            return str(_("can be mailed"))
        return troubles[0] if troubles else trouble_with(None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[HostingSite]:
        return super().get_queryset(request).prefetch_related("contacts")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Sites are merged, not deleted: letters and their log refer to them."""
        return False

    def view_on_site(self, site: HostingSite) -> str:
        return reverse("takedown:site", args=[site.pk])

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """On to its contacts."""
        return redirect("takedown:site", obj.pk)

    response_post_save_change = response_post_save_add

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = {name: form.initial.get(name) for name in form.changed_data} if change else {}
        super().save_model(request, obj, form, change)
        if change and not form.changed_data:
            return
        verb = DirectoryEntry.Verb.SITE_CHANGED if change else DirectoryEntry.Verb.SITE_ADDED
        after = {name: form.cleaned_data[name] for name in form.changed_data}
        record.write(obj, verb, cast(User, request.user), before=before, fields=after)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        if formset.model is SiteLadder:
            note_change(form.instance, formset, cast(User, request.user))

    @admin.action(description=_("Confirm the contacts of the selected sites"))
    def confirm_contacts(self, request: HttpRequest, chosen: QuerySet[HostingSite]) -> None:
        waiting = Contact.objects.filter(site__in=chosen, state=Contact.State.USABLE, confirmed_at=None)
        action, person = ContactChange.Action.CONFIRM, cast(User, request.user)
        done = [changes.propose(one.site, action, person, contact=one).state for one in waiting.select_related("site")]
        count = done.count(ContactChange.State.APPLIED)
        said = ngettext("%(count)d contact confirmed.", "%(count)d contacts confirmed.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)
        if left := len(done) - count:
            said = ngettext(
                "%(count)d contact waits for a second administrator.", "%(count)d contacts wait for a second administrator.", left
            )  # fmt: skip
            self.message_user(request, said % {"count": left}, messages.WARNING)
