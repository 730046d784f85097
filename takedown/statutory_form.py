"""The Korean statutory form 불법촬영물등 유통 신고ㆍ삭제요청서 (legal facts, section 4), field by field, as text and as PDF.

The decree asks for the annexed form or a document with the same content (KR-2). Always in Korean. The annexed file itself
was not read: fields F4 and F10 are filled, and whether they are asked for is unverified.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from PIL import Image

from cases.report import pdf_of
from takedown.composing import in_language, one_line
from takedown.lawbook import Lawbook, seed_lawbook
from takedown.letter_types import LetterRequest, Location
from takedown.letters import compose

TITLE = "불법촬영물등 유통 신고ㆍ삭제요청서"
BASIS = "「전기통신사업법 시행령」 제30조의5제2항에 따른 서식과 같은 내용의 문서"
REASONS = (("filmed", "불법촬영물"), ("synthetic", "허위영상물"), ("minor", "아동·청소년성착취물"))
KST = ZoneInfo("Asia/Seoul")
# A masked capture is shown to this height at 1280 px width: address bar, title and place are recognisable there.
CAPTURE_HEIGHT, MOST_CAPTURES = 1620, 20


class Field(NamedTuple):
    """One field: its number in the legal facts, its label on the form, what is filled in (lines)."""

    code: str
    label: str
    value: str


@dataclass(frozen=True)
class Form:
    reference: str
    fields: tuple[Field, ...]
    closing: str
    notice: str
    signature: tuple[str, ...]

    @property
    def missing(self) -> list[str]:
        """Labels of fields nobody filled: operators refuse a form with one."""
        return [field.label for field in self.fields if not field.value.strip()]


def applies_to(request: LetterRequest, lawbook: Lawbook | None = None) -> bool:
    """Whether a letter to this host cites the decree that asks for the form; never for identifying text."""
    return "KR-2" in {cited.code for cited in compose(replace(request, language="ko"), lawbook).statutes}


def filled(request: LetterRequest, lawbook: Lawbook | None = None) -> Form:
    """The form with every field filled from the same facts as the letter."""
    centre, book = request.organisation, lawbook or seed_lawbook()
    name, head = in_language(centre.name, "ko"), in_language(centre.legal_representative, "ko")
    officer = " ".join(
        part for part in (in_language(request.officer.role, "ko"), in_language(request.officer.name, "ko")) if part
    )
    fields = (
        Field("F1", "신고·요청자 이름(기관·단체명)", f"{name} (대표자: {head})" if name and head else name),
        Field("F2", "전화번호", centre.phone),
        Field("F3", "이메일", f"{centre.email} (접수번호 {request.reference})" if centre.email else ""),
        Field("F4", "주소", in_language(centre.address, "ko")),
        Field("F5", "신고·요청 구분", "☑ 유통 신고   ☑ 삭제요청"),
        Field("F6", "신고·요청 사유", "   ".join(_ticked(kind, label, request) for kind, label in REASONS)),
        Field("F7", "신고·요청 대상", "\n".join(_targets(request))),
    )
    commission = book.agencies["kmcsc"].name_in("ko")
    return Form(
        reference=request.reference,
        fields=fields,
        closing="「전기통신사업법」 제22조의5제1항에 따라 위와 같이 신고ㆍ삭제요청을 합니다.",
        notice=f"사업자는 불법촬영물등인지 판단하기 어려운 경우 {commission}에 심의를 요청할 수 있으며, "
        "이 경우 이 서식에 기재된 정보가 위원회에 제공될 수 있습니다.",
        signature=(_korean_day(request.composed_at), f"신고·요청자: {name}", f"담당자: {officer} (전자서명)"),
    )


def _ticked(kind: str, label: str, request: LetterRequest) -> str:
    return f"{'☑' if request.content_type == kind else '☐'} {label}"


def _targets(request: LetterRequest) -> list[str]:
    """URL and capture of each place; without a URL the place in words; the visible author and time."""
    return [line for number, place in enumerate(request.locations, 1) for line in _target(number, place)] + (
        ["화면 캡처: 주소와 글자는 보이고 매체 부분은 모두 가린 것 (붙임 또는 접수번호로 보관, 요청 시 제출)"]
        if request.locations
        else []
    )


def _target(number: int, place: Location) -> list[str]:
    seen = place.first_seen_at
    lines = [
        f"URL: {one_line(place.page_url, 4000)}" if place.page_url else "URL 없음(아래 설명으로 특정)",
        f"매체 파일: {one_line(place.media_url, 4000)}" if place.media_url else "",
        f"게시된 제목: {one_line(place.title)}" if place.title else "",
        f"표시된 작성자: {one_line(place.uploader, 120)}" if place.uploader else "",
        f"확인 일시: {seen.astimezone(KST):%Y-%m-%d %H:%M:%S} KST ({seen.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ})" if seen else "",
    ]  # fmt: skip
    said = [line for line in lines if line]
    return [f"{number}. {said[0]}", *(f"   {line}" for line in said[1:])]


def _korean_day(at: datetime) -> str:
    local = at.astimezone(KST)
    return f"{local.year}년 {local.month}월 {local.day}일"


def as_text(form: Form) -> str:
    """The form as plain text, to copy into a web form or a mail."""
    fields = [f"{n}. {field.label}\n{_indented(field.value)}" for n, field in enumerate(form.fields, 1)]
    return (
        "\n\n".join([TITLE, f"({BASIS})", *fields, form.closing, f"※ {form.notice}", "\n".join(form.signature)]) + "\n"
    )


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.split("\n"))


def as_pdf(form: Form, captures: Sequence[bytes] = ()) -> bytes:
    """The form on A4. `captures` are PNG pictures of the pages in which every media area is masked; others never go in."""
    pictures = [_page_of(png) for png in captures[:MOST_CAPTURES]]
    values = {"form": form, "title": TITLE, "basis": BASIS, "pictures": pictures}
    return pdf_of(render_to_string("takedown/statutory_form.html", values), "css/letter.css")


def _page_of(png: bytes) -> str:
    """The top of a masked capture as a data address."""
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        picture = opened.convert("RGB").crop((0, 0, opened.width, min(opened.height, CAPTURE_HEIGHT)))
    stream = io.BytesIO()
    picture.save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
