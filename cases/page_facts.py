"""Reads what a page says of itself: title, uploader, posted time, views, comments, language; and where it says so.

By rule only. Every fact names its place and how sure it is, values that contradict each other stay side by side, and
nothing is filled in. The page is hostile: what it says is a statement of the page, never a fact about the world.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from babel import Locale
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from selectolax.lexbor import LexborHTMLParser, LexborNode

from cases.languages import language_of
from cases.page_lines import parse_count, read_lines
from cases.posted_times import read_moment

NAMES: dict[str, Promise] = {
    "title": _("Title"), "uploader": _("Uploader"), "posted_at": _("Posted"), "views": _("Views"),
    "comments": _("Comments"), "language": _("Language"),
}  # fmt: skip
# From the most to the least: the page's own structured statement, a labelled place, a guess of a rule or of the OCR.
STATED, READ, GUESSED = "stated", "read", "guessed"
CERTAINTIES: dict[str, Promise] = {
    STATED: _("stated by the page"), READ: _("read by a rule"), GUESSED: _("a guess")
}  # fmt: skip
LONGEST_VALUE = 300
TEXT_MAX_CHARS = 200_000
MOST_PER_NAME, MOST_PLACES = 4, 5
ISO = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)T(?P<clock>[\d:]+)(?P<zone>Z|[+-][\d:]+|)")
MOST_JSON_NODES = 400
MOST_ANCESTORS = 12
PEOPLE = ("author", "creator", "uploader")
TIMES = ("uploadDate", "datePublished", "dateCreated")
WORKS = re.compile(r"Video|Movie|Clip|Image|Photo|Media|Article|Posting|WebPage|CreativeWork|Discussion|Question", re.I)
META = (
    ("title", "og:title"), ("title", "twitter:title"), ("title", "title"),
    ("uploader", "author"), ("uploader", "article:author"), ("uploader", "video:director"),
    ("uploader", "dc.creator"), ("uploader", "twitter:creator"),
    ("posted_at", "article:published_time"), ("posted_at", "og:video:release_date"),
    ("posted_at", "video:release_date"), ("posted_at", "og:article:published_time"), ("posted_at", "date"),
    ("posted_at", "dc.date"), ("posted_at", "uploaddate"), ("language", "og:locale"),
)  # fmt: skip
MARKUP = (
    ("uploader", "[itemprop=author],[itemprop=creator]"), ("uploader", "[rel=author]"),
    ("uploader", ".uploader,.author,.username,.user-name,.nickname,.nick,.writer,.channel-name,.owner-name"),
    ("posted_at", "time[datetime]"), ("posted_at", "[itemprop=uploadDate],[itemprop=datePublished]"),
    ("posted_at", ".date,.posted,.regdate,.reg-date,.post-date,.upload-date,.published,.datetime,.timestamp"),
    ("views", "[itemprop=interactionCount]"), ("views", ".views,.view-count,.viewcount,.hits,.hit,.play-count"),
    ("comments", "[itemprop=commentCount]"), ("comments", ".comment-count,.comments-count,.reply-count"),
)  # fmt: skip


@dataclass(frozen=True)
class PageFact:
    """`value` is normalised (ISO 8601, digits, ISO 639-1) where it could be, else as `said`. `place`: where it stood."""

    name: str
    value: str
    place: str
    certainty: str
    said: str = ""


def read_page_facts(html: str, text: str = "", ocr_lines: Sequence[str] = ()) -> list[PageFact]:
    """The facts, by name and then the surest first. `text` is what a visitor reads, line by line; all may be empty."""
    tree = LexborHTMLParser(html or "<html></html>")
    languages = list(_languages(tree, text))
    language = languages[0].value if languages else ""
    found = [
        *languages, *_from_json_ld(tree, language), *_from_meta(tree, language), *_from_markup(tree, language),
        *_from_lines(text.splitlines(), "text line", language, READ),
        *_from_lines(ocr_lines, "ocr line", language, GUESSED),
    ]  # fmt: skip
    return _in_order(found)


def visible_text(html: str) -> str:
    """What can be read of a page no browser has laid out, one line per piece; scripts and styles are not read."""
    tree = LexborHTMLParser(html or "<html></html>")
    tree.strip_tags(["script", "style", "template", "noscript"])
    lines = (line.strip() for line in (tree.body.text(separator="\n") if tree.body else "").splitlines())
    return "\n".join(line for line in lines if line)[:TEXT_MAX_CHARS]


def missing_names(facts: Iterable[PageFact]) -> set[str]:
    """Which of the facts an officer's letter needs most are still unknown or guessed."""
    known = {fact.name for fact in facts if fact.certainty != GUESSED}
    return {"title", "uploader", "posted_at"} - known


