from __future__ import annotations

import secrets
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from cases import custody, drafts, intake, receipts, uploads, vault
from cases.drafts import IntakeAnswers
from cases.intake import IntakeError, accept_uploads, case_by_receipt, receive_draft, sniff_kind
from cases.models import Case, CustodyEntry, Evidence, GuessCount, IntakeDraft, Role
from tests.base import Cast, make_case, staff
from tests.cases.visitor import JPEG, MP4, send_in, visit

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
STORY = IntakeAnswers(
    account="어제 발견했어요 canary-account", name="canary-name", contact="canary-contact", hours="canary-hours",
    contact_choice="phone", urls=["https://host.example/canary-url"], consent=True,
)  # fmt: skip


def on_disk() -> list[Path]:
    return [path for path in Path(django_settings.EVIDENCE_ROOT).rglob("*") if path.is_file()]


def folder_of(draft: IntakeDraft) -> Path:
    return django_settings.EVIDENCE_ROOT / str(draft.pk)


# --- what a victim sends becomes a case --------------------------------------------------------------------------
def test_a_story_with_a_clip_and_an_address_becomes_a_watched_case() -> None:
    receipt = send_in(STORY, MP4 + b"frames", at=NOW)

    case = Case.objects.get()
    assert (case.number, case.status, case.contact_choice) == ("2026-0001", "active", "phone")
    assert list(Case.objects.watched(NOW)) == [case] == list(Case.objects.watched(NOW + timedelta(days=364)))
    assert not Case.objects.watched(NOW + timedelta(days=366))
    assert sorted(case.evidence.values_list("kind", flat=True)) == ["url", "video"]
    clip = case.evidence.get(kind=Evidence.Kind.VIDEO)
    assert vault.read_file(case, clip.pk) == MP4 + b"frames"
    assert clip in Evidence.objects.to_fingerprint(NOW)
    assert vault.open_text(case, "url", case.evidence.get(kind="url").url_sealed) == "https://host.example/canary-url"
    assert vault.open_text(case, "account", case.account_sealed) == STORY.account
    assert vault.open_text(case, "name", case.person.name_sealed) == "canary-name"
    assert case_by_receipt(receipt.shown, address="192.0.2.1") == case


def test_the_chain_of_custody_begins_with_the_intake() -> None:
    case = send_in(STORY, MP4, at=NOW).case
    entries = CustodyEntry.objects.filter(case=case).values_list("act", "actor")
    assert list(entries) == [("received", "victim"), ("consent", "victim"), ("sealed", "victim"), ("sealed", "victim")]
    assert custody.verify_chain(case) == []


def test_without_consent_the_case_waits_and_is_not_watched() -> None:
    case = send_in(IntakeAnswers(account="a few words"), at=NOW).case
    assert case.status == Case.Status.RECEIVED
    assert not Case.objects.watched(NOW)


def test_an_empty_form_is_not_sent() -> None:
    with pytest.raises(IntakeError) as raised:
        send_in(IntakeAnswers(consent=True, account="  "), at=NOW)
    assert raised.value.code == "nothing_entered"
    assert not Case.objects.exists()


def test_clicking_send_twice_makes_one_case_and_one_receipt() -> None:
    draft = drafts.begin()
    drafts.keep_answers(draft, account="once")
    first, second = receive_draft(draft, at=NOW), receive_draft(draft, at=NOW)
    assert first == second
    assert Case.objects.count() == 1
    assert drafts.receipt_of(IntakeDraft.objects.get()) == first.code


def test_after_sending_only_the_code_stays_in_the_draft() -> None:
    draft = drafts.begin()
    drafts.keep_answers(draft, account="once", name="canary-name")
    receive_draft(draft, at=NOW)
    state = drafts.state_of(IntakeDraft.objects.get())
    assert state.answers == IntakeAnswers()
    assert not state.files


def test_going_back_after_sending_adds_nothing_that_would_be_lost() -> None:
    first = visit(("a.mp4", MP4))
    draft = drafts.open_or_begin(first)
    accept_uploads(draft, first.FILES.getlist("files"))
    case = receive_draft(draft_again(draft), at=NOW).case

    back = visit(("b.mp4", MP4), session=first.session)
    (error,) = accept_uploads(drafts.open_or_begin(back), back.FILES.getlist("files"))
    assert error.code == "already_sent"
    with pytest.raises(IntakeError, match="sent already"):
        drafts.keep_answers(draft_again(draft), account="more words")
    assert vault.read_file(case, case.evidence.get().pk) == MP4


