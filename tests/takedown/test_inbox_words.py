"""Signed addresses, quoted text and hints, by table."""

# ruff: noqa: E501  (one sample a line)
from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from takedown.inbox import addresses, hints, quoting
from takedown.inbox.opened import UnreadableMail, header_text, open_mail
from takedown.inbox.plain import text_of_html
from takedown.inbox.reports import read_report

ABUSE = "abuse@host.example"


# --- addresses ---------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def signed(settings: Any) -> None:
    settings.REPLY_ADDRESS = "removal@centre.example"


def proven(address: str, *recipients: str, at: Any = None) -> str | None:
    claim = addresses.claim_of(address)
    return addresses.proven_for(claim, recipients or (ABUSE,), at or timezone.now()) if claim else None


def test_an_address_proves_its_letter_and_recipient_in_any_case_of_letters() -> None:
    address = addresses.signed_address(addresses.BOUNCE, uuid4(), ABUSE, timezone.now())
    assert proven(address) == ABUSE
    assert proven(address.upper()) == ABUSE
    assert len(address.partition("@")[0]) <= 64


def test_every_single_changed_letter_of_a_token_is_noticed() -> None:
    address = addresses.signed_address(addresses.BOUNCE, uuid4(), ABUSE, timezone.now())
    name, _at, domain = address.partition("@")
    for place in range(len("removal+b"), len(name) - 1):  # the last one carries four bits of nothing
        other = "a" if name[place] != "a" else "b"
        assert proven(f"{name[:place]}{other}{name[place + 1 :]}@{domain}") is None


@pytest.mark.parametrize(("days", "believed"), [(0, True), (44, True), (46, False), (-2, False)])
def test_a_bounce_address_is_believed_for_a_month_and_a_half(days: int, believed: bool) -> None:
    now = timezone.now()
    address = addresses.signed_address(addresses.BOUNCE, uuid4(), ABUSE, now - timedelta(days=days))
    assert (proven(address) is not None) == believed


def test_a_name_too_long_for_a_token_is_not_used(settings: Any) -> None:
    settings.REPLY_ADDRESS = f"{'long' * 6}@centre.example"
    assert not addresses.in_use()


@given(st.text(max_size=120))
def test_no_text_breaks_the_reading_of_addresses(text: str) -> None:
    assert addresses.claims_in([text, f"{text}@centre.example", f"removal+b{text}@centre.example"]) == []


# --- quoted text -------------------------------------------------------------------------------------------------
QUOTED = [
    ("Gmail, English", "Done.\n\nOn Mon, Nov 23, 2026 at 3:04 PM Centre <removal@centre.example> wrote:\n> Please\n> remove"),
    ("Gmail, English, wrapped", "Done.\n\nOn Mon, Nov 23, 2026 at 3:04 PM Centre for Victims <\nremoval@centre.example> wrote:\n\n> Please"),
    ("Outlook, English", "Done.\n\n________________________________\nFrom: Centre <removal@centre.example>\nSent: Monday, November 23, 2026 3:04 PM\nTo: Desk\nSubject: Removal\n\nPlease remove"),
    ("Outlook, English, divider", "Done.\n\n-----Original Message-----\nFrom: Centre\nSent: Monday\nTo: Desk\n\nPlease"),
    ("Apple Mail", "Done.\n\n> On 23 Nov 2026, at 15:04, Centre <removal@centre.example> wrote:\n>\n> Please"),
    ("Gmail, Korean", "Done.\n\n2026년 11월 23일 (월) 오후 3:04, 센터 <removal@centre.example>님이 작성:\n\n> 삭제를 요청합니다"),
    ("Outlook, Korean", "Done.\n\n보낸 사람: 센터 <removal@centre.example>\n보낸 날짜: 2026년 11월 23일 월요일 오후 3:04\n받는 사람: 신고센터\n제목: 삭제요청\n\n삭제를"),
    ("Naver", 'Done.\n\n-----Original Message-----\nFrom: "센터"<removal@centre.example>\nTo: <a@b.example>;\nCc:\nSent: 2026-11-23 (월) 15:04:11 (GMT+09:00)\nSubject: 삭제요청\n\n삭제를'),
    ("Daum", "Done.\n\n--------- 원본 메일 ---------\n보낸사람: 센터 <removal@centre.example>\n받는사람 : a@b.example\n날짜: 2026년 11월 23일 월요일, 15시 04분 11초 +0900\n제목: 삭제요청\n\n삭제를"),
    ("Thunderbird, Korean", "Done.\n\n2026-11-23 오후 3:04에 센터 이(가) 쓴 글:\n> 삭제를"),
    ("Gmail, Japanese", "Done.\n\n2026年11月23日(月) 15:04 センター <removal@centre.example>:\n\n> 削除を"),
    ("Outlook, Japanese", "Done.\n\n差出人: センター <removal@centre.example>\n送信日時: 2026年11月23日 15:04\n宛先: 窓口\n件名: 削除のお願い\n\n削除を"),
    ("Outlook, Japanese, divider", "Done.\n\n-----元のメッセージ-----\n差出人: センター\n\n削除を"),
    ("Gmail, Russian", "Done.\n\nпн, 23 нояб. 2026 г. в 15:04, Центр <removal@centre.example>:\n\n> Просим"),
    ("Yandex", 'Done.\n\n23.11.2026, 15:04, "Центр" <removal@centre.example>:\n\nПросим удалить'),
    ("Mail.ru", "Done.\n\nПонедельник, 23 ноября 2026, 15:04 +03:00 от Центр <removal@centre.example>:\n\nПросим"),
    ("Outlook, Russian", "Done.\n\nОт: Центр <removal@centre.example>\nОтправлено: 23 ноября 2026 г. 15:04\nКому: Служба\nТема: Запрос\n\nПросим"),
    ("Gmail, Chinese", "Done.\n\nCentre <removal@centre.example> 于2026年11月23日周一 15:04写道：\n\n> 请删除"),
    ("Gmail, Vietnamese", "Done.\n\nVào Th 2, 23 thg 11, 2026 vào lúc 15:04 Centre <removal@centre.example> đã viết:\n\n> Xin"),
    ("Outlook, German", "Done.\n\nVon: Centre <removal@centre.example>\nGesendet: Montag, 23. November 2026 15:04\nAn: Desk\nBetreff: Antrag\n\nBitte"),
]  # fmt: skip


