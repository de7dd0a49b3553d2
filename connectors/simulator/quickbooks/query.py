"""The query language: a tokenizer, a parser with the vendor's error texts, and a translation to SQL.

quickbooks.md section 4. What sources disagree about is decided by the knobs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.model import Entity, Field
from connectors.simulator.quickbooks.records import column_name, query_fields, table_name
from connectors.simulator.quickbooks.times import parse_instant, seconds
from connectors.simulator.store import SqlValue

MAX_PAGE = 1000
DEFAULT_PAGE = 100
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^'\\]|\\.)*') |
    (?P<number>-?\d+(?:\.\d+)?) |
    (?P<word>[A-Za-z_][\w.]*) |
    (?P<sign><=|>=|!=|<>|[=<>(),*;]) |
    (?P<bad>\S))""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = {
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "LIKE", "ORDER", "ORDERBY", "BY", "ASC", "DESC",
    "STARTPOSITION", "MAXRESULTS", "COUNT", "NULL", "GROUP", "HAVING", "JOIN", "LIMIT", "TRUE", "FALSE",
}  # fmt: skip
_OPERATORS = {"=", "<", ">", "<=", ">="}


@dataclass(frozen=True)
class Token:
    """One word of a statement. kind: string, number, word, sign, bad or end; columns count from 1."""

    kind: str
    text: str
    line: int
    column: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text

    @property
    def value(self) -> str:
        """A literal without quotes and escapes."""
        if self.kind == "string":
            return re.sub(r"\\(.)", r"\1", self.text[1:-1], flags=re.DOTALL)
        return self.text


@dataclass
class Condition:
    """`field operator values`; the operator is one of = < > <= >= LIKE IN."""

    name: str
    operator: str
    values: list[Token]


@dataclass
class Statement:
    """A parsed query."""

    entity: str
    count: bool = False
    columns: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)
    start: int = 1
    size: int = DEFAULT_PAGE


def tokenize(text: str) -> list[Token]:
    """The words of a statement, with an end mark."""
    tokens = []
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            break
        kind = found.lastgroup or "bad"
        start = found.start(kind)
        line = text.count("\n", 0, start) + 1
        column = start - (text.rfind("\n", 0, start) + 1) + 1
        tokens.append(Token(kind, found[kind], line, column))
        position = found.end()
    tokens.append(Token("end", "<EOF>", text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1))
    return tokens


class Parser:
    """Recursive descent over the grammar of quickbooks.md 4.1."""

    def __init__(self, text: str, start_zero_ok: bool, clamp: bool) -> None:
        self._tokens = tokenize(text)
        self._at = 0
        self._start_zero_ok = start_zero_ok
        self._clamp = clamp

    def parse(self) -> Statement:
        """The statement. Raises `Fault` 4000 for bad grammar, 4001 for bad page numbers."""
        self._keyword("SELECT")
        count, columns = self._projection()
        self._keyword("FROM")
        statement = Statement(self._identifier(), count, columns)
        if self._take("WHERE"):
            statement.conditions.append(self._condition())
            while self._take("AND"):
                statement.conditions.append(self._condition())
        self._ordering(statement)
        self._paging(statement)
        self._take(";")
        if self._now.kind != "end":
            raise self._unexpected()
        return statement

    @property
    def _now(self) -> Token:
        return self._tokens[self._at]

    def _take(self, word: str) -> bool:
        if self._now.kind in ("word", "sign") and self._now.word == word:
            self._at += 1
            return True
        return False

    def _keyword(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(f'"{word.lower()}" ...')

    def _identifier(self) -> str:
        token = self._now
        if token.kind != "word" or token.word in _KEYWORDS:
            raise self._unexpected("<IDENTIFIER> ...")
        self._at += 1
        return token.text

    def _unexpected(self, expected: str = "<IDENTIFIER> ...") -> Fault:
        token = self._now
        if token.kind == "end":
            label = "<EOF>"
            text = f"Encountered {label!r}".replace("'", '"')
        elif token.kind == "word" and token.word in _KEYWORDS:
            text = f'Encountered " "{token.text.lower()}" "{token.text} ""'
        elif token.kind == "word":
            text = f'Encountered " <IDENTIFIER> "{token.text} ""'
        elif token.kind == "string":
            text = f'Encountered " <STRING> "{token.text} ""'
        else:
            text = f'Encountered " "{token.text}" "{token.text} ""'
        return faults.query_parse(
            f"{text} at line {token.line}, column {token.column}.\nWas expecting:\n    {expected}\n    "
        )

    def _projection(self) -> tuple[bool, list[str]]:
        if self._now.word == "COUNT":
            self._at += 1
            for sign in ("(", "*", ")"):
                self._keyword(sign)
            return True, []
        columns = []
        while True:
            columns.append("*" if self._take("*") else self._identifier())
            if not self._take(","):
                return False, columns

    def _condition(self) -> Condition:
        name = self._identifier()
        token = self._now
        if token.kind == "sign" and token.text in _OPERATORS:
            self._at += 1
            return Condition(name, token.text, [self._literal()])
        if self._take("LIKE"):
            return Condition(name, "LIKE", [self._literal()])
        if self._take("IN"):
            self._keyword("(")
            values = [self._literal()]
            while self._take(","):
                values.append(self._literal())
            self._keyword(")")
            return Condition(name, "IN", values)
        raise self._unexpected('"=" ...')

    def _literal(self) -> Token:
        token = self._now
        if token.kind in ("string", "number") or token.word in ("TRUE", "FALSE", "CURRENT_DATE"):
            self._at += 1
            return token
        raise self._unexpected("<STRING> ...")

    def _ordering(self, statement: Statement) -> None:
        if self._take("ORDER"):
            self._keyword("BY")
        elif not self._take("ORDERBY"):
            return
        while True:
            name = self._identifier()
            descending = self._take("DESC")
            if not descending:
                self._take("ASC")
            statement.order.append((name, descending))
            if not self._take(","):
                return

    def _paging(self, statement: Statement) -> None:
        while self._now.word in ("STARTPOSITION", "MAXRESULTS"):
            word = self._now.word
            self._at += 1
            number = self._number()
            if word == "STARTPOSITION":
                if number < 1 and not self._start_zero_ok:
                    raise faults.query_invalid(f"value {number} is too small. Min allowed value is 1")
                statement.start = max(1, number)
            else:
                if number < 1:
                    raise faults.query_invalid(f"value {number} is too small. Min allowed value is 1")
                if number > MAX_PAGE and not self._clamp:
                    raise faults.query_invalid(
                        f"value {number} is too large. Max allowed value is {MAX_PAGE}"
                    )
                statement.size = min(number, MAX_PAGE)

    def _number(self) -> int:
        token = self._now
        text = token.value
        if token.kind not in ("number", "string") or not text.lstrip("-").isdigit() or len(text) > 15:
            raise self._unexpected("<NUMBER> ...")
        self._at += 1
        return int(text)


def run(context: Context, text: str) -> tuple[str, int, int]:
    """Answer a query: the JSON text of `QueryResponse`, the number of rows, and the first row's position."""
    knobs = context.knobs
    statement = Parser(text, knobs.max_results_zero_ok, knobs.clamp_page).parse()
    entity = ENTITIES.get(statement.entity.lower())
    if entity is None or "query" not in entity.operations:
        raise faults.query_invalid(f"invalid context declaration: {statement.entity}")
    _check_columns(entity, statement.columns)
    where, parameters = _where(context, entity, statement.conditions)
    table = table_name(entity)
    if statement.count:
        row = context.store.row(f'SELECT COUNT(*) FROM "{table}" WHERE {where}', parameters)
        return f'{{"totalCount":{row[0] if row else 0}}}', 0, 0
    pinned = any(
        condition.operator in ("=", "IN") and condition.name.lower() != "active"
        for condition in statement.conditions
    )
    order = _order(entity, statement.order, by_index=not pinned)
    rows = context.store.rows(
        f'SELECT body FROM "{table}" WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?',
        (*parameters, statement.size, statement.start - 1),
    )
    if not rows:
        return "{}", 0, 0
    bodies = ",".join(row[0] for row in rows)
    return (
        f'{{"{entity.name}":[{bodies}],"startPosition":{statement.start},"maxResults":{len(rows)}}}',
        len(rows),
        statement.start,
    )