def as_rows(facts: Iterable[PageFact]) -> list[dict[str, str]]:
    """For a JSON field and for a part of the capture."""
    return [asdict(fact) for fact in facts]


def shown(rows: Iterable[dict[str, str]], language: str) -> list[dict[str, Any]]:
    """Rows as people read them in a language: `label`, `value`, `said`, `places`, `certainty`; equal values as one."""
    told: dict[tuple[str, str], dict[str, Any]] = {}
    with translation.override(language):
        for row in rows:
            entry = told.setdefault((row["name"], row["value"]), {
                "label": str(NAMES.get(row["name"], row["name"])), "value": _in_words(row["name"], row["value"], language),
                "said": row["said"] if row["said"] != row["value"] else "", "places": [],
                "certainty": str(CERTAINTIES.get(row["certainty"], row["certainty"])),
            })  # fmt: skip
            entry["places"].append(place_in_words(row["place"]))
    return list(told.values())


def place_in_words(place: str) -> str:
    """ "text line 4" as a person says it; names out of the page's own code stay as they are."""
    kind, _space, rest = place.partition(" line ")
    if rest and kind in {"text", "ocr"}:
        said = _("line %(number)s of the text") if kind == "text" else _("line %(number)s read off the picture")
        return str(said) % {"number": rest}
    if place == "letters of the text":
        return str(_("letters of the text"))
    return place


def _in_words(name: str, value: str, language: str) -> str:
    if name == "language":
        return str(Locale.parse(language, sep="-").languages.get(value, value))
    if name in {"views", "comments"} and value.isdigit():
        return f"{int(value):,}"
    if name == "posted_at" and (found := ISO.fullmatch(value)):
        return " ".join(filter(None, (*found.group("day", "clock"), {"Z": "UTC"}.get(found["zone"], found["zone"]))))
    return value


# --- sources, the surest first -----------------------------------------------------------------------------------
def _languages(tree: LexborHTMLParser, text: str) -> Iterator[PageFact]:
    """What the letters show comes before what a template says: many sites call everything "en"."""
    said = (tree.root.attributes.get("lang") or "").strip() if tree.root else ""
    stated, shown = said.replace("_", "-").split("-")[0].lower(), language_of(text)
    facts = []
    if re.fullmatch("[a-z]{2,3}", stated):
        facts.append(PageFact("language", stated, "html lang", STATED if shown in {"", stated} else READ, said))
    if shown:
        facts.append(PageFact("language", shown, "letters of the text", READ))
    yield from sorted(facts, key=lambda fact: fact.value != shown)


def _from_json_ld(tree: LexborHTMLParser, language: str) -> Iterator[PageFact]:
    for work in _works(tree):
        for name, key, value in _json_values(work):
            if fact := _fact(name, value, f"json-ld:{key}", STATED, language):
                yield fact


def _works(tree: LexborHTMLParser) -> Iterator[dict[str, Any]]:
    """The things described on their own account; lists of other things ("related videos") are left out."""
    waiting: list[Any] = []
    for script in tree.css('script[type="application/ld+json"]'):
        try:
            waiting.append(json.loads(script.text(), strict=False))
        except (ValueError, RecursionError):
            continue
    for _count in range(MOST_JSON_NODES):
        if not waiting:
            return
        node = waiting.pop(0)
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += [node[key] for key in ("@graph", "mainEntity", "video") if key in node]
            if WORKS.search(str(node.get("@type", ""))):
                yield node


