"""Both sides of one record beside each other, by the same rules by which they are kept in step.

Lines are told as a mapping would write them: each line of the source, what the target should hold for it and what it
holds. So a discount that becomes a line of its own, or a price that includes tax, is not taken for a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.contracts import Side
from syncapp.engine.compiled import CompiledRow, compile_spec
from syncapp.engine.decide import merge_context, projections
from syncapp.engine.decision import Situation
from syncapp.engine.lines import DISCOUNT, GONE, ID, ITEM, KIND, LABELS, SHIPPING, TEXT, CompiledLines, Line
from syncapp.engine.merge import MergeContext, Sides, row_agrees, translate
from syncapp.engine.money import Sum, add_up
from syncapp.engine.pricing import AUTO, as_credit

KINDS = {label.casefold(): kind for kind, label in LABELS.items()}
BY_ITSELF = "tax_code"
"""A row that follows the item and the company where no line names a value of its own."""


@dataclass(frozen=True, slots=True)
class LinePair:
    """One line: of the side it comes from, as the other side should hold it, and as that side holds it; None where
    there is none. `differing` are the rows on which the last two differ."""

    source: Line | None
    wanted: Line | None
    held: Line | None
    differing: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the other side holds what it should."""
        return self.wanted is not None and self.held is not None and not self.differing


@dataclass(frozen=True, slots=True)
class LinesCompared:
    """The lines of a document: `target` is the side that they flow to. The sums are those of what each side says, both
    in the target's way of writing them."""

    key: str
    target: Side
    pairs: tuple[LinePair, ...]
    wanted: Sum
    held: Sum

    @property
    def agrees(self) -> bool:
        return all(pair.agrees for pair in self.pairs)

    @property
    def alone(self) -> int:
        """How many lines stand on one side only."""
        return sum(pair.wanted is None or pair.held is None for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class Compared:
    """What both sides hold; the rows that agree; the rows that differ and were agreed to (nothing is written for them
    until one side moves); and the lines, where the mapping has any."""

    now: Sides
    agree: frozenset[str]
    settled: frozenset[str]
    lines: LinesCompared | None = None
    places: int = field(default=2)


def compare(situation: Situation) -> Compared:
    """Compare both sides of a record as `decide` would, without deciding."""
    compiled = compile_spec(situation.spec)
    now = projections(situation)
    context = merge_context(situation, compiled, now)
    lines = next((compare_lines(row, now, context) for row in compiled.line_rows), None)
    agree = {
        row.key
        for unit in compiled.units
        for row in unit.rows
        if row.child is None and row_agrees(unit, row, now, context)
    }
    if lines is not None and lines.agrees:
        agree.add(lines.key)
    settled = {row.key for row in compiled.rows if _settled(row, situation, now)}
    return Compared(now, frozenset(agree), frozenset(settled - agree), lines, context.terms.places)


def _settled(row: CompiledRow, situation: Situation, now: Sides) -> bool:
    """Whether both sides hold what they held when they agreed last."""
    link, unit = situation.link, row.spec.unit
    if link.sf_base is None or link.qbo_base is None or unit in link.unknown_units or unit in link.held:
        return False
    return row.same(now.sf.get(row.key), link.sf_base.get(row.key)) and row.same(
        now.qbo.get(row.key), link.qbo_base.get(row.key)
    )


def compare_lines(row: CompiledRow, now: Sides, context: MergeContext) -> LinesCompared:
    """Both sides' lines, in the order in which the target has or shall have them. Lines that go both ways agree where
    writing either side would leave the other as it is (`merge.row_agrees`): they are told towards that side, else
    towards the one that leaves the fewest of them alone."""
    told = [_towards(target, row, now, context) for target in _targets(row)]
    return min(told, key=lambda lines: (not lines.agrees, lines.alone))


def _targets(row: CompiledRow) -> list[Side]:
    """The sides that lines are written to, QuickBooks first."""
    sides = (Side.QUICKBOOKS, Side.SALESFORCE)
    return [side for side in sides if row.spec.direction.allows(side)]


def _towards(target: Side, row: CompiledRow, now: Sides, context: MergeContext) -> LinesCompared:
    child = row.child
    if child is None:
        raise ValueError(f"{row.key} has no lines")
    there, held = now.of(target.other).get(row.key) or [], now.of(target).get(row.key) or []
    wanted = [line for line in translate(row, target, there, context) or () if not line.get(GONE)]
    source = child.covered(there)
    if target is Side.QUICKBOOKS and child.rule.credit:
        source = as_credit(source)
    pairs = tuple(_pairs(child, target, source, wanted, held))
    return LinesCompared(
        row.key,
        target,
        pairs,
        wanted=add_up(map(_with_kind, wanted)),
        held=add_up(map(_with_kind, held)),
    )


def _with_kind(line: Line) -> Line:
    """Lines shown in Salesforce name their kind in a field of their own."""
    named = KINDS.get(str(line.get("line_type") or "").casefold())
    return {**line, KIND: named} if named else line


def _pairs(
    child: CompiledLines, target: Side, source: list[Line], wanted: list[dict[str, Any]], held: list[Line]
) -> Iterator[LinePair]:
    rows = [row for row in child.rows if row.spec.direction.allows(target) and row.members(target)]
    waiting, left = list(source), list(held)
    for line in wanted:
        mine = waiting.pop(0) if waiting and _made_from(waiting[0], line, target) else None
        other = _twin(line, left)
        if other is not None:
            left.remove(other)
        yield LinePair(mine, line, other, _differing(rows, mine, line, other))
    for other in left:
        yield LinePair(None, None, other)


def _made_from(source: Line, line: Line, target: Side) -> bool:
    """Whether this line came from that one: lines are written in the order of their source."""
    if target is Side.SALESFORCE:
        return True
    kind, made = str(source.get(KIND, ITEM)), str(line.get(KIND, ITEM))
    return kind == made or (kind == ITEM and made == TEXT)


def _twin(line: Line, held: list[Line]) -> Line | None:
    """The target's line that this one is: by its id; the one discount or shipping line; those that were written without
    their ids coming back, in their order."""
    if line.get(ID):
        return next((other for other in held if other.get(ID) == line[ID]), None)
    if line.get(KIND) in (DISCOUNT, SHIPPING):
        return next((other for other in held if other.get(KIND) == line[KIND]), None)
    return next((other for other in held if not other.get(ID)), None)


def _differing(
    rows: list[CompiledRow], source: Line | None, wanted: Line, held: Line | None
) -> tuple[str, ...]:
    if held is None:
        return ()
    return tuple(
        row.key
        for row in rows
        if not row.same(wanted.get(row.key), held.get(row.key)) and not _by_itself(row, source)
    )


def _by_itself(row: CompiledRow, source: Line | None) -> bool:
    return row.key == BY_ITSELF and (source is None or source.get(row.key) in (None, AUTO))
