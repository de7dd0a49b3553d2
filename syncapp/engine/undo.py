"""What a run wrote, taken back: one decision per link from the before-images, or the reason why not (section 20).

Pure. A unit is restored where its target still holds what the run wrote there; a record that the run made is made
inactive, voided or deleted, as its kind wants it. Nothing is forced: what money or other documents hang on stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.contracts import RecordState, RemoteRecord, Side
from syncapp.engine import reasons
from syncapp.engine.checks import check_compiled
from syncapp.engine.compiled import EXTERNAL_ID, CompiledSpec, CompiledUnit, compile_spec
from syncapp.engine.decision import Decision, DecisionKind, Projection, Reason, StateChange, UnitChange
from syncapp.engine.entities.locks import Books
from syncapp.engine.locking import unit_locks
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.merge import Sides

UNDONE, CLOSED = "undone", "closed"
"""What a link's units, or the link, rest in once their undoing is applied."""


@dataclass(frozen=True, slots=True)
class WrittenUnit:
    """One unit that the run wrote on `side`: canonical key -> value before and after."""

    side: Side
    unit: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """All that a run did to one link. `created` is the side on which it made a record, `joined` that it linked two."""

    units: tuple[WrittenUnit, ...] = ()
    created: Side | None = None
    versions: Mapping[Side, str] = field(default_factory=dict)
    """The version that each side had after the run's last write to it; empty where the server told none."""
    joined: bool = False
    inactive: Side | None = None
    """The side on which the run made a record inactive."""
    revived: Side | None = None
    """The side on which the run made a record live again."""


@dataclass(frozen=True, slots=True)
class UndoSituation:
    """One link with what a run did to it and how it stands now."""

    spec: MappingSpec
    deed: Deed
    sf: RemoteRecord | None
    qbo: RemoteRecord | None
    now: Sides
    books: Books = field(default_factory=Books)
    children: tuple[str, ...] = ()
    """Names of records that refer to this one and are not undone with it."""

    def record(self, side: Side) -> RemoteRecord | None:
        return self.sf if side is Side.SALESFORCE else self.qbo


@dataclass(frozen=True, slots=True)
class Undoing:
    """The decision that takes it back, what its writes rest in, and what of it cannot be taken back."""

    decision: Decision
    rests: str = ""


def undo(situation: UndoSituation) -> Undoing:
    """Decide one link of an undo. A decision of kind `refused` says why nothing of it can be taken back; reasons of
    another kind name the parts that stay."""
    deed, compiled = situation.deed, compile_spec(situation.spec)
    if deed.created is not None:
        return _without(situation, compiled, deed.created)
    changes, stays = _restored(situation, compiled, deed.units)
    state, refusal = _state_back(situation)
    stays += refusal
    rests = CLOSED if deed.joined else UNDONE
    if changes or state is not None:
        return Undoing(_decision(situation, DecisionKind.UPDATE, changes, stays, state), rests)
    if deed.joined and not stays:
        undone = (reasons.because(reasons.UNDO_LINK),)
        return Undoing(Decision(DecisionKind.UNLINK, undone, lifecycle="unlinked"), CLOSED)
    return Undoing(Decision(DecisionKind.REFUSED, stays or (reasons.because(reasons.UNDO_NOTHING),)))


def _decision(
    situation: UndoSituation,
    kind: DecisionKind,
    changes: tuple[UnitChange, ...],
    stays: tuple[Reason, ...],
    state: StateChange | None,
) -> Decision:
    return Decision(
        kind,
        reasons=stays or (reasons.because(reasons.UNDO_RESTORED),),
        changes=changes,
        set_state=state,
        lifecycle="",
        sf_token=situation.sf.token if situation.sf else None,
        qbo_token=situation.qbo.token if situation.qbo else None,
        sf_now=situation.now.sf,
        qbo_now=situation.now.qbo,
    )


# --- values ----------------------------------------------------------------------------------------------------------


def _restored(
    situation: UndoSituation, compiled: CompiledSpec, written: tuple[WrittenUnit, ...]
) -> tuple[tuple[UnitChange, ...], tuple[Reason, ...]]:
    """The units that go back to what they were, and the reasons of those that stay."""
    qbo = situation.qbo
    locks = unit_locks(compiled, qbo.body, situation.books) if qbo is not None else {}
    changes: list[UnitChange] = []
    stays: list[Reason] = []
    for one in written:
        unit = compiled.by_unit.get(one.unit)
        if one.unit == EXTERNAL_ID:
            continue
        if unit is None or any(key not in unit.keys for key in one.after):
            stays.append(reasons.because(reasons.UNDO_UNMAPPED, label=one.unit))
            continue
        lock = locks.get(one.unit) if one.side is Side.QUICKBOOKS else None
        reason = _gone(situation, one.side) or _edited(situation, unit, one)
        if reason is None and lock is not None:
            reason = reasons.because(lock.code, label=unit.label, **lock.values)
        if reason is None:
            reason = next(iter(check_compiled(one.side, compiled, one.before)), None)
        if reason is not None:
            stays.append(reason)
        elif not _holds(unit, situation.now.of(one.side), one.before):
            changes.append(UnitChange(one.unit, one.side, one.before, one.after, reasons.UNDONE))
    return tuple(changes), tuple(stays)


