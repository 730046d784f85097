"""A page of each demo site, captured for real: its facts are those of the upload, its archives open."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cases import capture
from cases.models import Capture
from seoulguard.demo.sites import World
from tests.base import Cast
from tests.detection import shelf

pytestmark = pytest.mark.django_db
LANGUAGES = ["en", "ja", "ru"]


@pytest.fixture
def world(tmp_path: Path, settings: Any) -> Iterator[World]:
    for name, content in {"copy": shelf.copy(), "other": shelf.stranger()}.items():
        (tmp_path / f"{name}.mp4").write_bytes(content)
    copies = dict.fromkeys(("one", "two", "three"), tmp_path / "copy.mp4")
    with World(copies, [tmp_path / "other.mp4"]) as opened:
        settings.DEMO_HOSTS = opened.host_map
        yield opened


def facts_of(made: Capture) -> dict[str, dict[str, str]]:
    """The surest of each name."""
    return {row["name"]: row for row in reversed(made.facts["page_facts"])}


@pytest.mark.parametrize("number", range(3), ids=LANGUAGES)
def test_the_facts_of_a_real_page_are_those_of_its_upload(cast: Cast, world: World, number: int) -> None:
    site = world.sites[number]
    upload = site._uploads[0]
    made = capture.capture_page_of(cast.case, site._page_url(upload))
    facts = facts_of(made)
    assert (facts["title"]["value"], facts["uploader"]["value"]) == (upload.title, upload.uploader)
    assert facts["posted_at"]["value"] == f"{upload.posted_at:%Y-%m-%dT%H:%M:%SZ}"
    assert facts["views"]["value"] == str(upload.views)
    assert facts["language"]["value"] == LANGUAGES[number]
    assert "guessed" not in {fact["certainty"] for fact in facts.values()}


def test_the_archives_of_a_real_page_hold_it_and_its_picture(cast: Cast, world: World) -> None:
    site = world.sites[2]  # written by a script
    url = site._page_url(site._uploads[0])
    made = capture.capture_page_of(cast.case, url)
    archive = zipfile.ZipFile(io.BytesIO(capture.read_part(made.parts.get(name="page.wacz"))))
    kept = {
        json.loads(line.split(" ", 2)[2])["url"] for line in archive.read("indexes/index.cdx").decode().splitlines()
    }
    assert url in kept
    assert any(address.endswith(".json") for address in kept)
    assert site._uploads[0].title.encode() in archive.read("pages/pages.jsonl")
    assert capture.read_part(made.parts.get(name="page.mhtml")).startswith(b"From: <Saved by Blink>")
