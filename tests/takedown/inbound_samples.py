"""Mails as they really come in, and as somebody forges them. Each builder gets the letter it speaks of.

A sample says what the mail must be taken for, how it is tied to the letter, and what it hints at.
"""

# ruff: noqa: E501  (one sample a line)
from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from uuid import uuid4

from django.utils import timezone

from takedown.inbox import addresses
from takedown.inbox.models import InboundMail
from takedown.models import Notice

Kind, Tie, Hint = InboundMail.Kind, InboundMail.Tie, InboundMail.Hint


@dataclass(frozen=True)
class Sent:
    """One letter that left, as the other side knows it."""

    notice: Notice
    recipient: str

    def address(
        self, purpose: str, *, at: datetime | None = None, recipient: str = "", notice: Notice | None = None
    ) -> str:
        used = addresses.BOUNCE if purpose == "b" else addresses.REPLY
        return addresses.signed_address(
            used, (notice or self.notice).pk, recipient or self.recipient, at or timezone.now()
        )

    @property
    def bounces(self) -> str:
        return self.address("b")

    @property
    def answers(self) -> str:
        return self.address("r")


@dataclass(frozen=True)
class Sample:
    name: str
    build: Callable[[Sent], bytes]
    kind: str
    tie: str = Tie.SIGNED
    hint: str = ""
    status: str = Notice.Status.SENT  # of the letter afterwards
    paused: bool = False  # the contact


def mail(to: str, text: str, subject: str = "Re: request", *, html: bool = False, **headers: str) -> EmailMessage:
    one = EmailMessage(policy=SMTP)
    one["From"] = headers.pop("sender", "Abuse Desk <desk@host.example>")
    one["To"] = to
    one["Subject"] = subject
    one["Message-ID"] = headers.pop("message_id", f"<{uuid4().hex}@host.example>")
    one["Date"] = "Mon, 23 Nov 2026 15:04:11 +0900"
    for name, value in headers.items():
        one[name.replace("_", "-")] = value
    one.set_content(text, subtype="html" if html else "plain")
    return one


# --- reports -----------------------------------------------------------------------------------------------------
def dsn(
    to: str, sent: Sent, *, action: str = "failed", status: str = "5.1.1", diagnostic: str = "", final: str = "",
    kind: str = "message/delivery-status", extra: str = "",
) -> bytes:  # fmt: skip
    diagnostic = diagnostic or f"smtp; {'550' if status.startswith('5') else '451'} {status} says the server"
    return (
        f"Received: from mx.host.example by mail.centre.example; Mon, 23 Nov 2026 15:04:11 +0900\r\n"
        f"From: Mail Delivery System <MAILER-DAEMON@mx.host.example>\r\nTo: {to}\r\n"
        f"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <{uuid4().hex}@mx.host.example>\r\n"
        f"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n{extra}"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        f"--B\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nYour message could not be delivered.\r\n"
        f"--B\r\nContent-Type: {kind}\r\n\r\nReporting-MTA: dns; mx.host.example\r\n\r\n"
        f"Final-Recipient: rfc822; {final or sent.recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: {diagnostic}\r\n\r\n"
        f"--B\r\nContent-Type: text/rfc822-headers\r\n\r\nReturn-Path: <{sent.bounces}>\r\n"
        f"Message-ID: {sent.notice.message_id}\r\nX-Loop: removal@centre.example\r\n--B--\r\n"
    ).encode()


def tampered(address: str) -> str:
    name, _at, domain = address.partition("@")
    return f"{name[:-1]}{'a' if name[-1] != 'a' else 'b'}@{domain}"


def text_bounce(sent: Sent) -> bytes:
    return mail(
        "removal@centre.example", f"<{sent.recipient}>: user unknown", "failure notice", sender="MAILER-DAEMON@mx.host.example",
        In_Reply_To=sent.notice.message_id,
    ).as_bytes()  # fmt: skip


