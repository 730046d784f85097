"""What someone has entered so far, before a case exists. One sealed row, reached through the visitor's session.

The draft's id and data key become the case's id and key when it is received, so nothing is sealed twice.
"""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from cases import vault
from cases.media_types import IntakeError
from cases.models import Case, IntakeDraft
from cases.sealing import Seal

SESSION_KEY = "draft"
PURPOSE = "draft"
# An hour of thinking must not lose an entry; a device shared with someone must not keep it much longer.
SESSION_SECONDS = 2 * 3600
STALE_AFTER = timedelta(hours=24)


@dataclass
class IntakeAnswers:
    """Everything the form asks. `scope` names the channels the centre may watch; ["all"] is everything."""

    content: str = Case.Content.FILMED
    minor: bool = False
    requester: str = Case.Requester.SELF
    account: str = ""
    urls: list[str] = field(default_factory=list)
    name: str = ""
    contact_choice: str = Case.ContactChoice.NONE
    contact: str = ""
    hours: str = ""
    # Names, accounts, titles under which it is spread.
    spread_as: list[str] = field(default_factory=list)
    consent: bool = False
    scope: list[str] = field(default_factory=lambda: ["all"])
    # Which steps were filled in, and whatever else the form wants to remember.
    steps: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DraftFile:
    """A file of the draft: no name, only what it is."""

    id: str
    size: int
    digest: str
    kind: str


@dataclass
class DraftState:
    key: vault.WrappedKey
    answers: IntakeAnswers = field(default_factory=IntakeAnswers)
    files: list[DraftFile] = field(default_factory=list)
    # The code, once the draft was received: shown again until the visitor lets it go.
    receipt: str = ""


# --- the session -------------------------------------------------------------------------------------------------
def draft_of(request: HttpRequest) -> IntakeDraft | None:
    """The visitor's draft, if one was begun and is not forgotten."""
    draft_id = request.session.get(SESSION_KEY)
    return IntakeDraft.objects.filter(pk=draft_id).first() if draft_id else None


def begin(request: HttpRequest | None = None) -> IntakeDraft:
    """A new empty draft, remembered in the session of the request."""
    draft = IntakeDraft()
    _store(draft, DraftState(vault.new_key(draft.pk)))
    if request is not None:
        request.session[SESSION_KEY] = str(draft.pk)
        request.session.set_expiry(SESSION_SECONDS)
    return draft


def open_or_begin(request: HttpRequest) -> IntakeDraft:
    return draft_of(request) or begin(request)


def let_go(request: HttpRequest) -> None:
    """Forget the draft and end the session: after the receipt was kept, and for the exit button."""
    draft = draft_of(request)
    if draft is not None:
        forget(draft.pk)
    request.session.flush()


# --- the sealed state --------------------------------------------------------------------------------------------
def state_of(draft: IntakeDraft) -> DraftState:
    """Raises VaultError."""
    plain = json.loads(vault.open_for_installation(bytes(draft.answers_sealed), PURPOSE))
    key = vault.WrappedKey(plain["kid"], base64.b64decode(plain["wrapped"]))
    known = {one.name for one in fields(IntakeAnswers)}
    answers = IntakeAnswers(**{name: value for name, value in plain["answers"].items() if name in known})
    return DraftState(key, answers, [DraftFile(**one) for one in plain["files"]], plain["receipt"])


def keep_answers(draft: IntakeDraft, **answers: Any) -> IntakeAnswers:
    """Set the named answers, leave the others; everything as it stands now. IntakeError `already_sent`."""
    with transaction.atomic():
        state = _unsent(draft)
        for name, value in answers.items():
            if not hasattr(state.answers, name):
                raise TypeError(f"{name!r} is not an answer of the intake")
            setattr(state.answers, name, value)
        _store(draft, state)
    return state.answers


def add_file(draft: IntakeDraft, file: DraftFile) -> None:
    """Raises IntakeError `already_sent`: what is added to a draft that became a case would be lost."""
    with transaction.atomic():
        state = _unsent(draft)
        state.files.append(file)
        _store(draft, state)


def drop_file(draft: IntakeDraft, file_id: str) -> None:
    """Take a file back, row and bytes; an unknown id changes nothing."""
    with transaction.atomic():
        state = _unsent(draft)
        found = [file for file in state.files if file.id == file_id]
        state.files = [file for file in state.files if file.id != file_id]
        _store(draft, state)
    for file in found:
        seal_of(draft).remove(UUID(file.id))


def receipt_of(draft: IntakeDraft) -> str:
    """The code of a draft that was received, "" before."""
    return state_of(draft).receipt


def close_with(draft: IntakeDraft, state: DraftState, code: str) -> None:
    """The answers now live in the case; of the draft only the code stays, sealed, until it is let go."""
    _store(draft, DraftState(state.key, receipt=code))


def seal_of(draft: IntakeDraft) -> Seal:
    return vault.unwrap(draft.pk, state_of(draft).key)


def _unsent(draft: IntakeDraft) -> DraftState:
    state = state_of(locked(draft.pk) or draft)
    if state.receipt:
        raise IntakeError("already_sent", _("This was sent already. Your number is on the last page."))
    return state


def locked(draft_id: UUID) -> IntakeDraft | None:
    return IntakeDraft.objects.select_for_update().filter(pk=draft_id).first()


def _store(draft: IntakeDraft, state: DraftState) -> None:
    plain = {
        "kid": state.key.kid,
        "wrapped": base64.b64encode(state.key.wrapped).decode(),
        "answers": asdict(state.answers),
        "files": [asdict(file) for file in state.files],
        "receipt": state.receipt,
    }
    draft.answers_sealed = vault.seal_for_installation(json.dumps(plain).encode(), PURPOSE)
    draft.save()


# --- forgetting --------------------------------------------------------------------------------------------------
def forget(draft_id: UUID) -> None:
    """Remove the draft. Its files go too, unless a case lives on in their folder."""
    with transaction.atomic():
        draft = locked(draft_id)
        if draft is None:
            return
        lives_on = Case.objects.filter(pk=draft_id).exists()
        draft.delete()
    if not lives_on:
        shutil.rmtree(Path(settings.EVIDENCE_ROOT) / str(draft_id), ignore_errors=True)


def forget_stale(at: datetime) -> int:
    """Forget drafts that nobody touched for a day; how many."""
    stale = list(IntakeDraft.objects.filter(touched_at__lt=at - STALE_AFTER).values_list("pk", flat=True))
    for draft_id in stale:
        forget(draft_id)
    return len(stale)
