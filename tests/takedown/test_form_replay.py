"""The caged browser fills a host's form in for Jiwoo. What sends it is her press and nothing else. Real Chromium."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from cases.custody import verify_chain
from cases.parts import read_part
from takedown import notices
from takedown.channels import by_hand, replay
from takedown.channels.models import FormRun, Playbook
from takedown.drafting import NoticeError
from takedown.models import Contact, Delivery, Notice
from tests.base import Cast
from tests.takedown import form_host, registry, scene
from tests.takedown.form_host import FormHost

pytestmark = pytest.mark.django_db
S, R = Notice.Status, FormRun.Status


@pytest.fixture
def host(settings: Any) -> Iterator[FormHost]:
    with form_host.opened(settings) as host:
        yield host


def approved(cast: Cast, host: FormHost, path: str = "/report", lines: str = form_host.LINES) -> Notice:
    scene.lay_lawbook()
    site = scene.make_site()
    site.contacts.update(rank=5)
    contact = Contact.objects.create(site=site, channel="form", address=host.origin + path, confirmed_at=timezone.now())
    Playbook.objects.create(contact=contact, lines=lines)
    notice = scene.make_draft(cast.case)
    notices.approve(notice, cast.jiwoo)
    return notice


def run(asked: FormRun) -> FormRun:
    replay.play(asked.pk)
    asked.refresh_from_db()
    return asked


def test_the_form_is_filled_in_and_sent_only_when_jiwoo_presses(cast: Cast, host: FormHost) -> None:
    notice = approved(cast, host)
    rehearsal = run(replay.rehearse(notice, cast.jiwoo))
    assert (rehearsal.status, rehearsal.reason, host.posts) == (R.FILLED, "", [])
    pressed = run(replay.press(notice, cast.jiwoo))
    notice.refresh_from_db()
    [report] = host.reports()
    assert (pressed.status, notice.status) == (R.PRESSED, S.SENT)
    assert report["urls"] == [notice.locations.get().page_url]
    assert (report["reason"], report["sure"]) == (["7"], ["on"])
    assert "T-4711" in notice.deliveries.get().answer
    assert verify_chain(cast.case) == []


def test_the_picture_of_the_rehearsal_is_sealed_and_a_picture(cast: Cast, host: FormHost) -> None:
    rehearsal = run(replay.rehearse(approved(cast, host), cast.jiwoo))
    assert rehearsal.picture
    picture = Image.open(io.BytesIO(read_part(rehearsal.picture.parts.get())))
    assert (picture.format, picture.width) == ("PNG", 1280)


def test_a_form_that_sends_itself_while_it_is_filled_in_is_held_back(cast: Cast, host: FormHost) -> None:
    rehearsal = run(replay.rehearse(approved(cast, host, "/eager"), cast.jiwoo))
    assert host.posts == []
    assert rehearsal.status in (R.FILLED, R.FAILED)


def test_a_field_that_forgets_its_value_stops_the_run(cast: Cast, host: FormHost) -> None:
    rehearsal = run(replay.rehearse(approved(cast, host, "/forgetful"), cast.jiwoo))
    assert (rehearsal.status, host.posts) == (R.FAILED, [])
    assert "did not keep" in rehearsal.reason


def test_a_playbook_whose_step_on_the_way_would_send_is_stopped(cast: Cast, host: FormHost) -> None:
    lines = form_host.LINES.replace("press", "click | css:form button\npress")
    rehearsal = run(replay.rehearse(approved(cast, host, lines=lines), cast.jiwoo))
    assert (rehearsal.status, host.posts) == (R.FAILED, [])
    assert "clicks what sends" in rehearsal.reason


def test_a_form_of_two_pages_is_turned_by_a_click_and_not_sent(cast: Cast, host: FormHost) -> None:
    rehearsal = run(replay.rehearse(approved(cast, host, "/two", form_host.TWO_PAGES), cast.jiwoo))
    assert (rehearsal.status, rehearsal.reason) == (R.FILLED, "")
    assert [path for path, _fields in host.posts] == ["/second"]


def test_a_missing_field_is_named(cast: Cast, host: FormHost) -> None:
    lines = form_host.LINES.replace("Your e-mail", "Telefax")
    rehearsal = run(replay.rehearse(approved(cast, host, lines=lines), cast.jiwoo))
    assert "“Telefax”" in rehearsal.reason


@pytest.mark.parametrize(("mood", "state"), [("dead", S.BY_HAND), ("refused", S.UNCERTAIN), ("hung up", S.UNCERTAIN)])
def test_a_press_that_does_not_arrive_surely_is_never_repeated_by_itself(
    cast: Cast, host: FormHost, mood: str, state: str
) -> None:
    notice = approved(cast, host, "/dead" if mood == "dead" else "/report")
    host.status, host.hang_up = (400 if mood == "refused" else 200), mood == "hung up"
    run(replay.rehearse(notice, cast.jiwoo))
    pressed = run(replay.press(notice, cast.jiwoo))
    replay.play(pressed.pk)
    notice.refresh_from_db()
    assert (pressed.status, notice.status) == (R.FAILED, state)
    assert len(host.reports()) == (0 if mood == "dead" else 1)  # left alone, Chromium repeats what broke off
    assert notice.deliveries.count() == 1


def test_over_tls_too_a_form_whose_line_breaks_is_sent_once(cast: Cast, settings: Any, tmp_path: Path) -> None:
    certificate = registry._certificate(tmp_path, ("127.0.0.1",))
    with form_host.opened(settings, certificate) as host:
        notice = approved(cast, host)
        host.hang_up = True
        assert run(replay.rehearse(notice, cast.jiwoo)).reason == ""
        assert run(replay.press(notice, cast.jiwoo)).status == R.FAILED
        notice.refresh_from_db()
        assert (notice.status, len(host.reports())) == (S.UNCERTAIN, 1)


def test_without_a_rehearsal_nothing_is_pressed(cast: Cast, host: FormHost) -> None:
    notice = approved(cast, host)
    with pytest.raises(NoticeError, match="filled in first"):
        replay.press(notice, cast.jiwoo)


def test_a_rehearsal_of_other_values_does_not_count(cast: Cast, host: FormHost) -> None:
    notice = approved(cast, host)
    FormRun.objects.create(notice=notice, digest="sha256:other", officer=cast.jiwoo, status=R.FILLED)
    assert not replay.rehearsed(notice)


def test_a_letter_taken_back_before_the_worker_came_is_not_sent(cast: Cast, host: FormHost) -> None:
    notice = approved(cast, host)
    FormRun.objects.create(notice=notice, digest=notice.approved_digest, officer=cast.jiwoo, status=R.FILLED)
    pressed = replay.press(notice, cast.jiwoo)
    notices.undo(notice, cast.jiwoo)
    assert run(pressed).status == R.FAILED
    assert (notice.status, host.posts) == (S.DRAFT, [])


def test_a_worker_that_died_while_pressing_leaves_a_decision(cast: Cast, host: FormHost, monkeypatch: Any) -> None:
    notice = approved(cast, host)
    FormRun.objects.create(notice=notice, digest=notice.approved_digest, officer=cast.jiwoo, status=R.FILLED)
    pressed = replay.press(notice, cast.jiwoo)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(replay, "use_page", lambda *_args, **_named: die())
    with pytest.raises(KeyboardInterrupt):
        replay.play(pressed.pk)
    later = timezone.now() + timedelta(hours=1)
    assert (notices.mark_uncertain(later), replay.give_up(later)) == (1, 1)
    notice.refresh_from_db()
    assert (notice.status, Delivery.objects.get().status) == (S.UNCERTAIN, Delivery.Status.UNCERTAIN)
    replay.play(pressed.pk)
    assert host.posts == []


def test_while_the_browser_sends_nobody_marks_it_by_hand(cast: Cast, host: FormHost) -> None:
    notice = approved(cast, host)
    FormRun.objects.create(notice=notice, digest=notice.approved_digest, officer=cast.jiwoo, status=R.FILLED)
    replay.press(notice, cast.jiwoo)
    with pytest.raises(NoticeError, match="about to send"):
        by_hand.handed_in(notice, cast.jiwoo, timezone.localdate())
