"""Everything a letter may know: the host, the addresses, the centre, the officer. Nothing of the person is among it."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from django.utils import timezone

from cases.models import Role, User
from cases.vault import VaultError
from takedown import letters
from takedown.anonymity import names_any, telling_words
from takedown.jurisdictions import time_zone_for
from takedown.ladder_models import places_of, step_of
from takedown.models import HostingSite, Location, Notice, Organisation

TITLES = {
    Role.OFFICER: {
        "ko": "삭제지원관", "en": "Support officer", "zh-Hans": "删除支援专员", "zh-Hant": "刪除支援專員",
        "ja": "削除支援担当者", "ru": "специалист по поддержке в удалении", "vi": "Cán bộ hỗ trợ xóa nội dung",
        "th": "เจ้าหน้าที่ช่วยเหลือการลบ", "es": "Responsable de apoyo a la retirada",
        "id": "Petugas Pendampingan Penghapusan", "de": "Fachkraft für Löschungsunterstützung",
        "fr": "Chargé(e) de l’appui au retrait de contenus",
    },
    Role.LEAD: {
        "ko": "삭제지원팀장", "en": "Head of removal support", "zh-Hans": "删除支援组长", "zh-Hant": "刪除支援組長",
        "ja": "削除支援チーム長", "ru": "руководитель группы поддержки в удалении",
        "vi": "Trưởng nhóm hỗ trợ xóa nội dung", "th": "หัวหน้าทีมช่วยเหลือการลบ", "es": "Jefatura de apoyo a la retirada",
        "id": "Kepala Tim Pendampingan Penghapusan", "de": "Leitung der Löschungsunterstützung",
        "fr": "Responsable de l’appui au retrait de contenus",
    },
}  # fmt: skip


def request_for(notice: Notice) -> letters.LetterRequest:
    """Everything a letter may know. Nothing of the person is among it."""
    site, earlier, centre, step = notice.site, notice.follows, organisation(), step_of(notice)
    return letters.LetterRequest(
        reference=notice.reference,
        language=notice.language,
        jurisdiction=step.jurisdiction if step else site.jurisdiction,
        addressee_type=step.addressee if step else site.addressee_type,
        content_type=notice.case.content_kind,
        site_name=addressee_name(notice),
        locations=_places(notice),
        organisation=sender_of(centre),
        officer=_signatory(notice.case.officer),
        composed_at=timezone.now(),
        time_zone=_zone_of(site),
        follows_reference=earlier.reference if earlier else "",
        follows_sent_at=earlier.sent_at if earlier else None,
        follows_as=("reminder" if step.rung == "reminder" else "escalated") if step else "",
        police_reference=notice.police_reference,
        free_text=notice.addition,
        flags=frozenset(centre.conditions),
    )


def addressee_name(notice: Notice) -> str:
    """The addressee's name. A network known only by the desk it published is called by the domain of that address."""
    step = step_of(notice)
    if step is None or step.addressee == notice.site.addressee_type:
        return notice.site.name
    mail = notice.contact.address.rpartition("@")[2] if notice.contact and "@" in notice.contact.address else ""
    return mail or notice.site.name


def _zone_of(site: HostingSite) -> str:
    """The host's clock; a site on which nobody set one keeps the clock of its jurisdiction."""
    known = site.time_zone in _zones() and site.time_zone != "UTC"
    return site.time_zone if known else time_zone_for(site.jurisdiction)


@cache
def _zones() -> set[str]:
    """Reading the list of zones takes longer than composing a letter."""
    return available_timezones()


def _places(notice: Notice) -> list[letters.Location]:
    """Titles and uploader names are strangers' words: those that name the person are left out."""
    try:
        words = telling_words(notice.case)
    except VaultError:
        words = None  # nothing can be compared, so no stranger's word is repeated
    locations = places_of(notice).select_related("match__candidate").order_by("pk")
    return [_place(location, words) for location in locations]


def _harmless(text: str, words: list[str] | None) -> str:
    return "" if words is None or names_any(text, words) else text


def _place(location: Location, words: list[str] | None) -> letters.Location:
    match, candidate = location.match, location.match.candidate
    spans = [(part["candidate_start"], part["candidate_end"]) for part in match.segments]
    return letters.Location(
        page_url=location.page_url,
        media_url=location.media_url,
        first_seen_at=candidate.found_at,
        title=_harmless(candidate.title, words),
        uploader=_harmless(candidate.uploader, words),
        digest=candidate.digest or None,
        time_codes=[(start, end) for start, end in spans if end > start],
    )


def organisation() -> Organisation:
    """The centre's row; an empty one when nobody has filled it in (the gate names what is missing)."""
    return Organisation.objects.first() or Organisation()


def sender_of(row: Organisation) -> letters.Organisation:
    return letters.Organisation(
        name=row.names, mandate=row.mandates,
        legal_representative=_with_korean(row.legal_representative, row.legal_representative_ko),
        address=_with_korean(row.address, row.address_ko), phone=row.phone, email=row.email, country=row.country,
    )  # fmt: skip


def _with_korean(text: str, korean: str) -> dict[str, str]:
    """Korean letters write names and addresses in Korean; where nobody gave that, as everywhere."""
    return {"en": text, "ko": korean or text}


def _signatory(officer: User | None) -> letters.Signatory:
    if officer is None:
        return letters.Signatory()
    role = Role.LEAD if officer.has_role(Role.LEAD) else Role.OFFICER
    return letters.Signatory(name=officer.shown_name, role=TITLES[role])
