# ruff: noqa: F401, F811 (fixtures of another file)
"""Keyframes first, dense where something stirs: a long film's copy is a match at once, and the rest is never forgotten."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from cases.models import Evidence
from detection import first_look, known, pipeline
from detection.engine import Finding, MediaFingerprint, Segment, fingerprint_media
from detection.models import Candidate, Match
from detection.watched import KnownMedium
from tests import clips
from tests.base import Cast, make_case
from tests.detection import shelf
from tests.detection.test_pipeline import MEDIA, a_candidate, acts, die_at, evidence, let_the_lease_run_out, town
from tests.detection.town import Town

PART_CONFIRMED = "A copy was confirmed in a part of this film. The rest of the film is still being looked at."


@cache
def film() -> bytes:
    """Seven seconds, from 2 to 5 the mirrored copy."""
    folder = Path(shelf._kept.name)
    shelf.original()
    copy = clips.edit(folder / "original.mp4", folder / "mirrored.mp4", "hflip")
    around = clips.make_clip(folder / "around.mp4", "chelsea", "in", sound=False)
    return clips.embed(copy, around, folder / "film.mp4").read_bytes()


@cache
def film_of_two() -> bytes:
    """The same, and far from the copy, in the first and last two seconds of eleven, another clip."""
    film(), shelf.stranger()
    folder = Path(shelf._kept.name)
    return clips.embed(folder / "film.mp4", folder / "stranger.mp4", folder / "film-of-two.mp4").read_bytes()


@pytest.fixture(autouse=True)
def four_seconds_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_look, "LONG_SECONDS", 4.0)
    monkeypatch.setattr(first_look, "LEAST_BYTES", 0)
    monkeypatch.setattr(first_look, "AROUND_SECONDS", 2.0)
    monkeypatch.setattr(first_look, "AT_MOST_SECONDS", 4.5)
    monkeypatch.setattr(first_look, "AT_LEAST_SECONDS", 2.5)


@pytest.fixture(autouse=True)
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every film that was decoded as a whole. The same look at the same bytes is taken once for all tests."""
    calls: list[int] = []
    monkeypatch.setattr(first_look, "fingerprint_media", taken_once)
    monkeypatch.setattr(pipeline, "fingerprint_media", taken_once)
    monkeypatch.setattr(known, "fingerprint_media", lambda fd, **how: calls.append(fd) or taken_once(fd, **how))
    return calls


def taken_once(fd: int, **how: Any) -> MediaFingerprint:
    return _taken(os.pread(fd, os.fstat(fd).st_size, 0), tuple(sorted(how.items())))


@cache
def _taken(content: bytes, how: tuple[tuple[str, Any], ...]) -> MediaFingerprint:
    return fingerprint_media(content, **dict(how))


def looked_at(town: Town, number: int = 1, content: bytes | None = None) -> Candidate:
    candidate = a_candidate(town, content or film(), number=number)
    pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    return candidate


def the_rest(candidate: Candidate) -> list[Any]:
    """The examination that the sweep rings for when its time has come."""
    assert candidate.pk in Candidate.objects.to_examine(timezone.now() + first_look.PAUSE).values_list("pk", flat=True)
    Candidate.objects.filter(pk=candidate.pk).update(retry_at=None)
    new = pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    return new


def test_a_copy_in_a_long_film_is_a_match_at_once_and_the_rest_is_due(
    cast: Cast, town: Town, evidence: Evidence, decoded: list[int]
) -> None:
    candidate = looked_at(town)
    match = Match.objects.get()
    assert (match.verdict, match.judged_in_part) == (Match.Verdict.CONFIRMED, True)
    assert match.segments[0]["candidate_start"] == pytest.approx(2.0, abs=0.5)
    assert match.query_percent == pytest.approx(43, abs=8)
    assert (candidate.status, candidate.reason) == (Candidate.Status.NEW, PART_CONFIRMED)
    assert candidate.retry_at > timezone.now()
    assert candidate.leased_until is None
    assert (KnownMedium.objects.count(), decoded) == (0, [])
    assert pipeline.capture_match(match.pk)


