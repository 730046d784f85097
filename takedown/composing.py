"""One letter being written. Order of grounds: the host's own law, the host's own rules, then Korean law as background."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import format_decimal

from takedown.dates import local_time, long_date
from takedown.elements import OUR_CLOCKS
from takedown.jurisdictions import LANGUAGES, locale_for, regimes_of
from takedown.lawbook import VARIANTS, Lawbook, StatuteLike, TemplateLike, citation
from takedown.letter_types import ADDRESSEES, LetterRequest, Location, Paragraph, Used, Words


class Marks(NamedTuple):
    colon: str
    semicolon: str
    comma: str
    opening: str
    closing: str


# Marks between a label and its value, between facts and around them, as they are printed in the letter's language.
LATIN_MARKS = Marks(": ", "; ", ", ", " (", ")")
JAPANESE_MARKS = Marks("：", "；", "、", "（", "）")
CHINESE_MARKS = Marks("：", "；", "，", "（", "）")
MARKS = {
    "fr": Marks("\u00a0: ", "\u00a0; ", ", ", " (", ")"),
    "ja": JAPANESE_MARKS, "zh-Hans": CHINESE_MARKS, "zh-Hant": CHINESE_MARKS,
}  # fmt: skip
KST = timezone(timedelta(hours=9), "KST")
KOREAN_BACKGROUND = ("KR-1", "KR-5", "KR-5b", "KR-5e", "KR-6", "KR-9")
# A wish under the host's own law that has no statute: e.g. Japan, where only the person or a lawyer may ask formally.
FORMAL_REQUEST_FLAG = {"JP": "jp_formal_request"}


def time_code(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def one_line(text: str, limit: int = 300) -> str:
    """Text taken from a hostile page, fit for a letter: one line, no control or direction characters."""
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join(kept.split())[:limit]


def in_language(words: Words, language: str) -> str:
    """These words in the letter's language, else in English; never Korean words inside a foreign letter."""
    return words if isinstance(words, str) else (words.get(language) or words.get("en") or "")