def _gone(situation: UndoSituation, side: Side) -> Reason | None:
    record = situation.record(side)
    if record is not None and record.state is RecordState.LIVE:
        return None
    return reasons.because(reasons.UNDO_GONE, side=side.value)


def _edited(situation: UndoSituation, unit: CompiledUnit, one: WrittenUnit) -> Reason | None:
    """Somebody has typed into the unit since: neither is the record as the run left it, nor the value."""
    now = situation.now.of(one.side)
    if _untouched(situation, one.side) or _holds(unit, now, one.after) or _holds(unit, now, one.before):
        return None
    return reasons.because(reasons.UNDO_EDITED, label=unit.label, side=one.side.value)


def _untouched(situation: UndoSituation, side: Side) -> bool:
    record, left = situation.record(side), situation.deed.versions.get(side)
    return record is not None and bool(left) and record.token.version == left


def _holds(unit: CompiledUnit, now: Projection, values: Mapping[str, Any]) -> bool:
    return all(row.same(now.get(row.key), values[row.key]) for row in unit.rows if row.key in values)


# --- existence -------------------------------------------------------------------------------------------------------


def _without(situation: UndoSituation, compiled: CompiledSpec, side: Side) -> Undoing:
    """The record that the run made goes, by its kind's rule; what the run wrote back to its source goes as well."""
    record, entity = situation.record(side), compiled.traits(side)
    refusal = _gone(situation, side) or _kept(situation, compiled, side)
    if refusal is not None or record is None:
        return Undoing(Decision(DecisionKind.REFUSED, (refusal,) if refusal else ()))
    back = tuple(one for one in situation.deed.units if one.side is side.other)
    changes, _ = _restored(situation, compiled, back)
    code = {
        RecordState.INACTIVE: reasons.UNDO_INACTIVE,
        RecordState.VOIDED: reasons.UNDO_VOID,
        RecordState.DELETED: reasons.UNDO_DELETE,
    }[entity.removal]
    state = StateChange(side, entity.removal)
    rule = (reasons.because(code, side=side.value),)
    return Undoing(_decision(situation, DecisionKind.UPDATE, changes, rule, state), CLOSED)


def _kept(situation: UndoSituation, compiled: CompiledSpec, side: Side) -> Reason | None:
    """Why a record that the run made has to stay."""
    record, entity = situation.record(side), compiled.traits(side)
    if record is None:
        return reasons.because(reasons.UNDO_GONE, side=side.value)
    lock = next(iter(entity.locks(record.body, situation.books)), None)
    if lock is not None:
        return reasons.because(lock.code, **lock.values)
    if situation.children:
        return reasons.because(reasons.UNDO_CHILDREN, names=list(situation.children[:5]))
    if entity.list_entity and _has_balance(record):
        return reasons.because(reasons.UNDO_BALANCE, balance=str(record.body["Balance"]))
    if (
        entity.removal is not RecordState.INACTIVE
        and situation.deed.versions.get(side)
        and not _untouched(situation, side)
    ):
        return reasons.because(reasons.UNDO_EDITED_RECORD, side=side.value)
    for one in situation.deed.units:
        unit = compiled.by_unit.get(one.unit)
        if one.side is side and unit is not None:
            edited = _edited(situation, unit, one)
            if edited is not None:
                return edited
    return None


def _has_balance(record: RemoteRecord) -> bool:
    return Decimal(str(record.body.get("Balance") or 0)) != 0


def _state_back(situation: UndoSituation) -> tuple[StateChange | None, tuple[Reason, ...]]:
    """A record that the run made inactive lives again, and the other way round."""
    deed = situation.deed
    for side, was, back in (
        (deed.inactive, RecordState.INACTIVE, RecordState.LIVE),
        (deed.revived, RecordState.LIVE, RecordState.INACTIVE),
    ):
        if side is None:
            continue
        record = situation.record(side)
        if record is None or record.state is not was:
            return None, (reasons.because(reasons.UNDO_EDITED_RECORD, side=side.value),)
        return StateChange(side, back), ()
    return None, ()
