"""Officer Jiwoo's draft is not whole: the gate says what is missing, and the link goes where it is put right."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cases.models import User
from takedown import completeness, elements, notices, police_report
from takedown.jurisdictions import JURISDICTIONS, language_for, regimes_of
from takedown.models import Contact, LetterTemplate, Notice, Organisation, Statute
from tests.base import Cast
from tests.takedown import scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(cast: Cast) -> Notice:
    scene.lay_lawbook()
    scene.make_site(jurisdiction="KR", language="ko")
    return scene.make_draft(cast.case)


def places(draft: Notice) -> list[str]:
    draft.refresh_from_db()
    return [trouble.url for trouble in completeness.troubles(draft)]


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_a_stored_letter_that_lost_a_required_paragraph_is_stopped(cast: Cast, jurisdiction: str) -> None:
    scene.lay_lawbook()
    scene.make_site(jurisdiction=jurisdiction, language=language_for(jurisdiction))
    draft = scene.make_draft(cast.case)
    if police_report.is_asked(draft):
        police_report.answer(draft, "BKK-7/2569", cast.jiwoo, without=False)
    assert notices.gate(draft) == []
    cited = Statute.objects.filter(code__in=[row["code"] for row in draft.statutes])
    whole = list(draft.paragraphs)
    for code in elements.required(cited, regimes_of(jurisdiction)):
        element = elements._TABLE[code]
        locked = next(p["locked"] for p in whole if p["key"] == element.paragraph)
        for text in ("", "x") if locked else ("",):
            draft.paragraphs = [{**p, "text": text} if p["key"] == element.paragraph else p for p in whole]
            told = notices.gate(draft)
            assert text or any(str(element.name) in sentence for sentence in told), (code, told)
            assert told, code


def test_a_telephone_number_that_changed_since_asks_for_the_letter_anew(draft: Notice) -> None:
    Organisation.objects.update(phone="+82-2-9999-9999")
    [sentence] = notices.gate(draft)
    assert "Telephone number" in sentence
    assert "anew" in sentence
    assert places(draft) == ["#compose-anew"]
    notices.recompose(draft)
    assert notices.gate(draft) == []


def lose_name(draft: Notice) -> None:
    Organisation.objects.update(names={})


def lose_contact(draft: Notice) -> None:
    Contact.objects.update(confirmed_at=None)


def lose_paragraph(draft: Notice) -> None:
    LetterTemplate.objects.filter(key="good_faith").delete()
    notices.recompose(draft)


def lose_digest(draft: Notice) -> None:
    candidate: Any = draft.locations.get().match.candidate
    candidate.digest = ""
    candidate.save()


def lose_consent(draft: Notice) -> None:
    draft.case.consents.all().delete()


@pytest.mark.parametrize("lose", [lose_name, lose_contact, lose_paragraph, lose_digest, lose_consent])
def test_the_link_beside_what_is_missing_opens(draft: Notice, cast: Cast, lose: Any) -> None:
    lose(draft)
    draft.refresh_from_db()
    found = completeness.troubles(draft)
    assert found
    for trouble in found:
        client = signed_in(cast.hana if trouble.for_admins else cast.jiwoo)
        assert client.get(trouble.url).status_code == 200, trouble


def test_the_page_of_the_letter_links_what_an_officer_can_supply_and_names_the_administrator_for_the_rest(
    draft: Notice, cast: Cast
) -> None:
    lose_name(draft)
    lose_digest(draft)
    page = signed_in(cast.jiwoo).get(f"/desk/notices/{draft.pk}/").content.decode()
    assert f'<a href="/desk/matches/{draft.locations.get().match_id}/">' in page
    assert "/keep/takedown/organisation/" not in page
    assert "An administrator supplies it." in page


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
