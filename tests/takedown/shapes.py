"""What the receivers publish about the requests they take, in our own words, and a checker for it.

Sources, read 2026-11: XARF 4 core, content and exposed-data schemas (xarf.org); Cloudflare's API reference (submit an abuse
report, `abuse_ncsei`); the AWS Abuse Signal API reference (CreateAbuseReport). The checker knows the words used here and
refuses a schema with any other, so that no rule is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

Shape = dict[str, Any]
KINDS: dict[str, Any] = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
KNOWN = {
    "type", "required", "properties", "closed", "items", "at_least", "at_most", "longest", "shortest", "pattern", "one_of", "is",
    "form",
}  # fmt: skip


def faults(value: Any, shape: Shape, place: str = "$") -> Iterator[str]:
    """What is wrong with it; nothing when it fits."""
    assert not set(shape) - KNOWN, f"unknown rule at {place}"
    kind = KINDS[shape["type"]]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{place}: no {shape['type']}"
        return
    if "one_of" in shape and value not in shape["one_of"]:
        yield f"{place}: {value!r} is none of those allowed"
    if "is" in shape and value != shape["is"]:
        yield f"{place}: not {shape['is']!r}"
    if isinstance(value, str):
        yield from _in_text(value, shape, place)
    if isinstance(value, dict):
        yield from _in_object(value, shape, place)
    if isinstance(value, list):
        if not shape.get("at_least", 0) <= len(value) <= shape.get("at_most", 10**6):
            yield f"{place}: {len(value)} entries"
        for number, one in enumerate(value):
            yield from faults(one, shape["items"], f"{place}[{number}]")


def _in_object(value: dict[str, Any], shape: Shape, place: str) -> Iterator[str]:
    for name in shape.get("required", ()):
        if name not in value:
            yield f"{place}: {name} is missing"
    for name, one in value.items():
        if name in shape["properties"]:
            yield from faults(one, shape["properties"][name], f"{place}.{name}")
        elif shape.get("closed"):
            yield f"{place}: {name} is unknown"


def _in_text(value: str, shape: Shape, place: str) -> Iterator[str]:
    if not shape.get("shortest", 0) <= len(value) <= shape.get("longest", 10**7):
        yield f"{place}: {len(value)} characters"
    if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
        yield f"{place}: {value[:60]!r} has another form"
    if "form" in shape and not FORMS[shape["form"]](value):
        yield f"{place}: {value[:60]!r} is no {shape['form']}"


def _is_uuid4(text: str) -> bool:
    try:
        return UUID(text).version == 4
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None
    except ValueError:
        return False


def _is_url(text: str) -> bool:
    return urlsplit(text).scheme in {"http", "https"} and bool(urlsplit(text).hostname)


def _are_urls_of_one_host(text: str) -> bool:
    urls = text.split("\n")
    return (
        len(urls) <= 250
        and len(set(urls)) == len(urls)
        and all(map(_is_url, urls))
        and len({urlsplit(url).hostname for url in urls}) == 1
    )


HOST_NAME = r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
MAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
FORMS = {"uuid": _is_uuid4, "time": _is_time, "url": _is_url, "urls": _are_urls_of_one_host}


def text(**rules: Any) -> Shape:
    return {"type": "string", **rules}


ORGANISATION: Shape = {
    "type": "object", "required": ["org", "contact", "domain"], "closed": True,
    "properties": {"org": text(longest=200, shortest=1), "contact": text(pattern=MAIL), "domain": text(pattern=HOST_NAME)},
}  # fmt: skip
EVIDENCE: Shape = {
    "type": "object", "required": ["content_type", "payload"], "closed": True,
    "properties": {
        "content_type": text(shortest=3), "description": text(longest=500), "payload": text(pattern=r"[A-Za-z0-9+/]*={0,2}"),
        "hash": text(pattern=r"(md5|sha1|sha256|sha512):[a-fA-F0-9]+"), "size": {"type": "integer"},
    },
}  # fmt: skip
XARF: Shape = {
    "type": "object",
    "required": [
        "xarf_version", "report_id", "timestamp", "reporter", "sender", "source_identifier", "category", "type", "url",
        "data_types", "exposure_method",
    ],
    "properties": {
        "xarf_version": text(pattern=r"4\.[0-9]+\.[0-9]+"), "report_id": text(form="uuid"), "timestamp": text(form="time"),
        "reporter": ORGANISATION, "sender": ORGANISATION, "source_identifier": text(shortest=1),
        "category": text(**{"is": "content"}), "type": text(**{"is": "exposed_data"}), "url": text(form="url"),
        "domain": text(pattern=HOST_NAME), "verified_at": text(form="time"), "evidence_source": text(),
        "verification_method": text(
            one_of=["manual", "automated_crawler", "user_report", "honeypot", "threat_intelligence"]
        ),
        "data_types": {"type": "array", "at_least": 1, "items": text(one_of=[
            "personal_information", "credentials", "financial", "medical", "government_id", "email_addresses",
            "phone_numbers", "api_keys", "database_dumps", "source_code", "internal_documents", "customer_data",
            "employee_data", "intellectual_property", "other",
        ])},
        "exposure_method": text(one_of=[
            "misconfigured_server", "open_directory", "database_exposure", "git_repository", "backup_file", "log_file",
            "cloud_storage", "paste_site", "forum_post", "ransomware_leak", "intentional_leak", "other",
        ]),
        "evidence": {"type": "array", "at_most": 50, "items": EVIDENCE},
        "tags": {"type": "array", "at_most": 20, "items": text(pattern=r"[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+.-]*")},
        "description": text(longest=1000),
    },
}  # fmt: skip
CLOUDFLARE: Shape = {
    "type": "object", "closed": True,
    "required": [
        "act", "email", "email2", "host_notification", "name", "ncsei_subject_representation", "owner_notification", "urls",
    ],
    "properties": {
        "act": text(**{"is": "abuse_ncsei"}), "email": text(pattern=MAIL), "email2": text(pattern=MAIL),
        "host_notification": text(one_of=["send", "send-anon"]), "name": text(shortest=1, longest=255),
        "owner_notification": text(one_of=["send", "send-anon", "none"]), "urls": text(form="urls"),
        "ncsei_subject_representation": {"type": "boolean"}, "comments": text(shortest=1, longest=2000),
        "company": text(shortest=1, longest=100), "country": text(shortest=1, longest=255), "tele": text(shortest=1, longest=20),
        "title": text(shortest=1, longest=255), "reported_country": text(longest=2), "reported_user_agent": text(longest=255),
    },
}  # fmt: skip
AWS: Shape = {
    "type": "object", "closed": True, "required": ["report"],
    "properties": {
        "clientToken": text(pattern=r"[\x21-\x7E]{1,128}"), "correlationId": text(pattern=r"[a-zA-Z0-9-_]{1,256}"),
        "report": {"type": "object", "closed": True, "required": ["xarf"], "properties": {"xarf": XARF}},
    },
}  # fmt: skip
