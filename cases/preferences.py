"""Settings that an administrator changed in the browser. Where nobody did, what the environment says counts.

A change is a row that is only ever added; the newest one of a name counts. Each process lets itself be told: workers
before every job (`apply`), the web server before every page (`catch_up`). What a setting means, and which values it
takes, is said where it is shown (`seoulguard.setting_list`).
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from cases import vault
from cases.models import SettingChange

logger = logging.getLogger(__name__)
PURPOSE = "setting"
# Nothing else is taken from a row, whatever it says: paths, keys and the mail servers stay with the machine. Whoever could
# name another mail server here would be handed its password.
CHANGEABLE = frozenset({
    "USER_AGENT", "MEDIA_MAX_BYTES", "HOST_SECONDS_BETWEEN", "HOST_REQUESTS_AT_ONCE", "PAGE_OCR", "PAGE_READER_URL",
    "PAGE_READER_MODEL", "PAGE_READER_KEY", "PAGE_READER_SECONDS",
    "UNDO_SECONDS", "RECHECK_SECONDS", "WATCH_SECONDS", "REMOVED_PROBES_APART_SECONDS", "SEND_ATTEMPTS", "MAX_ATTEMPTS",
    "BUSY_SITE_NOTICES", "CONTACT_STALE_DAYS", "SUGGEST_CONTACTS", "RDAP_BASE_URL",
    "IMAP_FOLDER", "INBOX_SECONDS", "INBOX_MAX_BYTES", "SESSION_IDLE_SECONDS", "EVIDENCE_MAX_BYTES", "EVIDENCE_MAX_FILES",
})  # fmt: skip
# Settings whose attribute is called otherwise than the variable.
ATTRIBUTES = {"SEOULGUARD_HOME": "HOME", "SESSION_IDLE_SECONDS": "SESSION_COOKIE_AGE"}
# A secret by the setting that names the server it is handed to: never to another one than it was entered for.
SECRET_OF = {"PAGE_READER_URL": "PAGE_READER_KEY"}
SERVER_OF = {secret: server for server, secret in SECRET_OF.items()}
_environment: dict[str, Any] = {}
_newest: list[tuple[int, datetime] | None] = [None]


def choose(name: str, value: object, user: Any) -> None:
    """Let this value count from the next job and page on; None goes back to the environment. Raises VaultError.

    With another server its password is emptied, and with the environment's server the environment's comes back.
    """
    if name not in CHANGEABLE:
        raise ValueError(f"{name} is not changed in the browser")
    server = SERVER_OF.get(name)
    if server and value is None and _is_changed(server):
        value = ""  # the environment's password was entered for the environment's server
    with transaction.atomic():
        if name in SECRET_OF and (value is None or str(value) != str(current(name))):
            _note(SECRET_OF[name], None if value is None else "", user)
        _note(name, value, user)
    apply()


def current(name: str) -> Any:
    """What counts in this process."""
    return getattr(settings, ATTRIBUTES.get(name, name))


def of_environment(name: str) -> Any:
    """What the server says, whatever was changed."""
    return _environment.get(name, current(name))


def newest_changes() -> dict[str, SettingChange]:
    """The change that counts, for each name that was ever changed."""
    rows = SettingChange.objects.filter(name__in=CHANGEABLE).select_related("changed_by")
    return {row.name: row for row in reversed(rows)}


def apply() -> None:
    """Let this process go by the changes. A value that cannot be read leaves the environment's, and says so."""
    for name, change in newest_changes().items():
        before = _environment.setdefault(name, current(name))
        setattr(settings, ATTRIBUTES.get(name, name), _value_of(change, before))


def catch_up() -> None:
    """`apply`, if there is a change this process has not seen."""
    newest = SettingChange.objects.values_list("pk", "changed_at").first()
    if newest != _newest[0]:
        apply()
        _newest[0] = newest


def _note(name: str, value: object, user: Any) -> None:
    sealed = b"" if value is None else vault.seal_for_installation(str(value).encode(), PURPOSE)
    SettingChange.objects.create(name=name, value_sealed=sealed, changed_by=user)


def _is_changed(name: str) -> bool:
    change = newest_changes().get(name)
    return bool(change and change.value_sealed)


def _value_of(change: SettingChange, before: Any) -> Any:
    if not change.value_sealed:
        return before
    try:
        return read(vault.open_for_installation(bytes(change.value_sealed), PURPOSE).decode(), before)
    except (vault.VaultError, ValueError):
        logger.warning("the change of %s cannot be read; the environment's value counts", change.name)
        return before


def read(text: str, before: Any) -> Any:
    """The value in the type it has in the environment: text, whole number, yes or no, or a list of whole numbers."""
    if isinstance(before, bool):
        return text == str(True)
    if isinstance(before, list):
        return [int(word) for word in text.split(",")]
    return type(before)(text)