def test_numbers_run_on_within_a_year_of_seoul() -> None:
    make_case("2026-0041")
    make_case("2025-0990")
    new_year_in_seoul = datetime(2026, 12, 31, 15, 30, tzinfo=UTC)
    assert send_in(STORY, at=NOW).case.number == "2026-0042"
    assert send_in(STORY, at=new_year_in_seoul).case.number == "2027-0001"
    make_case("2026-10000")
    assert intake.next_number(NOW) == "2026-10001"


def test_a_number_taken_at_the_same_moment_is_not_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    make_case("2026-0001")
    numbers = iter(["2026-0001", "2026-0001", "2026-0002"])
    monkeypatch.setattr(intake, "next_number", lambda at: next(numbers))
    assert send_in(STORY, at=NOW).case.number == "2026-0002"


def test_the_officer_with_the_fewest_open_cases_gets_the_next_one(cast: Cast) -> None:
    make_case("A-8", cast.minho, status=Case.Status.CLOSED)
    make_case("A-9", cast.minho, status=Case.Status.CLOSED)
    assert send_in(STORY, at=NOW).case.officer == cast.minho
    cast.minho.is_active = False
    cast.minho.save()
    assert send_in(STORY, at=NOW).case.officer == cast.jiwoo


def test_without_officers_the_case_waits_for_a_lead() -> None:
    staff("sora", Role.LEAD)
    assert send_in(STORY, at=NOW).case.officer is None


def test_nothing_a_victim_entered_lies_in_the_clear(settings) -> None:
    """Neither in a draft, nor in a case, nor on the disk; the name of the file nowhere at all."""
    request = visit(("canary-filename.mp4", MP4 + b"canary-media" * 1000))
    uploaded = request.FILES.getlist("files")
    draft = drafts.draft_of(request)
    assert accept_uploads(draft, uploaded) == []
    drafts.keep_answers(draft, **{name: getattr(STORY, name) for name in ("account", "name", "contact", "urls")})
    request.session.save()
    assert_no_canary()
    receive_draft(draft, at=NOW)
    assert_no_canary()


def assert_no_canary() -> None:
    dump = database_dump()
    assert "cases_intakedraft" in dump
    assert "canary" not in dump
    assert b"canary".hex() not in dump.lower()
    assert on_disk()
    for path in on_disk():
        assert b"canary" not in path.read_bytes()
        assert "canary" not in path.name


def database_dump() -> str:
    """Every row as SQL text; on SQLite including what this transaction wrote."""
    connection.ensure_connection()
    if isinstance(connection.connection, sqlite3.Connection):
        return "\n".join(connection.connection.iterdump())
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {connection.ops.quote_name(table)} t")  # noqa: S608
            rows += [table, *(row[0] for row in cursor.fetchall())]
    return "\n".join(rows)


# --- files -------------------------------------------------------------------------------------------------------
def test_ten_megabytes_are_sealed_in_a_stream_without_a_temporary_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    content = MP4 + secrets.token_bytes(10 * 1024 * 1024)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("mkstemp", "NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile"):
        monkeypatch.setattr(tempfile, name, forbidden)
    pieces: list[int] = []
    seal_write = uploads.FileWriter.write
    monkeypatch.setattr(
        uploads.FileWriter, "write", lambda self, chunk: (pieces.append(len(chunk)), seal_write(self, chunk))[1]
    )

    request = visit(("clip.mp4", content))
    (sealed,) = request.FILES.getlist("files")

    assert max(pieces) <= 64 * 1024
    assert sealed.size == len(content)
    assert list(tmp_path.iterdir()) == []
    draft = drafts.draft_of(request)
    assert b"".join(drafts.seal_of(draft).stream(sealed.file_id)) == content


def forbidden(*args: object, **kwargs: object) -> None:
    raise AssertionError("a temporary file was asked for")


def test_files_wait_in_the_draft_by_number_and_can_be_taken_back() -> None:
    request = visit(("a.mp4", MP4), ("b.jpg", JPEG))
    draft_files = request.FILES.getlist("files")
    draft = drafts.draft_of(request)
    accept_uploads(draft, draft_files)
    assert [(file.kind, file.size) for file in drafts.state_of(draft_again(draft)).files] == [
        ("video", len(MP4)), ("image", len(JPEG)),
    ]  # fmt: skip

    drafts.drop_file(draft_again(draft), str(draft_files[0].file_id))
    assert [file.kind for file in drafts.state_of(draft_again(draft)).files] == ["image"]
    assert len(list(folder_of(draft).iterdir())) == 1


