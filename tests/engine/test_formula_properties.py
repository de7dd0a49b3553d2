"""Whatever is written, and whatever a record holds: a formula gives a value or a FormulaError, and prints as itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from syncapp.engine.formula import (
    FUNCTIONS,
    Environment,
    FormulaError,
    check,
    compile_formula,
    parse,
    print_tree,
)
from syncapp.engine.formula.limits import MOST_TEXT
from syncapp.engine.formula.tree import RANKS, Call, Field, Literal, Node, Operation, Unary

WHERE = Environment(date(2026, 11, 21), datetime(2026, 11, 21, 12, tzinfo=UTC), lambda _name, value: value)
NAMES = ("Name", "Amount", "CloseDate", "Owner.Name", "Active", "Odd name", "True.x", "null")

numbers = st.decimals(min_value=0, max_value=10**12, places=4) | st.integers(0, 99).map(Decimal)
texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["a", "2026-11-21", "12", ""])
literals = st.builds(Literal, numbers | texts | st.booleans() | st.none())
leaves = literals | st.builds(Field, st.sampled_from(NAMES))


def _operations(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    rank = st.sampled_from(RANKS)
    rest = rank.flatmap(
        lambda ops: st.lists(st.tuples(st.sampled_from(ops), children), min_size=1, max_size=3)
    )
    return st.builds(lambda first, parts: Operation(first, tuple(parts)), children, rest)


def _calls(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    names = st.sampled_from(sorted(FUNCTIONS))
    return st.builds(
        lambda name, arguments: Call(name, tuple(arguments)), names, st.lists(children, max_size=4)
    )


trees = st.recursive(
    leaves,
    lambda children: (
        _operations(children) | _calls(children) | st.builds(Unary, st.sampled_from("-!"), children)
    ),
    max_leaves=12,
)
raws: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), texts, st.floats(), st.integers(), st.decimals(), st.lists(st.integers()),
    st.sampled_from(["2026-11-21", "2026-02-30", "2026-11-21T09:30:00.000+0000", "9999-12-31T23:59:59-12:00"]),
)  # fmt: skip
bodies = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("Name", "Amount", "CloseDate", "Active", "Odd name", "null"), raws),
        "Owner": raws | st.fixed_dictionaries({"Name": raws}),
    },
)


@given(trees)
def test_what_is_printed_is_read_as_the_same_formula(tree: Node) -> None:
    assert parse(print_tree(tree)) == tree


def _survives(text: str, body: dict[str, Any]) -> None:
    errors = check(text)
    assert all(0 <= error.start <= len(text) and error.sentence.endswith((".", "?")) for error in errors)
    if errors:
        return
    result = _outcome(text, body)
    if isinstance(result, FormulaError):
        assert result.sentence
        assert 0 <= result.start <= result.end <= len(text)
    else:
        assert result is None or isinstance(result, str | bool | Decimal | date)
        assert not isinstance(result, str) or len(result) <= MOST_TEXT


def _outcome(text: str, body: dict[str, Any]) -> Any:
    try:
        return compile_formula(text).evaluate(body, WHERE)
    except FormulaError as error:
        return error


@given(trees, bodies)
def test_a_readable_formula_raises_nothing_but_formula_errors(tree: Node, body: dict[str, Any]) -> None:
    _survives(print_tree(tree), body)


@given(st.text(st.sampled_from(list("aA1.,()\"'\\ +-*/^&|<>=!{}/*#NIFTRUE\n")), max_size=60), bodies)
def test_any_text_is_a_formula_or_a_formula_error(text: str, body: dict[str, Any]) -> None:
    _survives(text, body)
