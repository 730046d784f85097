"""Real parts for tests: a queue server, workers that may be killed in the middle of a step, their environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django_rq
from django.conf import settings
from django.db import connection

from seoulguard import supervisor

ROOT = Path(__file__).resolve().parent.parent


def database_url() -> str:
    """The address of the test database, for a process that is not the test."""
    used = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{used['NAME']}"
    return f"postgres://{used['USER']}@{used['HOST']}:{used['PORT']}/{used['NAME']}"


def child_environment(**more: str) -> dict[str, str]:
    hosts = ",".join(f"{name}={target}" for name, target in settings.DEMO_HOSTS.items())
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "seoulguard.settings",
        "SEOULGUARD_HOME": str(settings.HOME),
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "HTTPS": "no",
        "DEMO_HOSTS": hosts,
        "EMAIL_HOST": settings.EMAIL_HOST,
        "EMAIL_PORT": str(settings.EMAIL_PORT),
        **more,
    }


@contextmanager
def queue_server() -> Iterator[None]:
    (settings.HOME / "run").mkdir(exist_ok=True)
    part = supervisor.queue_server(settings.HOME / "run" / "queue.log")
    assert part is not None
    part.start()
    try:
        supervisor.wait_for_queue()
        yield
    finally:
        part.stop()


def empty_queues() -> None:
    for name in settings.QUEUES:
        django_rq.get_queue(name).empty()


def work(*, deadly: str = "", seconds: float = 120, **environment: str) -> int:
    """Run one worker until the queues are empty; its exit code.

    `deadly` names a function by its dotted path: when the worker reaches it, its whole process group is killed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.worker", *([deadly] if deadly else [])],
        cwd=ROOT, env=child_environment(**environment), timeout=seconds, check=False, start_new_session=True, capture_output=True,
    )  # fmt: skip
    return done.returncode
