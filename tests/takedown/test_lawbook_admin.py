"""Admin Hana keeps the lawbook: old words stay readable, counsel's day belongs to the words that were read."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from takedown import notices, preview, seeding
from takedown.jurisdictions import LANGUAGES
from takedown.models import LawbookVersion, LetterTemplate, Organisation, Statute
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db
PREVIEW, MISSING = "takedown:letters_preview", "takedown:letters_missing"


@pytest.fixture
def hana(client: Client, cast: Cast) -> Client:
    scene.lay_lawbook()
    client.force_login(cast.hana)
    return client


def save_paragraph(hana: Client, row: LetterTemplate, text: str, **more: str) -> LetterTemplate:
    told = {"language": row.language, "key": row.key, "text": text, "locked": "on", **more}
    hana.post(reverse("admin:takedown_lettertemplate_change", args=[row.pk]), told)
    row.refresh_from_db()
    return row


def save_statute(hana: Client, row: Statute, **changed: Any) -> Statute:
    told = {
        "code": row.code, "jurisdiction": row.jurisdiction, "name_local": row.name_local, "name_en": row.name_en,
        "article": row.article, "duty_key": row.duty_key, "sanction": row.sanction, "clock_start": row.clock_start,
        "clock_hours": row.clock_hours or "", "addressee_types": row.addressee_types, "elements": row.elements,
        "flag": row.flag, "valid_from": row.valid_from or "", "valid_to": row.valid_to or "", "source": row.source,
        **({"verified": "on"} if row.verified else {}), **{f"name_in_{code}": name for code, name in row.names.items()},
    }  # fmt: skip
    answer = hana.post(reverse("admin:takedown_statute_change", args=[row.pk]), {**told, **changed})
    assert answer.status_code == 302, answer.context["errors"]
    row.refresh_from_db()
    return row


def good_faith() -> LetterTemplate:
    return LetterTemplate.objects.get(language="en", key="good_faith")


# --- versions ----------------------------------------------------------------------------------------------------
def test_the_words_of_a_changed_paragraph_can_still_be_read(hana: Client) -> None:
    row = good_faith()
    old, version = row.text, row.version
    save_paragraph(hana, row, "We declare.")
    kept = LawbookVersion.objects.get(key="en good_faith")
    assert (kept.version, kept.row["text"], row.version) == (version, old, version + 1)
    page = hana.get(reverse("admin:takedown_lawbookversion_change", args=[kept.pk])).content.decode()
    assert old in page
    assert reverse("admin:takedown_lawbookversion_change", args=[kept.pk]) in page_of(hana, row)


def page_of(hana: Client, row: Any) -> str:
    return hana.get(reverse(f"admin:takedown_{row._meta.model_name}_change", args=[row.pk])).content.decode()


def test_an_old_version_names_the_letters_that_cite_it(hana: Client, cast: Cast) -> None:
    scene.make_site()
    draft = scene.make_draft(cast.case)
    save_statute(hana, Statute.objects.get(code="US-1"), sanction="Other words.")
    kept = LawbookVersion.objects.get(key="US-1")
    assert draft.reference in hana.get(reverse("admin:takedown_lawbookversion_change", args=[kept.pk])).content.decode()


def test_a_deleted_paragraph_is_kept_as_a_version(hana: Client) -> None:
    row = good_faith()
    hana.post(reverse("admin:takedown_lettertemplate_delete", args=[row.pk]), {"post": "yes"})
    assert not LetterTemplate.objects.filter(pk=row.pk).exists()
    assert LawbookVersion.objects.get(key="en good_faith").row["text"] == row.text


def test_saving_without_a_change_makes_no_version(hana: Client) -> None:
    statute, row = Statute.objects.get(code="KR-8"), good_faith()
    before = (statute.version, row.version)
    save_statute(hana, statute)
    save_paragraph(hana, row, row.text)
    assert (statute.version, row.version, LawbookVersion.objects.count()) == (*before, 0)


def test_the_next_release_replaces_only_what_nobody_edited_and_keeps_what_it_replaces(hana: Client) -> None:
    LetterTemplate.objects.filter(key="good_faith").update(version=0, text="Before.")
    edited = save_paragraph(hana, LetterTemplate.objects.get(language="en", key="accuracy"), "Our own words.")
    assert seeding.seed_lawbook() == len(LANGUAGES)
    assert LawbookVersion.objects.filter(row__text="Before.").count() == len(LANGUAGES)
    edited.refresh_from_db()
    assert edited.text == "Our own words."


def test_a_sentence_of_law_cannot_be_unlocked(hana: Client) -> None:
    row = LetterTemplate.objects.get(language="en", key="law.US-1.image")
    told = {"language": "en", "key": row.key, "text": row.text}
    page = hana.post(reverse("admin:takedown_lettertemplate_change", args=[row.pk]), told)
    row.refresh_from_db()
    assert "This paragraph must stay locked." in page.content.decode()
    assert row.locked


# --- counsel -----------------------------------------------------------------------------------------------------
def test_counsels_day_makes_no_new_version_and_falls_with_the_words(hana: Client) -> None:
    row = good_faith()
    version = row.version
    save_paragraph(hana, row, row.text, checked_by_counsel_on="2026-11-20")
    assert (row.checked_by_counsel_on, row.version) == (date(2026, 11, 20), version)
    save_paragraph(hana, row, "We declare.", checked_by_counsel_on="2026-11-20")
    assert (row.checked_by_counsel_on, row.version) == (None, version + 1)


def test_counsels_day_outlives_a_release_that_changes_only_the_number(hana: Client) -> None:
    LetterTemplate.objects.filter(key="accuracy").update(version=0, checked_by_counsel_on="2026-11-20")
    LetterTemplate.objects.filter(key="good_faith").update(version=0, checked_by_counsel_on="2026-11-20", text="x")
    seeding.seed_lawbook()
    days = {row.key: row.checked_by_counsel_on for row in LetterTemplate.objects.filter(language="en")}
    assert (days["accuracy"], days["good_faith"]) == (date(2026, 11, 20), None)


def test_several_rows_are_marked_as_checked_at_once(hana: Client) -> None:
    rows = Statute.objects.filter(jurisdiction="JP")
    told = {"action": "mark_checked", "_selected_action": [row.pk for row in rows]}
    hana.post(reverse("admin:takedown_statute_changelist"), told)
    assert not rows.filter(checked_by_counsel_on=None).exists()


# --- confirming --------------------------------------------------------------------------------------------------
def test_an_unverified_statute_is_cited_once_it_is_confirmed_and_has_its_words(hana: Client, cast: Cast) -> None:
    scene.make_site(jurisdiction="NL")
    draft = scene.make_draft(cast.case)
    row = Statute.objects.get(code="NL-1")
    for language in ("en", "ko"):
        LetterTemplate.objects.create(language=language, key="law.NL-1.filmed", text="{cite}: an offence.")
    notices.recompose(draft)
    assert "NL-1" not in {cited["code"] for cited in draft.statutes}
    save_statute(hana, row, verified="on", source="Read by counsel.")
    notices.recompose(draft)
    assert "NL-1" in {cited["code"] for cited in draft.statutes}
    assert notices.gate(draft) == []


def test_a_condition_is_ticked_at_the_centre(hana: Client, cast: Cast) -> None:
    centre = Organisation.objects.get()
    told = {"email": centre.email, "country": "KR", "name_en": "Centre", "conditions": ["uk_48h_in_force"]}
    hana.post(reverse("admin:takedown_organisation_change", args=[centre.pk]), told)
    scene.make_site(jurisdiction="UK")
    assert scene.make_draft(cast.case).deadline_hours == 48


# --- preview and matrix ------------------------------------------------------------------------------------------
def test_the_preview_shows_the_fictitious_case_in_every_language(hana: Client) -> None:
    chosen = {"jurisdiction": "KR", "addressee": "host", "content": "minor"}
    page = hana.get(reverse(PREVIEW), chosen).content.decode()
    assert [language for language in LANGUAGES if f'id="letter-{language}"' not in page] == []
    assert "SG-2026-EXAMPLE2" in page
    save_paragraph(hana, good_faith(), "We declare so.")
    assert "We declare so." in hana.get(reverse(PREVIEW), chosen).content.decode()


def test_a_preview_that_cannot_be_written_says_why(hana: Client) -> None:
    LetterTemplate.objects.filter(language="en", key="good_faith").update(text="{nobody}")
    assert "KeyError" in hana.get(reverse(PREVIEW)).content.decode()


def test_the_matrix_names_what_is_missing(hana: Client) -> None:
    LetterTemplate.objects.filter(language="ja", key="accuracy").delete()
    page = hana.get(reverse(MISSING), {"jurisdiction": "JP"})
    [japanese] = [line for line in page.context["languages"] if line.language == "ja"]
    assert japanese.missing == ["accuracy"]
    cells = [line["cells"] for line in page.context["combinations"]]
    assert {row[LANGUAGES.index("ja")] for row in cells} == {"Statement that the notice is accurate and complete"}
    assert {row[LANGUAGES.index("en")] for row in cells} == {""}
    never = {line.row.code for line in page.context["statutes"] if not line.sentences and line.row.verified}
    assert "US-1" not in never
    assert "KR-12" in never


def test_the_shipped_lawbook_has_a_sentence_in_every_language_or_in_none() -> None:
    lines = preview.statute_lines(Statute.objects.all(), LetterTemplate.objects.all())
    assert {line.row.code: line.without for line in lines if line.sentences and line.without} == {}


@pytest.mark.parametrize("name", [PREVIEW, MISSING])
def test_the_lawbooks_pages_are_closed_to_an_officer_and_to_unknown_values(hana: Client, cast: Cast, name: str) -> None:
    assert hana.get(reverse(name), {"jurisdiction": "XX"}).status_code == 404
    hana.force_login(cast.jiwoo)
    assert hana.get(reverse(name)).status_code == 403
