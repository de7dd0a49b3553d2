"""The decision for one merge unit of two linked records (sync-semantics section 5).

Pure values in, pure values out: what both sides hold, what each held at the last agreement, the row's policies. Which
side is called Salesforce makes no difference to the rules: swapping the sides swaps the result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from connectors.contracts import Side
from syncapp.engine import reasons
from syncapp.engine.compiled import CompiledRow, CompiledUnit
from syncapp.engine.computed import Failed
from syncapp.engine.decision import ParentNeed, Projection
from syncapp.engine.entities.locks import Lock
from syncapp.engine.lines import LinePlan, line_references
from syncapp.engine.lists import BY_ID, NotListed
from syncapp.engine.locking import details as lock_details
from syncapp.engine.locking import offers as lock_offers
from syncapp.engine.mapping import Initial, OnConflict, OnDrift, WriteMode
from syncapp.engine.pricing import AUTO, PLAIN_TERMS, Terms, translate_lines
from syncapp.engine.records import value_to_json, values_to_json
from syncapp.engine.ruled_rows import BILL_EMAIL

LEAVE = "leave"
"""The answer of a person who wants both values to stay."""
QUARREL = 3
"""So many writes of a unit, there and back and there again, make the next one a quarrel (section 5)."""
AS_IS = "as_is"
"""Why a unit of a pair is held that was linked without exporting it: the first decision takes both values as agreed."""


class Action(StrEnum):
    NOTHING = "nothing"
    TO_QBO = "to_qbo"
    TO_SF = "to_sf"
    ADOPT = "adopt"
    HOLD = "hold"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class UnitResult:
    """What shall happen to one unit. `values` are what the target shall hold; `asks` marks a hold that needs a person;
    `reason` is the rule that was met."""

    unit: str
    action: Action
    reason: str = ""
    why: str = ""
    asks: bool = False
    values: Projection = field(default_factory=dict)
    waits: tuple[ParentNeed, ...] = ()
    offers: tuple[str, ...] = ("sf", "qbo", "leave")
    details: Mapping[str, Any] = field(default_factory=dict)
    """What the reason's words name, and the answers that a person may give to a hold."""

    @property
    def target(self) -> Side | None:
        """The side that is written, if any."""
        return {Action.TO_QBO: Side.QUICKBOOKS, Action.TO_SF: Side.SALESFORCE}.get(self.action)


@dataclass(frozen=True, slots=True)
class Sides:
    """One projection per side: of now, or of the last agreement."""

    sf: Projection
    qbo: Projection

    def of(self, side: Side) -> Projection:
        return self.sf if side is Side.SALESFORCE else self.qbo


def _no_total(_values: Projection) -> Decimal | None:
    """Most objects carry no lines."""
    return None


@dataclass(frozen=True, slots=True)
class MergeContext:
    """What a unit's decision rests on beside its values, the same for all units of a link.

    `newest` is the side whose record was changed later by more than the guard, None where that cannot be told.
    `parents` finds the counterpart of a reference: (canonical key, side, that side's id).
    """

    newest: Side | None = None
    forced: Side | None = None
    held: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tokens: tuple[str, str] = ("", "")
    writes: tuple[tuple[str, str, str], ...] = ()
    locks: Mapping[str, Lock] = field(default_factory=dict)
    new_total: Callable[[Projection], Decimal | None] = _no_total
    """What the QuickBooks document would come to with these values of its lines."""
    parents: Mapping[tuple[str, Side, str], ParentNeed] = field(default_factory=dict)
    terms: Terms = PLAIN_TERMS
    """The company, its lists and the mapping's options, for names that are looked up and lines that are priced."""
    plans: Mapping[tuple[str, Side], LinePlan] = field(default_factory=dict)
    """How the lines of a row stand to those of the side that is written."""
    customers_email: str = ""
    """The address that a document is mailed to where Salesforce names none: its customer's own in QuickBooks."""
    external_prefix: str = ""
    """`<realm>:<entity>:`, in front of the QuickBooks id in the external id field; empty where unknown."""


