"""The fields that read a new value on the page of settings, each with what it may not be."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import preferences
from cases.addresses import FetchError, parse_url
from cases.page_reader import OUTCOMES, address_is_safe

MOST_MOMENTS = 30


def whole(least: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(validators=[MinValueValidator(least), MaxValueValidator(most)])


def yes_or_no() -> forms.TypedChoiceField:
    choices = [(True, gettext_lazy("yes")), (False, gettext_lazy("no"))]
    return forms.TypedChoiceField(choices=choices, coerce=lambda word: word == "True")


class NotAboveTheServers(forms.IntegerField):
    """A rule that protects may be made stricter in the browser; looser only on the server."""

    def __init__(self, name: str) -> None:
        super().__init__(validators=[MinValueValidator(1)])
        self.name = name

    def clean(self, value: Any) -> int:
        number, most = int(super().clean(value)), int(preferences.of_environment(self.name))
        if number > most:
            raise forms.ValidationError(
                _("Here at most %(most)d, as on the server: looser only there.") % {"most": most}
            )
        return number


class Moments(forms.CharField):
    """Seconds after something, one after the other, with commas between: "3600, 21600"."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(max_length=500)
        self.least, self.most = least, most

    def clean(self, value: Any) -> str:
        words = [word.strip() for word in str(super().clean(value)).split(",")]
        if not all(word.isascii() and word.isdigit() for word in words) or len(words) > MOST_MOMENTS:
            raise forms.ValidationError(_("Up to 30 whole numbers with commas between them."))
        numbers = [int(word) for word in words]
        if numbers != sorted(set(numbers)):
            raise forms.ValidationError(_("Each number must be greater than the one before it."))
        if numbers[0] < self.least or numbers[-1] > self.most:
            limits = {"least": self.least, "most": self.most}
            raise forms.ValidationError(_("From %(least)d to %(most)d seconds.") % limits)
        return ", ".join(map(str, numbers))


class ReaderAddress(forms.CharField):
    def clean(self, value: Any) -> str:
        url = str(super().clean(value))
        if url and not address_is_safe(url):
            raise forms.ValidationError(str(OUTCOMES["unsafe_address"]))
        return url


class PlainLine(forms.CharField):
    """One line of plain letters, as headers carry it."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if not (text.isascii() and text.isprintable()):
            raise forms.ValidationError(_("Only plain letters, digits and signs on one line."))
        return text


class OneLine(forms.CharField):
    """One line in any script."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if not text.isprintable():
            raise forms.ValidationError(_("One line without hidden signs."))
        return text


class WebAddress(PlainLine):
    def clean(self, value: Any) -> str:
        url = str(super().clean(value))
        if url:
            try:
                parse_url(url)
            except FetchError as error:
                raise forms.ValidationError(error.sentence) from error
        return url
