"""The completeness gate: elements E1–E28 a notice must hold, and where an officer supplies each.

Always required: the list below. In addition each statute the letter invokes names its own elements (`Statute.elements`).
The deadline (E22) is named by no statute as a condition of a valid notice, but every notice holds the superset of elements
(legal facts, R4): it is required as soon as a cited statute of the host has a clock that our letter starts.
E19 and E27 belong to the copyright route, which these letters do not use.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from takedown.jurisdictions import regimes_of

if TYPE_CHECKING:
    from takedown.lawbook import StatuteLike
    from takedown.letters import LetterRequest

ALWAYS = ("E1", "E3", "E6", "E7", "E8", "E10", "E12", "E14", "E15", "E17", "E18", "E21", "E23", "E24")

# Clocks our own letter starts. Clocks of authorities (VN, TW, AU, RU, ID …) are never claimed as ours.
OUR_CLOCKS = frozenset({"valid_request", "report"})

ORGANISATION = _("Settings: organisation")
OFFICER = _("The officer's profile")
ADDRESSES = _("The notice: addresses")
NOTICE = _("The notice")
TEMPLATES = _("Settings: letter paragraphs")
CUSTODY = _("The capture of the page")
ANEW = _("Compose the letter anew: the facts have changed since it was written")


class MissingElement(NamedTuple):
    code: str
    name: Any
    where_to_fill: Any


class Element(NamedTuple):
    """Present when the fact behind it is there, and the letter has the paragraph, with the words of the fact in it."""

    name: Any
    where: Any
    paragraph: str
    fact: Callable[[LetterRequest], bool]
    shown: Callable[[LetterRequest], Iterable[str]] = lambda request: ()


def _said(words: str | Mapping[str, str], language: str) -> str:
    return words if isinstance(words, str) else words.get(language) or words.get("en") or ""


def _words(words: str | Mapping[str, str], language: str) -> bool:
    return bool(_said(words, language).strip())


def _each_place(test: Callable[[Any], Any]) -> Callable[[LetterRequest], bool]:
    return lambda request: bool(request.locations) and all(test(place) for place in request.locations)


def _exact_address(request: LetterRequest) -> bool:
    """Page and media file. Identifying text has no media file; registrars and search engines act on pages."""
    pages_only = request.content_type == "identifying" or request.addressee_type in ("registrar", "search")
    return _each_place(lambda place: place.page_url.strip() and (pages_only or place.media_url.strip()))(request)


def _described(place: Any) -> bool:
    return bool(place.title.strip() or place.uploader.strip() or place.digest or place.time_codes)


def _supported(request: LetterRequest) -> bool:
    return request.content_type == "identifying" or _each_place(lambda place: place.digest)(request)


def _written(request: LetterRequest) -> bool:
    return True


_TABLE: dict[str, Element] = {
    "E1": Element(
        _("Name of the organisation in this language"), ORGANISATION, "who_we_are",
        lambda r: _words(r.organisation.name, r.language), lambda r: [_said(r.organisation.name, r.language)],
    ),
    "E2": Element(
        _("Name of the organisation's legal representative"), ORGANISATION, "signature",
        lambda r: _words(r.organisation.legal_representative, r.language),
        lambda r: [_said(r.organisation.legal_representative, r.language)],
    ),
    "E3": Element(
        _("Name and role of the officer"), OFFICER, "signature",
        lambda r: _words(r.officer.name, r.language) and _words(r.officer.role, r.language),
        lambda r: [_said(r.officer.name, r.language), _said(r.officer.role, r.language)],
    ),
    "E4": Element(
        _("Postal address"), ORGANISATION, "signature", lambda r: _words(r.organisation.address, r.language),
        lambda r: [_said(r.organisation.address, r.language)],
    ),
    "E5": Element(_("Telephone number"), ORGANISATION, "signature", lambda r: bool(r.organisation.phone.strip()),
        lambda r: [r.organisation.phone],
    ),
    "E6": Element(_("E-mail address for replies"), ORGANISATION, "signature", lambda r: bool(r.organisation.email.strip()),
        lambda r: [r.organisation.email],
    ),
    "E7": Element(
        _("Legal mandate of the organisation in this language"), ORGANISATION, "who_we_are",
        lambda r: _words(r.organisation.mandate, r.language),
        lambda r: [_said(r.organisation.mandate, r.language)],
    ),
    "E8": Element(_("Exact address of the page and of the media file"), ADDRESSES, "locations", _exact_address,
        lambda r: [url for place in r.locations for url in (place.page_url, place.media_url)],
    ),
    "E9": Element(
        _("Another description of the place where there is no address"), ADDRESSES, "locations",
        _each_place(lambda place: place.page_url.strip() or place.title.strip() or place.uploader.strip()),
    ),
    "E10": Element(
        _("Date and time seen"), CUSTODY, "locations", _each_place(lambda place: place.first_seen_at is not None)
    ),
    "E11": Element(
        _("Identification of the content: title, uploader, digest or time code"), ADDRESSES, "identification",
        _each_place(_described),
    ),
    "E12": Element(_("Category of the material"), NOTICE, "what", lambda r: bool(r.content_type)),
    "E13": Element(_("Kind of request: report, deletion"), TEMPLATES, "what", _written),
    "E14": Element(_("Statement that publication is without consent"), TEMPLATES, "non_consent", _written),
    "E15": Element(_("Why it is unlawful"), TEMPLATES, "grounds_host_law", _written),
    "E16": Element(_("Supporting particulars: digest of each media file"), CUSTODY, "identification", _supported,
        lambda r: [(place.digest or "").removeprefix("sha256:") for place in r.locations],
    ),
    "E17": Element(_("Good-faith statement"), TEMPLATES, "good_faith", _written),
    "E18": Element(_("Statement that the notice is accurate and complete"), TEMPLATES, "accuracy", _written),
    "E20": Element(_("Damage suffered, in general words"), TEMPLATES, "damage", _written),
    "E21": Element(_("Requested action"), TEMPLATES, "requested_action", _written),
    "E22": Element(_("Deadline and its legal basis"), TEMPLATES, "deadline", _written),
    "E23": Element(
        _("Reply channel and reference number"), NOTICE, "requested_action",
        lambda r: bool(r.reference.strip() and r.organisation.email.strip()), lambda r: [r.reference, r.organisation.email],
    ),
    "E24": Element(
        _("Signature: name, role and date"), OFFICER, "signature",
        lambda r: _words(r.officer.name, r.language) and _words(r.officer.role, r.language),
        lambda r: [_said(r.officer.name, r.language), _said(r.officer.role, r.language)],
    ),
    "E25": Element(_("Closing sentence of the Korean statutory form"), TEMPLATES, "form_closing", _written),
    "E26": Element(_("Notice that the form may be passed to the review commission"), TEMPLATES, "form_closing", _written),
    "E28": Element(
        _("Reference of the police report"), NOTICE, "grounds_host_law", lambda r: bool(r.police_reference.strip()),
        lambda r: [r.police_reference],
    ),
}  # fmt: skip


def required(cited: Iterable[StatuteLike], jurisdictions: tuple[str, ...]) -> list[str]:
    """Codes every notice needs, those of each cited statute of the host's own law, and the deadline where one runs."""
    own = [row for row in cited if row.jurisdiction in jurisdictions]
    codes = {*ALWAYS, *(code for row in own for code in row.elements)}
    codes |= {"E22"} if any(row.clock_start in OUR_CLOCKS for row in own) else set()
    return sorted(codes, key=lambda code: int(code[1:]))


