"""A formula as a tree. Positions do not count in comparisons: two formulas that say the same are equal."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a formula: the characters from `start` to `end` of its text."""

    start: int = field(default=0, compare=False, kw_only=True)
    end: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number, a text, TRUE, FALSE or NULL."""

    value: Decimal | str | bool | None


@dataclass(frozen=True, slots=True)
class Field(Node):
    """A field of the record, by its dotted path."""

    path: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`-x` or `!x`."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Operation(Node):
    """Operands joined by operators of one rank, from left to right: `a + b - c` is one operation of three operands.

    Long chains stay flat, so that only real nesting counts as depth.
    """

    first: Node
    rest: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function with its arguments; `name` is in capital letters."""

    name: str
    arguments: tuple[Node, ...]


RANKS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("=", "<>", "<", "<=", ">", ">="),
    ("&",),
    ("+", "-"),
    ("*", "/"),
    ("^",),
)
"""Operators that join two operands, the loosest first. Those of one rank go from left to right."""

RANK = {operator: rank for rank, operators in enumerate(RANKS) for operator in operators}
UNARY_RANK = RANK["^"]
"""`-` and `!` before an operand bind less than a power and more than everything else: `-2 ^ 2` is -4."""
