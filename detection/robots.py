"""robots.txt as RFC 9309 has it: read once a day, followed unless an administrator wrote down why not.

No such file (4xx): everything may be read. A server error: nothing may, until it can be read; a copy read before
counts for thirty days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _
from protego import Protego

from cases import web
from detection.hosts import note_answer
from detection.watched import WatchedHost

# The name sites may address us by, whatever else the User-Agent says.
OUR_NAME = "SeoulGuard"
READ_AGAIN = timedelta(days=1)
READ_AGAIN_AFTER_TROUBLE = timedelta(minutes=30)
OLD_COPY = timedelta(days=30)
MOST_BYTES = 512 * 1024
DEADLINE_SECONDS = 15.0
LONGEST_CRAWL_DELAY = 24 * 3600.0

Asker = Callable[[str], web.Fetched]


def read_if_old(host: WatchedHost, url: str, ask: Asker) -> None:
    """Read the host's robots.txt where it is a day old. `ask` fetches politely; what it raises is passed on."""
    due = READ_AGAIN_AFTER_TROUBLE if host.robots_tried_at != host.robots_read_at or unreadable(host) else READ_AGAIN
    if host.robots_tried_at and timezone.now() - host.robots_tried_at < due:
        return
    parts = urlsplit(url)
    answer = ask(f"{parts.scheme}://{parts.netloc}/robots.txt")
    note_answer(host, answer.status, answer.headers)
    _keep(host, answer)


def fetch(url: str) -> web.Fetched:
    """A robots.txt, or its first half megabyte."""
    return web.fetch(url, first_bytes=MOST_BYTES, deadline_seconds=DEADLINE_SECONDS)


def _keep(host: WatchedHost, answer: web.Fetched) -> None:
    host.robots_tried_at = timezone.now()
    # A server that is in trouble does not take back what it said before.
    said_before = host.robots_read_at and not unreadable(host) and timezone.now() - host.robots_read_at < OLD_COPY
    if not (_is_trouble(answer.status) and said_before):
        host.robots_text = answer.text().replace("\x00", "") if answer.status < 300 else ""
        host.robots_status, host.robots_read_at = answer.status, host.robots_tried_at
        host.crawl_delay_seconds = _crawl_delay(host.robots_text)
    host.save(
        update_fields=["robots_text", "robots_status", "robots_read_at", "robots_tried_at", "crawl_delay_seconds"]
    )


def _is_trouble(status: int) -> bool:
    return status == 429 or status >= 500


def unreadable(host: WatchedHost) -> bool:
    """True while the host answers with an error of its own where its robots.txt should be."""
    return not host.override_reason and _is_trouble(host.robots_status or 0)


def allows(host: WatchedHost, url: str) -> bool:
    """May this address be opened? True as well where an administrator wrote down why robots.txt is not followed."""
    return bool(host.override_reason) or forbids_nothing(host) or _rules(host.robots_text).can_fetch(url, OUR_NAME)


def forbidden_sentence() -> str:
    """What a person reads about a page or medium that was left out."""
    return _("The site's robots.txt asks not to open this page.")


def state_in_words(host: WatchedHost) -> str:
    """What a person reads about the host's robots.txt."""
    if host.robots_status is None:
        return _("not read yet")
    if unreadable(host):
        return _("cannot be read (%(status)d): nothing is opened") % {"status": host.robots_status}
    if not host.robots_text:
        return _("none: everything may be opened")
    return _("read") if allows(host, f"https://{host.name}/") else _("forbids the start page")


def forbids_nothing(host: WatchedHost) -> bool:
    return not host.robots_text and not unreadable(host)


@lru_cache(maxsize=64)
def _rules(text: str) -> Protego:
    return Protego.parse(text)


def _crawl_delay(text: str) -> float:
    """Seconds between requests that the file asks for, by `Crawl-delay` or `Request-rate`."""
    rules = _rules(text)
    rate = rules.request_rate(OUR_NAME)
    delay = max(float(rules.crawl_delay(OUR_NAME) or 0), rate.seconds / rate.requests if rate and rate.requests else 0)
    return min(max(0.0, delay), LONGEST_CRAWL_DELAY)
