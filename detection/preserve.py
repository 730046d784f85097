"""What is preserved of a match beside the page: the medium as it was found, and frames that show both sides."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from cases import capture as captures
from cases import custody, vault
from cases.manifest import seal_manifest
from cases.models import Capture, CapturePart, Evidence
from cases.parts import part_memfd
from cases.web import FetchError
from detection.engine import MediaError, frame_at
from detection.found import InMemory, found_media
from detection.models import Candidate, Match
from detection.references import INSTALLATION

FRAME_WIDTH = 480
FRAME_PAIRS = 3
# The time codes of the frames, for whoever holds only the parts.
FRAMES_PART = "frames.json"
# Frames closer than this show the same.
APART_SECONDS = 0.4


class Moment(NamedTuple):
    """The same picture in both media; seconds."""

    found: float
    evidence: float


@contextmanager
def evidence_in_memory(evidence: Evidence) -> Iterator[int]:
    """The opened evidence as a memory file for the length of the block. Raises VaultError."""
    fd = vault.open_memfd(evidence.case, evidence.pk)
    try:
        yield fd
    finally:
        os.close(fd)


# --- the page ----------------------------------------------------------------------------------------------------
def page_of(match: Match) -> Capture:
    """The capture of the match's page, complete or failed; the match points at it. A complete one is kept."""
    begun = match.capture or _left_behind(match)
    if begun and begun.status == Capture.Status.COMPLETE:
        made = begun
    else:
        made = captures.capture_page_of(match.case, match.candidate.page_url, purpose="presence", actor="job")
    match.capture = made
    match.save(update_fields=["capture"])
    return made


def _left_behind(match: Match) -> Capture | None:
    """A capture that a worker made for this match and died before saying so. Unfinished ones are closed as failed."""
    if match.attempts <= 1 or _someone_is_there(match):
        return None
    orphans = Capture.objects.filter(
        case=match.case, url=match.candidate.page_url, purpose="presence", matches=None, started_at__gte=match.judged_at
    )
    orphans.filter(status=Capture.Status.PENDING).update(
        status=Capture.Status.FAILED, reason=_("The capture was broken off and made again.")
    )
    return orphans.filter(status=Capture.Status.COMPLETE).last()


def _someone_is_there(match: Match) -> bool:
    """Another worker is capturing the same page for another match: its unfinished capture is not ours."""
    same_page = Match.objects.filter(case=match.case, candidate__page_url=match.candidate.page_url)
    return same_page.filter(leased_until__gt=timezone.now()).exclude(pk=match.pk).exists()


def take_upload(match: Match, capture: Capture) -> bool:
    """An officer's upload in place of the capture that failed: the next sweep adds medium and frames to it.

    False, and nothing changed, when the match is not without a capture any more.
    """
    if capture.status != Capture.Status.COMPLETE:
        return False
    waiting = Match.objects.filter(pk=match.pk, status=Match.Status.UNCAPTURED)
    again = {"status": Match.Status.FOUND, "attempts": 0, "retry_at": None, "leased_until": None, "reason": ""}
    return waiting.update(capture=capture, **again) == 1


# --- medium and frames -------------------------------------------------------------------------------------------
def add_media_and_frames(match: Match, capture: Capture) -> None:
    """Seal the medium and up to three aligned pairs of frames. What is missing is said in the capture's facts."""
    try:
        with found_media(match.candidate.media_url) as medium:
            _add_media(match, capture, medium)
            _add_frames(match, capture, medium)
    except FetchError as error:
        capture.facts["media_missing"] = _("The medium is not available any more: %(why)s") % {"why": error.sentence}
        _add_frames(match, capture, None)
    capture.save(update_fields=["facts"])
    parts = {part.name: part.digest for part in capture.parts.all()}
    custody.record(
        match.case, "captured", actor="job", subject=f"match:{match.pk}", capture=str(capture.pk), parts=parts
    )
    seal_manifest(capture)


