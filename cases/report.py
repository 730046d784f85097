"""The capture report an officer can hand to police or a court: an A4 PDF of what was preserved, and how to check it.

Fed with plain values, so that it can be written without a database. Contains no media: only the picture of the page
in which every media area is hidden.
"""

from __future__ import annotations

import base64
import functools
import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from PIL import Image
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher

# Its progress lines, one per page, say nothing to whoever reads the log.
logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)

KST = ZoneInfo("Asia/Seoul")
# A page of the report takes this much of a screenshot 1280 px wide; a longer page is shown in this many pieces.
SLICE_HEIGHT, MOST_SLICES = 1620, 6
BAR_WIDTH = 640.0
# The exhibits in their order; those a report does not have are not counted.
EXHIBITS = ("page", "match", "parts", "custody", "proof", "picture")


class Part(NamedTuple):
    """One preserved file. `digest` is "sha256:…", `size` in bytes, `how` says by what it was got."""

    name: str
    digest: str
    size: int
    how: str


class CustodyLine(NamedTuple):
    """One entry of the chain of custody. `actor` is a role or an officer's name, never the victim's.

    `note` is what the entry adds in an officer's words, such as why something was downloaded.
    """

    sequence: int
    at: datetime
    actor: str
    act: str
    digest: str
    note: str = ""


@dataclass(frozen=True)
class ReportContext:
    """What the report says. Times are aware. `match` has the shape of one entry of match_media's "matches",
    `page_facts` that of `cases.page_facts.shown`, `network` that of `cases.asn.Network`.

    `screenshot_png` must be the blurred picture. `organisation` signs; `alias` is the case's pseudonym.
    """

    case_number: str
    alias: str
    organisation: str
    officer: str
    url: str
    captured_at: datetime
    final_url: str = ""
    http_status: int | None = None
    peer_address: str = ""
    dns_answers: Sequence[str] = ()
    certificate: Mapping[str, Any] | None = None
    network: Mapping[str, Any] | None = None
    page_facts: Sequence[Mapping[str, Any]] = ()
    method: str = ""
    browser_version: str = ""
    parts: Sequence[Part | tuple[str, str, int, str]] = ()
    custody: Sequence[CustodyLine | tuple[int, datetime, str, str, str]] = ()
    custody_intact: bool | None = None
    match: Mapping[str, Any] | None = None
    screenshot_png: bytes | None = None
    language: str = "ko"
    notes: Sequence[str] = ()
    # cases.report_proof.Proof, where the report lies in a bundle.
    proof: Any = None
    written_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_translation(self) -> bool:
        """In a host's language, beside the reports that people of the centre can read."""
        return self.language in settings.REPORT_LANGUAGES


@dataclass(frozen=True)
class _Slice:
    address: str
    number: int
    top: int
    bottom: int


class _NoFetcher(URLFetcher):
    """The document brings everything along; whatever else it asks for is a mistake that must be heard."""

    def fetch(self, url: str, headers: Any = None) -> Any:
        if url.startswith("data:image/"):
            return super().fetch(url, headers)
        raise FatalURLFetchingError("The report may not load anything from outside.")


def capture_report_pdf(context: ReportContext) -> bytes:
    """The report as a tagged PDF/A. Its metadata names neither case nor person."""
    with translation.override(context.language):
        html = render_to_string("cases/report.html", _template_values(context))
    return pdf_of(html, "css/report.css")


def pdf_of(html: str, stylesheet: str) -> bytes:
    """A tagged PDF/A of this document, which may load nothing from outside. `stylesheet` is a static file's name."""
    fonts = FontConfiguration()
    fetcher = _NoFetcher(allowed_protocols=["data"])
    document = HTML(string=html, url_fetcher=fetcher, base_url=None)
    style = CSS(filename=str(finders.find(stylesheet)), font_config=fonts)
    return document.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant="pdf/a-2a", pdf_tags=True)