def _check_columns(entity: Entity, columns: list[str]) -> None:
    known = {name.lower() for name in entity.fields}
    for name in columns:
        if name != "*" and name.split(".")[0].lower() not in known:
            raise faults.query_invalid(f"Property {name} not found for Entity {entity.name}")


def _queryable(entity: Entity, name: str, *, order: bool = False) -> Field:
    field_ = query_fields(entity).get(name.lower())
    if field_ is None or not (field_.orderable if order else field_.filterable):
        known = {known_name.lower() for known_name in entity.fields}
        if name.split(".", maxsplit=1)[0].lower() not in known:
            raise faults.query_invalid(f"Property {name} not found for Entity {entity.name}")
        what = "sortable" if order else "queryable"
        raise faults.query_invalid(f"property '{name}' is not {what}")
    return field_


def _where(context: Context, entity: Entity, conditions: list[Condition]) -> tuple[str, tuple[SqlValue, ...]]:
    parts = ["realm = ?", "deleted = 0"]
    parameters: list[SqlValue] = [context.realm]
    mentions_active = False
    for condition in conditions:
        field_ = _queryable(entity, condition.name)
        mentions_active = mentions_active or field_.name == "Active"
        sql, values = _condition(context, field_, condition)
        parts.append(sql)
        parameters += values
    if "Active" in entity.fields and not mentions_active:
        parts.append("(f_Active IS NULL OR f_Active = 1)")
    return " AND ".join(parts), tuple(parameters)