@contextmanager
def medium_of(candidate: Candidate) -> Iterator[int | None]:
    """The candidate's medium as it was sealed with one of its pages, for the length of the block; None when it was not.

    Raises VaultError when the installation lacks something.
    """
    sealed = CapturePart.objects.filter(capture__matches__candidate=candidate, name="media", digest=candidate.digest)
    fd = None
    try:
        part = sealed.select_related("capture__case").first()
        fd = part_memfd(part) if part else None
    except vault.VaultError as error:
        if error.code in INSTALLATION:
            raise
    try:
        yield fd
    finally:
        if fd is not None:
            os.close(fd)


def _add_media(match: Match, capture: Capture, medium: InMemory) -> None:
    _add_once(capture, "media", medium.fd, medium.media_type or "application/octet-stream", "http")
    if medium.digest != match.candidate.digest:
        capture.facts["media_changed"] = _("The medium differs from the one that was examined: %(digest)s") % {
            "digest": match.candidate.digest
        }


def _add_frames(match: Match, capture: Capture, medium: InMemory | None) -> None:
    """Pairs where both sides are at hand; without the found medium only the evidence's side."""
    pairs: list[dict[str, float]] = []
    try:
        with evidence_in_memory(match.evidence) as evidence:
            for moment in aligned_moments(match):
                theirs = _frame(medium.fd, moment.found) if medium else b""
                ours = _frame(evidence, moment.evidence)
                if ours and (theirs or not medium):
                    pairs.append({"found_seconds": moment.found, "evidence_seconds": moment.evidence})
                    _add_pair(capture, len(pairs), theirs, ours)
    except vault.VaultError as error:
        if error.code in INSTALLATION:
            raise
        capture.facts["frames_missing"] = error.sentence
    capture.facts["frames"] = pairs
    if pairs and not capture.parts.filter(name=FRAMES_PART).exists():
        captures.add_json(capture, FRAMES_PART, {"frames": pairs, "unit": "seconds"}, "frame")


def _add_pair(capture: Capture, number: int, theirs: bytes, ours: bytes) -> None:
    if theirs:
        _add_once(capture, f"frame-{number}-found.jpg", theirs, "image/jpeg", "frame")
    _add_once(capture, f"frame-{number}-evidence.jpg", ours, "image/jpeg", "frame")


def _frame(fd: int, seconds: float) -> bytes:
    """One clear picture; empty where none can be decoded, which the shorter list of pairs shows."""
    try:
        return frame_at(fd, seconds, width=FRAME_WIDTH, gray=False)
    except MediaError:
        return b""


def _add_once(capture: Capture, name: str, content: bytes | int, media_type: str, how: str) -> None:
    if not capture.parts.filter(name=name).exists():
        captures.add_part(capture, name, content, media_type, how)


def aligned_moments(match: Match) -> list[Moment]:
    """The closest pair and others spread over the longest segment, in order of time."""
    moments = [Moment(match.best_candidate_seconds, match.best_reference_seconds)]
    for moment in _spread(match.segments):
        if all(abs(moment.found - other.found) >= APART_SECONDS for other in moments):
            moments.append(moment)
    return sorted(moments[:FRAME_PAIRS])


def _spread(segments: list[dict[str, float]]) -> list[Moment]:
    if not segments:
        return []
    longest = max(segments, key=lambda one: one["candidate_end"] - one["candidate_start"])
    return [_moment(longest, share) for share in (0.2, 0.8, 0.5)]


def _moment(segment: dict[str, float], share: float) -> Moment:
    """A place in a segment; both sides run through it from its beginning to its end."""
    found = segment["candidate_start"] + share * (segment["candidate_end"] - segment["candidate_start"])
    evidence = segment["reference_start"] + share * (segment["reference_end"] - segment["reference_start"])
    return Moment(round(found, 3), round(evidence, 3))
