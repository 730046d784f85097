"""The verbs of detection: fingerprint, visit, examine, capture.

Each verb claims its row, may be run twice, saves the row together with its outcome, and gives the claim back. A failed
step is a status with a sentence. What runs them next is `detection.jobs`; what they find stays in the rows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import custody, vault
from cases.browser import CaptureError
from cases.models import Case, Evidence
from cases.web import FetchError
from detection import hosts, known, preserve, searching
from detection.accounts import Account
from detection.engine import Finding, MediaError, MediaFingerprint, compare, fingerprint_media
from detection.models import Candidate, EvidenceFingerprint, Match, Source, media_key
from detection.outcomes import LEASE, REASON, Trouble, finish, give_up, partly_decoded, sentence_of, waits
from detection.references import FIELD, Version, descriptor, reference_set, wanted
from detection.sources import FoundMedia, SourceError, manners, media_at, watch
from detection.text_hits import Reader

__all__ = [
    "capture_match", "examine_again", "examine_candidate", "fingerprint_evidence", "give_up", "look_at_address",
    "look_at_evidence", "visit_source", "visit_with_account",
]  # fmt: skip
logger = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=30)
LOOKED_AT_AGAIN = 500
LONGEST_PAUSE_FACTOR = 16


# --- evidence ----------------------------------------------------------------------------------------------------
def fingerprint_evidence(evidence_id: UUID | str) -> list[UUID]:
    """Fingerprint sealed evidence. Returns the candidates that are to be examined again because of it."""
    if not Evidence.objects.claim(evidence_id, Evidence.Status.RECEIVED):
        return []
    evidence = Evidence.objects.select_related("case").get(pk=evidence_id)
    try:
        made = _fingerprint_of(evidence)
    except (MediaError, vault.VaultError) as error:
        _not_fingerprinted(evidence, error)
        return []
    return _keep_fingerprint(evidence, made)


def _fingerprint_of(evidence: Evidence) -> MediaFingerprint:
    with preserve.evidence_in_memory(evidence) as fd:
        made = fingerprint_media(fd, dense=True, learned=descriptor())
    if not made.usable:
        raise MediaError("plain", "The pictures are too plain to be told from others.")
    return made


def _keep_fingerprint(evidence: Evidence, made: MediaFingerprint) -> list[UUID]:
    """Order matters: the fingerprint joins the references, then old candidates are due again, then the step is done.

    A crash in between repeats all of it. An examination that is under way notices the new version by itself.
    """
    sealed, at = vault.seal_bytes(evidence.case, FIELD, made.to_bytes()), timezone.now()
    EvidenceFingerprint.objects.update_or_create(
        evidence=evidence,
        defaults={
            "sealed": sealed,
            "frame_count": made.frame_count,
            "duration_seconds": made.duration_seconds,
            "made_at": at,
            # Made before the case is watched, it has missed as much as it would be compared with now.
            "resting_since": None if evidence.case.allows_work(at) else at - LOOK_BACK,
            "back_at": None,
        },
    )
    again = examine_again(timezone.now())
    with transaction.atomic():
        finish(evidence, Evidence.Status.FINGERPRINTED, partly_decoded(made))
        _recorded(evidence, "fingerprinted", frames=made.frame_count, seconds=round(made.duration_seconds, 1))
    return again


def _not_fingerprinted(evidence: Evidence, error: MediaError | vault.VaultError) -> None:
    if waits(evidence, error):
        return
    with transaction.atomic():
        finish(evidence, Evidence.Status.UNUSABLE, sentence_of(error))
        _recorded(evidence, "fingerprinted", outcome="unusable", reason=sentence_of(error))


def _recorded(evidence: Evidence, act: str, **detail: object) -> None:
    custody.record(evidence.case, act, actor="job", subject=f"evidence:{evidence.pk}", **detail)


def examine_again(at: datetime) -> list[UUID]:
    """What was judged in the last days was not compared with new references: it is due again, the newest first."""
    judged = [Candidate.Status.CLEARED, Candidate.Status.MATCHED]
    recent = Candidate.objects.filter(status__in=judged, found_at__gte=at - LOOK_BACK).order_by("-found_at")
    chosen = list(recent.values_list("pk", flat=True)[:LOOKED_AT_AGAIN])
    if len(chosen) == LOOKED_AT_AGAIN:
        logger.warning("only the newest %d candidates are compared with new references", LOOKED_AT_AGAIN)
    Candidate.objects.filter(pk__in=chosen).update(status=Candidate.Status.NEW, attempts=0, retry_at=None)
    return chosen


# --- addresses that someone named --------------------------------------------------------------------------------
def look_at_evidence(evidence_id: UUID | str) -> list[UUID]:
    """Look for media at an address that was handed in as evidence. Returns new candidates."""
    if not Evidence.objects.claim(evidence_id, Evidence.Status.RECEIVED):
        return []
    evidence = Evidence.objects.select_related("case").get(pk=evidence_id)
    try:
        url = vault.open_text(evidence.case, "url", bytes(evidence.url_sealed))
        found = look_at_address(evidence.case, url)
    except (SourceError, vault.VaultError) as error:
        _not_looked_at(evidence, error)
        return []
    with transaction.atomic():
        finish(evidence, Evidence.Status.FINGERPRINTED, "")
        _recorded(evidence, "examined", found=len(found))
    return found


def _not_looked_at(evidence: Evidence, error: SourceError | vault.VaultError) -> None:
    if waits(evidence, error):
        return
    with transaction.atomic():
        finish(evidence, Evidence.Status.UNUSABLE, error.sentence)
        _recorded(evidence, "examined", outcome="unusable", reason=error.sentence)


def look_at_address(case: Case, url: str) -> list[UUID]:
    """Candidates for the media of one page, or for the file behind `url`. Raises SourceError when there are none.

    Nobody is looked for without a consent that holds: then nothing is opened and nothing found.
    """
    if not case.allows_work(timezone.now()):
        return []
    found = media_at(url)
    if not found:
        raise SourceError(_("No video or picture was found at this address."))
    return [candidate.pk for candidate in _new_candidates(None, found, Reader())]


# --- sources -----------------------------------------------------------------------------------------------------
def visit_source(source_id: int | str) -> list[UUID]:
    """Visit a source. Returns the ids of new candidates; they are saved one by one while the visit goes on."""
    account = visit_with_account(source_id)
    return [candidate.pk for candidate in account.new] if account else []


def visit_with_account(source_id: int | str) -> Account | None:
    """Visit a source and tell how it went; None when it is paused, or somebody visits it already."""
    if not Source.objects.claim(source_id, Source.Status.ACTIVE):
        return None
    source = Source.objects.get(pk=source_id)
    at = timezone.now()
    deadline = time.monotonic() + 0.7 * settings.LEASE_SECONDS
    asked, reader = searching.searches(source, at), Reader()
    searching.note_asked(source, asked, at)
    with manners.outing(source, deadline, secrets=asked.words) as going:
        visit = watch(source, known=_known_pages(source), deadline=deadline, queries=asked.words)
        account = Account(source, at, visit, going)
        try:
            for found in visit.candidates(source.visited_at, at):
                account.found.append(found)
                account.new += _new_candidates(source, [found], reader)
            _end_visit(account, visit.account())
        except SourceError as error:
            account.failure = error.sentence
            _end_visit(account, error.sentence)
    return account


def _known_pages(source: Source) -> dict[str, datetime]:
    return dict(source.candidates.order_by("-found_at").values_list("page_url", "found_at"))


def _new_candidates(source: Source | None, found: Iterable[FoundMedia], reader: Reader) -> list[Candidate]:
    made = []
    for medium in found:
        candidate, is_new = Candidate.objects.get_or_create(
            key=media_key(medium.page_url, medium.media_url),
            defaults={
                "source": source,
                "page_url": medium.page_url,
                "media_url": medium.media_url,
                "title": _storable(medium.title),
                "uploader": _storable(medium.uploader),
                "posted_at": medium.posted_at,
            },
        )
        if is_new:
            reader.note(candidate)
            made.append(candidate)
    return made


def _storable(text: str) -> str:
    """PostgreSQL stores neither NUL nor half a surrogate pair; pages hold both."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _end_visit(account: Account, failure: str) -> None:
    """The next visit moves on in any case; a source that fails waits longer each time, and as long as its host asks."""
    source = account.source
    pause = source.every_minutes * 60
    if account.failure and account.going.held_back:
        source.attempts -= 1
    elif account.failure:
        pause *= min(2 ** (source.attempts - 1), LONGEST_PAUSE_FACTOR)
    else:
        source.attempts = 0
    source.failure = failure[:REASON]
    source.visited_at = account.at
    source.found_last_visit = len(account.new)
    source.next_visit_at = max(timezone.now() + timedelta(seconds=pause), hosts.free_at(source.url))
    source.release()
    source.save(update_fields=["failure", "visited_at", "found_last_visit", "next_visit_at", *LEASE])
    account.close()


