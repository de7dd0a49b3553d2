"""What the described fields of both sides say about a draft: vanished and read-only fields, types, lengths, settings.

Needs a description of the side (`field_lists`); a side that was never described raises no doubt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from connectors.contracts import FieldInfo, Group, ObjectInfo, Side
from syncapp.engine.entities import traits
from syncapp.engine.filters import fields_read, paths_in
from syncapp.engine.formula import Kind, check
from syncapp.engine.lines import CHILD, rule_of
from syncapp.engine.mapping import (
    Criterion,
    FieldSpec,
    FormulaTest,
    MappingSpec,
    ValueType,
    WriteMode,
    one_currency,
)
from syncapp.services.field_lists import BothSides
from syncapp.services.mapping_faults import Fault

CUSTOM = "CustomField."
NUMBERS = frozenset({"currency", "double", "int", "percent", "long"})
_WANTED: dict[ValueType, frozenset[str]] = {
    ValueType.DECIMAL: NUMBERS | {"string", "textarea"},
    ValueType.DATE: frozenset({"date", "string", "textarea"}),
    ValueType.DATETIME: frozenset({"datetime", "string", "textarea", "date"}),
    ValueType.BOOL: frozenset({"boolean", "string"}),
}
"""Types of a target field that can take a row of this type. Text fits where nothing is said."""
_TYPED = NUMBERS | {"date", "datetime", "boolean"}


def field_faults(spec: MappingSpec, sides: BothSides, facts: Mapping[str, Any]) -> Iterator[Fault]:
    """All doubts about fields. `facts` are those of the QuickBooks company."""
    for position, row in enumerate(spec.fields, start=1):
        yield from _tracking_faults(position, row, facts)
        for side in Side:
            info = object_of_row(spec, row, side, sides)
            if info is not None:
                yield from _row_faults(position, row, side, info, sides)
                yield from _picklist_faults(spec, position, row, side, info)
        if row.source is not None:
            yield from _formula_kinds(position, row, object_of_row(spec, row, row.source, sides))
        yield from _tax_faults(position, row, facts)
    yield from _currency_faults(spec, facts)
    yield from _filter_faults(spec, sides)
    yield from _required_faults(spec, sides)
    yield from _tight_faults(spec, sides)


def vanished(spec: MappingSpec, sides: BothSides) -> list[Fault]:
    """The rows of a mapping, published or not, whose field is not there any more."""
    return [
        fault
        for fault in field_faults(spec, sides, {})
        if fault.code == "mapping.field_gone" and fault.position
    ]


def object_of_row(spec: MappingSpec, row: FieldSpec, side: Side, sides: BothSides) -> ObjectInfo | None:
    """The described object that a row's fields are on: that of the record, or that of its lines. None where it was
    never described; the lines of QuickBooks are described by nobody."""
    if not row.part:
        return sides.of(side)
    return sides.related.get(rule_of(spec).sf_object) if side is Side.SALESFORCE else None


def field_at(info: ObjectInfo, path: str) -> FieldInfo | None:
    """The described field of a path: named whole, or a reference by its `value`, or the object around it."""
    by_name = {one.name: one for one in info.fields}
    return by_name.get(path) or by_name.get(path.removesuffix(".value"))


def _exists(info: ObjectInfo, side: Side, path: str, sides: BothSides) -> bool:
    if (
        field_at(info, path) is not None
        or path.startswith(CUSTOM)
        or path in traits(side, info.name).computed
    ):
        return True
    if CHILD in path:
        return True  # a row of related records, which the description of this object does not name
    head, _, rest = path.partition(".")
    if side is Side.QUICKBOOKS:
        # Members of an object that is known by its outermost name only, and line totals that servers add.
        return any(one.name == head or one.name.startswith(f"{head}.") for one in info.fields)
    return bool(rest) and _related(info, head, rest, sides)


def _related(info: ObjectInfo, relation: str, rest: str, sides: BothSides) -> bool:
    """Whether a relationship path leads somewhere: its first step must be a lookup of the object."""
    names = {relation, f"{relation}Id", relation.replace("__r", "__c")}
    lookup = next((one for one in info.fields if one.name in names and one.references), None)
    if lookup is None:
        return False
    target = sides.related.get(lookup.references[0]) if len(lookup.references) == 1 else None
    return target is None or _exists(target, Side.SALESFORCE, rest, sides)


def _row_faults(
    position: int, row: FieldSpec, side: Side, info: ObjectInfo, sides: BothSides
) -> Iterator[Fault]:
    path = row.sf_path if side is Side.SALESFORCE else row.qbo_path
    values = {"label": row.label or row.key, "field": path, "side": _WORDS[side]}
    own = "" if row.type is ValueType.LINES else path  # lines are named by their relationship, not by a field
    for one in (own, *(fields_read(row.formula) if row.source is side else ())):
        if one and not _exists(info, side, one, sides):
            yield Fault("mapping.field_gone", position, {**values, "field": one, "near": _near(info, one)})
    found = field_at(info, path) if path else None
    if found is None or not row.direction.allows(side):
        return
    if not (found.createable if row.write is WriteMode.ON_CREATE else found.updateable):
        # A row that flows both ways is written only where it may be; one that flows here has no other purpose.
        yield Fault("mapping.field_read_only", position, values, serious=row.source is not None)
    yield from _type_faults(position, row, found, values)
    yield from _length_faults(position, row, side, found, values)


def _near(info: ObjectInfo, path: str) -> str:
    by_lower = {one.name.lower(): one.name for one in info.fields}
    found = get_close_matches(path.lower(), by_lower, 1, 0.75)
    return f"Do you mean {by_lower[found[0]]}?" if found else ""


def _type_faults(position: int, row: FieldSpec, found: FieldInfo, values: dict[str, Any]) -> Iterator[Fault]:
    wanted = _WANTED.get(row.type)
    texts = row.type in (ValueType.TEXT, ValueType.PHONE, ValueType.EMAIL, ValueType.URL)
    if (wanted is not None and found.type not in wanted) or (
        texts and found.type in _TYPED and not row.lookup
    ):
        more = {"type": row.type.value, "wanted": found.type}
        yield Fault("mapping.type_differs", position, {**values, **more}, serious=False)


def _length_faults(
    position: int, row: FieldSpec, side: Side, found: FieldInfo, values: dict[str, Any]
) -> Iterator[Fault]:
    own = row.sf_length if side is Side.SALESFORCE else row.qbo_length
    if found.length and own is not None and own > found.length and _is_text(row):
        more = {"length": own, "limit": found.length}
        yield Fault("mapping.length_wrong", position, {**values, **more})


def _is_text(row: FieldSpec) -> bool:
    return row.type in (ValueType.TEXT, ValueType.CHOICE) and "truncate" not in row.transform.split("|")


def _tight_faults(spec: MappingSpec, sides: BothSides) -> Iterator[Fault]:
    """Texts that fit on the side they come from and may not on the other: told once for all of them."""
    labels = [
        row.label or row.key
        for row in spec.header
        for side in Side
        if _is_text(row) and row.direction.allows(side) and _is_tight(row, side, sides)
    ]
    if labels:
        values = {"labels": list(dict.fromkeys(labels)), "count": len(labels)}
        yield Fault("mapping.may_be_too_long", None, values, serious=False)


def _is_tight(row: FieldSpec, side: Side, sides: BothSides) -> bool:
    info, path = sides.of(side), row.sf_path if side is Side.SALESFORCE else row.qbo_path
    found = field_at(info, path) if info is not None and path else None
    other = row.qbo_length if side is Side.SALESFORCE else row.sf_length
    return bool(found and found.length and other and other > found.length)


def kinds_of(info: ObjectInfo | None) -> dict[str, Kind]:
    """The kinds of an object's fields, for formulas."""
    return {one.name: _KINDS.get(one.type, Kind.TEXT) for one in info.fields} if info is not None else {}


