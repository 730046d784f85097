"""The chain of custody as the officer reads it: one sentence per entry, by its act and what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.models import Case, CustodyEntry, User

# By act, or by "act:variant" where the entry tells more.
SENTENCES: dict[str, Promise] = {
    "received": _("Received the intake"),
    "sealed": _("Sealed a piece of evidence"),
    "sealed:video": _("Sealed a video"),
    "sealed:image": _("Sealed an image"),
    "sealed:url": _("Sealed an address"),
    "sealed:manifest": _("Sealed the list of a capture's parts"),
    "fingerprinted": _("Made a fingerprint"),
    "fingerprinted:unusable": _("Could not make a fingerprint"),
    "examined": _("Examined an address"),
    "examined:unusable": _("Could not use an address"),
    "examined:whole": _("Examined the whole film, of which a part had been looked at"),
    "examined:part_only": _("Examined the whole film: the copy is confirmed in a part of it only"),
    "matched": _("Judged a match"),
    "matched:confirmed": _("Found a copy"),
    "matched:review": _("Found something to be looked at"),
    "matched:officer": _("Judged it to be the same material"),
    "captured": _("Preserved a page"),
    "captured:failed": _("Could not preserve a page"),
    "captured:absence": _("Preserved how a page looks now that the material is gone"),
    "captured:match": _("Preserved the found media and its frames"),
    "drafted": _("Wrote a removal request"),
    "drafted:officer": _("Edited a removal request"),
    "approved": _("Approved a removal request"),
    "undone": _("Took an approval back"),
    "undone:rung": _("Left a next step out"),
    "sent": _("Sent a removal request"),
    "verified": _("Checked whether it is gone"),
    "verified:up": _("Checked: it is still there"),
    "verified:absent": _("Checked: absent, seen once"),
    "verified:removed": _("Checked: removed at the source"),
    "verified:unreachable": _("Checked: the site did not answer"),
    "verified:answer": _("Wrote down what a site answered"),
    "viewed": _("Opened the case"),
    "viewed:person": _("Opened the sealed personal details"),
    "revealed": _("Looked at a clear frame"),
    "downloaded": _("Downloaded a report or a bundle"),
    "stamped": _("A time-stamp authority confirmed a capture"),
    "consent": _("Consent given"),
    "consent:withdrawn": _("Consent withdrawn"),
    "dismissed": _("Dismissed a match"),
    "term_added": _("Added a watch term"),
    "term_removed": _("Removed a watch term"),
    "term_shown": _("Looked at the watch terms"),
    "term_ticked": _("Allowed a site to be searched for a watch term"),
    "term_unticked": _("No longer allows a site to be searched for a watch term"),
    "answered": _("An answer to a removal request came in"),
    "returned": _("A removal request came back"),
}
# Looks matter for the record, not for the story.
MINOR = {"viewed", "revealed", "downloaded", "term_shown"}


def timeline(case: Case) -> list[dict[str, Any]]:
    """Every entry of the chain with who did it, the latest first."""
    entries = list(case.custody.order_by("-sequence"))
    names = names_of(entry.actor for entry in entries)
    return [_line(entry, names) for entry in entries]


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Officers by name, the programme and the victim in words."""
    keys = {actor.removeprefix("officer:") for actor in actors if actor.startswith("officer:")}
    officers = User.objects.filter(pk__in=[key for key in keys if key.isdigit()])
    return {
        "job": "SeoulGuard",
        "victim": str(_("The person served")),
        **{f"officer:{user.pk}": user.shown_name for user in officers},
    }


def sentence(entry: CustodyEntry) -> str:
    """The act in words; an act nobody wrote words for stands as it is."""
    told = SENTENCES.get(f"{entry.act}:{variant(entry)}") or SENTENCES.get(entry.act)
    return str(told or entry.act)


def variant(entry: CustodyEntry) -> str:
    """What stands beside the act, as far as the sentence depends on it; "" for the plain one."""
    detail = entry.detail
    subject = entry.subject.partition(":")[0]
    by_officer = "officer" if entry.actor.startswith("officer:") else ""
    variants = {
        "sealed": "manifest" if "manifest" in detail else detail.get("kind", ""),
        "fingerprinted": detail.get("outcome", ""),
        "examined": detail.get("outcome", ""),
        "matched": detail.get("verdict") or by_officer,
        "captured": _captured(detail, subject),
        "drafted": by_officer,
        "undone": "rung" if "rung" in detail else "",
        "verified": "answer" if "answer" in detail else detail.get("outcome", ""),
        "viewed": subject,
        "consent": "withdrawn" if detail.get("withdrawn") else "",
    }
    return str(variants.get(entry.act, ""))


def _captured(detail: dict[str, Any], subject: str) -> str:
    if detail.get("status") == "failed":
        return "failed"
    return "absence" if detail.get("purpose") == "absence" else subject


def _line(entry: CustodyEntry, names: dict[str, str]) -> dict[str, Any]:
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "act": sentence(entry),
        "minor": entry.act in MINOR,
        "actor": names.get(entry.actor, entry.actor),
        "digest": entry.digest[7:19],
        "reference": entry.detail.get("reference", ""),
        # Of a site's answer it is a code; the letter's page says it in words.
        "reason": "" if "answer" in entry.detail else entry.detail.get("reason", ""),
    }
