"""What a function of the formula language is: its parameters, what it gives, and what the reference says of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connectors.contracts import Body
from syncapp.engine.formula.errors import FormulaError
from syncapp.engine.formula.limits import MOST_WORK
from syncapp.engine.formula.values import Kind, Value

Lookup = Callable[[str, Value], Value]


class NotFound(LookupError):
    """A value map or reference list has no entry for a value."""


class NoSuchList(LookupError):
    """There is no value map and no reference list of that name."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a formula may know beside the record: the day and time at the company, and the lists of LOOKUP.

    `lookup` takes a list's name and a value; it raises NotFound or NoSuchList.
    """

    today: date | None = None
    now: datetime | None = None
    lookup: Lookup | None = None


NOWHERE = Environment()


class Run:
    """One evaluation: the record, the environment, and how much work is left."""

    __slots__ = ("body", "environment", "left")

    def __init__(self, body: Body, environment: Environment = NOWHERE) -> None:
        self.body = body
        self.environment = environment
        self.left = MOST_WORK

    def charge(self, steps: int, start: int, end: int) -> None:
        """Count work done. Raises FormulaError when it is too much."""
        self.left -= steps
        if self.left < 0:
            raise FormulaError("The formula does too much for one record.", start, end)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a function takes. `repeats` marks the last one, of which there may be any number more."""

    name: str
    kind: Kind
    optional: bool = False
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function. `result` is its kind; None where it is the common kind of `results` of its arguments.

    `compute` gets the run and the values; the lazy ones of `compile.py` have none. `example` is a formula and what it
    gives, both shown in the reference and tested. `weight` is how many times as costly as others it is by character.
    """

    name: str
    group: str
    parameters: tuple[Parameter, ...]
    result: Kind | None
    help: str
    example: tuple[str, str]
    compute: Callable[[Run, Sequence[Value]], Value] | None = None
    results: Callable[[int], Sequence[int]] | None = None
    weight: int = 1

    @property
    def least(self) -> int:
        return sum(not one.optional for one in self.parameters)

    @property
    def most(self) -> int | None:
        """How many values it takes at most; None without an end."""
        return None if self.parameters and self.parameters[-1].repeats else len(self.parameters)

    def parameter(self, index: int) -> Parameter:
        return self.parameters[min(index, len(self.parameters) - 1)]

    @property
    def signature(self) -> str:
        """How it is written: `LEFT(text, number)`."""
        names = [f"[{one.name}]" if one.optional else one.name for one in self.parameters]
        return f"{self.name}({', '.join(names)}{', …' if self.most is None else ''})"


def needs(name: str, kind: Kind, *, optional: bool = False, repeats: bool = False) -> Parameter:
    """A parameter, short to write in the tables of functions."""
    return Parameter(name, kind, optional, repeats)
