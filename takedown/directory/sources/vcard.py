"""Entities of an RDAP answer (RFC 9083 5.1): their roles, and the addresses on their cards (jCard RFC 7095, JSContact).

Answers come from strangers: every shape is checked, depth and number are bounded, and what does not fit is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

DEEPEST = 5
MOST_ENTITIES = 200


@dataclass(frozen=True)
class Entity:
    """Roles of this entity and of those around it, outermost first; addresses as they are written."""

    roles: frozenset[str]
    above: tuple[frozenset[str], ...]
    name: str
    mails: tuple[str, ...]
    forms: tuple[str, ...]


def entities(answer: Any) -> list[Entity]:
    """Every entity of the answer, nested ones too, in its order."""
    return [entity for entity, _number in zip(_walk(answer, (), 0), range(MOST_ENTITIES), strict=False)]


def _walk(node: Any, above: tuple[frozenset[str], ...], depth: int) -> Iterator[Entity]:
    if not isinstance(node, dict) or depth > DEEPEST:
        return
    for one in _list(node.get("entities")):
        if not isinstance(one, dict):
            continue
        roles = frozenset(role.lower() for role in _list(one.get("roles")) if isinstance(role, str))
        card = _card(one.get("vcardArray"))
        mails = (*_values(card, "email"), *_js_values(one, "emails", "address"))
        forms = (*_values(card, "contact-uri"), *_js_values(one, "links", "uri", kind="contact"))
        name = next(iter(_values(card, "fn")), "")[:120]
        yield Entity(roles, above, name, tuple(dict.fromkeys(mails)), tuple(dict.fromkeys(forms)))
        yield from _walk(one, (*above, roles), depth + 1)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _card(value: Any) -> list[list[Any]]:
    """The properties of ["vcard", [[name, parameters, type, value, …], …]]."""
    if not (isinstance(value, list) and len(value) == 2 and value[0] == "vcard"):
        return []
    return [line for line in _list(value[1]) if isinstance(line, list) and len(line) >= 4 and isinstance(line[0], str)]


def _values(card: list[list[Any]], name: str) -> list[str]:
    """The text values of a property, preferred ones first (parameter "pref", 1 is best)."""
    lines = [line for line in card if line[0].lower() == name]
    lines.sort(key=_preference)
    texts = [value for line in lines for value in line[3:] if isinstance(value, str)]
    return [_bare(text) for text in texts if text.strip()]


def _preference(line: list[Any]) -> int:
    told = line[1].get("pref") if isinstance(line[1], dict) else None
    text = str(told)[:4] if isinstance(told, (str, int)) else ""
    return int(text) if text.isascii() and text.isdigit() else 100


def _js_values(entity: dict[str, Any], member: str, field: str, kind: str = "") -> list[str]:
    card = entity.get("jscard") or entity.get("jscard_0") or {}
    lines = card.get(member) if isinstance(card, dict) else None
    if not isinstance(lines, dict):
        return []
    chosen = [line for line in lines.values() if isinstance(line, dict) and (not kind or line.get("kind") == kind)]
    return [_bare(line[field]) for line in chosen if isinstance(line.get(field), str)]


def _bare(text: str) -> str:
    text = text.strip()
    return text[7:] if text.lower().startswith("mailto:") else text
