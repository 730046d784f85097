"""The letter as a form: locked paragraphs are shown, the others can be written in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases import age, terms
from cases.models import WatchTerm
from cases.uploads import STAFF_MAX_BYTES
from takedown.differences import pieces
from takedown.models import Notice


class LetterForm(forms.Form):
    """Subject, the paragraphs that may be edited, and an addition that is marked as untranslated."""

    # Two lines high, so that all of it is read before it is signed; a line break in it counts as a space.
    subject = forms.CharField(label=_("Subject"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    addition = forms.CharField(
        label=_("Your addition"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Goes into the letter as you write it, untranslated. Nothing about the person may stand here."),
    )

    def __init__(self, *args: Any, notice: Notice, **kwargs: Any) -> None:
        self.notice = notice
        kwargs.setdefault("initial", {"subject": notice.subject, "addition": notice.addition})
        super().__init__(*args, **kwargs)
        for paragraph in self._open_paragraphs():
            name = field_name(paragraph["key"])
            rows = max(3, len(paragraph["text"]) // 70 + paragraph["text"].count("\n") + 1)
            self.fields[name] = forms.CharField(
                label=_("Paragraph"),
                initial=paragraph["text"],
                max_length=5000,
                widget=forms.Textarea(attrs={"rows": rows}),
            )
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "form-control")
            field.widget.attrs["lang"] = notice.language
        self.fields["addition"].widget.attrs["lang"] = ""

    def clean_subject(self) -> str:
        return " ".join(str(self.cleaned_data["subject"]).split())

    def _open_paragraphs(self) -> list[dict[str, Any]]:
        return [row for row in self.notice.paragraphs if not row["locked"] and row["key"] != "free_text"]

    def edited_paragraphs(self) -> dict[str, str]:
        return {row["key"]: self.cleaned_data[field_name(row["key"])] for row in self._open_paragraphs()}

    def rows(self) -> list[dict[str, Any]]:
        """Paragraphs with the Korean text beside, aligned by key, and what of them differs from the template."""
        korean = {row["key"]: row["text"] for row in self.notice.korean.get("paragraphs", [])}
        composed = {row["key"]: row["text"] for row in self.notice.composed.get("paragraphs", [])}
        found = []
        for paragraph in self.notice.paragraphs:
            name = field_name(paragraph["key"])
            found.append(
                {
                    **paragraph,
                    "korean": korean.get(paragraph["key"], ""),
                    "changed": composed.get(paragraph["key"], "") != paragraph["text"],
                    "pieces": pieces(composed.get(paragraph["key"], ""), paragraph["text"]),
                    "field": self[name] if name in self.fields else None,
                }
            )
        return found


def field_name(key: str) -> str:
    return f"paragraph_{key}"


class ContactsFile(forms.Form):
    file = forms.FileField(label=_("CSV file"), help_text=_("At most 1,000 rows; the first row names the columns."))
    apply = forms.BooleanField(label=_("Apply the changes (otherwise only a dry run)"), required=False)

    def clean_file(self) -> Any:
        """What the upload handler dropped as too large arrives empty, with its true size."""
        file = self.cleaned_data["file"]
        if file.size > STAFF_MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(count)d MB."), params={"count": STAFF_MAX_BYTES // 1024**2}
            )
        return file


class BundleForm(forms.Form):
    """Why a bundle leaves, and to whose key it is encrypted."""

    reason = forms.CharField(
        label=_("What it is for"),
        min_length=5,
        max_length=200,
        help_text=_("Goes into the chain of custody, which the recipient reads. Name the file number, no victim."),
    )
    recipient = forms.CharField(
        label=_("Recipient's public key (age1…)"),
        required=False,
        max_length=100,
        help_text=_("Then only the recipient can open it, with any program for age files. Empty: not encrypted."),
    )

    def clean_recipient(self) -> str:
        key = str(self.cleaned_data["recipient"]).strip()
        if key:
            try:
                age.public_key(key)
            except age.AgeError as error:
                raise forms.ValidationError(error.sentence) from error
        return key


class TermForm(forms.Form):
    """A word to watch for."""

    kind = forms.ChoiceField(label=_("What it is"), choices=WatchTerm.Kind.choices)
    text = forms.CharField(
        label=_("The word, as it is spread"),
        max_length=terms.LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_(
            "Disguised spellings, initials and romanised forms are found by themselves: one spelling is enough."
        ),
    )
