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
from detection.first_look import FirstLook, goes_on_later
from detection.judging import new_match, refine
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
    digest_before, candidate.reason = candidate.digest, ""
    try:
        references, version = reference_set()
        if not version:
            _judged(candidate, _("There was no registered material to compare with."))
            return []
        made = known.fingerprint_of(candidate, references)
        found = made if isinstance(made, FirstLook) else _compared(candidate, made, references, version)
    except (FetchError, MediaError, vault.VaultError) as error:
        _not_examined(candidate, error)
        return []
    if isinstance(found, FirstLook):
        return _keep_first_look(candidate, found)
    new = _keep_matches(candidate, found, same_bytes=digest_before in ("", candidate.digest))
    _once_more_if_changed(candidate, version)
    return new


def _compared(candidate: Candidate, made: MediaFingerprint, references: Any, version: Version) -> list[Finding]:
    """Findings of copies and of what is worth a look. Sets the candidate's reason."""
    candidate.reason = candidate.reason or partly_decoded(made)
    shared = known.findings_on(candidate.digest, version)
    if shared is not None:
        return shared
    found = [finding for finding in compare(made, references) if finding.verdict in Match.Verdict.values]
    known.keep_findings(candidate.digest, version, found)
    return found


def _keep_first_look(candidate: Candidate, look: FirstLook) -> list[UUID]:
    """The matches of a part of a film, and that the whole is still to be examined, together."""
    with transaction.atomic():
        valid = _still_watched(look.findings)
        new = [match.pk for finding in valid if (match := new_match(candidate, finding, in_part=True))]
        goes_on_later(candidate)
    return new


def _keep_matches(candidate: Candidate, findings: list[Finding], *, same_bytes: bool) -> list[UUID]:
    """Matches and the candidate's state, together; what a first look said of the same bytes is refined."""
    with transaction.atomic():
        valid = _still_watched(findings)
        new = [match.pk for finding in valid if (match := new_match(candidate, finding))]
        _refine(candidate, {finding.reference: finding for finding in valid}, same_bytes)
        known.entrust(candidate)
        _judged(candidate, candidate.reason)
    return new


def _still_watched(findings: list[Finding]) -> list[Finding]:
    """Evidence withdrawn in the meantime has no match."""
    watched = wanted(timezone.now())
    return [finding for finding in findings if UUID(finding.reference) in watched]


def _refine(candidate: Candidate, findings: dict[str, Finding], same_bytes: bool) -> None:
    """What was judged by a part of the film, now by the whole of it. Material that rests waits until it is back."""
    in_part = candidate.matches.filter(judged_in_part=True, evidence__in=wanted(timezone.now())).select_related("case")
    if in_part and not same_bytes:
        candidate.reason = _("The film was exchanged before the whole of it could be looked at.")
        return
    confirmed = [refine(match, findings.get(str(match.evidence_id)), candidate.digest) for match in in_part]
    if not all(confirmed):
        candidate.reason = _(
            "The copy was confirmed in a part of the film; the look at the whole film does not confirm it."
        )


def _judged(candidate: Candidate, reason: str) -> None:
    candidate.examined_at, candidate.first_looked_at = timezone.now(), None
    matched = candidate.matches.exists()
    finish(candidate, Candidate.Status.MATCHED if matched else Candidate.Status.CLEARED, reason)


def _not_examined(candidate: Candidate, error: Trouble) -> None:
    if waits(candidate, error):
        return
    sentence = sentence_of(error)
    if candidate.first_looked_at:
        sentence = _("Only a part of the film could be looked at: %(why)s") % {"why": sentence}
    candidate.examined_at, candidate.first_looked_at = timezone.now(), None
    matched = candidate.matches.exists()
    finish(candidate, Candidate.Status.MATCHED if matched else Candidate.Status.FAILED, sentence)


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
