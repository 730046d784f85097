"""Everything that keeps a draft from leaving, each with the place where it is put right.

Judged on the letter as it stands, not as the compiler would write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import vault
from takedown import elements, letters
from takedown.addressing import trouble_with
from takedown.anonymity import names_any, person_words
from takedown.drafting import lawbook_for
from takedown.elements import MissingElement
from takedown.ladder_models import places_of
from takedown.lawbook import Lawbook
from takedown.letter_facts import request_for
from takedown.models import Notice


class Trouble(NamedTuple):
    """A sentence, and the page where it is put right. `for_admins`: an administrator must do it."""

    sentence: str
    url: str
    for_admins: bool = False


def troubles(notice: Notice) -> list[Trouble]:
    """Empty when the draft may be approved."""
    book = lawbook_for(notice)
    return [
        *_missing_elements(notice, book),
        *(Trouble(sentence, "#compose-anew") for sentence in _unfit_statutes(notice, book)),
        *(Trouble(sentence, "#letter") for sentence in (*broken_locks(notice), *named_person(notice))),
        *_no_contact(notice),
        *_no_mandate(notice),
    ]


# --- elements ----------------------------------------------------------------------------------------------------
def _missing_elements(notice: Notice, book: Lawbook) -> Iterator[Trouble]:
    written = {row["key"]: row["text"] for row in notice.paragraphs if row["text"].strip()}
    cited = [book.statutes[row["code"]] for row in notice.statutes if row["code"] in book.statutes]
    for found in elements.missing(request_for(notice), written, cited):
        said = _("Missing: %(element)s (%(where)s).") % {"element": found.name, "where": found.where_to_fill}
        yield Trouble(said, *_place(notice, found))


def _place(notice: Notice, found: MissingElement) -> tuple[str, bool]:
    """Where the element is supplied, and whether only an administrator can."""
    if found.where_to_fill is elements.ORGANISATION:
        return reverse("admin:takedown_organisation_changelist"), True
    if found.where_to_fill is elements.OFFICER:
        return _profile(notice), True
    if found.where_to_fill is elements.TEMPLATES:
        return f"{reverse('admin:takedown_lettertemplate_changelist')}?language__exact={notice.language}", True
    if found.where_to_fill is elements.ANEW:
        return "#compose-anew", False
    if found.code == "E28":
        return "#police", False
    first = places_of(notice).first()
    return (reverse("takedown:review", args=[first.match_id]) if first else "#letter"), False


def _profile(notice: Notice) -> str:
    """The officer's row, where name and role stand; the case where there is no officer yet."""
    officer = notice.case.officer_id
    return (
        reverse("admin:cases_user_change", args=[officer]) if officer else reverse("cases:case", args=[notice.case_id])
    )


# --- law ---------------------------------------------------------------------------------------------------------
def _unfit_statutes(notice: Notice, book: Lawbook) -> list[str]:
    """A cited statute that is not verified, not in force, or was changed since the letter was written."""
    return [
        _("The statute %(code)s is not verified or was changed. Compose the letter anew.") % {"code": row["code"]}
        for row in notice.statutes
        if not _stands(book, row, timezone.localdate())
    ]


def _stands(book: Lawbook, cited: dict[str, Any], on: date) -> bool:
    row = book.statutes.get(cited["code"])
    if row is None or not row.verified or row.version != cited["version"]:
        return False
    return not ((row.valid_from and on < row.valid_from) or (row.valid_to and on > row.valid_to))


# --- the officer's words -----------------------------------------------------------------------------------------
def broken_locks(row: Notice) -> list[str]:
    composed = letters.Letter(
        reference=row.reference,
        language=row.language,
        subject=row.composed.get("subject", ""),
        paragraphs=[letters.Paragraph(**paragraph) for paragraph in row.composed.get("paragraphs", [])],
        statutes=[],
        deadline_hours=None,
    )
    violations = letters.edited_letter(composed, row.subject, "\n\n".join(p["text"] for p in row.paragraphs))
    return [_broken_lock(violation.key) for violation in violations]


def _broken_lock(key: str) -> str:
    if key == "subject":
        return _("The subject must keep the reference number.")
    return _("A locked paragraph cannot be changed: %(key)s.") % {"key": key}


def named_person(row: Notice) -> list[str]:
    """What an officer wrote must name neither the person nor the pseudonym, which stays in this house too."""
    own = [paragraph["text"] for paragraph in row.paragraphs if not paragraph["locked"]]
    try:
        named = names_any("\n".join([row.subject, row.addition, *own]), person_words(row.case))
    except vault.VaultError as error:
        return [error.sentence]
    return [_("Your words name the person or the case. Nothing about the person may leave.")] if named else []


# --- to whom, for whom -------------------------------------------------------------------------------------------
def _no_contact(notice: Notice) -> list[Trouble]:
    trouble = trouble_with(notice.contact)
    return (
        [Trouble(trouble, reverse("admin:takedown_hostingsite_change", args=[notice.site_id]), True)] if trouble else []
    )


def _no_mandate(notice: Notice) -> list[Trouble]:
    if notice.case.allows_work(timezone.now()):
        return []
    return [
        Trouble(_("The consent of this case does not allow letters now."), reverse("cases:case", args=[notice.case_id]))
    ]
