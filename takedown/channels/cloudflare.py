"""Cloudflare's interface for reports of intimate images without consent: `abuse_ncsei` of its published API.

All addresses of one report must have the same host name; those of other hosts go into the comments, where they are read
by people. What the API lets be passed on: the centre's name to the hosting company, nobody's name to the site's owner.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.utils.translation import gettext as _

from takedown.channels import facts, interface, ready
from takedown.channels.models import ChannelKey
from takedown.channels.request_text import Request, written
from takedown.composing import one_line
from takedown.drafting import NoticeError
from takedown.models import Contact, Notice

CHANNEL = Contact.Channel.CLOUDFLARE
ACT = "abuse_ncsei"
COMMENTS = 2000


def message(notice: Notice) -> bytes:
    """The request, to be approved. Raises NoticeError."""
    key = ready.key_of(CHANNEL)
    if key is None:
        raise NoticeError(_("This interface is switched off. An administrator enters its key and switches it on."))
    if notice.case.content_kind == "minor":
        raise NoticeError(_("Material of a minor is not reported through this interface."))
    return written(f"{key.url}/accounts/{key.account}/abuse-reports/{ACT}", _report(notice))


def _report(notice: Notice) -> dict[str, Any]:
    centre = facts.centre_for(notice)
    urls, others = _by_host([url for one in facts.locations_of(notice) for url in (one.page_url, one.media_url)])
    return {
        "act": ACT,
        "name": centre.name,
        "email": centre.email,
        "email2": centre.email,
        "company": centre.name[:100],
        "country": centre.country,
        "tele": centre.phone,
        "title": one_line(notice.subject, 255),
        "urls": "\n".join(urls),
        "comments": _comments(notice, others),
        # "If the submitter is the target": the centre reports, not the person.
        "ncsei_subject_representation": False,
        "host_notification": "send",
        "owner_notification": "send-anon",
    }


def _by_host(found: list[str]) -> tuple[list[str], list[str]]:
    """Addresses of the host that has most of them, 250 at most, and the others."""
    urls = facts.unique(found)
    [(host, _count)] = Counter(map(facts.host_of, urls)).most_common(1)
    same = [url for url in urls if facts.host_of(url) == host]
    return same[:250], same[250:] + [url for url in urls if facts.host_of(url) != host]


def _comments(notice: Notice, others: list[str]) -> str:
    more = "\n\nThe same material also at:\n" + "\n".join(others) if others else ""
    if len(more) > COMMENTS - len(notice.reference):
        raise NoticeError(
            _("The addresses lie on too many hosts for one report to this interface. Use another contact.")
        )
    return facts.summary(notice, COMMENTS - len(more)) + more


def deliver(approved: bytes) -> str:
    """Raises DeliveryError, VaultError."""
    answer = interface.hand_over(CHANNEL, approved, _proof)
    if answer.get("success") is False or answer.get("result") == "error":
        raise interface.refused(one_line(str(answer.get("errors") or answer.get("msg") or answer), 250))
    return one_line(str(answer.get("abuse_rand") or answer.get("result") or "success"), 200)


def _proof(_key: ChannelKey, secret: str, _request: Request) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
