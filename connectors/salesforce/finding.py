"""Conditions that people filter by, as SOQL (reference salesforce.md 3.1 to 3.3): typed by what the org describes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from connectors.contracts import Clause, FieldInfo, ObjectInfo
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


def fitted(info: ObjectInfo, clause: Clause) -> Clause | None:
    """The clause with its field as the org spells it; None where Salesforce cannot answer it. Raises LookupError for a
    field that the object has not, ValueError for a value that the field cannot hold."""
    if "." in clause.path:
        return clause if clause.operator in _COMPARISONS | {"in": "", "blank": ""} else None
    field = _field(info, clause.path)
    found = Clause(field.name, clause.operator, clause.value)
    if field.type == "textarea" and (field.length or 0) > SHORT_TEXT:
        return None
    if clause.operator in ("contains", "starts") and (
        field.type not in TEXT or field.type in ("id", "reference")
    ):
        return None
    text(info, found)
    return found


def text(info: ObjectInfo, clause: Clause) -> str:
    """The condition in SOQL. Raises ValueError for a value that the field cannot hold."""
    if clause.operator == "blank":
        return f"{soql.name(clause.path)} {'=' if clause.value else '!='} null"
    field = None if "." in clause.path else _field(info, clause.path)
    if clause.operator in ("contains", "starts"):
        return soql.like(clause.path, str(clause.value), anywhere=clause.operator == "contains")
    if clause.operator == "in":
        return soql.within(clause.path, [_typed(field, str(one)) for one in _listed(clause)])
    typed = _typed(field, str(clause.value))
    return f"{soql.name(clause.path)} {_COMPARISONS[clause.operator]} {soql.literal(typed)}"


def _listed(clause: Clause) -> tuple[str, ...]:
    return clause.value if isinstance(clause.value, tuple) else (str(clause.value),)


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
