"""The worker of the queues: it opens the fingerprints once, and every job it forks inherits them."""

from __future__ import annotations

import logging

from django.db import DatabaseError, connections
from rq import Worker
from rq.job import Job
from rq.queue import Queue

from cases import preferences
from detection.references import reference_set

logger = logging.getLogger(__name__)

COMPARING = "score"


class WarmWorker(Worker):
    """RQ forks for each job. Without this every examination would open and index all fingerprints anew."""

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        go_by_settings()
        if queue.name == COMPARING:
            warm()
        super().fork_work_horse(job, queue)


def go_by_settings() -> None:
    """Take over what an administrator changed meanwhile. A database in trouble is what the job meets and tells of."""
    try:
        preferences.apply()
    except DatabaseError:
        logger.exception("the changed settings could not be read ahead of a job")
    finally:
        connections.close_all()


def warm() -> None:
    """Bring the references up to date in this process. Whatever goes wrong, the job meets it too and says so in its row."""
    try:
        references, _ = reference_set()
        references.settle()
    except Exception:
        logger.exception("the references could not be opened ahead of a job")
    finally:
        # A connection must not be shared with the child.
        connections.close_all()