def forwarded_report(sent: Sent) -> bytes:
    """A person forwards somebody's bounce: not a report to us."""
    inner = dsn(sent.bounces, sent).decode()
    return (
        f"From: desk@host.example\r\nTo: {sent.answers}\r\nSubject: Fwd: look\r\nMessage-ID: <{uuid4().hex}@host.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="M"\r\n\r\n'
        "--M\r\nContent-Type: text/plain\r\n\r\nWe received this.\r\n"
        f"--M\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--M--\r\n"
    ).encode()


# --- absences ----------------------------------------------------------------------------------------------------
def away(subject: str, text: str, *, to: str = "r", **headers: str) -> Callable[[Sent], bytes]:
    return lambda sent: mail(sent.address(to), text, subject, **headers).as_bytes()


MACHINE = {"Auto_Submitted": "auto-replied"}


# --- answers -----------------------------------------------------------------------------------------------------
def answer(text: str, subject: str = "Re: request", **headers: str) -> Callable[[Sent], bytes]:
    return lambda sent: mail(sent.answers, text, subject, **headers).as_bytes()


def in_korean_charset(sent: Sent) -> bytes:
    """As Naver writes: EUC-KR under its old name, the old letter below a divider."""
    text = (
        "안녕하세요. 요청하신 게시물은 삭제 처리하였습니다.\r\n\r\n-----Original Message-----\r\n"
        'From: "센터"<removal@centre.example>\r\nTo: <abuse@host.example>;\r\nCc:\r\n'
        "Sent: 2026-11-23 (월) 15:04:11 (GMT+09:00)\r\nSubject: 삭제요청\r\n\r\n삭제할 수 없는 경우 알려 주십시오.\r\n"
    )
    subject = base64.b64encode("Re: 삭제요청".encode("cp949")).decode()
    head = (
        f"From: =?ks_c_5601-1987?B?{base64.b64encode('신고센터'.encode('cp949')).decode()}?= <help@host.example>\r\n"
        f"To: {sent.answers}\r\nSubject: =?ks_c_5601-1987?B?{subject}?=\r\nMessage-ID: <{uuid4().hex}@naver.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=ks_c_5601-1987\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(text.encode("cp949"))


def heavy(sent: Sent) -> bytes:
    """A short answer with a film on it, twenty megabytes as mail carries it."""
    one = mail(sent.answers, "The content has been removed.", "Re: request")
    one.add_attachment(bytes(range(256)) * (15 * 4096), maintype="video", subtype="mp4", filename="proof.mp4")
    return one.as_bytes()


def injected(sent: Sent) -> bytes:
    """Line breaks hidden in encoded words of subject and sender."""
    hidden = base64.b64encode(b"Re: request\r\nBcc: everyone@centre.example\r\n\r\nsend this on").decode()
    name = base64.b64encode(b"Desk\r\nTo: all@centre.example").decode()
    return (
        f"From: =?utf-8?B?{name}?= <desk@host.example>\r\nTo: {sent.answers}\r\nSubject: =?utf-8?B?{hidden}?=\r\n"
        f"Message-ID: <{uuid4().hex}@host.example>\r\n\r\nHello\r\n"
    ).encode()


def nested(sent: Sent) -> bytes:
    """Five hundred parts inside one another."""
    head = f"From: desk@host.example\r\nTo: {sent.answers}\r\nSubject: Re: x\r\nMessage-ID: <{uuid4().hex}@host.example>\r\n"
    parts = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(500))
    return (head + parts + "Content-Type: text/plain\r\n\r\nremoved\r\n").encode()


def hops(sent: Sent) -> bytes:
    line = "Received: from a.example by b.example; Mon, 23 Nov 2026 15:04:11 +0900\r\n"
    return line.encode() * 60 + answer("removed")(sent)


def own_letter(sent: Sent) -> bytes:
    return mail(
        "list@host.example", "Our letter", sender="removal@centre.example", message_id=sent.notice.message_id
    ).as_bytes()


