"""What the results of all units of two linked records amount to: one decision, with what a person sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.contracts import Side
from syncapp.engine import payments, reasons
from syncapp.engine.bases import needs_record
from syncapp.engine.checks import check_compiled, check_date, check_lines
from syncapp.engine.compiled import EXTERNAL_ID, CompiledSpec, CompiledUnit
from syncapp.engine.decision import (
    Decision,
    DecisionKind,
    Reason,
    Situation,
    UnitChange,
    UnitHold,
)
from syncapp.engine.mapping import OnDrift
from syncapp.engine.merge import Action, Sides, UnitResult, unit_values

NOTHING_KNOWN: Mapping[str, object] = {}


def base_of(situation: Situation, unit: str) -> Sides | None:
    """What both sides held of a unit at the last agreement; None where that is not known."""
    link = situation.link
    if link.sf_base is None or link.qbo_base is None or unit in link.unknown_units:
        return None
    return Sides(link.sf_base, link.qbo_base)


def combine(situation: Situation, compiled: CompiledSpec, now: Sides, results: list[UnitResult]) -> Decision:
    """The decision for a linked pair from the results of its units, none of which waits for a parent."""
    gathered = _Gathered(situation, now, payments.refused_together(situation, compiled, now, results))
    for result in results:
        gathered.take(compiled, compiled.by_unit[result.unit], result)
    if _must_settle(situation, compiled, gathered.changes):
        settling = reasons.because(reasons.SF_SETTLING)
        return Decision(DecisionKind.WAIT, reasons=(settling,), lifecycle="linked")
    return gathered.decision()


@dataclass(slots=True)
class _Gathered:
    """Collects unit results. `attention` is the gravest of what needs to be seen."""

    situation: Situation
    now: Sides
    together: Mapping[str, tuple[Reason, ...]] = field(default_factory=dict)
    """Units that must not be written to QuickBooks because of what they come to together."""
    changes: list[UnitChange] = field(default_factory=list)
    holds: list[UnitHold] = field(default_factory=list)
    adopt: list[str] = field(default_factory=list)
    rules: list[Reason] = field(default_factory=list)
    attention: str = "none"
    asks: bool = False

    def take(self, compiled: CompiledSpec, unit: CompiledUnit, result: UnitResult) -> None:
        target = result.target
        problems = self._refusals(compiled, target, result) if target is not None else ()
        if problems or (target is Side.QUICKBOOKS and unit.name in self.together):
            problems = problems or self.together[unit.name]
            self.rules.extend(problems)
            self._hold(unit, "data", asks=True)
            return
        if target is not None:
            before = unit_values(unit, self.now.of(target))
            self.changes.append(UnitChange(unit.name, target, result.values, before, result.reason))
        elif result.action is Action.HOLD:
            self._hold(unit, result.why, asks=result.asks, told=result)
        elif result.action is Action.ADOPT:
            self.adopt.append(unit.name)
        if result.reason not in ("", reasons.AGREED):
            self.rules.append(_rule(unit, result))

    def _refusals(self, compiled: CompiledSpec, target: Side, result: UnitResult) -> tuple[Reason, ...]:
        found = check_compiled(target, compiled, result.values)
        if target is Side.QUICKBOOKS:
            books = self.situation.books
            found += check_date(compiled, result.values, books) + check_lines(compiled, result.values, books)
        return found

    def _hold(self, unit: CompiledUnit, why: str, *, asks: bool, told: UnitResult | None = None) -> None:
        base = base_of(self.situation, unit.name) or Sides(NOTHING_KNOWN, NOTHING_KNOWN)
        self.holds.append(
            UnitHold(
                unit.name,
                why,
                sf=unit_values(unit, self.now.sf),
                qbo=unit_values(unit, self.now.qbo),
                base_sf=unit_values(unit, base.sf),
                base_qbo=unit_values(unit, base.qbo),
                code=told.reason if told else "",
                details=told.details if told else NOTHING_KNOWN,
                offers=told.offers if told else (),
            )
        )
        self.asks = self.asks or asks
        if asks or why == "drift":
            self.attention = _graver(self.attention, _ATTENTION.get(why, "none"))

    def decision(self) -> Decision:
        held = {hold.unit for hold in self.holds}
        nothing_else = reasons.because(reasons.AGREED if self.adopt else reasons.IN_SYNC)
        return Decision(
            self._kind(),
            reasons=tuple(sorted(self.rules, key=_telling)) or (nothing_else,),
            changes=tuple(self.changes),
            adopt=tuple(self.adopt),
            holds=tuple(self.holds),
            released=tuple(unit for unit in self.situation.link.held if unit not in held),
            attention=self.attention,
            lifecycle="linked",
        )

    def _kind(self) -> DecisionKind:
        if self.changes:
            return DecisionKind.UPDATE
        if self.attention in ("conflict", "oscillation"):
            return DecisionKind.CONFLICT
        if self.asks:
            return DecisionKind.HOLD
        return DecisionKind.ADOPT if self.adopt else DecisionKind.NOTHING


def _must_settle(situation: Situation, compiled: CompiledSpec, changes: list[UnitChange]) -> bool:
    """Stamps have whole seconds: a record whose stamp may still be shared by another write is not written yet
    (section 7.5). What is QuickBooks' alone, whatever anyone types there (the external id, a balance), does not wait,
    nor do child rows: they are records of their own."""
    sf = situation.sf
    if sf is None or sf.token.settled:
        return False
    targets = (compiled.by_unit[change.unit] for change in changes if change.target is Side.SALESFORCE)
    return any(not _is_mirror(unit) and not needs_record(unit, Side.SALESFORCE) for unit in targets)


def _is_mirror(unit: CompiledUnit) -> bool:
    return unit.name == EXTERNAL_ID or unit.policy.on_drift is OnDrift.OVERWRITE


def _rule(unit: CompiledUnit, result: UnitResult) -> Reason:
    side = result.target.value if result.target else _drifted(unit)
    return reasons.because(result.reason, unit=unit.name, label=unit.label, side=side, **result.details)


def _drifted(unit: CompiledUnit) -> str:
    """The side that a one-way unit flows to, which is the one that drifts."""
    targets = [side.value for side in Side if unit.allows(side)]
    return targets[0] if len(targets) == 1 else ""


_ATTENTION = {
    "conflict": "conflict",
    "initial": "conflict",
    "oscillation": "oscillation",
    "drift": "drift",
    "locked": "data_error",
    "money": "data_error",
    "data": "data_error",
}
_GRAVITY = ("conflict", "oscillation", "data_error", "drift", "none")


def _graver(one: str, other: str) -> str:
    return min((one, other), key=_GRAVITY.index)


_ASKING = frozenset(
    {
        *(reasons.CONFLICT, reasons.NEWEST_CLOSE, reasons.INITIAL_ASK, reasons.DRIFT_ASK),
        reasons.OSCILLATION,
        *(
            reasons.LOCKED_PAID,
            reasons.LOCKED_PAID_PARTY,
            reasons.LOCKED_DEPOSITED,
            reasons.LOCKED_CLOSED,
            reasons.LOCKED_LINKED,
        ),
        reasons.CLOSED_DATE,
        *(
            reasons.TOO_LONG,
            reasons.REQUIRED,
            reasons.BAD_VALUE,
            reasons.FORBIDDEN_CHARACTER,
            reasons.BAD_EMAIL,
            reasons.NOT_COMPUTED,
        ),
        *(reasons.NOT_LISTED, reasons.NO_ITEM, reasons.NEGATIVE_TOTAL, reasons.WRONG_CURRENCY),
        *(reasons.OTHER_CURRENCY, reasons.CUSTOMER_CURRENCY),
        reasons.TOO_MANY_LINES,
        reasons.MONEY_DIFFERS,
        *(reasons.PAYS_NOTHING, reasons.PAYS_TWICE, reasons.PAYS_BELOW_ZERO, reasons.PAYS_TOO_MUCH),
        *(reasons.PAYS_MORE, reasons.NO_AMOUNT),
        *(reasons.CREDIT_WITH_MONEY, reasons.CREDIT_WITHOUT, reasons.CREDIT_UNEVEN),
    }
)
_QUIET = frozenset({reasons.CREATE_ONLY, reasons.KEPT_FULL, reasons.LINKED_AS_IS, reasons.UNDONE})


def _telling(rule: Reason) -> int:
    """What needs a person comes first, then what drifted, then what is written; what changed nothing comes last."""
    if rule.code in _ASKING:
        return 0
    if rule.code == reasons.DRIFT_LEFT:
        return 1
    return 3 if rule.code in _QUIET else 2
