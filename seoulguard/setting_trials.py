"""What an administrator can try on the page of settings: each trial shows in words what the setting does now."""

from __future__ import annotations

import io
from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, ImageDraw, ImageFont

from cases import asn, ocr, page_reader
from seoulguard.machine_trials import MACHINE_TRIALS
from seoulguard.mail_trials import MAIL_TRIALS
from seoulguard.trial_failed import TrialFailed

# An address of a public name server; it stands in every table of networks.
WELL_KNOWN = "8.8.8.8"
SAMPLE = "SeoulGuard 2026"
SAMPLE_PAGE = "Harbour clips\nuploaded by bluewave\n1,204 views"


def read_letters() -> str:
    """Reads a picture made here."""
    try:
        lines = ocr.read_picture(_picture(SAMPLE))
    except ocr.OcrError as error:
        raise TrialFailed(error.sentence) from error
    said = _("“%(wanted)s” was drawn, “%(read)s” was read. Languages: %(languages)s.")
    return said % {
        "wanted": SAMPLE, "read": " ".join(lines) or "–", "languages": ", ".join(ocr.installed_languages()),
    }  # fmt: skip


def network() -> str:
    if not settings.ASN_TABLE:
        return _("There is no table: captures name the address alone.")
    if trouble := asn.table_trouble():
        raise TrialFailed(_("ASN_TABLE cannot be used: %(why)s") % {"why": trouble})
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


def _picture(words: str) -> bytes:
    picture = Image.new("RGB", (900, 200), "white")
    ImageDraw.Draw(picture).text((40, 60), words, fill="black", font=ImageFont.load_default(size=64))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


TRIALS: dict[str, Callable[[], str]] = {
    "ocr": read_letters, "network": network, "reader": ask_reader, **MAIL_TRIALS, **MACHINE_TRIALS,
}  # fmt: skip
