"""Outbound messages of Salesforce as they arrive: SOAP over HTTPS, up to 100 notifications each (reference
salesforce.md 5.6).

The body comes from the internet before anybody has signed in, so it is read by a parser that refuses document types
(and with them entities of any kind) and stops at its limits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from connectors.salesforce.ids import is_id, to_18

NAMESPACE = "http://soap.sforce.com/2005/09/outbound"
OBJECTS = "urn:sobject.enterprise.soap.sforce.com"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
MOST_NOTIFICATIONS = 100
MOST_DEPTH = 12
MOST_ELEMENTS = 100_000
LONGEST_TEXT = 200_000
"""A long text area holds 131,072 characters."""

ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    b"</soapenv:Body></soapenv:Envelope>"
)


class Unreadable(ValueError):
    """The body is no outbound message."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One saved record that a message names. Its values are those at the time of sending and are not used."""

    id: str
    object: str
    record_id: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the org that says it sent it, and what it names."""

    org_id: str
    notifications: tuple[Notification, ...]


def parse(raw: bytes) -> Message:
    """The message in a body. Raises Unreadable for anything else, also for one with a document type."""
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ExternalEntityRefHandler = reader.refuse
    parser.ProcessingInstructionHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Unreadable("the body is no XML") from error
    return reader.message()


@dataclass
class _Reader:
    """Collects what the handlers see, by the path of element names."""

    path: list[str] = field(default_factory=list)
    elements: int = 0
    words: list[str] = field(default_factory=list)
    length: int = 0
    org_id: str = ""
    found: list[Notification] = field(default_factory=list)
    current: dict[str, str] = field(default_factory=dict)

    def refuse(self, *_: Any) -> Any:
        raise Unreadable("document types, entities and processing instructions are refused")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        if len(self.path) >= MOST_DEPTH or self.elements > MOST_ELEMENTS:
            raise Unreadable("the body has too many elements")
        self.path.append(name)
        self.words, self.length = [], 0
        if self._is_in("notifications", "Notification", "sObject"):
            kind = attributes.get(f"{INSTANCE} type", "")
            self.current["object"] = kind.rpartition(":")[2]

    def text(self, text: str) -> None:
        self.length += len(text)
        if self.length > LONGEST_TEXT:
            raise Unreadable("a value is too long")
        self.words.append(text)

    def end(self, _name: str) -> None:
        text = "".join(self.words).strip()
        for path, take in self._places():
            if self._is_in(*path):
                take(text)
        self.path.pop()
        self.words, self.length = [], 0

    def _places(self) -> tuple[tuple[tuple[str, ...], Callable[[str], None]], ...]:
        return (
            (("notifications", "OrganizationId"), self._org),
            (("notifications", "Notification", "Id"), lambda text: self.current.__setitem__("id", text)),
            (("notifications", "Notification", "sObject", f"{OBJECTS} Id"), self._record),
            (("notifications", "Notification"), self._close),
        )

    def _is_in(self, *names: str) -> bool:
        """Whether the open elements are exactly these below the body of the envelope."""
        wanted = [name if " " in name else f"{NAMESPACE} {name}" for name in names]
        return self.path[2:] == wanted

    def _org(self, text: str) -> None:
        self.org_id = text

    def _record(self, text: str) -> None:
        self.current["record"] = text

    def _close(self, _text: str) -> None:
        one, self.current = self.current, {}
        if len(self.found) >= MOST_NOTIFICATIONS:
            raise Unreadable("the message has more than 100 notifications")
        id_, record, name = one.get("id", ""), one.get("record", ""), one.get("object", "")
        if not (is_id(id_) and is_id(record) and name.isidentifier() and name.isascii()):
            raise Unreadable("a notification names no record")
        self.found.append(Notification(to_18(id_), name, to_18(record)))

    def message(self) -> Message:
        if not is_id(self.org_id) or not self.found:
            raise Unreadable("the body is no outbound message")
        return Message(to_18(self.org_id), tuple(self.found))
