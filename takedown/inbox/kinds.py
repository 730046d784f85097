"""What kind of mail came in. The order matters: a loop is a loop whatever else it looks like, an absence is never a bounce,
and a bounce counts only when it comes to the address that was made for this letter's bounces.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from email.utils import getaddresses

from django.utils.translation import gettext as _

from takedown.inbox.absence import says_absent, says_automatic
from takedown.inbox.addresses import claim_of
from takedown.inbox.models import InboundMail
from takedown.inbox.opened import OpenedMail
from takedown.inbox.reports import read_report

Kind = InboundMail.Kind
MOST_HOPS = 50
LOOP_HEADER = "x-loop"
BULK = frozenset({"bulk", "junk", "auto_reply", "auto-reply", "list"})
DAEMONS = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|mdaemon|bounces?|mail delivery (sub)?system)\b", re.I)
BOUNCE_SUBJECT = re.compile(
    r"undeliver|delivery (status|failure|has failed|incomplete|delayed)|returned mail|failure notice|mail delivery failed|"
    r"message (not|could not be) delivered|non ?remis|unzustellbar|배달 실패|반송|전송 실패|配信不能|配信エラー|"
    r"не доставлено|не удалось доставить|недоставлен|退信|无法送达|無法傳送",
    re.I,
)


@dataclass(frozen=True)
class Verdict:
    """`returned`: the letter did not arrive. `why` names codes and headers, never words of the mail."""

    kind: str
    why: str = ""
    returned: bool = False


@dataclass(frozen=True)
class Ours:
    """What makes a mail our own: the addresses we write from, the mark and the message numbers we give."""

    addresses: Collection[str]
    mark: str = ""
    message_ids: Collection[str] = ()


def kind_of(mail: OpenedMail, ours: Ours, *, bounced_to: str = "", belongs: bool = False) -> Verdict:
    """`bounced_to`: the recipient whose signed bounce address this came to, proven. `belongs`: a letter of ours is known."""
    return (
        _loop(mail, ours)
        or _bounce(mail, bounced_to)
        or _automatic(mail)
        or Verdict(Kind.REPLY if belongs and not bounced_to else Kind.UNKNOWN)
    )


def _loop(mail: OpenedMail, ours: Ours) -> Verdict | None:
    if len(mail.headers.get("received", [])) > MOST_HOPS:
        return Verdict(Kind.LOOP, _("It has passed more than %(count)d servers.") % {"count": MOST_HOPS})
    if ours.mark and ours.mark in mail.headers.get(LOOP_HEADER, []):
        return Verdict(Kind.LOOP, _("It carries our own mark against loops."))
    if mail.header("message-id") in ours.message_ids:
        return Verdict(Kind.LOOP, _("It is our own letter."))
    senders = {address.lower() for _name, address in getaddresses(mail.headers.get("from", []))}
    if senders & {address.lower() for address in ours.addresses} or any(map(claim_of, senders)):
        return Verdict(Kind.LOOP, _("It names ourselves as its sender."))
    return None


def _bounce(mail: OpenedMail, bounced_to: str) -> Verdict | None:
    report = read_report(mail.report, bounced_to) if mail.report is not None else None
    if report and bounced_to:
        return Verdict(Kind.HARD if report.hard else Kind.SOFT, report.why, report.returned)
    if report or (_looks_bounced(mail) and not bounced_to):
        return Verdict(Kind.FORGED, _("It did not come to the signed address for bounces."))
    if _looks_bounced(mail):
        return Verdict(Kind.UNKNOWN, _("A server speaks of a failed delivery, in a form that cannot be read."))
    return None


def _looks_bounced(mail: OpenedMail) -> bool:
    """In the manner of a bounce, report or not: an automatic answer of a person is none."""
    if mail.report is not None:
        return False  # it was read, and tells of no failure
    if mail.report_type == "delivery-status":
        return True
    names = [*getaddresses(mail.headers.get("from", []))[:1]]
    from_daemon = any(DAEMONS.match(name) or DAEMONS.match(address) for name, address in names)
    return bool(
        from_daemon and (BOUNCE_SUBJECT.search(mail.header("subject")) or "x-failed-recipients" in mail.headers)
    )


def _automatic(mail: OpenedMail) -> Verdict | None:
    sign = _sign_of_a_machine(mail)
    subject, text = mail.header("subject"), mail.text
    if says_absent(subject, text, sure=bool(sign)):
        return Verdict(Kind.ABSENCE, sign)
    if sign or says_automatic(subject):
        return Verdict(Kind.AUTOMATIC, sign)
    return None


def _sign_of_a_machine(mail: OpenedMail) -> str:
    """The header (RFC 3834 and older customs) that says no person wrote this; empty without one."""
    submitted = mail.header("auto-submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted[:40]}"
    if mail.report_type and mail.report_type != "delivery-status":
        return f"report-type={mail.report_type[:40]}"
    if mail.report is not None:
        return "report-type=delivery-status"
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-naver-autoreply"):
        if name in mail.headers and mail.header(name).lower() not in ("no", "false"):
            return name
    precedence = mail.header("precedence").lower()
    return f"Precedence: {precedence}" if precedence in BULK else ""
