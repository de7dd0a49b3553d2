"""What stands in the way of publishing a mapping's draft: everything at once, each with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from connectors.contracts import Condition, Group, Side
from syncapp.engine.filters import OPERATORS
from syncapp.engine.formula import Kind, check
from syncapp.engine.lines import rule_of
from syncapp.engine.mapping import Criterion, FieldSpec, FormulaTest, MappingSpec, ValueType, WriteMode
from syncapp.engine.naming import lists_named
from syncapp.engine.overlap import may_overlap
from syncapp.models import Mapping, ValueMap
from syncapp.services import field_lists
from syncapp.services.mapping_faults import Fault
from syncapp.services.mapping_field_checks import field_faults
from syncapp.services.reference_lists import LISTS
from syncapp.store import specs

MOST_PLACES = 7
"""Decimal places that either side keeps at most."""


def validate(mapping: Mapping) -> list[Fault]:
    """Everything that stands in the way of publishing this draft, all at once, and (not `serious`) what should be known
    before; by place. Nothing serious: it can be published. Looks only at what was described last; makes no call."""
    spec = specs.draft_spec(mapping)
    known = set(Mapping.objects.filter(integration_id=mapping.integration_id).values_list("key", flat=True))
    lists = set(ValueMap.objects.filter(integration_id=mapping.integration_id).values_list("name", flat=True))
    quickbooks = mapping.integration.quickbooks
    found = [
        *_whole_faults(spec),
        *_row_faults(spec, known, lists | set(LISTS)),
        *_target_faults(spec),
        *_group_faults(spec),
        *_loop_faults(spec),
        *_overlap_faults(mapping, spec),
        *field_faults(spec, field_lists.known(mapping), quickbooks.facts if quickbooks else {}),
    ]
    return sorted(found, key=_place)


def _place(fault: Fault) -> tuple[bool, int]:
    return not fault.serious, fault.position or 0


def serious(faults: Iterable[Fault]) -> list[Fault]:
    """Those that stand in the way of publishing."""
    return [fault for fault in faults if fault.serious]


def _whole_faults(spec: MappingSpec) -> Iterator[Fault]:
    if not spec.fields:
        yield Fault("mapping.no_rows")
    for where, rules in (("Salesforce filter", spec.sf_filter), ("QuickBooks filter", spec.qbo_filter)):
        yield from _rule_faults(where, rules)
    names = Counter(one.name for one in spec.criteria)
    for one in spec.criteria:
        if names[one.name] > 1 or not one.members:
            yield Fault("mapping.criteria_incomplete", None, {"name": one.name})
        yield from _rule_faults(f"Criteria {one.name}", one.members)


def _rule_faults(where: str, rules: Iterable[Criterion]) -> Iterator[Fault]:
    for number, rule in enumerate(rules, start=1):
        if isinstance(rule, Group):
            yield from _rule_faults(where, rule.members)
        elif isinstance(rule, FormulaTest):
            for error in check(rule.formula, wanted=Kind.BOOL):
                values = {"label": where, "message": error.sentence, "at": error.position}
                yield Fault("mapping.formula_wrong", None, values)
        elif not _usable(rule):
            yield Fault("mapping.bad_condition", None, {"side": where, "number": number})


def _usable(condition: Condition) -> bool:
    if condition.operator not in OPERATORS or not condition.path:
        return False
    if condition.operator == "in":
        return isinstance(condition.value, list | tuple) and bool(condition.value)
    return condition.operator == "blank" or condition.value not in (None, "")


def _row_faults(spec: MappingSpec, known_mappings: set[str], lists: set[str]) -> Iterator[Fault]:
    keys = Counter(row.key for row in spec.fields)
    for position, row in enumerate(spec.fields, start=1):
        values = {"label": row.label or row.key}
        if not row.key or keys[row.key] > 1:
            yield Fault("mapping.key_twice", position, {**values, "key": row.key})
        yield from _end_faults(position, row, values)
        yield from _formula_faults(position, row)
        yield from _list_faults(position, row, lists)
        yield from _writing_faults(position, row, values)
        if row.type is ValueType.REFERENCE and not row.lookup and row.refers_to not in known_mappings:
            yield Fault("mapping.refers_to_nothing", position, {**values, "refers_to": row.refers_to})
        if row.type is ValueType.DECIMAL and row.places > MOST_PLACES:
            yield Fault("mapping.too_many_places", position, {**values, "most": MOST_PLACES})


def _end_faults(position: int, row: FieldSpec, values: dict[str, Any]) -> Iterator[Fault]:
    """Both ends of a row: a field on the side it writes; a field, a fixed value or a formula on the side it reads."""
    ends = {Side.SALESFORCE: row.sf_path, Side.QUICKBOOKS: row.qbo_path}
    computed = bool(row.formula) or row.constant is not None
    for side, path in ends.items():
        if not path and side is Side.QUICKBOOKS and row.part and row.key == "discount":
            continue  # it goes into the line's price, or into the discount line
        if not path and not (computed and (row.source is None or row.source is side)):
            yield Fault(_NO_FIELD[side], position, values)
    if computed and row.source is None:
        code = "mapping.formula_both_ways" if row.formula else "mapping.constant_both_ways"
        yield Fault(code, position, values)
    if row.formula and row.source is not None and ends[row.source]:
        yield Fault("mapping.formula_has_source", position, {**values, "path": ends[row.source]})


_NO_FIELD = {
    Side.SALESFORCE: "mapping.no_salesforce_field",
    Side.QUICKBOOKS: "mapping.no_quickbooks_field",
}


def _formula_faults(position: int, row: FieldSpec) -> Iterator[Fault]:
    if not row.formula:
        return
    label = row.label or row.key
    for error in check(row.formula):
        values = {"label": label, "message": error.sentence, "at": error.position}
        yield Fault("mapping.formula_wrong", position, values)


def _list_faults(position: int, row: FieldSpec, lists: set[str]) -> Iterator[Fault]:
    for name in filter(None, (row.value_map, *lists_named(row.formula))):
        if name not in lists:
            yield Fault("mapping.no_list", position, {"label": row.label or row.key, "name": name})


def _writing_faults(position: int, row: FieldSpec, values: dict[str, Any]) -> Iterator[Fault]:
    if row.write is WriteMode.APPEND and (row.type is not ValueType.TEXT or row.source is None):
        yield Fault("mapping.append_needs_text", position, values)


def _target_faults(spec: MappingSpec) -> Iterator[Fault]:
    """Two rows that write the same field would undo one another for ever."""
    for side, name in ((Side.QUICKBOOKS, "qbo_path"), (Side.SALESFORCE, "sf_path")):
        writers: dict[str, FieldSpec] = {}
        for position, row in enumerate(spec.fields, start=1):
            path = getattr(row, name)
            if not path or not row.direction.allows(side):
                continue
            first = writers.setdefault(f"{row.part}:{path}".lower(), row)
            if first is not row and not _told_apart(spec, first, row):
                yield Fault(
                    "mapping.two_rows_one_field",
                    position,
                    {"label": row.label, "other": first.label, "path": path},
                )


def _told_apart(spec: MappingSpec, one: FieldSpec, other: FieldSpec) -> bool:
    """Whether two rows of a line hold a field by turns: the mapping says when each does, and never both."""
    only = rule_of(spec).only if one.part else {}
    return one.key in only and other.key in only and not may_overlap(only[one.key], only[other.key])


def _group_faults(spec: MappingSpec) -> Iterator[Fault]:
    """Rows that merge as one must follow the same rules, or half an address would move."""
    leaders: dict[str, FieldSpec] = {}
    for position, row in enumerate(spec.fields, start=1):
        if not row.group:
            continue
        leader = leaders.setdefault(row.group, row)
        if _rules(row) != _rules(leader):
            yield Fault(
                "mapping.group_disagrees",
                position,
                {"label": row.label, "other": leader.label, "group": row.group},
            )


def _rules(row: FieldSpec) -> tuple[Any, ...]:
    return (row.direction, row.on_conflict, row.on_drift, row.initial)


def _loop_faults(spec: MappingSpec) -> Iterator[Fault]:
    """Rows whose values would run in a circle: each write would set off the next."""
    edges: dict[str, list[tuple[str, int]]] = {}
    for position, row in enumerate(spec.header, start=1):
        for side in Side:
            target = row.sf_path if side is Side.SALESFORCE else row.qbo_path
            source = row.qbo_path if side is Side.SALESFORCE else row.sf_path
            if row.direction.allows(side) and target and source:
                edges.setdefault(f"{side.other}:{source}", []).append((f"{side}:{target}", position))
    for position, row in enumerate(spec.header, start=1):
        back = _way_back(edges, position, row)
        if back is not None:
            other = spec.header[back - 1]
            yield Fault("mapping.loop", position, {"label": row.label, "other": other.label})


def _way_back(edges: dict[str, list[tuple[str, int]]], position: int, row: FieldSpec) -> int | None:
    """The last row of a way from this row's target back to its source by other rows."""
    if row.source is None or not row.sf_path or not row.qbo_path:
        return None
    ends = (f"sf:{row.sf_path}", f"qbo:{row.qbo_path}")
    start, goal = ends if row.source is Side.QUICKBOOKS else ends[::-1]
    seen, waiting = {start}, [start]
    while waiting:
        for place, by in edges.get(waiting.pop(), ()):
            if by == position or place in seen:
                continue
            if place == goal:
                return by
            seen.add(place)
            waiting.append(place)
    return None


def _overlap_faults(mapping: Mapping, spec: MappingSpec) -> Iterator[Fault]:
    """Mappings that would both make a record of the same one: their filters let the same records in."""
    others = Mapping.objects.filter(integration_id=mapping.integration_id, published_number__gt=0)
    for other in others.exclude(pk=mapping.pk).exclude(mode="off"):
        theirs = specs.published_spec(other)
        if theirs is None or spec.qbo_entity != theirs.qbo_entity:
            continue
        for side, same in ((Side.SALESFORCE, spec.sf_object == theirs.sf_object), (Side.QUICKBOOKS, True)):
            both = same and _makes_from(spec, side) and _makes_from(theirs, side)
            if both and may_overlap(spec.filter_of(side), theirs.filter_of(side)):
                values = {"other": other.label, "side": _WORDS[side]}
                yield Fault("mapping.overlap", None, values, serious=False)


def _makes_from(spec: MappingSpec, side: Side) -> bool:
    policies = spec.policies
    makes = policies.create_in_qbo if side is Side.SALESFORCE else policies.create_in_sf
    return makes and any(row.direction.allows(side.other) for row in spec.fields)


_WORDS = {Side.SALESFORCE: "Salesforce", Side.QUICKBOOKS: "QuickBooks"}
