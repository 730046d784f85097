"""From a victim's sealed clip to a preserved match; every step may fail, break off, or be taken twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from cases import browser, capture, custody, web
from cases.models import Capture, Case, Evidence
from detection import pipeline, references
from detection.engine import Finding
from detection.models import Candidate, EvidenceFingerprint, Match, Source
from detection.sources import SourceError
from tests.base import Cast, make_case
from tests.detection import shelf
from tests.detection.town import SITE, Town, detail, listing

PAGE, MEDIA = f"{SITE}/watch/1", f"{SITE}/media/1.mp4"


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> Town:
    """A web without a browser: pages are captured by plain HTTP."""

    def no_browser(url: str, **_: Any) -> None:
        raise browser.CaptureError("no_browser", "No Chromium is installed on this server.", permanent=True)

    monkeypatch.setattr(browser, "capture_page", no_browser)
    return Town().open(monkeypatch)


@pytest.fixture
def evidence(cast: Cast) -> Evidence:
    handed_in = shelf.hand_in(cast.case, shelf.original())
    pipeline.fingerprint_evidence(handed_in.pk)
    handed_in.refresh_from_db()
    return handed_in


def a_candidate(town: Town, content: bytes | None, status: int = 200, number: int = 1) -> Candidate:
    page, media = f"{SITE}/watch/{number}", f"{SITE}/media/{number}.mp4"
    town.put(page, detail(number))
    if content is not None:
        town.put(media, content, "video/mp4", status)
    return Candidate.objects.create(page_url=page, media_url=media)


def a_match(town: Town, evidence: Evidence) -> Match:
    candidate = a_candidate(town, shelf.copy())
    pipeline.examine_candidate(candidate.pk)
    return Match.objects.get(candidate=candidate, evidence=evidence)


def let_the_lease_run_out() -> None:
    past = timezone.now() - timedelta(seconds=1)
    for rows in (Evidence, Source, Candidate, Match):
        rows.objects.exclude(leased_until=None).update(leased_until=past)
        rows.objects.update(retry_at=None)


def acts(case: Case) -> list[str]:
    assert custody.verify_chain(case) == []
    return list(case.custody.values_list("act", flat=True))


# --- evidence ----------------------------------------------------------------------------------------------------
def test_a_sealed_clip_is_fingerprinted_and_the_fingerprint_is_sealed(cast: Cast, evidence: Evidence) -> None:
    stored = EvidenceFingerprint.objects.get(evidence=evidence)
    assert evidence.status == Evidence.Status.FINGERPRINTED
    assert stored.frame_count >= 20
    assert not bytes(stored.sealed).startswith(b"SGF1")
    assert "fingerprinted" in acts(cast.case)


BROKEN = [
    ("nothing", b"", "empty"),
    ("a web page", b"<!doctype html><p>Please sign in.</p>", "not a video or picture"),
    ("a film cut off", None, "cut off|damaged"),
]


def broken(content: bytes | None) -> bytes:
    return shelf.original()[:4000] if content is None else content


@pytest.mark.parametrize(("name", "content", "sentence"), BROKEN, ids=[row[0] for row in BROKEN])
def test_evidence_that_cannot_be_used_says_why(cast: Cast, name: str, content: bytes | None, sentence: str) -> None:
    evidence = shelf.hand_in(cast.case, broken(content))
    pipeline.fingerprint_evidence(evidence.pk)
    evidence.refresh_from_db()
    assert evidence.status == Evidence.Status.UNUSABLE
    assert any(words in evidence.reason for words in sentence.split("|"))


def test_evidence_whose_worker_died_is_fingerprinted_by_the_next(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = shelf.hand_in(cast.case, shelf.original())
    die_at(monkeypatch, pipeline, "fingerprint_media", pipeline.fingerprint_evidence, evidence.pk)
    assert pipeline.fingerprint_evidence(evidence.pk) == []
    assert not EvidenceFingerprint.objects.exists()
    let_the_lease_run_out()
    pipeline.fingerprint_evidence(evidence.pk)
    assert EvidenceFingerprint.objects.filter(evidence=evidence).count() == 1


def die_at(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, verb: Callable[[Any], object], row: object) -> None:
    """Take the step with a worker that is gone as soon as it reaches this function."""
    with monkeypatch.context() as deadly:
        deadly.setattr(owner, name, _die)
        with pytest.raises(SystemExit):
            verb(row)


def _die(*_: Any, **__: Any) -> None:
    raise SystemExit


# --- sources -----------------------------------------------------------------------------------------------------
def a_source(**fields: Any) -> Source:
    return Source.objects.create(**{"name": "Clips", "kind": "listing", "url": f"{SITE}/", **fields})


def test_two_visits_make_each_candidate_once(db: None, town: Town) -> None:
    town.put(f"{SITE}/", listing(1, 2))
    for number in (1, 2):
        town.put(f"{SITE}/watch/{number}", detail(number))
    source = a_source()
    assert len(pipeline.visit_source(source.pk)) == 2
    assert pipeline.visit_source(source.pk) == []
    assert Candidate.objects.count() == 2
    assert town.asked[f"{SITE}/watch/1"] == 1


def test_a_source_that_answers_500_says_so_and_waits_longer_each_time(db: None, town: Town) -> None:
    town.put(f"{SITE}/", "broken", status=500)
    source = a_source(every_minutes=10)
    pauses = []
    for _round in range(3):
        pipeline.visit_source(source.pk)
        source.refresh_from_db()
        pauses.append(round((source.next_visit_at - timezone.now()).total_seconds() / 600))
    assert source.failure == "The site answered 500."
    assert pauses == [1, 2, 4]


def test_one_silent_source_does_not_stop_another(db: None, town: Town) -> None:
    town.silence("https://silent.example/")
    town.put(f"{SITE}/", listing(1))
    town.put(PAGE, detail(1))
    silent, lively = a_source(url="https://silent.example/"), a_source()
    for source in (silent, lively):
        pipeline.visit_source(source.pk)
        source.refresh_from_db()
    assert silent.failure == "The site did not answer in time."
    assert (lively.failure, lively.found_last_visit) == ("", 1)


def test_a_source_that_answers_again_has_no_failure_left(db: None, town: Town) -> None:
    town.put(f"{SITE}/", "broken", status=500)
    source = a_source()
    pipeline.visit_source(source.pk)
    town.put(f"{SITE}/", listing(1))
    town.put(PAGE, detail(1))
    pipeline.visit_source(source.pk)
    source.refresh_from_db()
    assert (source.failure, source.attempts) == ("", 0)


def test_a_visit_that_broke_off_keeps_what_it_found(db: None, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.put(f"{SITE}/", listing(1, 2))
    for number in (1, 2):
        town.put(f"{SITE}/watch/{number}", detail(number))
    source = a_source()
    die_at(monkeypatch, pipeline, "_end_visit", pipeline.visit_source, source.pk)
    assert Candidate.objects.count() == 2
    let_the_lease_run_out()
    assert pipeline.visit_source(source.pk) == []
    assert Candidate.objects.count() == 2


# --- examination -------------------------------------------------------------------------------------------------
def test_an_edited_copy_is_a_match_with_its_reasons(cast: Cast, town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    assert (match.verdict, match.case) == (Match.Verdict.CONFIRMED, cast.case)
    assert match.segments[0].keys() == {
        "candidate_start", "candidate_end", "reference_start", "reference_end", "score",
    }  # fmt: skip
    assert match.candidate.status == Candidate.Status.MATCHED
    assert match.candidate.digest.startswith("sha256:")
    assert "matched" in acts(cast.case)


def test_another_clip_is_cleared(town: Town, evidence: Evidence) -> None:
    candidate = a_candidate(town, shelf.stranger())
    assert pipeline.examine_candidate(candidate.pk) == []
    candidate.refresh_from_db()
    assert (candidate.status, candidate.reason) == (Candidate.Status.CLEARED, "")


def test_a_faint_resemblance_is_no_match(town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    faint = Finding(reference=str(evidence.pk), score=0.1, verdict="none")
    monkeypatch.setattr(pipeline, "compare", lambda *_: [faint])
    candidate = a_candidate(town, shelf.stranger())
    assert pipeline.examine_candidate(candidate.pk) == []
    candidate.refresh_from_db()
    assert candidate.status == Candidate.Status.CLEARED


def test_a_missing_vault_key_is_told_and_loses_nobodys_material(
    cast: Cast, town: Town, evidence: Evidence, settings: Any, tmp_path: Path
) -> None:
    candidate = a_candidate(town, shelf.copy())
    received = shelf.hand_in(cast.case, shelf.original())
    references.forget()
    with another_key_file(settings, tmp_path / "gone.key"):
        for _try in range(5):
            let_the_lease_run_out()
            pipeline.examine_candidate(candidate.pk)
            pipeline.fingerprint_evidence(received.pk)
    for row, status in [(candidate, "new"), (received, "received"), (evidence, "fingerprinted")]:
        row.refresh_from_db()
        assert row.status == status
    assert "key is missing" in candidate.reason
    let_the_lease_run_out()
    assert len(pipeline.examine_candidate(candidate.pk)) == 1


@contextmanager
def another_key_file(settings: Any, path: Path) -> Iterator[None]:
    before, settings.VAULT_KEY_FILE = settings.VAULT_KEY_FILE, path
    yield
    settings.VAULT_KEY_FILE = before


@pytest.mark.parametrize(("name", "content", "sentence"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_candidate_that_cannot_be_read_says_why(
    town: Town, evidence: Evidence, name: str, content: bytes | None, sentence: str
) -> None:
    candidate = a_candidate(town, broken(content))
    pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    assert candidate.status == Candidate.Status.FAILED
    assert any(words in candidate.reason for words in sentence.split("|"))


def test_a_medium_that_is_gone_fails_at_once(town: Town, evidence: Evidence) -> None:
    candidate = a_candidate(town, None)
    pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    assert (candidate.status, candidate.reason) == (Candidate.Status.FAILED, "The site answered 404.")


def test_a_busy_site_is_asked_again_and_then_given_up(town: Town, evidence: Evidence) -> None:
    candidate = a_candidate(town, b"busy", status=503)
    states = []
    for _try in range(settings.MAX_ATTEMPTS):
        let_the_lease_run_out()
        pipeline.examine_candidate(candidate.pk)
        candidate.refresh_from_db()
        states.append(candidate.status)
    assert states == ["new", "new", "failed"]
    assert candidate.reason == "The site answered 503."


def test_a_candidate_is_examined_by_one_worker_at_a_time(town: Town, evidence: Evidence) -> None:
    candidate = a_candidate(town, shelf.copy())
    assert Candidate.objects.claim(candidate.pk, Candidate.Status.NEW)
    assert pipeline.examine_candidate(candidate.pk) == []
    assert town.asked[MEDIA] == 0


def test_a_candidate_whose_worker_died_is_judged_once_by_the_next(
    town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = a_candidate(town, shelf.copy())
    die_at(monkeypatch, pipeline, "_judged", pipeline.examine_candidate, candidate.pk)
    let_the_lease_run_out()
    assert len(pipeline.examine_candidate(candidate.pk)) == 1
    assert Match.objects.count() == 1


def test_withdrawn_consent_ends_the_search_at_once(cast: Cast, town: Town, evidence: Evidence) -> None:
    a_match(town, evidence)
    cast.case.consents.update(withdrawn_at=timezone.now())
    later = a_candidate(town, shelf.copy(), number=2)
    assert pipeline.examine_candidate(later.pk) == []
    later.refresh_from_db()
    assert later.status == Candidate.Status.CLEARED


def test_consent_withdrawn_during_the_comparison_leaves_no_match(
    cast: Cast, town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withdraw_meanwhile(*compared: Any) -> Any:
        cast.case.consents.update(withdrawn_at=timezone.now())
        return real(*compared)

    real = pipeline.compare
    monkeypatch.setattr(pipeline, "compare", withdraw_meanwhile)
    pipeline.examine_candidate(a_candidate(town, shelf.copy()).pk)
    assert not Match.objects.exists()


def test_material_registered_later_is_found_in_what_was_cleared(cast: Cast, town: Town) -> None:
    candidate = a_candidate(town, shelf.copy())
    pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    assert candidate.reason == "There was no registered material to compare with."
    evidence = shelf.hand_in(cast.case, shelf.original())
    assert pipeline.fingerprint_evidence(evidence.pk) == [candidate.pk]
    assert len(pipeline.examine_candidate(candidate.pk)) == 1


def test_material_registered_during_a_comparison_is_compared_too(
    cast: Cast, town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def register_meanwhile(*compared: Any) -> Any:
        pipeline.fingerprint_evidence(shelf.hand_in(make_case("B-2"), shelf.stranger()).pk)
        return real(*compared)

    real = pipeline.compare
    candidate = a_candidate(town, shelf.stranger())
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(pipeline, "compare", register_meanwhile)
        pipeline.examine_candidate(candidate.pk)
    assert len(pipeline.examine_candidate(candidate.pk)) == 1


def test_two_persons_in_one_clip_are_both_told(cast: Cast, town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    other = make_case("B-2", cast.minho)
    pipeline.fingerprint_evidence(shelf.hand_in(other, shelf.original()).pk)
    pipeline.examine_candidate(match.candidate_id)
    assert {found.case for found in Match.objects.all()} == {cast.case, other}


def test_a_fingerprint_that_cannot_be_opened_stops_nobody_elses_search(
    cast: Cast, town: Town, evidence: Evidence
) -> None:
    spoiled = shelf.hand_in(make_case("B-2"), shelf.stranger())
    pipeline.fingerprint_evidence(spoiled.pk)
    EvidenceFingerprint.objects.filter(evidence=spoiled).update(sealed=b"\x00" * 64, made_at=timezone.now())
    assert a_match(town, evidence).verdict == Match.Verdict.CONFIRMED
    spoiled.refresh_from_db()
    assert spoiled.status == Evidence.Status.UNUSABLE
    assert spoiled.reason


# --- capture -----------------------------------------------------------------------------------------------------
def test_a_match_is_preserved_with_its_medium_and_aligned_frames(cast: Cast, town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    assert pipeline.capture_match(match.pk)
    match.refresh_from_db()
    assert match.status == Match.Status.CAPTURED
    assert match.captured_at
    assert match.capture
    parts = {part.name: part for part in match.capture.parts.all()}
    frames = match.capture.facts["frames"]
    assert len(frames) >= 2
    for number in range(1, len(frames) + 1):
        for side in ("found", "evidence"):
            assert capture.read_part(parts[f"frame-{number}-{side}.jpg"]).startswith(b"\xff\xd8")
    codes = json.loads(capture.read_part(parts["frames.json"]))
    assert codes["frames"] == match.capture.facts["frames"]
    assert capture.read_part(parts["media"]) == shelf.copy()
    assert parts["media"].digest == match.candidate.digest
    assert acts(cast.case)[-2:] == ["captured", "sealed"]
    listed = json.loads(capture.read_part(parts["manifest.json"]))["parts"]
    assert {row["name"] for row in listed} == set(parts) - {"manifest.json"}


def test_aligned_frames_show_the_same_moment(town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    pipeline.capture_match(match.pk)
    match.refresh_from_db()
    assert match.capture
    for pair in match.capture.facts["frames"]:
        assert pair["found_seconds"] == pytest.approx(pair["evidence_seconds"], abs=0.3)


def test_a_match_is_captured_once(town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    assert pipeline.capture_match(match.pk)
    assert not pipeline.capture_match(match.pk)
    assert Capture.objects.count() == 1


@pytest.mark.parametrize("place", ["add_media_and_frames", "_add_pair", "found_media"])
def test_a_capture_that_broke_off_is_finished_not_repeated(
    town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    match = a_match(town, evidence)
    die_at(monkeypatch, pipeline.preserve, place, pipeline.capture_match, match.pk)
    let_the_lease_run_out()
    assert pipeline.capture_match(match.pk)
    assert Capture.objects.count() == 1
    match.refresh_from_db()
    assert match.capture
    assert len(match.capture.facts["frames"]) >= 2


def test_a_page_whose_capture_broke_off_is_captured_again_and_the_rest_is_closed(
    town: Town, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    match = a_match(town, evidence)
    die_at(monkeypatch, web, "fetch", pipeline.capture_match, match.pk)
    let_the_lease_run_out()
    assert pipeline.capture_match(match.pk)
    assert sorted(Capture.objects.values_list("status", flat=True)) == ["complete", "failed"]


def test_a_medium_gone_before_it_was_preserved_is_said_in_the_capture(town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    town.put(MEDIA, "gone", status=410)
    assert pipeline.capture_match(match.pk)
    match.refresh_from_db()
    assert match.capture
    assert "not available any more" in match.capture.facts["media_missing"]
    names = set(match.capture.parts.values_list("name", flat=True))
    assert "frame-1-evidence.jpg" in names
    assert not names & {"media", "frame-1-found.jpg"}


def test_a_medium_replaced_after_the_examination_is_said_in_the_capture(town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    town.put(MEDIA, shelf.stranger(), "video/mp4")
    pipeline.capture_match(match.pk)
    match.refresh_from_db()
    assert match.capture
    assert match.candidate.digest in match.capture.facts["media_changed"]


def test_a_page_that_never_answers_leaves_the_match_with_a_reason(town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    town.silence(PAGE)
    for _try in range(settings.MAX_ATTEMPTS):
        let_the_lease_run_out()
        assert not pipeline.capture_match(match.pk)
    match.refresh_from_db()
    assert match.status == Match.Status.UNCAPTURED
    assert match.reason


def test_without_consent_nothing_is_captured(cast: Cast, town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    cast.case.consents.update(withdrawn_at=timezone.now())
    assert not pipeline.capture_match(match.pk)
    assert not Capture.objects.exists()


# --- addresses ---------------------------------------------------------------------------------------------------
def test_an_address_handed_in_becomes_a_match(cast: Cast, town: Town, evidence: Evidence) -> None:
    town.put(PAGE, detail(1))
    town.put(MEDIA, shelf.copy(), "video/mp4")
    address = shelf.hand_in_address(cast.case, PAGE)
    (candidate_id,) = pipeline.look_at_evidence(address.pk)
    assert len(pipeline.examine_candidate(candidate_id)) == 1
    address.refresh_from_db()
    assert address.status == Evidence.Status.FINGERPRINTED


def test_an_address_alone_has_nothing_to_be_compared_with(cast: Cast, town: Town) -> None:
    town.put(PAGE, detail(1))
    (candidate_id,) = pipeline.look_at_address(cast.case, PAGE)
    pipeline.examine_candidate(candidate_id)
    candidate = Candidate.objects.get(pk=candidate_id)
    assert (candidate.status, candidate.source) == (Candidate.Status.CLEARED, None)
    assert candidate.reason == "There was no registered material to compare with."
    assert town.asked[MEDIA] == 0


def test_an_address_without_media_says_so(cast: Cast, town: Town) -> None:
    town.put(PAGE, "<p>nothing here</p>")
    with pytest.raises(SourceError, match="No video or picture"):
        pipeline.look_at_address(cast.case, PAGE)


def test_an_address_that_never_answers_is_unusable_with_a_reason(cast: Cast, town: Town) -> None:
    town.silence(PAGE)
    address = shelf.hand_in_address(cast.case, PAGE)
    for _try in range(settings.MAX_ATTEMPTS):
        let_the_lease_run_out()
        pipeline.look_at_evidence(address.pk)
    address.refresh_from_db()
    assert (address.status, address.reason) == (Evidence.Status.UNUSABLE, "The site did not answer in time.")


def test_without_consent_no_address_is_looked_at(cast: Cast, town: Town) -> None:
    cast.case.consents.update(withdrawn_at=timezone.now())
    assert pipeline.look_at_address(cast.case, PAGE) == []
    assert town.asked[PAGE] == 0


# --- giving up ---------------------------------------------------------------------------------------------------
def test_what_broke_off_too_often_comes_to_a_visible_end(cast: Cast, town: Town, evidence: Evidence) -> None:
    match = a_match(town, evidence)
    candidate = a_candidate(town, None, number=2)
    received = shelf.hand_in(cast.case, shelf.stranger())
    for row in (match, candidate, received):
        type(row).objects.filter(pk=row.pk).update(attempts=settings.MAX_ATTEMPTS)
    assert pipeline.give_up(timezone.now()) == 3
    for row, end in [(match, "uncaptured"), (candidate, "failed"), (received, "unusable")]:
        row.refresh_from_db()
        assert (row.status, bool(row.reason)) == (end, True)


def test_a_row_that_a_worker_holds_is_not_given_up(town: Town, evidence: Evidence) -> None:
    candidate = a_candidate(town, None)
    held = timezone.now() + timedelta(seconds=60)
    Candidate.objects.update(attempts=settings.MAX_ATTEMPTS, leased_until=held)
    assert pipeline.give_up(timezone.now()) == 0
    candidate.refresh_from_db()
    assert candidate.status == Candidate.Status.NEW
