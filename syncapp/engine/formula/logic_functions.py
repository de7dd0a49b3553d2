"""Functions of decisions. Those that need not look at all their values are carried out by `compile.py`."""

from __future__ import annotations

from collections.abc import Sequence

from syncapp.engine.formula.function import Function, NoSuchList, NotFound, Run, needs
from syncapp.engine.formula.values import Kind, Unsuitable, Value, as_bool, as_text, is_blank


def _is_blank(_run: Run, values: Sequence[Value]) -> Value:
    return is_blank(values[0])


def _not(_run: Run, values: Sequence[Value]) -> Value:
    return not as_bool(values[0])


def _is_choice(_run: Run, values: Sequence[Value]) -> Value:
    return as_text(values[0]) == as_text(values[1])


def _lookup(run: Run, values: Sequence[Value]) -> Value:
    name = as_text(values[0])
    if is_blank(values[1]):
        return values[2] if len(values) > 2 else None
    try:
        return (run.environment.lookup or _no_lists)(name, values[1])
    except NoSuchList as error:
        raise Unsuitable(f"There is no value map or reference list named “{name}”.") from error
    except NotFound as error:
        if len(values) > 2:
            return values[2]
        raise Unsuitable(f"“{name}” has no entry for “{as_text(values[1])[:80]}”.") from error


def _no_lists(name: str, _value: Value) -> Value:
    raise NoSuchList(name)


_ANY = needs("value", Kind.ANY)
_CONDITIONS = (needs("condition", Kind.BOOL, repeats=True),)


def _case_results(count: int) -> Sequence[int]:
    return [*range(2, count - 1, 2), count - 1]


LAZY = ("IF", "CASE", "AND", "OR", "BLANKVALUE", "NULLVALUE")
"""Functions that look only at the values they need."""

FUNCTIONS = (
    Function("IF", "Logic", (needs("condition", Kind.BOOL), needs("then", Kind.ANY), needs("else", Kind.ANY)), None,
             "One of two values, by a condition.", ('IF(2 > 1, "yes", "no")', "yes"), results=lambda _count: (1, 2)),
    Function("CASE", "Logic",
             (_ANY, needs("case", Kind.ANY), needs("result", Kind.ANY), needs("else", Kind.ANY, repeats=True)), None,
             "The result of the first case that equals the value; the last one where none does.",
             ('CASE("EU", "US", "USA", "EU", "Europe", "?")', "Europe"), results=_case_results),
    Function("AND", "Logic", _CONDITIONS, Kind.BOOL, "Whether all conditions are true, as with &&.",
             ("AND(1 < 2, 2 < 3)", "TRUE")),
    Function("OR", "Logic", _CONDITIONS, Kind.BOOL, "Whether one of the conditions is true, as with ||.",
             ("OR(1 > 2, 2 < 3)", "TRUE")),
    Function("NOT", "Logic", (needs("condition", Kind.BOOL),), Kind.BOOL, "The opposite, as with !.",
             ("NOT(1 > 2)", "TRUE"), _not),
    Function("ISBLANK", "Logic", (_ANY,), Kind.BOOL, "Whether a value is empty.", ('ISBLANK("")', "TRUE"), _is_blank),
    Function("ISNULL", "Logic", (_ANY,), Kind.BOOL, "The same as ISBLANK.", ("ISNULL(NULL)", "TRUE"), _is_blank),
    Function("BLANKVALUE", "Logic", (_ANY, needs("instead", Kind.ANY)), None,
             "A value, or another one where it is empty.", ('BLANKVALUE("", "n/a")', "n/a"),
             results=lambda _count: (0, 1)),
    Function("NULLVALUE", "Logic", (_ANY, needs("instead", Kind.ANY)), None, "The same as BLANKVALUE.",
             ('NULLVALUE(NULL, "n/a")', "n/a"), results=lambda _count: (0, 1)),
    Function("ISPICKVAL", "Logic", (_ANY, needs("text", Kind.TEXT)), Kind.BOOL,
             "Whether a picklist has this value.", ('ISPICKVAL("Won", "Won")', "TRUE"), _is_choice),
    Function("LOOKUP", "Logic",
             (needs("list", Kind.TEXT), _ANY, needs("otherwise", Kind.ANY, optional=True)), Kind.ANY,
             "What a value map or reference list has for a value; the third value where it has nothing.",
             ('LOOKUP("Regions", "EU", "?")', "Europe"), _lookup),
)  # fmt: skip