def draft_again(draft: IntakeDraft) -> IntakeDraft:
    return IntakeDraft.objects.get(pk=draft.pk)


def test_a_second_visit_adds_to_the_same_draft() -> None:
    first = visit(("a.mp4", MP4))
    accept_uploads(drafts.open_or_begin(first), first.FILES.getlist("files"))
    second = visit(("b.mp4", MP4), session=first.session)
    accept_uploads(drafts.open_or_begin(second), second.FILES.getlist("files"))
    assert IntakeDraft.objects.count() == 1
    assert len(drafts.state_of(IntakeDraft.objects.get()).files) == 2


BAD_FILES = [
    (b"", "empty_file"), (b"%PDF-1.7 ...", "wrong_type"), (b"PK\x03\x04....", "wrong_type"),
    (b"<html><script>", "wrong_type"), (b"BM is how this text begins", "wrong_type"),
    (b"RIFF....WAVEfmt ", "wrong_type"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "code"), BAD_FILES)
def test_a_file_that_cannot_be_examined_is_refused_with_a_sentence_and_the_good_one_stays(
    content: bytes, code: str
) -> None:
    request = visit(("not-a.mp4", content), ("b.mp4", MP4))
    (error,) = accept_uploads(drafts.open_or_begin(request), request.FILES.getlist("files"))
    assert error.code == code
    assert error.sentence.endswith(".")
    draft = IntakeDraft.objects.get()
    assert len(drafts.state_of(draft).files) == 1 == len(list(folder_of(draft).iterdir()))


def test_a_file_that_is_too_large_is_refused_while_it_arrives(settings) -> None:
    settings.EVIDENCE_MAX_BYTES = 100_000
    request = visit(("long.mp4", MP4 + bytes(300_000)))
    (error,) = accept_uploads(drafts.open_or_begin(request), request.FILES.getlist("files"))
    assert error.code == "too_large"
    assert list(folder_of(IntakeDraft.objects.get()).iterdir()) == []


def test_more_files_than_allowed_are_refused(settings) -> None:
    settings.EVIDENCE_MAX_FILES = 2
    request = visit(*[(f"{n}.mp4", MP4) for n in range(3)])
    errors = accept_uploads(drafts.open_or_begin(request), request.FILES.getlist("files"))
    assert [error.code for error in errors] == ["too_many"]


def test_a_nearly_full_disk_is_said_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _: SimpleNamespace(total=100, free=9))
    request = visit(("a.mp4", MP4))
    (error,) = accept_uploads(drafts.open_or_begin(request), request.FILES.getlist("files"))
    assert error.code == "no_space"
    assert "no room" in error.sentence


def test_a_broken_line_leaves_no_half_file() -> None:
    request = visit()
    handler = uploads.SealingUploadHandler(request)
    handler.new_file("files", "a.mp4", "video/mp4", None)
    handler.receive_data_chunk(MP4, 0)
    handler.upload_interrupted()
    assert list(folder_of(IntakeDraft.objects.get()).iterdir()) == []


def test_a_broken_off_upload_does_not_become_evidence() -> None:
    draft = drafts.begin()
    uploads.seal_upload(draft, BytesIO(MP4), "unlisted")
    drafts.keep_answers(draft, account="words only")
    case = receive_draft(draft, at=NOW).case
    assert not case.evidence.exists()
    assert list(folder_of(draft).iterdir()) == []


def elsewhere(request) -> None:
    request.resolver_match = SimpleNamespace(app_name="takedown", namespace="takedown")


def test_an_officers_contact_list_is_an_ordinary_small_file(cast: Cast) -> None:
    request = visit(("contacts.csv", b"name,address\n"), user=cast.hana)
    elsewhere(request)
    assert request.FILES["files"].read() == b"name,address\n"
    assert not IntakeDraft.objects.exists()


def test_a_strangers_file_sent_to_another_page_is_dropped() -> None:
    request = visit(("a.mp4", MP4))
    elsewhere(request)
    assert not request.FILES
    assert not IntakeDraft.objects.exists()


KINDS = [
    (MP4, "video"), (b"\x00\x00\x00\x14ftypqt  ", "video"), (b"\x00\x00\x00\x08wide\x00\x00", "video"),
    (b"\x1a\x45\xdf\xa3\x01", "video"), (b"RIFF\x00\x00\x00\x00AVI LIST", "video"), (b"GIF89a\x01\x00", "video"),
    (b"\x47" + bytes(187) + b"\x47", "video"), (JPEG, "image"), (b"\x89PNG\r\n\x1a\n", "image"),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image"), (b"\x00\x00\x00\x18ftypheic", "image"),
    (b"\x00\x00\x00\x18ftypavif", "image"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "kind"), KINDS)
