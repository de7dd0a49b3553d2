"""Formulas made ready for use: parsed and checked once, then evaluated record by record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.contracts import Body
from syncapp.engine.formula.errors import FormulaError
from syncapp.engine.formula.function import NOWHERE, Environment, Function, Run
from syncapp.engine.formula.functions import FUNCTIONS
from syncapp.engine.formula.limits import ARITHMETIC
from syncapp.engine.formula.operators import OPERATORS, equal
from syncapp.engine.formula.parser import parse
from syncapp.engine.formula.tree import Call, Field, Literal, Node, Operation, Unary
from syncapp.engine.formula.types import Checker, fields_of, lists_of, parts
from syncapp.engine.formula.values import (
    Kind,
    Unsuitable,
    Value,
    as_bool,
    as_number,
    from_body,
    is_blank,
)
from syncapp.engine.paths import reader

Step = Callable[[Run], Value]

NO_KINDS: Mapping[str, Kind] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A formula ready for use. `fields` are the paths that it reads, `lists` the lists that it looks up; `volatile`
    says that it depends on the day or the time."""

    text: str
    tree: Node
    kind: Kind
    fields: tuple[str, ...]
    lists: tuple[str, ...]
    volatile: bool
    _step: Step

    def evaluate(self, body: Body, environment: Environment = NOWHERE) -> Value:
        """What the formula gives for a record. Raises FormulaError where it gives nothing, with the place in it.

        An empty text is None, like every empty value of a record.
        """
        value = self._step(Run(body, environment))
        return None if value == "" else value


def check(text: str, kinds: Mapping[str, Kind] = NO_KINDS, wanted: Kind = Kind.ANY) -> list[FormulaError]:
    """All that is wrong with a formula, by position; empty when it can be used. `wanted` is what it has to give."""
    try:
        tree = parse(text)
    except FormulaError as error:
        return [error]
    checker = Checker(kinds)
    found = checker.kind(tree)
    checker.fits(tree, found, wanted)
    return sorted(checker.errors, key=lambda error: error.start)


def compile_formula(text: str, kinds: Mapping[str, Kind] = NO_KINDS, wanted: Kind = Kind.ANY) -> Formula:
    """A formula ready for use. Raises the first FormulaError of `check`."""
    tree = parse(text)
    checker = Checker(kinds)
    kind = checker.kind(tree)
    checker.fits(tree, kind, wanted)
    if checker.errors:
        raise min(checker.errors, key=lambda error: error.start)
    names = {node.name for node in parts(tree) if isinstance(node, Call)}
    volatile = bool(names & {"TODAY", "NOW"})
    return Formula(text, tree, kind, fields_of(tree), lists_of(tree), volatile, _step(tree))


# --- one step for each node ---


def _step(node: Node) -> Step:
    match node:
        case Literal():
            return _literal(node)
        case Field():
            return _field(node)
        case Unary():
            return _unary(node)
        case Operation():
            return _operation(node)
        case Call():
            return _lazy(node) or _call(node)
    raise TypeError(node)


def _literal(node: Literal) -> Step:
    value = node.value
    return lambda _run: value


def _field(node: Field) -> Step:
    read_raw, start, end = reader(node.path), node.start, node.end

    def read(run: Run) -> Value:
        run.charge(1, start, end)
        try:
            return from_body(read_raw(run.body))
        except Unsuitable as error:
            raise FormulaError(str(error), start, end) from error

    return read


def _unary(node: Unary) -> Step:
    operand = _step(node.operand)
    if node.operator == "!":
        return _done(node, lambda run: not as_bool(operand(run)))
    return _done(node, lambda run: ARITHMETIC.minus(as_number(operand(run))))


def _done(node: Node, compute: Step) -> Step:
    """A step whose unsuitable values are told with the place."""
    start, end = node.start, node.end

    def step(run: Run) -> Value:
        run.charge(1, start, end)
        try:
            return compute(run)
        except Unsuitable as error:
            raise FormulaError(str(error), start, end) from error

    return step


def _operation(node: Operation) -> Step:
    first = _step(node.first)
    rest = tuple((operator, OPERATORS[operator], _step(operand), operand) for operator, operand in node.rest)

    def step(run: Run) -> Value:
        value = first(run)
        for operator, join, operand, place in rest:
            run.charge(_joining_cost(operator, value), place.start, place.end)
            try:
                # The second operand of && and || is not looked at where the first decides.
                if operator in ("&&", "||") and as_bool(value) is (operator == "||"):
                    value = operator == "||"
                else:
                    value = join(value, operand(run))
            except Unsuitable as error:
                raise FormulaError(str(error), place.start, place.end) from error
        return value

    return step


def _call(node: Call) -> Step:
    function: Function = FUNCTIONS[node.name]
    compute, weight, start, end = function.compute, function.weight, node.start, node.end
    if compute is None:
        raise TypeError(node.name)
    arguments = tuple(map(_step, node.arguments))

    def step(run: Run) -> Value:
        values = [argument(run) for argument in arguments]
        run.charge(_cost(values) * weight, start, end)
        try:
            return compute(run, values)
        except Unsuitable as error:
            raise FormulaError(str(error), start, end) from error

    return step


def _joining_cost(operator: str, value: Value) -> int:
    # A power with a broken exponent takes a hundred times as long as other arithmetic.
    return 2_000 if operator == "^" else len(value) // 8 + 1 if isinstance(value, str) else 1


def _cost(values: Sequence[Value]) -> int:
    return 1 + sum(len(value) for value in values if isinstance(value, str)) // 8


# --- functions that look only at the values they need ---


def _lazy(node: Call) -> Step | None:
    make: Any = _LAZY.get(node.name)
    return None if make is None else _done(node, make(tuple(map(_step, node.arguments))))


def _if(steps: Sequence[Step]) -> Step:
    condition, then, otherwise = steps
    return lambda run: then(run) if as_bool(condition(run)) else otherwise(run)


def _case(steps: Sequence[Step]) -> Step:
    subject, *cases, otherwise = steps
    pairs = tuple(zip(cases[::2], cases[1::2], strict=True))

    def choose(run: Run) -> Value:
        value = subject(run)
        for case, result in pairs:
            run.charge(_cost((value,)), 0, 0)
            if equal(value, case(run)):
                return result(run)
        return otherwise(run)

    return choose


def _and(steps: Sequence[Step]) -> Step:
    return lambda run: all(as_bool(step(run)) for step in steps)


def _or(steps: Sequence[Step]) -> Step:
    return lambda run: any(as_bool(step(run)) for step in steps)


def _blank_value(steps: Sequence[Step]) -> Step:
    first, instead = steps

    def choose(run: Run) -> Value:
        value = first(run)
        return instead(run) if is_blank(value) else value

    return choose


_LAZY: dict[str, Callable[[Sequence[Step]], Step]] = {
    "IF": _if,
    "CASE": _case,
    "AND": _and,
    "OR": _or,
    "BLANKVALUE": _blank_value,
    "NULLVALUE": _blank_value,
}