class Draft:
    """One letter being written: remembers which statutes were cited."""

    def __init__(self, request: LetterRequest, lawbook: Lawbook) -> None:
        _check(request)
        self.request = request
        self.lawbook = lawbook
        self.locale = Locale.parse(locale_for(request.language, request.jurisdiction))
        self.on: date = request.composed_at.astimezone(KST).date()
        self.marks = MARKS.get(request.language, LATIN_MARKS)
        self.cited: dict[str, StatuteLike] = {}
        self.used: set[Used] = set()
        self.deadline_hours: int | None = None
        self.slots = self._slots()

    def subject(self) -> str:
        template = self._find("subject")
        return one_line(self._fill(template)) if template else ""

    def paragraphs(self) -> Iterator[Paragraph]:
        request = self.request
        yield from self._plain("salutation")
        if request.follows_reference and request.follows_sent_at:
            yield from self._variant("follows", f"follows.{request.follows_as}" if request.follows_as else "follows")
        yield from self._plain("who_we_are", "what")
        yield from self._listed("locations", self._location_lines())
        yield from self._listed("identification", self._identification_lines())
        yield from self._plain("non_consent", "damage")
        yield from self._law()
        yield from self._variant("grounds_policy", f"policy.{request.addressee_type}")
        yield from self._korea()
        yield from self._korean_form("form", "form.KR")
        yield from self._agency_blocks()
        yield from self._requested_action()
        yield from self._deadline()
        yield from self._plain("good_faith", "accuracy", "no_imagery")
        if request.free_text.strip():
            yield from self._listed("free_text", [request.free_text.strip()])
        yield from self._korean_form("form_closing", "form.closing")
        yield from self._listed("signature", self._signature_lines())

    def _find(self, key: str) -> TemplateLike | None:
        request = self.request
        return self.lawbook.paragraph(request.language, key, request.content_type, request.addressee_type)

    def _fill(self, template: TemplateLike, **more: Any) -> str:
        self.used.add(Used(template.key, template.version))
        return template.text.format_map({**self.slots, **more})

    def _plain(self, *keys: str) -> Iterator[Paragraph]:
        for key in keys:
            yield from self._variant(key, key)

    def _variant(self, name: str, key: str) -> Iterator[Paragraph]:
        if template := self._find(key):
            yield Paragraph(name, self._fill(template), template.locked)

    def _listed(self, key: str, lines: list[str]) -> Iterator[Paragraph]:
        if template := self._find(key):
            yield Paragraph(key, "\n".join([self._fill(template), *lines]), template.locked)

    def _label(self, key: str, value: str) -> list[str]:
        template = self._find(f"label.{key}")
        return [f"{template.text if template else key}{self.marks.colon}{value}"] if value else []

    # ------------------------------------------------------------------ facts

    def _slots(self) -> dict[str, Any]:
        request, organisation, language = self.request, self.request.organisation, self.request.language
        words = {
            "organisation": organisation.name, "mandate": organisation.mandate, "address": organisation.address,
            "representative": organisation.legal_representative, "officer": request.officer.name,
            "role": request.officer.role,
        }  # fmt: skip
        slots: dict[str, Any] = {name: one_line(in_language(text, language), 1000) for name, text in words.items()}
        slots |= {
            "reference": request.reference, "site_name": one_line(request.site_name, 120), "email": organisation.email,
            "phone": organisation.phone, "count": self._number(len(request.locations)), "date": self._date(request.composed_at),
            "country": self.locale.territories.get(organisation.country, organisation.country),
            "police_reference": one_line(request.police_reference), "follows_reference": request.follows_reference,
        }  # fmt: skip
        if request.follows_sent_at:
            slots["follows_date"] = self._date(request.follows_sent_at)
            slots["follows_utc"] = f"UTC {_iso(request.follows_sent_at, UTC)}"
        slots |= {f"{kind}_box": "☑" if request.content_type == kind else "☐" for kind in VARIANTS}
        slots |= {f"agency_{key}": a.name_in(language) for key, a in self.lawbook.agencies.items()}
        return slots

    def _number(self, number: int) -> str:
        return str(format_decimal(number, locale=self.locale))

    def _date(self, at: datetime) -> str:
        return long_date(at.astimezone(ZoneInfo(self.request.time_zone)).date(), self.locale)

    def _local_time(self, at: datetime) -> str:
        return local_time(at, ZoneInfo(self.request.time_zone), self.locale)

    def _location_lines(self) -> list[str]:
        return [line for number, place in enumerate(self.request.locations, 1) for line in self._place(number, place)]

    def _place(self, number: int, place: Location) -> list[str]:
        lines = [
            *self._label("page", one_line(place.page_url, 4000)),
            *self._label("media", one_line(place.media_url, 4000)),
            *self._seen(place.first_seen_at),
            *self._label("title", one_line(place.title)),
            *self._label("uploader", one_line(place.uploader, 120)),
        ]
        return [f"{number}. {lines[0]}", *(f"   {line}" for line in lines[1:])] if lines else []

    def _seen(self, at: datetime | None) -> list[str]:
        if at is None:
            return []
        local = self._find("label.local")
        name = local.text if local else "local time"
        here = f"{name}{self.marks.colon}{self._local_time(at)}"
        return self._label("seen", self.marks.semicolon.join([f"UTC {_iso(at, UTC)}", f"KST {_iso(at, KST)}", here]))

    def _identification_lines(self) -> list[str]:
        none = self._find("label.none")
        return [
            f"{number}. " + (self.marks.semicolon.join(self._found_by(place)) or (none.text if none else "-"))
            for number, place in enumerate(self.request.locations, 1)
        ]

    def _found_by(self, place: Location) -> list[str]:
        spans = ", ".join(f"{time_code(start)}–{time_code(end)}" for start, end in place.time_codes)
        digest = (place.digest or "").removeprefix("sha256:")
        return [*([f"SHA-256{self.marks.colon}{digest}"] if digest else []), *self._label("time_codes", spans)]

    def _signature_lines(self) -> list[str]:
        slots = self.slots
        signatory = self.marks.comma.join(part for part in (slots["officer"], slots["role"]) if part)
        day = f"{slots['date']}{self.marks.opening}{_iso(self.request.composed_at, KST)}{self.marks.closing}"
        values = {**slots, "officer": signatory, "date": day}
        order = ("organisation", "representative", "officer", "date", "address", "phone", "email", "reference")
        return [line for key in order for line in self._label(key, values[key])]

    # ------------------------------------------------------------------ law

    def _sentence(self, prefix: str, code: str) -> str | None:
        """The bullet that cites this statute, or None: not citable, or nothing to say for this kind of content."""
        request = self.request
        row = self.lawbook.citable(code, self.on, request.addressee_type, request.flags)
        template = self._find(f"{prefix}.{code}")
        if row is None or template is None:
            return None
        self.cited[code] = row
        return "– " + self._fill(template, cite=citation(row, request.language))

    def _law(self) -> Iterator[Paragraph]:
        codes = [code for regime in regimes_of(self.request.jurisdiction) for code in self.lawbook.codes_in(regime)]
        lines = [sentence for code in codes if (sentence := self._sentence("law", code))]
        heading = self._find("law.intro" if lines else "law.none")
        standing = self._standing()
        if heading:
            yield Paragraph("grounds_host_law", "\n".join([self._fill(heading), *lines, *standing]), True)

    def _standing(self) -> list[str]:
        """What a host must know about our standing; nothing to a regulator, which is asked under no terms of use."""
        jurisdiction = self.request.jurisdiction
        template = None if self.request.addressee_type == "regulator" else self._find(f"law.{jurisdiction}")
        if template is None or FORMAL_REQUEST_FLAG.get(jurisdiction) in self.request.flags:
            return []
        return [self._fill(template)]

    def _korea(self) -> Iterator[Paragraph]:
        if self.request.jurisdiction == "KR":
            return
        lines = []
        for code in KOREAN_BACKGROUND:
            lines += [line for line in (self._sentence("korea", code) or self._sentence("law", code),) if line]
        if lines and (heading := self._find("korea.intro")):
            yield Paragraph("grounds_korea", "\n".join([self._fill(heading), *lines]), True)

    def _korean_form(self, name: str, key: str) -> Iterator[Paragraph]:
        if "KR-2" in self.cited:
            yield from self._variant(name, key)

    def _agency_blocks(self) -> Iterator[Paragraph]:
        """The four blocks a Korean authority's file is ordered by (KR-7b)."""
        request = self.request
        row = self.lawbook.citable("KR-7b", self.on, request.addressee_type, request.flags)
        template = self._find("form.blocks")
        if row and template and request.jurisdiction == "KR" and request.addressee_type == "regulator":
            self.cited[row.code] = row
            yield Paragraph("form", self._fill(template, cite=citation(row, request.language)), template.locked)

    def _requested_action(self) -> Iterator[Paragraph]:
        parts = [self._find(key) for key in ("action.intro", f"action.{self.request.addressee_type}", "action.common")]
        if all(parts):
            intro, main, common = (self._fill(part) for part in parts if part)
            steps = [f"({n}) {step}" for n, step in enumerate([main, *common.split("\n")], 1)]
            yield Paragraph("requested_action", "\n".join([intro, *steps]), True)

    def _deadline(self) -> Iterator[Paragraph]:
        row = self._own_clock()
        if row is None:
            yield from self._variant("deadline", "deadline.default")
        # A clock that runs, and no sentence that says so: the gate names the deadline, nothing stands in for it.
        elif template := self._find(f"deadline.{row.code}"):
            self.deadline_hours = row.clock_hours
            hours, cite = self._number(row.clock_hours or 0), citation(row, self.request.language)
            yield Paragraph("deadline", self._fill(template, hours=hours, cite=cite), True)

    def _own_clock(self) -> StatuteLike | None:
        """The cited statute of the host's law whose clock our letter starts, hours before "without delay".

        These clocks bind providers; a regulator that reads of the same statute is given none.
        """
        if self.request.addressee_type == "regulator":
            return None
        regimes = regimes_of(self.request.jurisdiction)
        rows = [r for r in self.cited.values() if r.jurisdiction in regimes and r.clock_start in OUR_CLOCKS]
        return min(rows, key=lambda row: row.clock_hours or 10**6, default=None)


def _iso(at: datetime, zone: timezone) -> str:
    text = at.astimezone(zone).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def _check(request: LetterRequest) -> None:
    known = {
        "language": (request.language, LANGUAGES),
        "addressee type": (request.addressee_type, ADDRESSEES),
        "content type": (request.content_type, tuple(VARIANTS)),
    }
    for name, (value, allowed) in known.items():
        if value not in allowed:
            raise ValueError(f"unknown {name}: {value!r}")
    times = [request.composed_at, request.follows_sent_at, *(place.first_seen_at for place in request.locations)]
    if any(at is not None and at.tzinfo is None for at in times):
        raise ValueError("a time without a zone cannot stand in a letter")