@pytest.mark.parametrize("text", [row[1] for row in QUOTED], ids=[row[0] for row in QUOTED])
def test_only_what_was_written_now_is_left(text: str) -> None:
    parted = quoting.part(text)
    assert parted.fresh == "Done."
    assert len(parted.quoted) > 5


def test_answers_between_quoted_lines_are_kept() -> None:
    text = "On Mon, Nov 23, 2026 at 3:04 PM Centre <a@b.example> wrote:\n> Is it gone?\nYes.\n> And the copy?\nAlso."
    assert quoting.part(text).fresh == "Yes.\nAlso."


@pytest.mark.parametrize(
    "text",
    [
        "From: the first day on we delete such posts.\nThank you.",  # one line of a head is none
        "On Monday our team wrote: nothing more.\nBye",
        "제목: 답변드립니다\n감사합니다",
        "2026년 11월 23일에 삭제했습니다.",
    ],
)
def test_plain_sentences_are_not_taken_for_quotations(text: str) -> None:
    assert quoting.part(text) == quoting.Parted(text, "")


@given(st.text(max_size=400))
def test_no_word_is_lost_between_fresh_and_quoted(text: str) -> None:
    parted = quoting.part(text)
    dropped = [line for line in text.split("\n") if quoting.RULE.match(line)]
    kept = f"{parted.fresh} {parted.quoted}".split()
    assert set(text.split()) - set(kept) <= {word for line in dropped for word in line.split()}


# --- hints -------------------------------------------------------------------------------------------------------
HINTS = [
    ("removed", [
        "The content has been removed.", "We took down the page.", "해당 게시물은 삭제 처리하였습니다.", "삭제 완료되었습니다.", "該当の動画は削除いたしました。", "削除済みです。",
        "Материал удалён.", "Мы удалили видео.", "该视频已被删除。", "影片已下架。", "Chúng tôi đã gỡ nội dung.", "เราได้ลบเนื้อหาเรียบร้อยแล้ว", "Hemos eliminado el contenido.",
        "Konten telah dihapus.", "Der Inhalt wurde gelöscht.", "Le contenu a été supprimé.",
    ]),
    ("refused", [
        "We cannot remove this content.", "The content has not been removed.", "Your request was denied.", "It does not violate our terms.", "삭제가 불가합니다.", "요청을 반려합니다.",
        "삭제되지 않았습니다.", "削除できません。", "対応いたしかねます。", "Мы не можем удалить материал.", "В удалении отказано.", "我们无法删除该内容。", "Chúng tôi không thể gỡ nội dung.",
        "เราไม่สามารถลบเนื้อหาได้", "No podemos eliminar el contenido.", "Konten tidak dapat dihapus.", "Wir können den Inhalt nicht entfernen.", "Nous ne pouvons pas supprimer le contenu.",
    ]),
    ("needs_more", [
        "Please provide proof of identity.", "We need more information.", "추가 자료를 제출해 주시기 바랍니다.", "위임장이 필요합니다.", "追加情報をご提供ください。", "Пожалуйста, предоставьте доверенность.",
        "请提供补充材料。", "請提供更多資料。", "Vui lòng cung cấp thêm thông tin.", "กรุณาส่งข้อมูลเพิ่มเติม", "Por favor proporcione más información.", "Mohon kirim informasi tambahan.",
        "Bitte senden Sie uns weitere Unterlagen.", "Veuillez fournir un justificatif.",
    ]),
    ("", ["Thank you for your message.", "담당 부서에 전달하였습니다.", "担当部署にて確認いたします。", "Ваше обращение принято.", "我们已收到您的邮件。", "Cảm ơn bạn.", "ขอบคุณ", "Gracias.", ""]),
]  # fmt: skip


