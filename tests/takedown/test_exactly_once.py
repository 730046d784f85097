"""Two hundred kills at random points of sending, against a server with moods: no letter twice, none without a state."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cases.custody import verify_chain
from takedown import notices
from takedown.message import build_message, digest_of, message_id_for
from takedown.models import Contact, Delivery, HostingSite, Notice
from tests import parts
from tests.base import Cast
from tests.takedown import scene
from tests.takedown.rough_server import RoughServer

KILLS = 200
SEED = 20261123
S = Notice.Status
FINAL = {S.SENT, S.FAILED, S.UNCERTAIN}


class Farm:
    """The process that forks senders."""

    def __init__(self) -> None:
        self.lot = random.Random(SEED)
        self.kills = 0
        self.wrong_waits: list[str] = []
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.sender_farm"], cwd=parts.ROOT, env=parts.child_environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert self._hear() == "ready"

    def stop(self) -> None:
        assert self._program.stdin
        self._program.stdin.close()
        self._program.wait(10)

    def send(self, pk: Any, how: str = "none", when: float = 0) -> int:
        """Have one letter sent, perhaps killed on the way; how many lines it took when it was not."""
        assert self._program.stdin
        self._program.stdin.write(f"{pk} {how} {when}\n")
        self._program.stdin.flush()
        outcome, lines = self._hear().split()
        assert outcome != "failed", "sending broke with an exception; see above"
        self.kills += outcome == "killed"
        if outcome == "done":
            self.wrong_waits += wrong_wait(Notice.objects.get(pk=pk))
        return int(lines)

    def send_and_kill(self, pk: Any, lines: int, seconds: float) -> None:
        """Every second one between two lines of our code, the others wherever the clock finds them."""
        if self.lot.random() < 0.5:
            self.send(pk, "line", self.lot.randint(1, lines))
        else:
            self.send(pk, "time", self.lot.uniform(0, seconds))

    def _hear(self) -> str:
        assert self._program.stdout
        return self._program.stdout.readline().strip()


@pytest.fixture
def server(settings: Any) -> Iterator[RoughServer]:
    with RoughServer(SEED) as rough:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", rough.port
        yield rough


@pytest.fixture
def farm(server: RoughServer, transactional_db: None) -> Iterator[Farm]:
    one = Farm()
    yield one
    one.stop()


def letters_like(first: Notice, count: int) -> None:
    """Approved letters to sites of their own, so that one bad address holds up no other letter."""
    for number in range(count):
        site = HostingSite.objects.create(domain=f"h{number}.example", name=f"h{number}", jurisdiction="US")
        row = Notice.objects.get(pk=first.pk)
        row.pk, row.reference, row.site = None, f"SG-2026-X{number:07d}", site
        row.id = Notice._meta.pk.get_default()
        row.contact = Contact.objects.create(site=site, address=f"abuse@h{number}.example", confirmed_at=timezone.now())
        row._state.adding = True
        row.message = build_message(row, timezone.now())
        row.approved_digest, row.message_id = digest_of(row.message), message_id_for(row)
        row.save(force_insert=True)


def an_hour_passes() -> None:
    """Leases of the dead run out, waits are over, the sweep looks."""
    late = timezone.now() - timedelta(seconds=1)
    Notice.objects.exclude(leased_until=None).update(leased_until=late)
    Notice.objects.exclude(retry_at=None).update(retry_at=late)
    notices.mark_uncertain(timezone.now())
    notices.give_up(timezone.now())


def wrong_wait(row: Notice) -> list[str]:
    """A letter that a busy server put off waits 10 s, 40 s, 160 s … from its last try."""
    if row.status != S.APPROVED or row.leased_until is not None or row.retry_at is None:
        return []
    tried, wanted = row.deliveries.last(), timedelta(seconds=10 * 4 ** (row.attempts - 1))
    off = abs(row.retry_at - tried.ended_at - wanted) > timedelta(seconds=2)
    return [f"{row.reference}: {row.retry_at - tried.ended_at} after try {row.attempts}"] if off else []


@pytest.mark.django_db(transaction=True)
def test_two_hundred_kills_double_no_letter_and_leave_none_without_a_state(
    cast: Cast, server: RoughServer, farm: Farm
) -> None:
    scene.lay_lawbook()
    scene.make_site()
    first = scene.make_approved(cast.case, cast.jiwoo)
    letters_like(first, 260)
    began = timezone.now()
    lines = max(farm.send(pk, "line", 0) for pk in due(10))
    seconds = (timezone.now() - began).total_seconds() / 10

    while farm.kills < KILLS:
        round_of = due(40)
        assert round_of, f"letters ran out after {farm.kills} kills"
        for pk in round_of:
            farm.send_and_kill(pk, lines, seconds)
        an_hour_passes()
    for _round in range(20):
        for pk in due(500):
            farm.send(pk)
        an_hour_passes()

    assert {message_id: count for message_id, count in server.taken.items() if count > 1} == {}
    assert set(Notice.objects.values_list("status", flat=True)) <= FINAL
    assert set(Delivery.objects.values_list("status", flat=True)) <= {"sent", "failed", "uncertain"}
    assert farm.wrong_waits == []
    assert given_up_too_early() == []
    assert lost_or_invented(server) == []
    assert verify_chain(cast.case) == []
    in_doubt = sum(server.moods[mood] for mood in ("hang up within", "hang up at END", "take it, then hang up"))
    assert Notice.objects.filter(status=S.UNCERTAIN).count() <= farm.kills + in_doubt
    assert_the_test_was_hard(farm, server)


def due(count: int) -> list[Any]:
    return list(Notice.objects.to_send(timezone.now()).order_by("attempts", "pk").values_list("pk", flat=True)[:count])


def given_up_too_early() -> list[str]:
    """A 4xx was the last word, though tries were left."""
    last_words = (row.deliveries.last() for row in Notice.objects.filter(status=S.FAILED))
    busy = [one for one in last_words if one and one.answer.startswith("4")]
    return [
        f"{one.notice.reference} {one.answer}"
        for one in busy
        if "try again" in one.notice.reason and not tried_enough(one.notice)
    ]


def tried_enough(notice: Notice) -> bool:
    from django.conf import settings

    return notice.deliveries.count() >= settings.SEND_ATTEMPTS


def lost_or_invented(server: RoughServer) -> list[str]:
    """What the server took must stand as sent, or as uncertain; what stands as sent, it must have taken."""
    wrong = []
    for row in Notice.objects.all():
        taken = server.taken[row.message_id] > 0
        if (taken and row.status not in (S.SENT, S.UNCERTAIN)) or (row.status == S.SENT and not taken):
            wrong.append(f"{row.reference}: {row.status}, taken: {taken}")
    return wrong


def assert_the_test_was_hard(farm: Farm, server: RoughServer) -> None:
    """Every mood was met, and kills fell before, within and after the sending."""
    assert farm.kills >= KILLS
    assert len(server.moods) == 14
    assert Notice.objects.filter(status=S.UNCERTAIN).exists()
    assert Notice.objects.filter(status=S.SENT, deliveries__status="failed").exists()
    taken = [one for one in server.taken if Notice.objects.filter(message_id=one, status=S.UNCERTAIN).exists()]
    assert taken, "no kill fell between the server's taking and our knowing"
