"""Cheap before dear: what was decoded once is known again by its bytes, and bytes by their address.

1. The address is known: a ranged request for its first 64 KiB. Same size, same bytes there, same validator, fetched
   whole not long ago: these are the same bytes, and their fingerprint is at hand.
2. Else it is fetched. The same bytes under another address have the same digest: their fingerprint is at hand.
3. Else it is decoded, and its fingerprint is kept. A long film is looked at in part before (`detection.first_look`); when
   that confirms something, the whole is decoded later, from the bytes that were preserved meanwhile.

The same bytes judged against the same references within a day are judged once: every place shares the findings. As
soon as one reference is new, changed or withdrawn they are compared again. Nothing is judged by a beginning alone: a
long medium whose beginning resembles nothing only lets others go first.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import vault
from detection import preserve, seen
from detection.arrival import Arrival, arriving, beginning_of
from detection.engine import Finding, MediaError, MediaFingerprint, ReferenceSet, compare, fingerprint_media
from detection.engine.scoring import Segment
from detection.first_look import FirstLook, first_look
from detection.found import joined, refused
from detection.hosts import Later
from detection.models import Candidate, Match
from detection.references import INSTALLATION, Version, descriptor
from detection.watched import KnownMedium

PURPOSE = "known-medium"
FIRST_BYTES = 64 * 1024
TRUST = timedelta(days=7)
KEEP = timedelta(days=30)
# Not for ever: an engine that has learned something judges anew.
JUDGEMENT_HOLDS = timedelta(days=1)
SHARED = (
    "reference", "score", "verdict", "segments", "kinds", "transform", "best_cand_s", "best_ref_s", "query_percent",
    "reference_percent",
)  # fmt: skip
MOST_KEPT_BYTES = 16 * 1024 * 1024
LONG_BYTES = 64 * 1024 * 1024
LONG_WAITS = timedelta(minutes=10)


def fingerprint_of(candidate: Candidate, references: ReferenceSet) -> MediaFingerprint | FirstLook:
    """The fingerprint of the candidate's medium, the cheapest way there is; sets its digest, size, cost and reason.

    Of a long film that is not known, what a first look confirms, if it does. Raises FetchError, MediaError, VaultError;
    hosts.Later when it is to be tried again.
    """
    known = _preserved(candidate) if candidate.first_looked_at else _by_address(candidate)
    if known:
        return known
    with arriving(candidate.media_url, followed=bool(candidate.source_id)) as arrival:
        _look_at_beginning(candidate, arrival, references)
        arrival.finish()
        candidate.fetched_bytes += arrival.received
        if arrival.is_manifest:
            return _from_pieces(candidate, arrival, references)
        candidate.digest, candidate.size = arrival.digest(), arrival.size
        seen.keep_medium(
            candidate.media_url, arrival.answer, candidate.digest, arrival.digest(FIRST_BYTES), candidate.size
        )
        return _known_or_decoded(candidate, arrival.fd, references)


def _from_pieces(candidate: Candidate, arrival: Arrival, references: ReferenceSet) -> MediaFingerprint | FirstLook:
    """Of a stream that a site sends in pieces; a manifest's own bytes say nothing of them, so it is joined each time."""
    with joined(arrival.content(), arrival.answer.final_url) as medium:
        candidate.digest, candidate.size, candidate.reason = medium.digest, medium.size, medium.note
        candidate.fetched_bytes += medium.size
        return _known_or_decoded(candidate, medium.fd, references)


def _known_or_decoded(candidate: Candidate, fd: int, references: ReferenceSet) -> MediaFingerprint | FirstLook:
    known = _by_digest(candidate.digest)
    return known or first_look(candidate, fd, references) or _decoded(candidate.digest, fd)


def _preserved(candidate: Candidate) -> MediaFingerprint | None:
    """Of the very bytes in which something was confirmed, once they are known or sealed with the page; else None."""
    known = _by_digest(candidate.digest)
    if known:
        return known
    with preserve.medium_of(candidate) as fd:
        return _decoded(candidate.digest, fd) if fd is not None else None


def _by_address(candidate: Candidate) -> MediaFingerprint | None:
    row = seen.medium(candidate.media_url, timezone.now() - TRUST)
    if row is None or not KnownMedium.objects.filter(digest=row.digest).exists():
        return None
    answer, size = beginning_of(candidate.media_url, FIRST_BYTES, followed=bool(candidate.source_id))
    candidate.fetched_bytes += answer.size
    if answer.status >= 400:
        raise refused(answer.status)
    same_bytes = size == row.size and f"sha256:{answer.sha256}" == row.first_digest
    if not same_bytes or seen.validators_of(answer) != {"etag": row.etag, "last_modified": row.last_modified}:
        return None
    known = _by_digest(row.digest)
    if known:
        candidate.digest, candidate.size = row.digest, row.size
    return known