@pytest.mark.parametrize(("hint", "sentence"), [(hint, one) for hint, sentences in HINTS for one in sentences])
def test_a_sentence_hints_at(hint: str, sentence: str) -> None:
    assert hints.hint_of(sentence) == hint


# --- hostile and broken mail -------------------------------------------------------------------------------------
@given(st.binary(max_size=600))
def test_no_bytes_break_the_opening(raw: bytes) -> None:
    with suppress(UnreadableMail):
        open_mail(b"Content-Type: multipart/mixed; boundary=x\r\nSubject: " + raw)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("=?utf-8?B?7IKt7KCc?=", "삭제"),
        ("=?euc-kr?B?u+jBpg==?=", "삭제"),
        ("=?utf-8?Q?a=0D=0ABcc:_b?=", "a Bcc: b"),
        ("=?no-such-set?Q?abc?=", "abc"),
        ("=?utf-8?B?!!!?=", ""),
    ],
)
def test_a_header_is_one_readable_line(raw: str, read: str) -> None:
    assert header_text(raw) == read


def test_of_html_only_what_a_reader_sees_is_left() -> None:
    html = (
        "<style>a{}</style><p>Removed&nbsp;now</p><div style='display:none'>cannot remove</div>"
        "<a href='https://evil.example'>link</a><img alt='x' src='https://evil.example/p'><blockquote>old</blockquote>"
    )
    assert [line for line in text_of_html(html).split("\n") if line.strip("> ")] == ["Removed now", "link", "> old"]


def test_an_outlook_answer_in_html_is_parted_from_the_old_mail() -> None:
    html = (
        "<div>Done.</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg><b>보낸 사람:</b> 센터 &lt;a@b.example&gt;<br>"
        "<b>보낸 날짜:</b> 2026년 11월 23일<br><b>받는 사람:</b> 신고센터<br><b>제목:</b> 삭제요청</div><div>삭제를 요청합니다</div>"
    )
    assert quoting.part(text_of_html(html)).fresh == "Done."


def test_an_empty_plain_part_does_not_hide_the_html() -> None:
    raw = (
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n \r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>Removed</p>\r\n--b--\r\n"
    )
    assert open_mail(raw).text == "Removed"


@pytest.mark.parametrize("html", ["<div>" * 200_000, "<p style='display:none'>" * 80_000, "<blockquote>x" * 100_000])
def test_markup_made_to_keep_us_busy_is_read_in_a_moment(html: str) -> None:
    began = time.process_time()
    text_of_html(html)
    assert time.process_time() - began < 5


REPORTS = [
    ("5.1.1", "", True), ("5.1.10", "", True), ("5.2.1", "", True), ("5.4.4", "", True), ("5.0.0", "smtp; 550 no such user", True),
    ("5.2.2", "", False), ("5.7.1", "", False), ("5.7.26", "", False), ("5.3.4", "", False), ("4.4.7", "", False), ("5.1.8", "", False),
    ("5.0.0", "smtp; 554 policy", False), ("5.0.0", "smtp; 550 5.7.1 blocked", False),
]  # fmt: skip


@pytest.mark.parametrize(("status", "diagnostic", "hard"), REPORTS)
def test_only_codes_about_the_address_blame_the_address(status: str, diagnostic: str, hard: bool) -> None:
    block = {"final-recipient": f"rfc822; {ABUSE}", "action": "failed", "status": status, "diagnostic-code": diagnostic}
    report = read_report([{"reporting-mta": "dns; mx"}, block], ABUSE)
    assert report is not None
    assert (report.hard, report.returned) == (hard, True)
