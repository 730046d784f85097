"""What the page of settings knows of a setting: where its value comes from, and how it is shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cases import preferences

Words = str | Promise
MASK = "••••••"


@dataclass(frozen=True)
class Entry:
    """A setting. `field` reads a new value where it may be changed in the browser, else `fixed` says why it may not.

    `preview` says in a sentence what a value does and asks nobody outside; `trial` names what is tried on a click.
    """

    name: str
    meaning: Words
    field: forms.Field | None = None
    secret: bool = False
    trial: str = ""
    fixed: Words = ""
    preview: Callable[[Any], str] | None = None

    def value(self) -> Any:
        """What counts in this process, as it is shown; a secret only says whether there is one."""
        found = self._found()
        if self.secret:
            return MASK if found else _("none")
        if isinstance(self.field, forms.ChoiceField):
            return dict(self.field.choices).get(found, found)  # type: ignore[arg-type]
        if isinstance(found, bool):
            return _("yes") if found else _("no")
        return _listed(found) or _("none")

    def raw(self) -> str:
        """What stands in its field, to be changed."""
        return "" if self.secret else _listed(self._found())

    def origin(self, changes: dict[str, preferences.SettingChange]) -> str:
        change = changes.get(self.name)
        if change and change.value_sealed:
            who = change.changed_by.shown_name if change.changed_by else "–"
            return _("changed here by %(who)s, %(when)s") % {"who": who, "when": f"{change.changed_at:%Y-%m-%d}"}
        return _("set on the server") if os.environ.get(self.name) else _("as delivered")

    def _found(self) -> Any:
        try:
            return preferences.current(self.name)
        except AttributeError:  # read once, where it is used: DATABASE_URL, BEHIND_PROXY
            return os.environ.get(self.name, "")


@dataclass(frozen=True)
class Group:
    key: str
    title: Words
    about: Words
    entries: tuple[Entry, ...]


def _listed(found: Any) -> str:
    if isinstance(found, list | tuple | frozenset | dict):
        return ", ".join(str(one[0] if isinstance(one, tuple) else one) for one in found)
    return str(found)