def merge_unit(unit: CompiledUnit, now: Sides, base: Sides | None, context: MergeContext) -> UnitResult:
    """Decide one unit. `base` is None where it is unknown (first link, relink, changed mapping)."""
    if unit.rows[0].external and not context.external_prefix:
        return UnitResult(unit.name, Action.NOTHING)
    changed = None if base is None else _changed(unit, now, base)
    held = context.held.get(unit.name)
    if held is not None:
        kept = _held(unit, now, changed, held, context)
        if kept is not None:
            return kept
    if changed == (False, False):
        return UnitResult(unit.name, Action.NOTHING)
    return _decide(unit, now, changed, context)


def _changed(unit: CompiledUnit, now: Sides, base: Sides) -> tuple[bool, bool]:
    return _differs(unit, now.sf, base.sf), _differs(unit, now.qbo, base.qbo)


def _differs(unit: CompiledUnit, one: Projection, other: Projection) -> bool:
    return any(not row.same(one.get(row.key), other.get(row.key)) for row in unit.rows)


def _held(
    unit: CompiledUnit,
    now: Sides,
    changed: tuple[bool, bool] | None,
    held: Mapping[str, Any],
    context: MergeContext,
) -> UnitResult | None:
    """What a stored hold says: a person's answer, an undone unit at rest, or a pair that was linked as it was. None:
    decide afresh."""
    answer = held.get("answer")
    if answer and _still_bound(unit, now, held, answer, context):
        return _answered(unit, now, str(answer.get("side", "")), context)
    if held.get("why") == AS_IS and changed is None:
        return UnitResult(unit.name, Action.ADOPT, reasons.LINKED_AS_IS)
    if held.get("why") == "money" and changed == (False, False):
        # QuickBooks came to another amount than was sent: a person looks at it until either side moves.
        return UnitResult(
            unit.name,
            Action.HOLD,
            reasons.MONEY_DIFFERS,
            why="money",
            asks=True,
            details=dict(held.get("details") or {}),
            offers=("leave",),
        )
    if held.get("why") == "undone" and changed == (False, False):
        return UnitResult(unit.name, Action.HOLD, reasons.UNDONE, why="undone")
    return None


def _still_bound(
    unit: CompiledUnit, now: Sides, held: Mapping[str, Any], answer: Mapping[str, Any], context: MergeContext
) -> bool:
    """An answer counts while neither side's unit moved since the person saw it. Equal tokens prove that; so do equal
    values, where only other fields of the record moved."""
    seen = {**held, **answer}
    if (seen.get("sf_token"), seen.get("qbo_token")) == context.tokens:
        return True
    return all(
        values_to_json(unit_values(unit, now.of(side))) == _shown(seen.get(side.value)) for side in Side
    )


def _shown(values: Any) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if value is not None}


def _answered(unit: CompiledUnit, now: Sides, side: str, context: MergeContext) -> UnitResult:
    if side == LEAVE:
        return UnitResult(unit.name, Action.ADOPT, reasons.ANSWERED)
    return _write(unit, now, Side(side).other, reasons.ANSWERED, context, answered=True)


def _decide(
    unit: CompiledUnit, now: Sides, changed: tuple[bool, bool] | None, context: MergeContext
) -> UnitResult:
    if unit.policy.write is WriteMode.ON_CREATE:
        return UnitResult(unit.name, Action.ADOPT, reasons.CREATE_ONLY)
    if agree(unit, now, context):
        return UnitResult(unit.name, Action.ADOPT, reasons.AGREED)
    if unit.policy.write is WriteMode.WHEN_EMPTY and _all_full(unit, now):
        return UnitResult(unit.name, Action.ADOPT, reasons.KEPT_FULL)
    waits = _missing_parents(unit, now, changed, context)
    if waits:
        return UnitResult(unit.name, Action.WAIT, reasons.WAITING_PARENT, waits=waits)
    if changed is None:
        return _initial(unit, now, context)
    if changed == (True, True):
        return _both_changed(unit, now, context)
    source = Side.SALESFORCE if changed[0] else Side.QUICKBOOKS
    if unit.policy.write is WriteMode.APPEND and not unit.allows(source.other):
        # People write into the text that is appended to: that is what it is for.
        return UnitResult(unit.name, Action.ADOPT, reasons.KEPT_FULL)
    if unit.allows(source.other):
        return _write(unit, now, source.other, reasons.SOURCE_CHANGED, context)
    return _drift(unit, now, source, context)


