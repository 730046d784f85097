"""Settings that an administrator changed in the browser. Where nobody did, what the environment says counts.

A change is a row that is only ever added; the newest one of a name counts. Each process lets itself be told by
`apply()`: workers before every job, the web server before it tries something. What a setting means, and which values it
takes, is said where it is shown (`seoulguard.setting_list`).
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings

from cases import vault
from cases.models import SettingChange

logger = logging.getLogger(__name__)
PURPOSE = "setting"
# Nothing else is taken from a row, whatever it says: paths, keys and addresses of our own stay with the machine.
CHANGEABLE = frozenset({
    "USER_AGENT", "MEDIA_MAX_BYTES", "HOST_SECONDS_BETWEEN", "HOST_REQUESTS_AT_ONCE", "PAGE_OCR", "PAGE_READER_URL",
    "PAGE_READER_MODEL", "PAGE_READER_KEY", "PAGE_READER_SECONDS",
})  # fmt: skip
_environment: dict[str, Any] = {}


def choose(name: str, value: object, user: Any) -> None:
    """Let this value count from the next job on; None goes back to the environment. Raises VaultError."""
    if name not in CHANGEABLE:
        raise ValueError(f"{name} is not changed in the browser")
    sealed = b"" if value is None else vault.seal_for_installation(str(value).encode(), PURPOSE)
    SettingChange.objects.create(name=name, value_sealed=sealed, changed_by=user)
    apply()


def newest_changes() -> dict[str, SettingChange]:
    """The change that counts, for each name that was ever changed."""
    rows = SettingChange.objects.filter(name__in=CHANGEABLE).select_related("changed_by")
    return {row.name: row for row in reversed(rows)}


def apply() -> None:
    """Let this process go by the changes. A value that cannot be read leaves the environment's, and says so."""
    for name, change in newest_changes().items():
        before = _environment.setdefault(name, getattr(settings, name))
        setattr(settings, name, _value_of(change, before))


def _value_of(change: SettingChange, before: Any) -> Any:
    if not change.value_sealed:
        return before
    try:
        return type(before)(vault.open_for_installation(bytes(change.value_sealed), PURPOSE).decode())
    except (vault.VaultError, ValueError):
        logger.warning("the change of %s cannot be read; the environment's value counts", change.name)
        return before
