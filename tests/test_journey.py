"""The whole road, once through, with a real browser, a real queue with workers, and a real SMTP conversation.

A victim tells it once on a phone; the watch finds the copies; an officer reads and sends; the hosts delete; the removal is
seen twice; the clip comes back and is recognised. Then what lies on the disk is searched for what must not be there.
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from seoulguard.demo.clicks import ACCOUNT, CONTACT, NAME

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.journey


@dataclass
class Journey:
    result: dict
    kept: Path
    home: Path
    database: str


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """`./run demo --headless --keep DIR`, on the same kind of database as the suite."""
    folder = tmp_path_factory.mktemp("journey")
    with own_database() as url:
        pictures = ["--pictures", "none" if url else "judged"]  # the pages look the same on every database
        done = subprocess.run(
            [sys.executable, "-m", "seoulguard.demo", "--headless", "--keep", folder / "kept", "--home", folder / "home", *pictures],
            cwd=ROOT, env=demo_environment(url), capture_output=True, text=True, timeout=800, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        yield Journey(json.loads(done.stdout), folder / "kept", folder / "home", dump(url))


def demo_environment(url: str) -> dict[str, str]:
    mine = {"SEOULGUARD_HOME", "DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    return {**{name: value for name, value in os.environ.items() if name not in mine}, "DEMO_DATABASE_URL": url}


class own_database:
    """A PostgreSQL database of its own when the suite runs on PostgreSQL; "" (the SQLite of the home) otherwise."""

    def __enter__(self) -> str:
        self.server = os.environ.get("DATABASE_URL", "")
        if not self.server.startswith("postgres"):
            self.server = ""
            return ""
        with psycopg.connect(self.server.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS sg_journey WITH (FORCE)")
            connection.execute("CREATE DATABASE sg_journey")
        return self.server.rsplit("/", 1)[0] + "/sg_journey"

    def __exit__(self, *_: object) -> None:
        if self.server:
            with psycopg.connect(self.server.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
                connection.execute("DROP DATABASE IF EXISTS sg_journey WITH (FORCE)")


def dump(url: str) -> str:
    """Every row of every table as PostgreSQL prints it; the SQLite file is searched where it lies."""
    if not url:
        return ""
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return "\n".join(str(connection.execute(f'SELECT * FROM "{name}"').fetchall()) for (name,) in names)  # noqa: S608


def test_every_step_really_happened(journey: Journey) -> None:
    result = journey.result
    assert result["outcome"] == "complete", result["why"]
    assert result["copies_found"] == result["copies_planted"] >= 4
    assert result["false_matches"] == 0
    assert result["removals_verified"] == result["copies_planted"] + 1
    assert result["reupload_recognised"] is True


def test_from_found_to_draft_it_takes_seconds(journey: Journey) -> None:
    assert 0 < journey.result["found_to_draft_seconds"]["total_slowest"] < 360


def test_each_host_was_written_to_in_its_language(journey: Journey) -> None:
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted((journey.kept / "mail").iterdir())
    ]
    assert len(mails) == journey.result["mails_received"] == len({mail["Message-ID"] for mail in mails})
    assert {mail["Content-Language"] for mail in mails} == {"en", "ja", "ru"}
    assert all(not list(mail.iter_attachments()) for mail in mails)


def test_a_stranger_finds_the_proof_of_each_copy(journey: Journey) -> None:
    captures = list((journey.kept / "captures").iterdir())
    assert len(captures) >= journey.result["copies_planted"] + 1
    for folder in captures:
        assert {"screenshot_blurred.png", "page.html", "headers.json", "address.json", "times.json"} <= {
            p.name for p in folder.iterdir()
        }
        assert (folder / "report-ko.pdf").read_bytes().startswith(b"%PDF")


def test_a_stranger_verifies_the_evidence_bundle_with_python_alone(journey: Journey, tmp_path: Path) -> None:
    bundles = list((journey.kept / "bundles").iterdir())
    assert bundles
    for bundle in bundles:
        with zipfile.ZipFile(bundle) as opened:
            (tmp_path / "verify_bundle.py").write_bytes(opened.read("verify_bundle.py"))
        verify = [sys.executable, "-I", "-S", tmp_path / "verify_bundle.py"]
        assert subprocess.run([*verify, bundle], cwd=tmp_path, capture_output=True, check=False).returncode == 0
        (tmp_path / "cut.zip").write_bytes(bundle.read_bytes()[:-1])
        assert subprocess.run([*verify, "cut.zip"], cwd=tmp_path, capture_output=True, check=False).returncode == 1


def test_every_page_is_pictured_fits_its_window_and_is_accessible(journey: Journey) -> None:
    if journey.database:
        assert not list((journey.kept / "pages").iterdir())
        return
    names = {path.name.rsplit("-", 2)[0] for path in (journey.kept / "pages").iterdir()}
    assert {
        "home",
        "intake-1",
        "intake-5",
        "status",
        "sign-in",
        "desk",
        "match",
        "letter-draft",
        "case",
        "sent",
        "contacts",
        "health",
    } <= names
    assert len(list((journey.kept / "pages").iterdir())) == 2 * len(names)  # those that axe looks over
    assert journey.result["page_faults"] == []


def test_what_a_letter_says_names_nobody(journey: Journey) -> None:
    for path in (journey.kept / "mail").iterdir():
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        text = str(mail) + mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert not [token for token in (NAME, CONTACT, ACCOUNT) if token in text]


def test_nothing_of_the_person_lies_in_the_clear_on_the_disk(journey: Journey) -> None:
    """Database, queue file, evidence folder, logs: no name, no contact, no words, no byte of the media."""
    # Four letters alone stand in 25 MB of ciphertext once in a hundred runs, by chance.
    tokens = {token.encode() for token in (NAME, CONTACT, ACCOUNT, "-Q7X4", "Q7X4-")} | {
        json.dumps(NAME)[1:-1].encode()
    }
    tokens |= slices_of_media(journey)
    found = [
        (path.relative_to(journey.home), token)
        for path in journey.home.rglob("*")
        if path.is_file() and "static" not in path.relative_to(journey.home).parts[:1]
        for token in tokens
        if token in path.read_bytes()
    ]
    assert not found
    assert not [token for token in (NAME, CONTACT, ACCOUNT) if token in journey.database]


def slices_of_media(journey: Journey) -> set[bytes]:
    """Stretches out of every found medium and every picture of a frame, as they were before they were sealed."""
    slices: set[bytes] = set()
    for path in (journey.kept / "captures").rglob("*"):
        if path.name == "media" or path.suffix in {".jpg", ".png"}:
            content = path.read_bytes()
            slices |= {
                content[at : at + 48] for at in range(len(content) // 4, len(content) - 48, max(1, len(content) // 4))
            }
    assert len(slices) > 20
    return slices


def test_the_search_itself_finds_what_is_there(journey: Journey) -> None:
    """Otherwise the test above could not fail: what may be in the clear is found by the same search."""
    hosts = {urlsplit(line).hostname for line in ["http://clipharbor.example/"]}
    database = journey.database or (journey.home / "seoulguard.sqlite3").read_bytes().decode(errors="ignore")
    assert all(host in database for host in hosts if host)
