"""What the other side would refuse, found before any call: lengths, required fields, types, characters, e-mail.

A failed check holds only its own merge unit (or the create); the rest of the record goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.contracts import Side
from syncapp.engine import reasons
from syncapp.engine.books import Books
from syncapp.engine.compiled import CompiledRow, CompiledSpec, compile_spec
from syncapp.engine.computed import Failed
from syncapp.engine.decision import Projection, Reason
from syncapp.engine.entities.locks import in_closed_books
from syncapp.engine.lines import CompiledLines
from syncapp.engine.lists import NotListed
from syncapp.engine.mapping import MappingSpec, ValueType
from syncapp.engine.money import add_up
from syncapp.engine.transforms import split_lines

EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
"""One address: an at sign and a dot behind it (fault 2210, quickbooks.md 3.2)."""

MOST_LINES = 10_000
MOST_TAXED_LINES = 750
"""Lines of a transaction, and of a taxable invoice of a US company."""

_TYPES = {
    ValueType.DECIMAL: Decimal,
    ValueType.DATE: date,
    ValueType.DATETIME: datetime,
    ValueType.BOOL: bool,
}


def check_compiled(side: Side, compiled: CompiledSpec, values: Projection) -> tuple[Reason, ...]:
    """All that `side` would refuse of these values (as that side shall hold them), each with its field."""
    found: list[Reason] = []
    for key, value in values.items():
        row = compiled.by_key[key]
        if row.child is not None:
            found.extend(_check_lines(side, row, value))
        elif value is None:
            found.extend(_check_empty(side, compiled, row))
        else:
            found.extend(_check_value(side, row, value, compiled))
    return tuple(found)


def _check_lines(side: Side, row: CompiledRow, lines: Any) -> Iterable[Reason]:
    """What is wrong with any line, each named by its place."""
    child = row.child
    if child is None:
        return
    if side is Side.QUICKBOOKS and child.traits.sold:
        net = add_up(child.covered(lines)).net
        if net < 0:
            yield reasons.because(reasons.NEGATIVE_TOTAL, **_where(side, row), value=str(net))
    for place, line in enumerate(child.covered(lines), start=1):
        for part in child.rows:
            value = line.get(part.key)
            if value is None and part.spec.required and side is Side.QUICKBOOKS:
                yield Reason(reasons.REQUIRED, {**_where(side, part), "line": place})
            for reason in _check_value(side, part, value) if value is not None else ():
                yield Reason(reason.code, {**reason.values, "line": place})


def check_date(compiled: CompiledSpec, values: Projection, books: Books) -> tuple[Reason, ...]:
    """A date that would put money into a closed period of QuickBooks: refused before the call (6200, 6210)."""
    path = compiled.qbo_traits.date_path
    return tuple(
        reasons.because(
            reasons.CLOSED_DATE,
            **_where(Side.QUICKBOOKS, row),
            value=str(values[row.key]),
            closed_until=str(books.closed_until),
        )
        for row in compiled.rows
        if path and row.spec.qbo_path == path and in_closed_books(values.get(row.key), books)
    )


def check_lines(compiled: CompiledSpec, values: Projection, books: Books) -> tuple[Reason, ...]:
    """More lines than QuickBooks takes in one document: refused before the call (quickbooks.md 3.1.9)."""
    return tuple(
        reasons.because(
            reasons.TOO_MANY_LINES,
            **_where(Side.QUICKBOOKS, row),
            count=f"{len(lines):,}",
            limit=f"{limit:,}",
        )
        for row in compiled.rows
        if row.child is not None
        and (lines := values.get(row.key))
        and row.spec.direction.allows(Side.QUICKBOOKS)
        if len(lines) > (limit := _most_lines(compiled, row.child, lines, books))
    )


def _most_lines(compiled: CompiledSpec, child: CompiledLines, lines: Any, books: Books) -> int:
    if compiled.spec.qbo_entity != "Invoice" or not books.us:
        return MOST_LINES
    codes = [part.key for part in child.rows if part.spec.qbo_path.endswith("TaxCodeRef")]
    taxed = any(line.get(key) == "TAX" for line in lines for key in codes)
    return MOST_TAXED_LINES if taxed else MOST_LINES


def check_required(side: Side, spec: MappingSpec, values: Projection) -> tuple[Reason, ...]:
    """The required fields that a new record on `side` would lack."""
    compiled = compile_spec(spec)
    return tuple(
        reason
        for row in compiled.rows
        if values.get(row.key) is None and row.spec.direction.allows(side)
        for reason in _check_empty(side, compiled, row)
    )


def _check_empty(side: Side, compiled: CompiledSpec, row: CompiledRow) -> Iterable[Reason]:
    traits = compiled.traits(side)
    if row.child is not None:
        if row.spec.required:
            yield reasons.because(reasons.NO_LINES, **_where(side, row))
    elif row.spec.required or (traits.named and _path(side, row) == traits.name_path):
        yield reasons.because(reasons.REQUIRED, **_where(side, row))


def _check_value(
    side: Side, row: CompiledRow, value: object, compiled: CompiledSpec | None = None
) -> Iterable[Reason]:
    if isinstance(value, Failed):
        yield reasons.because(reasons.NOT_COMPUTED, **_where(side, row), message=str(value))
        return
    if isinstance(value, NotListed):
        code = reasons.NOT_LISTED if value.text else reasons.NO_ITEM
        yield reasons.because(code, **_where(side, row), value=value.text, list=value.entity)
        return
    expected = _TYPES.get(row.spec.type)
    if expected is not None and not isinstance(value, expected):
        yield reasons.because(
            reasons.BAD_VALUE, **_where(side, row), value=str(value), type=row.spec.type.value
        )
    if not isinstance(value, str):
        return
    yield from _check_length(side, row, value)
    refused = compiled.traits(side).forbidden.get(_path(side, row), "") if compiled is not None else ""
    bad = next((character for character in refused if character in value), None)
    if bad is not None:
        yield reasons.because(reasons.FORBIDDEN_CHARACTER, **_where(side, row), character=bad, value=value)
    if row.spec.type is ValueType.EMAIL and not EMAIL.fullmatch(value):
        yield reasons.because(reasons.BAD_EMAIL, **_where(side, row), value=value)


def _check_length(side: Side, row: CompiledRow, value: str) -> Iterable[Reason]:
    limit = row.length(side)
    if limit is None or len(value) <= limit:
        return
    longest = max(map(len, split_lines(value)), default=0) if _by_line(side, row) else len(value)
    if longest > limit:
        yield reasons.because(reasons.TOO_LONG, **_where(side, row), limit=limit, length=longest)


def _by_line(side: Side, row: CompiledRow) -> bool:
    return row.lines and side is Side.QUICKBOOKS


def _path(side: Side, row: CompiledRow) -> str:
    return row.spec.sf_path if side is Side.SALESFORCE else row.spec.qbo_path


def _where(side: Side, row: CompiledRow) -> dict[str, str]:
    return {"key": row.key, "label": row.spec.label, "field": _path(side, row), "side": side.value}
