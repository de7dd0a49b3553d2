"""XML in, without document types: what clients send is read by name, whatever its namespace."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


class BadXml(Exception):
    """Not well-formed, or with a document type; the text says where."""


def parse(raw: bytes | str) -> ET.Element:
    """The root element. Raises BadXml."""
    data = raw.encode() if isinstance(raw, str) else raw
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise BadXml("document types are not allowed")
    try:
        return ET.fromstring(data)  # noqa: S314
    except (ET.ParseError, ValueError) as error:
        raise BadXml(str(error)) from error


def name_of(element: ET.Element) -> str:
    """The local name."""
    return element.tag.rpartition("}")[2]


def children(element: ET.Element, name: str = "") -> Iterator[ET.Element]:
    """Direct children, those of one name only if given."""
    return (child for child in element if not name or name_of(child) == name)


def child(element: ET.Element, name: str) -> ET.Element | None:
    return next(children(element, name), None)


def text(element: ET.Element, name: str, default: str = "") -> str:
    """The text of a direct child."""
    found = child(element, name)
    return (found.text or "").strip() if found is not None else default


def flag(element: ET.Element, name: str, default: bool = False) -> bool:
    return text(element, name, str(default)).lower() == "true"


def number(element: ET.Element, name: str, default: int = 0) -> int:
    found = text(element, name)
    return int(found) if found.isdigit() else default


def find(element: ET.Element, name: str) -> ET.Element | None:
    """The first descendant of that name."""
    return next((one for one in element.iter() if name_of(one) == name), None)
