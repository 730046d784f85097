"""What each source gives: registries and networks in their own shapes, security.txt, footers in many languages, guesses."""

from __future__ import annotations

import time
from typing import Any

import pytest

from takedown.directory import placeholders, suggesting
from takedown.directory.errands import Errands
from takedown.directory.models import ContactChange, Suggestion
from takedown.directory.sources import bootstrap, footers, mailboxes, rdap, vcard
from takedown.models import HostingSite
from tests.base import Cast
from tests.takedown import registry
from tests.takedown.registry import Quarter
from tests.takedown.test_suggestions import addresses, look_up, quarter, said, site

__all__ = ["quarter", "site"]
pytestmark = pytest.mark.django_db
Source = Suggestion.Source


# --- RDAP --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answer", "expected", "why"),
    [
        (registry.THIN_REGISTRY, ["abuse@names.example"], "the abuse desk beneath the registrar"),
        (registry.FULL_RECORD, ["abuse@names.example", "complaints@names.example"], "the preferred one first"),
        (registry.JSCONTACT, ["abuse@names.example", "https://names.example/abuse"], "JSContact in place of jCard"),
        (registry.REDACTED_EVERYWHERE, [], "placeholders are no addresses"),
    ],
)
def test_a_registrys_answer_names_the_abuse_desk(
    quarter: Quarter, site: HostingSite, answer: Any, expected: list[str], why: str
) -> None:
    quarter.rdap("domain/tube.example", {**answer, "links": []})
    look_up(site)
    assert addresses(Source.RDAP_DOMAIN) == expected, why


@pytest.mark.parametrize(
    ("answer", "expected", "why"),
    [
        (registry.EUROPEAN_NETWORK, ["abuse@net.example"], "beside the others"),
        (registry.AMERICAN_NETWORK, ["abuse@net.example", "https://net.example/report"], "beneath the organisation"),
        (registry.ASIAN_NETWORK, ["irt@net.example"], "the incident team, once"),
        (registry.TECHNICIANS_ONLY, ["noc@net.example"], "technicians where nobody is there for abuse"),
    ],
)
def test_a_networks_answer_names_the_abuse_desk(
    quarter: Quarter, site: HostingSite, answer: Any, expected: list[str], why: str
) -> None:
    quarter.rdap("ip/127.0.0.1", answer)
    look_up(site)
    assert addresses(Source.RDAP_NETWORK) == expected, why


def test_the_registrar_is_asked_where_the_registry_knows_nothing(quarter: Quarter, site: HostingSite) -> None:
    quarter.rdap("domain/tube.example", registry.THINNER_REGISTRY)
    quarter.rdap("domain/tube.example", registry.FULL_RECORD, host=registry.REGISTRAR_RDAP)
    look_up(site)
    assert "abuse@names.example" in addresses(Source.RDAP_DOMAIN)


def test_placeholders_are_counted_and_named(quarter: Quarter, site: HostingSite) -> None:
    quarter.rdap("domain/tube.example", registry.REDACTED_EVERYWHERE)
    assert "6 addresses were placeholders" in said(look_up(site), Source.RDAP_DOMAIN)


def test_a_hostile_answer_is_passed_over() -> None:
    deep: dict[str, Any] = {"roles": ["abuse"]}
    for _ in range(50):
        deep = {
            "entities": [deep, 7, None],
            "roles": "abuse",
            "vcardArray": ["vcard", [["email"], 5, ["email", {}, "text", 9]]],
        }
    assert all(one.mails == () for one in vcard.entities(deep))
    wide = {"entities": [{"roles": ["abuse"]}] * 5000}
    assert len(vcard.entities(wide)) == vcard.MOST_ENTITIES
    assert vcard.entities([]) == vcard.entities({"entities": {"roles": ["abuse"]}}) == []


