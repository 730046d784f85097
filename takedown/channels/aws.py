"""The AWS Abuse Signal API: `CreateAbuseReport` with a report in XARF 4, signed with Signature Version 4.

Its `clientToken` is the same for the same letter and addressee: within a day AWS answers a repeat with the first report's
number and makes no second one.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.translation import gettext as _

from takedown.channels import facts, interface, ready, xarf
from takedown.channels.models import ChannelKey
from takedown.channels.request_text import Request, written
from takedown.composing import one_line
from takedown.drafting import NoticeError
from takedown.models import Contact, Notice

CHANNEL = Contact.Channel.AWS
PATH = "/v1/abuse"
SERVICE = "abuse"


def message(notice: Notice, at: datetime) -> bytes:
    """The request, to be approved. Raises NoticeError."""
    key = ready.key_of(CHANNEL)
    if key is None:
        raise NoticeError(_("This interface is switched off. An administrator enters its key and switches it on."))
    if notice.case.content_kind == "minor":
        raise NoticeError(_("Material of a minor is not reported through this interface."))
    return written(key.url + PATH, _content(notice, key.url, at))


def _content(notice: Notice, recipient: str, at: datetime) -> dict[str, Any]:
    return {
        "clientToken": str(facts.stable_uuid(notice, recipient)),
        "correlationId": notice.reference,
        "report": {"xarf": xarf.report(notice, recipient, at)},
    }


def deliver(approved: bytes) -> str:
    """Raises DeliveryError, VaultError."""
    answer = interface.hand_over(CHANNEL, approved, _proof, repeats_are_dropped=True)
    return one_line(str(answer.get("reportId") or answer), 200)


def _proof(key: ChannelKey, secret: str, request: Request) -> dict[str, str]:
    return signed_headers(key.account, secret, request, region_of(key.url), SERVICE, timezone.now())


def region_of(url: str) -> str:
    found = ready.HOSTS[CHANNEL].match(urlsplit(url).hostname or "")
    return found.group(1) if found else "us-east-1"


# --- AWS Signature Version 4 -------------------------------------------------------------------------------------
def signed_headers(
    access_key: str, secret: str, request: Request, region: str, service: str, at: datetime
) -> dict[str, str]:
    """Headers that sign host, time and content of a POST without a query, as AWS documents it."""
    parts, stamp = urlsplit(request.url), at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    canonical = "\n".join([
        "POST", parts.path or "/", "", f"host:{parts.netloc}", f"x-amz-date:{stamp}", "", "host;x-amz-date",
        hashlib.sha256(request.content).hexdigest(),
    ])  # fmt: skip
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for word in (stamp[:8], region, service, "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={access_key}/{scope}"
    return {
        "X-Amz-Date": stamp,
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host;x-amz-date, Signature={signature}",
    }