def missing(
    request: LetterRequest, paragraphs: Mapping[str, str], cited: Iterable[StatuteLike]
) -> list[MissingElement]:
    """Required elements without their fact, or that do not stand in the letter. `paragraphs` is key to text.

    An unknown code counts as missing.
    """
    codes = required(cited, regimes_of(request.jurisdiction))
    return [found for code in codes if (found := _missing(code, request, paragraphs))]


def _missing(code: str, request: LetterRequest, paragraphs: Mapping[str, str]) -> MissingElement | None:
    element = _TABLE.get(code)
    if element is None:
        return MissingElement(code, code, TEMPLATES)
    if not element.fact(request):
        return MissingElement(code, element.name, element.where)
    text = _squeezed(paragraphs.get(element.paragraph, ""))
    if not text:
        return MissingElement(code, element.name, TEMPLATES)
    if any(_squeezed(words) not in text for words in element.shown(request)):
        return MissingElement(code, element.name, ANEW)
    return None


def _squeezed(text: str) -> str:
    """Compared without what a letter may change: white space, and characters that cannot be seen."""
    dense = "".join(text.split())
    return dense if dense.isprintable() else "".join(c for c in dense if unicodedata.category(c)[0] != "C")


def choices() -> list[tuple[str, str]]:
    """Code and name of every element the gate can check."""
    return [(code, f"{code} {element.name}") for code, element in _TABLE.items()]