# --- candidates --------------------------------------------------------------------------------------------------
def examine_candidate(candidate_id: UUID | str) -> list[UUID]:
    """Compare a candidate with all watched material. Returns the ids of new matches."""
    if not Candidate.objects.claim(candidate_id, Candidate.Status.NEW):
        return []
    candidate = Candidate.objects.get(pk=candidate_id)
    try:
        references, version = reference_set()
        if not version:
            _judged(candidate, _("There was no registered material to compare with."))
            return []
        findings = _compared(candidate, references, version)
    except (FetchError, MediaError, vault.VaultError) as error:
        _not_examined(candidate, error)
        return []
    new = _keep_matches(candidate, findings)
    _once_more_if_changed(candidate, version)
    return new


def _compared(candidate: Candidate, references: Any, version: Version) -> list[Finding]:
    """Findings of copies and of what is worth a look. Sets the candidate's digest, size and reason."""
    candidate.reason = ""
    made = known.fingerprint_of(candidate, references)
    candidate.reason = candidate.reason or partly_decoded(made)
    shared = known.findings_on(candidate.digest, version)
    if shared is not None:
        return shared
    found = [finding for finding in compare(made, references) if finding.verdict in Match.Verdict.values]
    known.keep_findings(candidate.digest, version, found)
    return found


