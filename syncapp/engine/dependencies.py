"""What must be linked before what: the graph of mappings, the levels of a run's records, circles (sync-semantics 9)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from syncapp.engine.mapping import MappingSpec

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Levels(Generic[Node]):
    """`levels[0]` needs nothing, each further level only the levels before it. `rings` are circles, each in its order;
    what hangs below a ring is in none of the levels either, but in `behind_rings`."""

    levels: tuple[tuple[Node, ...], ...]
    rings: tuple[tuple[Node, ...], ...] = ()
    behind_rings: tuple[Node, ...] = ()


def mapping_graph(specs: Iterable[MappingSpec]) -> dict[str, frozenset[str]]:
    """mapping key -> keys of the mappings that its references go through; a mapping's own key where records of one
    object refer to one another (parent accounts)."""
    return {spec.key: frozenset(row.refers_to for row in spec.fields if row.refers_to) for spec in specs}


def in_order(graph: Mapping[str, frozenset[str]]) -> Levels[str]:
    """The mappings in levels; references of a mapping to itself are levels of records, not of mappings."""
    return sort_levels({key: needs - {key} for key, needs in graph.items()})


def sort_levels(needs: Mapping[Node, Iterable[Node]]) -> Levels[Node]:
    """Put nodes into levels so that each comes after all it needs. Needs that are no nodes count as met.

    Nodes keep the order of `needs` within a level. Takes time in proportion to nodes and needs.
    """
    # Dicts as ordered sets, so that the same input always gives the same levels and rings.
    waiting = {
        node: dict.fromkeys(need for need in wanted if need in needs) for node, wanted in needs.items()
    }
    dependents: dict[Node, list[Node]] = {node: [] for node in waiting}
    for node, wanted in waiting.items():
        for need in wanted:
            dependents[need].append(node)
    levels: list[tuple[Node, ...]] = []
    ready = [node for node, wanted in waiting.items() if not wanted]
    while ready:
        levels.append(tuple(ready))
        ready = _release(ready, waiting, dependents)
    rings, behind = _rings(waiting)
    return Levels(tuple(levels), rings, behind)


def _release(
    done: list[Node], waiting: dict[Node, dict[Node, None]], dependents: Mapping[Node, list[Node]]
) -> list[Node]:
    freed: list[Node] = []
    for node in done:
        del waiting[node]
    for node in done:
        for dependent in dependents[node]:
            waiting[dependent].pop(node, None)
            if not waiting[dependent]:
                freed.append(dependent)
    return freed


def _rings(waiting: Mapping[Node, dict[Node, None]]) -> tuple[tuple[tuple[Node, ...], ...], tuple[Node, ...]]:
    """The circles among nodes that nothing releases, and the nodes that only hang below one."""
    rings: list[tuple[Node, ...]] = []
    seen: set[Node] = set()
    for start in waiting:
        ring = _ring_from(start, waiting, seen)
        if ring:
            rings.append(ring)
    in_rings = {node for ring in rings for node in ring}
    return tuple(rings), tuple(node for node in waiting if node not in in_rings)


def _ring_from(start: Node, waiting: Mapping[Node, dict[Node, None]], seen: set[Node]) -> tuple[Node, ...]:
    """Follow one need after the other until a node comes up twice; a path into known ground finds nothing new."""
    path: dict[Node, int] = {}
    node = start
    while node not in seen and node not in path:
        path[node] = len(path)
        node = next(iter(waiting[node]))
    seen.update(path)
    return tuple(path)[path[node] :] if node in path else ()


def ring_words(ring: Iterable[str]) -> str:
    """A circle as a person reads it: `Acme → Beta → Acme`."""
    names = list(ring)
    return " → ".join([*names, *names[:1]])
