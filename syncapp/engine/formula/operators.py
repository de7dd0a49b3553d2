"""What the operators of formulas do with two values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from syncapp.engine.formula.limits import ARITHMETIC, MOST_EXPONENT
from syncapp.engine.formula.values import (
    KIND_WORDS,
    Unsuitable,
    Value,
    as_bool,
    as_number,
    as_text,
    as_time,
    between,
    bounded,
    guarded,
    kind_of,
    moment,
    shift,
)

Operator = Callable[[Value, Value], Value]


def _concatenated(left: Value, right: Value) -> Value:
    return bounded(as_text(left) + as_text(right))


def _added(left: Value, right: Value) -> Value:
    if left is None and right is None:
        return None
    if isinstance(left, date) and not isinstance(right, date):
        return shift(left, as_number(right))
    if isinstance(right, date) and not isinstance(left, date):
        return shift(right, as_number(left))
    if isinstance(left, str | None) and isinstance(right, str | None):
        return _concatenated(left, right)
    one, other = as_number(left), as_number(right)
    return guarded(lambda: ARITHMETIC.add(one, other))


def _subtracted(left: Value, right: Value) -> Value:
    if isinstance(left, date):
        return (
            between(left, right)
            if isinstance(right, date)
            else shift(left, ARITHMETIC.minus(as_number(right)))
        )
    if left is None and isinstance(right, date):
        return None
    one, other = as_number(left), as_number(right)
    return guarded(lambda: ARITHMETIC.subtract(one, other))


def _multiplied(left: Value, right: Value) -> Value:
    one, other = as_number(left), as_number(right)
    return guarded(lambda: ARITHMETIC.multiply(one, other))


def _divided(left: Value, right: Value) -> Value:
    one, other = as_number(left), as_number(right)
    return guarded(lambda: ARITHMETIC.divide(one, other))


def _raised(left: Value, right: Value) -> Value:
    one, other = as_number(left), as_number(right)
    if abs(other) > MOST_EXPONENT:
        raise Unsuitable(f"A power goes to {MOST_EXPONENT} at most.")
    return guarded(lambda: ARITHMETIC.power(one, other))


def equal(left: Value, right: Value) -> bool:
    """Whether two values are the same. Empty is the same as '', 0 and FALSE."""
    if left is None or right is None:
        value = right if left is None else left
        return value is None or value == "" or (isinstance(value, Decimal | bool) and not value)
    one, other = _alike(left, right)
    if type(one) is not type(other):
        raise Unsuitable(_unlike(left, right))
    return bool(one == other)


def _alike(left: Value, right: Value) -> tuple[Any, Any]:
    """Two values as ones that can be compared: a date with a time, or with the text of a date."""
    if isinstance(left, date) and isinstance(right, str):
        found = moment(right)
        return (as_text(left), right) if found is None else _alike(left, found)
    if isinstance(left, str) and isinstance(right, date):
        other, one = _alike(right, left)
        return one, other
    if isinstance(left, date) and isinstance(right, date) and type(left) is not type(right):
        return as_time(left), as_time(right)
    return left, right


def _unlike(left: Value, right: Value) -> str:
    one, other = KIND_WORDS[kind_of(left)], KIND_WORDS[kind_of(right)]
    return f"{one[:1].upper()}{one[1:]} cannot be compared with {other}."


def _ordered(test: Callable[[Any, Any], bool]) -> Operator:
    def compare(left: Value, right: Value) -> Value:
        one, other = _alike(_filled(left, right), _filled(right, left))
        if one is None or other is None:
            return False
        if type(one) is not type(other) or isinstance(one, bool):
            raise Unsuitable(_unlike(left, right))
        return test(one, other)

    return compare


def _filled(value: Value, beside: Value) -> Value:
    """Empty beside a number is 0, beside a text ''. Beside a date it stays empty, and no order holds."""
    if value is not None:
        return value
    return Decimal(0) if isinstance(beside, Decimal) else "" if isinstance(beside, str) else None


OPERATORS: dict[str, Operator] = {
    "&": _concatenated,
    "+": _added,
    "-": _subtracted,
    "*": _multiplied,
    "/": _divided,
    "^": _raised,
    "=": equal,
    "<>": lambda left, right: not equal(left, right),
    "<": _ordered(lambda one, other: one < other),
    "<=": _ordered(lambda one, other: one <= other),
    ">": _ordered(lambda one, other: one > other),
    ">=": _ordered(lambda one, other: one >= other),
    "&&": lambda left, right: as_bool(left) and as_bool(right),
    "||": lambda left, right: as_bool(left) or as_bool(right),
}