def _keep_matches(candidate: Candidate, findings: list[Finding]) -> list[UUID]:
    """Matches and the candidate's state, together. Evidence withdrawn in the meantime has no match."""
    with transaction.atomic():
        watched = wanted(timezone.now())
        valid = [finding for finding in findings if UUID(finding.reference) in watched]
        new = [match.pk for finding in valid if (match := _new_match(candidate, finding))]
        known.entrust(candidate)
        _judged(candidate, candidate.reason)
    return new


def _new_match(candidate: Candidate, finding: Finding) -> Match | None:
    evidence = Evidence.objects.select_related("case").get(pk=finding.reference)
    match, is_new = Match.objects.get_or_create(
        candidate=candidate, evidence=evidence, defaults={"case": evidence.case, **_judgement(finding)}
    )
    if not is_new:
        return None
    custody.record(
        evidence.case, "matched", actor="job", subject=f"match:{match.pk}", evidence=str(evidence.pk),
        verdict=match.verdict, score=finding.score, digest=candidate.digest,
    )  # fmt: skip
    return match


def _judgement(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict,
        "score": finding.score,
        "query_percent": finding.query_percent,
        "reference_percent": finding.reference_percent,
        "segments": [
            {
                "candidate_start": one.cand_start,
                "candidate_end": one.cand_end,
                "reference_start": one.ref_start,
                "reference_end": one.ref_end,
                "score": one.score,
            }
            for one in finding.segments
        ],
        "kinds": list(finding.kinds),
        "transform": finding.transform[:60],
        "best_candidate_seconds": finding.best_cand_s,
        "best_reference_seconds": finding.best_ref_s,
    }


def _judged(candidate: Candidate, reason: str) -> None:
    candidate.examined_at = timezone.now()
    matched = candidate.matches.exists()
    finish(candidate, Candidate.Status.MATCHED if matched else Candidate.Status.CLEARED, reason)


def _not_examined(candidate: Candidate, error: Trouble) -> None:
    if waits(candidate, error):
        return
    candidate.examined_at = timezone.now()
    matched = candidate.matches.exists()
    finish(candidate, Candidate.Status.MATCHED if matched else Candidate.Status.FAILED, sentence_of(error))


def _once_more_if_changed(candidate: Candidate, version: dict[UUID, datetime]) -> None:
    """Material that was registered while this candidate was compared has not seen it.

    Looked at after saving: either this sees the new fingerprint, or `examine_again` sees this candidate.
    """
    now = wanted(timezone.now())
    if any(version.get(evidence_id) != made_at for evidence_id, made_at in now.items()):
        Candidate.objects.filter(pk=candidate.pk).update(status=Candidate.Status.NEW, attempts=0)


# --- matches -----------------------------------------------------------------------------------------------------
def capture_match(match_id: UUID | str) -> bool:
    """Preserve the page, the found medium and aligned frames of a match. True when the match is captured now."""
    allowed = Match.objects.filter(pk=match_id, case__in=Case.objects.watched(timezone.now()))
    if not allowed.exists() or not Match.objects.claim(match_id, Match.Status.FOUND):
        return False
    match = Match.objects.select_related("case", "candidate", "evidence", "capture").get(pk=match_id)
    try:
        _preserve(match)
    except (CaptureError, vault.VaultError) as error:
        if not waits(match, error):
            finish(match, Match.Status.UNCAPTURED, error.sentence)
        return False
    match.captured_at = timezone.now()
    finish(match, Match.Status.CAPTURED, "", "captured_at")
    return True


def _preserve(match: Match) -> None:
    capture = preserve.page_of(match)
    if capture.status != capture.Status.COMPLETE:
        raise CaptureError("failed", capture.reason, permanent=False)
    preserve.add_media_and_frames(match, capture)
