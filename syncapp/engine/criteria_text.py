"""Criteria as a person writes them, one condition a line, and back.

    Type is one of Customer, Partner
    any of:
      Industry is Banking
      AnnualRevenue is more than 1000000
    formula: NOT(ISBLANK(Phone))

All lines must hold; a line that ends in a colon begins a group, and the lines under it are indented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from connectors.contracts import Condition, Group
from syncapp.engine.formula import check
from syncapp.engine.formula.values import Kind
from syncapp.engine.mapping import Criterion, FormulaTest

OPERATOR_WORDS = {
    "eq": "is", "ne": "is not", "lt": "is less than", "le": "is at most", "gt": "is more than", "ge": "is at least",
    "in": "is one of", "contains": "contains", "starts": "begins with", "blank": "is empty",
}  # fmt: skip
NOT_EMPTY = "is not empty"
GROUP_WORDS = {"any of:": "any", "all of:": "all"}
FORMULA = "formula:"
DEEPEST = 5

_BY_WORDS = sorted(
    [(NOT_EMPTY, "filled"), *((words, operator) for operator, words in OPERATOR_WORDS.items())],
    key=lambda one: -len(one[0]),
)
_SHORT = (("<=", "le"), (">=", "ge"), ("<>", "ne"), ("!=", "ne"), ("=", "eq"), ("<", "lt"), (">", "gt"))


_END_OF_NAME = re.compile(r"(?=[\s<>=!])")


class CriteriaError(ValueError):
    """A line that is no criterion; the text says why. `line` counts from 1."""

    def __init__(self, sentence: str, line: int) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line


def parse_criteria(text: str) -> tuple[Criterion, ...]:
    """The criteria of a text. Raises CriteriaError for the first line that is none."""
    lines = [
        (number, len(line) - len(line.lstrip()), line.strip())
        for number, line in enumerate(text.expandtabs(2).splitlines(), start=1)
        if line.strip()
    ]
    found, rest = _block(lines, lines[0][1] if lines else 0, 0)
    if rest:
        raise CriteriaError("This line is indented less than the one it belongs to.", rest[0][0])
    return found


_Line = tuple[int, int, str]


def _block(lines: list[_Line], indent: int, depth: int) -> tuple[tuple[Criterion, ...], list[_Line]]:
    """The criteria of one indentation, and the lines behind them."""
    found: list[Criterion] = []
    while lines and lines[0][1] >= indent:
        number, place, text = lines[0]
        if place > indent:
            raise CriteriaError("This line is indented, but no group begins above it.", number)
        joined = GROUP_WORDS.get(text.casefold())
        if joined is None:
            found.append(_line(text, number))
            lines = lines[1:]
            continue
        if depth >= DEEPEST:
            raise CriteriaError("The groups are nested too deeply.", number)
        inside = lines[1:]
        if not inside or inside[0][1] <= place:
            raise CriteriaError("This group is empty: indent the lines that belong to it.", number)
        members, lines = _block(inside, inside[0][1], depth + 1)
        found.append(Group(joined, members))
    return tuple(found), lines


def _line(text: str, number: int) -> Criterion:
    if text.casefold().startswith(FORMULA):
        return _formula(text[len(FORMULA) :].strip(), number)
    path = _END_OF_NAME.split(text, maxsplit=1)[0]
    rest = text[len(path) :].strip()
    for words, operator in (*_BY_WORDS, *_SHORT):
        if (
            rest == words
            or rest.startswith(f"{words} ")
            or (words in dict(_SHORT) and rest.startswith(words))
        ):
            return _condition(path, operator, rest[len(words) :].strip(), number)
    raise CriteriaError(
        f"“{text}” is not a field, a comparison and a value, such as “Type is Customer”.", number
    )


def _formula(text: str, number: int) -> FormulaTest:
    errors = check(text, wanted=Kind.BOOL)
    if errors:
        raise CriteriaError(f"{errors[0].sentence} (character {errors[0].position} of the formula)", number)
    return FormulaTest(text)


def _condition(path: str, operator: str, text: str, number: int) -> Condition:
    if operator in ("blank", "filled"):
        if text:
            raise CriteriaError(f"“{path} is empty” takes no value.", number)
        return Condition(path, "blank", None if operator == "blank" else False)
    if not text:
        raise CriteriaError(f"A value is missing behind “{path} {OPERATOR_WORDS[operator]}”.", number)
    if operator == "in":
        return Condition(path, "in", [typed(part.strip()) for part in text.split(",") if part.strip()])
    return Condition(path, operator, typed(text))


def typed(text: str) -> Any:
    """`true` and `false` as such; every other value stays text and is compared by what the record's own value is."""
    return {"true": True, "false": False}.get(text.casefold(), text)


# --- back to text ---


def print_criteria(rules: Iterable[Criterion], indent: str = "") -> str:
    """The text of criteria, a line each; `parse_criteria` makes the same of it."""
    return "\n".join(line for rule in rules for line in _lines(rule, indent))


def _lines(rule: Criterion, indent: str) -> list[str]:
    if isinstance(rule, Group):
        inner = [line for member in rule.members for line in _lines(member, f"{indent}  ")]
        return [f"{indent}{rule.joined} of:", *inner]
    return [f"{indent}{in_words(rule)}"]


def in_words(rule: Criterion) -> str:
    """A rule as one line: `Type is one of Customer, Partner`; a named group by its name."""
    if isinstance(rule, FormulaTest):
        return f"{FORMULA} {rule.formula}"
    if isinstance(rule, Group):
        joint = " or " if rule.joined == "any" else " and "
        return rule.name or joint.join(in_words(member) for member in rule.members)
    if rule.operator == "blank":
        return f"{rule.path} {NOT_EMPTY if rule.value in (False, 'false') else OPERATOR_WORDS['blank']}"
    return f"{rule.path} {OPERATOR_WORDS.get(rule.operator, rule.operator)} {_shown(rule.value)}".strip()


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
