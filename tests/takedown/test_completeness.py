"""The completeness gate: whatever a letter needs is taken away in turn, wherever the host is, and is named every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from takedown import elements, letters
from takedown.fictitious import Combination, request_to
from takedown.jurisdictions import JURISDICTIONS, language_for, regimes_of
from takedown.lawbook import VARIANTS, Lawbook, seed_lawbook
from takedown.letters import ADDRESSEES, LetterRequest, compose
from tests.takedown.letter_parts import ALL_FLAGS, PLACE, a_request, with_centre, with_place, without_paragraphs

Change = Callable[[LetterRequest], LetterRequest]


def _centre(**changed: Any) -> Change:
    return lambda request: with_centre(request, **changed)


def _place(**changed: Any) -> Change:
    return lambda request: with_place(request, **changed)


def _fields(**changed: Any) -> Change:
    return lambda request: replace(request, **changed)


def _officer(**changed: Any) -> Change:
    return lambda request: replace(request, officer=replace(request.officer, **changed))


# How the fact behind an element gets lost: each way must be named.
LOST_FACTS: dict[str, list[Change]] = {
    "E1": [_centre(name={}), _centre(name={"ko": " "})],
    "E2": [_centre(legal_representative="")],
    "E3": [_officer(name=""), _officer(role={})],
    "E4": [_centre(address=" ")],
    "E5": [_centre(phone="")],
    "E6": [_centre(email="")],
    "E7": [_centre(mandate="")],
    "E8": [_fields(locations=()), _place(page_url=""), _place(media_url="")],
    "E9": [_place(page_url="", title="", uploader="")],
    "E10": [_place(first_seen_at=None)],
    "E11": [_place(title="", uploader="", digest=None, time_codes=())],
    "E16": [_place(digest=None)],
    "E23": [_centre(email=""), _fields(reference="")],
    "E24": [_officer(name=""), _officer(role="")],
    "E28": [_fields(police_reference="")],
}
# The paragraphs that carry an element: one of them deleted, and the element is gone.
LOST_PARAGRAPHS: dict[str, tuple[str, ...]] = {
    "E1": ("who_we_are",), "E2": ("signature",), "E3": ("signature",), "E4": ("signature",), "E5": ("signature",),
    "E6": ("signature",), "E7": ("who_we_are",), "E8": ("locations",), "E9": ("locations",), "E10": ("locations",),
    "E11": ("identification",), "E12": ("what",), "E13": ("what",), "E14": ("non_consent",),
    "E15": ("law.intro", "law.none"), "E16": ("identification",), "E17": ("good_faith",), "E18": ("accuracy",),
    "E20": ("damage",), "E21": ("action.common",), "E22": ("deadline",), "E23": ("action.intro",),
    "E24": ("signature",), "E25": ("form.closing",), "E26": ("form.closing",), "E28": ("law.intro",),
}  # fmt: skip


def codes(request: LetterRequest, book: Lawbook | None = None) -> set[str]:
    return {element.code for element in letters.missing_elements(request, book)}


def needed_by(request: LetterRequest) -> list[str]:
    rows = seed_lawbook().statutes
    cited = [rows[statute.code] for statute in compose(request).statutes]
    return elements.required(cited, regimes_of(request.jurisdiction))


def conditions_in(jurisdiction: str) -> list[frozenset[str]]:
    """Nothing confirmed, and everything, where that makes another letter."""
    flagged = any(row.flag and row.jurisdiction == jurisdiction for row in seed_lawbook().statutes.values())
    return [frozenset(), ALL_FLAGS] if flagged else [frozenset()]


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_each_required_element_is_missed_and_named_wherever_the_host_is(jurisdiction: str) -> None:
    """Every element, every way to lose it, every addressee and kind of content, with and without what may be confirmed."""
    removed = 0
    for addressee in ADDRESSEES:
        for content in VARIANTS:
            kind = Combination(jurisdiction, addressee, content, language_for(jurisdiction))
            for flags in conditions_in(jurisdiction):
                request = request_to(kind, flags=flags)
                assert codes(request) == set(), kind
                for code in needed_by(request):
                    removed += _assert_named(request, code)
    assert removed > 350


def _assert_named(request: LetterRequest, code: str) -> int:
    """Take this element away in every way there is; returns how many those were."""
    told = (request.jurisdiction, request.addressee_type, request.content_type, code)
    changes = [change for change in LOST_FACTS.get(code, []) if not _is_waived(request, code, change)]
    for change in changes:
        assert (*told, code in codes(change(request))) == (*told, True)
    assert (*told, code in codes(request, _without(*LOST_PARAGRAPHS[code]))) == (*told, True)
    return len(changes) + 1


def _is_waived(request: LetterRequest, code: str, change: Change) -> bool:
    if code == "E16":
        return request.content_type == "identifying"
    pages_only = request.content_type == "identifying" or request.addressee_type in ("registrar", "search")
    return code == "E8" and pages_only and change is LOST_FACTS["E8"][2]


@cache
def _without(*prefixes: str) -> Lawbook:
    return without_paragraphs(*prefixes)


def test_every_element_the_legal_facts_name_is_lost_in_this_test() -> None:
    rows = seed_lawbook().statutes.values()
    named = {*elements.ALWAYS, "E22", *(code for row in rows for code in row.elements)} - {"E19", "E27"}
    assert named == set(LOST_PARAGRAPHS) == set(elements._TABLE)


def test_a_clock_our_letter_starts_must_be_said() -> None:
    request = a_request(jurisdiction="UK", flags=ALL_FLAGS)
    assert codes(request, without_paragraphs("deadline.UK-2")) == {"E22"}
    assert codes(replace(request, flags=frozenset()), without_paragraphs("deadline.UK-2")) == set()


def test_one_bad_address_among_good_ones_is_enough_to_stop_the_letter() -> None:
    request = a_request(locations=(PLACE, replace(PLACE, media_url="")))
    assert codes(request) == {"E8"}


def test_a_missing_element_says_where_the_officer_can_supply_it() -> None:
    [element] = letters.missing_elements(with_centre(a_request(), mandate=""))
    assert (str(element.name), str(element.where_to_fill)) == (
        "Legal mandate of the organisation in this language",
        "Settings: organisation",
    )
    assert compose(with_centre(a_request(), mandate="")).missing == [str(element.name)]


def test_only_the_thai_complaint_waits_for_a_police_reference() -> None:
    without = a_request(police_reference="")
    waiting = {j for j in JURISDICTIONS if codes(replace(without, jurisdiction=j))}
    assert waiting == {"TH"}
    assert codes(replace(without, jurisdiction="TH")) == {"E28"}


def test_identifying_text_and_search_engines_need_no_media_file() -> None:
    page_only = with_place(a_request(), media_url="", digest=None)
    assert codes(page_only) == {"E8"}
    assert codes(replace(page_only, content_type="identifying")) == set()
    assert codes(replace(page_only, addressee_type="search")) == set()
