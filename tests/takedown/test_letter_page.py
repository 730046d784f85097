"""Officer Jiwoo sees what Jiwoo signs: the change against the template, the exact message, the form to hand in."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from PIL import Image
from pypdf import PdfReader

from cases.models import Capture, CustodyEntry
from cases.parts import add_part
from takedown import counsel, notices, police_report, printing
from takedown.differences import pieces
from takedown.forms import LetterForm
from takedown.message import digest_of
from takedown.models import LetterTemplate, Notice, Statute
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def jiwoo(client: Client, cast: Cast) -> Client:
    client.force_login(cast.jiwoo)
    return client


@pytest.fixture
def draft(cast: Cast) -> Notice:
    scene.lay_lawbook()
    scene.make_site(jurisdiction="KR", language="ko")
    return scene.make_draft(cast.case)


def page_of(jiwoo: Client, notice: Notice) -> str:
    return jiwoo.get(f"/desk/notices/{notice.pk}/").content.decode()


# --- the difference from the template ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("template", "text", "changed"),
    [
        ("to the team", "to the night team", [("new", "night ")]),
        ("삭제를 요청합니다", "즉시 삭제를 요청합니다", [("new", "즉시 ")]),
        ("请删除全部内容", "请立即删除内容", [("new", "立即"), ("gone", "全部")]),
        ("same", "same", []),
        ("", "added", [("new", "added")]),
    ],
)
def test_what_was_changed_is_shown_word_by_word(template: str, text: str, changed: list[tuple[str, str]]) -> None:
    found = pieces(template, text)
    assert [tuple(piece) for piece in found if piece.kind != "same"] == changed
    assert "".join(piece.text for piece in found if piece.kind != "new") == template
    assert "".join(piece.text for piece in found if piece.kind != "gone") == text


def test_the_page_marks_changed_words_and_an_addition_nobody_translated(
    jiwoo: Client, cast: Cast, draft: Notice
) -> None:
    salutation = next(row["text"] for row in draft.paragraphs if row["key"] == "salutation")
    notices.edit(draft, draft.subject, {"salutation": f"{salutation} 외 1인"}, "By fax as well.", cast.jiwoo)
    page = page_of(jiwoo, draft)
    assert "<ins> 외 1인</ins>" in page
    assert "Not translated" in page


def test_the_officer_reads_the_law_by_its_name(jiwoo: Client, draft: Notice) -> None:
    assert "Telecommunications Business Act, Article 22-5" in page_of(jiwoo, draft)
    jiwoo.cookies["django_language"] = "ko"
    assert '「전기통신사업법」 제22조의5 <span class="quiet text-nowrap">KR-1</span>' in page_of(jiwoo, draft)


def test_a_line_break_in_the_subject_is_a_space(draft: Notice) -> None:
    form = LetterForm({"subject": f"One\r\n two {draft.reference}"}, notice=draft)
    form.is_valid()
    assert form.cleaned_data["subject"] == f"One two {draft.reference}"


# --- the exact message -------------------------------------------------------------------------------------------
def test_the_page_shows_the_approved_message_byte_for_byte(jiwoo: Client, cast: Cast, draft: Notice) -> None:
    notices.approve(draft, cast.jiwoo)
    page = page_of(jiwoo, draft)
    assert draft.approved_digest == digest_of(bytes(draft.message))
    assert draft.approved_digest in page
    assert bytes(draft.message).decode().split("\r\n\r\n")[1][:60] in page


# --- counsel -----------------------------------------------------------------------------------------------------
def test_the_officer_is_told_what_no_lawyer_has_read(jiwoo: Client, draft: Notice) -> None:
    assert "KR-1" in counsel.unchecked(draft).statutes
    assert "Not yet checked by counsel" in page_of(jiwoo, draft)
    Statute.objects.update(checked_by_counsel_on="2026-11-01")
    LetterTemplate.objects.update(checked_by_counsel_on="2026-11-01")
    assert counsel.unchecked(draft) == ([], 0)
    assert "Not yet checked by counsel" not in page_of(jiwoo, draft)


# --- police ------------------------------------------------------------------------------------------------------
def test_the_number_of_the_police_report_is_given_on_the_page(jiwoo: Client, cast: Cast) -> None:
    scene.lay_lawbook()
    scene.make_site(jurisdiction="TH", language="th")
    draft = scene.make_draft(cast.case)
    assert 'id="police"' in page_of(jiwoo, draft)
    jiwoo.post(f"/desk/notices/{draft.pk}/police/", {"police_reference": "BKK-7/2569"})
    draft.refresh_from_db()
    assert "BKK-7/2569" in notices.preview(draft).decode() or any("BKK-7/2569" in p["text"] for p in draft.paragraphs)
    jiwoo.post(f"/desk/notices/{draft.pk}/police/", {"police_reference": "", "without": "yes"})
    draft.refresh_from_db()
    assert (draft.police_reference, draft.without_police_report, police_report.is_asked(draft)) == ("", True, True)


# --- on paper ----------------------------------------------------------------------------------------------------
def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def test_a_korean_host_gets_the_form_and_the_download_is_on_record(jiwoo: Client, cast: Cast, draft: Notice) -> None:
    text = jiwoo.get(f"/desk/notices/{draft.pk}/printed.txt").content.decode()
    pdf = jiwoo.get(f"/desk/notices/{draft.pk}/printed.pdf").content
    address = draft.locations.get().page_url
    assert "불법촬영물등 유통 신고ㆍ삭제요청서" in text
    assert address in text
    assert address in pages(pdf)[0].replace("\n", "")
    assert CustodyEntry.objects.filter(case=cast.case, act="downloaded").count() == 2


def test_only_the_picture_with_hidden_media_goes_on_the_form(cast: Cast, draft: Notice) -> None:
    capture = Capture.objects.create(case=cast.case, url="https://tube.example/watch/1", status="complete")
    draft.locations.get().match.__class__.objects.update(capture=capture)
    masked, clear = png((200, 200, 200)), png((250, 0, 0))
    add_part(capture, "screenshot.png", clear, "image/png", "browser")
    add_part(capture, "screenshot_blurred.png", masked, "image/png", "browser")
    assert printing.masked_captures(draft) == [masked]
    assert len(pages(printing.pdf_for(draft, captures=True))) == len(pages(printing.pdf_for(draft))) + 1


def png(colour: tuple[int, int, int]) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (320, 480), colour).save(stream, "PNG")
    return stream.getvalue()


def test_another_letter_is_printed_as_it_stands(jiwoo: Client, cast: Cast) -> None:
    scene.lay_lawbook()
    scene.make_site()
    draft = scene.make_draft(cast.case)
    printed = " ".join(" ".join(pages(jiwoo.get(f"/desk/notices/{draft.pk}/printed.pdf").content)).split())
    assert draft.reference in printed
    assert "TAKE IT DOWN Act" in printed
    assert jiwoo.get(f"/desk/notices/{draft.pk}/printed.exe").status_code == 404
