"""Cheap before dear: bytes are fetched once and decoded once, and every page that shows them is still found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cases import browser, vault
from cases.models import Evidence
from detection import arrival, engine, known, pipeline
from detection.models import Candidate, Match
from detection.watched import KnownMedium, PageSeen
from tests.base import Cast, make_case
from tests.detection import shelf
from tests.detection.site import HOME, Site, a_source, opened
from tests.detection.town import detail, listing

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(settings: Any) -> Iterator[Site]:
    with opened(settings) as site:
        yield site


@pytest.fixture
def evidence(cast: Cast) -> Evidence:
    handed_in = shelf.hand_in(cast.case, shelf.original())
    pipeline.fingerprint_evidence(handed_in.pk)
    return handed_in


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every comparison with the references."""
    calls: list[int] = []

    def counted(made: Any, references: Any) -> Any:
        calls.append(1)
        return engine.compare(made, references)

    monkeypatch.setattr(pipeline, "compare", counted)
    return calls


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for every medium that was decoded for an examination."""
    calls: list[int] = []

    def counted(fd: int, **how: Any) -> Any:
        calls.append(fd)
        return engine.fingerprint_media(fd, **how)

    monkeypatch.setattr(known, "fingerprint_media", counted)
    return calls


def a_candidate(path: str, number: int = 1, **fields: Any) -> Candidate:
    return Candidate.objects.create(page_url=f"{HOME}/watch/{number}", media_url=f"{HOME}{path}", **fields)


def examined(candidate: Candidate) -> Candidate:
    pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    return candidate


def test_the_same_bytes_on_ten_pages_are_decoded_once_and_are_ten_matches(
    site: Site, evidence: Evidence, decoded: list[int], compared: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_chromium(monkeypatch)
    site.put("/", listing(*range(1, 11)))
    for number in range(1, 11):
        site.put(f"/watch/{number}", detail(number))
        site.put(f"/media/{number}.mp4", shelf.copy())
    for candidate_id in pipeline.visit_source(a_source().pk):
        pipeline.examine_candidate(candidate_id)
    assert (len(decoded), len(compared)) == (1, 1)
    assert Match.objects.count() == 10
    assert len({str(sorted(judgement(match).items())) for match in Match.objects.all()}) == 1
    digest = Candidate.objects.first().digest
    assert Candidate.objects.of_same_bytes(digest).count() == 10
    for match in Match.objects.all()[:2]:
        assert pipeline.capture_match(match.pk)
    assert Match.objects.exclude(capture=None).values("capture").distinct().count() == 2


def judgement(match: Match) -> dict[str, Any]:
    """What was judged, without whose row it is."""
    own = {"id", "candidate_id", "judged_at", "_state"}
    return {name: value for name, value in vars(match).items() if name not in own}


def no_chromium(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, **_: Any) -> None:
        raise browser.CaptureError("no_browser", "No Chromium is installed on this server.", permanent=True)

    monkeypatch.setattr(browser, "capture_page", refuse)


def test_one_address_shown_on_ten_pages_is_fetched_once(site: Site, evidence: Evidence, decoded: list[int]) -> None:
    site.put("/media/1.mp4", shelf.copy())
    rows = [examined(a_candidate("/media/1.mp4", number)) for number in range(1, 11)]
    assert {row.status for row in rows} == {"matched"}
    assert len(decoded) == 1
    whole = len(shelf.copy())
    assert site.sent["/media/1.mp4"] == whole + 9 * min(whole, known.FIRST_BYTES)
    assert [row.fetched_bytes for row in rows[:2]] == [whole, min(whole, known.FIRST_BYTES)]


def test_other_bytes_under_a_known_address_are_examined_anew(
    site: Site, evidence: Evidence, decoded: list[int]
) -> None:
    site.put("/media/1.mp4", shelf.stranger())
    assert examined(a_candidate("/media/1.mp4", 1)).status == "cleared"
    site.put("/media/1.mp4", shelf.copy())
    assert examined(a_candidate("/media/1.mp4", 2)).status == "matched"
    assert len(decoded) == 2


def test_an_address_is_not_trusted_for_longer_than_a_week(site: Site, evidence: Evidence) -> None:
    site.put("/media/1.mp4", shelf.stranger())
    examined(a_candidate("/media/1.mp4", 1))
    PageSeen.objects.update(fetched_at=timezone.now() - timedelta(days=8))
    assert examined(a_candidate("/media/1.mp4", 2)).fetched_bytes == len(shelf.stranger())


def test_an_address_without_a_validator_is_fetched_whole(site: Site, evidence: Evidence) -> None:
    site.put("/media/1.mp4", shelf.stranger())
    examined(a_candidate("/media/1.mp4", 1))
    PageSeen.objects.update(etag="", last_modified="")
    assert examined(a_candidate("/media/1.mp4", 2)).fetched_bytes == len(shelf.stranger())


def test_known_bytes_are_compared_with_material_registered_since(
    site: Site, evidence: Evidence, decoded: list[int]
) -> None:
    site.put("/media/1.mp4", shelf.stranger())
    candidate = examined(a_candidate("/media/1.mp4", 1))
    assert candidate.status == "cleared"
    later = shelf.hand_in(make_case("B-2"), shelf.stranger())
    assert pipeline.fingerprint_evidence(later.pk) == [candidate.pk]
    assert examined(candidate).status == "matched"
    assert len(decoded) == 1


def test_shared_findings_name_nobody_whose_consent_was_withdrawn(
    cast: Cast, site: Site, evidence: Evidence, compared: list[int]
) -> None:
    site.put("/media/1.mp4", shelf.copy())
    other = shelf.hand_in(make_case("B-2"), shelf.stranger())
    pipeline.fingerprint_evidence(other.pk)
    examined(a_candidate("/media/1.mp4", 1))
    cast.case.consents.update(withdrawn_at=timezone.now())
    assert examined(a_candidate("/media/1.mp4", 2)).status == "cleared"
    assert len(compared) == 2


def test_the_fingerprint_of_a_match_goes_with_the_cases_key(
    cast: Cast, site: Site, evidence: Evidence, decoded: list[int]
) -> None:
    site.put("/media/1.mp4", shelf.copy())
    examined(a_candidate("/media/1.mp4", 1))
    row = KnownMedium.objects.get()
    assert row.case == cast.case
    with pytest.raises(vault.VaultError):
        vault.open_for_installation(bytes(row.sealed), known.PURPOSE)
    vault.erase_case(cast.case)
    assert known._by_digest(row.digest) is None
    assert not KnownMedium.objects.exists()


def test_what_nothing_used_for_a_month_is_forgotten(site: Site, evidence: Evidence) -> None:
    site.put("/media/1.mp4", shelf.stranger())
    examined(a_candidate("/media/1.mp4", 1))
    known.forget(timezone.now() + timedelta(days=29))
    assert KnownMedium.objects.count() == 1
    known.forget(timezone.now() + timedelta(days=31))
    assert KnownMedium.objects.count() == 0


# --- in parts ----------------------------------------------------------------------------------------------------
@pytest.fixture
def short_beginning(monkeypatch: pytest.MonkeyPatch) -> int:
    """Every clip counts as a long one, of which 40 kB are looked at first."""
    monkeypatch.setattr(arrival, "BEGINNING", 40_000)
    monkeypatch.setattr(known, "LONG_BYTES", 50_000)
    return 40_000


def test_a_medium_that_comes_in_two_parts_is_the_same_and_costs_the_same(
    site: Site, evidence: Evidence, short_beginning: int
) -> None:
    site.put("/media/1.mp4", shelf.copy())
    candidate = examined(a_candidate("/media/1.mp4"))
    assert candidate.status == "matched"
    assert site.answers.count(206) == 2
    assert site.sent["/media/1.mp4"] == candidate.size == len(shelf.copy())


def test_a_medium_that_changes_between_its_parts_is_taken_whole_as_it_is_now(
    site: Site, evidence: Evidence, short_beginning: int
) -> None:
    site.put("/media/1.mp4", shelf.stranger())
    real = site.reply

    def replaced_after_the_beginning(request: Any) -> None:
        if request.headers.get("If-Range"):
            site.put("/media/1.mp4", shelf.copy())
            del request.headers["Range"]
        real(request)

    site.reply = replaced_after_the_beginning  # type: ignore[method-assign]
    candidate = examined(a_candidate("/media/1.mp4"))
    assert (candidate.status, candidate.size) == ("matched", len(shelf.copy()))


def test_a_long_video_that_begins_like_nothing_lets_others_go_first_and_is_examined_whole_all_the_same(
    site: Site, evidence: Evidence, short_beginning: int
) -> None:
    site.put("/media/1.mp4", shelf.stranger())
    a_candidate("/media/2.mp4", 2)
    long = examined(a_candidate("/media/1.mp4", 1))
    assert (long.status, long.reason) == ("new", "A long video: it is examined after shorter ones.")
    assert not Candidate.objects.to_examine(timezone.now()).filter(pk=long.pk).exists()
    assert site.sent["/media/1.mp4"] == short_beginning
    Candidate.objects.filter(pk=long.pk).update(retry_at=None)
    assert examined(long).status == "cleared"
    assert long.size == len(shelf.stranger())


def test_a_long_video_is_never_cleared_on_its_beginning_alone(
    site: Site, evidence: Evidence, short_beginning: int
) -> None:
    site.put("/media/1.mp4", shelf.stranger())
    candidate = examined(a_candidate("/media/1.mp4", 1))
    assert (candidate.status, candidate.digest[:7]) == ("cleared", "sha256:")
    assert site.sent["/media/1.mp4"] == len(shelf.stranger())


# --- manners -----------------------------------------------------------------------------------------------------
def test_media_that_robots_txt_forbids_are_left_out_where_a_source_led_there(site: Site, evidence: Evidence) -> None:
    site.robots = b"User-agent: *\nDisallow: /media/\n"
    site.put("/media/1.mp4", shelf.copy())
    candidate = examined(a_candidate("/media/1.mp4", 1, source=a_source()))
    assert (candidate.status, site.asked) == ("failed", [])
    assert "robots.txt" in candidate.reason


def test_a_medium_that_somebody_named_is_looked_at_whatever_robots_txt_says(site: Site, evidence: Evidence) -> None:
    site.robots = b"User-agent: *\nDisallow: /\n"
    site.put("/media/1.mp4", shelf.copy())
    assert examined(a_candidate("/media/1.mp4", 1)).status == "matched"


def test_a_host_that_wants_a_pause_costs_no_attempt(site: Site, evidence: Evidence) -> None:
    site.status, site.headers = 429, {"Retry-After": "900"}
    site.put("/media/1.mp4", shelf.copy())
    candidate = a_candidate("/media/1.mp4", 1)
    for _try in range(5):
        Candidate.objects.update(retry_at=None)
        examined(candidate)
    assert (candidate.status, site.asked) == ("new", ["/media/1.mp4"])
    assert candidate.retry_at > timezone.now() + timedelta(minutes=14)
