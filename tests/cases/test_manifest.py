"""The list of a capture's parts: complete, sealed, on the chain, and never replaced."""

from __future__ import annotations

import json

import pytest

from cases import custody
from cases.manifest import seal_manifest
from cases.models import Capture, CustodyEntry
from cases.parts import add_part, read_part
from tests.base import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def capture(cast: Cast) -> Capture:
    made = Capture.objects.create(case=cast.case, url="https://tube.example/1", status="complete")
    add_part(made, "page.html", b"<p>page</p>", "text/html", "http")
    add_part(made, "media", b"moving pictures", "video/mp4", "http")
    return made


def test_the_list_names_every_part_with_its_digest_and_how_it_was_got(capture: Capture) -> None:
    before = custody.head(capture.case)
    listed = json.loads(read_part(seal_manifest(capture)))
    told = {part.name: (part.digest, part.size, part.how) for part in capture.parts.exclude(name="manifest.json")}
    assert {row["name"]: (row["digest"], row["size"], row["how"]) for row in listed["parts"]} == told
    assert listed["custody_head"] == before


def test_its_digest_stands_on_the_chain_of_custody(capture: Capture) -> None:
    listed = seal_manifest(capture)
    entry = CustodyEntry.objects.get(act="sealed", subject=f"capture:{capture.pk}")
    assert entry.detail["manifest"] == listed.digest


def test_asked_twice_it_is_made_once(capture: Capture) -> None:
    assert seal_manifest(capture) == seal_manifest(capture)
    assert CustodyEntry.objects.filter(act="sealed").count() == 1


def test_a_worker_that_died_before_the_record_is_made_good(capture: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(custody, "record", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            seal_manifest(capture)
    listed = seal_manifest(capture)
    assert CustodyEntry.objects.get(act="sealed").detail["manifest"] == listed.digest


def test_parts_that_come_later_get_a_list_of_their_own(capture: Capture) -> None:
    first = seal_manifest(capture)
    add_part(capture, "upload-1.png", b"later", "image/png", "upload")
    second = seal_manifest(capture)
    assert (first.name, second.name) == ("manifest.json", "manifest-2.json")
    assert {"manifest.json", "upload-1.png"} <= {row["name"] for row in json.loads(read_part(second))["parts"]}
