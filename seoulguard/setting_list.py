"""Every setting with its meaning, in the order in which the page of settings shows them."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.utils.translation import gettext_lazy as _

from seoulguard import setting_previews as previews
from seoulguard.setting_entry import Entry, Group
from seoulguard.setting_fields import Moments, NotAboveTheServers, PlainLine, ReaderAddress, password, whole, yes_or_no

MEBIBYTE = 1024 * 1024
YEAR = 365 * 86_400
CHOICES_OF_OCR = [
    ("needed", _("where the page's text says too little")),
    ("always", _("on every page")),
    ("never", _("never")),
]
GROUPS = (
    Group(
        _("Pace of the watch"),
        _("How we behave on other people's servers. Each host can have a pace of its own under “Watched hosts”."),
        (
            Entry(
                "HOST_SECONDS_BETWEEN",
                _(
                    "Seconds from one request to a host to the next, over all workers. A longer crawl-delay "
                    "of the host counts."
                ),
                whole(1, 3600),
                preview=previews.pace,
            ),
            Entry(
                "HOST_REQUESTS_AT_ONCE", _("How many requests one host gets at the same time, at most."), whole(1, 20)
            ),
            Entry(
                "USER_AGENT",
                _("How we name ourselves to sites. Some refuse names they do not know. It need not name the centre."),
                PlainLine(max_length=300),
                preview=previews.named,
            ),
            Entry(
                "MEDIA_MAX_BYTES",
                _(
                    "The largest medium that is fetched and compared, in bytes. A larger one fails with this "
                    "reason, and is not cleared."
                ),
                whole(MEBIBYTE, 64 * 1024 * MEBIBYTE),
                preview=previews.largest_medium,
            ),
        ),
    ),
    Group(
        _("Reading captured pages"),
        _("What is read from a page that was preserved. Nothing here is used to decide whether something is a copy."),
        (
            Entry(
                "PAGE_OCR",
                _(
                    "When letters are read off the picture of a page (tesseract, Korean and English). It "
                    "takes up to six seconds a page."
                ),
                forms.ChoiceField(choices=CHOICES_OF_OCR),
                trial="ocr",
            ),
            Entry(
                "ASN_TABLE",
                _(
                    "A list of networks on this machine, in the form of iptoasn.com: whose network an address"
                    " belongs to. Nothing is asked of the net for it."
                ),
                trial="network",
            ),
            Entry(
                "PAGE_READER_URL",
                _(
                    "A model on a server of your own that reads captured pages too (chat-completions "
                    "protocol), for example http://10.0.0.5:8080/v1. It gets the blurred picture and the "
                    "text. Empty: nobody is asked."
                ),
                ReaderAddress(required=False, max_length=500),
                trial="reader",
            ),
            Entry("PAGE_READER_MODEL", _("The name of the model, as that server knows it."), PlainLine(max_length=100)),
            Entry(
                "PAGE_READER_KEY",
                _("A key, if that server wants one. Stored sealed and never shown."),
                password(),
                secret=True,
            ),
            Entry("PAGE_READER_SECONDS", _("How long a capture waits for it, at most."), whole(1, 120)),
        ),
    ),
    Group(
        _("Recognition and proof"),
        _("Set on the server (var/env), because files and keys of the machine belong to them."),
        (
            Entry(
                "RECOGNITION_MODEL",
                _("A learned image descriptor (.onnx or .pt) as a further witness; nothing depends on it."),
                trial="model",
            ),
            Entry(
                "CAGE_REQUIRED",
                _("Refuse to decode foreign media where the sandbox (bubblewrap) cannot work."),
                trial="decoder",
            ),
            Entry("CHROMIUM_PATH", _("Which browser captures pages; empty finds it by itself."), trial="browser"),
            Entry(
                "TIMESTAMP_AUTHORITIES", _("Who confirms from outside when proof was made (RFC 3161)."), trial="stamps"
            ),
            Entry("SIGNING_KEY_FILE", _("The key that signs evidence bundles.")),
        ),
    ),
    Group(
        _("Letters and checks"),
        _("Servers, senders and keys are named on the server (var/env): whoever changes them could read every letter."),
        (
            Entry(
                "UNDO_SECONDS",
                _("How long an approved letter waits before it leaves, so that the officer can take it back."),
                field=whole(0, 3600),
                preview=previews.undo,
            ),
            Entry(
                "RECHECK_SECONDS",
                _("How many seconds after sending it is checked whether the material is gone."),
                field=Moments(60, YEAR),
                preview=previews.rechecks,
            ),
            Entry(
                "WATCH_SECONDS",
                _("How many seconds after a removal it is looked for what came back."),
                field=Moments(3600, 5 * YEAR),
                preview=previews.watch,
            ),
            Entry(
                "REMOVED_PROBES_APART_SECONDS",
                _("How far apart two looks must lie before “removed” is said."),
                field=whole(3600, 30 * 86_400),
                preview=previews.apart,
            ),
            Entry(
                "BUSY_SITE_NOTICES",
                _("From so many open letters on, a site's contacts are changed by two administrators together."),
                field=NotAboveTheServers("BUSY_SITE_NOTICES"),
            ),
            Entry(
                "CONTACT_STALE_DAYS",
                _("A contact confirmed longer ago than so many days is flagged."),
                field=whole(1, 3650),
                preview=previews.stale,
            ),
            Entry(
                "RDAP_BASE_URL",
                _("Where registrations are asked for; empty uses the lists of IANA."),
                trial="registrations",
            ),
            Entry(
                "SUGGEST_CONTACTS",
                _("Contacts of a site that has none are looked for without being asked."),
                field=yes_or_no(),
            ),
            Entry("EMAIL_HOST", _("The mail server that sends the letters."), trial="mail"),
            Entry("EMAIL_PORT", _("Its port.")),
            Entry("EMAIL_HOST_USER", _("The account there.")),
            Entry("EMAIL_HOST_PASSWORD", _("Its password."), secret=True),
            Entry("EMAIL_USE_TLS", _("Whether the line to it is encrypted.")),
            Entry("DEFAULT_FROM_EMAIL", _("The sender's address."), preview=previews.sender),
            Entry(
                "SEND_ATTEMPTS",
                _("How often a letter is offered to a mail server that asks to try later."),
                field=whole(1, 20),
            ),
            Entry(
                "DKIM_KEY_FILE", _("An RSA key that signs letters; empty where the mail server signs."), trial="dkim"
            ),
            Entry("DKIM_SELECTOR", _("The name under which its public half stands in the DNS.")),
        ),
    ),
    Group(
        _("Replies and bounces"),
        _("The mailbox is named on the server (var/env). Nothing is ever answered by itself."),
        (
            Entry("IMAP_HOST", _("The mailbox's server; empty reads nothing."), trial="mailbox"),
            Entry("IMAP_PORT", _("Its port.")),
            Entry("IMAP_SECURITY", _("How the line to it is encrypted: ssl, starttls or none.")),
            Entry("IMAP_USER", _("The account there.")),
            Entry("IMAP_PASSWORD", _("Its password."), secret=True),
            Entry("IMAP_FOLDER", _("The folder that is read.")),
            Entry("IMAP_CA_FILE", _("Who vouches for a server of your own; empty uses the system's list.")),
            Entry("INBOX_SECONDS", _("How often it is looked at.")),
            Entry(
                "INBOX_MAX_BYTES",
                _("A larger message is named to the officers and not read."),
                field=whole(MEBIBYTE, 1024 * MEBIBYTE),
                preview=previews.largest_mail,
            ),
            Entry("REPLY_ADDRESS", _("Where answers go; each letter gets an address of its own below it.")),
            Entry("REPLY_SEPARATOR", _("What stands between the name and a letter's own mark in that address.")),
        ),
    ),
    Group(
        _("The installation"),
        _("What has no field here is set on the server (var/env) and counts after a restart."),
        (
            Entry("SEOULGUARD_HOME", _("Where everything of this installation lies."), trial="files"),
            Entry("EVIDENCE_ROOT", _("Where sealed evidence lies.")),
            Entry("VAULT_KEY_FILE", _("The key that opens the vault. Keep a copy of it elsewhere.")),
            Entry("STATIC_ROOT", _("Where the pages' own files lie.")),
            Entry(
                "SITE_URL",
                _("The address under which victims and staff reach these pages."),
                preview=previews.status_link,
            ),
            Entry("ALLOWED_HOSTS", _("The names these pages answer to.")),
            Entry("CSRF_TRUSTED_ORIGINS", _("Further addresses whose forms are accepted.")),
            Entry("HTTPS", _("Whether the pages are served over an encrypted line only.")),
            Entry("BEHIND_PROXY", _("Whether a proxy in front of the server says if the line is encrypted.")),
            Entry(
                "SESSION_IDLE_SECONDS",
                _("After so many seconds without a click staff are signed out."),
                field=whole(120, 86_400),
                preview=previews.signed_out,
            ),
            Entry("LANGUAGE_CODE", _("The language of pages and of jobs where nobody chose one.")),
            Entry(
                "EVIDENCE_MAX_BYTES",
                _("The largest file a victim can hand in, in bytes."),
                field=whole(MEBIBYTE, 64 * 1024 * MEBIBYTE),
                preview=previews.largest_file,
            ),
            Entry("EVIDENCE_MAX_FILES", _("How many files can be handed in at once."), field=whole(1, 100)),
            Entry("DATABASE_URL", _("The database; empty is the built-in one."), secret=True, trial="database"),
            Entry(
                "REDIS_URL", _("The queue server; the built-in one where nothing is set."), secret=True, trial="queue"
            ),
            Entry("LEASE_SECONDS", _("How long a worker may hold a step before another takes it over.")),
            Entry("SWEEP_SECONDS", _("How often what is due is looked for.")),
            Entry("MAX_ATTEMPTS", _("How often a failing step is tried before a person is asked.")),
            Entry("SECRET_KEY", _("Signs sessions and forms."), secret=True),
            Entry("DEBUG", _("For developers only; never at a centre.")),
            Entry("DEMO_HOSTS", _("For the demo only: made-up names for this machine.")),
            Entry("DEMO_LOOPBACK_HOSTS", _("For the demo only: which of them may be this machine.")),
        ),
    ),
)


def entries() -> Iterator[Entry]:
    for group in GROUPS:
        yield from group.entries


def changeable(name: str) -> Entry | None:
    return next((entry for entry in entries() if entry.name == name and entry.field), None)