_KINDS = {
    **dict.fromkeys(NUMBERS, Kind.NUMBER),
    "boolean": Kind.BOOL,
    "date": Kind.DATE,
    "datetime": Kind.TIME,
    "object": Kind.ANY,
    "lines": Kind.ANY,
}


def _formula_kinds(position: int, row: FieldSpec, info: ObjectInfo | None) -> Iterator[Fault]:
    """What a formula gets wrong only once the kinds of the fields are known; the rest is told without them. One that
    gives another kind than its row holds may still be read as it, and is a doubt."""
    if not row.formula or check(row.formula):
        return
    kinds = kinds_of(info)
    found = check(row.formula, kinds)
    doubts = [] if found else check(row.formula, kinds, _GIVES.get(row.type, Kind.ANY))
    for error in (*found, *doubts):
        values = {"label": row.label or row.key, "message": error.sentence, "at": error.position}
        yield Fault("mapping.formula_wrong", position, values, serious=bool(found))


_GIVES = {
    ValueType.DECIMAL: Kind.NUMBER,
    ValueType.DATE: Kind.DATE,
    ValueType.DATETIME: Kind.TIME,
    ValueType.BOOL: Kind.BOOL,
}


def _picklist_faults(
    spec: MappingSpec, position: int, row: FieldSpec, side: Side, info: ObjectInfo
) -> Iterator[Fault]:
    """Values that a row may write and that the target's picklist does not offer."""
    path = row.sf_path if side is Side.SALESFORCE else row.qbo_path
    found = field_at(info, path) if path and row.direction.allows(side) else None
    if found is None or not found.picklist:
        return
    offered = {value.casefold() for value in found.picklist}
    unknown = [value for value in _written(spec, row, side) if value.casefold() not in offered]
    if unknown:
        values = {"label": row.label or row.key, "field": path, "values": unknown[:5], "side": _WORDS[side]}
        yield Fault("mapping.not_in_picklist", position, values, serious=False)


