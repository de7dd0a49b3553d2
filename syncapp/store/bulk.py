"""Many rows in one statement: rows travel as one JSON parameter and become a record set in PostgreSQL.

Decimals are stored as text inside JSON; the engine's canonical types read them back exactly. Only whole bodies keep
them as numbers (`dumps_exactly`), because criteria and formulas read bodies as they came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection, models

Row = Mapping[str, Any]
Statement = tuple[str, list[Any]]
PREPARED_AFTER = 5
"""Psycopg's own default; Django's cursors bind by themselves and are not concerned."""
_joined: ContextVar[list[Statement] | None] = ContextVar("joined", default=None)


@contextmanager
def together() -> Iterator[None]:
    """What is inserted, updated and executed in this block leaves as one statement at its end, in no order.

    For changes that neither read each other's rows nor touch the same row. Their counts are not known (0), rows cannot
    come back, and a statement of them must not begin with WITH. An error in the block changes nothing.
    """
    if _joined.get() is not None:
        yield
        return
    statements: list[Statement] = []
    token = _joined.set(statements)
    try:
        yield
    finally:
        _joined.reset(token)
    if statements:
        *first, (last, params) = statements
        named = ", ".join(f"s{place} as ({sql})" for place, (sql, _) in enumerate(first))
        execute(
            f"with {named} {last}" if first else last, [one for _, more in first for one in more] + params
        )


def _change(sql: str, params: list[Any]) -> int:
    waiting = _joined.get()
    if waiting is not None:
        waiting.append((sql, params))
        return 0
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def dumps(value: Any) -> str:
    """JSON text of a value that may hold Decimals, dates and UUIDs (each as text)."""
    return json.dumps(value, default=str, ensure_ascii=False)


_NUMBER = re.compile(r'"\\u0001([-+.0-9E]+)\\u0001"')


def dumps_exactly(value: Any) -> str:
    """Like `dumps`, with Decimals as JSON numbers, to the last digit: a body that comes back is the body that came, and
    formulas and criteria find numbers in it."""
    return _NUMBER.sub(r"\1", json.dumps(value, default=_marked, ensure_ascii=False))


def _marked(value: Any) -> str:
    """A Decimal between marks that `dumps_exactly` takes off again, quotation marks and all."""
    return f"\x01{value}\x01" if isinstance(value, Decimal) and value.is_finite() else str(value)


def loads_exactly(cell: str) -> Any:
    """What `dumps_exactly` made, with Decimals where JSON has fractions."""
    return json.loads(cell, parse_float=Decimal)


def loads(cell: Any) -> Any:
    """A JSON cell of a raw query as Python values (Django leaves jsonb as text there)."""
    if cell == "{}":  # of a link's six cells most are
        return {}
    return json.loads(cell) if isinstance(cell, str) else cell


@lru_cache(maxsize=64)
def _column_types(model: type[models.Model]) -> dict[str, str]:
    types = {}
    for field in model._meta.concrete_fields:
        kind = field.rel_db_type(connection) if field.is_relation else field.db_type(connection)
        types[str(field.column)] = str(kind).split(" COLLATE", maxsplit=1)[0]
    return types


def _record_set(
    model: type[models.Model], columns: Sequence[str], extra: Mapping[str, str] | None = None
) -> str:
    types = {**_column_types(model), **(extra or {})}
    listed = ", ".join(f'"{column}" {types[column]}' for column in columns)
    return f"jsonb_to_recordset(%s::jsonb) as x({listed})"


def _quoted(columns: Iterable[str], prefix: str = "") -> str:
    return ", ".join(f'{prefix}"{column}"' for column in columns)


def insert(
    model: type[models.Model],
    rows: Sequence[Row],
    *,
    on_conflict: str = "",
    returning: Sequence[str] = (),
    as_text: Callable[[Any], str] = dumps,
) -> list[tuple[Any, ...]]:
    """Insert rows (all with the same columns); `on_conflict` is the SQL after ON CONFLICT. Returns the asked columns.
    `as_text` makes the JSON that they travel in.

    Columns that are left out take no Django default: give every column without a database default.
    """
    if not rows:
        return []
    columns = list(rows[0])
    sql = (
        f'insert into "{model._meta.db_table}" ({_quoted(columns)}) '
        f"select {_quoted(columns, 'x.')} from {_record_set(model, columns)}"
    )
    if on_conflict:
        sql += f" on conflict {on_conflict}"
    if not returning:
        _change(sql, [as_text(rows)])
        return []
    return fetch(f"{sql} returning {', '.join(returning)}", [as_text(rows)])


def update(
    model: type[models.Model],
    rows: Sequence[Row],
    *,
    key: str = "id",
    where: str = "",
    expressions: str = "",
    extra: Mapping[str, str] | None = None,
) -> int:
    """Set the given columns of many rows, found by `key`. Returns how many rows were changed.

    `where` is further SQL over `t` (the table) and `x` (the row); `expressions` further assignments; `extra` names what
    the rows hold besides columns, for `where` alone, with its type.
    """
    if not rows:
        return 0
    columns = list(rows[0])
    set_here = [column for column in columns if column != key and column not in (extra or {})]
    sets = [f'"{column}" = x."{column}"' for column in set_here]
    if expressions:
        sets.append(expressions)
    sql = (
        f'update "{model._meta.db_table}" as t set {", ".join(sets)} '
        f'from {_record_set(model, columns, extra)} where t."{key}" = x."{key}"'
    )
    if where:
        sql += f" and {where}"
    return _change(sql, [dumps(rows)])


def fetch(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows (empty for statements without)."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return cursor.fetchall() if cursor.description else []


def fetch_named(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement with named parameters and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, dict(params))
        return cursor.fetchall()


def fetch_often(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Like `fetch_named`, for one statement that runs hundreds of times a second and may run twice.

    The server plans it once per connection. Nobody asks beforehand whether the connection still lives: where it does
    not, the statement runs once more on a new one.
    """
    connection.health_check_done = True  # type: ignore[attr-defined]
    try:
        return _prepared(sql, params)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()
        return _prepared(sql, params)


def _prepared(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """With the server's own binding, which Django's cursors do not use and which alone keeps a plan."""
    connection.ensure_connection()
    raw: psycopg.Connection[tuple[Any, ...]] = connection.connection
    if raw.prepare_threshold is None:  # as Django leaves it: nothing is ever prepared
        raw.prepare_threshold = PREPARED_AFTER
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        return cursor.execute(sql, params, prepare=True).fetchall()


def execute_named(sql: str, params: Mapping[str, Any]) -> int:
    """Run one statement with named parameters; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, dict(params))
        return int(cursor.rowcount)


def execute(sql: str, params: Sequence[Any] = ()) -> int:
    """Run one statement; returns how many rows it touched."""
    return _change(sql, list(params))
