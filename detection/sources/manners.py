"""How a visit behaves: robots.txt, each host's pace, its own budget, and no page fetched twice in the same state.

Every kind of source opens its pages through `pages.answer_of` or `pages.open_page`; those come here. `outing()` sets
the visit that is on; outside of one (an address that somebody named, a preview) a page is simply fetched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from html import unescape
from typing import TypeVar
from urllib.parse import unquote, unquote_plus

from django.utils.translation import gettext as _

from cases import web
from cases.browser import CaptureError
from cases.web import FetchError
from detection import hosts, robots, seen
from detection.models import Source
from detection.sources.base import SourceError
from detection.watched import WatchedHost

MEGABYTE = 1024 * 1024
Rendered = TypeVar("Rendered")


class VisitOver(SourceError):
    """This visit may ask for nothing more: its budget is used up, or the host wants a pause."""


class Forbidden(SourceError):
    """robots.txt asks not to open this page."""


@dataclass
class Outing:
    """What one visit asked for, and what it may still ask for. `statuses` are the pages' answers, 0 for none."""

    requests_left: int
    bytes_left: int
    deadline: float
    requests: int = 0
    bytes: int = 0
    unchanged: int = 0
    refusal: int = 0
    forbidden: int = 0
    held_back: bool = False
    # Search words nobody may know of: a page that holds one is not kept.
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    statuses: list[int] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Raises VisitOver when the budget is used up."""
        if self.requests_left <= 0 or self.bytes_left <= 0 or self.seconds_left <= 0:
            raise VisitOver(_("The budget of this visit is used up."))

    def told_in(self, url: str, body: str = "") -> bool:
        """Whether a secret search word stands in an address or in the page behind it."""
        said = f"{unquote(url)} {unquote_plus(url)} {unescape(body)}".casefold() if self.secrets else ""
        return any(secret in said for secret in self.secrets)

    def paid(self, size: int) -> None:
        self.requests, self.requests_left = self.requests + 1, self.requests_left - 1
        self.bytes, self.bytes_left = self.bytes + size, self.bytes_left - size

    def answered(self, status: int) -> None:
        self.statuses.append(status)
        if status in (403, 429):
            self.refusal = status


_current: ContextVar[Outing | None] = ContextVar("outing", default=None)


@contextmanager
def outing(source: Source, deadline: float, secrets: Collection[str] = ()) -> Iterator[Outing]:
    """The visit that is on, for the length of the block. `deadline` is a monotonic time, `secrets` are search words
    that must not be kept."""
    ends = min(deadline, time.monotonic() + source.second_budget)
    going = Outing(source.request_budget, source.megabyte_budget * MEGABYTE, ends)
    going.secrets = frozenset(secret.casefold() for secret in secrets)
    before = _current.set(going)
    try:
        yield going
    finally:
        _current.reset(before)


# --- one page ----------------------------------------------------------------------------------------------------
def fetch(url: str, *, headers: Mapping[str, str] | None = None) -> web.Fetched:
    """The page as `web.fetch` gives it; one that is unchanged comes back from what is kept of it, with status 200.

    Raises FetchError, Forbidden, VisitOver.
    """
    going = _current.get()
    if going is None:
        return web.fetch(url, headers=headers)
    private = going.told_in(url)
    kept = seen.page(url) if not headers and not private else None
    asked = {**(headers or {}), **(kept.validators if kept else {})}
    answer = _in_turn(going, url, lambda: web.fetch(url, headers=asked or None, same_host=private))
    if answer.status == 304 and kept:
        going.unchanged += 1
        return seen.confirmed(kept, answer)
    if not headers and not going.told_in(url, answer.text()):
        seen.keep_page(url, answer)
    return answer


def rendered(url: str, render: Callable[[], Rendered], told: Callable[[Rendered], tuple[int, int]]) -> Rendered:
    """The same manners for a page that a browser opens. `told` gives its status and size in bytes."""
    going = _current.get()
    if going is None:
        return render()
    host = _permitted(going, url)
    with _turn(going, host), _counted_if_it_fails(going):
        page = render()
    status, size = told(page)
    going.paid(size)
    going.answered(status)
    hosts.note_answer(host, status)
    return page


def _in_turn(going: Outing, url: str, ask: Callable[[], web.Fetched]) -> web.Fetched:
    host = _permitted(going, url)
    with _turn(going, host), _counted_if_it_fails(going):
        answer = ask()
    going.paid(answer.size)
    going.answered(answer.status)
    hosts.note_answer(host, answer.status, answer.headers)
    return answer


@contextmanager
def _counted_if_it_fails(going: Outing) -> Iterator[None]:
    try:
        yield
    except (FetchError, CaptureError):
        going.paid(0)
        going.answered(0)
        raise


def _permitted(going: Outing, url: str) -> WatchedHost:
    """The host of a page that may be opened now. Raises Forbidden, VisitOver, FetchError."""
    going.check()
    host = hosts.host_of(url)
    robots.read_if_old(host, url, lambda address: _robots_answer(going, host, address))
    if robots.unreadable(host):
        going.answered(host.robots_status or 0)
        sentence = _("The site answered %(status)d for its robots.txt. Nothing is opened until it can be read.")
        raise SourceError(sentence % {"status": host.robots_status})
    if not robots.allows(host, url):
        going.forbidden += 1
        raise Forbidden(robots.forbidden_sentence())
    going.check()
    return host


def _robots_answer(going: Outing, host: WatchedHost, address: str) -> web.Fetched:
    with _turn(going, host), _counted_if_it_fails(going):
        answer = robots.fetch(address)
    going.paid(answer.size)
    if answer.status == 429:
        going.answered(429)
    return answer


@contextmanager
def _turn(going: Outing, host: WatchedHost) -> Iterator[None]:
    try:
        with hosts.turn(host, patience_seconds=going.seconds_left, lease_seconds=web.PAGE_DEADLINE_SECONDS):
            yield
    except hosts.Later as later:
        going.held_back = True
        raise VisitOver(later.sentence) from later
