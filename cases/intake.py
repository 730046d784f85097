"""Receive (접수): from what a victim entered to a case, sealed at once, with a receipt instead of an account.

For the views: `drafts` holds what was entered so far; `accept_uploads` puts files into it; `receive_draft` sends it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import custody, drafts, terms, uploads, vault
from cases.drafts import DraftFile, DraftState, IntakeAnswers
from cases.links import parse_urls
from cases.media_types import IntakeError, sniff_kind
from cases.models import Case, CaseKey, Consent, Evidence, IntakeDraft, Person, Role, User
from cases.receipts import case_by_receipt, forget_counts, new_code, shown_code
from cases.uploads import SealedUpload

__all__ = [
    "IntakeAnswers", "IntakeError", "Receipt", "accept_uploads", "case_by_receipt", "forget_stale", "parse_urls",
    "receive", "receive_draft", "shown_code", "sniff_kind",
]  # fmt: skip
CONSENT_HOLDS = timedelta(days=365)
NUMBER_TRIES = 50
ALIASES = (
    "푸른돌", "흰구름", "고운숲", "맑은샘", "너른들", "새벽별", "산들바람", "은하수",
    "조약돌", "봄햇살", "가을빛", "솔나무", "들국화", "늘푸른", "잔물결", "첫눈길",
    "바다결", "느티나무", "온누리", "달무리", "초록잎", "해오름", "강나루", "돌다리",
)  # fmt: skip


@dataclass(frozen=True)
class Receipt:
    """The case, and the code that opens its status page. The code is stored nowhere in the clear."""

    case: Case
    code: str

    @property
    def shown(self) -> str:
        """Four groups of four digits."""
        return shown_code(self.code)


def forget_stale(at: datetime) -> int:
    """Forget drafts that nobody touched for a day, files included; how many. Also old counts of wrong codes."""
    forget_counts(at)
    return drafts.forget_stale(at)


# --- files -------------------------------------------------------------------------------------------------------
def accept_uploads(draft: IntakeDraft, files: Iterable[SealedUpload]) -> list[IntakeError]:
    """Take the uploads that can be examined into the draft; the others are removed, with a sentence for each."""
    errors: list[IntakeError] = []
    for upload in files:
        try:
            drafts.add_file(draft, _checked(upload))
        except IntakeError as error:
            drafts.seal_of(draft).remove(upload.file_id)
            errors.append(error)
    return errors


def _checked(upload: SealedUpload) -> DraftFile:
    if upload.problem:
        raise IntakeError(upload.problem, uploads.problem_sentence(upload.problem))
    kind = sniff_kind(upload.head, upload.name or "")
    return DraftFile(str(upload.file_id), upload.size or 0, upload.digest, kind)


# --- receiving ---------------------------------------------------------------------------------------------------
def receive_draft(draft: IntakeDraft, *, at: datetime) -> Receipt:
    """Make the draft a case. Sent twice (a double click), it is one case and the same receipt.

    Raises IntakeError `nothing_entered`, `gone` (the draft was forgotten), VaultError.
    """
    with transaction.atomic():
        found = drafts.locked(draft.pk)
        if found is None:
            raise IntakeError("gone", _("What was entered here was removed after a day. Please begin again."))
        state = drafts.state_of(found)
        if state.receipt:
            return Receipt(Case.objects.get(pk=draft.pk), state.receipt)
        receipt = _make_case(draft.pk, state, at)
        drafts.close_with(found, state, receipt.code)
    _remove_unlisted(receipt.case)
    return receipt


def receive(
    answers: IntakeAnswers, files: list[SealedUpload], *, at: datetime, draft: IntakeDraft | None = None
) -> Receipt:
    """The same in one go, without a form: for seeds, other intakes and tests.

    `files` must have been sealed for `draft` (`uploads.seal_upload`). Raises the first file's IntakeError.
    """
    with transaction.atomic():
        draft = draft or drafts.begin()
        for error in accept_uploads(draft, files):
            raise error
        drafts.keep_answers(draft, **{name: getattr(answers, name) for name in IntakeAnswers.__dataclass_fields__})
        return receive_draft(draft, at=at)


def _make_case(case_id: UUID, state: DraftState, at: datetime) -> Receipt:
    """All rows of a new case, in this order: the key before anything that is sealed with it."""
    answers = state.answers
    if not (state.files or answers.urls or answers.account.strip()):
        raise IntakeError("nothing_entered", _("Please add a file, an address, or a few words, so that we can begin."))
    code = new_code()
    case = _numbered_case(case_id, answers, code, at)
    CaseKey.objects.create(case=case, kid=state.key.kid, wrapped=state.key.wrapped)
    case.account_sealed = vault.seal_text(case, "account", answers.account)
    case.save(update_fields=["account_sealed"])
    _add_person(case, answers)
    custody.record(
        case, "received", actor="victim", subject=f"case:{case.pk}",
        files=len(state.files), addresses=len(answers.urls), requester=answers.requester,
    )  # fmt: skip
    _add_consent(case, answers, at)
    for file in state.files:
        _add_file(case, file, at)
    for url in answers.urls:
        _add_address(case, url, at)
    for term in terms.named_in("\n".join(answers.spread_as)):
        terms.add(case, terms.kind_of(term), term)
    return Receipt(case, code)


def _numbered_case(case_id: UUID, answers: IntakeAnswers, code: str, at: datetime) -> Case:
    """The number is the next of the year; who takes it first keeps it, the other one tries the next."""
    for _attempt in range(NUMBER_TRIES):
        try:
            with transaction.atomic():
                return Case.objects.create(
                    pk=case_id, number=next_number(at), alias=_alias(), officer=officer_with_fewest_cases(),
                    status=Case.Status.ACTIVE if answers.consent else Case.Status.RECEIVED,
                    content=answers.content, content_unsure=answers.steps.get("content") == "unsure",
                    minor=answers.minor, requester=answers.requester,
                    contact_choice=answers.contact_choice, receipt_lookup=vault.receipt_lookup(code), opened_at=at,
                )  # fmt: skip
        except IntegrityError:
            if Case.objects.filter(pk=case_id).exists():
                raise
    raise IntakeError("busy", _("Very many are writing to us at the moment. Please send it once more."))


def next_number(at: datetime) -> str:
    """ "2026-0042": the year in Seoul and a running number."""
    year = timezone.localtime(at).year
    of_year = Case.objects.filter(number__regex=rf"^{year}-[0-9]+$")
    last = of_year.order_by(Length("number").desc(), "-number").values_list("number", flat=True).first()
    return f"{year}-{int(last.split('-')[1]) + 1 if last else 1:04d}"


def officer_with_fewest_cases() -> User | None:
    """The active officer with the fewest open cases; None when there is nobody yet, and a lead assigns later."""
    still_open = Count("cases", filter=~Q(cases__status=Case.Status.CLOSED), distinct=True)
    officers = User.objects.filter(is_active=True, groups__name=Role.OFFICER)
    return officers.annotate(load=still_open).order_by("load", "pk").first()


def _alias() -> str:
    """Says nothing about the person, and can be said aloud in an office."""
    return f"{secrets.choice(ALIASES)} {secrets.randbelow(90) + 10}"


def _add_person(case: Case, answers: IntakeAnswers) -> None:
    Person.objects.create(
        case=case,
        name_sealed=vault.seal_text(case, "name", answers.name),
        contact_sealed=vault.seal_text(case, "contact", answers.contact),
        hours_sealed=vault.seal_text(case, "hours", answers.hours),
    )


def _add_consent(case: Case, answers: IntakeAnswers, at: datetime) -> None:
    if not answers.consent:
        return
    consent = Consent.objects.create(
        case=case, scope={"channels": answers.scope}, granted_at=at, expires_at=at + CONSENT_HOLDS
    )
    custody.record(case, "consent", actor="victim", subject=f"consent:{consent.pk}", scope=answers.scope)


def _add_file(case: Case, file: DraftFile, at: datetime) -> None:
    evidence = Evidence.objects.create(
        pk=UUID(file.id), case=case, kind=file.kind, size=file.size, digest=file.digest, received_at=at
    )
    _record_sealed(evidence)


def _add_address(case: Case, url: str, at: datetime) -> None:
    evidence = Evidence(pk=uuid4(), case=case, kind=Evidence.Kind.URL, received_at=at)
    evidence.url_sealed = vault.seal_text(case, "url", url)
    evidence.save()
    _record_sealed(evidence)


def _record_sealed(evidence: Evidence) -> None:
    custody.record(
        evidence.case, "sealed", actor="victim", subject=f"evidence:{evidence.pk}",
        kind=evidence.kind, size=evidence.size, digest=evidence.digest,
    )  # fmt: skip


def _remove_unlisted(case: Case) -> None:
    """Files of broken-off uploads, which no row names."""
    listed = {f"{pk}.sealed" for pk in case.evidence.values_list("pk", flat=True)}
    folder = settings.EVIDENCE_ROOT / str(case.pk)
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in listed:
            path.unlink(missing_ok=True)
