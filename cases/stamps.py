"""Time stamps (RFC 3161): somebody outside the centre confirms when the list of a capture's parts existed.

Only a SHA-256 goes out. A row per authority waits until it answers; nothing else waits for the row. What comes back is
checked against the authority's own certificates before it is kept, so that it can be checked again without anybody.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from cases import custody, der, web
from cases.models import Capture, TimeStamp
from cases.parts import read_part
from cases.vault import VaultError
from cases.web import FetchError

DEADLINE_SECONDS = 15.0
ANSWER_MAX_BYTES = 256 * 1024
LONGEST_PAUSE = timedelta(hours=6)
REFUSED_PAUSE = timedelta(days=1)
STAMPS_A_SWEEP = 50


class StampError(Exception):
    """The authority answered, but with nothing that proves anything. The sentence is for people."""


def queue(capture: Capture, digest: str) -> None:
    """A row for each configured authority; those that are there stay as they are."""
    for address, _file in settings.TIMESTAMP_AUTHORITIES:
        TimeStamp.objects.get_or_create(capture=capture, digest=digest, authority=address)


def make_due(at: datetime) -> None:
    """Ask for every stamp that is due. An authority that is down costs one time-out a sweep, not one a row."""
    down: set[str] = set()
    rows = TimeStamp.objects.to_make(at).values_list("pk", "authority")[:STAMPS_A_SWEEP]
    for pk, authority in rows:
        if authority not in down and not make(pk):
            down.add(authority)


def make(stamp_id: int) -> bool:
    """Ask the authority of this row. False when it could not be reached."""
    if not TimeStamp.objects.claim(stamp_id, *TimeStamp.OPEN):
        return True
    stamp = TimeStamp.objects.select_related("capture__case").get(pk=stamp_id)
    try:
        _ask(stamp)
    except FetchError as error:
        _later(stamp, TimeStamp.Status.WAITING, error.sentence)
        return False
    except (StampError, VaultError) as error:
        _later(stamp, TimeStamp.Status.FAILED, str(error))
        return True
    _keep(stamp)
    return True


# --- one question ------------------------------------------------------------------------------------------------
def _ask(stamp: TimeStamp) -> None:
    """Sets token, certificate and time. Raises FetchError, StampError or VaultError."""
    certificates, listed = _certificates_of(stamp.authority), _manifest_of(stamp)
    stamp.token, response = _token_of(stamp.authority, listed, certificates)
    stamp.certificate, stamp.made_at = certificates, response.tst_info.gen_time


def try_out(authority: str) -> datetime:
    """A token over random bytes, checked and thrown away: the time it names. Raises FetchError or StampError."""
    _token, response = _token_of(authority, os.urandom(32), _certificates_of(authority))
    return response.tst_info.gen_time


def _token_of(authority: str, listed: bytes, certificates: str) -> tuple[bytes, TimeStampResponse]:
    request = TimestampRequestBuilder().data(listed).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = web.fetch(
        authority, method="POST", content=request.as_bytes(), max_bytes=ANSWER_MAX_BYTES,
        deadline_seconds=DEADLINE_SECONDS, headers={"Content-Type": "application/timestamp-query"},
    )  # fmt: skip
    if answer.status >= 500 or answer.status == 429:
        raise FetchError("unreachable", _("The time-stamp authority is out of order."), permanent=False)
    if answer.status != 200:
        raise StampError(_("The time-stamp authority refused (%(status)d).") % {"status": answer.status})
    return answer.body, _checked(answer.body, listed, request, certificates)


def _checked(answer: bytes, listed: bytes, request: TimeStampRequest | None, certificates: str) -> TimeStampResponse:
    """The answer, if it is a valid token over `listed` from an authority these certificates vouch for."""
    with _told_as_stamp_error():
        response = decode_timestamp_response(der.with_sorted_certificates(answer))
        builder = VerifierBuilder.from_request(request) if request else VerifierBuilder()
        for certificate in x509.load_pem_x509_certificates(certificates.encode()):
            if certificate.issuer == certificate.subject:
                builder = builder.add_root_certificate(certificate)
            else:
                builder = builder.add_intermediate_certificate(certificate)
        builder.build().verify_message(response, listed)
    return response


@contextmanager
def _told_as_stamp_error() -> Iterator[None]:
    try:
        yield
    except (VerificationError, ValueError) as error:
        why = str(error)[:160]
        raise StampError(_("What the time-stamp authority sent does not check out: %(why)s") % {"why": why}) from error


def check(stamp: TimeStamp, listed: bytes) -> None:
    """Check a kept token again, without any network. Raises StampError."""
    _checked(bytes(stamp.token), listed, None, stamp.certificate)


def _certificates_of(authority: str) -> str:
    files = dict(settings.TIMESTAMP_AUTHORITIES)
    if authority not in files:
        raise StampError(_("This time-stamp authority is not in the settings any more."))
    try:
        return Path(files[authority]).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StampError(_("The certificates of the time-stamp authority cannot be read.")) from error


def _manifest_of(stamp: TimeStamp) -> bytes:
    part = stamp.capture.parts.filter(digest=stamp.digest).first()
    listed = read_part(part) if part else b""
    if _digest(listed) != stamp.digest:
        raise StampError(_("The list of parts that was to be stamped is not there any more."))
    return listed


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


# --- the outcome -------------------------------------------------------------------------------------------------
def _keep(stamp: TimeStamp) -> None:
    stamp.status, stamp.reason = TimeStamp.Status.MADE, ""
    stamp.release()
    with transaction.atomic():
        stamp.save()
        custody.record(
            stamp.capture.case, "stamped", actor="job", subject=f"capture:{stamp.capture_id}",
            authority=stamp.authority, made_at=stamp.made_at, listed=stamp.digest, token=_digest(bytes(stamp.token)),
        )  # fmt: skip


def _later(stamp: TimeStamp, status: str, why: str) -> None:
    """Back-off to six hours while it is down; a refusal is asked about again the next day."""
    stamp.status, stamp.reason = status, why[:300]
    stamp.attempts = min(stamp.attempts, 10)
    stamp.retry_later()
    longest = timezone.now() + LONGEST_PAUSE
    refused = status == TimeStamp.Status.FAILED
    stamp.retry_at = timezone.now() + REFUSED_PAUSE if refused else min(stamp.retry_at or longest, longest)
    stamp.save(update_fields=["status", "reason", "attempts", "leased_until", "retry_at"])
