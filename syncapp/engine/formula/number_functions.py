"""Functions of numbers. All of them count in decimals of 34 digits, half up."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_UP, Decimal

from syncapp.engine.formula.function import Function, Run, needs
from syncapp.engine.formula.limits import ARITHMETIC, MOST_EXPONENT
from syncapp.engine.formula.values import Kind, Value, as_number, as_whole, guarded


def rounded(number: Decimal, places: int) -> Decimal:
    """A number to so many places, half up; negative places round to tens, hundreds …"""
    places = max(min(places, MOST_EXPONENT), -MOST_EXPONENT)
    if -int(number.as_tuple().exponent) <= places:
        return number
    step = Decimal(1).scaleb(-places, ARITHMETIC)
    return guarded(lambda: _positive(ARITHMETIC.quantize(number, step)))


def _positive(number: Decimal) -> Decimal:
    """The number, and 0 for what rounding leaves as -0."""
    return number or ARITHMETIC.abs(number)


def _round(_run: Run, values: Sequence[Value]) -> Value:
    return rounded(as_number(values[0]), as_whole(values[1]))


def _whole(values: Sequence[Value], rounding: str) -> Decimal:
    return as_number(values[0]).to_integral_value(rounding)


def _ceiling(_run: Run, values: Sequence[Value]) -> Value:
    return _whole(values, ROUND_UP)


def _floor(_run: Run, values: Sequence[Value]) -> Value:
    return _whole(values, ROUND_DOWN)


def _mceiling(_run: Run, values: Sequence[Value]) -> Value:
    return _whole(values, ROUND_CEILING)


def _mfloor(_run: Run, values: Sequence[Value]) -> Value:
    return _whole(values, ROUND_FLOOR)


def _trunc(_run: Run, values: Sequence[Value]) -> Value:
    number = as_number(values[0])
    places = max(min(as_whole(values[1]), MOST_EXPONENT), 0) if len(values) > 1 else 0
    if -int(number.as_tuple().exponent) <= places:
        return number
    return number.quantize(Decimal(1).scaleb(-places, ARITHMETIC), ROUND_DOWN, ARITHMETIC)


def _abs(_run: Run, values: Sequence[Value]) -> Value:
    return ARITHMETIC.abs(as_number(values[0]))


def _min(_run: Run, values: Sequence[Value]) -> Value:
    return min(map(as_number, values))


def _max(_run: Run, values: Sequence[Value]) -> Value:
    return max(map(as_number, values))


def _mod(_run: Run, values: Sequence[Value]) -> Value:
    number, divisor = map(as_number, values)
    return guarded(lambda: ARITHMETIC.remainder(number, divisor))


_NUMBER = needs("number", Kind.NUMBER)
_MANY = (needs("number", Kind.NUMBER, repeats=True),)

FUNCTIONS = (
    Function("ROUND", "Numbers", (_NUMBER, needs("places", Kind.NUMBER)), Kind.NUMBER,
             "A number rounded half up; negative places round to tens, hundreds …",
             ("ROUND(448.395, 2)", "448.4"), _round),
    Function("TRUNC", "Numbers", (_NUMBER, needs("places", Kind.NUMBER, optional=True)), Kind.NUMBER,
             "A number with the places behind cut off.", ("TRUNC(2.789, 1)", "2.7"), _trunc),
    Function("CEILING", "Numbers", (_NUMBER,), Kind.NUMBER, "The next whole number, away from zero.",
             ("CEILING(-2.5)", "-3"), _ceiling),
    Function("FLOOR", "Numbers", (_NUMBER,), Kind.NUMBER, "The whole number towards zero.",
             ("FLOOR(-2.5)", "-2"), _floor),
    Function("MCEILING", "Numbers", (_NUMBER,), Kind.NUMBER, "The next whole number that is not smaller.",
             ("MCEILING(-2.5)", "-2"), _mceiling),
    Function("MFLOOR", "Numbers", (_NUMBER,), Kind.NUMBER, "The next whole number that is not greater.",
             ("MFLOOR(-2.5)", "-3"), _mfloor),
    Function("ABS", "Numbers", (_NUMBER,), Kind.NUMBER, "A number without its sign.", ("ABS(-3)", "3"), _abs),
    Function("MIN", "Numbers", _MANY, Kind.NUMBER, "The smallest of several numbers.", ("MIN(3, 1, 2)", "1"), _min),
    Function("MAX", "Numbers", _MANY, Kind.NUMBER, "The greatest of several numbers.", ("MAX(3, 1, 2)", "3"), _max),
    Function("MOD", "Numbers", (_NUMBER, needs("divisor", Kind.NUMBER)), Kind.NUMBER,
             "What is left of a division, with the sign of the number.", ("MOD(7, 3)", "1"), _mod),
)  # fmt: skip
