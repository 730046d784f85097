"""XML from strangers: no document types, hence no entities; few and shallow elements."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

DEEPEST = 40
MOST_ELEMENTS = 400_000


class XmlError(Exception):
    """The text is no XML, or more than is read."""


class _Careful(ElementTree.TreeBuilder):
    """Counts while it builds, so that a trap is left before it is large."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.count = 0

    def start(self, tag: Any, attrs: Any) -> Any:
        self.depth += 1
        self.count += 1
        if self.depth > DEEPEST or self.count > MOST_ELEMENTS:
            raise XmlError("too deep or too many elements")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Any:
        self.depth -= 1
        return super().end(tag)

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise XmlError("a document type")


def tree_of(body: bytes) -> ElementTree.Element:
    """The root element. Raises XmlError."""
    parser = ElementTree.XMLParser(target=_Careful())  # noqa: S314 - see above
    try:
        parser.feed(body)
        return parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise XmlError(str(error)) from error


def local(element: ElementTree.Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in element if local(one) == name]


def child(element: ElementTree.Element | None, name: str) -> ElementTree.Element | None:
    return next(iter(children(element, name)), None) if element is not None else None


def text_of(element: ElementTree.Element | None, name: str) -> str:
    found = child(element, name)
    return (found.text or "").strip() if found is not None else ""
