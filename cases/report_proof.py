"""What the report says of the bundle it lies in: the time line, who took part, time stamps, and the signing key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from cases.bundle import Bundle
from cases.models import Capture, TimeStamp, User


class Moment(NamedTuple):
    """One line of the time line; `what` is a sentence in the report's language."""

    at: datetime
    what: str


@dataclass(frozen=True)
class Proof:
    """Plain values for `ReportContext.proof`. Digests are "sha256:…"; the fingerprint stands in two lines."""

    fingerprint: tuple[str, str]
    listed_name: str
    listed_digest: str
    custody_head: str
    custody_entries: int
    time_line: Sequence[tuple[str, str]]
    stamps: Sequence[dict[str, str]]


def proof_of(bundle: Bundle, moments: Iterable[Moment]) -> Proof:
    """In the language that is active now. `moments` are those the vault does not know itself."""
    own = [
        Moment(bundle.capture.started_at, _begun(bundle.capture)),
        Moment(bundle.capture.captured_at or bundle.capture.started_at, _("The page was preserved and sealed.")),
        *(Moment(stamp.made_at, _stamped(stamp)) for stamp in bundle.stamps if stamp.made_at),
        Moment(bundle.export.at, _("This report and its bundle were made.")),
    ]
    lines = sorted([*own, *moments], key=lambda moment: moment.at)
    return Proof(
        fingerprint=(bundle.fingerprint[:39], bundle.fingerprint[40:]),
        listed_name=bundle.listed.name,
        listed_digest=bundle.listed.digest,
        custody_head=bundle.custody_head,
        custody_entries=bundle.export.sequence,
        time_line=[(_utc(moment.at), moment.what) for moment in lines],
        stamps=[_stamp_line(stamp) for stamp in bundle.stamps],
    )


def named_actor(actor: str) -> str:
    """ "officer:3" with the officer's name, so that the report says who did what."""
    kind, _colon, number = actor.partition(":")
    officer = User.objects.filter(pk=number).first() if kind == "officer" and number.isdigit() else None
    return f"{actor} {officer.shown_name}" if officer else actor


def _begun(capture: Capture) -> str:
    if capture.method == Capture.Method.UPLOAD:
        return _("An officer handed in what the page showed.")
    return _("The system opened the page to preserve it.")


def _stamped(stamp: TimeStamp) -> str:
    return _("%(authority)s confirmed that the list of parts existed.") % {"authority": stamp.authority}


def _stamp_line(stamp: TimeStamp) -> dict[str, Any]:
    made = _utc(stamp.made_at) if stamp.made_at else ""
    return {"authority": stamp.authority, "made": made, "state": stamp.get_status_display(), "reason": stamp.reason}


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
