"""Time stamps: somebody outside says when the proof existed, and their silence holds nothing up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from cases import custody, stamps
from cases.manifest import seal_manifest
from cases.models import Capture, CustodyEntry, TimeStamp
from cases.parts import add_part, read_part
from tests.base import Cast
from tests.time_authority import TimeAuthority

pytestmark = pytest.mark.django_db


@pytest.fixture
def authority(tmp_path: Path, settings: Any) -> Iterator[TimeAuthority]:
    folder = tmp_path / "authority"
    folder.mkdir()
    with TimeAuthority(folder) as opened:
        settings.DEMO_LOOPBACK_HOSTS = frozenset({f"127.0.0.1:{opened.port}"})
        settings.TIMESTAMP_AUTHORITIES = [(opened.url, opened.certificates)]
        yield opened


@pytest.fixture
def capture(cast: Cast) -> Capture:
    made = Capture.objects.create(
        case=cast.case, url="https://tube.example/1", status="complete", captured_at=timezone.now()
    )
    add_part(made, "page.html", b"<p>page</p>", "text/html", "http")
    return made


def hours_pass(hours: int = 30) -> None:
    TimeStamp.objects.exclude(retry_at=None).update(retry_at=timezone.now() - timedelta(hours=hours))


def only_stamp() -> TimeStamp:
    return TimeStamp.objects.get()


def test_a_real_authority_stamps_the_list_and_openssl_verifies_it_offline(
    authority: TimeAuthority, capture: Capture, tmp_path: Path
) -> None:
    listed = seal_manifest(capture)
    stamps.make_due(timezone.now())
    stamp = only_stamp()
    (tmp_path / "manifest.json").write_bytes(read_part(listed))
    (tmp_path / "1.tsr").write_bytes(stamp.token)
    (tmp_path / "ca.pem").write_text(stamp.certificate)
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-data", "manifest.json", "-in", "1.tsr", "-CAfile", "ca.pem"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (stamp.status, stamp.reason) == ("made", "")
    assert "Verification: OK" in done.stdout + done.stderr
    assert abs(stamp.made_at - timezone.now()) < timedelta(seconds=30)


def test_a_token_is_put_on_record_and_asked_for_once(authority: TimeAuthority, capture: Capture) -> None:
    listed = seal_manifest(capture)
    stamps.make_due(timezone.now())
    stamps.make_due(timezone.now())
    entry = CustodyEntry.objects.get(act="stamped")
    assert (authority.asked, entry.detail["listed"]) == (1, listed.digest)
    assert not custody.verify_chain(capture.case)


def test_with_the_authority_down_nothing_waits_and_the_token_comes_later(
    authority: TimeAuthority, capture: Capture
) -> None:
    authority.state = "down"
    seal_manifest(capture)
    stamps.make_due(timezone.now())
    assert (only_stamp().status, bool(only_stamp().reason)) == ("waiting", True)
    stamps.make_due(timezone.now())
    assert authority.asked == 1  # it backs off
    authority.state = "up"
    hours_pass()
    stamps.make_due(timezone.now())
    assert (only_stamp().status, only_stamp().reason) == ("made", "")


def test_an_authority_that_is_not_there_at_all_is_asked_again(authority: TimeAuthority, capture: Capture) -> None:
    seal_manifest(capture)
    authority.__exit__()
    stamps.make_due(timezone.now())
    stamp = only_stamp()
    assert (stamp.status, stamp.leased_until) == ("waiting", None)
    assert stamp.retry_at > timezone.now()
    authority._server = authority.__enter__()._server


def test_one_authority_that_is_down_is_asked_once_a_sweep(authority: TimeAuthority, cast: Cast) -> None:
    authority.state = "down"
    for number in range(4):
        made = Capture.objects.create(case=cast.case, url=f"https://tube.example/{number}", status="complete")
        seal_manifest(made)
    stamps.make_due(timezone.now())
    assert authority.asked == 1


def test_the_pause_grows_to_six_hours_and_no_further(authority: TimeAuthority, capture: Capture) -> None:
    authority.state = "down"
    seal_manifest(capture)
    for _ in range(14):
        hours_pass()
        stamps.make_due(timezone.now())
    pause = only_stamp().retry_at - timezone.now()
    assert timedelta(hours=5) < pause <= timedelta(hours=6)


@pytest.mark.parametrize("state", ["refuses", "lies"])
def test_an_answer_that_proves_nothing_is_not_kept(authority: TimeAuthority, capture: Capture, state: str) -> None:
    seal_manifest(capture)
    other = Capture.objects.create(case=capture.case, url="https://tube.example/2", status="complete")
    stamps.make_due(timezone.now())
    authority.state = state
    seal_manifest(other)
    stamps.make_due(timezone.now())
    stamp = TimeStamp.objects.get(capture=other)
    assert (stamp.status, bytes(stamp.token)) == ("failed", b"")
    assert stamp.reason


def test_a_token_from_an_authority_nobody_vouches_for_is_refused(
    authority: TimeAuthority, capture: Capture, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "stranger").mkdir()
    stranger = TimeAuthority(tmp_path / "stranger")
    settings.TIMESTAMP_AUTHORITIES = [(authority.url, stranger.certificates)]
    seal_manifest(capture)
    stamps.make_due(timezone.now())
    assert only_stamp().status == "failed"


def test_two_workers_do_not_ask_for_the_same_stamp(authority: TimeAuthority, capture: Capture) -> None:
    seal_manifest(capture)
    assert TimeStamp.objects.claim(only_stamp().pk, *TimeStamp.OPEN)
    stamps.make_due(timezone.now())
    assert authority.asked == 0


def test_without_an_authority_there_is_no_stamp_and_no_trouble(capture: Capture) -> None:
    seal_manifest(capture)
    stamps.make_due(timezone.now())
    assert not TimeStamp.objects.exists()
