"""What a search for contacts may ask of the web: through the one guarded door, at each host's pace, within a budget."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cases import web
from cases.addresses import FetchError, loopback_allowance, parse_url, pin
from detection import hosts, robots

MOST_REQUESTS = 14
MOST_SECONDS = 120.0
MOST_BYTES = 512 * 1024
DEADLINE_SECONDS = 12.0


class SourceTrouble(Exception):
    """A source gave nothing; the sentence says why, for the person who asked."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Found:
    """One address as a source gives it: `reaches` an AddresseeType, `url` where it was read, "" for a guess."""

    channel: str
    address: str
    kind: str
    reaches: str
    url: str = ""
    remark: str = ""


class Errands:
    """Requests and seconds that one search has left."""

    def __init__(self, requests: int = MOST_REQUESTS, seconds: float = MOST_SECONDS) -> None:
        self._left = requests
        self._deadline = time.monotonic() + seconds

    def fetch(self, url: str, accept: str = "*/*") -> web.Fetched:
        """The answer, whatever its status. Raises FetchError, `over_budget` among its reasons."""
        seconds = self._deadline - time.monotonic()
        if self._left <= 0 or seconds <= 0:
            raise FetchError("over_budget", _("The budget of this search is used up."), permanent=False)
        self._left -= 1
        host = hosts.host_of(url)
        with hosts.turn(host, patience_seconds=min(seconds, DEADLINE_SECONDS), lease_seconds=DEADLINE_SECONDS):
            answer = web.fetch(
                url, max_bytes=MOST_BYTES, deadline_seconds=min(seconds, DEADLINE_SECONDS), headers={"Accept": accept}
            )
        hosts.note_answer(host, answer.status, answer.headers)
        return answer

    def page(self, url: str) -> web.Fetched:
        """A page of the site, unless its robots.txt asks not to open it. Raises FetchError, SourceTrouble."""
        host = hosts.host_of(url)
        robots.read_if_old(host, url, self.fetch)
        if not robots.allows(host, url):
            raise SourceTrouble(robots.forbidden_sentence())
        return self.fetch(url)

    def address_of(self, host: str) -> str:
        """The public IP address the host has now. Raises FetchError."""
        return pin(parse_url(f"https://{host}/"), loopback_allowance(), DEADLINE_SECONDS).address
