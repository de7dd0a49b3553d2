"""The tree of a SOQL query. `at` is the offset of a node's first character in the query text."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class FieldPath:
    """`Owner.Profile.Name`: the names as written, and where each begins."""

    names: tuple[str, ...]
    at: int
    offsets: tuple[int, ...] = ()

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Call:
    """A function: an aggregate, a date part, toLabel, FORMAT, convertCurrency ..."""

    name: str
    arguments: tuple[Expression, ...]
    at: int


Expression: TypeAlias = "FieldPath | Call"


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    at: int
    #: As written between the quotes: LIKE needs to know which wildcards were escaped.
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    value: float | int
    at: int
    #: `USD5000`: the currency written before the amount.
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool
    at: int


@dataclass(frozen=True, slots=True)
class Null:
    at: int


@dataclass(frozen=True, slots=True)
class Day:
    """`2026-11-21`."""

    value: str
    at: int


@dataclass(frozen=True, slots=True)
class Moment:
    """`2026-11-21T09:30:00Z`, as written."""

    value: str
    at: int


@dataclass(frozen=True, slots=True)
class DateWord:
    """`TODAY`, `LAST_N_DAYS:7`."""

    word: str
    count: int | None
    at: int


Value: TypeAlias = Text | Number | Truth | Null | Day | Moment | DateWord


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    LIKE = "LIKE"


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Expression
    operator: Operator
    right: Value
    at: int


@dataclass(frozen=True, slots=True)
class InList:
    left: Expression
    values: tuple[Value, ...]
    negated: bool
    at: int


@dataclass(frozen=True, slots=True)
class InQuery:
    """Semi-join (`IN`) or anti-join (`NOT IN`)."""

    left: FieldPath
    query: Query
    negated: bool
    at: int


@dataclass(frozen=True, slots=True)
class Includes:
    """Multi-select picklists: INCLUDES / EXCLUDES."""

    left: FieldPath
    values: tuple[Text, ...]
    negated: bool
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    inner: Condition
    at: int


@dataclass(frozen=True, slots=True)
class Both:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


Condition: TypeAlias = "Comparison | InList | InQuery | Includes | Not | Both | Either"


@dataclass(frozen=True, slots=True)
class Selected:
    expression: Expression
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    entity: str
    paths: tuple[FieldPath, ...]


@dataclass(frozen=True, slots=True)
class TypeOf:
    """TYPEOF Who WHEN Contact THEN a, b ELSE c END."""

    relation: FieldPath
    branches: tuple[Branch, ...]
    otherwise: tuple[FieldPath, ...]
    at: int


@dataclass(frozen=True, slots=True)
class AllFields:
    """FIELDS(ALL | STANDARD | CUSTOM)."""

    kind: str
    at: int


@dataclass(frozen=True, slots=True)
class Nested:
    """A child subquery in the select list."""

    query: Query
    at: int


Item: TypeAlias = Selected | TypeOf | AllFields | Nested


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    alias: str
    at: int


@dataclass(frozen=True, slots=True)
class Ordering:
    expression: Expression
    descending: bool
    #: None: not said; nulls then come first.
    nulls_first: bool | None


@dataclass(frozen=True, slots=True)
class Grouping:
    expressions: tuple[Expression, ...]
    #: "", "ROLLUP" or "CUBE".
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    select: tuple[Item, ...]
    source: Source
    where: Condition | None = None
    grouping: Grouping | None = None
    having: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None
    #: SELECT COUNT() alone.
    counts_only: bool = False
    scope: str = ""
    extra: tuple[str, ...] = field(default=())
