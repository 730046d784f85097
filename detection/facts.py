"""A match in plain values, for reports."""

from __future__ import annotations

from detection.models import Match


def match_facts(match: Match) -> dict[str, object]:
    return {
        "verdict": match.verdict,
        "score": match.score,
        "transform": match.transform,
        "kinds": match.kinds,
        "segments": match.segments,
        "query_percent": match.query_percent,
        "reference_percent": match.reference_percent,
        "best_cand_s": match.best_candidate_seconds,
        "best_ref_s": match.best_reference_seconds,
        "media_url": match.candidate.media_url,
        "media_digest": match.candidate.digest,
        "evidence_digest": match.evidence.digest,
        "judged_at": match.judged_at,
    }
