"""Typed readers of environment variables. A value that cannot be read stops the start with a sentence."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def boolean(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}.")


def integer(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error


def choice(name: str, *options: str) -> str:
    """One of the options; the first one where nothing is set."""
    value = os.environ.get(name, "").strip() or options[0]
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}, not {value!r}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list; empty entries are dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def pairs(name: str) -> dict[str, str]:
    """`a=1,b=2` as a dictionary."""
    found: dict[str, str] = {}
    for word in words(name):
        key, equals, value = word.partition("=")
        if not equals:
            raise ImproperlyConfigured(f"{name} must look like name=value,name=value, not {word!r}.")
        found[key.strip()] = value.strip()
    return found


def authorities(name: str) -> list[tuple[str, Path]]:
    """`address|certificate file,address|certificate file` as pairs; a file that is not there stops the start."""
    found: list[tuple[str, Path]] = []
    for word in words(name):
        address, bar, file = (part.strip() for part in word.partition("|"))
        if not bar or not address.startswith(("http://", "https://")) or not Path(file).is_file():
            raise ImproperlyConfigured(f"{name} must look like https://address|certificate-file, not {word!r}.")
        found.append((address, Path(file).resolve()))
    return found


def folder(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default).resolve()


def socket_path(wanted: Path) -> Path:
    """The path itself, or a short stand-in: the kernel takes at most 107 bytes."""
    if len(str(wanted).encode()) <= 100:
        return wanted
    name = hashlib.sha256(str(wanted).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"seoulguard-{name}.sock"


def database(name: str, default_sqlite: Path) -> dict[str, object]:
    """`postgres://user:password@host:port/name`, `sqlite:////path`, or, when empty, the SQLite file of the home."""
    url = os.environ.get(name, "").strip()
    parts = urlsplit(url)
    if not url or parts.scheme == "sqlite":
        return sqlite(Path(parts.path) if url else default_sqlite)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must begin with postgres://; leave it empty for SQLite.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }


def sqlite(file: Path) -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        # IMMEDIATE takes the write lock at BEGIN: a claim never fails half-way with "database is locked".
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
        },
    }
