"""A worker is killed in the middle of each stage. The next one finishes the road: nothing lost, nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from cases import custody
from cases.models import Capture, Evidence, Leased
from detection import jobs as detection_jobs
from detection.models import Candidate, EvidenceFingerprint, Match, Source
from seoulguard.demo.sites import World
from seoulguard.demo.smtp import HostDesk, MailServer
from takedown import jobs as takedown_jobs
from takedown import notices, seeding
from takedown.models import Contact, Delivery, HostingSite, Location, Notice
from tests import clips, parts
from tests.base import Cast
from tests.detection.shelf import hand_in

ROUNDS = 14
# (stage, the function in which the worker dies, whether the letter had left by then)
STAGES = [
    ("fingerprint, before it is made", "detection.pipeline.fingerprint_media", None),
    ("fingerprint, made but not said", "detection.pipeline.examine_again", None),
    ("visit, after the first candidate", "detection.pipeline._end_visit", None),
    ("examine, before the matches are kept", "detection.pipeline._keep_matches", None),
    ("examine, matches kept", "detection.pipeline._once_more_if_changed", None),
    ("capture, page kept, medium not", "detection.preserve.add_media_and_frames", None),
    ("draft, while it is composed", "takedown.drafting.write", None),
    ("send, before the first byte", "takedown.delivery.Email.deliver", False),
    ("send, after the last byte", "takedown.sending._end", True),
    ("verify, before the probe is kept", "takedown.models.RemovalCheck.objects.create", None),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("clips")
    original = clips.make_clip(folder / "original.mp4", "astronaut", "right", seconds=3)
    copy = clips.edit(original, folder / "copy.mp4", "hflip")
    other = clips.make_clip(folder / "other.mp4", "coffee", "left")
    names = {"one": copy, "two": copy, "three": copy}
    with World(names, [other]) as opened, parts.queue_server():
        opened.original = original  # type: ignore[attr-defined]
        yield opened


@pytest.fixture(scope="module")
def post_office(world: World) -> Iterator[MailServer]:
    with MailServer() as server:
        server.on_mail = HostDesk(world).receive
        yield server


@pytest.fixture
def mail(settings: object, world: World, post_office: MailServer) -> Iterator[MailServer]:
    post_office.mails.clear()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", post_office.port  # type: ignore[attr-defined]
    settings.DEMO_HOSTS = world.host_map  # type: ignore[attr-defined]
    settings.UNDO_SECONDS = settings.REMOVED_PROBES_APART_SECONDS = 0  # type: ignore[attr-defined]
    settings.RECHECK_SECONDS = [0, 0, 0, 0]  # type: ignore[attr-defined]
    yield post_office
    for planting in world.planted:
        world_site(world, planting.page_url).restore(planting.page_url)
    parts.empty_queues()


@pytest.fixture
def worker(mail: MailServer, workers: list[parts.Worker]) -> parts.Worker:
    """One for the whole module: the addresses it is told at its start stay the same."""
    if not workers:
        workers.append(parts.Worker(UNDO_SECONDS="0", REMOVED_PROBES_APART_SECONDS="0", RECHECK_SECONDS="0,0,0,0"))
    return workers[0]


@pytest.fixture(scope="module")
def workers() -> Iterator[list[parts.Worker]]:
    opened: list[parts.Worker] = []
    yield opened
    for one in opened:
        one.close()


def world_site(world: World, url: str):  # type: ignore[no-untyped-def]
    return next(site for site in world.sites if site.host_name in url)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("stage", "deadly", "had_left"), STAGES, ids=[row[0] for row in STAGES])
def test_the_road_is_finished_after_a_kill(
    cast: Cast, world: World, mail: MailServer, worker: parts.Worker, stage: str, deadly: str, had_left: bool | None
) -> None:
    register(cast, world)
    assert walk(cast, worker, deadly, had_left), f"the worker never reached {deadly}"

    location = Location.objects.get()
    assert location.status == Location.Status.REMOVED
    assert Notice.objects.get().status == Notice.Status.REMOVED
    assert len(mail.mails) == 1
    assert Delivery.objects.filter(status=Delivery.Status.SENT).count() == 1
    assert (EvidenceFingerprint.objects.count(), Match.objects.count()) == (1, 1)
    assert Candidate.objects.count() == len(set(Candidate.objects.values_list("media_url", flat=True)))
    assert not Candidate.objects.filter(status=Candidate.Status.NEW).exists()
    assert location.match.capture.status == Capture.Status.COMPLETE
    assert custody.verify_chain(cast.case) == []


def register(cast: Cast, world: World) -> None:
    """Evidence that waits, one hosting site with its contact, one feed to watch."""
    seeding.seed_lawbook()
    seeding.demo_organisation()
    hand_in(cast.case, Path(world.original).read_bytes(), Evidence.Kind.VIDEO)  # type: ignore[attr-defined]
    site = next(site for site in world.sites if site.kind == "feed")
    row = HostingSite.objects.create(
        name=site.name, domain=site.host_name, language="ja", jurisdiction="JP", time_zone="Asia/Tokyo"
    )
    Contact.objects.create(site=row, address=f"abuse@{site.host_name}", confirmed_at=timezone.now())
    Source.objects.create(name="feed", kind=Source.Kind.FEED, url=site.base_url.rstrip("/") + site.start_path)


def walk(cast: Cast, worker: parts.Worker, deadly: str, had_left: bool | None) -> bool:
    """Work in rounds until the notice is removed; whether a worker died on the way."""
    died = False
    for _ in range(ROUNDS):
        detection_jobs.sweep.delay()
        takedown_jobs.sweep.delay()
        if worker.work("" if died else deadly):
            died = True
            run_out_leases()
        decide(cast, had_left)
        if Notice.objects.filter(status=Notice.Status.REMOVED).exists():
            break
    return died


def decide(cast: Cast, had_left: bool | None) -> None:
    """What the officer does between the rounds: approve drafts, settle what is uncertain."""
    for notice in Notice.objects.filter(status=Notice.Status.UNCERTAIN):
        assert had_left is not None, "only a kill while sending may leave a letter uncertain"
        notices.decide_uncertain(notice, cast.jiwoo, sent=had_left)
    for notice in Notice.objects.filter(status=Notice.Status.DRAFT):
        notices.approve(notice, cast.jiwoo)


def run_out_leases() -> None:
    """The clock passes the leases of the dead worker, and its waits."""
    past = timezone.now() - timedelta(seconds=1)
    for model in Leased.__subclasses__():
        model.objects.exclude(leased_until=None).update(leased_until=past)  # type: ignore[attr-defined]
        model.objects.exclude(retry_at=None).update(retry_at=past)  # type: ignore[attr-defined]
