"""WHERE and HAVING as SQL. SOQL has two truth values: a test on an empty field is false, its NOT is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import ast
from .errors import SoqlError, bad_value, malformed, not_filterable, pointed_at
from .functions import Compiled, Expressions
from .literals import TEXTUAL, Clockwork, Span, Stored, stored
from .plan import SqlValue

MAX_STRING = 4000
_SQL_OPERATOR = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(slots=True)
class Conditions:
    """Compiles the conditions of one query; the parameters gather in the order of their place in the SQL."""

    text: str
    expressions: Expressions
    clock: Clockwork
    parameters: list[SqlValue]
    #: Compiles a subquery of IN (...) to SQL, adding its parameters.
    semi_join: Callable[[ast.InQuery, list[SqlValue]], str]
    timeless: bool = True
    #: HAVING tests aggregates; WHERE may not.
    in_having: bool = False

    def sql(self, condition: ast.Condition) -> str:
        if isinstance(condition, ast.Both):
            return "(" + " AND ".join(self.sql(part) for part in condition.parts) + ")"
        if isinstance(condition, ast.Either):
            return "(" + " OR ".join(self.sql(part) for part in condition.parts) + ")"
        if isinstance(condition, ast.Not):
            return f"NOT ifnull({self.sql(condition.inner)}, 0)"
        if isinstance(condition, ast.Comparison):
            return self._comparison(condition)
        if isinstance(condition, ast.InList):
            return self._in_list(condition)
        if isinstance(condition, ast.Includes):
            return self._includes(condition)
        return self._in_query(condition)

    def left(self, expression: ast.Expression) -> Compiled:
        compiled = self.expressions.compile(expression)
        if compiled.aggregate and not self.in_having:
            raise malformed(
                self.text, expression.at, "Aggregate functions are not supported in the WHERE clause"
            )
        if not compiled.filterable:
            raise not_filterable(self.text, expression.at, compiled.name)
        return compiled

    def literal(self, value: ast.Value, left: Compiled) -> Stored | Span:
        if isinstance(value, ast.DateWord):
            self.timeless = False
        if isinstance(value, ast.Text) and len(value.value) > MAX_STRING:
            raise malformed(self.text, value.at, "String literal too long; maximum is 4000 characters")
        return stored(value, left.kind, left.name, self.text, self.clock)

    def _comparison(self, test: ast.Comparison) -> str:
        left = self.left(test.left)
        if test.operator is ast.Operator.LIKE:
            return self._like(left, test)
        value = self.literal(test.right, left)
        if left.kind == "boolean" and test.operator not in (ast.Operator.EQUAL, ast.Operator.NOT_EQUAL):
            raise self._bad_operator(test, left)
        if left.kind == "multipicklist" and test.operator not in (ast.Operator.EQUAL, ast.Operator.NOT_EQUAL):
            raise self._bad_operator(test, left)
        if isinstance(value, Span):
            return self._span(left.sql, test.operator, value)
        if test.operator is ast.Operator.EQUAL:
            return self._equals(left, value)
        if test.operator is ast.Operator.NOT_EQUAL:
            return self._differs(left, value)
        if value is None:
            return "0"
        return self._bound(left.sql, _SQL_OPERATOR[test.operator.value], value)

    def _bad_operator(self, test: ast.Comparison, left: Compiled) -> SoqlError:
        return SoqlError(
            "INVALID_QUERY_FILTER_OPERATOR",
            pointed_at(self.text, test.at, f"invalid operator on {left.kind} field"),
        )

    def _bound(self, sql: str, operator: str, value: SqlValue) -> str:
        self.parameters.append(value)
        return f"{sql} {operator} ?"

    def _equals(self, left: Compiled, value: Stored) -> str:
        if value is None or value == "":
            return f"{left.sql} IS NULL"
        if left.kind in TEXTUAL and isinstance(value, str) and not value.isascii():
            return self._bound(f"sf_fold({left.sql})", "=", value.casefold())
        return self._bound(left.sql, "=", value)

    def _differs(self, left: Compiled, value: Stored) -> str:
        if value is None or value == "":
            return f"{left.sql} IS NOT NULL"
        if left.kind in TEXTUAL and isinstance(value, str) and not value.isascii():
            return self._bound(f"sf_fold({left.sql})", "IS NOT", value.casefold())
        return self._bound(left.sql, "IS NOT", value)

    def _span(self, sql: str, operator: ast.Operator, span: Span) -> str:
        """Date words: before the range, inside it, or after it."""
        if operator is ast.Operator.EQUAL:
            self.parameters += [span.first, span.end]
            return f"({sql} >= ? AND {sql} < ?)"
        if operator is ast.Operator.NOT_EQUAL:
            self.parameters += [span.first, span.end]
            return f"({sql} IS NULL OR {sql} < ? OR {sql} >= ?)"
        if operator in (ast.Operator.LESS, ast.Operator.AT_LEAST):
            return self._bound(sql, "<" if operator is ast.Operator.LESS else ">=", span.first)
        return self._bound(sql, ">=" if operator is ast.Operator.MORE else "<", span.end)

    def _like(self, left: Compiled, test: ast.Comparison) -> str:
        if left.kind not in TEXTUAL:
            raise self._bad_operator(test, left)
        if not isinstance(test.right, ast.Text):
            raise bad_value(
                self.text,
                test.right.at,
                f"value of filter criterion for field '{left.name}' must be of type string and should be enclosed"
                " in quotes",
            )
        pattern = test.right.value
        if pattern.isascii():
            return self._bound(left.sql, "LIKE", pattern) + " ESCAPE '\\'"
        return self._bound(f"sf_fold({left.sql})", "LIKE", pattern.casefold()) + " ESCAPE '\\'"

    def _in_list(self, test: ast.InList) -> str:
        left = self.left(test.left)
        values = [self.literal(value, left) for value in test.values]
        if any(isinstance(value, Span) for value in values):
            spans = [
                self._span(left.sql, ast.Operator.EQUAL, value) for value in values if isinstance(value, Span)
            ]
            found = "(" + " OR ".join(spans) + ")"
            return f"NOT ifnull({found}, 0)" if test.negated else found
        plain = [value for value in values if not isinstance(value, Span) and value not in (None, "")]
        parts = []
        exact = [value for value in plain if not (isinstance(value, str) and not value.isascii())]
        folded = [value.casefold() for value in plain if isinstance(value, str) and not value.isascii()]
        if exact:
            self.parameters += exact
            parts.append(f"{left.sql} IN ({', '.join('?' * len(exact))})")
        if folded:
            self.parameters += folded
            parts.append(f"sf_fold({left.sql}) IN ({', '.join('?' * len(folded))})")
        if len(plain) < len(values):
            parts.append(f"{left.sql} IS NULL")
        found = "(" + " OR ".join(parts) + ")"
        return f"NOT ifnull({found}, 0)" if test.negated else found

    def _includes(self, test: ast.Includes) -> str:
        left = self.left(test.left)
        if left.kind != "multipicklist":
            raise SoqlError(
                "INVALID_QUERY_FILTER_OPERATOR",
                pointed_at(
                    self.text, test.at, "includes or excludes operator only valid on multipicklist field"
                ),
            )
        either = []
        for value in test.values:
            both = []
            for wanted in value.value.split(";"):
                escaped = wanted.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
                self.parameters.append(f"%;{escaped};%")
                both.append(f"(';' || ifnull({left.sql}, '') || ';') LIKE ? ESCAPE '\\'")
            either.append("(" + " AND ".join(both) + ")")
        found = "(" + " OR ".join(either) + ")"
        return f"NOT {found}" if test.negated else found

    def _in_query(self, test: ast.InQuery) -> str:
        left = self.left(test.left)
        if left.kind not in ("id", "reference"):
            sentence = f"The left operand of an IN subquery should be an id field: {left.name}"
            raise malformed(self.text, test.left.at, sentence)
        inner = self.semi_join(test, self.parameters)
        return f"{left.sql} {'NOT IN' if test.negated else 'IN'} ({inner})"
