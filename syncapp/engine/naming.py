"""What the rows of a mapping name beside fields: value maps and lists."""

from __future__ import annotations

from collections.abc import Iterable

from syncapp.engine.formula import FormulaError, compile_formula
from syncapp.engine.mapping import FieldSpec


def lists_named(formula: str) -> tuple[str, ...]:
    """The lists that a formula looks up; none of one that cannot be read."""
    try:
        return compile_formula(formula).lists if formula else ()
    except FormulaError:
        return ()


def value_maps_named(rows: Iterable[FieldSpec]) -> frozenset[str]:
    """The names of the value maps that these rows may need: their own, and every list that a formula looks up."""
    names: set[str] = set()
    for row in rows:
        names |= {row.value_map, *lists_named(row.formula)} - {""}
    return frozenset(names)
