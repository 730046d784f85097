"""Posts an approved report to an interface through the one door to the web, and knows how far it came.

| what happened | outcome |
|---|---|
| no connection, no trust in the certificate | nothing left: tried again |
| 2xx, and the answer says yes | sent |
| 3xx; 4xx; 2xx whose answer says no | refused for good |
| 408, 425, 429, 503 | not taken now: tried again |
| another 5xx | perhaps taken: a person decides, unless the receiver drops repeats by a token |
| the line broke, or no answer in time | perhaps taken: a person decides |
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from cases import vault
from cases.web import Fetched, FetchError, fetch
from takedown.channels import ready
from takedown.channels.models import ChannelKey
from takedown.channels.request_text import Request, read
from takedown.delivery import ANSWER, DeliveryError

PURPOSE = "channel-key"
SECONDS = 45.0
ANSWER_BYTES = 256 * 1024
LATER = frozenset({408, 425, 429, 503})
SIGN_IN = frozenset({401, 403})
NOT_TAKEN = frozenset({"redirected", "untrusted_certificate", "refused_address", "bad_url"})
# From key, secret and request to the headers that prove who we are.
Proof = Callable[[ChannelKey, str, Request], Mapping[str, str]]


def secret_of(key: ChannelKey) -> str:
    """Raises VaultError."""
    return vault.open_for_installation(bytes(key.secret_sealed), PURPOSE).decode()


def sealed_secret(secret: str) -> bytes:
    """Raises VaultError."""
    return vault.seal_for_installation(secret.encode(), PURPOSE)


def hand_over(channel: str, message: bytes, proof: Proof, *, repeats_are_dropped: bool = False) -> dict[str, Any]:
    """Post these bytes; what the interface answered, as a JSON object. Raises DeliveryError, VaultError."""
    request, key = read(message), ready.key_of(channel)
    if key is None or not request.url.startswith(key.url + "/") or not ready.may_have_the_key(channel, request.url):
        raise DeliveryError(_("This interface is switched off, or its address changed. Nothing was sent."))
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    headers |= proof(key, secret_of(key), request)
    try:
        answer = fetch(
            request.url, method="POST", content=request.content, headers=headers, deadline_seconds=SECONDS,
            max_bytes=ANSWER_BYTES,
        )  # fmt: skip
    except FetchError as error:
        raise _broken(error) from error
    return _taken(answer, repeats_are_dropped)


def _broken(error: FetchError) -> DeliveryError:
    if error.connected and error.reason_code not in NOT_TAKEN:
        sentence = _("The connection broke while the report was being handed over. Perhaps it arrived.")
        return DeliveryError(sentence, uncertain=True, answer=error.sentence[:ANSWER])
    sentence = _("The interface could not be reached: %(why)s") % {"why": error.sentence}
    return DeliveryError(sentence, permanent=error.permanent, answer=error.sentence[:ANSWER])


def _taken(answer: Fetched, repeats_are_dropped: bool) -> dict[str, Any]:
    said = f"{answer.status} {' '.join(answer.text().split())}"[:ANSWER]
    if answer.status in LATER or (answer.status >= 500 and repeats_are_dropped):
        raise DeliveryError(_("The interface asks to try again later: %(answer)s") % {"answer": said}, answer=said)
    if answer.status >= 500:
        sentence = _("The interface broke down over the report: %(answer)s. Perhaps it arrived.")
        raise DeliveryError(sentence % {"answer": said}, uncertain=True, answer=said)
    if answer.status in SIGN_IN:
        sentence = _("The interface refused our key: %(answer)s")
        raise DeliveryError(sentence % {"answer": said}, permanent=True, answer=said)
    if not 200 <= answer.status < 300:
        raise refused(said)
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        sentence = _("The interface answered with something else than it should. Perhaps the report arrived.")
        raise DeliveryError(sentence, uncertain=True, answer=said)
    return content


def refused(said: str) -> DeliveryError:
    sentence = _("The interface refused the report: %(answer)s")
    return DeliveryError(sentence % {"answer": said}, permanent=True, answer=said[:ANSWER])
