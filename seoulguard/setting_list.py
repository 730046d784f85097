"""Every setting with its meaning, in the order in which the page of settings shows them."""

from __future__ import annotations

from collections.abc import Iterator

from django import forms
from django.utils.translation import gettext_lazy as _

from seoulguard import setting_previews as show
from seoulguard.setting_entry import Entry, Group
from seoulguard.setting_fields import (
    Moments,
    NotAboveTheServers,
    OneLine,
    PlainLine,
    ReaderAddress,
    WebAddress,
    whole,
    yes_or_no,
)
from seoulguard.setting_machine import MACHINE

MEBIBYTE = 1024 * 1024
HOUR, DAY = 3600, 86_400
CHOICES_OF_OCR = [
    ("needed", _("where the page's text says too little")),
    ("always", _("on every page")),
    ("never", _("never")),
]
WATCH = Group(
    "watch",
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
            preview=show.pace,
        ),
        Entry(
            "HOST_REQUESTS_AT_ONCE", _("How many requests one host gets at the same time, at most."), whole(1, 20),
            preview=show.at_once,
        ),
        Entry(
            "USER_AGENT",
            _("How we name ourselves to sites. Some refuse names they do not know. It need not name the centre."),
            PlainLine(max_length=300),
            preview=show.name_to_sites,
        ),
        Entry(
            "MEDIA_MAX_BYTES",
            _(
                "The largest medium that is fetched and compared, in bytes. A larger one fails with this "
                "reason, and is not cleared."
            ),
            whole(MEBIBYTE, 64 * 1024 * MEBIBYTE),
            preview=show.medium_size,
        ),
        Entry(
            "MAX_ATTEMPTS", _("How often a failing step is tried before a person is asked."), whole(1, 20),
            preview=show.attempts,
        ),
    ),
)  # fmt: skip
READING = Group(
    "reading",
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
            fixed=_("A file of this machine: its path is set in var/env."),
        ),
        Entry(
            "PAGE_READER_URL",
            _(
                "A model on a server of your own that reads captured pages too (chat-completions "
                "protocol), for example http://10.0.0.5:8080/v1. It gets the blurred picture and the "
                "text. Empty: nobody is asked. With another address its key has to be entered again."
            ),
            ReaderAddress(required=False, max_length=500),
            trial="reader",
        ),
        Entry("PAGE_READER_MODEL", _("The name of the model, as that server knows it."), PlainLine(max_length=100)),
        Entry(
            "PAGE_READER_KEY",
            _("A key, if that server wants one. Stored sealed and never shown."),
            PlainLine(max_length=500, widget=forms.PasswordInput(attrs={"autocomplete": "off"})),
            secret=True,
        ),
        Entry(
            "PAGE_READER_SECONDS", _("How long a capture waits for it, at most."), whole(1, 120),
            preview=show.reader_seconds,
        ),
    ),
)  # fmt: skip
LETTERS = Group(
    "letters",
    _("Letters and checks"),
    _("When a letter leaves, and when it is looked whether what it asked for was done."),
    (
        Entry(
            "UNDO_SECONDS",
            _("How long an approved letter waits before it leaves, so that the officer can take it back."),
            whole(10, DAY),
            preview=show.undo,
        ),
        Entry(
            "SEND_ATTEMPTS",
            _("How often a letter is offered to a mail server that asks to try later."),
            whole(1, 12),
            preview=show.send_attempts,
        ),
        Entry(
            "RECHECK_SECONDS",
            _("How many seconds after sending it is checked whether the material is gone."),
            Moments(600, 90 * DAY),
            preview=show.rechecks,
        ),
        Entry(
            "WATCH_SECONDS",
            _("How many seconds after a removal it is looked for what came back."),
            Moments(HOUR, 5 * 365 * DAY),
            preview=show.watch,
        ),
        Entry(
            "REMOVED_PROBES_APART_SECONDS",
            _("How far apart two looks must lie before “removed” is said."),
            whole(DAY, 30 * DAY),
            preview=show.probes_apart,
        ),
    ),
)
DIRECTORY = Group(
    "directory",
    _("The directory of contacts"),
    _("How contacts of hosting sites are found, and when they are looked at again."),
    (
        Entry(
            "BUSY_SITE_NOTICES",
            _(
                "From so many open letters on, a site's contacts are changed by two administrators together. "
                "Here it can only be made stricter than on the server."
            ),
            NotAboveTheServers("BUSY_SITE_NOTICES"),
            preview=show.busy_sites,
        ),
        Entry(
            "CONTACT_STALE_DAYS", _("A contact confirmed longer ago than so many days is flagged."), whole(1, 3650),
            preview=show.stale_contacts,
        ),
        Entry(
            "SUGGEST_CONTACTS", _("Contacts of a site that has none are looked for without being asked."), yes_or_no(),
            preview=show.suggested,
        ),
        Entry(
            "RDAP_BASE_URL", _("Where registrations are asked for; empty uses the lists of IANA."),
            WebAddress(required=False, max_length=300),
            preview=show.registries,
            trial="rdap",
        ),
    ),
)  # fmt: skip
MAILBOX = Group(
    "mailbox",
    _("Reading replies and bounces"),
    _("Nothing is ever answered by itself. The mailbox's server is further below: it belongs to its password."),
    (
        Entry("IMAP_FOLDER", _("The folder that is read."), OneLine(max_length=200), trial="folder"),
        Entry("INBOX_SECONDS", _("How many seconds lie between two looks at it."), whole(10, DAY), preview=show.inbox_pace),
        Entry(
            "INBOX_MAX_BYTES", _("A larger message is named to the officers and not read."),
            whole(MEBIBYTE, 1024 * MEBIBYTE),
            preview=show.mail_size,
        ),
    ),
)  # fmt: skip
PEOPLE = Group(
    "people",
    _("Staff and what victims hand in"),
    _("How long a page stays open on a desk, and how much can be handed in at once."),
    (
        Entry(
            "SESSION_IDLE_SECONDS", _("After so many seconds without a click staff are signed out."), whole(300, 43_200),
            preview=show.idle,
        ),
        Entry(
            "EVIDENCE_MAX_BYTES", _("The largest file a victim can hand in, in bytes."),
            whole(MEBIBYTE, 8 * 1024 * MEBIBYTE),
            preview=show.upload_size,
        ),
        Entry(
            "EVIDENCE_MAX_FILES", _("How many files can be handed in at once."), whole(1, 100), preview=show.upload_count
        ),
    ),
)  # fmt: skip
GROUPS = (WATCH, READING, LETTERS, DIRECTORY, MAILBOX, PEOPLE, *MACHINE)


def entries() -> Iterator[Entry]:
    for group in GROUPS:
        yield from group.entries


def changeable(name: str) -> Entry | None:
    return next((entry for entry in entries() if entry.name == name and entry.field), None)