def agree(unit: CompiledUnit, now: Sides, context: MergeContext) -> bool:
    """Whether writing either side over, where allowed, would leave the other as it is."""
    return all(row_agrees(unit, row, now, context) for row in unit.rows)


def _all_full(unit: CompiledUnit, now: Sides) -> bool:
    """Whether every side that may be written holds something of the unit."""
    return all(unit_values(unit, now.of(target)) for target in Side if unit.allows(target))


def _appended(row: CompiledRow, value: Any, present: Any) -> Any:
    """For a row that appends: the text that is there with the new part behind it, where it does not contain it yet."""
    if row.spec.write is not WriteMode.APPEND or isinstance(value, Failed):
        return value
    if value is None or not isinstance(present, str):
        return present if value is None else value
    return present if value in present else f"{present}\n{value}"


def row_agrees(unit: CompiledUnit, row: CompiledRow, now: Sides, context: MergeContext) -> bool:
    """The same for one row of a unit."""
    sf, qbo = now.sf.get(row.key), now.qbo.get(row.key)
    if not row.reference and not row.external and row.child is None and row.same(sf, qbo):
        return True
    return any(
        unit.allows(target)
        and row.same(
            _appended(
                row,
                translate(row, target, now.of(target.other).get(row.key), context),
                now.of(target).get(row.key),
            ),
            now.of(target).get(row.key),
        )
        for target in Side
    )


class _Untranslated:
    """Stands for a reference whose counterpart is not known; equal to nothing."""

    __slots__ = ()


UNTRANSLATED = _Untranslated()


def translate(row: CompiledRow, target: Side, value: Any, context: MergeContext) -> Any:
    """A source value as `target` shall hold it; UNTRANSLATED for a reference that is not linked yet, `NotListed` for a
    name that no list holds."""
    if row.external:
        return f"{context.external_prefix}{value}" if value is not None else None
    if row.child is not None:
        plan = context.plans.get((row.key, target), NO_PLAN)
        return translate_lines(
            row.child,
            target,
            value or (),
            plan,
            context.terms,
            lambda part, side, one: translate(part, side, one, context),
        )
    if not row.reference:
        shown = row.render(target, value)
        mailed = shown is None and target is Side.QUICKBOOKS and row.spec.qbo_path == BILL_EMAIL
        return (context.customers_email or None) if mailed else shown
    if value is None and row.spec.default not in (OPTIONAL, OPTIONAL_THERE):
        value = row.spec.default
    if value is None or value == AUTO:
        return value
    if row.spec.lookup and (not row.spec.refers_to or str(value).startswith("@")):
        return _looked_up(row, target, str(value), context)
    return _linked(row, target, value, context) if row.spec.refers_to else value


NO_PLAN = LinePlan()
OPTIONAL = "@optional"
"""Default of a reference that is left empty where what it names is not kept in step; without it, it is waited for."""
OPTIONAL_THERE = "@optional_in_salesforce"
"""The same towards Salesforce alone, for what a mapping leaves out: a payment of a customer who is no account."""


def _looked_up(row: CompiledRow, target: Side, text: str, context: MergeContext) -> Any:
    """The id of the entry that a person's word names; towards Salesforce the entry's name."""
    if target is Side.SALESFORCE:
        text = text if text.startswith("@") else f"{BY_ID}{text}"
    entry = context.terms.entry(row.spec.lookup, text)
    if entry is None:
        return NotListed(row.spec.lookup, text)
    return entry.id if target is Side.QUICKBOOKS else entry.name


