"""From the writes of a slice to the calls that carry them: levels, then batches (sync-semantics section 9).

Items of one batch do not see one another's results, so a batch holds one level only; and never two writes of one
record, nor one external id twice.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectors.contracts import Write
from syncapp.engine.dependencies import Levels, sort_levels


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """One write of one link, with what its batch must respect. `needs` are link ids whose writes have to be answered
    first; `parent` is the other side's id of its parent, which keeps siblings together (row locks)."""

    link: str
    write: Write
    needs: frozenset[str] = frozenset()
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The batches of each level, in order; `circular` are writes that wait for one another."""

    levels: tuple[tuple[tuple[PlannedWrite, ...], ...], ...]
    circular: tuple[PlannedWrite, ...] = ()

    @property
    def calls(self) -> int:
        """How many write calls the plan costs."""
        return sum(len(level) for level in self.levels)


def plan(writes: Sequence[PlannedWrite], size: int) -> Plan:
    """Sort the writes of a slice into levels and each level into batches of at most `size`."""
    by_link: dict[str, list[PlannedWrite]] = {}
    for item in writes:
        by_link.setdefault(item.link, []).append(item)
    levels: Levels[str] = sort_levels(
        {link: frozenset().union(*(item.needs for item in items)) - {link} for link, items in by_link.items()}
    )
    stuck = [link for ring in levels.rings for link in ring] + list(levels.behind_rings)
    return Plan(
        levels=tuple(
            tuple(batches([item for link in level for item in by_link[link]], size))
            for level in levels.levels
        ),
        circular=tuple(item for link in stuck for item in by_link[link]),
    )


def batches(writes: Iterable[PlannedWrite], size: int) -> Iterator[tuple[PlannedWrite, ...]]:
    """Batches of at most `size`, siblings side by side, no record twice in one batch."""
    open_batches: list[tuple[list[PlannedWrite], set[Hashable]]] = []
    for item in sorted(writes, key=lambda item: (item.write.object, item.parent)):
        names = _names(item.write)
        fitting = next(
            (batch for batch in open_batches if len(batch[0]) < size and batch[1].isdisjoint(names)), None
        )
        if fitting is None:
            fitting = ([], set())
            open_batches.append(fitting)
        fitting[0].append(item)
        fitting[1].update(names)
        if len(fitting[0]) == size:
            open_batches.remove(fitting)
            yield tuple(fitting[0])
    yield from (tuple(items) for items, _ in open_batches)


def _names(write: Write) -> set[Hashable]:
    """By what two writes would touch the same record."""
    names: set[Hashable] = set()
    if write.id:
        names.add((write.object, write.id))
    if write.external_value:
        names.add((write.object, write.external_field, write.external_value))
    return names