def test_the_lists_of_iana_name_the_server(settings: Any) -> None:
    settings.RDAP_BASE_URL = ""
    assert bootstrap.server_for_domain("tube.com") == "https://rdap.verisign.com/com/v1/"
    assert bootstrap.server_for_domain("tube.kr") == ""
    assert bootstrap.server_for_address("193.0.6.139") == "https://rdap.db.ripe.net/"
    assert bootstrap.server_for_address("2400:cb00::1") == "https://rdap.apnic.net/"
    with pytest.raises(suggesting.SourceTrouble, match=r"No RDAP server is known for \.kr"):
        rdap.of_domain("m.tube.kr", Errands())


# --- security.txt ------------------------------------------------------------------------------------------------
SIGNED = """-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

{text}- -- the team
-----BEGIN PGP SIGNATURE-----

iQIzBAEBCgAdFiEE
Contact: mailto:forged@evil.example
-----END PGP SIGNATURE-----
"""


@pytest.mark.parametrize(
    ("text", "expected", "sentence"),
    [
        (registry.security_txt("mailto:a%40b@tube.example", "https://tube.example/report", "tel:+82-2-000"), 1, "placeholder"),
        (registry.security_txt("mailto:sec@tube.example", "https://tube.example/report"), 2, ""),
        (registry.security_txt("mailto:sec@tube.example", days=-1), 0, "ended on"),
        ("Contact: mailto:sec@tube.example\n", 0, "until when"),
        (registry.security_txt("mailto:sec@tube.example", more="Expires: 2031-01-01T00:00:00Z\n"), 0, "until when"),
        ("Contact: mailto:sec@tube.example\nExpires: 2031-02-31T00:00:00Z\n", 0, "until when"),
        (registry.security_txt("mailto:s@tube.example", more="Canonical: https://other.example/security.txt\n"), 0, "elsewhere"),
        (registry.security_txt("mailto:s@tube.example", more="Canonical: https://tube.example/.well-known/security.txt\n"), 1, ""),
        (SIGNED.format(text=registry.security_txt("mailto:sec@tube.example")), 1, ""),
    ],
)  # fmt: skip
def test_a_security_txt_is_read_as_the_standard_has_it(
    quarter: Quarter, site: HostingSite, text: str, expected: int, sentence: str
) -> None:
    quarter.put("tube.example/.well-known/security.txt", text, "text/plain; charset=utf-8")
    lookup = look_up(site)
    assert len(addresses(Source.SECURITY_TXT)) == expected
    assert sentence in said(lookup, Source.SECURITY_TXT)
    assert "forged@evil.example" not in addresses(Source.SECURITY_TXT)


def test_a_signed_security_txt_says_that_nobody_checked_the_signature(quarter: Quarter, site: HostingSite) -> None:
    text = SIGNED.format(text=registry.security_txt("mailto:sec@tube.example"))
    quarter.put("tube.example/security.txt", text, "text/plain")
    look_up(site)
    assert "not checked" in Suggestion.objects.get(source=Source.SECURITY_TXT).remark


# --- pages -------------------------------------------------------------------------------------------------------
def test_the_sites_pages_give_addresses_by_what_they_are_for(quarter: Quarter, site: HostingSite) -> None:
    registry.furnish(quarter)
    look_up(site)
    kinds = dict(Suggestion.objects.filter(source=Source.PAGE).values_list("address", "kind"))
    assert kinds == {
        "abuse@tube.example": "abuse", "https://tube.example/help/abuse": "abuse", "dmca@tube.example": "copyright",
        "help@tube.example": "general", "tube@portal.example": "general",
    }  # fmt: skip
    assert "friend@mail.example" not in kinds  # a visitor's words, outside the footer
    assert not any("elsewhere.example" in address for address in quarter.asked)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("신고하기", "abuse"), ("通報フォーム", "abuse"), ("举报", "abuse"), ("檢舉", "abuse"), ("Пожаловаться", "abuse"),
        ("Báo cáo vi phạm", "abuse"), ("แจ้งลบ", "abuse"), ("Denunciar contenido", "abuse"), ("Report abuse", "abuse"),
        ("저작권 안내", "copyright"), ("DMCA", "copyright"), ("Правообладателям", "copyright"), ("ลิขสิทธิ์", "copyright"),
        ("お問い合わせ", "general"), ("聯絡我們", "general"), ("Контакты", "general"), ("Liên hệ", "general"),
        ("Kontakt", "general"), ("Nous contacter", "general"), ("Trending videos", None), ("인기 영상", None),
    ],
)  # fmt: skip
def test_footers_are_understood_in_their_language(words: str, kind: str | None) -> None:
    assert footers.kind_of(words) == kind