def _linked(row: CompiledRow, target: Side, value: Any, context: MergeContext) -> Any:
    need = context.parents.get((row.key, target.other, value))
    if need is not None and need.state == "linked" and need.other_id:
        return need.other_id
    if target is Side.QUICKBOOKS and _stands_in(row, need, context):
        return None
    if row.spec.default == OPTIONAL and (need is None or need.state != "unlinked"):
        return None
    left_out = need is not None and need.state == "skipped"
    if row.spec.default == OPTIONAL_THERE and target is Side.SALESFORCE and left_out:
        return None
    return UNTRANSLATED


def _stands_in(row: CompiledRow, need: ParentNeed | None, context: MergeContext) -> bool:
    """Whether the default item takes the place of a product that will not be linked by itself."""
    terms = context.terms
    if row.key != "item" or terms.options.get("unknown_product") != "default_item" or not terms.default_item:
        return False
    return need is None or need.state != "unlinked"


def _missing_parents(
    unit: CompiledUnit, now: Sides, changed: tuple[bool, bool] | None, context: MergeContext
) -> tuple[ParentNeed, ...]:
    sources = [
        side
        for side, moved in zip((Side.SALESFORCE, Side.QUICKBOOKS), changed or (True, True), strict=True)
        if moved and unit.allows(side.other)
    ]
    return tuple(need for side in sources for need in missing_parents(unit, side, now.of(side), context))


def missing_parents(
    unit: CompiledUnit, side: Side, values: Projection, context: MergeContext
) -> tuple[ParentNeed, ...]:
    """The references in `side`'s values of a unit whose counterpart is not linked."""
    return tuple(
        context.parents.get((row.key, side, value)) or ParentNeed(row.key, row.spec.refers_to, side, value)
        for row, value in _referred(unit, values)
        if translate(row, side.other, value, context) is UNTRANSLATED
    )


def _referred(unit: CompiledUnit, values: Projection) -> Iterator[tuple[CompiledRow, Any]]:
    for row in unit.rows:
        if row.child is not None:
            for part in row.child.references:
                yield from ((part, value) for value in line_references(values.get(row.key), part))
        elif row.reference and (value := values.get(row.key)) is not None:
            yield row, value


def _initial(unit: CompiledUnit, now: Sides, context: MergeContext) -> UnitResult:
    """Unequal values and no agreement yet: never guess, follow the row's rule (section 2.7)."""
    rule = unit.policy.initial
    if rule is Initial.ASK and context.forced is not None:
        return _initial_from(unit, now, context.forced.other, reasons.PRESSED, context)
    if rule is Initial.ASK:
        return UnitResult(unit.name, Action.HOLD, reasons.INITIAL_ASK, why="initial", asks=True)
    if rule is Initial.FILL_EMPTY:
        return _fill(unit, now, context)
    return _initial_from(unit, now, Side(rule.value), reasons.INITIAL_TAKEN, context)


def _initial_from(
    unit: CompiledUnit, now: Sides, source: Side, reason: str, context: MergeContext
) -> UnitResult:
    if not unit_values(unit, now.of(source)):
        # No agreement yet, so an empty value proves nothing: it never wipes out what the other side holds.
        source, reason = source.other, reasons.INITIAL_FILLED
    if not unit.allows(source.other):
        return UnitResult(unit.name, Action.ADOPT, reasons.INITIAL_KEPT)
    return _write(unit, now, source.other, reason, context)


def _fill(unit: CompiledUnit, now: Sides, context: MergeContext) -> UnitResult:
    full = [side for side in Side if unit_values(unit, now.of(side))]
    if len(full) == 1:
        return _initial_from(unit, now, full[0], reasons.INITIAL_FILLED, context)
    return UnitResult(unit.name, Action.HOLD, reasons.INITIAL_ASK, why="initial", asks=True)


def _both_changed(unit: CompiledUnit, now: Sides, context: MergeContext) -> UnitResult:
    targets = [side for side in Side if unit.allows(side)]
    if len(targets) == 1 and unit.policy.on_drift is not OnDrift.ASK:
        # The source of a one-way row moved, so its target is rewritten (section 5, drift).
        return _write(unit, now, targets[0], reasons.SOURCE_CHANGED, context)
    winner, reason = (
        _winner(unit.policy.on_conflict, context) if len(targets) > 1 else (None, reasons.CONFLICT)
    )
    if winner is None:
        return UnitResult(unit.name, Action.HOLD, reason, why="conflict", asks=True)
    return _write(unit, now, winner.other, reason, context)


