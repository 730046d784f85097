"""The machine-readable report: by the published rules, with nothing of the person and nothing of the material."""

from __future__ import annotations

import base64
import csv
import io
import json
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

import pytest
from django.utils import timezone

from cases.models import Case
from takedown import notices
from takedown.channels import xarf
from takedown.message import build_message
from takedown.models import Contact, Notice
from tests.base import Cast
from tests.takedown import scene, shapes

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(cast: Cast) -> Notice:
    scene.lay_lawbook()
    scene.make_site()
    Contact.objects.update(wants_xarf=True)
    scene.make_match(cast.case)
    return scene.make_draft(cast.case)


def report_in(message: bytes) -> dict[str, Any]:
    mail = message_from_bytes(message, policy=SMTP)
    [part] = [one for one in mail.walk() if one.get_content_type() == "application/json"]
    return json.loads(part.get_content())


def test_the_report_follows_the_published_rules(draft: Notice) -> None:
    assert list(shapes.faults(report_in(notices.preview(draft)), shapes.XARF)) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("xarf_version", "3"), ("report_id", "1"), ("timestamp", "yesterday"), ("category", "spam"), ("type", "ncii"),
        ("url", "tube"), ("data_types", []), ("exposure_method", "theft"), ("sender", {"org": "us"}), ("tags", ["Big Words"]),
        ("description", "x" * 1001), ("evidence", [{"content_type": "text/csv"}]),
    ],
)  # fmt: skip
def test_a_report_that_breaks_a_rule_is_noticed(draft: Notice, name: str, value: Any) -> None:
    report = xarf.report(draft, "abuse@tube.example", timezone.now())
    assert list(shapes.faults({**report, name: value}, shapes.XARF)) != []


def test_it_lists_every_address_with_the_files_digest(draft: Notice) -> None:
    [table] = report_in(notices.preview(draft))["evidence"]
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(table["payload"]).decode())))
    assert [row["page_url"] for row in rows] == list(draft.locations.values_list("page_url", flat=True))
    assert {row["sha256"] for row in rows} == {"ab" * 32}


def test_words_of_strangers_stay_out_of_it(draft: Notice) -> None:
    said = xarf.text(draft, "abuse@tube.example", timezone.now())
    assert "someone" not in said
    assert "clip" not in base64.b64decode(json.loads(said)["evidence"][0]["payload"]).decode()


def test_the_letter_stays_readable_and_nothing_counts_as_an_attachment(draft: Notice) -> None:
    mail = message_from_bytes(notices.preview(draft), policy=SMTP)
    text, report = mail.iter_parts()
    assert draft.reference in text.get_content()
    assert report.get_content_disposition() == "inline"


def test_the_same_letter_is_the_same_bytes(draft: Notice) -> None:
    at = timezone.now()
    assert build_message(draft, at) == build_message(draft, at)


def test_who_does_not_ask_for_it_gets_none(draft: Notice) -> None:
    Contact.objects.update(wants_xarf=False)
    mail = message_from_bytes(notices.preview(Notice.objects.get()), policy=SMTP)
    assert not mail.is_multipart()


def test_about_a_minor_none_is_written(draft: Notice) -> None:
    Case.objects.update(minor=True)
    mail = message_from_bytes(notices.preview(Notice.objects.get()), policy=SMTP)
    assert not mail.is_multipart()
