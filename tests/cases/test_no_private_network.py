"""No address found outside leads into this machine or its network: not through the door, not through the browser.

The trials run in a network of their own, where every address in the world is this machine and every connection that
is not to one of three hosting sites is counted (`walled_world`). Nothing is allowed there that a centre would not allow.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.cases import walled_world
from tests.cases.test_web import HOSTILE, PUBLIC_LOOKING

Told = dict[str, dict[str, Any]]
GUARDED = [
    "corpus_through_the_door", "fragment_that_looks_like_a_host", "public_looking_through_the_door",
    "redirects_through_the_door", "corpus_behind_redirects", "rebinding_through_the_door", "streams_through_the_door",
    "rebinding_streams", "hostile_page_in_the_browser", "corpus_in_the_browser", "tricks_in_the_browser",
    "corpus_as_pages", "pages_that_lead_away", "corpus_through_the_proxy", "public_looking_through_the_proxy",
]  # fmt: skip
REFUSED = {"refused_address", "bad_url"}


@pytest.fixture(scope="module")
def told() -> Told:
    """What every trial saw, and what it reached."""
    if reason := walled_world.why_not():
        pytest.skip(f"{reason} (tests/cases/test_web.py and test_browser.py still watch 127.0.0.1)")
    done = subprocess.run(
        walled_world.command(), cwd=walled_world.ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


# --- that the canaries sing --------------------------------------------------------------------------------------
def test_every_canary_counts_a_plain_connection(told: Told) -> None:
    hits = told["canaries_without_a_guard"]["hits"]
    wanted = {"127.0.0.1:80", "127.0.0.1:6379", "169.254.169.254:80", "10.0.0.1:80", "192.168.0.1:80"}
    assert wanted <= hits.keys()


def test_on_a_machine_with_ipv6_those_canaries_count_too(told: Told) -> None:
    if not walled_world.has_ipv6():
        pytest.skip("this machine has no IPv6")
    assert {"[::1]:80", "[fd00::1]:80"} <= {_shown(one) for one in told["canaries_without_a_guard"]["hits"]}


def test_the_hostile_page_is_hostile_where_nobody_stops_it(told: Told) -> None:
    hits = told["browser_without_a_guard"]["hits"]
    assert {"127.0.0.1:80", "127.0.0.1:6379", "169.254.169.254:80", "udp:53"} <= hits.keys()
    assert sum(hits.values()) > 60


def test_the_hostile_page_tries_webrtc_where_nobody_stops_it(told: Told) -> None:
    if "out0" not in told["interfaces"]["seen"]:
        pytest.skip(
            "this kernel gives the network no second interface, and with loopback alone no browser tries WebRTC"
        )
    assert told["browser_without_a_guard"]["hits"]["udp:3478"] > 0


# --- that none sings behind the guard ----------------------------------------------------------------------------
@pytest.mark.parametrize("trial", GUARDED)
def test_behind_the_guard_nothing_private_is_reached(told: Told, trial: str) -> None:
    assert told[trial]["hits"] == {}


def test_no_trial_is_left_out(told: Told) -> None:
    assert told.keys() == {*GUARDED, "interfaces", "canaries_without_a_guard", "browser_without_a_guard"}


@pytest.mark.parametrize("trial", ["corpus_through_the_door", "corpus_as_pages"])
def test_the_whole_corpus_is_refused_with_a_reason(told: Told, trial: str) -> None:
    seen = told[trial]["seen"]
    assert seen.keys() == set(HOSTILE)
    assert set(seen.values()) <= REFUSED


def test_a_redirect_into_the_network_is_refused_whatever_its_status(told: Told) -> None:
    trial = told["redirects_through_the_door"]
    assert len(trial["seen"]) >= 5 * 2 * 10
    assert set(trial["seen"].values()) == {"refused_address"}
    assert sum(trial["asked"].values()) >= len(trial["seen"])


def test_the_corpus_as_a_redirect_is_refused_or_stays_on_the_site(told: Told) -> None:
    passed = {url for url, code in told["corpus_behind_redirects"]["seen"].items() if code not in REFUSED}
    # Without a host of their own, as browsers and RFC 3986 read them, these two name a page of the same site.
    assert passed == {"http:///127.0.0.1/", "http:/127.0.0.1/"}


def test_a_name_that_moves_to_this_machine_is_refused_from_then_on(told: Told) -> None:
    assert told["rebinding_through_the_door"]["seen"] == {
        "first": "passed",
        "second": "refused_address",
        "redirect to itself": "refused_address",
        "both at once": "refused_address",
    }


def test_the_pieces_of_a_stream_are_refused_and_its_own_pieces_are_not(told: Told) -> None:
    trial = told["streams_through_the_door"]
    assert "passed" not in trial["seen"].values()
    assert trial["asked"]["good.example/0.ts"] > 20


def test_a_stream_whose_name_moves_is_refused(told: Told) -> None:
    assert set(told["rebinding_streams"]["seen"].values()) == {"refused_address"}


# --- the browser -------------------------------------------------------------------------------------------------
def test_the_hostile_page_is_captured_and_its_scripts_had_their_say(told: Told) -> None:
    trial = told["hostile_page_in_the_browser"]
    assert (trial["seen"]["title"], trial["seen"]["final_url"]) == ("Bait", "http://bait.example/")
    assert {"127.0.0.1", "169.254.169.254"} <= set(trial["seen"]["refused"])
    assert {"bait.example/list.m3u8", "bait.example/list.mpd"} <= trial["asked"].keys()


def test_the_browser_wanted_the_corpus_and_was_refused(told: Told) -> None:
    refused = set(told["corpus_in_the_browser"]["seen"]["refused"])
    assert {"127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "localtest.me", "foo.localhost"} <= refused


def test_a_page_whose_name_moves_while_it_is_open_gets_nothing_from_this_machine(told: Told) -> None:
    trial = told["tricks_in_the_browser"]
    assert {"rebinding.example", "mixed.example", "inside.example"} <= set(trial["seen"]["refused"])
    assert trial["asked"]["rebinding.example/"] == 1


def test_a_listing_that_sends_the_browser_here_is_refused(told: Told) -> None:
    assert told["pages_that_lead_away"]["seen"] == {"redirect": "refused_address"}


def test_the_proxy_opens_no_tunnel_for_any_address_of_the_corpus(told: Told) -> None:
    answers = told["corpus_through_the_proxy"]["seen"]
    assert len(answers) > 140
    assert {answer.split()[1] for answer in answers.values()} <= {"204", "400", "403"}


# --- and that nothing innocent is refused ------------------------------------------------------------------------
@pytest.mark.parametrize("trial", ["public_looking_through_the_door", "public_looking_through_the_proxy"])
def test_twenty_public_looking_addresses_pass(told: Told, trial: str) -> None:
    assert told[trial]["seen"] == dict.fromkeys(PUBLIC_LOOKING, "passed")


def test_the_public_looking_ones_were_really_connected_to(told: Told) -> None:
    plain = [url for url in PUBLIC_LOOKING if url.startswith("http://")]
    assert sum(told["public_looking_through_the_door"]["asked"].values()) == len(plain)


def test_a_fragment_that_looks_like_a_host_leads_to_the_named_host_only(told: Told) -> None:
    assert told["fragment_that_looks_like_a_host"]["seen"] == "good"


def _shown(hit: str) -> str:
    address, _colon, port = hit.rpartition(":")
    return f"[{address}]:{port}" if ":" in address else hit
