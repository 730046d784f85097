"""What looks like an address and reaches nobody: redactions, privacy proxies, names reserved for examples."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email

LONGEST_MAIL = 254
LONGEST_URL = 300
# Said in place of an address by registries and registrars (RDAP, whois), in lower case.
REDACTED = (
    "redacted", "please query", "query the rdds", "rdds service", "data protected", "not disclosed", "gdpr masked",
    "gdpr redacted", "withheld for", "withheld by", "statutory masking", "non-public", "not available from registry", "select contact",
    "request email form", "privacy service", "hidden upon",
)  # fmt: skip
# Who stands between the public and a registrant: mail to them is thrown away or answered by a machine.
PROXIES = (
    "whoisguard", "domainsbyproxy", "contactprivacy", "withheldforprivacy", "privacyprotect", "privacyguardian",
    "whoisprivacy", "whoisprotect", "privacyprotection", "identity-protect", "contact-privacy", "anonymize.com",
    "proxy-privacy", "domain-contact.org", "whoisproxy", "perfectprivacy", "domainprivacy", "tieredaccess",
    "onamae-privacy", "whoissecure", "njal.la", "privatewhois", "whois-privacy", "protectservice",
)  # fmt: skip
# RFC 2606 and RFC 6761: names that belong to nobody.
RESERVED = ("example.com", "example.net", "example.org", "invalid", "test", "localhost", "local", "example")
MADE_UP = re.compile(
    r"(you|your|user|username|name|email|mail|someone|john\.?doe)@(domain|yourdomain|yoursite|site|email|company)\."
)
NOBODY_READS = re.compile(r"(no-?_?reply|do-?_?not-?_?reply|noreply|bounces?|mailer-daemon)\b", re.IGNORECASE)
FILE_NAME = re.compile(r"\.(png|jpe?g|gif|svg|webp|avif|css|js|mp4|ico)\Z", re.IGNORECASE)


def fault_of(channel: str, address: str, site_domain: str) -> str:
    """Why this reaches nobody, as a stable word; empty when it may be suggested.

    Words: "redacted", "proxy", "reserved", "unread", "malformed".
    """
    lower = address.lower()
    if any(word in lower for word in REDACTED):
        return "redacted"
    if any(word in lower.replace("_", "-") for word in PROXIES):
        return "proxy"
    if not _well_formed(channel, address):
        return "malformed"
    if MADE_UP.match(lower) or _is_reserved(_domain(channel, lower), site_domain):
        return "reserved"
    return "unread" if channel == "email" and NOBODY_READS.match(lower) else ""


def _well_formed(channel: str, address: str) -> bool:
    if not (address.isascii() and address.isprintable()):
        return False
    try:
        if channel == "email":
            validate_email(address)
            return len(address) <= LONGEST_MAIL and not FILE_NAME.search(address)
        URLValidator(schemes=["https", "http"])(address)
    except ValidationError:
        return False
    return len(address) <= LONGEST_URL


def _domain(channel: str, address: str) -> str:
    if channel == "email":
        return address.rpartition("@")[2]
    return address.partition("://")[2].partition("/")[0].partition(":")[0]


def _is_reserved(domain: str, site_domain: str) -> bool:
    """A site that itself lives under `.example` (demo, tests) may have addresses there."""
    names = [name for name in RESERVED if not f".{site_domain}".endswith(f".{name}")]
    return any(f".{domain}".endswith(f".{name}") for name in names)
