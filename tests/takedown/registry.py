"""Registries, networks and a hosting site on loopback: real servers, the answers in the shapes that real ones give.

The shapes follow RFC 9083 as the registries of .com, of a European, an American and an Asian network write them; every
name and address in them is made up.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

RDAP = "rdap.example"
REGISTRAR_RDAP = "rdap.names.example"
SITE = "tube.example"
Answer = tuple[int, str, bytes]


class Quarter:
    """What each "host/path" answers, and what was asked for; anything else is 404. https and http give the same."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []

    def put(
        self, address: str, body: str | bytes, media_type: str = "text/html; charset=utf-8", status: int = 200
    ) -> None:
        self.answers[address] = (status, media_type, body.encode() if isinstance(body, str) else body)

    def rdap(self, path: str, answer: Any, status: int = 200, host: str = RDAP) -> None:
        self.put(f"{host}/{path}", json.dumps(answer), "application/rdap+json", status)

    def reply(self, request: BaseHTTPRequestHandler) -> None:
        address = request.headers["Host"].partition(":")[0] + request.path
        self.asked.append(address)
        status, media_type, body = self.answers.get(address, (404, "text/plain", b"nothing here"))
        request.send_response(status)
        request.send_header("Content-Type", media_type)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@contextmanager
def opened(settings: Any, monkeypatch: Any, folder: Path, *more_hosts: str) -> Iterator[Quarter]:
    """The quarter under its names, for the length of the block; suggestions ask its RDAP server."""
    from cases import web

    quarter = Quarter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            quarter.reply(self)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    names = (SITE, RDAP, REGISTRAR_RDAP, *more_hosts)
    certificate = _certificate(folder, names)
    plain, safe = (ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    safe.socket = context.wrap_socket(safe.socket, server_side=True)
    for server in (plain, safe):
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    settings.DEMO_HOSTS = {f"{name}:80": f"127.0.0.1:{plain.server_port}" for name in names} | {
        f"{name}:443": f"127.0.0.1:{safe.server_port}" for name in names
    }
    settings.RDAP_BASE_URL = f"https://{RDAP}"
    monkeypatch.setattr(web, "CA_BUNDLE", str(certificate))
    try:
        yield quarter
    finally:
        for server in (plain, safe):
            server.shutdown()
            server.server_close()


def _certificate(folder: Path, names: tuple[str, ...]) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    me = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    certificate = (
        x509.CertificateBuilder(me, me, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "quarter.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return file


# --- shapes ------------------------------------------------------------------------------------------------------
def card(name: str, *lines: list[Any]) -> list[Any]:
    return ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", name], *lines]]


def mail(address: str, **parameters: str) -> list[Any]:
    return ["email", parameters, "text", address]


ADDRESS = ["adr", {}, "text", ["", "", "1 Main Street", "Town", "", "", "XX"]]
QUERY = "Please query the RDDS service of the Registrar of Record"
PHONE = ["tel", {"type": "voice"}, "uri", "tel:+1.5555550100"]

# A thin registry: the registrar with its abuse desk beneath it, and where the registrar's own record is.
THIN_REGISTRY = {
    "objectClassName": "domain", "handle": "2336799_DOMAIN_COM-VRSN", "ldhName": "TUBE.EXAMPLE",
    "rdapConformance": ["rdap_level_0", "icann_rdap_technical_implementation_guide_1"],
    "status": ["client transfer prohibited"],
    "links": [
        {"value": "self", "rel": "self", "href": f"https://{RDAP}/domain/tube.example", "type": "application/rdap+json"},
        {"rel": "related", "href": f"https://{REGISTRAR_RDAP}/domain/tube.example", "type": "application/rdap+json"},
    ],
    "entities": [
        {
            "objectClassName": "entity", "handle": "999", "roles": ["registrar"],
            "publicIds": [{"type": "IANA Registrar ID", "identifier": "999"}],
            "vcardArray": card("Names Inc."),
            "entities": [
                {
                    "objectClassName": "entity", "roles": ["abuse"],
                    "vcardArray": card("", ["tel", {"type": "voice"}, "uri", "tel:+1.5555550100"], mail("abuse@names.example")),
                }
            ],
        }
    ],
    "events": [{"eventAction": "registration", "eventDate": "2019-08-14T07:03:01Z"}],
    "nameservers": [{"objectClassName": "nameserver", "ldhName": "NS1.NET.EXAMPLE"}],
}  # fmt: skip

# The same registry where it knows nothing of the abuse desk.
THINNER_REGISTRY = {
    **THIN_REGISTRY,
    "entities": [{"objectClassName": "entity", "roles": ["registrar"], "handle": "999"}],
}

# A registrar's full record: the registrant is redacted, privacy proxies stand in between, the abuse desk is real.
FULL_RECORD = {
    "objectClassName": "domain", "ldhName": "tube.example",
    "redacted": [{"name": {"type": "Registrant Email"}, "method": "replacementValue", "reason": {"description": "privacy"}}],
    "entities": [
        {
            "objectClassName": "entity", "roles": ["registrant"],
            "vcardArray": card(
                "REDACTED FOR PRIVACY", ADDRESS, mail("9f1c2@whoisguard.example"),
                ["contact-uri", {}, "uri", "https://tieredaccess.com/contact/9f1c2"],
            ),
        },
        {"roles": ["technical"], "vcardArray": card("Redacted", mail(QUERY))},
        {
            "objectClassName": "entity", "roles": ["registrar"],
            "vcardArray": card("Names Inc.", mail("billing@names.example")),
            "entities": [
                {
                    "objectClassName": "entity", "roles": ["abuse", "technical"],
                    "vcardArray": card(
                        "Abuse", mail("complaints@names.example", pref="2"), mail("abuse@names.example", pref="1")
                    ),
                }
            ],
        },
    ],
}  # fmt: skip

REDACTED_EVERYWHERE = {
    "objectClassName": "domain",
    "entities": [
        {"roles": ["abuse"], "vcardArray": card("x", mail("REDACTED FOR PRIVACY"))},
        {"roles": ["abuse"], "vcardArray": card("x", mail(QUERY))},
        {"roles": ["abuse"], "vcardArray": card("x", mail("abuse@example.com"))},
        {"roles": ["abuse"], "vcardArray": card("x", mail("id-4711@contactprivacy.com"))},
        {"roles": ["abuse"], "vcardArray": card("x", mail("no-reply@names.example"))},
        {"roles": ["abuse"], "vcardArray": card("x", mail(""))},
        {"roles": ["abuse"], "vcardArray": card("x", ["contact-uri", {}, "uri", "https://www.domainsbyproxy.com/ask"])},
    ],
}  # fmt: skip

# A European network: the abuse desk beside the others, its own address typed.
EUROPEAN_NETWORK = {
    "objectClassName": "ip network", "handle": "203.0.113.0 - 203.0.113.255", "name": "NET-EXAMPLE", "country": "NL",
    "startAddress": "203.0.113.0", "endAddress": "203.0.113.255", "type": "ASSIGNED PA",
    "entities": [
        {
            "objectClassName": "entity", "handle": "ADM1-RIPE", "roles": ["administrative"],
            "vcardArray": card("A Person", ADDRESS, mail("person@net.example")),
        },
        {
            "objectClassName": "entity", "handle": "AB1-RIPE", "roles": ["abuse"],
            "vcardArray": card("Abuse", ["kind", {}, "text", "group"], mail("abuse@net.example", type="abuse")),
        },
    ],
}  # fmt: skip

# An American network: the abuse desk beneath the organisation, with a form beside the address.
AMERICAN_NETWORK = {
    "objectClassName": "ip network", "handle": "NET-203-0-113-0-1", "cidr0_cidrs": [{"v4prefix": "203.0.113.0", "length": 24}],
    "entities": [
        {
            "objectClassName": "entity", "handle": "NETEX", "roles": ["registrant"], "vcardArray": card("Net Example LLC", ADDRESS),
            "entities": [
                {
                    "handle": "ABUSE1-ARIN", "roles": ["abuse"],
                    "vcardArray": card(
                        "Abuse", ["org", {}, "text", "Abuse"], mail("abuse@net.example"),
                        ["contact-uri", {}, "uri", "https://net.example/report"], PHONE,
                    ),
                },
                {"handle": "TECH1-ARIN", "roles": ["technical", "noc"], "vcardArray": card("NOC", mail("noc@net.example"))},
            ],
        }
    ],
}  # fmt: skip

# An Asian network whose incident team is the abuse desk, and one that names technicians only.
ASIAN_NETWORK = {
    "objectClassName": "ip network", "country": "KR",
    "entities": [
        {
            "objectClassName": "entity", "handle": "IRT-NET-KR", "roles": ["abuse"],
            "vcardArray": card("IRT-NET-KR", mail("irt@net.example", pref="1"), mail("irt@net.example")),
            "remarks": [{"title": "remarks", "description": ["irt@net.example was validated at 2026-09-01"]}],
        }
    ],
}  # fmt: skip
TECHNICIANS_ONLY = {
    "objectClassName": "ip network",
    "entities": [
        {"roles": ["administrative"], "vcardArray": card("A Person", mail("person@net.example"))},
        {"roles": ["technical"], "vcardArray": card("NOC", mail("noc@net.example"))},
    ],
}
JSCONTACT = {
    "objectClassName": "domain",
    "entities": [
        {
            "roles": ["abuse"],
            "jscard": {
                "@type": "Card", "emails": {"e": {"address": "abuse@names.example"}},
                "links": {"c": {"kind": "contact", "uri": "https://names.example/abuse"}, "l": {"uri": "https://names.example/"}},
            },
        }
    ],
}  # fmt: skip

HOME = """<!doctype html><html lang="ko"><head><title>Tube</title></head><body>
<main><a href="/watch/1">영상</a> someone said: write to friend@mail.example</main>
<footer><a href="/help/abuse">신고하기 · 삭제 요청</a> <a href="/dmca">DMCA</a> <a href="/about">About</a>
<a href="https://elsewhere.example/contact">Contact us</a>
<a href="mailto:%E2%98%85">star</a><a href="mailto:help@tube.example?subject=x">문의</a>
logo@2x.png tube@portal.example</footer></body></html>"""
ABUSE_PAGE = """<title>신고</title><h1>불법촬영물 신고</h1><p>메일: abuse [at] tube [dot] example</p>
<form><textarea name="text"></textarea></form>"""
# "dmca@tube.example" as Cloudflare hides it.
DMCA_PAGE = (
    """<title>DMCA</title><p>Agent: <a class="__cf_email__" data-cfemail="{code}">[email&#160;protected]</a></p>"""
)


def covered(address: str, key: int = 0x5A) -> str:
    return bytes([key, *(byte ^ key for byte in address.encode())]).hex()


def furnish(quarter: Quarter, site: str = SITE) -> None:
    """A site with a footer in Korean, a security.txt, and a registrar and a network that answer."""
    quarter.put(f"{site}/", HOME)
    quarter.put(f"{site}/help/abuse", ABUSE_PAGE)
    quarter.put(f"{site}/dmca", DMCA_PAGE.format(code=covered(f"dmca@{site}")))
    quarter.put(
        f"{site}/.well-known/security.txt", security_txt(f"mailto:security@{site}"), "text/plain; charset=utf-8"
    )
    quarter.rdap(f"domain/{site}", THIN_REGISTRY)
    quarter.rdap("ip/127.0.0.1", EUROPEAN_NETWORK)


def security_txt(*contacts: str, days: float = 100, more: str = "") -> str:
    end = (datetime.now(UTC) + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "# Security\n" + "".join(f"Contact: {one}\n" for one in contacts) + f"Expires: {end}\n{more}"
