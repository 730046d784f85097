"""DASH manifests (ISO 23009-1): the representation that is taken, and its segments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from detection.safe_xml import XmlError, child, children, text_of, tree_of
from detection.streams.plan import MOST_PIECES, Piece, Plan, Rendition, best_of, unreadable

DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?\Z")
NAMED = re.compile(r"\$(RepresentationID|Number|Time|Bandwidth)?(?:%0(\d{1,2})d)?\$")
CONTAINERS = {"video/mp4", "video/webm", "video/mp2t"}


@dataclass(frozen=True)
class _Choice:
    """A representation with everything above it, from the manifest's root down."""

    line: tuple[Element, ...]
    url: str
    seconds: float

    @property
    def base(self) -> str:
        base = self.url
        for element in self.line:
            base = urljoin(base, text_of(element, "BaseURL"))
        return base

    def attribute(self, name: str) -> str:
        """The attribute of the lowest element that has it."""
        return next((one.get(name) or "" for one in reversed(self.line) if one.get(name)), "")

    def part(self, name: str) -> list[Element]:
        """Elements of this name, the lowest first: what is not said there is said above."""
        found = (child(one, name) for one in reversed(self.line))
        return [one for one in found if one is not None]


def plan_of(body: bytes, url: str) -> Plan:
    """The pieces of one video representation. Raises FetchError `bad_manifest`."""
    try:
        choice = _chosen(tree_of(body), url)
        pieces = tuple(_pieces(choice))
    except (XmlError, ValueError, ArithmeticError) as error:
        raise unreadable(_("The video's list of pieces cannot be read.")) from error
    if not pieces:
        raise unreadable(_("The video's list of pieces names none."))
    container = choice.attribute("mimeType").lower()
    note = _("The video was still being sent; what it had so far was examined.") if _is_live(choice) else ""
    return Plan(pieces, container if container in CONTAINERS else "video/mp4", note)


def _is_live(choice: _Choice) -> bool:
    return choice.line[0].get("type") == "dynamic"


def _chosen(root: Element, url: str) -> _Choice:
    periods = children(root, "Period")
    if not periods:
        raise XmlError("no period")
    whole = seconds_of(root.get("mediaPresentationDuration") or "")
    # Advertisements are periods of their own; the longest is the video.
    lengths = [seconds_of(one.get("duration") or "") for one in periods]
    lengths = [length or max(0.0, whole - sum(lengths)) for length in lengths]
    period, seconds = max(zip(periods, lengths, strict=True), key=lambda pair: pair[1])
    lines = [
        (root, period, group, one)
        for group in children(period, "AdaptationSet")
        for one in children(group, "Representation")
    ]
    choices = [_Choice(line, url, seconds) for line in lines]
    videos = [one for one in choices if _is_video(one)]
    if not videos:
        raise XmlError("no video")
    readable = [one for one in videos if not one.part("ContentProtection")]
    if not readable:
        raise unreadable(_("The video is protected against copying and cannot be read."))
    ranked = [Rendition(str(number), *_size(one)) for number, one in enumerate(readable)]
    return readable[int(best_of(ranked).address)]


def _is_video(choice: _Choice) -> bool:
    kind = f"{choice.attribute('contentType')} {choice.attribute('mimeType')}".lower()
    return "video" in kind or (not kind.strip() and bool(choice.attribute("height")))


def _size(choice: _Choice) -> tuple[int, int]:
    return _number(choice.attribute("height")), _number(choice.attribute("bandwidth"))


def _pieces(choice: _Choice) -> Iterator[Piece]:
    if templates := choice.part("SegmentTemplate"):
        yield from _by_template(choice, templates)
    elif lists := choice.part("SegmentList"):
        yield from _by_list(choice, lists)
    else:
        yield Piece(choice.base)


def _by_list(choice: _Choice, lists: list[Element]) -> Iterator[Piece]:
    for one in lists:
        opening = child(one, "Initialization")
        if opening is not None:
            yield _ranged(choice, opening.get("sourceURL"), opening.get("range"))
            break
    for segment in children(lists[0], "SegmentURL")[:MOST_PIECES]:
        yield _ranged(choice, segment.get("media"), segment.get("mediaRange"))


def _ranged(choice: _Choice, address: str | None, span: str | None) -> Piece:
    first, _dash, last = (span or "").partition("-")
    return Piece(urljoin(choice.base, address or ""), *((int(first), int(last)) if last else (None, None)))


def _by_template(choice: _Choice, templates: list[Element]) -> Iterator[Piece]:
    def said(name: str) -> str:
        return next((one.get(name) or "" for one in templates if one.get(name)), "")

    names: dict[str, str | int] = {
        "RepresentationID": choice.line[-1].get("id") or "",
        "Bandwidth": _number(choice.attribute("bandwidth")),
    }
    if said("initialization"):
        yield Piece(urljoin(choice.base, filled(said("initialization"), names)))
    timeline = next((found for one in templates if (found := child(one, "SegmentTimeline")) is not None), None)
    start, scale = _number(said("startNumber"), 1), max(1, _number(said("timescale"), 1))
    if timeline is not None:
        times: Iterator[int] = _times(timeline, choice.seconds * scale)
    else:
        length = _number(said("duration"))
        count = -(-choice.seconds * scale // length) if length else 0
        times = (number * length for number in range(int(min(count, MOST_PIECES))))
    for number, time in enumerate(times):
        if number >= MOST_PIECES:
            return
        yield Piece(urljoin(choice.base, filled(said("media"), {**names, "Number": start + number, "Time": time})))


def _times(timeline: Element, end: float) -> Iterator[int]:
    """Start of each segment, in units of the time scale. A repeat of -1 goes on to the next start or to the end."""
    runs, at = children(timeline, "S"), 0
    for place, run in enumerate(runs):
        at = _number(run.get("t"), at)
        length, repeats = _number(run.get("d")), _number(run.get("r"))
        if length <= 0:
            raise XmlError("a segment without a length")
        if repeats < 0:
            until = _number(runs[place + 1].get("t"), 0) if place + 1 < len(runs) else end
            repeats = max(0, -(-int(until - at) // length) - 1)
        for _turn in range(min(repeats, MOST_PIECES) + 1):
            yield at
            at += length


def filled(template: str, names: dict[str, str | int]) -> str:
    """The address of one segment.

    >>> filled("$RepresentationID$/$Number%05d$.m4s", {"RepresentationID": "v1", "Number": 7})
    'v1/00007.m4s'
    """

    def value(found: re.Match[str]) -> str:
        if not found[1]:
            return "$"
        text = str(names.get(found[1], ""))
        return text.zfill(int(found[2])) if found[2] else text

    return NAMED.sub(value, template)


def seconds_of(written: str) -> float:
    """Seconds of "PT1H2M3.5S"; 0 for anything else."""
    found = DURATION.match(written)
    if not found:
        return 0.0
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _number(written: str | None, otherwise: int = 0) -> int:
    return int(written) if written and re.fullmatch(r"-?\d{1,18}", written.strip()) else otherwise
