"""The page of settings: each with its value, where that comes from, what it means, and a trial where there is one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cases import preferences
from cases.models import User
from cases.vault import VaultError
from seoulguard.setting_entry import Entry
from seoulguard.setting_list import GROUPS, changeable
from seoulguard.setting_trials import TRIALS


def answer(request: HttpRequest, user: User) -> HttpResponse:
    """Shows all; a POST changes one, takes one back, or tries one."""
    preferences.apply()
    trial, said, mistakes, typed = "", "", dict[str, list[str]](), dict[str, str]()
    if request.method == "POST":
        trial = request.POST.get("try", "")
        entry = changeable(request.POST.get("setting", ""))
        if trial in TRIALS:
            said = TRIALS[trial]()
        elif entry:
            mistake = _change(request, entry, user)
            if not mistake:
                return redirect("all_settings")
            mistakes[entry.name] = mistake
            typed[entry.name] = "" if entry.secret else request.POST.get("value", "")
    changes = preferences.newest_changes()
    groups = [
        (group, [_row(entry, changes, mistakes, typed) | {"said": said if entry.trial == trial else ""} for entry in group.entries])
        for group in GROUPS
    ]  # fmt: skip
    return render(request, "seoulguard/settings.html", {"groups": groups, "page": "settings"})


def _row(entry: Entry, changes: dict[str, preferences.SettingChange], mistakes: dict[str, list[str]],
         typed: dict[str, str]) -> dict[str, Any]:  # fmt: skip
    widget = ""
    if entry.field:
        now = typed.get(entry.name, entry.raw())
        looks = "form-select" if hasattr(entry.field, "choices") else "form-control"
        described = {"id": f"id_{entry.name}", "class": looks, "aria-describedby": f"about-{entry.name}"}
        widget = entry.field.widget.render("value", now, {**entry.field.widget_attrs(entry.field.widget), **described})
    change = changes.get(entry.name)
    return {
        "entry": entry, "preview": entry.preview() if entry.preview else "", "value": entry.value(),
        "origin": entry.origin(changes), "widget": widget,
        "mistakes": mistakes.get(entry.name, []), "changed": bool(change and change.value_sealed),
    }  # fmt: skip


def _change(request: HttpRequest, entry: Entry, user: User) -> list[str]:
    """Change the setting, or take the change back. Returns what is wrong with the value."""
    try:
        taken_back = entry.field is None or "undo" in request.POST
        value = None if taken_back else entry.field.clean(request.POST.get("value", ""))  # type: ignore[union-attr]
        preferences.choose(entry.name, value, user)
    except ValidationError as error:
        return list(error.messages)
    except VaultError as error:
        return [error.sentence]
    said = _("%(name)s goes by the server again.") if value is None else _("%(name)s counts from the next step on.")
    messages.success(request, said % {"name": entry.name})
    return []