def _template_values(context: ReportContext) -> dict[str, Any]:
    parts = [Part(*part) for part in context.parts]
    present = {"match": context.match, "proof": context.proof, "picture": context.screenshot_png}
    sections = [name for name in EXHIBITS if present.get(name, True)]
    return {
        "exhibit": {name: number for number, name in enumerate(sections, start=1)},
        "report": context,
        "host": urlsplit(context.final_url or context.url).hostname or "",
        "encrypted": (context.final_url or context.url).lower().startswith("https:"),
        "captured": both_clocks(context.captured_at),
        "written": both_clocks(context.written_at),
        "parts": [(part, _how(part.how), f"{part.size:,}") for part in parts],
        "custody": [_custody_values(CustodyLine(*entry)) for entry in context.custody],
        "match": _match_values(context.match) if context.match else None,
        "slices": _slices(context.screenshot_png) if context.screenshot_png else [],
        "certificate": _certificate_values(context.certificate) if context.certificate else None,
    }


def both_clocks(at: datetime) -> tuple[str, str]:
    """The moment in UTC and in Korean time, to the second."""
    return (
        at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        at.astimezone(KST).strftime("%Y-%m-%d %H:%M:%S KST (UTC+9)"),
    )


def _certificate_values(certificate: Mapping[str, Any]) -> dict[str, Any]:
    dates = (str(certificate.get(name, ""))[:10] for name in ("not_before", "not_after"))
    return {**certificate, "valid": " – ".join(filter(None, dates))}


# --- custody -----------------------------------------------------------------------------------------------------
def _how(how: str) -> str:
    names = {
        "browser": _("captured in a browser"),
        "http": _("downloaded directly"),
        "frame": _("frame taken from a recording"),
        "listed": _("list of the parts, made by the system"),
        "upload": _("handed in by an officer"),
        "rule": _("read off the page by rules"),
        "ocr": _("read off the picture by a program"),
        "machine": _("a machine's reading, not checked, used for nothing"),
    }
    return names.get(how, how)


def _custody_values(line: CustodyLine) -> dict[str, Any]:
    return {
        "sequence": line.sequence,
        "at": both_clocks(line.at)[0],
        "actor": _actor(line.actor),
        "act": _act(line.act),
        "note": line.note,
        "digest": line.digest,
    }


def _actor(actor: str) -> str:
    kind, _colon, number = actor.partition(":")
    names = {"victim": _("person concerned"), "job": _("the system"), "officer": _("officer")}
    return f"{names.get(kind, kind)} {number}".strip()


def _act(act: str) -> str:
    names = {
        "received": _("evidence received"),
        "sealed": _("sealed"),
        "fingerprinted": _("fingerprint made"),
        "examined": _("candidate examined"),
        "matched": _("match found"),
        "captured": _("page captured"),
        "drafted": _("removal request drafted"),
        "approved": _("removal request approved"),
        "sent": _("removal request sent"),
        "verified": _("removal checked"),
        "viewed": _("viewed"),
        "revealed": _("shown without blur"),
        "downloaded": _("downloaded"),
        "consent": _("consent changed"),
        "undone": _("undone"),
        "dismissed": _("dismissed"),
        "stamped": _("time stamped"),
        "term_added": _("watch term added"),
        "term_removed": _("watch term removed"),
        "term_shown": _("watch terms viewed"),
        "term_ticked": _("search of a site for a watch term allowed"),
        "term_unticked": _("search of a site for a watch term ended"),
        "answered": _("answer received"),
        "returned": _("came back"),
    }
    return names.get(act, act)


# --- the match ---------------------------------------------------------------------------------------------------
def _match_values(match: Mapping[str, Any]) -> dict[str, Any]:
    evidence = match.get("evidence") or {}
    segments = list(match.get("segments") or ())
    return {
        "score": f"{float(match.get('score') or 0) * 100:.1f} %",
        "verdict": _verdict(str(match.get("verdict", ""))),
        "transform": describe_transform(str(evidence.get("transform") or "none")),
        "kinds": ", ".join(describe_kind(kind) for kind in evidence.get("kinds") or ()),
        "segments": [[timecode(segment.get(name)) for name in _EDGES] + [_share(segment)] for segment in segments],
        "bars": _bars(segments, match),
        "bar_width": BAR_WIDTH,
    }


