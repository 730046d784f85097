"""Counsel Park reads the letters as files; an operator receives the Korean form with every field filled."""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pypdf import PdfReader

from takedown import fictitious, letter_files, preview, statutory_form
from takedown.fictitious import Combination, every_combination, request_to
from takedown.lawbook import seed_lawbook
from takedown.letters import compose
from tests.takedown.letter_parts import with_centre, with_place

FORM = request_to(Combination("KR", "site", "synthetic", "ko"))


def text_of(pdf: bytes) -> str:
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    return " ".join("".join(pages).split())


def test_before_the_first_migrate_the_shipped_lawbook_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection.introspection, "table_names", list)
    assert preview.installed() == letter_files.Sender(seed_lawbook())


# --- docs/letters ------------------------------------------------------------------------------------------------
def test_the_letters_in_the_documentation_are_those_the_compiler_writes() -> None:
    written = letter_files.documents()
    kept = {path.relative_to(letter_files.DOCS).as_posix() for path in letter_files.DOCS.rglob("*") if path.is_file()}
    assert kept == set(written), "run: manage.py compose_letters --docs"
    old = [name for name, text in written.items() if (letter_files.DOCS / name).read_text(encoding="utf-8") != text]
    assert old == [], "run: manage.py compose_letters --docs"


def test_there_is_a_letter_to_read_for_each_language_and_jurisdiction() -> None:
    assert len([name for name in letter_files.documents() if name.count("/") == 1 and "form" not in name]) == 12 * 18


# --- compose_letters ---------------------------------------------------------------------------------------------
@pytest.fixture
def a_few(monkeypatch: pytest.MonkeyPatch) -> list[Combination]:
    """Every 307th combination, and a Korean host and authority in Korean."""
    printed = [Combination("KR", "host", "filmed", "ko"), Combination("KR", "regulator", "minor", "ko")]
    few = [*printed, *itertools.islice(every_combination(), 200, None, 307)]
    monkeypatch.setattr(letter_files, "every_combination", lambda: few)
    return few


@pytest.mark.django_db
def test_one_command_writes_each_letter_as_it_would_be_sent(
    tmp_path: Path, a_few: list[Combination], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("compose_letters", "--all", "--out", str(tmp_path))
    told = json.loads((tmp_path / "index.json").read_text())
    assert f"{len(a_few)} combinations written" in capsys.readouterr().out
    assert told["count"] == len(told["letters"]) == len(a_few)
    for kind, entry in zip(a_few, told["letters"], strict=True):
        mail = message_from_bytes((tmp_path / entry["file"]).read_bytes(), policy=SMTP)
        letter = compose(request_to(kind))
        assert mail["Subject"].split() == letter.subject.split()  # the standard library doubles a space where it folds
        assert mail.get_content().replace("\r\n", "\n") == letter.body() + "\n"
        assert (mail["Content-Language"], mail.is_multipart(), entry["missing"]) == (kind.language, False, [])
    assert [entry["pdf"] is not None for entry in told["letters"]] == [True, True] + [False] * (len(a_few) - 2)


@pytest.mark.django_db
def test_the_index_says_what_is_cited_and_what_waits_for_counsel(tmp_path: Path, a_few: list[Combination]) -> None:
    call_command("compose_letters", "--all", "--out", str(tmp_path))
    for entry in json.loads((tmp_path / "index.json").read_text())["letters"]:
        assert all(statute["verified"] and statute["citation"] for statute in entry["statutes"])
        assert {"E1", "E8", "E24"} <= set(entry["required"])
        assert {why["why"].split(":")[0] for why in entry["left_out"]} <= {"not verified", "condition not confirmed"}


@pytest.mark.parametrize("told", [[], ["--all"], ["--all", "--docs"]])
def test_the_command_says_what_it_needs(told: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("compose_letters", *told)


# --- the Korean form ---------------------------------------------------------------------------------------------
def test_the_form_has_every_field_filled_and_only_its_own_box_ticked() -> None:
    form = statutory_form.filled(FORM)
    values = {field.code: field.value for field in form.fields}
    assert (list(values), form.missing) == (["F1", "F2", "F3", "F4", "F5", "F6", "F7"], [])
    assert values["F1"] == "예시 디지털성범죄피해자지원센터 (대표자: 홍길동)"
    assert values["F6"] == "☐ 불법촬영물   ☑ 허위영상물   ☐ 아동·청소년성착취물"
    assert all(f"URL: {place.page_url}" in values["F7"] for place in fictitious.PLACES)
    assert form.closing == "「전기통신사업법」 제22조의5제1항에 따라 위와 같이 신고ㆍ삭제요청을 합니다."
    assert "방송미디어통신심의위원회" in form.notice
    assert form.signature[0] == "2026년 11월 23일"


@pytest.mark.parametrize(
    ("request_", "label"),
    [
        (with_centre(FORM, name=""), "신고·요청자 이름(기관·단체명)"),
        (with_centre(FORM, phone=""), "전화번호"),
        (with_centre(FORM, email=""), "이메일"),
        (with_centre(FORM, address=""), "주소"),
        (replace(FORM, locations=()), "신고·요청 대상"),
    ],
)
def test_a_field_nobody_filled_is_named(request_: object, label: str) -> None:
    assert statutory_form.filled(request_).missing == [label]  # type: ignore[arg-type]


def test_a_place_without_an_address_is_described() -> None:
    form = statutory_form.filled(with_place(FORM, page_url="", media_url=""))
    assert "URL 없음(아래 설명으로 특정)" in form.fields[-1].value


def test_the_form_as_pdf_says_the_same_as_the_text_and_names_nobody_in_its_metadata() -> None:
    form = statutory_form.filled(FORM)
    pdf = statutory_form.as_pdf(form)
    said = text_of(pdf).replace(" ", "")
    lines = [line for field in form.fields for line in (field.label, *field.value.split("\n"))]
    assert [
        line for line in [*lines, form.closing, form.notice, *form.signature] if line.replace(" ", "") not in said
    ] == []
    assert dict(PdfReader(io.BytesIO(pdf)).metadata or {}).get("/Title") == statutory_form.TITLE


def test_the_form_asks_nothing_of_hosts_it_does_not_bind() -> None:
    def asked(jurisdiction: str, addressee: str, content: str) -> bool:
        return statutory_form.applies_to(request_to(Combination(jurisdiction, addressee, content, "ko")))

    assert asked("KR", "site", "minor")
    assert not asked("KR", "site", "identifying")
    assert not asked("KR", "regulator", "filmed")
    assert not asked("JP", "site", "filmed")
