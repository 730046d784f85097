"""Forms of the directory: one contact, a merge, what to look for in the list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from takedown.directory import cells, names
from takedown.directory.choosing import CONTENT_KINDS
from takedown.directory.spreadsheet import LAWS
from takedown.models import AddresseeType, Contact, HostingSite

BOXES = {"class": "form-check-input"}


class ContactForm(forms.Form):
    """How to reach a site. Empty scopes: for every letter to it."""

    channel = forms.ChoiceField(label=_("Channel"), choices=Contact.Channel.choices)
    address = forms.CharField(
        label=_("Address"), max_length=300, help_text=_(
            "An e-mail address, or the web address of the form or the interface. For the post: name; street; place; country."
        ),
    )  # fmt: skip
    rank = forms.IntegerField(label=_("Order"), min_value=1, max_value=99, initial=1, help_text=_("1 is asked first."))
    addressees = forms.MultipleChoiceField(
        label=_("Whose desk it is"), choices=AddresseeType.choices, required=False, widget=forms.CheckboxSelectMultiple(BOXES),
        help_text=_("None: the site's own. The registrar's desk gets only letters to the registrar."),
    )  # fmt: skip
    contents = forms.MultipleChoiceField(
        label=_("For content"), choices=CONTENT_KINDS, required=False, widget=forms.CheckboxSelectMultiple(BOXES),
        help_text=_("None: for every kind."),
    )  # fmt: skip
    jurisdictions = forms.CharField(
        label=_("For letters under the law of"), required=False, max_length=100,
        help_text=_("Codes such as KR EU US; empty: any."),
    )  # fmt: skip
    note = forms.CharField(label=_("Note"), required=False, max_length=300)
    wants_xarf = forms.BooleanField(
        label=_("Add a machine-readable report (XARF) to e-mails"), required=False, widget=forms.CheckboxInput(BOXES),
        help_text=_("Only where the addressee says that it reads such reports. Not for material of minors."),
    )  # fmt: skip
    checked = forms.BooleanField(
        label=_("I have checked this address myself: confirm it now"), required=False, widget=forms.CheckboxInput(BOXES)
    )

    def __init__(self, *args: Any, contact: Contact | None = None, **kwargs: Any) -> None:
        if contact:
            kept = {
                name: getattr(contact, name)
                for name in ("channel", "address", "rank", "addressees", "contents", "note", "wants_xarf")
            }
            kwargs.setdefault("initial", {**kept, "jurisdictions": " ".join(contact.jurisdictions)})
        super().__init__(*args, **kwargs)

    def clean_jurisdictions(self) -> list[str]:
        codes = [word.upper() for word in dict.fromkeys(self.cleaned_data["jurisdictions"].replace(",", " ").split())]
        if unknown := [code for code in codes if code not in LAWS]:
            raise forms.ValidationError(_("Unknown: %(codes)s"), params={"codes": " ".join(unknown)})
        return codes

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("channel") and given.get("address"):
            try:
                given["address"] = cells.address(given["channel"], given["address"])
            except cells.CellTrouble as error:
                self.add_error("address", str(error))
        return given

    def fields_told(self, contact: Contact | None = None) -> dict[str, Any]:
        """What shall be written; of a contact that exists, only what differs."""
        told = {name: value for name, value in self.cleaned_data.items() if name != "checked"}
        return {name: value for name, value in told.items() if contact is None or getattr(contact, name) != value}


class MergeForm(forms.Form):
    into = forms.CharField(
        label=_("Merge into"),
        max_length=253,
        help_text=_("The domain of the entry that stays. Letters and contacts move there."),
    )

    def __init__(self, *args: Any, site: HostingSite, **kwargs: Any) -> None:
        self.site = site
        super().__init__(*args, **kwargs)

    def clean_into(self) -> str:
        try:
            domain = names.ascii_name(self.cleaned_data["into"])
        except names.NameTrouble as error:
            raise forms.ValidationError(str(error)) from error
        other = names.owners().get(domain)
        if other is None or other == self.site.pk:
            raise forms.ValidationError(_("No other site of the directory has this domain."))
        return str(HostingSite.objects.values_list("domain", flat=True).get(pk=other))