def test_a_kind_is_known_by_the_first_bytes_not_the_name(head: bytes, kind: str) -> None:
    assert sniff_kind(head, "invoice.pdf") == kind


# --- the receipt -------------------------------------------------------------------------------------------------
def test_a_receipt_is_read_however_it_is_typed() -> None:
    receipt = send_in(STORY, at=NOW)
    assert len(receipt.shown) == 19
    for typed in (
        receipt.code,
        receipt.shown,
        receipt.shown.replace(" ", "-"),
        f" {receipt.code}\n",
        full_width(receipt.code),
    ):
        assert case_by_receipt(typed, address="192.0.2.1") == receipt.case
        assert receipts.same_code(receipt.code, typed)
    assert not receipts.same_code("", "")


def full_width(code: str) -> str:
    return "".join(chr(0xFF10 + int(digit)) for digit in code)


def test_the_code_is_stored_nowhere_in_the_clear() -> None:
    receipt = send_in(STORY, at=NOW)
    dump = database_dump()
    assert receipt.code not in dump
    assert receipt.code.encode().hex() not in dump.lower()


def test_ten_thousand_guesses_from_everywhere_hardly_reach_the_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(vault, "receipt_lookups", lambda code: [tried.append(code) or "0" * 64][:1])
    answers = [guess(number, f"198.51.{number % 250}.7") for number in range(10_000)]
    assert len(tried) <= 60
    assert answers == ["no case"] * len(tried) + ["too_many_guesses"] * (10_000 - len(tried))


def guess(number: int, address: str) -> str:
    try:
        return "a case" if case_by_receipt(f"{number:016d}", address=address, at=NOW) else "no case"
    except IntakeError as error:
        return error.code


def test_a_neighbourhood_that_guesses_waits_alone_and_not_for_ever() -> None:
    receipt = send_in(STORY, at=NOW)
    answers = [guess(number, f"203.0.113.{number}") for number in range(20)]
    assert answers == ["no case"] * 10 + ["too_many_guesses"] * 10
    assert case_by_receipt(receipt.code, address="192.0.2.1", at=NOW) == receipt.case
    assert case_by_receipt(receipt.code, address="203.0.113.1", at=NOW + timedelta(minutes=2)) == receipt.case


def test_reading_ones_own_status_often_costs_nothing() -> None:
    receipt = send_in(STORY, at=NOW)
    for _reload in range(30):
        assert case_by_receipt(receipt.code, address="192.0.2.1", at=NOW) == receipt.case
    assert not GuessCount.objects.exists()


def test_a_slip_of_the_finger_is_no_guess() -> None:
    assert case_by_receipt("1234 5678", address="192.0.2.1") is None
    assert not GuessCount.objects.exists()


def test_addresses_of_visitors_are_not_stored() -> None:
    case_by_receipt("0" * 16, address="203.0.113.77")
    assert "203.0.113" not in database_dump()


# --- forgetting --------------------------------------------------------------------------------------------------
def test_an_abandoned_draft_is_gone_after_a_day_with_its_files() -> None:
    draft = drafts.begin()
    uploads.seal_upload(draft, BytesIO(MP4), "")
    assert intake.forget_stale(timezone.now() + timedelta(hours=23)) == 0
    assert intake.forget_stale(timezone.now() + timedelta(hours=25)) == 1
    assert not IntakeDraft.objects.exists()
    assert not folder_of(draft).exists()
    with pytest.raises(IntakeError) as raised:
        receive_draft(draft, at=NOW)
    assert raised.value.code == "gone"


def test_forgetting_a_sent_draft_keeps_the_cases_files() -> None:
    case = send_in(STORY, MP4, at=NOW).case
    assert intake.forget_stale(timezone.now() + timedelta(hours=25)) == 1
    clip = case.evidence.get(kind="video")
    assert vault.read_file(case, clip.pk) == MP4


def test_the_exit_button_takes_everything_along() -> None:
    request = visit(("a.mp4", MP4))
    accept_uploads(drafts.open_or_begin(request), request.FILES.getlist("files"))
    draft = IntakeDraft.objects.get()
    drafts.let_go(request)
    assert not IntakeDraft.objects.exists()
    assert not folder_of(draft).exists()
    assert drafts.draft_of(request) is None