@pytest.mark.parametrize(
    "body",
    [
        "<div class='foot'>" * 5000 + "x" * 100_000,
        "<p>" + "<a href='mailto:a@tube.example'>신고</a>" * 5000,
        "a" * 300_000 + "@", "a@" * 150_000, "[at]" * 70_000, "<a href='/abuse'>" * 10_000,
    ],
)  # fmt: skip
def test_a_page_made_to_be_slow_is_read_in_seconds(quarter: Quarter, site: HostingSite, body: str) -> None:
    quarter.put("tube.example/", body)
    began = time.monotonic()
    look_up(site)
    assert time.monotonic() - began < 15


def test_a_security_txt_made_to_be_slow_is_read_in_seconds(quarter: Quarter, site: HostingSite) -> None:
    quarter.put("tube.example/security.txt", f"Contact: a{' ' * 400_000}x\n" + "Contact:\t" * 10_000, "text/plain")
    began = time.monotonic()
    assert "until when" in said(look_up(site), Source.SECURITY_TXT)
    assert time.monotonic() - began < 15


def test_what_strangers_write_is_kept_without_control_characters(quarter: Quarter, site: HostingSite) -> None:
    names, form = "Ab\x00use\u202e", ["contact-uri", {}, "uri", "https://names.example/\x00ask"]
    entity = {
        "roles": ["abuse"],
        "vcardArray": registry.card(names, registry.mail("abuse@names.example", pref="9" * 5000), form),
    }
    quarter.rdap("domain/tube.example", {"entities": [entity]})
    look_up(site)
    assert Suggestion.objects.get(source=Source.RDAP_DOMAIN).remark == "Abuse"


# --- placeholders ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("REDACTED FOR PRIVACY", "redacted"), ("redacted@privacy.com", "redacted"), ("Data Protected", "redacted"),
        ("Please query the RDDS service", "redacted"), ("x@withheldforprivacy.com", "proxy"), ("x@whoisguard.com", "proxy"),
        ("you@yourdomain.com", "reserved"), ("abuse@example.org", "reserved"), ("abuse@mail.example", "reserved"),
        ("abuse@host.test", "reserved"), ("noreply@tube.com", "unread"), ("do-not-reply@tube.com", "unread"),
        ("logo@2x.png", "malformed"), ("nobody", "malformed"), ("a@b", "malformed"), ("연락@tube.com", "malformed"),
        ("abuse@tube.com", ""), ("gdpr@tube.com", ""), ("legal+kr@tube.co.kr", ""),
    ],
)  # fmt: skip
def test_what_reaches_nobody_is_no_suggestion(address: str, fault: str) -> None:
    assert placeholders.fault_of("email", address, "tube.com") == fault


def test_a_demo_site_may_have_an_address_under_example() -> None:
    assert placeholders.fault_of("email", "abuse@tube.example", "tube.example") == ""
    assert placeholders.fault_of("form", "javascript:alert(1)", "tube.com") == "malformed"


def test_a_blogs_guess_is_its_providers_mailbox(cast: Cast) -> None:
    [first, *_] = mailboxes.of_site("anna.blogspot.com", "platform")
    assert (first.address, first.url) == ("abuse@blogspot.com", "")


def test_a_guess_vouches_for_nothing(quarter: Quarter, cast: Cast) -> None:
    blog = HostingSite.objects.create(domain="anna.blogspot.com", name="Anna")
    guess = Suggestion.objects.create(
        site=blog, address="abuse@else.com", kind="abuse", reaches="site", source=Source.CUSTOM
    )
    assert suggesting.take_over(guess, cast.hana).state == ContactChange.State.WAITING
