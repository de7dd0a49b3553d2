"""What two sides agree on once the lines of one write landed in part: our own lines are nobody's edit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.contracts import Side
from syncapp.engine.lines import GONE, ID, ITEM, KIND, SAME, CompiledLines, Line

Pair = tuple[Line, Line]
AMOUNT = "amount"


def landed_lines(
    child: CompiledLines,
    bases: tuple[Any, Any],
    after: Sequence[Line],
    source: Sequence[Line],
    fates: Sequence[str | None],
    now: Any = None,
) -> tuple[list[Line] | None, list[Line] | None]:
    """The lines that Salesforce and QuickBooks are agreed on now, in one order, as bases hold them.

    `bases` are those of before; `after` and `source` what was to be written and what it was made from; `fates` says of
    each line that was sent its id where it landed, None where it was refused; `now` are the lines as Salesforce holds
    them, where they were read. A refused line stays agreed as it was.
    """
    pairs = list(_pairs(child, bases, after, source, fates, _by_id(now)))
    kept = [line for line in source if line.get(KIND, ITEM) not in child.kinds]
    return [sf for sf, _ in pairs] or None, [*(qbo for _, qbo in pairs), *kept] or None


def _pairs(
    child: CompiledLines,
    bases: tuple[Any, Any],
    after: Sequence[Line],
    source: Sequence[Line],
    fates: Sequence[str | None],
    now: Mapping[str, Line],
) -> Iterator[Pair]:
    agreed = zip(child.covered(bases[0]), child.covered(bases[1]), strict=False)
    before = {str(pair[0][ID]): pair for pair in agreed if pair[0].get(ID)}
    twins, outcomes = iter(child.covered(source)), iter(fates)
    for line in after:
        id_ = str(line.get(ID) or "")
        twin = None if line.get(GONE) or line.get(KIND, ITEM) not in child.kinds else next(twins, None)
        landed = id_ if line.get(SAME) else next(outcomes, None)
        if landed is None and id_ in before:
            yield before[id_]
        elif landed is not None and twin is not None:
            held = now.get(landed) or _reckoned(before[id_][0] if id_ in before else {}, twin)
            yield _as_held(child, line, landed, held), twin


def _as_held(child: CompiledLines, line: Line, id_: str, held: Line) -> Line:
    """A line that we wrote as Salesforce holds it: what was sent, what it works out itself beside it."""
    sent = {row.key for row in child.rows if row.spec.sf_path and row.spec.direction.allows(Side.SALESFORCE)}
    said = {key: value for key, value in line.items() if key not in (SAME, GONE)}
    if not held:
        return {**said, ID: id_}
    return {**held, **{key: value for key, value in said.items() if key in sent}, ID: id_}


def _reckoned(held: Line, twin: Line) -> Line:
    """A line that nobody has read since: its amount follows from what was sent, as it does over there."""
    if AMOUNT in held and twin.get(AMOUNT) is not None:
        return {**held, AMOUNT: twin[AMOUNT]}
    return held


def _by_id(lines: Any) -> dict[str, Line]:
    return {str(line[ID]): line for line in lines or () if line.get(ID)}
