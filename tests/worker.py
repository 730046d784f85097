"""A real RQ worker for tests: works until the queues are empty. With an argument, it dies there."""

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


def main() -> None:
    django.setup()
    import django_rq
    from django.conf import settings

    if len(sys.argv) > 1:
        die_at(sys.argv[1])
    from seoulguard.worker import WarmWorker

    queues = [django_rq.get_queue(name) for name in settings.QUEUES]
    worker = WarmWorker(queues, connection=queues[0].connection, serializer=queues[0].serializer)
    worker.work(burst=True, logging_level="WARNING")


if __name__ == "__main__":
    main()
