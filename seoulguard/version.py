"""The version is read from the changelog, so that there is one place to write it."""

from __future__ import annotations

import re
from pathlib import Path

_CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def _read_version() -> str:
    found = re.search(r"^## (\d+\.\d+\.\d+)", _CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise RuntimeError("CHANGELOG.md has no heading of the form '## 1.2.3'.")
    return found[1]


VERSION = _read_version()
