"""The lawbook in the hands of an administrator: statutes and paragraphs with their versions."""

from __future__ import annotations

from string import Formatter
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms.models import ModelFormMetaclass
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from detection.admin import ForAdministrators, ReadOnly
from takedown import elements, versions
from takedown.lawbook import EDITABLE_KEYS, seed_templates
from takedown.models import (
    LETTER_CONDITIONS,
    LETTER_LANGUAGES,
    AddresseeType,
    LawbookVersion,
    LetterTemplate,
    Notice,
    Statute,
)

COUNSEL = "checked_by_counsel_on"


class Versioned(ForAdministrators):
    """Every change makes a new version and keeps the old one; counsel's day belongs to the words that were read."""

    readonly_fields = ["version", "earlier_versions"]
    actions = ["mark_checked"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        changed = set(form.changed_data)
        if change and changed - {COUNSEL}:
            versions.keep(type(obj).objects.get(pk=obj.pk))
            obj.version += 1
            if COUNSEL not in changed and obj.checked_by_counsel_on:
                obj.checked_by_counsel_on = None
                self.message_user(request, _("Changed words are not checked by counsel any more."), messages.WARNING)
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        versions.keep(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    @admin.display(description=_("earlier versions"))
    def earlier_versions(self, row: Any) -> str:
        kept = LawbookVersion.objects.filter(kind=row._meta.model_name, key=versions.key_of(row)) if row.pk else []
        links = [
            (reverse("admin:takedown_lawbookversion_change", args=[one.pk]), one.version, one.replaced_at.date())
            for one in kept
        ]
        return format_html_join(", ", '<a href="{}">{}</a> ({})', links) or "–"

    @admin.action(description=_("Checked by counsel today"))
    def mark_checked(self, request: HttpRequest, chosen: QuerySet[Any]) -> None:
        count = chosen.update(checked_by_counsel_on=timezone.localdate())
        said = ngettext("%(count)d row marked as checked.", "%(count)d rows marked as checked.", count)
        self.message_user(request, said % {"count": count}, messages.SUCCESS)


# --- statutes ----------------------------------------------------------------------------------------------------
class _StatuteForm(forms.ModelForm):
    """Lists as boxes to tick, names as one line per language, in place of JSON."""

    addressee_types = forms.MultipleChoiceField(
        label=_("Addressees"), choices=AddresseeType, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every kind of addressee."),
    )  # fmt: skip
    elements = forms.MultipleChoiceField(
        label=_("Required elements"), choices=elements.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    flag = forms.ChoiceField(label=_("Condition"), choices=[("", "–"), *LETTER_CONDITIONS], required=False)

    class Meta:
        model = Statute
        exclude = ["version", "names"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, _name in LETTER_LANGUAGES:
            self.fields[f"name_in_{code}"].initial = self.instance.names.get(code, "")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("verified") and not (given.get("source") or "").strip():
            self.add_error("source", _("Name the source that was read before marking the statute as verified."))
        return given

    def save(self, commit: bool = True) -> Any:
        names = {code: self.cleaned_data.get(f"name_in_{code}", "").strip() for code, _name in LETTER_LANGUAGES}
        self.instance.names = {code: name for code, name in names.items() if name}
        return super().save(commit)


def _name_lines() -> dict[str, forms.CharField]:
    wide = {"size": 90}
    return {
        f"name_in_{code}": forms.CharField(
            label=name, required=False, max_length=500, widget=forms.TextInput(attrs=wide)
        )
        for code, name in LETTER_LANGUAGES
    }


StatuteForm = ModelFormMetaclass("StatuteForm", (_StatuteForm,), {**_name_lines(), "__module__": __name__})


@admin.register(Statute)
class StatuteAdmin(Versioned):
    form = StatuteForm  # type: ignore[assignment]
    list_display = ["code", "jurisdiction", "name_en", "article", "verified", COUNSEL, "version", "cited"]
    list_filter = ["verified", "jurisdiction"]
    search_fields = ["code", "name_en", "name_local"]
    fieldsets = [
        (None, {"fields": ["code", "jurisdiction", "name_local", "name_en", "article", "duty_key", "sanction"]}),
        (_("Clock"), {"fields": ["clock_hours", "clock_start"]}),
        (_("Use in letters"), {"fields": ["addressee_types", "elements", "flag", "valid_from", "valid_to"]}),
        (_("Confirmation"), {"fields": ["verified", "source", COUNSEL, "version", "earlier_versions"]}),
        (_("Name in the language of the letter"), {"fields": list(_name_lines())}),
    ]

    @admin.display(description=_("in letters"))
    def cited(self, statute: Statute) -> str:
        today = timezone.localdate()
        if not statute.verified:
            return str(_("never cited: not verified"))
        if statute.valid_from and today < statute.valid_from:
            return str(_("not cited: not in force yet"))
        if statute.valid_to and today > statute.valid_to:
            return str(_("not cited: not in force any more"))
        return str(_("cited where its condition holds")) if statute.flag else str(_("cited"))


# --- paragraphs --------------------------------------------------------------------------------------------------
class LetterTemplateForm(forms.ModelForm):
    class Meta:
        model = LetterTemplate
        exclude = ["version"]

    def clean_locked(self) -> bool:
        """Sentences of law, statements and requests are never opened for editing in a letter (legal facts, rule 9)."""
        locked = bool(self.cleaned_data["locked"])
        if not locked and self.cleaned_data.get("key") not in EDITABLE_KEYS:
            raise forms.ValidationError(_("This paragraph must stay locked."))
        return locked

    def clean_text(self) -> str:
        """A slot nobody fills would stop every letter in this language."""
        text = str(self.cleaned_data["text"])
        if unknown := _slots(text) - known_slots():
            raise forms.ValidationError(_("Unknown places: %(names)s"), params={"names": ", ".join(sorted(unknown))})
        return text


def _slots(text: str) -> set[str]:
    try:
        return {name for _text, name, _spec, _conversion in Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise forms.ValidationError(_("A brace is not closed.")) from error


def known_slots() -> set[str]:
    return set().union(*(_slots(template.text) for template in seed_templates()))


@admin.register(LetterTemplate)
class LetterTemplateAdmin(Versioned):
    form = LetterTemplateForm
    change_list_template = "takedown/admin_paragraphs.html"
    list_display = ["key", "language", "locked", "version", COUNSEL]
    list_filter = ["language", "locked", (COUNSEL, admin.EmptyFieldListFilter)]
    search_fields = ["key", "text"]


# --- earlier versions --------------------------------------------------------------------------------------------
@admin.register(LawbookVersion)
class LawbookVersionAdmin(ReadOnly):
    list_display = ["key", "version", "kind", "replaced_at"]
    list_filter = ["kind"]
    search_fields = ["key"]
    fields = ["key", "version", "replaced_at", "as_it_stood", "cited_by"]

    @admin.display(description=_("as it stood"))
    def as_it_stood(self, kept: LawbookVersion) -> str:
        told = [(name, value) for name, value in kept.row.items() if value not in (None, "", [], {}) and name != "id"]
        return format_html("<dl>{}</dl>", format_html_join("", "<dt>{}</dt><dd>{}</dd>", told))

    @admin.display(description=_("letters that cite it"))
    def cited_by(self, kept: LawbookVersion) -> str:
        field = "statutes" if kept.kind == "statute" else "templates"
        language, _space, key = kept.key.rpartition(" ")
        rows = Notice.objects.filter(language=language) if language else Notice.objects.all()
        wanted = {"version": kept.version, "code" if field == "statutes" else "key": key}
        found = [row.reference for row in rows.only("reference", field) if wanted in getattr(row, field)]
        return ", ".join(found[:50]) or "–"
