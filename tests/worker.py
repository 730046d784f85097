"""A real RQ worker for tests: works until the queues are empty, or dies where it is told to (tests/parts.py)."""

from __future__ import annotations

import os
import signal
import sys
from pkgutil import resolve_name

import django


def die_at(dotted: str) -> None:
    """Replace a function by one that kills the whole process group, worker and work-horse, without a word."""
    owner_name, _, name = dotted.rpartition(".")
    owner = resolve_name(owner_name)
    assert callable(getattr(owner, name)), f"{dotted} does not exist"

    def killed(*args: object, **kwargs: object) -> None:
        os.killpg(os.getsid(0), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, killed)


def run(deadly: str) -> None:
    """In a process and a session of its own, with no word to the one that asked."""
    os.setsid()
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    import django_rq
    from django.conf import settings

    from seoulguard.worker import WarmWorker

    if deadly:
        die_at(deadly)
    queues = [django_rq.get_queue(name) for name in settings.QUEUES]
    worker = WarmWorker(queues, connection=queues[0].connection, serializer=queues[0].serializer)
    worker.work(burst=True, logging_level="WARNING")


def main() -> None:
    """A line on standard input names where the next worker dies, or nothing; its exit code is the answer."""
    django.setup()
    from seoulguard import worker  # noqa: F401  imported once, before every fork

    for line in sys.stdin:
        child = os.fork()
        if not child:
            status = 1
            try:
                run(line.strip())
                status = 0
            finally:
                os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
