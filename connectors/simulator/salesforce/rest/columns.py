"""`/query?columns=true`: the columns of a query, without running it; the vendor's command line shows tables by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.simulator.salesforce.soql import ast
from connectors.simulator.salesforce.soql.parser import parse

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity
    from connectors.simulator.salesforce.soql.plan import Leaf, Node, Plan

_NUMBERS = frozenset({"double", "currency", "percent", "int"})


def column_metadata(plan: Plan, soql: str) -> dict[str, Any]:
    """The answer for a compiled query."""
    grouped = plan.is_aggregate or plan.counts_only
    columns = _grouped(plan, soql) if grouped else _of(plan)
    return {
        "columnMetadata": columns,
        "entityName": plan.entity.name,
        "groupBy": bool(plan.grouping_sets),
        "idSelected": any(one["columnName"] == "Id" for one in columns),
        "keyPrefix": plan.entity.object.prefix,
    }


def _of(plan: Plan) -> list[dict[str, Any]]:
    """The selected fields and child lists, in the order of the SELECT."""
    children = {
        child.key: {**_column(child.key, None), "aggregate": True, "joinColumns": _of(child.plan)}
        for child in plan.children
    }
    return [children.get(column["columnName"], column) for column in _members(plan.root)]


def _members(node: Node | None) -> list[dict[str, Any]]:
    columns: dict[str, dict[str, Any]] = {}
    for target in node.targets if node is not None else ():
        for name, member in target.members.items():
            columns.setdefault(name, _member(name, member, target.entity))
    return list(columns.values())


def _member(name: str, member: Leaf | Node, entity: Entity) -> dict[str, Any]:
    inner = getattr(member, "targets", None)
    if inner is None:
        return _column(name, entity)
    return {**_column(name, None), "joinColumns": _members(member)}  # type: ignore[arg-type]


def _grouped(plan: Plan, soql: str) -> list[dict[str, Any]]:
    """Values of groups keep their name; functions show how they were written."""
    columns = []
    for (key, _, _), item in zip(plan.aggregates, parse(soql).select, strict=False):
        expression = item.expression if isinstance(item, ast.Selected) else None
        column = _column(key, plan.entity)
        if isinstance(expression, ast.Call):
            column |= {"aggregate": True, "displayName": _written(expression)}
        columns.append(column)
    return columns


def _written(call: ast.Call) -> str:
    inside = ", ".join(".".join(one.names) for one in call.arguments if isinstance(one, ast.FieldPath))
    return f"{call.name}({inside})"


def _column(name: str, entity: Entity | None) -> dict[str, Any]:
    known = entity.fields.get(name.lower()) if entity is not None else None
    kind = known.type if known is not None else ""
    return {
        "aggregate": False,
        "apexType": kind,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": bool(known and known.custom),
        "displayName": name,
        "foreignKeyName": known.relationship if known is not None else None,
        "insertable": bool(known and known.createable),
        "joinColumns": [],
        "numberType": kind in _NUMBERS,
        "textType": bool(kind) and kind not in _NUMBERS and kind != "boolean",
        "updatable": bool(known and known.updateable),
    }
