"""What an administrator can try on the page of settings: each trial shows in words what the setting does now."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable

from django.conf import settings
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from cases import asn, ocr, page_reader, stamps
from cases.addresses import FetchError
from cases.browser import CaptureError, try_browser
from detection.engine import MediaError, cage_state, fingerprint_media, learned
from seoulguard import doctor
from takedown import dkim_signature
from takedown.delivery import DeliveryError, Email
from takedown.directory.errands import Errands, SourceTrouble
from takedown.directory.sources import rdap
from takedown.drafting import NoticeError
from takedown.inbox import fetching

# An address of a public name server; it stands in every table of networks.
WELL_KNOWN = "8.8.8.8"
WELL_KNOWN_NAME = "example.org"
SAMPLE = "SeoulGuard 2026"
SAMPLE_PAGE = "Harbour clips\nuploaded by bluewave\n1,204 views"


def read_letters() -> str:
    """Reads a picture made here."""
    try:
        lines = ocr.read_picture(_picture(SAMPLE))
    except ocr.OcrError as error:
        return error.sentence
    said = _("“%(wanted)s” was drawn, “%(read)s” was read. Languages: %(languages)s.")
    return said % {
        "wanted": SAMPLE, "read": " ".join(lines) or "–", "languages": ", ".join(ocr.installed_languages()),
    }  # fmt: skip


def network() -> str:
    if not settings.ASN_TABLE:
        return _("There is no table: captures name the address alone.")
    if trouble := asn.table_trouble():
        return _("ASN_TABLE cannot be used: %(why)s") % {"why": trouble}
    found = asn.network_of(WELL_KNOWN)
    if not found:
        return _("The table can be read, but %(address)s is not in it.") % {"address": WELL_KNOWN}
    said = _("%(address)s belongs to network %(number)d, %(name)s (%(country)s).")
    return said % {"address": WELL_KNOWN, **found}


def ask_reader() -> str:
    """Asks the reader about a page made here; no victim's page is used for it."""
    if not page_reader.is_on():
        return _("No reader is named: pages are read by rules alone.")
    reading = page_reader.read_page(_picture(SAMPLE), SAMPLE_PAGE)
    parts = [str(page_reader.OUTCOMES[reading.outcome]), _("%(seconds)s seconds.") % {"seconds": reading.seconds}]
    facts = ", ".join(f"{fact.name}: {fact.value}" for fact in reading.facts)
    return " ".join(filter(None, [*parts, reading.summary, facts]))


def mail_server() -> str:
    """As far as a letter goes, but without one."""
    try:
        Email().try_it()
    except DeliveryError as error:
        return " ".join(filter(None, [error.sentence, error.answer]))
    return _("%(host)s took our sign-in and would accept letters. None was sent.") % {"host": settings.EMAIL_HOST}


def mailbox() -> str:
    if not settings.IMAP_HOST:
        return _("No mailbox is named: replies and bounces are not read.")
    try:
        with fetching.opened_mailbox():
            pass
    except fetching.InboxError as error:
        return error.sentence
    return _("The folder “%(name)s” can be read.") % {"name": settings.IMAP_FOLDER}


def signature() -> str:
    """The record is public by nature: it is what the centre's DNS must say."""
    if not settings.DKIM_KEY_FILE:
        return _("No key is named: letters leave unsigned, or the mail server signs them.")
    try:
        name, record = dkim_signature.tried()
    except NoticeError as error:
        return str(error)
    return _("A letter was signed and checked. In the DNS, %(name)s must say: %(record)s") % {
        "name": name,
        "record": record,
    }


def time_stamps() -> str:
    """Each authority stamps a few random bytes."""
    said = [_stamped(address) for address, _file in settings.TIMESTAMP_AUTHORITIES]
    return " ".join(said) or _("No authority is named: nobody outside confirms when proof was made.")


def _stamped(address: str) -> str:
    try:
        made_at = stamps.tried(address)
    except (FetchError, stamps.StampError) as error:
        return f"{address}: {error}"
    return f"{address}: {localize(localtime(made_at))}."


def browser() -> str:
    try:
        return _("%(version)s showed a page and took a picture of it.") % {"version": try_browser()}
    except CaptureError as error:
        return error.sentence


def decoder() -> str:
    """Decodes a picture made here, in the cage."""
    try:
        fingerprint_media(_picture(SAMPLE), dense=True)
    except MediaError as error:
        return error.sentence
    return _("A picture was decoded. The cage: %(state)s.") % {"state": cage_state()}


def model() -> str:
    if not settings.RECOGNITION_MODEL:
        return _("No model is named: files are compared without one.")
    try:
        loaded = learned.load(settings.RECOGNITION_MODEL)
    except learned.ModelError as error:
        return error.sentence
    return _("The model was loaded and tried on a picture: %(name)s.") % {"name": loaded.model if loaded else "–"}


def registrations() -> str:
    """Asks for a name that IANA keeps for examples."""
    try:
        found = rdap.of_domain(WELL_KNOWN_NAME, Errands(requests=2, seconds=15))
    except (FetchError, SourceTrouble) as error:
        return error.sentence
    said = _("The registry knows %(name)s. Addresses for abuse: %(count)d.")
    return said % {"name": WELL_KNOWN_NAME, "count": len(found)}


def files() -> str:
    """Whether what lies on the disk is ours to write, and the key to read."""
    folders = [path for path in (settings.HOME, settings.EVIDENCE_ROOT) if path == settings.HOME or path.exists()]
    barred = [str(path) for path in folders if not os.access(path, os.W_OK)]
    if not os.access(settings.VAULT_KEY_FILE, os.R_OK):
        barred.append(str(settings.VAULT_KEY_FILE))
    if barred:
        return _("Missing, or not ours to use: %(names)s.") % {"names": ", ".join(barred)}
    free = shutil.disk_usage(settings.HOME).free // 1024**3
    return _("Everything is there. %(count)d GiB are free.") % {"count": free}


def database() -> str:
    return _told(doctor.database())


def queue() -> str:
    return _told(doctor.queue())


def _told(found: doctor.Finding) -> str:
    return f"{found.part}: {found.remedy or found.version}"


def _picture(words: str) -> bytes:
    picture = Image.new("RGB", (900, 200), "white")
    ImageDraw.Draw(picture).text((40, 60), words, fill="black", font=ImageFont.load_default(size=64))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


TRIALS: dict[str, Callable[[], str]] = {
    "ocr": read_letters, "network": network, "reader": ask_reader, "mail": mail_server, "mailbox": mailbox,
    "dkim": signature, "stamps": time_stamps, "browser": browser, "decoder": decoder, "model": model,
    "registrations": registrations, "files": files,
    "database": database, "queue": queue,
}  # fmt: skip
