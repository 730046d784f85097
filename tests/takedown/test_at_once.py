"""Several workers on the same rows at the same time: nothing twice, nothing lost, no deadlock."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cases.custody import verify_chain
from cases.people import ensure_roles
from takedown import notices, verify
from takedown.models import Location, Notice
from tests.base import Cast, make_cast
from tests.detection.town import Town
from tests.takedown import scene
from tests.takedown.test_verify import town  # noqa: F401

WORKERS = 4


def together(*verbs: Callable[[], Any]) -> list[BaseException]:
    """Run them at the same moment, each on a connection of its own; what went wrong in them."""
    gate, troubles = Barrier(len(verbs)), []

    def run(verb: Callable[[], Any]) -> None:
        try:
            gate.wait()
            verb()
        except BaseException as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return troubles


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    ensure_roles()
    made = make_cast()
    scene.lay_lawbook()
    scene.make_site()
    return made


def test_sweeps_at_once_list_each_address_once(cast: Cast) -> None:
    for _copy in range(5):
        scene.make_match(cast.case)
    assert together(*[lambda: notices.draft_due(timezone.now())] * WORKERS) == []
    assert (Notice.objects.count(), Location.objects.count()) == (1, 5)


def test_workers_at_once_send_one_mail(cast: Cast, settings: Any) -> None:
    notice = scene.make_approved(cast.case, cast.jiwoo)
    with scene.Mailroom() as mailroom:
        scene.mail_settings(mailroom, settings)
        assert together(*[lambda: notices.send(notice.pk)] * WORKERS) == []
    assert len(mailroom.mails) == 1
    assert verify_chain(cast.case) == []


def test_approving_while_an_address_joins_approves_what_stands_in_the_message(cast: Cast) -> None:
    notice = scene.make_draft(cast.case)
    scene.make_match(cast.case)
    assert together(lambda: notices.approve(notice, cast.jiwoo), lambda: notices.draft_due(timezone.now())) == []
    notice.refresh_from_db()
    text = "\n".join(row["text"] for row in notice.paragraphs)
    assert notice.status == Notice.Status.APPROVED
    assert all(location.page_url in text for location in notice.locations.all())
    assert Location.objects.count() == 2


def test_the_last_two_addresses_verified_at_once_close_the_notice(cast: Cast, town: Town) -> None:  # noqa: F811
    for _copy in range(2):
        scene.make_match(cast.case)
    notice = scene.make_sent(cast.case)
    assert notice.locations.count() == 3
    for _round in range(2):
        places = list(notice.locations.all())
        assert together(*[lambda pk=place.pk: verify.check_removed(pk) for place in places]) == []
        scene.a_day_passes(notice)
    notice.refresh_from_db()
    assert notice.status == Notice.Status.REMOVED
    assert verify_chain(cast.case) == []
