"""The steps through a web form as data, one per line; and the values a letter has to offer.

    fill | Your e-mail | {email}
    choose | Reason css:#reason | Non-consensual content
    tick | I declare that this is accurate
    click | Next
    press | Send report

A field is named by its label, or by a CSS selector after “css:”, before which words for people may stand.
`press` is the last click: it stands once, at the end.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from django.utils.translation import gettext as _
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

VERBS = {"fill": 3, "choose": 3, "tick": 2, "click": 2, "press": 2}
CSS = "css:"
VALUE = re.compile(r"\{([a-z_]*)\}")
NAMES = (
    "urls", "first_url", "media_urls", "reference", "subject", "letter", "centre", "email", "phone", "address", "representative",
    "country", "date",
)  # fmt: skip
MOST = 60
USUAL = """\
fill | URL | {urls}
fill | Reason | {subject}
fill | Message | {letter}
fill | Organisation | {centre}
fill | E-mail | {email}
press | Send
"""


class Step(NamedTuple):
    """`verb` is one of VERBS; `field` what it acts on; `value` what is written or chosen there."""

    verb: str
    field: str
    value: str = ""


def shown_field(step: Step) -> str:
    """What an officer looks for on the form."""
    words, _css, selector = step.field.partition(CSS)
    return words.strip() or selector.strip()


class StepTrouble(Exception):
    """A line that cannot be read; the sentence says which."""


def read(lines: str) -> list[Step]:
    """The steps of these lines. Raises StepTrouble."""
    found = [_read(number, line) for number, line in enumerate(lines.splitlines(), 1) if line.strip()]
    if len(found) > MOST:
        raise StepTrouble(_("More than %(most)d steps.") % {"most": MOST})
    if not found or [step.verb for step in found].count("press") != 1 or found[-1].verb != "press":
        raise StepTrouble(_("The last line, and only that one, must be a “press”: the click that sends."))
    return found


def _read(number: int, line: str) -> Step:
    parts = [part.strip() for part in line.split("|", 2)]
    verb = parts[0].lower()
    if verb not in VERBS:
        raise _wrong(number, _("it begins with none of: %(verbs)s") % {"verbs": ", ".join(VERBS)})
    if len(parts) != VERBS[verb] or not parts[1]:
        raise _wrong(number, _("a “%(verb)s” has %(count)d parts") % {"verb": verb, "count": VERBS[verb]})
    step = Step(verb, *parts[1:])
    if unknown := [name for name in VALUE.findall(step.value) if name not in NAMES]:
        raise _wrong(number, _("there is no value {%(name)s}") % {"name": unknown[0]})
    if CSS in step.field:
        _check_selector(number, step.field.partition(CSS)[2].strip())
    return step


def _check_selector(number: int, selector: str) -> None:
    try:
        LexborHTMLParser("<p></p>").css(selector)
    except (SelectolaxError, ValueError) as error:
        raise _wrong(number, _("the selector “%(selector)s” cannot be read") % {"selector": selector}) from error


def _wrong(number: int, why: str) -> StepTrouble:
    return StepTrouble(_("Line %(number)d: %(why)s.") % {"number": number, "why": why})


def filled(steps: list[Step], values: dict[str, str]) -> list[Step]:
    """The steps with a letter's own values in place of their names."""
    return [step._replace(value=VALUE.sub(lambda name: values[name.group(1)], step.value)) for step in steps]


def as_json(form_url: str, steps: list[Step]) -> bytes:
    content = {"form": form_url, "steps": [step._asdict() for step in steps]}
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def from_json(message: bytes) -> tuple[str, list[Step]]:
    """(address of the form, steps). Raises ValueError."""
    content = json.loads(message)
    return str(content["form"]), [Step(**step) for step in content["steps"]]
