"""Statements of QuickBooks' query language, built so that no value can become syntax (reference quickbooks.md 4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

Value = str | bool | int | Decimal | datetime | date

PAGE = 1000
IDS_PER_QUERY = 300
"""No limit is documented; a few hundred values in one IN are known to work (4.1)."""
ALL_STATES = "Active IN (true, false)"
"""Without it, name lists show only active records (4.3)."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*")


def select(
    entity: str,
    *,
    where: Sequence[str] = (),
    order_by: str = "",
    start: int | None = None,
    limit: int | None = None,
) -> str:
    """A whole statement; all members come back whatever is asked. `where` is joined by AND. Raises ValueError for a
    name that is none, a start below 1, a limit outside 1 to 1,000."""
    if (start is not None and start < 1) or (limit is not None and not 1 <= limit <= PAGE):
        raise ValueError("QuickBooks pages begin at 1 and hold 1 to 1,000 rows")
    text = f"SELECT * FROM {name(entity)}"  # noqa: S608 - names are checked
    if where:
        text += f" WHERE {' AND '.join(where)}"
    if order_by:
        text += f" ORDERBY {name(order_by)}"
    if start is not None:
        text += f" STARTPOSITION {start}"
    return text if limit is None else f"{text} MAXRESULTS {limit}"


def count(entity: str, *, where: Sequence[str] = ()) -> str:
    """How many rows a statement would find. Raises ValueError for a name that is none."""
    text = f"SELECT COUNT(*) FROM {name(entity)}"  # noqa: S608 - names are checked
    return f"{text} WHERE {' AND '.join(where)}" if where else text


def equals(field: str, value: Value) -> str:
    """`field = value`."""
    return f"{name(field)} = {literal(value)}"


def at_or_after(field: str, when: datetime) -> str:
    """`field >= when`, `when` with its zone."""
    return f"{name(field)} >= {literal(when)}"


def before(field: str, when: datetime) -> str:
    """`field < when`, `when` with its zone."""
    return f"{name(field)} < {literal(when)}"


def within(field: str, values: Iterable[Value]) -> str:
    """`field IN (...)`. Raises ValueError for no values at all."""
    listed = ", ".join(literal(value) for value in values)
    if not listed:
        raise ValueError("IN needs at least one value")
    return f"{name(field)} IN ({listed})"


def name(text: str) -> str:
    """The name of an entity or member path, unchanged. Raises ValueError for anything else."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a name in QuickBooks' query language")
    return text


def literal(value: Value) -> str:
    """A value as the language writes it: everything quoted but booleans; backslash escaped first, then the quote
    (python-quickbooks forgets the former); times with an explicit UTC offset."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"'{offset_time(value)}'"
    if isinstance(value, date):
        return f"'{value.isoformat()}'"
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def offset_time(when: datetime) -> str:
    """ISO time in UTC with its offset, whole seconds rounded down: without one another zone is read (4.1, 5.2)."""
    if when.tzinfo is None:
        raise ValueError("a time needs its zone")
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
