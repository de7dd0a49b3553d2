"""Dotted paths of vendor bodies: reading a value out of one and building one from values.

Salesforce: flat fields (`BillingCity`) and relationship paths (`Owner.Name`, read only). QuickBooks: nested members
(`BillAddr.City`, `PrimaryPhone.FreeFormNumber`); a reference is an object whose `value` is the id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.contracts import Body

Reader = Callable[[Body], Any]

CUSTOM_FIELD = "CustomField"
"""The member of QuickBooks bodies that lists custom fields; `CustomField.1` is the one with DefinitionId 1."""
CUSTOM_VALUES = ("StringValue", "NumberValue", "DateValue", "BooleanValue")


def split(path: str) -> tuple[str, ...]:
    """The members of a dotted path, outermost first."""
    return tuple(path.split("."))


def reader(path: str) -> Reader:
    """A function that reads `path` from a body: None where a member on the way is absent or null. Made once per row."""
    members = split(path)
    if members[0] == CUSTOM_FIELD and len(members) == 2:
        return _custom_reader(members[1])
    if len(members) == 1:
        return _flat_reader(members[0])
    if len(members) == 2:
        return _nested_reader(*members)
    return _deep_reader(members)


def _custom_reader(definition: str) -> Reader:
    def read(body: Body) -> Any:
        for one in body.get(CUSTOM_FIELD) or ():
            if str(one.get("DefinitionId")) == definition:
                return next((one[name] for name in CUSTOM_VALUES if one.get(name) is not None), None)
        return None

    return read


def put_custom(entries: list[dict[str, Any]], definition: str, value: Any) -> None:
    """Set a custom field among those that a record has (quickbooks.md 3.15); an empty value stands as empty text."""
    name = _custom_member(value)
    entry = next((one for one in entries if str(one.get("DefinitionId")) == definition), None)
    if entry is None:
        entry = {"DefinitionId": definition}
        entries.append(entry)
    for other in CUSTOM_VALUES:
        entry.pop(other, None)
    entry[name] = "" if value is None else value
    entry.setdefault("Type", name.replace("Value", "Type"))


def _custom_member(value: Any) -> str:
    if isinstance(value, bool):
        return "BooleanValue"
    if isinstance(value, int | float | Decimal):
        return "NumberValue"
    return "DateValue" if isinstance(value, date) else "StringValue"


def _flat_reader(member: str) -> Reader:
    def read(body: Body) -> Any:
        return body.get(member)

    return read


def _nested_reader(outer: str, inner: str) -> Reader:
    def read(body: Body) -> Any:
        part = body.get(outer)
        if part is None:
            return None
        # An answer's objects are dicts; asking for the abstract class costs as much as the rest of the reading.
        return part.get(inner) if part.__class__ is dict or isinstance(part, Mapping) else None

    return read


def _deep_reader(members: tuple[str, ...]) -> Reader:
    def read(body: Body) -> Any:
        part: Any = body
        for member in members:
            if isinstance(part, list) and member.isdigit():
                part = part[int(member)] if int(member) < len(part) else None
            elif isinstance(part, Mapping):
                part = part.get(member)
            else:
                return None
        return part

    return read


def read(body: Body, path: str) -> Any:
    """The raw value at a dotted path of a body, or None."""
    return reader(path)(body)


def put(body: dict[str, Any], members: tuple[str, ...], value: Any) -> None:
    """Set the value at a path of a body that is being built, making the objects on the way."""
    *outer, last = members
    part = body
    for member in outer:
        part = part.setdefault(member, {})
    part[last] = value


def reference_path(path: str) -> str:
    """The path of a QuickBooks reference's id, whether the row names the reference or its `value`."""
    return path if path.endswith(".value") or path == "Id" else f"{path}.value"