def _written(spec: MappingSpec, row: FieldSpec, side: Side) -> Iterator[str]:
    """The values that a row says itself: fixed, where the source is empty, and those of its value map."""
    for value in (row.constant, row.default):
        if isinstance(value, str) and value and not value.startswith("@"):
            yield value
    for value_map in spec.value_maps:
        if value_map.name == row.value_map:
            table, otherwise = value_map.towards(side)
            yield from dict.fromkeys(value for value in (*table.values(), otherwise) if value)


def _tax_faults(position: int, row: FieldSpec, facts: Mapping[str, Any]) -> Iterator[Fault]:
    writes = row.direction.allows(Side.QUICKBOOKS)
    values = {"label": row.label or row.key}
    if writes and row.qbo_path == "GlobalTaxCalculation" and facts.get("country") == "US":
        yield Fault("mapping.us_tax", position, values)
    if writes and row.qbo_path == "DocNumber" and facts.get("custom_numbers") is False:
        yield Fault("mapping.numbers_off", position, values, serious=False)


def _currency_faults(spec: MappingSpec, facts: Mapping[str, Any]) -> Iterator[Fault]:
    """A currency that the company does not keep; where it keeps several, QuickBooks says so of each customer."""
    code, home = one_currency(spec.options), facts.get("currency")
    if code and home and code != home and facts.get("multicurrency") is False:
        yield Fault("mapping.no_currency", None, {"value": code, "wanted": home})


_TRACKED = {
    "ClassRef": ("classes", "header"),
    "SalesItemLineDetail.ClassRef": ("classes", "line"),
    "DepartmentRef": ("locations", True),
}
"""Where QuickBooks takes a class or location, by the company's setting; elsewhere it ignores it (quickbooks.md 3.6)."""


def _tracking_faults(position: int, row: FieldSpec, facts: Mapping[str, Any]) -> Iterator[Fault]:
    name, wanted = _TRACKED.get(row.qbo_path.removesuffix(".value"), ("", None))
    if name and name in facts and facts[name] != wanted and row.direction.allows(Side.QUICKBOOKS):
        yield Fault("mapping.not_tracked", position, {"label": row.label or row.key}, serious=False)


def _filter_faults(spec: MappingSpec, sides: BothSides) -> Iterator[Fault]:
    for side in Side:
        yield from _criteria_faults("Filter", spec.filter_of(side), side, sides.of(side), sides)
    rule = rule_of(spec)
    lines = sides.related.get(rule.sf_object)
    yield from _criteria_faults("Only these lines", rule.conditions, Side.SALESFORCE, lines, sides)


def _criteria_faults(
    label: str, rules: Sequence[Criterion], side: Side, info: ObjectInfo | None, sides: BothSides
) -> Iterator[Fault]:
    """What is wrong with criteria over one object: formulas of the wrong kind, fields that are not there."""
    yield from _filter_kinds(label, rules, info)
    for path in dict.fromkeys(paths_in(rules)) if info is not None else ():
        if info is not None and not _exists(info, side, path, sides):
            values = {"label": label, "field": path, "side": _WORDS[side], "near": _near(info, path)}
            yield Fault("mapping.field_gone", None, values)


def _filter_kinds(label: str, rules: Iterable[Criterion], info: ObjectInfo | None) -> Iterator[Fault]:
    """Formulas among the criteria that do not fit the kinds of the fields."""
    for rule in rules:
        if isinstance(rule, Group):
            yield from _filter_kinds(label, rule.members, info)
        elif isinstance(rule, FormulaTest) and not check(rule.formula, wanted=Kind.BOOL):
            for error in check(rule.formula, kinds_of(info), Kind.BOOL):
                values = {"label": label, "message": error.sentence, "at": error.position}
                yield Fault("mapping.formula_wrong", None, values)


def _required_faults(spec: MappingSpec, sides: BothSides) -> Iterator[Fault]:
    """Fields without which the other side makes no record, and that no row fills."""
    creates = {Side.QUICKBOOKS: spec.policies.create_in_qbo, Side.SALESFORCE: spec.policies.create_in_sf}
    for side in Side:
        info = sides.of(side)
        if info is None or not creates[side] or not any(row.direction.allows(side) for row in spec.fields):
            continue
        paths = {row.sf_path if side is Side.SALESFORCE else row.qbo_path for row in spec.fields}
        filled = {path.removesuffix(".value") for path in paths} | {path.partition(".")[0] for path in paths}
        for field in info.fields:
            if field.required and field.createable and field.name not in filled and field.type != "lines":
                values = {"field": field.label, "side": _WORDS[side]}
                yield Fault("mapping.required_unmapped", None, values, serious=False)


_WORDS = {Side.SALESFORCE: "Salesforce", Side.QUICKBOOKS: "QuickBooks"}
