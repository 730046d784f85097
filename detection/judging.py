"""What is written down of a finding: as a new match, or as the better judgement of one that was found in a part."""

from __future__ import annotations

from typing import Any

from cases import custody
from cases.models import Evidence
from detection.engine import Finding
from detection.models import Candidate, Match


def new_match(candidate: Candidate, finding: Finding, *, in_part: bool = False) -> Match | None:
    """The match of this candidate and this evidence; None when there was one already.

    `in_part`: judged by a stretch of the film; the examination of the whole refines it.
    """
    evidence = Evidence.objects.select_related("case").get(pk=finding.reference)
    fields = {"case": evidence.case, "judged_in_part": in_part, **judgement(finding)}
    match, is_new = Match.objects.get_or_create(candidate=candidate, evidence=evidence, defaults=fields)
    if not is_new:
        return None
    looked_at = {"looked_at": "part"} if in_part else {}
    custody.record(
        evidence.case, "matched", actor="job", subject=f"match:{match.pk}", evidence=str(evidence.pk),
        verdict=match.verdict, score=finding.score, digest=candidate.digest, **looked_at,
    )  # fmt: skip
    return match


def refine(match: Match, finding: Finding | None, digest: str) -> bool:
    """What the whole film says of a match that was judged in part. False when it does not confirm it.

    A closer look at a stretch may confirm what the look at the whole does not: then the first judgement stands, and
    that it was so is on record. How far capture and letter have come is not touched.
    """
    confirms = finding is not None and finding.verdict == Match.Verdict.CONFIRMED
    better = judgement(finding) if finding and confirms else {}
    if not Match.objects.filter(pk=match.pk, judged_in_part=True).update(judged_in_part=False, **better):
        return True
    custody.record(
        match.case, "examined", actor="job", subject=f"match:{match.pk}", outcome="whole" if confirms else "part_only",
        evidence=str(match.evidence_id), verdict=finding.verdict if finding else "none",
        score=finding.score if finding else 0.0, digest=digest,
    )  # fmt: skip
    return confirms


def judgement(finding: Finding) -> dict[str, Any]:
    """A finding as the fields of a match."""
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
