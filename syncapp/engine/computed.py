"""Rows that compute their value: formulas and value maps, and the value that stands for "could not be computed".

Reading a record never fails. Where a formula gives nothing for a record, or a value map has no entry, the row's value
is a `Failed`: `checks` refuses it before it is written, with the sentence that says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.contracts import Body, Side
from syncapp.engine.formula import Environment, Formula, FormulaError, NotFound, Value, compile_formula
from syncapp.engine.formula.here import known_here
from syncapp.engine.formula.values import as_text, from_body
from syncapp.engine.mapping import FieldSpec, ValueMap, ValueType
from syncapp.engine.paths import Reader
from syncapp.engine.records import normaliser

_WRITTEN_AS_TEXT = (Decimal, datetime)
_TYPED = (ValueType.DECIMAL, ValueType.DATE, ValueType.DATETIME, ValueType.BOOL, ValueType.LINES)


class Failed(str):
    """Stands for a value that could not be computed; its text is the sentence for a person."""

    __slots__ = ()


class UnknownValueMap(ValueError):
    """A row names a value map that its mapping does not have; the argument is its name."""


def formula_reader(row: FieldSpec, maps: Mapping[str, ValueMap]) -> Reader:
    """The reader of a formula row: the formula's value for a record in canonical form."""
    try:
        formula = compile_formula(row.formula)
    except FormulaError as error:
        # Publishing checks formulas; this one was published by a release with another language.
        failed = Failed(f"{error.sentence} (character {error.position})")
        return lambda _body: failed
    return _reader_of(formula, _canonical(row), maps)


def _reader_of(formula: Formula, canonical: Callable[[Any], Any], maps: Mapping[str, ValueMap]) -> Reader:
    def read(body: Body) -> Any:
        try:
            return canonical(formula.evaluate(body, with_maps(known_here(), maps)))
        except FormulaError as error:
            return Failed(f"{error.sentence} (character {error.position})")

    return read


def with_maps(environment: Environment, maps: Mapping[str, ValueMap]) -> Environment:
    """The environment whose LOOKUP finds a mapping's value maps first, then what it found before."""
    if not maps:
        return environment
    others = environment.lookup

    def lookup(name: str, value: Value) -> Value:
        if name in maps:
            return _forward(maps[name], value)
        if others is None:
            raise NotFound(name)
        return others(name, value)

    return Environment(environment.today, environment.now, lookup)


def _forward(chosen: ValueMap, value: Value) -> Value:
    found = chosen.forward.get(as_text(value).casefold())
    if found is None:
        raise NotFound(value)
    return from_body(found)


def _canonical(row: FieldSpec) -> Callable[[Any], Any]:
    normal = normaliser(row.type, row.places)
    if row.type in _TYPED:
        return normal
    return lambda value: normal(as_text(value) if isinstance(value, _WRITTEN_AS_TEXT) else value)


def mapper(chosen: ValueMap, target: Side) -> Callable[[Any], Any]:
    """The function from one side's value to the other's by a value map; `Failed` where it stops at an unknown value."""
    table, default = chosen.towards(target)

    def translate(value: Any) -> Any:
        found = table.get(str(value).casefold())
        if found is not None:
            return found or None
        if chosen.unknown == "keep":
            return value
        if chosen.unknown == "default":
            return default or None
        return Failed(f"The value map {chosen.name} has no entry for “{value}”.")

    return translate
