"""Between vendor bodies and canonical values: projecting a record, composing what is sent, keeping values as JSON.

`project` and `compose` are the only places that know where a mapped value lies in a body. What QuickBooks replaces as
a whole (addresses, phone, e-mail objects) is sent as a whole (quickbooks.md 3.1.3); a cleared field is sent the way
its side wants it: null to Salesforce (salesforce.md 2.6), empty text to QuickBooks, in a reference as its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from connectors.contracts import Body, RemoteRecord, Side
from syncapp.engine.compiled import CompiledRow, CompiledSpec, compile_spec
from syncapp.engine.decision import Projection
from syncapp.engine.display import paths_of_names
from syncapp.engine.filters import paths_in
from syncapp.engine.lines import kept_value
from syncapp.engine.mapping import MappingSpec, ValueType, own_currency_path
from syncapp.engine.paths import CUSTOM_FIELD, put_custom
from syncapp.engine.records import value_to_json
from syncapp.engine.transforms import STREET_LINES, split_lines

PRICE_BOOK_PATHS = ("Pricebook2Id", "Pricebook2.Name")
"""What a document's price book is judged by (`engine.documents`)."""


def project(side: Side, record: RemoteRecord | Body, spec: MappingSpec) -> Projection:
    """The canonical values that this record holds for the mapping's rows; empty ones are left out."""
    body = record.body if isinstance(record, RemoteRecord) else record
    return {key: value for key, read in compile_spec(spec).readers(side) if (value := read(body)) is not None}


def fields_to_read(side: Side, spec: MappingSpec) -> tuple[str, ...]:
    """The field paths a read must ask for: system fields, mapped and filtered ones, the external id. QuickBooks answers
    whole records and ignores it."""
    compiled = compile_spec(spec)
    paths: dict[str, None] = dict.fromkeys(compiled.traits(side).system_fields)
    paths |= dict.fromkeys(_mapped_paths(side, compiled))
    paths |= dict.fromkeys(paths_in(spec.filter_of(side)))
    paths |= dict.fromkeys(paths_of_names(side, compiled))
    if side is Side.SALESFORCE and spec.options.get("price_books"):
        paths |= dict.fromkeys(PRICE_BOOK_PATHS)
    if side is Side.SALESFORCE and spec.options.get("address_path"):
        paths[str(spec.options["address_path"])] = None
    if side is Side.SALESFORCE and (own := own_currency_path(spec)):
        paths[own] = None
    return tuple(paths)


def _mapped_paths(side: Side, compiled: CompiledSpec) -> Iterable[str]:
    for row in compiled.rows:
        yield from row.reads(side)


def compose(
    side: Side, spec: MappingSpec, values: Projection, *, current: RemoteRecord | None = None
) -> dict[str, Any]:
    """The partial body that gives the record on `side` exactly these values; nothing else of it changes.

    `values` hold canonical values as that side shall hold them (a decision's `UnitChange.values`); None clears.
    `current` is the record as it was read: what it holds beside the mapped members of an object that is replaced as a
    whole is sent along. Without it (or without its body) such unmapped members are lost, so read the record first
    where a mapping covers only part of an address.
    """
    before = current.body if current is not None else {}
    return _composed(side, compile_spec(spec), values, before, clear=not before)


def _composed(
    side: Side, compiled: CompiledSpec, values: Projection, before: Body, *, clear: bool
) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for key, value in values.items():
        row = compiled.by_key[key]
        if row.child is not None:
            body[row.members(side)[0]] = row.child.compose(side, value or ())
        elif side is Side.SALESFORCE and row.picked is not None:
            row.picked.put(body, to_wire(value), before)
        elif side is Side.SALESFORCE:
            body[row.spec.sf_path] = to_wire(value)
        elif row.qbo_members[0] == CUSTOM_FIELD:
            fields = body.setdefault(CUSTOM_FIELD, [dict(one) for one in before.get(CUSTOM_FIELD) or ()])
            put_custom(fields, row.qbo_members[1], value)
        else:
            kept = _kept(before.get(row.qbo_members[0]), compiled.qbo_traits.read_only)
            _put_quickbooks(body, row, value, kept, clear=clear)
    compiled.traits(side).finish(body)
    return body


