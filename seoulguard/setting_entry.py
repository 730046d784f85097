"""What the page of settings knows of a setting, and the fields that read a new value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cases import preferences
from cases.page_reader import OUTCOMES, address_is_safe

Words = str | Promise
# Settings whose attribute is called otherwise than the variable.
ALIASES = {"SEOULGUARD_HOME": "HOME", "SESSION_IDLE_SECONDS": "SESSION_COOKIE_AGE"}
MASK = "••••••"


@dataclass(frozen=True)
class Entry:
    """A setting. `field` reads a new value where it may be changed in the browser; `trial` names what can be tried."""

    name: str
    meaning: Words
    field: forms.Field | None = None
    secret: bool = False
    trial: str = ""

    def value(self) -> Any:
        """What counts in this process, as it is shown; a secret only says whether there is one."""
        found = getattr(settings, ALIASES.get(self.name, self.name), os.environ.get(self.name, ""))
        if self.secret:
            return MASK if found else _("none")
        if isinstance(self.field, forms.ChoiceField):
            return dict(self.field.choices).get(found, found)  # type: ignore[arg-type]
        if isinstance(found, bool):
            return _("yes") if found else _("no")
        if isinstance(found, list | tuple | frozenset | dict):
            found = ", ".join(str(one[0] if isinstance(one, tuple) else one) for one in found)
        return str(found) or _("none")

    def raw(self) -> str:
        """What stands in its field, to be changed."""
        return "" if self.secret else str(getattr(settings, self.name))

    def origin(self, changes: dict[str, preferences.SettingChange]) -> str:
        change = changes.get(self.name)
        if change and change.value_sealed:
            who = change.changed_by.shown_name if change.changed_by else "–"
            return _("changed here by %(who)s, %(when)s") % {"who": who, "when": f"{change.changed_at:%Y-%m-%d}"}
        return _("set on the server") if os.environ.get(self.name) else _("as delivered")


@dataclass(frozen=True)
class Group:
    title: Words
    about: Words
    entries: tuple[Entry, ...]


def whole(least: int, most: int) -> forms.IntegerField:
    return forms.IntegerField(validators=[MinValueValidator(least), MaxValueValidator(most)])


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
