"""Jiwoo hands in her own proof of a page that no program could capture; and who and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from cases import capture as captures
from cases import upload_capture
from cases.media_types import IntakeError
from cases.models import Capture, Case, CustodyEntry, IntakeDraft
from cases.spoken import said_again
from cases.upload_capture import kind_of
from cases.vault import VaultError
from detection import pipeline, preserve
from detection.models import Match
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 40_000
PDF = b"%PDF-1.7 canary-pdf"
WHY = "The site did not answer in time."


@pytest.fixture
def jiwoo(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.jiwoo)
    return client


@pytest.fixture
def failed(cast: Cast) -> Match:
    """A copy whose page could not be captured."""
    capture = Capture.objects.create(case=cast.case, url="https://tube.example/v/1", status="failed", reason=WHY)
    return scene.make_match(cast.case, status=Match.Status.UNCAPTURED, reason=WHY, capture=capture, captured_at=None)


def hand_in(client: Client, match: Match, *files: bytes, **answers: str) -> Any:
    sent = [SimpleUploadedFile("victims-real-name.png", content) for content in files]
    told = {"seen_at": (timezone.localtime() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"), **answers}
    return client.post(reverse("takedown:capture_upload", args=[match.pk]), {"files": sent, **told})


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_what_she_hands_in_is_sealed_as_the_pages_capture(jiwoo: Client, failed: Match, cast: Cast) -> None:
    response = hand_in(jiwoo, failed, PNG, PDF, note="with my telephone")
    failed.refresh_from_db()
    made = failed.capture
    assert made is not None
    assert (made.status, made.method, made.url) == ("complete", "upload", failed.candidate.page_url)
    parts = {part.name: (captures.read_part(part), part.how) for part in made.parts.all()}
    assert parts["upload-1.png"] == (PNG, "upload")
    assert parts["upload-2.pdf"] == (PDF, "upload")
    told = json.loads(parts["upload.json"][0])
    assert (told["by"], told["note"]) == (f"officer:{cast.jiwoo.pk}", "with my telephone")
    assert "Sealed as proof" in said(response)


def test_it_is_on_the_chain_of_custody_in_her_name(jiwoo: Client, failed: Match, cast: Cast) -> None:
    hand_in(jiwoo, failed, PNG)
    entry = CustodyEntry.objects.get(case=cast.case, act="captured")
    assert (entry.actor, entry.detail["method"]) == (f"officer:{cast.jiwoo.pk}", "upload")
    assert set(entry.detail["parts"]) == {"upload-1.png", "upload.json"}


def test_nothing_of_it_lies_open_and_no_draft_is_left(jiwoo: Client, failed: Match, settings: Any) -> None:
    hand_in(jiwoo, failed, PDF)
    files = [path for path in settings.EVIDENCE_ROOT.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"canary-pdf" in path.read_bytes() or "victim" in path.name]
    assert not IntakeDraft.objects.exists()


def test_the_match_goes_on_as_after_any_capture(jiwoo: Client, failed: Match, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(jiwoo, failed, PNG)
    monkeypatch.setattr(preserve, "add_media_and_frames", lambda *_: None)
    assert pipeline.capture_match(failed.pk)
    failed.refresh_from_db()
    assert (failed.status, failed.capture and failed.capture.method) == ("captured", "upload")


HANDED_IN = [
    ("en", "Handed in by an officer", "did not fetch the page itself"),
    ("ko", "담당자가 제출", "시스템이 직접 페이지를 받은 것이 아닙니다"),
]


@pytest.mark.parametrize(("language", "label", "note"), HANDED_IN)
def test_the_report_says_that_an_officer_handed_it_in(
    jiwoo: Client, failed: Match, cast: Cast, language: str, label: str, note: str
) -> None:
    hand_in(jiwoo, failed, PNG)
    made = Capture.objects.get(method="upload")
    pdf = captures.report_for(made, language=language, actor=f"officer:{cast.jiwoo.pk}")
    text = " ".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())
    assert label in text
    assert note in text
    with translation.override(language):
        assert said_again(WHY) in text


def test_an_intake_of_the_same_session_is_not_touched(jiwoo: Client, failed: Match) -> None:
    jiwoo.get(reverse("cases:intake_step", args=["material"]))
    before = jiwoo.session.get("draft")
    hand_in(jiwoo, failed, PNG)
    assert jiwoo.session.get("draft") == before


# --- what is refused ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("files", "sentence"),
    [((), "No file arrived"), ((b"just words",), "no proof that can be kept"), ((PNG, b"MZ\x90"), "no proof"),
     ((b"PK\x03\x04" + b"\0" * 26 + b"malware.exe",), "no proof"), ((PNG,) * 11, "too many files")],
)  # fmt: skip
def test_what_is_no_proof_is_refused_whole(
    jiwoo: Client, failed: Match, files: tuple[bytes, ...], sentence: str
) -> None:
    response = hand_in(jiwoo, failed, *files)
    failed.refresh_from_db()
    assert sentence in said(response)
    assert failed.status == "uncaptured"
    assert not Capture.objects.filter(method="upload").exists()
    assert not IntakeDraft.objects.exists()


def test_a_time_that_has_not_come_is_refused(jiwoo: Client, failed: Match) -> None:
    response = hand_in(jiwoo, failed, PNG, seen_at="2199-01-01T10:00")
    assert "has not come yet" in said(response)
    assert not Capture.objects.filter(method="upload").exists()


def test_a_page_that_was_captured_takes_no_upload(jiwoo: Client, cast: Cast) -> None:
    match = scene.make_match(cast.case)
    assert "captured already" in said(hand_in(jiwoo, match, PNG))
    assert not Capture.objects.filter(method="upload").exists()


def test_it_requires_an_officer_of_the_case(failed: Match, cast: Cast) -> None:
    for user, status in ((cast.minho, 404), (cast.hana, 403), (cast.yuna, 403), (None, 302)):
        client = Client()
        if user:
            client.force_login(user)
        assert hand_in(client, failed, PNG).status_code == status
    assert not Capture.objects.filter(method="upload").exists()


def test_a_stranger_cannot_make_the_server_keep_a_byte(failed: Match, settings: Any) -> None:
    hand_in(Client(), failed, PNG)
    assert not IntakeDraft.objects.exists()


def test_a_closed_case_takes_no_upload(jiwoo: Client, failed: Match, cast: Cast) -> None:
    Case.objects.filter(pk=cast.case.pk).update(status=Case.Status.CLOSED)
    assert hand_in(jiwoo, failed, PNG).status_code == 403


def test_a_disk_that_is_full_leaves_a_failed_capture_with_its_reason(
    jiwoo: Client, failed: Match, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise VaultError("no_space", "The server has no room for this file at the moment.")

    monkeypatch.setattr(upload_capture.captures, "add_part", full)
    assert "no room" in said(hand_in(jiwoo, failed, PNG))
    made = Capture.objects.get(method="upload")
    assert (made.status, made.reason) == ("failed", "The server has no room for this file at the moment.")


@pytest.mark.parametrize(
    ("head", "ending"),
    [(PNG, "png"), (b"\xff\xd8\xff\xe0", "jpg"), (PDF, "pdf"), (b"\xef\xbb\xbf <!DOCTYPE html><p>", "html"),
     (b"From: <Saved by Blink>\r\n", "mhtml"), (b"PK\x03\x04" + b"\0" * 26 + b"archive/data.warc.gz", "wacz"),
     (b"\0\0\0\x20ftypisom", "mp4"), (b"\x1a\x45\xdf\xa3", "bin")],
)  # fmt: skip
def test_a_file_is_named_by_its_first_bytes(head: bytes, ending: str) -> None:
    assert kind_of(head)[0] == ending


def test_an_empty_file_is_named(jiwoo: Client) -> None:
    with pytest.raises(IntakeError, match="empty"):
        kind_of(b"")


# --- the page ----------------------------------------------------------------------------------------------------
def test_the_form_stands_only_where_the_capture_failed(jiwoo: Client, failed: Match, cast: Cast) -> None:
    assert b'id="upload"' in jiwoo.get(reverse("takedown:review", args=[failed.pk])).content
    assert b'id="upload"' not in jiwoo.get(reverse("takedown:review", args=[scene.make_match(cast.case).pk])).content
    assert reverse("takedown:review", args=[failed.pk]) in jiwoo.get(reverse("cases:case", args=[cast.case.pk])).text
