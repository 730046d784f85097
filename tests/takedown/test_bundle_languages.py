"""The report in a bundle, as people of the host's country read it."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import timezone, translation

from cases import page_facts, report, report_proof
from cases.report import capture_report_pdf
from detection.models import Match
from seoulguard import messages
from takedown import notices
from takedown.jurisdictions import LANGUAGES
from takedown.models import Notice
from tests.base import Cast
from tests.cases.test_report import CONTEXT
from tests.takedown import bundle_scene, scene


@pytest.fixture
def as_html(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in a report is the same before it is laid out, which takes seconds."""
    monkeypatch.setattr(report, "pdf_of", lambda html, _style: html.encode())


@pytest.fixture(scope="module")
def english() -> list[str]:
    """The report's sentences that nothing is put into, and what takes it several words to say."""
    with messages.po_path("ja").open("rb") as file:
        said = [str(entry.id) for entry in read_po(file)]
    return [one for one in said if len(one) > 12 and " " in one and "%" not in one]


@pytest.fixture
def match(cast: Cast) -> Match:
    scene.lay_lawbook()
    return bundle_scene.make_captured(cast.case)


def test_whatever_language_a_letter_is_written_in_the_report_speaks_it() -> None:
    assert {*settings.REPORT_LANGUAGES, "ko", "en"} == set(LANGUAGES)


@pytest.mark.parametrize("language", settings.REPORT_LANGUAGES)
def test_no_sentence_is_left_in_english_or_korean(as_html: None, english: list[str], language: str) -> None:
    facts = [
        {"name": name, "value": "3", "place": "text line 4", "certainty": certainty, "said": ""}
        for name, certainty in zip(page_facts.NAMES, 2 * list(page_facts.CERTAINTIES), strict=True)
    ]
    proof = report_proof.Proof(("0" * 39, "0" * 39), "manifest.json", "sha256:0", "sha256:0", 9, [], [])
    context = replace(
        CONTEXT, language=language, proof=proof, page_facts=page_facts.shown(facts, language), organisation="Centre"
    )
    text = unescape(capture_report_pdf(context).decode())
    assert [one for one in english if one in text] == []
    assert not re.search("[가-힣]", text)
    with translation.override(language):
        assert translation.gettext("Chain of custody") in text


@pytest.mark.django_db
def test_the_police_of_the_hosts_country_find_a_report_in_their_language(
    match: Match, as_html: None, tmp_path: Path
) -> None:
    notices.draft_due(timezone.now())
    Notice.objects.update(language="ja")
    with zipfile.ZipFile(bundle_scene.make_bundle(match, tmp_path / "bundle.zip")) as bundle:
        japanese, korean = (bundle.read(f"report-{language}.pdf").decode() for language in ("ja", "ko"))
        assert "report-en.pdf" in bundle.namelist()
    assert "ページを保全し、封印した。" in japanese
    assert ("正文です" in japanese, "정본입니다" in korean) == (True, False)


@pytest.mark.django_db
def test_what_was_noted_in_korean_is_said_in_english_to_whoever_reads_neither(
    match: Match, as_html: None, tmp_path: Path
) -> None:
    assert match.capture
    with translation.override("ko"):
        match.capture.facts["browser_failed"] = translation.gettext("The browser does not start.")
    match.capture.save()
    notices.draft_due(timezone.now())
    Notice.objects.update(language="th")
    with zipfile.ZipFile(bundle_scene.make_bundle(match, tmp_path / "bundle.zip")) as bundle:
        read = {language: bundle.read(f"report-{language}.pdf").decode() for language in ("ko", "en", "th")}
    assert match.capture.facts["browser_failed"] in read["ko"]
    assert "The browser does not start." in read["en"]
    assert "The browser does not start." in read["th"]
