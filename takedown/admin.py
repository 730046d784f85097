"""Kept by administrators: the centre, hosting sites with their contacts, statutes, letter paragraphs.

What was drafted and sent can be looked at, not changed, and without the letters' text: cases stay out of sight.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms.models import ModelFormMetaclass
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from detection.admin import ForAdministrators, ReadOnly
from takedown.directory.admin import HostingSiteAdmin
from takedown.models import (
    LETTER_CONDITIONS,
    LETTER_LANGUAGES,
    Delivery,
    Notice,
    Organisation,
    RemovalCheck,
)

__all__ = ["HostingSiteAdmin"]


# --- the centre --------------------------------------------------------------------------------------------------
CENTRE_FIELDS: list[Any] = [
    "legal_representative", "legal_representative_ko", "address", "address_ko", "phone", "email", "country", "conditions",
]  # fmt: skip


class _OrganisationForm(forms.ModelForm):
    """One line per language in place of JSON."""

    class Meta:
        model = Organisation
        fields = CENTRE_FIELDS

    conditions = forms.MultipleChoiceField(
        label=_("Confirmed conditions"), choices=LETTER_CONDITIONS, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick only what counsel confirmed. What is not ticked is not cited."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, _name in LETTER_LANGUAGES:
            self.fields[f"name_{code}"].initial = self.instance.names.get(code, "")
            self.fields[f"mandate_{code}"].initial = self.instance.mandates.get(code, "")

    def save(self, commit: bool = True) -> Any:
        self.instance.names = self._words("name")
        self.instance.mandates = self._words("mandate")
        return super().save(commit)

    def _words(self, prefix: str) -> dict[str, str]:
        given = {code: self.cleaned_data.get(f"{prefix}_{code}", "").strip() for code, _name in LETTER_LANGUAGES}
        return {code: text for code, text in given.items() if text}


def _lines(prefix: str) -> dict[str, forms.CharField]:
    def line(name: Any) -> forms.CharField:
        return forms.CharField(label=name, required=False, max_length=500, widget=forms.TextInput(attrs={"size": 90}))

    return {f"{prefix}_{code}": line(name) for code, name in LETTER_LANGUAGES}


OrganisationForm = ModelFormMetaclass(
    "OrganisationForm", (_OrganisationForm,), {**_lines("name"), **_lines("mandate"), "__module__": __name__}
)


@admin.register(Organisation)
class OrganisationAdmin(ForAdministrators):
    form = OrganisationForm  # type: ignore[assignment]
    fieldsets = [
        (None, {"fields": CENTRE_FIELDS}),
        (_("Name of the centre"), {"fields": list(_lines("name"))}),
        (
            _("Legal mandate"),
            {
                "fields": list(_lines("mandate")),
                "description": _(
                    "Statute and designation, as they are printed in every letter. English stands in for a language "
                    "left empty."
                ),
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Organisation.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


# --- what left ---------------------------------------------------------------------------------------------------
@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    list_display = ["reference", "site", "language", "status", "reason", "drafted_at", "sent_at", "removed_at"]
    list_filter = ["status", "language", "site"]
    date_hierarchy = "drafted_at"
    search_fields = ["reference"]
    fields = [
        "reference", "site", "contact", "language", "status", "reason", "statutes", "found_at", "drafted_at",
        "approved_at", "approved_digest", "message_id", "send_after", "sent_at", "removed_at",
    ]  # fmt: skip


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = ["notice", "recipient", "status", "answer", "began_at", "ended_at"]
    list_filter = ["status"]
    fields = ["notice", "recipient", "status", "answer", "permanent", "message_id", "began_at", "ended_at"]


@admin.register(RemovalCheck)
class RemovalCheckAdmin(ReadOnly):
    list_display = ["at", "site", "outcome", "http_status", "reason"]
    list_filter = ["outcome"]
    fields = ["at", "outcome", "http_status", "reason"]

    @admin.display(description=_("site"))
    def site(self, check: RemovalCheck) -> str:
        return str(check.location.notice.site)

    def get_queryset(self, request: HttpRequest) -> QuerySet[RemovalCheck]:
        return super().get_queryset(request).select_related("location__notice__site")


from takedown import lawbook_admin  # noqa: E402,F401  the lawbook's pages register themselves