def _by_digest(digest: str) -> MediaFingerprint | None:
    """The kept fingerprint of these bytes. One that cannot be opened any more is dropped; they are decoded again."""
    row = KnownMedium.objects.select_related("case").filter(digest=digest, model=_model()).first()
    if row is None:
        return None
    try:
        made = MediaFingerprint.from_bytes(_opened(row))
    except (vault.VaultError, ValueError) as error:
        if getattr(error, "code", "") in INSTALLATION:
            raise
        row.delete()
        return None
    KnownMedium.objects.filter(pk=row.pk).update(used_at=timezone.now(), times_used=F("times_used") + 1)
    return made


def _opened(row: KnownMedium) -> bytes:
    sealed = bytes(row.sealed)
    return vault.open_bytes(row.case, PURPOSE, sealed) if row.case else vault.open_for_installation(sealed, PURPOSE)


def _decoded(digest: str, fd: int) -> MediaFingerprint:
    made = fingerprint_media(fd, dense=False, learned=descriptor())
    stored = made.to_bytes()
    if len(stored) <= MOST_KEPT_BYTES:
        sealed = vault.seal_for_installation(stored, PURPOSE)
        now = timezone.now()
        fields = {
            "case": None,
            "sealed": sealed,
            "model": _model(),
            "made_at": now,
            "used_at": now,
            "compared_with": "",
        }
        KnownMedium.objects.update_or_create(digest=digest, defaults=fields)
    return made


# --- judgements --------------------------------------------------------------------------------------------------
def findings_on(digest: str, version: Version) -> list[Finding] | None:
    """How these bytes were judged against exactly these references lately, or None."""
    row = KnownMedium.objects.filter(
        digest=digest, compared_with=_name_of(version), compared_at__gt=timezone.now() - JUDGEMENT_HOLDS
    ).first()
    if row is None:
        return None
    return [Finding(**{**one, "segments": [Segment(*part) for part in one["segments"]]}) for one in row.findings]


def keep_findings(digest: str, version: Version, findings: list[Finding]) -> None:
    kept = [{name: getattr(finding, name) for name in SHARED} for finding in findings]
    KnownMedium.objects.filter(digest=digest).update(
        findings=kept, compared_with=_name_of(version), compared_at=timezone.now()
    )


def _name_of(version: Version) -> str:
    listed = "\n".join(sorted(f"{evidence_id} {made_at.isoformat()}" for evidence_id, made_at in version.items()))
    return "sha256:" + hashlib.sha256(listed.encode()).hexdigest()


def _model() -> str:
    learned = descriptor()
    return learned.model[:200] if learned else ""


def entrust(candidate: Candidate) -> None:
    """What matched shows a victim: its fingerprint is sealed with that case's key, and is gone when the key is."""
    match = candidate.matches.select_related("case").order_by("judged_at").first()
    row = KnownMedium.objects.filter(digest=candidate.digest, case=None).first() if match else None
    if match and row:
        row.sealed = vault.seal_bytes(match.case, PURPOSE, _opened(row))
        row.case = match.case
        row.save(update_fields=["sealed", "case"])


def forget(at: datetime) -> None:
    """Drop fingerprints that nothing used for thirty days."""
    KnownMedium.objects.filter(used_at__lt=at - KEEP).delete()


# --- long media --------------------------------------------------------------------------------------------------
def _look_at_beginning(candidate: Candidate, arrival: Arrival, references: ReferenceSet) -> None:
    """Raises Later, once, for a long medium whose first megabytes resemble nothing while others wait."""
    glanced = candidate.glanced_at or candidate.first_looked_at
    if arrival.whole or arrival.size < LONG_BYTES or glanced or not _others_wait(candidate):
        return
    candidate.glanced_at = timezone.now()
    if not _resembles_something(arrival, references):
        candidate.fetched_bytes += arrival.received
        sentence = _("A long video: it is examined after shorter ones.")
        raise Later(sentence, timezone.now() + LONG_WAITS)


def _others_wait(candidate: Candidate) -> bool:
    due = Candidate.objects.to_examine(timezone.now()).filter(first_looked_at=None)
    return due.exclude(pk=candidate.pk).exists()


def _resembles_something(arrival: Arrival, references: ReferenceSet) -> bool:
    """A beginning that cannot be decoded says nothing; its medium waits like one that resembles nothing."""
    try:
        made = fingerprint_media(arrival.fd, dense=False, learned=descriptor())
    except MediaError:
        return False
    return any(finding.verdict in Match.Verdict.values for finding in compare(made, references))