def _winner(rule: OnConflict, context: MergeContext) -> tuple[Side | None, str]:
    if rule is OnConflict.SF:
        return Side.SALESFORCE, reasons.SF_WINS
    if rule is OnConflict.QBO:
        return Side.QUICKBOOKS, reasons.QBO_WINS
    if rule is OnConflict.NEWEST:
        return context.newest, reasons.NEWEST_WINS if context.newest else reasons.NEWEST_CLOSE
    return None, reasons.CONFLICT


def _drift(unit: CompiledUnit, now: Sides, changed: Side, context: MergeContext) -> UnitResult:
    """The target of a one-way row was edited. A press towards it means: overwrite."""
    if context.forced is changed:
        return _write(unit, now, changed, reasons.PRESSED, context)
    if unit.policy.on_drift is OnDrift.OVERWRITE:
        return _write(unit, now, changed, reasons.DRIFT_OVERWRITTEN, context)
    asks = unit.policy.on_drift is OnDrift.ASK
    return UnitResult(
        unit.name, Action.HOLD, reasons.DRIFT_ASK if asks else reasons.DRIFT_LEFT, why="drift", asks=asks
    )


def _write(
    unit: CompiledUnit,
    now: Sides,
    target: Side,
    reason: str,
    context: MergeContext,
    *,
    answered: bool = False,
) -> UnitResult:
    if not unit.allows(target):
        return UnitResult(unit.name, Action.ADOPT, reason)
    source = now.of(target.other)
    waits = missing_parents(unit, target.other, source, context)
    if waits:
        return UnitResult(unit.name, Action.WAIT, reasons.WAITING_PARENT, waits=waits)
    values = {
        row.key: _appended(
            row, translate(row, target, source.get(row.key), context), now.of(target).get(row.key)
        )
        for row in unit.rows
    }
    if all(row.same(values[row.key], now.of(target).get(row.key)) for row in unit.rows):
        return UnitResult(unit.name, Action.ADOPT, reasons.AGREED)
    locked = context.locks.get(unit.name) if target is Side.QUICKBOOKS else None
    if locked is not None:
        held = _locked(unit, locked, context.new_total(values))
        if not (answered and Side.SALESFORCE.value in held.offers):
            return held
    if (
        context.writes
        and not answered
        and oscillates(unit.name, target, value_digest(values), context.writes)
    ):
        return UnitResult(unit.name, Action.HOLD, reasons.OSCILLATION, why="oscillation", asks=True)
    action = Action.TO_QBO if target is Side.QUICKBOOKS else Action.TO_SF
    return UnitResult(unit.name, action, reason, values=values)


def _locked(unit: CompiledUnit, lock: Lock, total: Decimal | None) -> UnitResult:
    return UnitResult(
        unit.name,
        Action.HOLD,
        lock.code,
        why="locked",
        asks=True,
        offers=lock_offers(lock, total),
        details=lock_details(lock, total),
    )


def unit_values(unit: CompiledUnit, projection: Projection) -> dict[str, Any]:
    """What a projection holds of a unit; empty values left out."""
    return {key: value for key in unit.keys if (value := projection.get(key)) is not None}


def value_digest(values: Projection) -> str:
    """A short digest of a unit's values, for the record of recent writes that the oscillation stop reads."""
    stored = {key: value_to_json(value) for key, value in values.items()}
    canonical = json.dumps(
        stored, sort_keys=True, default=repr
    )  # a name that no list holds is refused only later
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def oscillates(unit: str, target: Side, digest: str, writes: tuple[tuple[str, str, str], ...]) -> bool:
    """Whether this write would go on a quarrel: the last three of the unit went back and forth with two values, and
    this is the next of them (section 5)."""
    mine = [(side, value) for name, side, value in writes if name == unit][-QUARREL:]
    if len(mine) < QUARREL:
        return False
    there, back, again = mine
    return (
        there == again and there[0] == target.other and back == (target.value, digest) and there[1] != digest
    )
