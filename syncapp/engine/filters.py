"""Filter conditions of a mapping: tested in memory here; as query text by each connector, which escapes them.

Values of a condition are compared by what the record's own value is: numbers as Decimal, dates and times as such,
everything else as text without regard to case, as both vendors compare text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from connectors.contracts import Body, Condition, Group
from syncapp.engine.formula import Formula, FormulaError, compile_formula
from syncapp.engine.formula.here import known_here
from syncapp.engine.mapping import Criterion, FormulaTest, ValueType
from syncapp.engine.paths import read
from syncapp.engine.records import normalise

OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts", "blank")


def rules_of(data: Iterable[Mapping[str, Any]]) -> tuple[Criterion, ...]:
    """The criteria that a filter's JSON says. Raises KeyError or TypeError for what is none."""
    return tuple(_rule(row) for row in data)


def _rule(row: Mapping[str, Any]) -> Criterion:
    if "members" in row:
        return Group(row["joined"], rules_of(row["members"]))
    if "formula" in row:
        return FormulaTest(row["formula"])
    return Condition(row["path"], row["operator"], row.get("value"))


def first_unmet(rules: Iterable[Criterion], body: Body) -> Criterion | None:
    """The first rule that this record does not meet; None when it meets all (an empty filter lets all pass).

    Within a group of which all must hold it is the member that does not; of alternatives it is the whole group.
    """
    for rule in rules:
        if isinstance(rule, Group) and rule.joined == "all":
            unmet = first_unmet(rule.members, body)
            if unmet is not None:
                return unmet
        elif not meets(rule, body):
            return rule
    return None


def meets(rule: Criterion, body: Body) -> bool:
    """Whether the record meets one rule. Raises ValueError for an unknown operator. A formula that gives nothing for
    the record is not met."""
    if isinstance(rule, Group):
        members = (meets(member, body) for member in rule.members)
        return any(members) if rule.joined == "any" else all(members)
    if isinstance(rule, FormulaTest):
        return formula_holds(rule, body)
    return _condition_holds(rule, body)


def formula_holds(test: FormulaTest, body: Body) -> bool:
    """Whether a formula is TRUE for a record."""
    try:
        return _compiled(test.formula).evaluate(body, known_here()) is True
    except FormulaError:
        return False


@lru_cache(maxsize=256)
def _compiled(text: str) -> Formula:
    return compile_formula(text)


def paths_in(rules: Iterable[Criterion]) -> Iterator[str]:
    """The paths that rules read, in their order; one may come twice."""
    for rule in rules:
        if isinstance(rule, Group):
            yield from paths_in(rule.members)
        elif isinstance(rule, FormulaTest):
            yield from fields_read(rule.formula)
        else:
            yield rule.path


def fields_read(formula: str) -> tuple[str, ...]:
    """The paths that a formula reads; none of one that cannot be read."""
    try:
        return _compiled(formula).fields
    except FormulaError:
        return ()


def _condition_holds(condition: Condition, body: Body) -> bool:
    value = read(body, condition.path)
    empty = value is None or value == ""
    if condition.operator == "blank":
        return empty is (condition.value in (None, True, "true"))
    if condition.operator == "ne":
        return empty or not _equal(value, condition.value)
    if condition.operator == "in":
        return not empty and any(_equal(value, wanted) for wanted in condition.value or ())
    test = _TESTS.get(condition.operator)
    if test is None:
        raise ValueError(f"unknown operator {condition.operator!r}")
    return not empty and test(value, condition.value)


def _equal(value: Any, wanted: Any) -> bool:
    left, right = _comparable(value, wanted)
    return bool(left == right)


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(value: Any, wanted: Any) -> bool:
        left, right = _comparable(value, wanted)
        return type(left) is type(right) and test(left, right)

    return compare


def _contains(value: Any, wanted: Any) -> bool:
    return str(wanted).casefold() in str(value).casefold()


def _starts(value: Any, wanted: Any) -> bool:
    return str(value).casefold().startswith(str(wanted).casefold())


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "lt": _compared(lambda left, right: left < right),
    "le": _compared(lambda left, right: left <= right),
    "gt": _compared(lambda left, right: left > right),
    "ge": _compared(lambda left, right: left >= right),
    "contains": _contains,
    "starts": _starts,
}


def _comparable(value: Any, wanted: Any) -> tuple[Any, Any]:
    if isinstance(value, bool):
        return value, normalise(ValueType.BOOL, wanted)
    if isinstance(value, int | Decimal):
        return Decimal(value), _number(wanted)
    moment = _moment(value)
    if moment is not None:
        return moment, _moment(wanted)
    return str(value).casefold(), str(wanted).casefold()


def _number(wanted: Any) -> Decimal | None:
    try:
        return Decimal(str(wanted))
    except InvalidOperation:
        return None


def _moment(value: Any) -> datetime | date | None:
    """A date or a time, where the text is one in ISO form (`2026-11-21`, `2026-11-21T09:30:00Z`)."""
    text = str(value)
    if len(text) < 10 or text[4:5] != "-" or text[7:8] != "-":
        return None
    found = normalise(ValueType.DATE if len(text) == 10 else ValueType.DATETIME, text)
    return found if isinstance(found, date) else None
