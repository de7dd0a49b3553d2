"""The picture of what waits for what: mappings as boxes, an arrow from each to those that must be there first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, EDGE = 236, 58, 84, 20, 2
LONGEST = 28
"""Characters of a label that fit into a box."""


@dataclass(frozen=True, slots=True)
class Box:
    """One mapping. `loop` says that its records may wait for others of the same kind."""

    key: str
    label: str
    note: str
    x: int
    y: int
    off: bool
    loop: bool


@dataclass(frozen=True, slots=True)
class Wire:
    """An arrow as an SVG path, from what is first to what waits for it; `tip` is its head."""

    path: str
    tip: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes in columns: what needs nothing is on the left. `lines` says it all, a mapping a line.

    An arrow is drawn only where no longer way leads there: what waits for an invoice waits for its customer anyway.
    """

    boxes: Sequence[Box]
    wires: Sequence[Wire]
    width: int
    height: int
    lines: Sequence[str]

    @property
    def label(self) -> str:
        """All lines as one sentence, for those who do not see the picture."""
        return "; ".join(self.lines) + "." if self.lines else "No mapping yet."


@dataclass(frozen=True, slots=True)
class Node:
    """A mapping for the picture: its key and label, a note under it, and the keys of what it refers to."""

    key: str
    label: str
    note: str
    needs: frozenset[str]
    off: bool = False


def waits(nodes: Sequence[Node]) -> Picture:
    """The picture of these mappings."""
    levels = _levels(nodes)
    columns: dict[int, list[Node]] = {}
    for node in nodes:
        columns.setdefault(levels[node.key], []).append(node)
    boxes = {
        node.key: _box(node, level, row)
        for level, column in columns.items()
        for row, node in enumerate(column)
    }
    wires = [
        _wire(boxes[need], boxes[node.key])
        for node in nodes
        for need in sorted(_direct(node, nodes))
        if need in boxes and need != node.key
    ]
    deepest = max((len(column) for column in columns.values()), default=0)
    return Picture(
        boxes=list(boxes.values()),
        wires=wires,
        width=2 * EDGE + len(columns) * BOX_WIDTH + max(0, len(columns) - 1) * GAP_X,
        height=2 * EDGE + deepest * BOX_HEIGHT + max(0, deepest - 1) * GAP_Y,
        lines=_lines(nodes),
    )


def _direct(node: Node, nodes: Sequence[Node]) -> set[str]:
    """What it needs, without what something else that it needs waits for itself."""
    by_key = {one.key: one for one in nodes}
    beyond: set[str] = set()
    ahead = [need for need in node.needs if need in by_key and need != node.key]
    while ahead:
        one = by_key[ahead.pop()]
        further = one.needs - beyond - {node.key, one.key}
        beyond |= further
        ahead += [need for need in further if need in by_key]
    return set(node.needs) - beyond or set(node.needs)  # in a circle each is beyond another


def _levels(nodes: Sequence[Node]) -> dict[str, int]:
    """Each node one column to the right of what it needs; a circle ends where it began."""
    by_key = {node.key: node for node in nodes}
    levels: dict[str, int] = {}

    def level(key: str, seen: tuple[str, ...]) -> int:
        if key in levels:
            return levels[key]
        needs = [need for need in by_key[key].needs if need in by_key and need not in (*seen, key)]
        levels[key] = 1 + max((level(need, (*seen, key)) for need in needs), default=-1)
        return levels[key]

    for node in nodes:
        level(node.key, ())
    return levels


def _box(node: Node, level: int, row: int) -> Box:
    return Box(
        key=node.key,
        label=node.label if len(node.label) <= LONGEST else f"{node.label[: LONGEST - 1]}…",
        note=node.note,
        x=EDGE + level * (BOX_WIDTH + GAP_X),
        y=EDGE + row * (BOX_HEIGHT + GAP_Y),
        off=node.off,
        loop=node.key in node.needs,
    )


def _wire(first: Box, then: Box) -> Wire:
    x1, y1 = first.x + BOX_WIDTH, first.y + BOX_HEIGHT // 2
    x2, y2 = then.x, then.y + BOX_HEIGHT // 2
    bend = (x2 - x1) // 2
    path = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 7} {y2}"
    return Wire(path, f"M{x2} {y2}l-8 -4.5v9z")


def _lines(nodes: Iterable[Node]) -> list[str]:
    labels: Mapping[str, str] = {node.key: node.label for node in nodes}
    lines = []
    for node in nodes:
        needs = [labels[need] for need in sorted(node.needs) if need in labels and need != node.key]
        loop = node.key in node.needs
        words = " and ".join(needs) if needs else "nothing"
        lines.append(f"{node.label} waits for {words}{', and for parents of its own kind' if loop else ''}")
    return lines
