"""An evidence bundle as the police receive it, and as Jiwoo hands it over."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from cases import age, custody_guard, signing
from cases.bundle_kit import verify_bundle as kit
from cases.models import CustodyEntry, TimeStamp
from cases.parts import add_part
from detection.models import Match
from takedown import bundles
from tests.base import Cast
from tests.takedown import bundle_scene, scene

pytestmark = pytest.mark.django_db


def check_alone(bundle: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier out of the bundle, in a folder of its own, with no project and no package in reach."""
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(bundle) as opened:
        (folder / "verify_bundle.py").write_bytes(opened.read("verify_bundle.py"))
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify_bundle.py", str(bundle), *arguments],
        cwd=folder, capture_output=True, text=True, check=False, env={"LANG": "C.UTF-8"},
    )  # fmt: skip


@pytest.fixture
def match(cast: Cast) -> Match:
    scene.lay_lawbook()
    return bundle_scene.make_captured(cast.case)


@pytest.fixture
def no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports take seconds; most tests are not about them."""
    monkeypatch.setattr(bundles, "_report", lambda match, bundle, language: b"%PDF " + language.encode())


def jiwoo_at(match: Match) -> Client:
    client = Client()
    client.force_login(match.case.officer)
    return client


def address(match: Match) -> str:
    return reverse("takedown:bundle", args=[match.pk])


def content_of(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def rewrite(entry: CustodyEntry, **fields: Any) -> None:
    from django.db import connection
    from django.db.models import QuerySet

    with custody_guard.lifted(connection):
        QuerySet(CustodyEntry).filter(pk=entry.pk).update(**fields)


# --- what the police receive -------------------------------------------------------------------------------------


def test_the_police_verify_an_untouched_bundle_with_nothing_but_python(match: Match, tmp_path: Path) -> None:
    bundle = bundle_scene.make_bundle(match, tmp_path / "bundle.zip")
    done = check_alone(bundle, tmp_path / "police", "--key", signing.fingerprint())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "UNTOUCHED" in done.stdout
    assert signing.fingerprint() in done.stdout


def test_the_report_names_key_time_line_exhibits_and_who_did_what(match: Match, tmp_path: Path) -> None:
    bundle = zipfile.ZipFile(bundle_scene.make_bundle(match, tmp_path / "bundle.zip"))
    pages = PdfReader(io.BytesIO(bundle.read("report-en.pdf"))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    manifest = json.loads(bundle.read("manifest.json"))
    for said in (
        signing.fingerprint(), manifest["capture_manifest"]["digest"], manifest["custody"]["head"], "Time line",
        "Exhibit 6", "3.1", "Method", "Not yet stamped", bundle_scene.REASON, "officer", "jiwoo",
        "The page was preserved and sealed.",
    ):  # fmt: skip
        assert said in text, said
    korean = PdfReader(io.BytesIO(bundle.read("report-ko.pdf"))).pages[0].extract_text()
    assert "시간 순서" in korean


def test_the_bundle_holds_every_part_and_says_what_is_not_yet_stamped(
    match: Match, no_pdf: None, tmp_path: Path, settings: Any
) -> None:
    settings.TIMESTAMP_AUTHORITIES = [("https://tsa.example/", Path(__file__))]
    bundle = zipfile.ZipFile(bundle_scene.make_bundle(match, tmp_path / "bundle.zip"))
    assert match.capture
    parts = {f"capture/{name}" for name in match.capture.parts.values_list("name", flat=True)}
    assert parts <= set(bundle.namelist())
    [stamp] = json.loads(bundle.read("manifest.json"))["time_stamps"]
    assert (stamp["status"], stamp["note"]) == ("waiting", "not yet stamped")
    assert "Not yet stamped by https://tsa.example/" in check_alone(tmp_path / "bundle.zip", tmp_path / "a").stdout


def test_the_chain_in_the_bundle_can_be_computed_again_from_its_beginning(
    match: Match, no_pdf: None, tmp_path: Path
) -> None:
    path = bundle_scene.make_bundle(match, tmp_path / "bundle.zip")
    lines = zipfile.ZipFile(path).read("custody.jsonl").decode().splitlines()
    stored = CustodyEntry.objects.filter(case=match.case).order_by("sequence").values_list("digest", flat=True)
    assert [line.split(" ")[0] for line in lines] == list(stored)
    last = json.loads(lines[-1].split(" ", 1)[1])
    assert (last["act"], last["detail"]["reason"]) == ("downloaded", bundle_scene.REASON)
    assert last["detail"]["key"] == signing.fingerprint()


def test_a_bundle_names_no_victim(match: Match, no_pdf: None, tmp_path: Path) -> None:
    from cases import vault

    match.case.person.name_sealed = vault.seal_text(match.case, "name", "박서연-Q7X4")
    match.case.person.save()
    assert "박서연-Q7X4".encode() not in bundle_scene.make_bundle(match, tmp_path / "bundle.zip").read_bytes()


def test_two_exports_are_two_entries_and_both_verify(match: Match, no_pdf: None, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        kit.verify(bundle_scene.make_bundle(match, tmp_path / name), signing.fingerprint())
    assert CustodyEntry.objects.filter(case=match.case, act="downloaded").count() == 2
    assert match.capture
    assert match.capture.parts.filter(how="listed").count() == 1


def test_no_bundle_is_made_of_a_broken_chain(match: Match, no_pdf: None, tmp_path: Path) -> None:
    entry = CustodyEntry.objects.filter(case=match.case).first()
    assert entry
    rewrite(entry, actor="officer:99")
    with pytest.raises(bundles.BundleError, match="does not check out"):
        bundle_scene.make_bundle(match, tmp_path / "bundle.zip")


def test_while_the_medium_still_arrives_there_is_no_bundle(match: Match, no_pdf: None, tmp_path: Path) -> None:
    match.status = Match.Status.FOUND
    with pytest.raises(bundles.BundleError, match="not captured yet"):
        bundle_scene.make_bundle(match, tmp_path / "bundle.zip")
    assert not CustodyEntry.objects.filter(act="downloaded").exists()


def test_a_part_that_comes_while_the_bundle_is_made_waits_for_the_next(
    match: Match, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def arrive(match: Match, bundle: Any, language: str) -> bytes:
        if language == "en":
            add_part(bundle.capture, "late.txt", b"late", "text/plain", "http")
        return b"%PDF"

    monkeypatch.setattr(bundles, "_report", arrive)
    kit.verify(bundle_scene.make_bundle(match, tmp_path / "one.zip"), signing.fingerprint())
    monkeypatch.setattr(bundles, "_report", lambda *_: b"%PDF")
    kit.verify(bundle_scene.make_bundle(match, tmp_path / "two.zip"), signing.fingerprint())
    names = [zipfile.ZipFile(tmp_path / name).namelist() for name in ("one.zip", "two.zip")]
    assert ["capture/late.txt" in one for one in names] == [False, True]


# --- Jiwoo hands it over -----------------------------------------------------------------------------------------
def test_jiwoo_must_say_what_it_is_for(match: Match, no_pdf: None) -> None:
    response = jiwoo_at(match).post(address(match), {"reason": ""})
    assert response.status_code == 400
    assert not CustodyEntry.objects.filter(act="downloaded").exists()


def test_jiwoo_downloads_it_and_the_reason_is_on_record(match: Match, no_pdf: None, tmp_path: Path) -> None:
    response = jiwoo_at(match).post(address(match), {"reason": "Police file 77"})
    (tmp_path / "bundle.zip").write_bytes(content_of(response))
    kit.verify(tmp_path / "bundle.zip", signing.fingerprint())
    entry = CustodyEntry.objects.get(act="downloaded")
    assert (entry.actor, entry.detail["reason"]) == (f"officer:{match.case.officer_id}", "Police file 77")
    assert match.case.number not in response["Content-Disposition"]


def test_encrypted_to_the_prosecutor_only_the_prosecutor_opens_it(match: Match, no_pdf: None, tmp_path: Path) -> None:
    public, secret = age.new_identity()
    response = jiwoo_at(match).post(address(match), {"reason": "Police file 77", "recipient": public})
    sealed = content_of(response)
    assert b"manifest.json" not in sealed
    (tmp_path / "bundle.zip").write_bytes(b"".join(age.decrypted(io.BytesIO(sealed), age.secret_key(secret))))
    kit.verify(tmp_path / "bundle.zip", signing.fingerprint())
    assert CustodyEntry.objects.get(act="downloaded").detail["recipient"] == public


def test_a_key_with_a_typing_error_hands_nothing_out(match: Match, no_pdf: None) -> None:
    response = jiwoo_at(match).post(address(match), {"reason": "Police file 77", "recipient": "age1wrong"})
    assert (response.status_code, "Content-Disposition" in response) == (400, False)


def test_minho_of_another_team_finds_no_such_match(match: Match, cast: Cast) -> None:
    client = Client()
    client.force_login(cast.minho)
    assert client.post(address(match), {"reason": "curious me"}).status_code == 404


def test_the_page_shows_the_fingerprint_and_the_time_stamps(match: Match) -> None:
    TimeStamp.objects.create(capture=match.capture, digest="sha256:0", authority="https://tsa.example/")
    text = jiwoo_at(match).get(address(match)).content.decode()
    assert signing.fingerprint() in text
    assert "https://tsa.example/" in text


# --- from the command line ---------------------------------------------------------------------------------------
def test_the_command_line_makes_the_same_bundle_and_verifies_it(
    match: Match, no_pdf: None, tmp_path: Path, capsys: Any
) -> None:
    out = tmp_path / "bundle.zip"
    call_command("export_bundle", str(match.pk), out=out)
    assert out.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SystemExit) as untouched:
        call_command("verify_bundle", str(out))
    out.write_bytes(out.read_bytes()[:-1])
    with pytest.raises(SystemExit) as cut:
        call_command("verify_bundle", str(out))
    assert (untouched.value.code, cut.value.code) == (0, 1)
    assert "REJECTED" in capsys.readouterr().out


def test_the_prosecutor_makes_a_key_and_opens_what_was_encrypted_to_it(
    match: Match, no_pdf: None, tmp_path: Path
) -> None:
    told, key = io.StringIO(), tmp_path / "key.txt"
    call_command("decrypt_bundle", key_file=key, new_key=True, stdout=told)
    sealed, out = tmp_path / "bundle.zip.age", tmp_path / "bundle.zip"
    call_command("export_bundle", str(match.pk), out=sealed, recipient=told.getvalue().strip())
    call_command("decrypt_bundle", str(sealed), key_file=key, out=out)
    kit.verify(out, signing.fingerprint())
    assert key.stat().st_mode & 0o777 == 0o400


def test_a_bundle_that_cannot_be_made_leaves_no_file(match: Match, no_pdf: None, tmp_path: Path) -> None:
    Match.objects.filter(pk=match.pk).update(capture=None)
    with pytest.raises(CommandError, match="not captured"):
        call_command("export_bundle", str(match.pk), out=tmp_path / "bundle.zip")
    assert list(tmp_path.iterdir()) == []