_EDGES = ("ref_start", "ref_end", "cand_start", "cand_end")


def _share(segment: Mapping[str, Any]) -> str:
    return f"{float(segment.get('score') or 0) * 100:.1f} %"


def _verdict(verdict: str) -> str:
    names = {"confirmed": _("Confirmed as a copy"), "review": _("Similar; for an officer's judgement")}
    return names.get(verdict, verdict)


def describe_kind(kind: str) -> str:
    """What found it, in words."""
    names = {
        "frame_hash": _("perceptual hashes of frames"),
        "crop": _("hashes of parts of frames"),
        "local": _("local image features"),
        "audio": _("sound fingerprint"),
        "learned": _("likeness to a learned model"),
    }
    return names.get(kind, kind)


def describe_transform(transform: str) -> str:
    """ "hflip+crop" in words."""
    names = {
        "none": _("none found"),
        "hflip": _("mirrored left to right"),
        "vflip": _("mirrored top to bottom"),
        "rot90": _("turned by 90°"),
        "rot180": _("turned by 180°"),
        "rot270": _("turned by 270°"),
        "transpose": _("turned and mirrored"),
        "transverse": _("turned and mirrored"),
        "crop": _("cropped"),
        "letterbox": _("border added"),
        "bar": _("edges covered by a bar"),
        "overlay": _("something laid over the picture"),
        "invert": _("colours inverted"),
        "speed": _("speed changed"),
    }
    return ", ".join(names.get(word, word) for word in transform.split("+"))


def timecode(seconds: Any) -> str:
    """Seconds as m:ss.s."""
    if seconds is None:
        return "–"
    tenths = round(float(seconds) * 10)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def _bars(segments: Sequence[Mapping[str, Any]], match: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Two lines of time with the aligned stretches, drawn to their own length: registered material, found copy."""
    rows = []
    for label, prefix, length in (
        (_("Registered evidence"), "ref", match.get("reference_duration_s")),
        (_("Found copy"), "cand", match.get("candidate_duration_s")),
    ):
        ends = [float(segment.get(f"{prefix}_end") or 0) for segment in segments]
        whole = float(length or max(ends, default=0.0))
        if whole > 0:
            rows.append({"label": label, "length": timecode(whole), "stretches": _stretches(segments, prefix, whole)})
    return rows


def _stretches(segments: Sequence[Mapping[str, Any]], prefix: str, whole: float) -> list[tuple[str, str]]:
    """(x, width) in the drawing's units, as text a template does not localise."""
    scale = BAR_WIDTH / whole
    found = ((float(each.get(f"{prefix}_start") or 0), float(each.get(f"{prefix}_end") or 0)) for each in segments)
    return [(f"{start * scale:.1f}", f"{max(2.0, (end - start) * scale):.1f}") for start, end in found]


# --- the picture -------------------------------------------------------------------------------------------------
@functools.lru_cache(maxsize=1)
def _slices(png: bytes) -> tuple[_Slice, ...]:
    """The screenshot in pieces that fit a page each, top first; kept for the same report in the next language."""
    return tuple(_cut(png))


def _cut(png: bytes) -> Iterator[_Slice]:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as opened:
        picture = opened.convert("RGB")
    for number, top in enumerate(range(0, picture.height, SLICE_HEIGHT)):
        if number == MOST_SLICES:
            return
        bottom = min(top + SLICE_HEIGHT, picture.height)
        stream = io.BytesIO()
        picture.crop((0, top, picture.width, bottom)).save(stream, "PNG")
        address = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
        yield _Slice(address, number + 1, top, bottom)
