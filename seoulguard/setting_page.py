"""The page of settings: each with its value, where that comes from, what it means, and a trial where there is one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cases import preferences
from cases.models import User
from cases.vault import VaultError
from seoulguard.setting_entry import Entry
from seoulguard.setting_list import GROUPS, changeable
from seoulguard.setting_trials import TRIALS
from seoulguard.trial_failed import TrialFailed


@dataclass
class _Asked:
    """What this POST was about, and what is said to it. `name` is a setting or the name of a trial."""

    name: str = ""
    said: str = ""
    failed: bool = False
    typed: str | None = None
    mistakes: list[str] = field(default_factory=list)


def answer(request: HttpRequest, user: User) -> HttpResponse:
    """Shows all; a POST changes one, takes one back, shows what a value would do, or tries one."""
    preferences.apply()
    asked = _Asked()
    if request.method == "POST":
        entry = changeable(request.POST.get("setting", ""))
        if (trial := request.POST.get("try", "")) in TRIALS:
            asked = _tried(trial)
        elif entry:
            asked = _thought(request, entry) if "preview" in request.POST else _changed(request, entry, user)
            if not asked.name:
                return redirect(f"{reverse('all_settings')}#{entry.name}")
    changes = preferences.newest_changes()
    groups = [(group, [_row(entry, changes, asked) for entry in group.entries]) for group in GROUPS]
    return render(request, "seoulguard/settings.html", {"groups": groups, "page": "settings"})


def _row(entry: Entry, changes: dict[str, preferences.SettingChange], asked: _Asked) -> dict[str, Any]:
    mine, change = asked.name == entry.name, changes.get(entry.name)
    return {
        "entry": entry, "value": entry.value(), "origin": entry.origin(changes), "asked": asked if mine else None,
        "widget": _widget(entry, asked) if entry.field else "", "changed": bool(change and change.value_sealed),
        "preview": entry.preview(preferences.current(entry.name)) if entry.preview else "",
        "trial": asked if entry.trial and asked.name == f"try:{entry.trial}" else None,
    }  # fmt: skip


def _widget(entry: Entry, asked: _Asked) -> str:
    mine = asked.name == entry.name and asked.typed is not None
    reader = entry.field
    looks = "form-select" if hasattr(reader, "choices") else "form-control"
    described = f"about-{entry.name}" + (f" mistakes-{entry.name}" if mine and asked.mistakes else "")
    attributes = {"id": f"id_{entry.name}", "class": looks, "aria-describedby": described}
    if mine and asked.mistakes:
        attributes |= {"aria-invalid": "true", "class": f"{looks} is-invalid"}
    value = asked.typed if mine else entry.raw()
    return str(reader.widget.render("value", value, {**reader.widget_attrs(reader.widget), **attributes}))  # type: ignore[union-attr]


def _tried(trial: str) -> _Asked:
    try:
        return _Asked(f"try:{trial}", TRIALS[trial]())
    except TrialFailed as failure:
        return _Asked(f"try:{trial}", failure.sentence, failed=True)


def _thought(request: HttpRequest, entry: Entry) -> _Asked:
    """What the value in the field would do. Nothing is changed."""
    typed = "" if entry.secret else request.POST.get("value", "")
    try:
        value = entry.field.clean(request.POST.get("value", ""))  # type: ignore[union-attr]
    except ValidationError as error:
        return _Asked(entry.name, typed=typed, mistakes=list(error.messages))
    meant = preferences.read(str(value), preferences.current(entry.name))
    return _Asked(entry.name, entry.preview(meant) if entry.preview else "", typed=typed)


def _changed(request: HttpRequest, entry: Entry, user: User) -> _Asked:
    """Change the setting, or take the change back. Without a name when it was done."""
    try:
        value = None if "undo" in request.POST else entry.field.clean(request.POST.get("value", ""))  # type: ignore[union-attr]
        preferences.choose(entry.name, value, user)
    except (ValidationError, VaultError) as error:
        typed = "" if entry.secret else request.POST.get("value", "")
        told = [error.sentence] if isinstance(error, VaultError) else list(error.messages)
        return _Asked(entry.name, typed=typed, mistakes=told)
    said = _("%(name)s goes by the server again.") if value is None else _("%(name)s counts from the next step on.")
    messages.success(request, said % {"name": entry.name})
    return _Asked()
