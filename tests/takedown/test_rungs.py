"""Which rung is due for an address, since when: the ladder of the fact sheet, without rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from takedown.lawbook import seed_agencies
from takedown.models import AddresseeType
from takedown.rungs import Standing, Trodden, desks, desks_for, due_rungs, rungs

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST_SENT = {"first": Trodden("sent", T0)}
H = timedelta(hours=1)


def due(minor: bool = False, **fields: Any) -> dict[str, timedelta]:
    """Rung → how long after the first letter it is ready."""
    standing = Standing(minor=minor, drafted_at=T0, **{"trodden": FIRST_SENT, **fields})
    return {rung.key: ready_at - T0 for rung, ready_at in due_rungs(standing)}


def test_the_reminder_waits_for_a_day_and_search_engines_for_nothing() -> None:
    assert due() == {"reminder": 24 * H, "search": 0 * H}


def test_a_clock_of_the_law_stands_in_place_of_the_day() -> None:
    assert due(statute_due_at=T0 + 48 * H)["reminder"] == 48 * H


def test_a_sites_own_hours_outrank_the_ladder() -> None:
    assert due(hours={"reminder": 72}, statute_due_at=T0 + 48 * H)["reminder"] == 72 * H


def test_after_the_reminder_the_network_and_its_cdn_have_their_turn_together() -> None:
    reminded = {**FIRST_SENT, "reminder": Trodden("sent", T0 + 30 * H)}
    assert (due(trodden=reminded)["host"], due(trodden=reminded)["cdn"]) == (78 * H, 78 * H)


def test_a_draft_nobody_sent_yet_holds_the_rungs_after_it() -> None:
    waiting = {**FIRST_SENT, "reminder": Trodden("waiting", T0 + 24 * H)}
    assert "host" not in due(trodden=waiting)


def test_a_rung_that_bounced_or_was_left_out_makes_the_next_one_ready_at_once() -> None:
    passed = {**FIRST_SENT, "reminder": Trodden("passed", T0 + 25 * H)}
    assert due(trodden=passed)["host"] == 25 * H


def test_the_regulator_comes_three_days_after_the_network() -> None:
    asked = {**FIRST_SENT, "host": Trodden("sent", T0 + 80 * H)}
    assert due(trodden=asked)["regulator"] == 152 * H


@pytest.mark.parametrize(("dedicated", "asked"), [(False, False), (True, True)])
def test_the_name_is_taken_only_from_a_site_dedicated_to_abuse(dedicated: bool, asked: bool) -> None:
    trodden = {**FIRST_SENT, "host": Trodden("sent", T0)}
    assert (due(trodden=trodden, dedicated=dedicated).get("registrar") == 168 * H) == asked


def test_material_of_a_minor_goes_to_hotline_network_and_regulator_before_anything_was_sent() -> None:
    ready = due(minor=True, trodden={"first": Trodden("waiting", T0)})
    assert ready == dict.fromkeys(("host", "cdn", "search", "regulator", "hotline"), 0 * H)


def test_a_minors_site_is_reminded_after_six_hours() -> None:
    assert due(minor=True)["reminder"] == 6 * H


def test_a_site_that_never_answers_starts_at_its_network() -> None:
    assert due(silent=True)["host"] == 0 * H


def test_an_adults_material_never_goes_to_a_hotline_for_minors() -> None:
    everything = {rung.key: Trodden("sent", T0) for rung in rungs()} | FIRST_SENT
    assert "hotline" not in due(trodden=everything)


def test_the_rungs_and_desks_are_what_the_fact_sheet_names() -> None:
    assert [rung.number for rung in rungs()] == ["2", "3", "4", "5", "6", "7", "8"]
    assert {rung.addressee for rung in rungs()} - {""} <= set(AddresseeType.values)
    assert {desk.agency for desk in desks() if desk.agency} <= {agency.key for agency in seed_agencies()}
    assert {desk.key for desk in desks() if not desk.verified} == {"roskomnadzor", "ncmec", "inhope"}


@pytest.mark.parametrize(
    ("law", "bodies"),
    [
        ("KR", ["kmcsc"]), ("US", ["kmcsc", "ftc"]), ("DE", ["kmcsc", "bnetza"]), ("NL", ["kmcsc", "dsc"]),
        ("ES", ["kmcsc", "dsc", "aepd"]), ("UK", ["kmcsc", "ofcom"]), ("TW", ["kmcsc", "siarc", "iwin"]),
        ("JP", ["kmcsc"]), ("INT", ["kmcsc"]),
    ],
)  # fmt: skip
def test_each_law_has_its_regulators(law: str, bodies: list[str]) -> None:
    assert [desk.key for desk in desks_for("regulator", law)] == bodies
