"""Conditions that people filter by, as SOQL (reference salesforce.md 3.1 to 3.3): typed by what the org describes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.contracts import Condition, FieldInfo, ObjectInfo
from connectors.salesforce import soql
from connectors.salesforce.ids import to_18

TEXT = frozenset(
    {
        "string",
        "picklist",
        "email",
        "phone",
        "url",
        "combobox",
        "id",
        "reference",
        "textarea",
        "multipicklist",
    }
)
NUMBERS = frozenset({"double", "currency", "percent", "int", "long"})
SHORT_TEXT = 255
"""Longer text areas cannot be filtered."""
_COMPARISONS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def fitted(info: ObjectInfo, condition: Condition) -> Condition | None:
    """The condition with its field as the org spells it; None where Salesforce cannot answer it. Raises LookupError for
    a field that the object has not, ValueError for a value that the field cannot hold."""
    if "." in condition.path:
        return condition if condition.operator in _COMPARISONS | {"in": "", "blank": ""} else None
    field = _field(info, condition.path)
    found = Condition(field.name, condition.operator, condition.value)
    if field.type == "textarea" and (field.length or 0) > SHORT_TEXT:
        return None
    if condition.operator in ("contains", "starts") and (
        field.type not in TEXT or field.type in ("id", "reference")
    ):
        return None
    text(info, found)
    return found


def text(info: ObjectInfo, condition: Condition) -> str:
    """The condition in SOQL. Raises ValueError for a value that the field cannot hold."""
    if condition.operator == "blank":
        return f"{soql.name(condition.path)} {'=' if condition.value else '!='} null"
    field = None if "." in condition.path else _field(info, condition.path)
    if condition.operator in ("contains", "starts"):
        return soql.like(condition.path, str(condition.value), anywhere=condition.operator == "contains")
    if condition.operator == "in":
        return soql.within(condition.path, [_typed(field, str(one)) for one in _listed(condition)])
    typed = _typed(field, str(condition.value))
    return f"{soql.name(condition.path)} {_COMPARISONS[condition.operator]} {soql.literal(typed)}"


def _listed(condition: Condition) -> Sequence[Any]:
    return condition.value if isinstance(condition.value, list | tuple) else [condition.value]


def _field(info: ObjectInfo, path: str) -> FieldInfo:
    wanted = path.lower()
    for field in info.fields:
        if field.name.lower() == wanted:
            return field
    raise LookupError(path)


def _typed(field: FieldInfo | None, value: str) -> soql.Value:
    if field is None or field.type in TEXT:
        return to_18(value) if field is not None and field.type in ("id", "reference") else value
    if field.type in NUMBERS:
        return _number(value)
    if field.type == "boolean":
        return (
            {"true": True, "false": False}[value.lower()]
            if value.lower() in ("true", "false")
            else _no(value)
        )
    if field.type == "date":
        return date.fromisoformat(value[:10])
    if field.type == "datetime":
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return value


def _number(value: str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise ValueError(value) from error


def _no(value: str) -> bool:
    raise ValueError(value)
