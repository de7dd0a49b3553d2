"""Fields and functions as SQL expressions: aggregates, parts of dates, and the few that only dress values up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import ast
from .errors import SoqlError, malformed, pointed_at
from .literals import NUMERIC
from .names import Names

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
DRESSING = frozenset({"TOLABEL", "FORMAT", "CONVERTCURRENCY"})


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression in SQL: its describe type, the name to say in messages, and what may be done with it."""

    sql: str
    kind: str
    name: str
    filterable: bool = True
    groupable: bool = True
    sortable: bool = True
    aggregate: bool = False


def _year(sql: str) -> str:
    return f"CAST(substr({sql}, 1, 4) AS INTEGER)"


def _month(sql: str) -> str:
    return f"CAST(substr({sql}, 6, 2) AS INTEGER)"


def _day(sql: str) -> str:
    return f"CAST(substr({sql}, 9, 2) AS INTEGER)"


def _strftime(form: str, sql: str) -> str:
    return f"CAST(strftime('{form}', substr({sql}, 1, 10)) AS INTEGER)"


def _day_in_year(sql: str) -> str:
    return _strftime("%j", sql)


_PARTS: dict[str, Callable[[str, int], str]] = {
    "CALENDAR_YEAR": lambda sql, _: _year(sql),
    "CALENDAR_QUARTER": lambda sql, _: f"(({_month(sql)} + 2) / 3)",
    "CALENDAR_MONTH": lambda sql, _: _month(sql),
    "DAY_IN_MONTH": lambda sql, _: _day(sql),
    "DAY_IN_WEEK": lambda sql, _: f"({_strftime('%w', sql)} + 1)",
    "DAY_IN_YEAR": lambda sql, _: _day_in_year(sql),
    "WEEK_IN_MONTH": lambda sql, _: f"(({_day(sql)} + 6) / 7)",
    "WEEK_IN_YEAR": lambda sql, _: f"(({_day_in_year(sql)} + 6) / 7)",
    "FISCAL_YEAR": lambda sql, start: f"({_year(sql)} + ({_month(sql)} >= {start}) * ({start} > 1))",
    "FISCAL_MONTH": lambda sql, start: f"(({_month(sql)} - {start} + 12) % 12 + 1)",
    "FISCAL_QUARTER": lambda sql, start: f"((({_month(sql)} - {start} + 12) % 12) / 3 + 1)",
}
_MOMENT_PARTS: dict[str, Callable[[str], str]] = {
    "DAY_ONLY": lambda sql: f"substr({sql}, 1, 10)",
    "HOUR_IN_DAY": lambda sql: f"CAST(substr({sql}, 12, 2) AS INTEGER)",
}


@dataclass(slots=True)
class Expressions:
    """Compiles the expressions of one query against its names."""

    names: Names
    text: str
    fiscal_start: int
    #: SQL of the fields of a ROLLUP or CUBE that the grouping set in hand leaves out.
    dropped: frozenset[str] = frozenset()

    def compile(self, expression: ast.Expression) -> Compiled:
        if isinstance(expression, ast.FieldPath):
            return self.field(expression)
        return self.call(expression)

    def field(self, path: ast.FieldPath) -> Compiled:
        found = self.names.find(path)
        item = found.field
        if not item.stored:
            return Compiled("NULL", item.type, item.name, filterable=False, groupable=False, sortable=False)
        sql = "NULL" if found.sql in self.dropped else found.sql
        return Compiled(sql, item.type, item.name, item.filterable, item.groupable, item.sortable)

    def call(self, call: ast.Call) -> Compiled:
        name = call.name.upper()
        if name in AGGREGATES:
            return self._aggregate(call, name)
        if name in DRESSING:
            return self.compile(self._one_argument(call))
        if name in _PARTS or name in _MOMENT_PARTS:
            return self._part(call, name)
        if name == "CONVERTTIMEZONE":
            return self.compile(self._one_argument(call))
        if name == "GROUPING":
            inner = self.compile(self._one_argument(call))
            return Compiled("1" if inner.sql == "NULL" else "0", "int", name, aggregate=True)
        raise unknown_function(self.text, call)

    def _one_argument(self, call: ast.Call) -> ast.Expression:
        if len(call.arguments) != 1:
            raise malformed(self.text, call.at, f"Incorrect number of arguments for {call.name}")
        return call.arguments[0]

    def _aggregate(self, call: ast.Call, name: str) -> Compiled:
        if name == "COUNT" and not call.arguments:
            return Compiled("count(*)", "int", name, aggregate=True)
        argument = self.compile(self._one_argument(call))
        if name in ("SUM", "AVG"):
            if argument.kind not in NUMERIC:
                sentence = f"field {argument.name} does not support aggregate operator {name}"
                raise malformed(self.text, call.at, sentence)
            return Compiled(f"{name.lower()}({argument.sql}) * 1.0", "double", argument.name, aggregate=True)
        if name in ("MIN", "MAX"):
            if argument.kind == "boolean":
                sentence = f"field {argument.name} does not support aggregate operator {name}"
                raise malformed(self.text, call.at, sentence)
            return Compiled(f"{name.lower()}({argument.sql})", argument.kind, argument.name, aggregate=True)
        distinct = "DISTINCT " if name == "COUNT_DISTINCT" else ""
        return Compiled(f"count({distinct}{argument.sql})", "int", argument.name, aggregate=True)

    def _part(self, call: ast.Call, name: str) -> Compiled:
        argument = self.compile(self._one_argument(call))
        if argument.kind not in ("date", "datetime") or (name in _MOMENT_PARTS and argument.kind == "date"):
            raise malformed(self.text, call.at, f"field {argument.name} does not support function {name}")
        if argument.sql == "NULL":
            return Compiled("NULL", "int", name)
        if name in _MOMENT_PARTS:
            kind = "date" if name == "DAY_ONLY" else "int"
            return Compiled(_MOMENT_PARTS[name](argument.sql), kind, name)
        return Compiled(_PARTS[name](argument.sql, self.fiscal_start), "int", name)


def unknown_function(text: str, call: ast.Call) -> SoqlError:
    return SoqlError("MALFORMED_QUERY", pointed_at(text, call.at, f"Invalid function: {call.name}"))


def is_aggregate(expression: ast.Expression) -> bool:
    """COUNT(Id), SUM(Amount), GROUPING(Name) ..."""
    return isinstance(expression, ast.Call) and expression.name.upper() in AGGREGATES | {"GROUPING"}
