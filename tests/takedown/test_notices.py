"""From a captured match to exactly the message an officer approved."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

import pytest
from django.utils import timezone

from cases import vault
from cases.custody import verify_chain
from detection.models import Match
from takedown import notices, police_report
from takedown.drafting import ADDRESSES_PER_NOTICE
from takedown.jurisdictions import JURISDICTIONS, LANGUAGES
from takedown.message import digest_of
from takedown.models import Contact, HostingSite, LetterTemplate, Location, Notice, Organisation, Statute
from tests.base import Cast, make_case
from tests.takedown import scene

pytestmark = pytest.mark.django_db
S = Notice.Status


@pytest.fixture(autouse=True)
def lawbook(db: None) -> None:
    scene.lay_lawbook()


@pytest.fixture
def draft(cast: Cast) -> Notice:
    scene.make_site()
    return scene.make_draft(cast.case)


def now() -> Any:
    return timezone.now()


# --- drafting ----------------------------------------------------------------------------------------------------
def test_a_captured_match_becomes_a_draft_with_its_addresses(cast: Cast) -> None:
    scene.make_site()
    match = scene.make_match(cast.case)
    [notice] = notices.draft_due(now())
    text = "\n".join(row["text"] for row in notice.paragraphs)
    assert (notice.status, notice.contact.address) == (S.DRAFT, "abuse@tube.example")
    assert match.candidate.page_url in text
    assert match.candidate.media_url in text
    assert "00:00:01–00:00:12" in text
    assert notice.reference in notice.subject


def test_drafting_twice_makes_one_draft(cast: Cast) -> None:
    scene.make_site()
    scene.make_match(cast.case)
    notices.draft_due(now())
    assert notices.draft_due(now()) == []
    assert Notice.objects.count() == Location.objects.count() == 1


def test_one_notice_per_host_lists_all_its_addresses(cast: Cast) -> None:
    scene.make_site()
    scene.make_site("other.example")
    for host in ("tube.example", "www.tube.example", "cdn.tube.example", "other.example"):
        scene.make_match(cast.case, host=host)
    notices.draft_due(now())
    assert sorted(notice.locations.count() for notice in Notice.objects.all()) == [1, 3]


def test_a_second_copy_joins_the_open_draft(draft: Notice, cast: Cast) -> None:
    second = scene.make_match(cast.case)
    notices.draft_due(now())
    draft.refresh_from_db()
    assert draft.locations.count() == 2
    assert second.candidate.page_url in "\n".join(row["text"] for row in draft.paragraphs)


def test_jiwoos_own_words_survive_when_an_address_joins(draft: Notice, cast: Cast) -> None:
    notices.edit(
        draft, f"Urgent: {draft.reference}", {"damage": "Every hour counts."}, "Mirrors too, please.", cast.jiwoo
    )
    scene.make_match(cast.case)
    notices.draft_due(now())
    draft.refresh_from_db()
    texts = {row["key"]: row["text"] for row in draft.paragraphs}
    assert (draft.subject, texts["damage"]) == (f"Urgent: {draft.reference}", "Every hour counts.")
    assert texts["free_text"].endswith("Mirrors too, please.")


def test_cases_are_not_mixed_in_one_letter(cast: Cast) -> None:
    scene.make_site()
    for case in (cast.case, make_case("A-2", cast.jiwoo)):
        scene.make_match(case)
    assert len({notice.case_id for notice in notices.draft_due(now())}) == 2


def test_a_full_notice_is_followed_by_another(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ADDRESSES_PER_NOTICE == 250
    monkeypatch.setattr("takedown.drafting.ADDRESSES_PER_NOTICE", 2)
    scene.make_site()
    for _copy in range(5):
        scene.make_match(cast.case)
    notices.draft_due(now())
    assert sorted(notice.locations.count() for notice in Notice.objects.all()) == [1, 2, 2]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": Match.Status.DISMISSED}, "an officer dismissed it"),
        ({"status": Match.Status.FOUND}, "nothing is preserved yet"),
        ({"verdict": Match.Verdict.REVIEW}, "an officer has to look first"),
    ],
)
def test_what_is_not_surely_the_material_is_not_drafted(cast: Cast, fields: dict[str, str], why: str) -> None:
    scene.make_match(cast.case, **fields)
    assert notices.draft_due(now()) == [], why


def test_what_an_officer_accepted_is_drafted(cast: Cast) -> None:
    scene.make_match(cast.case, verdict=Match.Verdict.REVIEW, accepted_at=now())
    assert len(notices.draft_due(now())) == 1


def test_without_a_consent_that_holds_nothing_is_drafted(cast: Cast) -> None:
    cast.case.consents.update(withdrawn_at=now())
    scene.make_match(cast.case)
    assert notices.draft_due(now()) == []


def test_an_unknown_host_becomes_a_site_without_a_contact_and_the_gate_says_so(cast: Cast) -> None:
    scene.make_match(cast.case, host="www.video.example.jp")
    [notice] = notices.draft_due(now())
    assert (notice.site.domain, notice.site.jurisdiction, notice.language) == ("example.jp", "JP", "ja")
    assert any("no contact" in sentence for sentence in notices.gate(notice))


def test_a_contact_added_later_reaches_the_waiting_draft(cast: Cast) -> None:
    notice = scene.make_draft(cast.case, host="late.example")
    Contact.objects.create(site=notice.site, address="abuse@late.example", confirmed_at=now())
    notices.draft_due(now())
    notice.refresh_from_db()
    assert notice.contact.address == "abuse@late.example"


def test_a_site_is_known_by_its_other_domains(cast: Cast) -> None:
    site = scene.make_site(aliases=["tube-mirror.example"])
    assert notices.site_for_url("https://m.tube-mirror.example/x") == site
    assert HostingSite.objects.count() == 1


def test_a_re_upload_follows_the_notice_that_was_sent_before(cast: Cast) -> None:
    scene.make_site()
    first = scene.make_sent(cast.case, at=now() - timedelta(days=3))
    scene.make_match(cast.case, host="tube.example")
    [again] = notices.draft_due(now())
    assert again.follows == first
    assert first.reference in next(row["text"] for row in again.paragraphs if row["key"] == "follows")


def test_a_copy_found_before_the_first_letter_left_is_no_re_upload(cast: Cast) -> None:
    scene.make_site()
    scene.make_sent(cast.case)
    scene.make_match(cast.case, host="other.example", found_at=now() - timedelta(hours=1))
    [notice] = notices.draft_due(now())
    assert notice.follows is None


def test_other_evidence_of_the_same_case_is_no_re_upload(cast: Cast) -> None:
    scene.make_site()
    scene.make_sent(cast.case, at=now() - timedelta(days=3))
    scene.make_match(cast.case, evidence=scene.make_evidence(cast.case))
    [notice] = notices.draft_due(now())
    assert notice.follows is None


def test_a_letter_that_cannot_be_composed_is_visible_and_holds_up_no_other(cast: Cast) -> None:
    scene.make_site("ru.example", language="ru")
    scene.make_site()
    LetterTemplate.objects.filter(language="ru", key="good_faith").update(text="{unknown}")
    broken = scene.make_match(cast.case, host="ru.example")
    scene.make_match(cast.case)
    [notice] = notices.draft_due(now())
    broken.refresh_from_db()
    assert notice.site.domain == "tube.example"
    assert "could not be composed" in broken.reason
    assert not Location.objects.filter(match=broken).exists()


def test_the_clock_of_a_draft_counts_each_stage(draft: Notice) -> None:
    stages = notices.stage_seconds(draft)
    assert stages["total"] == pytest.approx(9, abs=3)
    assert (stages["examine"], stages["capture"]) == (pytest.approx(4, abs=0.1), pytest.approx(5, abs=0.1))


# --- editing -----------------------------------------------------------------------------------------------------
def test_a_sentence_of_law_cannot_be_changed(draft: Notice, cast: Cast) -> None:
    with pytest.raises(notices.NoticeError, match="locked"):
        notices.edit(draft, draft.subject, {"good_faith": "We guess."}, "", cast.jiwoo)


def test_the_subject_keeps_its_reference(draft: Notice, cast: Cast) -> None:
    with pytest.raises(notices.NoticeError, match="reference"):
        notices.edit(draft, "Please remove", {}, "", cast.jiwoo)


def test_a_browser_changes_line_ends_and_nothing_is_wrong(draft: Notice, cast: Cast) -> None:
    locked = {row["key"]: row["text"].replace("\n", "\r\n") for row in draft.paragraphs if row["locked"]}
    notices.edit(draft, draft.subject, locked, "one\r\ntwo", cast.jiwoo)
    assert draft.addition == "one\ntwo"


def test_an_addition_that_is_emptied_leaves_the_letter(draft: Notice, cast: Cast) -> None:
    notices.edit(draft, draft.subject, {}, "Please hurry.", cast.jiwoo)
    notices.edit(draft, draft.subject, {}, "", cast.jiwoo)
    assert "free_text" not in {row["key"] for row in draft.paragraphs}


@pytest.mark.parametrize("words", ["This is about 푸른돌 A-1.", "김하늘 asks for it", "write to haneul@mail.example"])
def test_words_that_name_the_person_are_refused(draft: Notice, cast: Cast, words: str) -> None:
    person = cast.case.person
    person.name_sealed = vault.seal_text(cast.case, "name", "김하늘")
    person.contact_sealed = vault.seal_text(cast.case, "contact", "haneul@mail.example")
    person.save()
    with pytest.raises(notices.NoticeError, match="name the person"):
        notices.edit(draft, draft.subject, {}, words, cast.jiwoo)


def test_a_title_that_names_the_person_is_not_repeated_to_the_host(cast: Cast) -> None:
    cast.case.person.name_sealed = vault.seal_text(cast.case, "name", "김하늘")
    cast.case.person.save()
    scene.make_site()
    match = scene.make_match(cast.case)
    match.candidate.title = "김하늘의 영상"
    match.candidate.save()
    [notice] = notices.draft_due(now())
    text = "\n".join(row["text"] for row in notice.paragraphs)
    assert "김하늘" not in text
    assert "Uploader as shown: someone" in text


def test_a_short_latin_name_inside_another_word_is_no_name(draft: Notice, cast: Cast) -> None:
    cast.case.person.name_sealed = vault.seal_text(cast.case, "name", "Li")
    cast.case.person.save()
    notices.edit(draft, draft.subject, {}, "Please remove the listed pages.", cast.jiwoo)
    with pytest.raises(notices.NoticeError, match="name the person"):
        notices.edit(draft, draft.subject, {}, "Ms. Li asks for it.", cast.jiwoo)


def test_another_language_writes_the_letter_anew(draft: Notice, cast: Cast) -> None:
    notices.recompose(draft, language="ko", actor=f"officer:{cast.jiwoo.pk}")
    assert draft.language == "ko"
    assert "삭제" in draft.subject
    assert [row["key"] for row in draft.korean["paragraphs"]] == [row["key"] for row in draft.paragraphs]


# --- the gate ----------------------------------------------------------------------------------------------------
def test_a_complete_draft_passes_the_gate(draft: Notice) -> None:
    assert notices.gate(draft) == []


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
@pytest.mark.parametrize("content", ["filmed", "synthetic", "minor"])
def test_a_complete_draft_passes_the_gate_wherever_the_host_is(cast: Cast, jurisdiction: str, content: str) -> None:
    cast.case.content, cast.case.minor = ("filmed", True) if content == "minor" else (content, False)
    cast.case.save()
    scene.make_site(jurisdiction=jurisdiction)
    draft = scene.make_draft(cast.case)
    if police_report.is_asked(draft):
        police_report.answer(draft, "BKK-7/2569", cast.jiwoo, without=False)
    assert notices.gate(draft) == []


def test_a_host_reads_its_own_clock_where_nobody_set_another(cast: Cast) -> None:
    scene.make_site(jurisdiction="JP", language="ja")
    text = {row["key"]: row["text"] for row in scene.make_draft(cast.case).paragraphs}["locations"]
    assert "日本標準時" in text


def test_a_thai_complaint_waits_for_the_police_report_or_leaves_its_statute_out(cast: Cast) -> None:
    scene.make_site(jurisdiction="TH")
    draft = scene.make_draft(cast.case)
    assert [sentence for sentence in notices.gate(draft) if "police report" in sentence]
    police_report.answer(draft, "", cast.jiwoo, without=True)
    assert notices.gate(draft) == []
    assert "TH-1" not in {row["code"] for row in draft.statutes}
    assert police_report.is_asked(draft), "the officer can still decide otherwise"


def test_a_police_reference_that_names_the_person_is_refused(cast: Cast) -> None:
    scene.make_site(jurisdiction="TH")
    draft = scene.make_draft(cast.case)
    with pytest.raises(notices.NoticeError, match="name the person"):
        police_report.answer(draft, cast.case.alias, cast.jiwoo, without=False)


def break_organisation(draft: Notice) -> None:
    Organisation.objects.update(email="")


def break_contact(draft: Notice) -> None:
    Contact.objects.update(confirmed_at=None)


def break_bounce(draft: Notice) -> None:
    Contact.objects.update(state=Contact.State.BOUNCED, failure="550 unknown")


def break_statute(draft: Notice) -> None:
    Statute.objects.filter(code=draft.statutes[0]["code"]).update(verified=False)


def break_version(draft: Notice) -> None:
    Statute.objects.filter(code=draft.statutes[0]["code"]).update(version=9)


def break_consent(draft: Notice) -> None:
    draft.case.consents.update(expires_at=now() - timedelta(days=1))


def break_paragraph(draft: Notice) -> None:
    draft.paragraphs = [row for row in draft.paragraphs if row["key"] != "accuracy"]
    draft.save()


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        (break_organisation, "E-mail address for replies"),
        (break_contact, "not been confirmed"),
        (break_bounce, "550 unknown"),
        (break_statute, "not verified"),
        (break_version, "was changed"),
        (break_consent, "consent"),
        (break_paragraph, "accurate and complete"),
    ],
)
def test_the_gate_names_what_is_missing_and_approval_is_refused(
    draft: Notice, cast: Cast, harm: Any, named: str
) -> None:
    harm(draft)
    draft.refresh_from_db()
    with pytest.raises(notices.NoticeError, match=named):
        notices.approve(draft, cast.jiwoo)
    draft.refresh_from_db()
    assert draft.status == S.DRAFT


# --- approval ----------------------------------------------------------------------------------------------------
def test_the_approval_keeps_the_exact_message_and_its_digest(draft: Notice, cast: Cast) -> None:
    notices.approve(draft, cast.jiwoo)
    assert (draft.status, draft.approved_by) == (S.APPROVED, cast.jiwoo)
    assert draft.approved_digest == digest_of(bytes(draft.message))
    assert draft.send_after == draft.approved_at + timedelta(seconds=60)
    assert notices.preview(draft) == bytes(draft.message)


def test_the_approval_stands_in_the_chain_of_custody_with_the_digest(draft: Notice, cast: Cast) -> None:
    notices.approve(draft, cast.jiwoo)
    entry = cast.case.custody.last()
    assert (entry.act, entry.actor, entry.detail["message"]) == (
        "approved",
        f"officer:{cast.jiwoo.pk}",
        draft.approved_digest,
    )
    assert verify_chain(cast.case) == []


def test_minho_cannot_approve_a_letter_of_jiwoos_case(draft: Notice, cast: Cast) -> None:
    with pytest.raises(notices.NoticeError, match="officer of this case"):
        notices.approve(draft, cast.minho)


def test_a_text_that_changed_under_jiwoos_eyes_is_not_approved(draft: Notice, cast: Cast) -> None:
    seen = notices.text_digest(draft)
    scene.make_match(cast.case)
    notices.draft_due(now())
    with pytest.raises(notices.NoticeError, match="read it again"):
        notices.approve(draft, cast.jiwoo, seen=seen)


def test_an_approved_letter_is_not_changed_by_a_new_copy(draft: Notice, cast: Cast) -> None:
    notices.approve(draft, cast.jiwoo)
    scene.make_match(cast.case)
    [second] = notices.draft_due(now())
    assert second != draft
    with pytest.raises(notices.NoticeError):
        notices.edit(draft, draft.subject, {}, "more", cast.jiwoo)


def test_approving_twice_is_refused(draft: Notice, cast: Cast) -> None:
    notices.approve(draft, cast.jiwoo)
    with pytest.raises(notices.NoticeError, match="Only a draft"):
        notices.approve(draft, cast.jiwoo)


def test_a_failed_letter_composed_anew_goes_to_the_next_contact(draft: Notice, cast: Cast) -> None:
    spare = Contact.objects.create(site=draft.site, address="legal@tube.example", rank=2, confirmed_at=now())
    Contact.objects.filter(pk=draft.contact_id).update(state=Contact.State.BOUNCED)
    Notice.objects.update(status=S.FAILED)
    notices.recompose(draft, actor=f"officer:{cast.jiwoo.pk}")
    assert (draft.status, draft.contact) == (S.DRAFT, spare)


# --- the message -------------------------------------------------------------------------------------------------
def test_the_message_comes_from_the_centre_and_names_nobody_else(draft: Notice, cast: Cast) -> None:
    mail = message_from_bytes(notices.preview(draft), policy=SMTP)
    assert mail["From"].addresses[0].addr_spec == "removal@centre.example"
    assert mail["From"].addresses[0].display_name == Organisation.objects.get().names["en"]
    assert (mail["To"], mail["Reply-To"]) == ("abuse@tube.example", "reply@centre.example")
    assert mail["Message-ID"].startswith(f"<{draft.reference}.")
    assert cast.case.alias not in str(mail)
    assert not mail.is_multipart()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_arrives_as_it_was_read_in_every_script(draft: Notice, language: str) -> None:
    notices.recompose(draft, language=language)
    assert notices.gate(draft) == []
    raw = notices.preview(draft)
    mail = message_from_bytes(raw, policy=SMTP)
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert mail["Subject"] == draft.subject
    assert mail["Content-Language"] == language
    assert mail.get_content().replace("\r\n", "\n").strip() == "\n\n".join(
        row["text"].strip() for row in draft.paragraphs
    )


def test_a_subject_cannot_smuggle_a_header_in(draft: Notice, cast: Cast) -> None:
    notices.edit(draft, f"{draft.reference}\r\nBcc: spy@evil.example", {}, "", cast.jiwoo)
    mail = message_from_bytes(notices.preview(draft), policy=SMTP)
    assert mail["Bcc"] is None


def test_a_re_upload_joins_the_thread_of_the_same_contact_only(cast: Cast) -> None:
    scene.make_site()
    scene.make_site("other.example")
    first = scene.make_sent(cast.case, at=now() - timedelta(days=3))
    Notice.objects.update(message_id="<first@centre.example>")
    for host in ("tube.example", "other.example"):
        scene.make_match(cast.case, host=host)
    notices.draft_due(now())
    threads = {
        notice.site.domain: message_from_bytes(notices.preview(notice), policy=SMTP)["In-Reply-To"]
        for notice in Notice.objects.exclude(pk=first.pk)
    }
    assert threads == {"tube.example": "<first@centre.example>", "other.example": None}
