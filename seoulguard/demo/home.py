"""A home and an environment for one run of the demo, set before Django reads its settings."""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from pathlib import Path

from seoulguard.prepare import prepare

PASSWORD = f"demo-{secrets.token_hex(4)}"


def new_home(wanted: Path | None) -> Path:
    """A folder that only its owner reads, with keys of its own; a fresh one unless named."""
    home = wanted.resolve() if wanted else Path(tempfile.mkdtemp(prefix="sg-demo-"))
    prepare(home)
    return home


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def set_environment(home: Path, *, hosts: dict[str, str], smtp_port: int, address: str) -> None:
    """Settings of the demo: its hosts stand for loopback addresses, its clocks are short."""
    os.environ.update(
        {
            "DJANGO_SETTINGS_MODULE": "seoulguard.settings",
            "SEOULGUARD_HOME": str(home),
            "DATABASE_URL": os.environ.get("DEMO_DATABASE_URL", ""),
            "REDIS_URL": f"unix://{home / 'run' / 'queue.sock'}",
            "SITE_URL": f"http://{address}",
            "HTTPS": "no",
            "DEMO_HOSTS": ",".join(f"{name}={target}" for name, target in hosts.items()),
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(smtp_port),
            "EMAIL_USE_TLS": "no",
            "DEFAULT_FROM_EMAIL": "removal@centre.example",
            "UNDO_SECONDS": "3",
            "HOST_SECONDS_BETWEEN": "0",
            "SWEEP_SECONDS": "1",
            "RECHECK_SECONDS": "1,3,5,10,20,40",
            "REMOVED_PROBES_APART_SECONDS": "3",
            # Playwright keeps an event loop in this thread; the demo's own rows are read between its clicks.
            "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        }
    )
    os.environ.pop("SECRET_KEY", None)