def test_the_look_at_the_whole_film_adds_what_else_it_shows_and_refines_what_was_found(
    cast: Cast, town: Town, evidence: Evidence, decoded: list[int]
) -> None:
    other = shelf.hand_in(make_case("B-2"), shelf.stranger())
    pipeline.fingerprint_evidence(other.pk)
    candidate = looked_at(town, content=film_of_two())
    first = Match.objects.get()
    assert pipeline.capture_match(first.pk)
    Match.objects.update(score=0.61, segments=[])
    asked = town.asked[MEDIA]

    (new,) = the_rest(candidate)

    assert {match.evidence_id for match in Match.objects.all()} == {evidence.pk, other.pk}
    first.refresh_from_db()
    assert (first.status, first.judged_in_part, first.pk == new) == (Match.Status.CAPTURED, False, False)
    assert first.segments
    assert first.score > 0.61
    assert (candidate.status, candidate.reason, candidate.first_looked_at) == (Candidate.Status.MATCHED, "", None)
    assert acts(first.case)[-1] == "examined"
    assert first.case.custody.last().detail["outcome"] == "whole"
    assert KnownMedium.objects.get().findings[0]["query_percent"] > 0
    # The bytes that were preserved with the page are examined: nothing is fetched again.
    assert (town.asked[MEDIA], len(decoded)) == (asked, 1)


def test_a_long_film_that_resembles_nothing_is_examined_whole_in_the_same_call(
    town: Town, evidence: Evidence, decoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_look, "LONG_SECONDS", 1.0)
    candidate = a_candidate(town, shelf.stranger())
    pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    assert (candidate.status, candidate.first_looked_at, len(decoded)) == (Candidate.Status.CLEARED, None, 1)


