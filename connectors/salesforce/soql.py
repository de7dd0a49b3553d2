"""SOQL texts, built so that no value can become syntax (reference salesforce.md 3.1 to 3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

Value = str | bool | int | Decimal | datetime | date | None

CHILD = "[]."
"""Between a child relationship and a field of its rows."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*){0,5}")
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)


def select(
    object_: str,
    fields: Iterable[str],
    *,
    where: Sequence[str] = (),
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> str:
    """A whole query. `where` are conditions made by the functions below, joined by AND. A field of child rows is
    written `Children[].Field`: one relationship becomes one subquery. Raises ValueError for a name that is none."""
    text = f"SELECT {', '.join(_columns(fields))} FROM {name(object_)}"  # noqa: S608 - names are checked
    if where:
        text += f" WHERE {' AND '.join(where)}"
    if order_by:
        text += f" ORDER BY {', '.join(name(field) for field in order_by)}"
    return text if limit is None else f"{text} LIMIT {limit}"


def count(object_: str, *, where: Sequence[str] = ()) -> str:
    """How many records a query would find: its answer's `totalSize`. Raises ValueError for a name that is none."""
    text = f"SELECT COUNT() FROM {name(object_)}"  # noqa: S608 - names are checked
    return f"{text} WHERE {' AND '.join(where)}" if where else text


def _columns(fields: Iterable[str]) -> list[str]:
    """The select list: own fields, then a subquery for each child relationship."""
    own: list[str] = []
    children: dict[str, list[str]] = {}
    for field in fields:
        relation, mark, child = field.partition(CHILD)
        if mark:
            children.setdefault(name(relation), []).append(name(child))
        else:
            own.append(name(field))
    return [*own, *(f"(SELECT {', '.join(each)} FROM {relation})" for relation, each in children.items())]  # noqa: S608


def equals(field: str, value: Value) -> str:
    """`field = value`; None asks for empty fields."""
    return f"{name(field)} = {literal(value)}"


def at_or_after(field: str, when: datetime) -> str:
    """`field >= when`, `when` with its zone."""
    return f"{name(field)} >= {literal(when)}"


def within(field: str, values: Iterable[Value]) -> str:
    """`field IN (...)`. Raises ValueError for no values at all, which SOQL cannot say."""
    listed = ",".join(literal(value) for value in values)
    if not listed:
        raise ValueError("IN needs at least one value")
    return f"{name(field)} IN ({listed})"


def like(field: str, text: str, *, anywhere: bool) -> str:
    """`field LIKE 'text%'`, or `'%text%'` for anywhere; `%` and `_` stand for themselves."""
    plain = text.translate(_ESCAPES).replace("%", "\\%").replace("_", "\\_")
    return f"{name(field)} LIKE '{'%' if anywhere else ''}{plain}%'"


def name(text: str) -> str:
    """The name of a field, path or object, unchanged. Raises ValueError for anything else."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a name in SOQL")
    return text


def literal(value: Value) -> str:
    """A value as SOQL writes it: text quoted and escaped, times in UTC without fractions of a second."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time in SOQL needs its zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
