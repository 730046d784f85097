"""Who answers, how right we were, what a case has cost, and what an officer says about a step of the ladder."""

from __future__ import annotations

import csv
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cases import custody
from takedown import answering, ladder, transparency
from takedown.answer_models import HostAnswer
from takedown.costs import cost_of, time_worked
from takedown.drafting import NoticeError
from takedown.ladder_models import Step
from takedown.models import Location, Notice
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def lawbook(cast: Cast) -> None:
    scene.lay_lawbook()


def sent(cast: Cast, host: str, hours: list[float], left_up: int = 0) -> Notice:
    """A letter that left a week ago; its addresses went after so many hours, `left_up` are still there."""
    scene.make_site(host)
    for _number in range(len(hours) + left_up):
        notice = scene.make_draft(cast.case, host=host)
    at = timezone.now() - timedelta(days=7)
    Notice.objects.filter(pk=notice.pk).update(status="sent", sent_at=at, approved_by=cast.jiwoo)
    for place, gone in zip(notice.locations.order_by("pk"), hours, strict=False):
        Location.objects.filter(pk=place.pk).update(status="removed", removed_at=at + gone * HOUR)
    notice.refresh_from_db()
    return notice


def test_a_hosts_times_are_the_middle_one_and_that_of_nine_in_ten(cast: Cast) -> None:
    sent(cast, "tube.example", [1, 2, 3, 4, 5, 6, 7, 8, 9, 50], left_up=2)
    [record] = answering.by_host()
    assert (record.median_seconds, record.slowest_tenth_seconds) == (5 * 3600, 9 * 3600)
    assert (record.addresses, record.removed, round(record.completion_percent or 0)) == (12, 10, 83)


def test_a_refusal_is_counted_with_its_reason(cast: Cast) -> None:
    notice = sent(cast, "tube.example", [], left_up=1)
    answering.note_answer(notice, cast.jiwoo, HostAnswer.Kind.REFUSED, HostAnswer.Reason.WANTS_ORDER)
    [record] = answering.by_host()
    assert record.reasons == [("Wants an order of a court or an authority", 1)]
    with pytest.raises(NoticeError, match="not known"):
        answering.note_answer(notice, cast.jiwoo, "nonsense")


def test_a_letter_that_was_wrong_counts_against_its_precision(cast: Cast) -> None:
    wrong, _right = sent(cast, "tube.example", [], left_up=1), sent(cast, "clips.example", [3])
    answering.note_answer(wrong, cast.jiwoo, HostAnswer.Kind.WITHDRAWN)
    assert [(line.site, line.percent) for line in answering.precision_ledger()] == [
        ("tube.example", 0.0), ("clips.example", 100.0),
    ]  # fmt: skip


def test_small_numbers_do_not_leave_in_the_transparency_export(cast: Cast) -> None:
    sent(cast, "tube.example", [1, 2, 3])
    sent(cast, "clips.example", [1, 2, 3, 4, 5, 6])
    rows = {row["host"]: row for row in csv.DictReader(transparency.export().splitlines())}
    assert (rows["tube.example"]["removed"], rows["tube.example"]["median_hours"]) == ("<5", "")
    assert (rows["clips.example"]["removed"], rows["clips.example"]["median_hours"]) == ("6", "3.0")


def test_what_one_person_did_in_a_row_is_one_sitting() -> None:
    began = timezone.now()
    moments = [began + timedelta(minutes=minutes) for minutes in (0, 4, 9, 120)]
    assert time_worked(moments) == timedelta(minutes=10)


def test_steps_are_counted_by_who_took_them(cast: Cast) -> None:
    custody.record(cast.case, "viewed", actor=f"officer:{cast.jiwoo.pk}")
    custody.record(cast.case, "captured", actor="job")
    cost = cost_of(cast.case)
    assert (cost.minutes, cost.person_steps["viewed"], cost.machine_steps["captured"]) == (1, 1, 1)


def test_a_step_left_out_makes_room_for_the_next(cast: Cast, client: Client) -> None:
    first = sent(cast, "tube.example", [], left_up=1)
    place = first.locations.get()
    place.checks.create(outcome="up", at=timezone.now())
    ladder.climb(timezone.now())
    step = Step.objects.get(rung="reminder", asked__location=place)
    client.force_login(cast.jiwoo)
    client.post(f"/desk/notices/{step.notice_id}/skip/")
    step.notice.refresh_from_db()
    assert step.notice.status == Notice.Status.CANCELLED
    ladder.climb(timezone.now())
    assert Step.objects.filter(rung="host", asked__location=place).exists()


def test_the_page_of_the_first_letter_shows_what_follows(cast: Cast, client: Client) -> None:
    first = sent(cast, "tube.example", [], left_up=1)
    client.force_login(cast.jiwoo)
    shown = client.get(f"/desk/notices/{first.pk}/").content.decode()
    assert "The ladder" in shown
    assert "Reminder" in shown
    assert "if it is still there" in shown


def test_an_officer_keeps_an_answer_on_the_page(cast: Cast, client: Client) -> None:
    first = sent(cast, "tube.example", [], left_up=1)
    client.force_login(cast.jiwoo)
    client.post(f"/desk/notices/{first.pk}/answered/", {"kind": "refused", "reason": "baseless"})
    assert "Says it is not such material" in client.get(f"/desk/notices/{first.pk}/").content.decode()


@pytest.mark.parametrize("path", ["/desk/answers/", "/desk/answers/{site}/"])
def test_staff_see_who_answers(path: str, cast: Cast, client: Client) -> None:
    notice = sent(cast, "tube.example", [1, 2])
    client.force_login(cast.jiwoo)
    assert "tube.example" in client.get(path.format(site=notice.site_id)).content.decode()


def test_only_a_lead_sees_the_precision_of_officers_and_takes_the_export(cast: Cast, client: Client) -> None:
    sent(cast, "tube.example", [1])
    client.force_login(cast.jiwoo)
    assert "How right our letters were" not in client.get("/desk/answers/").content.decode()
    assert client.get("/desk/answers/transparency.csv").status_code == 403
    client.force_login(cast.sora)
    assert "How right our letters were" in client.get("/desk/answers/").content.decode()
    assert client.get("/desk/answers/transparency.csv")["Content-Type"].startswith("text/csv")


def test_the_cost_of_a_case_is_for_those_who_work_on_it(cast: Cast, client: Client) -> None:
    client.force_login(cast.minho)
    assert client.get(f"/desk/cases/{cast.case.pk}/cost/").status_code == 404
    client.force_login(cast.jiwoo)
    assert client.get(f"/desk/cases/{cast.case.pk}/cost/").status_code == 200
