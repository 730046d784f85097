"""The whole 24/7 rhythm on one page. `manage.py rqcron seoulguard.cron` reads it.

Rows are the truth: each entry only rings the doorbell for rows that are due. A missed beat loses nothing.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import rq.cron
from django.conf import settings
from rq import Queue
from rq.cron import register
from rq.serializers import JSONSerializer

from cases import jobs as cases_jobs
from detection import jobs as detection_jobs
from takedown import jobs as takedown_jobs

# rq.cron (3.0) enqueues with pickle whatever the queue is set to; our workers read JSON only.
rq.cron.Queue = partial(Queue, serializer=JSONSerializer)  # type: ignore[misc,assignment]

# A beat that finds the one before still waiting is dropped by its time to live.
BEAT: dict[str, Any] = {
    "interval": settings.SWEEP_SECONDS,
    "job_timeout": 120,
    "ttl": settings.SWEEP_SECONDS,
    "failure_ttl": 3600,
}

register(detection_jobs.sweep, queue_name="monitor", **BEAT)
register(takedown_jobs.sweep, queue_name="deliver", **BEAT)
register(cases_jobs.stamp_due, queue_name="monitor", **BEAT)
register(detection_jobs.heartbeat, queue_name="monitor", interval=300, job_timeout=240, ttl=300, failure_ttl=3600)
register(cases_jobs.forget, queue_name="monitor", interval=3600, job_timeout=300)