def test_keyframes_alone_confirm_nothing(
    town: Town, evidence: Evidence, decoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stretch does not show what the keyframes promised: the ordinary road decides."""
    monkeypatch.setattr(first_look, "_in_stretch", lambda *_: [])
    candidate = looked_at(town)
    assert (candidate.status, len(decoded)) == (Candidate.Status.MATCHED, 1)
    assert not Match.objects.get().judged_in_part


def test_the_same_bytes_elsewhere_are_a_match_of_their_own_and_known_once_the_whole_was_examined(
    town: Town, evidence: Evidence, decoded: list[int]
) -> None:
    first, second = looked_at(town, 1), looked_at(town, 2)
    assert Match.objects.filter(judged_in_part=True).count() == 2
    the_rest(first), the_rest(second)
    third = looked_at(town, 3)
    assert {one.status for one in (first, second, third)} == {Candidate.Status.MATCHED}
    assert (Match.objects.filter(judged_in_part=False).count(), len(decoded)) == (3, 1)


def test_a_worker_that_dies_in_the_first_look_leaves_it_to_the_next(
    town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = a_candidate(town, film())
    die_at(monkeypatch, pipeline, "goes_on_later", pipeline.examine_candidate, candidate.pk)
    assert not Match.objects.exists()
    let_the_lease_run_out()
    assert len(pipeline.examine_candidate(candidate.pk)) == 1


def test_of_material_withdrawn_during_the_first_look_nothing_is_kept(
    cast: Cast, town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withdraw_meanwhile(*asked: Any) -> Any:
        cast.case.consents.update(withdrawn_at=timezone.now())
        return real(*asked)

    real = first_look._in_stretch
    monkeypatch.setattr(first_look, "_in_stretch", withdraw_meanwhile)
    candidate = looked_at(town)
    assert (Match.objects.count(), candidate.status, candidate.reason) == (0, Candidate.Status.NEW, "")
    the_rest(candidate)
    assert (Match.objects.count(), candidate.status) == (0, Candidate.Status.CLEARED)


@pytest.mark.parametrize("deadly", ["_keep_matches", "_judged"])
def test_a_worker_that_dies_in_the_look_at_the_whole_leaves_it_to_the_next(
    cast: Cast, town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch, deadly: str
) -> None:
    candidate = looked_at(town)
    Candidate.objects.update(retry_at=None)
    die_at(monkeypatch, pipeline, deadly, pipeline.examine_candidate, candidate.pk)
    assert Match.objects.get().judged_in_part
    let_the_lease_run_out()
    the_rest(candidate)
    assert (candidate.status, Match.objects.get().judged_in_part) == (Candidate.Status.MATCHED, False)
    assert acts(cast.case).count("examined") == 1


def test_what_the_whole_does_not_confirm_stands_as_it_was_confirmed_in_part(
    cast: Cast, town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = looked_at(town)
    before = Match.objects.get()
    monkeypatch.setattr(pipeline, "compare", lambda *_: [])
    the_rest(candidate)
    after = Match.objects.get()
    assert (after.verdict, after.score, after.segments) == (before.verdict, before.score, before.segments)
    assert (candidate.status, after.judged_in_part) == (Candidate.Status.MATCHED, False)
    assert "does not confirm it" in candidate.reason
    assert cast.case.custody.last().detail["outcome"] == "part_only"


def test_a_film_that_is_gone_before_the_rest_was_seen_says_so(town: Town, evidence: Evidence) -> None:
    candidate = looked_at(town)
    town.put(MEDIA, b"gone", status=404)
    the_rest(candidate)
    assert candidate.status == Candidate.Status.MATCHED
    assert candidate.reason == "Only a part of the film could be looked at: The site answered 404."


def test_a_film_that_was_exchanged_meanwhile_says_nothing_about_the_one_before(town: Town, evidence: Evidence) -> None:
    candidate = looked_at(town)
    town.put(MEDIA, shelf.stranger(), "video/mp4")
    the_rest(candidate)
    assert candidate.reason == "The film was exchanged before the whole of it could be looked at."
    assert Match.objects.get().judged_in_part


def test_material_that_rests_when_the_whole_is_examined_is_refined_when_it_is_back(
    cast: Cast, town: Town, evidence: Evidence
) -> None:
    candidate = looked_at(town)
    cast.case.consents.update(withdrawn_at=timezone.now())
    the_rest(candidate)
    assert Match.objects.get().judged_in_part
    cast.case.consents.update(withdrawn_at=None)
    Candidate.objects.update(status=Candidate.Status.NEW)
    the_rest(candidate)
    assert not Match.objects.get().judged_in_part


def test_the_rest_of_a_film_lets_others_go_first_but_not_for_ever(db: None, town: Town) -> None:
    at = timezone.now()
    begun = a_candidate(town, None, number=1)
    others = [a_candidate(town, None, number=number) for number in (2, 3)]
    Candidate.objects.filter(pk=begun.pk).update(first_looked_at=at, priority=2)
    assert Candidate.objects.to_examine(at).last() == begun
    assert Candidate.objects.to_examine(at + timedelta(hours=2)).first() == begun
    assert len(others) == 2


def stirring(reference: str, *places: tuple[float, float], best: float = 0.0, verdict: str = "review") -> Finding:
    segments = [Segment(start, end, 0.0, end - start, 0.5) for start, end in places]
    return Finding(reference, 0.5, verdict, segments, best_cand_s=best or places[0][0])


@pytest.mark.parametrize(
    ("findings", "places"),
    [
        ([stirring("a", (60, 110))], [(50, 70)]),
        ([stirring("a", (4, 8))], [(0, 18)]),
        ([stirring("a", (595, 600))], [(585, 15)]),
        ([stirring("a", (0, 600), best=300)], [(255, 90)]),
        ([stirring("a", (0, 600), best=5)], [(0, 90)]),
        ([stirring("a", (60, 65)), stirring("b", (61, 66))], [(50, 25)]),
        ([stirring("a", (60, 100)), stirring("b", (300, 340), best=310)], [(50, 60), (295, 30)]),
        ([stirring("a", (60, 65), verdict="none")], []),
    ],
)
def test_the_best_finding_is_looked_at_first_and_not_much_in_all(
    monkeypatch: pytest.MonkeyPatch, findings: list[Finding], places: list[tuple[float, float]]
) -> None:
    for name, value in (("AROUND_SECONDS", 10.0), ("AT_MOST_SECONDS", 90.0), ("AT_LEAST_SECONDS", 10.0)):
        monkeypatch.setattr(first_look, name, value)
    assert [(start, seconds) for start, seconds, _ in first_look.stretches(findings, 600.0)] == places
