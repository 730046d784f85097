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


class Worker:
    """Runs a worker until the queues are empty, as often as it is asked to. Everything is imported once: each run is a
    fork of one process, and a session of its own."""

    def __init__(self, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.worker"], cwd=ROOT, env=child_environment(**environment), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def work(self, deadly: str = "") -> int:
        """Its exit code, 0 when it came to its end. `deadly` names a function by its dotted path: when the worker
        reaches it, its whole process group is killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(deadly + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=20)


def work(deadly: str = "") -> int:
    """As Worker.work, with a process of its own."""
    worker = Worker()
    try:
        return worker.work(deadly)
    finally:
        worker.close()