OOO_EN = "I am out of the office until 30 November and will reply when I return. Items will not be removed meanwhile."
SAMPLES = [
    # Bounces that are really ours.
    Sample("a server says the user is unknown", lambda s: dsn(s.bounces, s), Kind.HARD, status="draft", paused=True),
    Sample("the same, in capitals and with a general status", lambda s: dsn(
        s.bounces.upper(), s, status="5.0.0", diagnostic="smtp; 550 5.1.1 no such user", final=s.recipient.upper(),
    ), Kind.HARD, status="draft", paused=True),
    Sample("an international report", lambda s: dsn(
        s.bounces, s, status="5.1.10", kind="message/global-delivery-status",
    ), Kind.HARD, status="draft", paused=True),
    Sample("a delay", lambda s: dsn(s.bounces, s, action="delayed", status="4.4.1"), Kind.SOFT),
    Sample("a refusal for policy", lambda s: dsn(s.bounces, s, status="5.7.1"), Kind.SOFT, status="failed"),
    Sample("a full mailbox", lambda s: dsn(s.bounces, s, status="5.2.2"), Kind.SOFT, status="failed"),
    Sample("the address behind a forwarding one fails", lambda s: dsn(
        s.bounces, s, final="someone@elsewhere.example",
    ), Kind.SOFT, status="failed"),
    # Forged ones.
    Sample("a report to our plain address", lambda s: dsn("removal@centre.example", s), Kind.FORGED, Tie.NONE),
    Sample("a made-up token", lambda s: dsn(f"removal+b{'a' * 45}@centre.example", s), Kind.FORGED, Tie.NONE),
    Sample("one letter of the token changed", lambda s: dsn(tampered(s.bounces), s), Kind.FORGED, Tie.NONE),
    Sample("the address for answers", lambda s: dsn(s.answers, s), Kind.FORGED),
    Sample("the address for answers, relabelled", lambda s: dsn(
        s.answers.replace("+r", "+b"), s), Kind.FORGED, Tie.NONE),
    Sample("a token of two months ago", lambda s: dsn(
        s.address("b", at=timezone.now() - timedelta(days=60)), s), Kind.FORGED, Tie.NONE),
    Sample("a token of the future", lambda s: dsn(
        s.address("b", at=timezone.now() + timedelta(days=60)), s), Kind.FORGED, Tie.NONE),
    Sample("a token made for another recipient", lambda s: dsn(
        s.address("b", recipient="legal@other.example"), s), Kind.FORGED, Tie.NONE),
    Sample("the token stands only in what was returned", lambda s: dsn(
        "removal@centre.example", s, extra=f"In-Reply-To: {s.notice.message_id}\r\n"), Kind.FORGED, Tie.THREAD),
    Sample("a daemon's words without a report", text_bounce, Kind.FORGED, Tie.THREAD),
    Sample("somebody's bounce, forwarded", forwarded_report, Kind.REPLY),
    # Out of office, in ten languages, as programs write it.
    Sample("away: English, to the bounce address", away("Automatic reply: request", OOO_EN, to="b", **MACHINE), Kind.ABSENCE),
    Sample("away: Korean, no header", away("부재중 알림: 삭제요청", "11월 30일까지 휴가입니다. 복귀 후 삭제하겠습니다."), Kind.ABSENCE),
    Sample("away: Korean, Outlook", away("자동 회신: 삭제요청", "출장으로 자리를 비웁니다.", **MACHINE), Kind.ABSENCE),
    Sample("away: Japanese", away("自動応答: 削除のお願い", "11月30日まで不在にしております。", **MACHINE), Kind.ABSENCE),
    Sample("away: Russian", away("Автоответ: запрос", "Я в отпуске до 30 ноября, вернусь и отвечу.", Precedence="auto_reply"), Kind.ABSENCE),
    Sample("away: Chinese", away("自动回复: 删除请求", "我正在休假，11月30日返回。", **MACHINE), Kind.ABSENCE),
    Sample("away: German", away("Automatische Antwort: Anfrage", "Ich bin bis 30. November nicht im Büro.", **MACHINE), Kind.ABSENCE),
    Sample("away: Vietnamese", away("Trả lời tự động: yêu cầu", "Tôi vắng mặt đến ngày 30 tháng 11.", **MACHINE), Kind.ABSENCE),
    Sample("away: Thai", away("ตอบกลับอัตโนมัติ: คำขอ", "ไม่อยู่ที่สำนักงานถึงวันที่ 30", X_Autoreply="yes"), Kind.ABSENCE),
    Sample("away: Spanish", away("Respuesta automática: solicitud", "Estoy fuera de la oficina.", **MACHINE), Kind.ABSENCE),
    # Loops.
    Sample("our own letter, from a list", own_letter, Kind.LOOP, Tie.THREAD),
    Sample("sixty servers", hops, Kind.LOOP),
    Sample("our mark", answer("removed", X_Loop="removal@centre.example"), Kind.LOOP),
    Sample("ourselves as the sender", answer("removed", sender="Centre <REMOVAL@centre.example>"), Kind.LOOP),
    Sample("a signed address as the sender", lambda s: mail(s.answers, "removed", sender=s.answers).as_bytes(), Kind.LOOP),
    # Machines.
    Sample("a ticket was opened", answer("Your ticket 123 was received.", "[#123] received", Auto_Submitted="auto-generated"), Kind.AUTOMATIC),
    Sample("a machine removed it", answer("The file has been deleted.", "Done", Auto_Submitted="auto-generated"), Kind.AUTOMATIC, hint=Hint.REMOVED),
    Sample("a read receipt", answer("Read", Content_X="1", Precedence="bulk"), Kind.AUTOMATIC),
    # People.
    Sample("Korean, Naver: removed", in_korean_charset, Kind.REPLY, hint=Hint.REMOVED),
    Sample("Japanese: refused", answer("恐れ入りますが、削除できません。"), Kind.REPLY, hint=Hint.REFUSED),
    Sample("Russian: needs more", answer("Пожалуйста, предоставьте доверенность."), Kind.REPLY, hint=Hint.NEEDS_MORE),
    Sample("HTML only: removed", answer(
        "<p>We <b>removed</b> it.</p><script>x()</script><blockquote>cannot remove</blockquote>", html=True,
    ), Kind.REPLY, hint=Hint.REMOVED),
    Sample("twenty megabytes", heavy, Kind.REPLY, hint=Hint.REMOVED),
    Sample("line breaks in the header", injected, Kind.REPLY),
    Sample("a person who was on leave", answer("I was on leave. We have deleted the video."), Kind.REPLY, hint=Hint.REMOVED),
    Sample("an answer to the plain address, in the thread", lambda s: mail(
        "removal@centre.example", "Removed.", References=f"<a@b.example> {s.notice.message_id}").as_bytes(), Kind.REPLY, Tie.THREAD, Hint.REMOVED),
    Sample("a new mail that names the reference", lambda s: mail(
        "removal@centre.example", "We have not removed it.", f"About {s.notice.reference.lower()}").as_bytes(), Kind.REPLY, Tie.REFERENCE, Hint.REFUSED),
    Sample("a report about nothing that failed", lambda s: dsn(s.bounces, s, action="delivered", status="2.0.0"), Kind.AUTOMATIC),
    Sample("parts within parts", nested, Kind.REPLY),
    # Not ours.
    Sample("a newsletter", lambda s: mail("removal@centre.example", "News", "News", Precedence="bulk").as_bytes(), Kind.AUTOMATIC, Tie.NONE),
    Sample("a private mail", lambda s: mail("removal@centre.example", "Lunch?", "Lunch").as_bytes(), Kind.UNKNOWN, Tie.NONE),
    Sample("noise", lambda s: b"\x00\xff\xfe" * 500, Kind.UNKNOWN, Tie.NONE),
]  # fmt: skip
