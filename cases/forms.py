"""The intake in five short steps. Nothing but the consent is required; every other question can be skipped."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.utils.translation import gettext_lazy as _

from cases import terms
from cases.intake import parse_urls
from cases.models import Case


class Step(forms.Form):
    """One page of the intake; `answers()` are the names and values of IntakeAnswers it fills, the valid ones only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        for field in self.fields.values():
            # A shared device must not offer one person's words to the next.
            field.widget.attrs["autocomplete"] = "off"

    def answers(self) -> dict[str, Any]:
        return {}


class BeginStep(Step):
    """Only words; nothing is asked."""


# Nobody must know what to call it. The case keeps the most frequent kind, and says that the person was not sure.
UNSURE_LABEL = _("I am not sure")
CONTENTS = [*Case.Content.choices, ("unsure", UNSURE_LABEL)]
AGES = [("no", _("19 or older")), ("yes", _("Under 19")), ("unsaid", _("I would rather not say"))]


class AboutStep(Step):
    content = forms.ChoiceField(
        label=_("What was spread?"), choices=CONTENTS, widget=forms.RadioSelect, initial=Case.Content.FILMED
    )  # fmt: skip
    age = forms.ChoiceField(
        label=_("How old is the person shown?"), choices=AGES, widget=forms.RadioSelect, initial="unsaid",
        help_text=_("Material of people under 19 goes first. No guardian is needed."),
    )  # fmt: skip
    requester = forms.ChoiceField(
        label=_("For whom are you asking?"), choices=Case.Requester.choices, widget=forms.RadioSelect,
        initial=Case.Requester.SELF,
    )  # fmt: skip

    def answers(self) -> dict[str, Any]:
        content, age = self.cleaned_data.get("content", Case.Content.FILMED), self.cleaned_data.get("age", "unsaid")
        return {
            "content": Case.Content.FILMED if content == "unsure" else content,
            "requester": self.cleaned_data.get("requester", Case.Requester.SELF),
            "minor": age == "yes",
            "steps": {"content": content, "age": age},
        }


class MaterialStep(Step):
    addresses = forms.CharField(
        label=_("Addresses where you saw it (optional)"), required=False, max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "https://"}),
        help_text=_("Paste them as they are, in any form, with other text between them."),
    )  # fmt: skip

    def clean_addresses(self) -> list[str]:
        return parse_urls(self.cleaned_data["addresses"])

    def answers(self) -> dict[str, Any]:
        return {"urls": self.cleaned_data["addresses"]} if "addresses" in self.cleaned_data else {}


class ContactStep(Step):
    contact_choice = forms.ChoiceField(
        label=_("How may we reach you?"), choices=Case.ContactChoice.choices, widget=forms.RadioSelect,
        initial=Case.ContactChoice.NONE,
    )  # fmt: skip
    contact = forms.CharField(label=_("Telephone number or e-mail address"), required=False, max_length=200)
    hours = forms.CharField(label=_("When is it safe to call? (optional)"), required=False, max_length=200)
    name = forms.CharField(
        label=_("What may we call you? (optional)"), required=False, max_length=100,
        help_text=_("Any name. It never leaves this centre."),
    )  # fmt: skip
    account = forms.CharField(
        label=_("Is there anything you want to tell us? (optional)"), required=False, max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}), help_text=_("Only what you wish. You will not be asked for it again."),
    )  # fmt: skip

    spread_as = forms.CharField(
        label=_("Do you know a name, nickname or title it is spread under? (optional)"), required=False, max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "One a line, for example a nickname, an account or a file name. It helps us to look in the right places first. "
            "It is locked away like everything else. Leave it empty if you would rather not write it down."
        ),
    )  # fmt: skip

    def clean_spread_as(self) -> list[str]:
        return terms.named_in(self.cleaned_data["spread_as"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("contact_choice") in {"phone", "email"} and not cleaned.get("contact"):
            self.add_error("contact", _("Please enter it, or choose not to be contacted."))
        return cleaned

    def answers(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name in self.fields}


class CheckStep(Step):
    consent = forms.BooleanField(
        label=_("I agree that the centre looks for this material, keeps proof of it and asks for its removal."),
        error_messages={"required": _("Without this we may not look for it. You can also leave without sending.")},
        help_text=_("You can take this back at any time on the status page."),
    )

    def answers(self) -> dict[str, Any]:
        return {"consent": self.cleaned_data.get("consent", False)}


STEPS: dict[str, type[Step]] = {
    "begin": BeginStep,
    "about": AboutStep,
    "material": MaterialStep,
    "contact": ContactStep,
    "check": CheckStep,
}


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Your number"), max_length=40,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("16 digits, with or without spaces."),
    )  # fmt: skip
