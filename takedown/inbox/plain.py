"""Foreign words as plain text: no control characters, no turned reading direction, no markup."""

from __future__ import annotations

import re
import unicodedata

from selectolax.lexbor import LexborHTMLParser

MOST_HTML = 2_000_000
MOST_TAGS = 20_000  # parsing costs the square of how deep they stand in one another; what comes after is left out
KEPT_CONTROLS = {"\n", "\t"}
# Direction marks make a sentence read as another; zero-width ones split words that are looked for.
INVISIBLE = frozenset(
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad\u061c"
)
BREAKS = "br, p, div, tr, li, blockquote, h1, h2, h3, h4, table, hr"
QUOTES = "blockquote, .gmail_quote, .yahoo_quoted"
NEVER_SHOWN = "script, style, head, title, template, noscript, iframe, object, embed, svg, math"
HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0", re.I)


def clean_text(text: str) -> str:
    """Lines end in a line feed; nothing invisible is left."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(one for one in lines if one in KEPT_CONTROLS or _visible(one))


def clean_line(text: str) -> str:
    """One line: a line break somebody smuggled into a header becomes a space."""
    return " ".join(clean_text(text.replace("\x0b", " ").replace("\x0c", " ")).split())


def _visible(character: str) -> bool:
    return character not in INVISIBLE and unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn")


def text_of_html(html: str) -> str:
    """What a reader would see, quoted mail marked by `> `. Addresses of links and pictures are left out."""
    tree = LexborHTMLParser(_bounded(html[:MOST_HTML]).replace("\ue000", "").replace("\ue001", ""))
    tree.strip_tags(NEVER_SHOWN.split(", "), recursive=True)
    for node in tree.css("[style], [hidden]"):
        if "hidden" in node.attributes or HIDDEN.search(node.attributes.get("style") or ""):
            node.decompose()
    for node in tree.css(BREAKS):
        node.insert_before("\n")
        if node.tag not in ("br", "hr"):
            node.insert_after("\n")
    for node in tree.css(QUOTES):
        node.insert_before("\n\ue000")
        node.insert_after("\ue001\n")
    body = tree.body
    return _marked(body.text(separator="") if body else "")


def _bounded(html: str) -> str:
    for number, tag in enumerate(re.finditer("<", html)):
        if number == MOST_TAGS:
            return html[: tag.start()]
    return html


def _marked(text: str) -> str:
    """The marks around quoted mail become `> ` before each of its lines."""
    depth = 0
    lines: list[str] = []
    for line in text.split("\n"):
        depth += line.count("\ue000")
        words = " ".join(line.replace("\ue000", "").replace("\ue001", "").split())
        if words or (lines and lines[-1] not in ("", ">")):
            lines.append(f"{'> ' if depth else ''}{words}".rstrip())
        depth = max(0, depth - line.count("\ue001"))
    return "\n".join(lines).strip()
