"""Dotted paths of vendor bodies: reading a value out of one and building one from values.

Salesforce: flat fields (`BillingCity`) and relationship paths (`Owner.Name`, read only). QuickBooks: nested members
(`BillAddr.City`, `PrimaryPhone.FreeFormNumber`); a reference is an object whose `value` is the id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connectors.contracts import Body

Reader = Callable[[Body], Any]


def split(path: str) -> tuple[str, ...]:
    """The members of a dotted path, outermost first."""
    return tuple(path.split("."))


def reader(path: str) -> Reader:
    """A function that reads `path` from a body: None where a member on the way is absent or null. Made once per row."""
    members = split(path)
    if len(members) == 1:
        return _flat_reader(members[0])
    if len(members) == 2:
        return _nested_reader(*members)
    return _deep_reader(members)


def _flat_reader(member: str) -> Reader:
    def read(body: Body) -> Any:
        return body.get(member)

    return read


def _nested_reader(outer: str, inner: str) -> Reader:
    def read(body: Body) -> Any:
        part = body.get(outer)
        return part.get(inner) if isinstance(part, Mapping) else None

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
