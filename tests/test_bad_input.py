"""What is broken ends in a state that a person sees, with a sentence; what is sound beside it still goes its way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from cases import drafts, web
from cases.models import Evidence, IntakeDraft, User
from detection import engine, outcomes, pipeline
from detection.models import Candidate, Match, Source
from detection.watched import WatchedHost
from seoulguard.demo import broken
from seoulguard.demo.sites import HostingSite, World
from seoulguard.demo.smtp import MailServer
from takedown import notices
from takedown.models import Contact, Notice
from tests import clips
from tests.base import Cast
from tests.cases.visitor import send_in
from tests.detection import shelf
from tests.takedown import scene

pytestmark = pytest.mark.django_db
# (file name, its sentence at the intake, its sentence at fingerprinting and examining)
BAD_FILES = [
    ("empty.mp4", "This file is empty.", "The file is empty."),
    ("page.mp4", "This is neither a video nor a picture", "The file is not a video or picture that can be read."),
    ("note.jpg", "This is neither a video nor a picture", "The file is not a video or picture that can be read."),
    ("cut.mp4", "", "The file is cut off or damaged: not one picture could be decoded."),
]
NAMES = [row[0] for row in BAD_FILES]
IN_TIME = "The site did not answer in time."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The original, a copy, a stranger, and every bad file."""
    contents = {"original.mp4": shelf.original(), "copy.mp4": shelf.copy(), "stranger.mp4": shelf.stranger()}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    whole = tmp_path / "original.mp4"
    bad = (broken.empty_file(), broken.html_as_mp4(), broken.text_as_jpg(), broken.truncated_mp4(whole))
    for name, content in zip(NAMES, bad, strict=True):
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.fixture
def world(folder: Path, settings: Any) -> Iterator[World]:
    """Each site shows one copy and one stranger."""
    copies = dict.fromkeys(("one", "two", "three"), folder / "copy.mp4")
    with World(copies, [folder / "stranger.mp4"]) as opened:
        settings.DEMO_HOSTS = opened.host_map
        yield opened


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real door to the web, which waits half a second."""
    for door in (web.fetch, web.download):
        defaults = door.__kwdefaults__
        assert defaults
        monkeypatch.setitem(defaults, "deadline_seconds", 0.5)


@pytest.fixture
def registered(cast: Cast) -> Evidence:
    evidence = shelf.hand_in(cast.case, shelf.original())
    pipeline.fingerprint_evidence(evidence.pk)
    return evidence


def shown(client: Client, user: User, address: str) -> str:
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def site_of(world: World, kind: str) -> HostingSite:
    return next(site for site in world.sites if site.kind == kind)


def watched(site: HostingSite) -> Source:
    address = site.base_url.rstrip("/") + site.start_path
    return Source.objects.create(name=f"the {site.kind}", kind=site.kind, url=address, rendered=False)


def run(*sources: Source) -> None:
    """One round of the watch: visit, then examine everything new."""
    for source in sources:
        pipeline.visit_source(source.pk)
        source.refresh_from_db()
    for candidate in Candidate.objects.to_examine(timezone.now()):
        pipeline.examine_candidate(candidate.pk)


def copy_on(world: World, kind: str) -> str:
    """The page of the copy that this site has shown from the beginning."""
    host = site_of(world, kind).host_name
    return next(planting.page_url for planting in world.planted if urlsplit(planting.page_url).hostname == host)


def found(evidence: Evidence) -> set[str]:
    return set(Match.objects.filter(evidence=evidence).values_list("candidate__page_url", flat=True))


def try_until_it_ends(verb: Any, row: Any, waiting: str, attempts: int) -> None:
    """The waits between the tries pass at once."""
    for _ in range(attempts):
        assert row.status == waiting
        type(row).objects.filter(pk=row.pk).update(retry_at=None)
        verb(row.pk)
        row.refresh_from_db()


# --- what a victim sends -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "sentence"), [row[:2] for row in BAD_FILES if row[1]])
def test_a_victim_reads_why_a_file_was_not_taken_and_the_good_one_is_kept(
    db: None, client: Client, folder: Path, name: str, sentence: str
) -> None:
    sent = [SimpleUploadedFile(each, (folder / each).read_bytes()) for each in (name, "original.mp4")]
    answer = client.post("/start/material/", {"add": "1", "files": sent})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    assert "File 1 ·" in page
    assert "File 2 ·" not in page
    assert [file.kind for file in drafts.state_of(IntakeDraft.objects.get()).files] == ["video"]


@pytest.mark.parametrize(("name", "sentence"), [row[::2] for row in BAD_FILES], ids=NAMES)
def test_the_officer_reads_why_evidence_is_unusable_and_the_next_is_fingerprinted(
    cast: Cast, client: Client, folder: Path, name: str, sentence: str
) -> None:
    bad = shelf.hand_in(cast.case, (folder / name).read_bytes())
    good = shelf.hand_in(cast.case, shelf.original())
    for evidence in (bad, good):
        pipeline.fingerprint_evidence(evidence.pk)
        evidence.refresh_from_db()
    assert (bad.status, good.status) == (Evidence.Status.UNUSABLE, Evidence.Status.FINGERPRINTED)
    page = shown(client, cast.jiwoo, f"/cases/{cast.case.pk}/")
    assert sentence in page
    assert bad.get_status_display() in page


def test_a_cut_off_video_passes_the_intake_and_the_officer_reads_of_it(
    cast: Cast, client: Client, folder: Path
) -> None:
    answers = drafts.IntakeAnswers(consent=True)
    case = send_in(answers, (folder / "cut.mp4").read_bytes(), shelf.original(), at=timezone.now()).case
    for evidence in Evidence.objects.to_fingerprint(timezone.now()):
        pipeline.fingerprint_evidence(evidence.pk)
    assert set(case.evidence.values_list("status", flat=True)) == {"unusable", "fingerprinted"}
    assert BAD_FILES[3][2] in shown(client, cast.sora, f"/cases/{case.pk}/")


def test_a_video_whose_beginning_can_be_read_is_used_and_the_officer_reads_how_much(
    cast: Cast, client: Client, folder: Path
) -> None:
    evidence = shelf.hand_in(cast.case, half_readable(folder).read_bytes())
    pipeline.fingerprint_evidence(evidence.pk)
    evidence.refresh_from_db()
    assert evidence.status == Evidence.Status.FINGERPRINTED
    page = shown(client, cast.jiwoo, f"/cases/{cast.case.pk}/")
    assert "of 3 seconds could be decoded." in page
    assert evidence.reason in page


def half_readable(folder: Path) -> Path:
    """Matroska needs no table of contents at its end."""
    whole = clips.edit(folder / "original.mp4", folder / "whole.mkv", "same")
    cut = folder / "half.mkv"
    cut.write_bytes(broken.truncated_mp4(whole))
    return cut


# --- what a site shows -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "sentence"), [row[::2] for row in BAD_FILES], ids=NAMES)
def test_a_bad_file_on_a_site_is_listed_as_failed_and_the_copy_beside_it_is_found(
    cast: Cast, client: Client, world: World, registered: Evidence, folder: Path, name: str, sentence: str
) -> None:
    planting = site_of(world, "feed").plant(folder / name, "新作", "someone")
    run(watched(site_of(world, "feed")))
    bad = Candidate.objects.get(page_url=planting.page_url)
    assert (bad.status, bad.reason) == (Candidate.Status.FAILED, sentence)
    assert found(registered) == {copy_on(world, "feed")}
    assert sentence in shown(client, cast.hana, "/keep/detection/candidate/")


def test_a_copy_that_is_cut_off_is_still_a_match_and_its_row_says_how_much_was_read(
    cast: Cast, client: Client, world: World, registered: Evidence, folder: Path
) -> None:
    planting = site_of(world, "feed").plant(half_readable(folder), "新作", "someone")
    run(watched(site_of(world, "feed")))
    assert found(registered) == {copy_on(world, "feed"), planting.page_url}
    assert "of 3 seconds could be decoded." in shown(client, cast.hana, "/keep/detection/candidate/")


def test_a_site_that_answers_500_is_listed_with_its_answer_and_the_others_are_looked_through(
    cast: Cast, client: Client, world: World, registered: Evidence
) -> None:
    site_of(world, "listing").fail_with(500)
    failing, sound = watched(site_of(world, "listing")), watched(site_of(world, "feed"))
    run(failing, sound)
    assert failing.failure.startswith("The site answered 500 for its robots.txt.")
    assert not sound.failure
    assert found(registered) == {copy_on(world, "feed")}
    assert "The site answered 500 for its robots.txt." in shown(client, cast.hana, "/keep/detection/source/")


def test_a_site_that_comes_back_is_looked_through_and_its_trouble_is_no_longer_shown(
    cast: Cast, client: Client, world: World, registered: Evidence
) -> None:
    site_of(world, "listing").fail_with(500)
    source = watched(site_of(world, "listing"))
    run(source)
    site_of(world, "listing").fail_with(None)
    Source.objects.update(retry_at=None, leased_until=None)
    WatchedHost.objects.update(robots_tried_at=None, refused_until=None)
    run(source)
    assert found(registered) == {copy_on(world, "listing")}
    assert "answered 500" not in shown(client, cast.hana, "/keep/detection/source/")


def test_a_medium_that_answers_500_says_so_while_it_waits_and_when_it_ends(
    cast: Cast, client: Client, world: World, registered: Evidence, settings: Any
) -> None:
    pipeline.visit_source(watched(site_of(world, "listing")).pk)
    site_of(world, "listing").fail_with(500)
    candidate = Candidate.objects.first()
    assert candidate is not None
    pipeline.examine_candidate(candidate.pk)
    candidate.refresh_from_db()
    assert (candidate.status, candidate.reason) == (Candidate.Status.NEW, "The site answered 500.")
    try_until_it_ends(pipeline.examine_candidate, candidate, Candidate.Status.NEW, settings.MAX_ATTEMPTS - 1)
    assert candidate.status == Candidate.Status.FAILED
    assert "The site answered 500." in shown(client, cast.hana, "/keep/detection/candidate/")


# --- what never answers ------------------------------------------------------------------------------------------
def test_a_page_that_times_out_is_counted_and_the_copy_on_the_next_page_is_found(
    cast: Cast, client: Client, world: World, registered: Evidence, folder: Path, impatience: None
) -> None:
    site = site_of(world, "listing")
    site.hang_path(urlsplit(site.plant(folder / "copy.mp4", "new", "someone").page_url).path)
    source = watched(site)
    run(source)
    assert source.failure == f"1 of 3 pages did not answer: {IN_TIME}"
    assert found(registered) == {copy_on(world, "listing")}
    assert source.failure in shown(client, cast.hana, "/keep/detection/source/")


def test_a_list_that_times_out_is_shown_with_its_sentence_and_the_next_source_is_visited(
    cast: Cast, client: Client, world: World, registered: Evidence, impatience: None
) -> None:
    site_of(world, "listing").hang_path("/videos")
    silent, sound = watched(site_of(world, "listing")), watched(site_of(world, "feed"))
    run(silent, sound)
    assert silent.failure == IN_TIME
    assert found(registered) == {copy_on(world, "feed")}
    assert IN_TIME in shown(client, cast.hana, "/keep/detection/source/")


def test_a_medium_that_times_out_says_so_and_the_one_beside_it_is_found(
    cast: Cast, client: Client, world: World, registered: Evidence, folder: Path, impatience: None
) -> None:
    site = site_of(world, "feed")
    planting = site.plant(folder / "copy.mp4", "新作", "someone")
    site.hang_path(urlsplit(planting.media_url).path)
    run(watched(site))
    assert Candidate.objects.get(page_url=planting.page_url).reason == IN_TIME
    assert found(registered) == {copy_on(world, "feed")}
    assert IN_TIME in shown(client, cast.hana, "/keep/detection/candidate/")


def test_an_address_of_a_victim_that_times_out_ends_on_the_case_page_and_the_other_is_looked_at(
    cast: Cast, client: Client, world: World, registered: Evidence, impatience: None, settings: Any
) -> None:
    site = site_of(world, "listing")
    site.hang_path("/watch/silent")
    silent = shelf.hand_in_address(cast.case, f"{site.base_url}watch/silent")
    sound = shelf.hand_in_address(cast.case, copy_on(world, "listing"))
    try_until_it_ends(pipeline.look_at_evidence, silent, Evidence.Status.RECEIVED, settings.MAX_ATTEMPTS)
    pipeline.look_at_evidence(sound.pk)
    run()
    assert (silent.status, silent.reason) == (Evidence.Status.UNUSABLE, IN_TIME)
    assert found(registered) == {copy_on(world, "listing")}
    assert IN_TIME in shown(client, cast.jiwoo, f"/cases/{cast.case.pk}/")


# --- what a mail server refuses ----------------------------------------------------------------------------------
@pytest.fixture
def mail(cast: Cast, settings: Any) -> Iterator[MailServer]:
    scene.lay_lawbook()
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def approved_for(cast: Cast, domain: str) -> Notice:
    scene.make_site(domain)
    return scene.make_approved(cast.case, cast.jiwoo, host=domain)


def test_a_550_stands_on_the_letter_and_on_the_contact_and_the_next_letter_leaves(
    cast: Cast, client: Client, mail: MailServer
) -> None:
    refused, sound = approved_for(cast, "tube.example"), approved_for(cast, "clips.example")
    mail.reply_with(550, "5.1.1 No such user here")
    notices.send(refused.pk)
    mail.reply_with(None)
    for letter in Notice.objects.to_send(timezone.now()):
        notices.send(letter.pk)
    sentence = "The address does not exist: 550 5.1.1 No such user here"
    assert sentence in shown(client, cast.jiwoo, f"/desk/notices/{refused.pk}/")
    directory = shown(client, cast.jiwoo, "/desk/contacts/")
    assert sentence in directory
    assert str(Contact.State.BOUNCED.label) in directory
    assert states() == {refused.pk: "failed", sound.pk: "sent"}
    assert [envelope.recipients for envelope in mail.envelopes] == [("abuse@clips.example",)]


def test_a_550_that_is_not_about_the_address_does_not_count_against_the_contact(
    cast: Cast, client: Client, mail: MailServer
) -> None:
    refused = approved_for(cast, "tube.example")
    mail.reply_with(550, "5.7.1 Rejected by policy", at="letter")
    notices.send(refused.pk)
    sentence = "The mail server refused the letter: 550 5.7.1 Rejected by policy"
    assert sentence in shown(client, cast.jiwoo, f"/desk/notices/{refused.pk}/")
    assert states() == {refused.pk: "failed"}
    assert not Contact.objects.filter(state=Contact.State.BOUNCED).exists()


def states() -> dict[Any, str]:
    return dict(Notice.objects.values_list("pk", "status"))


# --- in the reader's language ------------------------------------------------------------------------------------
def test_every_reason_of_the_engine_has_a_sentence_that_can_be_translated() -> None:
    given = {code for path in Path(engine.__file__).parent.glob("*.py") for code in reason_codes(path)}
    assert len(given) >= 8
    assert given <= set(outcomes.MEDIA_SENTENCES)


def reason_codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="MediaError"), args=[ast.Constant(value=str(code)), *_]):
                yield code
