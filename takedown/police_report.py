"""A complaint under a statute that asks for a police report: its number, or the letter without this statute.

The officer decides; nothing is left out silently.
"""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from cases import custody, vault
from cases.models import User
from takedown.anonymity import names_any, person_words
from takedown.drafting import NoticeError, asks_for_police, locked, write
from takedown.letters import one_line
from takedown.models import Notice, Statute


def is_asked(notice: Notice) -> bool:
    """Whether this letter cites a statute that asks for a police report, or would without the officer's decision."""
    if notice.without_police_report or notice.police_reference:
        return True
    codes = {row["code"] for row in notice.statutes}
    return any(asks_for_police(row) for row in Statute.objects.filter(code__in=codes))


def answer(notice: Notice, reference: str, officer: User, *, without: bool) -> None:
    """Keep the report's number, or write without the statute that asks for it. Raises NoticeError."""
    with transaction.atomic():
        row = locked(notice)
        if row.status != Notice.Status.DRAFT:
            raise NoticeError(_("Only a draft can be edited."))
        row.police_reference = "" if without else one_line(reference, 80)
        row.without_police_report = without
        _refuse_names(row)
        write(row, keep_edits=True)
        row.save()
        custody.record(
            row.case, "drafted", actor=f"officer:{officer.pk}", subject=f"notice:{row.pk}", reference=row.reference
        )
    notice.refresh_from_db()


def _refuse_names(row: Notice) -> None:
    try:
        named = names_any(row.police_reference, person_words(row.case))
    except vault.VaultError as error:
        raise NoticeError(error.sentence) from error
    if named:
        raise NoticeError(_("Your words name the person or the case. Nothing about the person may leave."))