def _condition(context: Context, field_: Field, condition: Condition) -> tuple[str, list[SqlValue]]:
    operator = condition.operator
    if field_.name == "Id":
        if operator not in ("=", "IN"):
            raise faults.query_invalid(f"operator '{operator}' is not supported for property 'Id'")
        values: list[SqlValue] = [token.value for token in condition.values]
        return f"id IN ({', '.join('?' * len(values))})", values
    column = f'"{column_name(field_.name)}"'
    if field_.name.startswith("AttachableRef."):
        return f"instr({column}, ?) > 0", [f"|{condition.values[0].value}|"]
    values = [_value(context, field_, token) for token in condition.values]
    if operator == "LIKE":
        return f"{column} LIKE ? ESCAPE char(1)", [_like(str(values[0]))]
    collation = (
        " COLLATE NOCASE" if field_.type in ("str", "enum") and not context.knobs.query_case_sensitive else ""
    )
    if operator == "IN":
        return f"{column}{collation} IN ({', '.join('?' * len(values))})", values
    return f"{column}{collation} {operator} ?", values


def _like(pattern: str) -> str:
    """Only `%` is a wildcard; `_` is literal."""
    return pattern.replace("_", "\x01_")


def _value(context: Context, field_: Field, token: Token) -> SqlValue:
    text = token.value
    if token.word == "CURRENT_DATE":
        text = context.today
    if field_.type == "bool":
        if text.lower() not in ("true", "false"):
            raise faults.query_invalid(f"value {text} is not a boolean for property '{field_.name}'")
        return int(text.lower() == "true")
    if field_.type in ("num", "int"):
        try:
            return float(text)
        except ValueError:
            raise faults.query_invalid(f"value {text} is not a number for property '{field_.name}'") from None
    if field_.type == "time":
        instant = parse_instant(text)
        if instant is None:
            raise faults.query_invalid(f"value {text} is not a date for property '{field_.name}'")
        return seconds(instant)
    if field_.type == "date":
        try:
            return date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            raise faults.query_invalid(f"value {text} is not a date for property '{field_.name}'") from None
    return text


def _order(entity: Entity, order: list[tuple[str, bool]], *, by_index: bool) -> str:
    """The ORDER BY. With `by_index` False the sorting keeps its hands off the indexes: a condition needs them."""
    parts: list[tuple[str, bool]] = []
    if not order:
        name, descending = entity.default_order
        parts.append(("n" if name == "n" else f'"{column_name(name)}"', descending))
    for name, descending in order:
        field_ = _queryable(entity, name, order=True)
        parts.append(("n" if field_.name == "Id" else f'"{column_name(field_.name)}"', descending))
    if all(column != "n" for column, _ in parts):
        parts.append(("n", False))
    mark = "" if by_index else "+"
    return ", ".join(f"{mark}{column}{' DESC' if descending else ''}" for column, descending in parts)


def changes(context: Context, entity: Entity, since: Any, limit: int) -> list[str]:
    """The JSON texts of the records that changed since an instant, oldest change first; deletions as stubs."""
    comparison = ">=" if context.knobs.cdc_inclusive else ">"
    rows = context.store.rows(
        f'SELECT body FROM "{table_name(entity)}" WHERE realm = ? AND updated {comparison} ?'
        " ORDER BY updated, n LIMIT ?",
        (context.realm, seconds(since), limit),
    )
    return [row[0] for row in rows]


def oldest_allowed(context: Context) -> Any:
    """How far change capture looks back: 30 days."""
    return context.now - timedelta(days=30)
