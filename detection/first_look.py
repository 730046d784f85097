"""The first look at a long film: keyframes first, dense where something stirs.

Keyframes alone confirm nothing and clear nothing; they only say where to look. That stretch is looked at as closely as a
short film is, and what it confirms is a match at once, so that proof is kept while the film is still there. Whatever comes
of it, the whole film is examined: at once where the first look confirms nothing, else a little later, after other candidates
(`CandidateQuerySet.to_examine`). No finding of a first look is kept as a judgement of these bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from detection.engine import Finding, MediaError, ReferenceSet, compare, fingerprint_media, length_of
from detection.models import Candidate, Match
from detection.outcomes import goes_on
from detection.references import descriptor

LONG_SECONDS = 180.0
# To ask for its length costs a tenth of a second: not worth it for a medium too small to be long.
LEAST_BYTES = 4 * 1024 * 1024
# Keyframes lie up to ten seconds apart: a copy may begin that much before the first one that shows it.
AROUND_SECONDS = 10.0
# Of all stretches together: as long as a minute's copy with its surroundings.
AT_MOST_SECONDS, AT_LEAST_SECONDS = 90.0, 10.0
# Capture, letter and bundle want the processor first.
PAUSE = timedelta(minutes=2)


@dataclass(frozen=True)
class FirstLook:
    """What stretches of a film confirmed; seconds and shares are the whole film's."""

    findings: list[Finding]


def first_look(candidate: Candidate, fd: int, references: ReferenceSet) -> FirstLook | None:
    """None when there is nothing to hurry for: a short film, one that resembles nothing, one that has its matches."""
    if candidate.size < LEAST_BYTES or candidate.first_looked_at or candidate.matches.exists():
        return None
    try:
        findings = _confirmed(fd, references)
    except MediaError:
        return None  # the examination of the whole says what is wrong with it
    return FirstLook(findings) if findings else None


def goes_on_later(candidate: Candidate) -> None:
    """The candidate is due again: its matches stand, the rest of the film has not been seen."""
    candidate.first_looked_at = timezone.now()
    sentence = _("A copy was confirmed in a part of this film. The rest of the film is still being looked at.")
    # Of material that was withdrawn meanwhile nothing is said.
    goes_on(candidate, sentence if candidate.matches.exists() else "", candidate.first_looked_at + PAUSE)


def _confirmed(fd: int, references: ReferenceSet) -> list[Finding]:
    length = length_of(fd)
    if length < LONG_SECONDS:
        return []
    stirring = compare(fingerprint_media(fd, dense=False, fast=True, learned=descriptor()), references)
    found: dict[str, Finding] = {}
    for start, seconds, reference in stretches(stirring, length):
        if reference not in found:
            for finding in _in_stretch(fd, references, (start, seconds), length):
                found.setdefault(finding.reference, finding)
    return list(found.values())


def _in_stretch(fd: int, references: ReferenceSet, stretch: tuple[float, float], length: float) -> list[Finding]:
    made = fingerprint_media(fd, dense=False, stretch=stretch, learned=descriptor())
    share = made.duration_seconds / length
    return [
        replace(finding, query_percent=round(finding.query_percent * share, 1))
        for finding in compare(made, references)
        if finding.verdict == Match.Verdict.CONFIRMED
    ]


def stretches(stirring: Iterable[Finding], length: float) -> Iterator[tuple[float, float, str]]:
    """Where to look closely, best finding first: start and seconds, and the reference for whose sake."""
    left, taken = AT_MOST_SECONDS, list[tuple[float, float, str]]()
    for finding in stirring:
        for begin, end in _places(finding):
            if left < AT_LEAST_SECONDS:
                return
            start, stop = max(0.0, begin - AROUND_SECONDS), min(length, end + AROUND_SECONDS)
            if stop - start > left:  # around the moment that agrees best
                start = min(max(start, finding.best_cand_s - left / 2), stop - left)
                stop = start + left
            if not _seen(finding, start, stop, taken):
                taken.append((start, stop, finding.reference))
                left -= stop - start
                yield start, stop - start, finding.reference


def _places(finding: Finding) -> list[tuple[float, float]]:
    """Where a finding worth a look lies, the surest place first; one of the learned descriptor has a moment only."""
    if finding.verdict not in Match.Verdict.values:
        return []
    surest = sorted(finding.segments, key=lambda one: -one.score)
    return [(one.cand_start, one.cand_end) for one in surest] or [(finding.best_cand_s, finding.best_cand_s)]


def _seen(finding: Finding, start: float, stop: float, taken: list[tuple[float, float, str]]) -> bool:
    """Whether most of this place was looked at already, for whichever reference: every look asks all of them."""
    shared = sum(max(0.0, min(stop, other_stop) - max(start, other_start)) for other_start, other_stop, _ref in taken)
    return shared > 0.6 * (stop - start)