def compose_create(side: Side, spec: MappingSpec, values: Projection) -> dict[str, Any]:
    """The body of a new record with these values; empty ones are left out, so that the vendor's defaults hold."""
    filled = {key: value for key, value in values.items() if value is not None}
    return _composed(side, compile_spec(spec), filled, {}, clear=False)


def to_wire(value: Any) -> Any:
    """A canonical value as JSON bodies hold it: dates as ISO text, decimals exact."""
    return value_to_json(value) if isinstance(value, date | datetime) else value


def _put_quickbooks(
    body: dict[str, Any], row: CompiledRow, value: Any, kept: dict[str, Any], *, clear: bool
) -> None:
    head, *rest = row.qbo_members
    if row.reference:
        body[head] = {"value": value or ""}
    elif not rest:
        body[head] = _quickbooks_value(row, value)
    else:
        part = body.setdefault(head, kept)
        if row.lines:
            _put_lines(part, value, clear=clear)
        else:
            _put_member(part, rest, _quickbooks_value(row, value), clear=clear)


def _quickbooks_value(row: CompiledRow, value: Any) -> Any:
    if value is None:
        # Empty text clears a text field; for dates, numbers and choices it is refused (faults 2060, 2080, 2170).
        return "" if row.spec.type in CLEARED_BY_EMPTY_TEXT else None
    return to_wire(value)


CLEARED_BY_EMPTY_TEXT = frozenset(
    {
        ValueType.TEXT,
        ValueType.PHONE,
        ValueType.EMAIL,
        ValueType.URL,
        ValueType.COUNTRY,
        ValueType.STATE,
    }
)


def _kept(part: Any, read_only: frozenset[str]) -> dict[str, Any]:
    if not isinstance(part, Mapping):
        return {}
    return {member: value for member, value in part.items() if member not in read_only}


def _put_member(part: dict[str, Any], members: list[str], value: Any, *, clear: bool) -> None:
    """Set a member; an empty one only where there is something to clear, or nobody knows (`clear`)."""
    *outer, last = members
    for member in outer:
        part = part.setdefault(member, {})
    if value == "" and not clear and not part.get(last):
        part.pop(last, None)
    else:
        part[last] = value


def _put_lines(part: dict[str, Any], text: str | None, *, clear: bool) -> None:
    lines = split_lines(text or "")
    for index, member in enumerate(STREET_LINES):
        if index < len(lines):
            part[member] = lines[index]
        elif clear or part.get(member):
            part[member] = ""
        else:
            part.pop(member, None)


def to_json(
    spec: MappingSpec, projection: Projection, *, unknown: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """A projection as JSON for a base column: every row's key, null where empty, none for the units in `unknown`.

    That a key is absent means that its unit's base is unknown (`unknown_units`).
    """
    get = projection.get
    return {
        row.key: value_to_json(kept_value(get(row.key)))
        for row in compile_spec(spec).rows
        if row.spec.unit not in unknown
    }


def from_json(spec: MappingSpec, data: Mapping[str, Any] | None) -> Projection | None:
    """The projection that `to_json` stored; None stays None. Keys that the mapping no longer has are left out."""
    if data is None:
        return None
    compiled = compile_spec(spec)
    known = compiled.by_key
    projection = {key: value for key, value in data.items() if value is not None and key in known}
    for key, parse in compiled.parsed:
        if key in projection:
            projection[key] = parse(projection[key])
    return projection


def unknown_units(
    spec: MappingSpec, sf_data: Mapping[str, Any] | None, qbo_data: Mapping[str, Any] | None
) -> frozenset[str]:
    """Units of which no base is stored on one of the sides: never agreed, or new in this version (section 2.7)."""
    sf_keys, qbo_keys = sf_data or {}, qbo_data or {}
    return frozenset(
        row.spec.unit for row in compile_spec(spec).rows if row.key not in sf_keys or row.key not in qbo_keys
    )