def _json_values(work: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for key in ("name", "headline"):
        yield "title", key, work.get(key)
    for key in PEOPLE:
        yield "uploader", key, _person(work.get(key))
    for key in TIMES:
        yield "posted_at", key, work.get(key)
    yield "comments", "commentCount", work.get("commentCount")
    yield "views", "interactionCount", work.get("interactionCount")
    yield "language", "inLanguage", work.get("inLanguage")
    statistics = work.get("interactionStatistic")
    for one in statistics if isinstance(statistics, list) else [statistics]:
        if isinstance(one, dict):
            kind = json.dumps(one.get("interactionType", ""))
            name = "views" if "Watch" in kind or "View" in kind else "comments" if "Comment" in kind else ""
            if name:
                yield name, "interactionStatistic", one.get("userInteractionCount")


def _person(value: Any) -> Any:
    if isinstance(value, list):
        value = value[0] if value else None
    return value.get("name") or value.get("alternateName") if isinstance(value, dict) else value


def _from_meta(tree: LexborHTMLParser, language: str) -> Iterator[PageFact]:
    contents: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        for key in ("property", "name", "itemprop"):
            contents.setdefault((node.attributes.get(key) or "").lower(), node.attributes.get("content") or "")
    for name, key in META:
        if fact := _fact(name, contents.get(key), f"meta {key}", STATED, language):
            yield fact


def _from_markup(tree: LexborHTMLParser, language: str) -> Iterator[PageFact]:
    headings = tree.css("h1")
    if len(headings) == 1 and (fact := _fact("title", _text(headings[0]), "css h1", READ, language)):
        yield fact
    if fact := _fact("title", _text(tree.css_first("title")), "html title", READ, language):
        yield fact
    for name, selector in MARKUP:
        node, alone = _nearest(tree, headings[0] if headings else None, selector)
        if node is not None:
            value = node.attributes.get("datetime") or node.attributes.get("content") or _text(node)
            place = f"css {_matched(node, selector)}"
            if fact := _fact(name, value, place, READ if alone else GUESSED, language):
                yield fact


def _nearest(tree: LexborHTMLParser, heading: LexborNode | None, selector: str) -> tuple[LexborNode | None, bool]:
    """The match that shares the closest ancestor with the heading, and whether it stands there alone.

    Without it the first card of "related videos" would lend its uploader to the page.
    """
    around = heading.parent if heading is not None else None
    for _step in range(MOST_ANCESTORS):
        if around is None or around.tag == "html":
            break
        if found := around.css(selector):
            return found[0], len({_text(node) for node in found}) == 1
        around = around.parent
    found = tree.css(selector)
    return (found[0], len({_text(node) for node in found}) == 1) if found else (None, False)


def _matched(node: LexborNode, selector: str) -> str:
    """The one of several selectors that this node answers to."""
    return next((one for one in selector.split(",") if node.css_matches(one)), selector)


def _from_lines(lines: Sequence[str], place: str, language: str, at_best: str) -> Iterator[PageFact]:
    """Labelled values are sure only where the page has one: cards of other videos and comments carry labels too."""
    found = list(read_lines(lines, language))
    values = {name: {one.value for one in found if one.name == name and one.labelled} for name in NAMES}
    for name, value, said, number, labelled in found:
        certainty = at_best if labelled and len(values[name]) == 1 else GUESSED
        yield PageFact(name, value[:LONGEST_VALUE], f"{place} {number}", certainty, said)


# --- one fact ----------------------------------------------------------------------------------------------------
def _fact(name: str, value: Any, place: str, certainty: str, language: str) -> PageFact | None:
    """The value in its normal form; None where it is none."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    said = " ".join(str(value).split())[:LONGEST_VALUE]
    normal = _normal(name, said, language)
    if not normal:
        return None
    return PageFact(name, normal, place, certainty, said if said != normal else "")


def _normal(name: str, said: str, language: str) -> str:
    if name == "posted_at":
        moment = read_moment(said, language)
        return moment.value if moment else ""
    if name in {"views", "comments"}:
        lines = [found.value for found in read_lines([said]) if found.name == name]
        count = parse_count(said) if re.match(r"[\d\s]", said) else None
        return lines[0] if lines else str(count) if count is not None else ""
    if name == "language":
        code = said.replace("_", "-").split("-")[0].lower()
        return code if re.fullmatch("[a-z]{2,3}", code) else ""
    return re.sub(r"^@(?=\w)", "", said) if name == "uploader" else said


def _text(node: LexborNode | None) -> str:
    return " ".join(node.text(separator=" ").split()) if node is not None else ""


def _in_order(facts: list[PageFact]) -> list[PageFact]:
    """By name, surest first; of one name at most so many different values, each with so many places."""
    sureness = list(CERTAINTIES)
    kept: list[PageFact] = []
    for name in NAMES:
        of_name = [fact for fact in facts if fact.name == name]
        if name != "language":
            of_name.sort(key=lambda fact: sureness.index(fact.certainty))
        values = list(dict.fromkeys(fact.value for fact in of_name))[:MOST_PER_NAME]
        for value in values:
            kept += [fact for fact in of_name if fact.value == value][:MOST_PLACES]
    return kept
