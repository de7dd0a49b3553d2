"""What a compiled query is: SQL in pieces, and how its rows become records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity

SqlValue = str | int | float | None
#: Turns the value of one column (given the whole row) into the value on the wire.
Reader = Callable[[Any, tuple[Any, ...]], Any]


@dataclass(slots=True)
class Leaf:
    """One field of a record: its column, and how the value is read (None: as stored)."""

    column: int
    read: Reader | None = None
    #: Put together from several columns (an address).
    compound: bool = False


@dataclass(slots=True)
class Target:
    """One object that a relationship may lead to, with the column that holds the id of the record found."""

    entity: Entity
    id_column: int
    members: dict[str, Leaf | Node] = field(default_factory=dict)


@dataclass(slots=True)
class Node:
    """A record inside the answer: the queried one, or a parent. Polymorphic relationships have several targets."""

    targets: list[Target]


@dataclass(slots=True)
class ChildPlan:
    """A child subquery: run once for all parents of a page, then shared out."""

    key: str
    plan: Plan
    #: The child's field that points to the parent.
    foreign_key: str
    limit: int | None
    offset: int


@dataclass(slots=True)
class Plan:
    """A query ready to run. `columns` are SQL expressions; parameters belong to the WHERE (and HAVING) part."""

    entity: Entity
    columns: list[str]
    source: str
    where: str
    parameters: list[SqlValue]
    order: str
    limit: int | None
    offset: int
    alias: str
    root: Node | None = None
    children: list[ChildPlan] = field(default_factory=list)
    #: Aggregate queries: (key, column, read) of each value; one SELECT for each grouping set.
    aggregates: list[tuple[str, int, Reader | None]] = field(default_factory=list)
    grouping_sets: list[tuple[str, list[str]]] = field(default_factory=list)
    having: str = ""
    counts_only: bool = False
    #: The SQL that leaves deleted records out; queryAll drops it.
    alive: str = ""
    #: False when the plan holds instants or days that move with the clock.
    timeless: bool = True

    @property
    def is_aggregate(self) -> bool:
        return bool(self.aggregates)

    @property
    def id_column(self) -> int:
        """The column that holds the queried record's id."""
        if self.root is None:
            raise ValueError("the query has no records of its own")
        return self.root.targets[0].id_column

    def filter(self, all_rows: bool) -> str:
        """The WHERE clause, with or without deleted records."""
        parts = [part for part in (self.where, "" if all_rows else self.alive) if part]
        return f" WHERE {' AND '.join(parts)}" if parts else ""
