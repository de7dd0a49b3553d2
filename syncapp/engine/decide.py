"""The decision for one link: `decide(situation)` (sync-semantics sections 4 to 9). Pure and total.

The order: the mapping's switch, the link's own state, what exists on each side, filters, match and create, then the
merge of every unit. A press of a button runs the same decision: it never overrides a conflict silently. It only means
that units which drifted on the pressed target are overwritten, and that units which would ask at the first link take
the other side's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from connectors.contracts import RecordState, Side, Token
from syncapp.engine import reasons
from syncapp.engine.checks import check_compiled
from syncapp.engine.compiled import EXTERNAL_ID, CompiledSpec, CompiledUnit, compile_spec
from syncapp.engine.creation import create_or_match, skip, wait_for
from syncapp.engine.decision import (
    Decision,
    DecisionKind,
    ParentNeed,
    Projection,
    Reason,
    Situation,
    UnitChange,
    UnitHold,
)
from syncapp.engine.existence import Pair, Verdict, judge, state_of
from syncapp.engine.filters import first_unmet
from syncapp.engine.mapping import Mode
from syncapp.engine.merge import Action, MergeContext, Sides, UnitResult, merge_unit, unit_values
from syncapp.engine.projection import project
from syncapp.engine.timing import Timing

WRITING = frozenset({DecisionKind.CREATE, DecisionKind.UPDATE, DecisionKind.ADOPT, DecisionKind.LINK})
UNLINKED = frozenset({"unlinked", "absorbed"})
DEFAULT_TIMING = Timing()
EMPTY: Mapping[str, object] = {}


def decide(situation: Situation, timing: Timing = DEFAULT_TIMING) -> Decision:
    """Decide one link. Raises nothing but what a broken mapping raises at compile time (UnknownTransform)."""
    compiled = compile_spec(situation.spec)
    now = projections(situation)
    decision = _decide(situation, compiled, now, timing)
    if decision.kind in WRITING and not situation.writes_enabled:
        decision = skip(reasons.WRITES_OFF)
    return replace(
        decision,
        sf_token=situation.sf.token if situation.sf else None,
        qbo_token=situation.qbo.token if situation.qbo else None,
        sf_now=now.sf,
        qbo_now=now.qbo,
    )


def projections(situation: Situation) -> Sides:
    """What both sides hold now: of the record read, or what is known of a side that was not read again."""
    return Sides(_projection(situation, Side.SALESFORCE), _projection(situation, Side.QUICKBOOKS))


def _projection(situation: Situation, side: Side) -> Projection:
    known = situation.known.get(side)
    if known is not None:
        return known
    record = situation.sf if side is Side.SALESFORCE else situation.qbo
    return project(side, record, situation.spec) if record is not None and record.body else EMPTY


def _decide(situation: Situation, compiled: CompiledSpec, now: Sides, timing: Timing) -> Decision:
    switched = _switched_off(situation)
    if switched is not None:
        return switched
    link, policies = situation.link, situation.spec.policies
    pair = Pair(
        state_of(situation.sf, link.sf_id, link.sf_state),
        state_of(situation.qbo, link.qbo_id, link.qbo_state),
    )
    verdict = judge(pair, link, policies, list_entity=compiled.qbo_traits.list_entity)
    if isinstance(verdict, Verdict):
        return _ended(verdict, situation)
    filtered = _filtered(situation)
    if filtered is not None:
        return filtered
    context = _context(situation, timing)
    if verdict is not None:
        return create_or_match(situation, compiled, verdict, now.of(verdict.other), context)
    return _reconcile(situation, compiled, now, context)


def _switched_off(situation: Situation) -> Decision | None:
    link, mode = situation.link, situation.spec.mode
    if link.lifecycle in UNLINKED:
        return _let_go(situation)
    if mode is Mode.OFF:
        return skip(reasons.MAPPING_OFF)
    if mode is Mode.BUTTON and link.forced is None and not situation.needed:
        return skip(reasons.BUTTON_ONLY)
    return None


def _let_go(situation: Situation) -> Decision:
    """A link that a person closed: nothing is kept in step, but our id is taken out of Salesforce (section 8)."""
    link, held = situation.link, (situation.link.sf_base or {}).get(EXTERNAL_ID)
    if link.lifecycle != "unlinked" or not situation.spec.external_id_field or not held:
        return skip(reasons.UNLINKED, "none")
    return Decision(
        DecisionKind.UPDATE,
        reasons=(reasons.because(reasons.UNLINKED),),
        changes=(
            UnitChange(
                EXTERNAL_ID, Side.SALESFORCE, {EXTERNAL_ID: None}, {EXTERNAL_ID: held}, reasons.UNLINKED
            ),
        ),
        lifecycle="unlinked",
    )


def _ended(verdict: Verdict, situation: Situation) -> Decision:
    record = situation.sf or situation.qbo
    merged = next((r for r in (situation.sf, situation.qbo) if r and r.state is RecordState.MERGED), record)
    reason = reasons.because(
        verdict.reason,
        id=merged.id if merged else "",
        merged_into=merged.merged_into if merged else "",
        modified_by=merged.modified_by if merged else "",
    )
    return Decision(
        verdict.kind,
        reasons=(reason,),
        attention=verdict.attention,
        lifecycle=verdict.lifecycle,
        set_state=verdict.set_state,
    )


def _filtered(situation: Situation) -> Decision | None:
    """A record that the mapping's filter leaves out. A side that was not read has passed it before, unchanged."""
    spec = situation.spec
    for record, conditions in ((situation.sf, spec.sf_filter), (situation.qbo, spec.qbo_filter)):
        unmet = first_unmet(conditions, record.body) if record is not None and record.body else None
        if unmet is not None and record is not None:
            return skip(
                reasons.FILTERED,
                side=record.side.value,
                field=unmet.path,
                operator=unmet.operator,
                wanted=unmet.value,
            )
    return None


def _context(situation: Situation, timing: Timing) -> MergeContext:
    sf, qbo = situation.sf, situation.qbo
    realm = situation.realm
    return MergeContext(
        newest=_newest(sf.token, qbo.token, timing) if sf and qbo else None,
        forced=situation.link.forced,
        held=situation.link.held,
        tokens=(sf.token.version if sf else "", qbo.token.version if qbo else ""),
        writes=situation.link.writes,
        locks=situation.locks,
        parents={(need.key, need.side, need.remote_id): need for need in situation.parents},
        external_prefix=f"{realm}:{situation.spec.qbo_entity}:" if realm else "",
    )


def _newest(sf: Token, qbo: Token, timing: Timing) -> Side | None:
    """The side whose record changed later, as each server says; None when they are too close to call (section 5)."""
    if abs(sf.modified - qbo.modified) < timedelta(seconds=timing.newest_guard):
        return None
    return Side.SALESFORCE if sf.modified > qbo.modified else Side.QUICKBOOKS


def _reconcile(situation: Situation, compiled: CompiledSpec, now: Sides, context: MergeContext) -> Decision:
    link = situation.link
    if link.sf_base == now.sf and link.qbo_base == now.qbo and not link.held and not link.unknown_units:
        return Decision(DecisionKind.NOTHING, reasons=(reasons.because(reasons.IN_SYNC),), lifecycle="linked")
    results = [_merged(unit, situation, now, context) for unit in compiled.units]
    waits = tuple(need for result in results for need in result.waits)
    if waits:
        return replace(wait_for(_each_once(waits)), lifecycle="linked")
    return _combined(situation, compiled, now, results)


def _each_once(waits: tuple[ParentNeed, ...]) -> tuple[ParentNeed, ...]:
    return tuple(dict.fromkeys(waits))


def _merged(unit: CompiledUnit, situation: Situation, now: Sides, context: MergeContext) -> UnitResult:
    return merge_unit(unit, now, _base(unit.name, situation), context)


def _base(unit: str, situation: Situation) -> Sides | None:
    link = situation.link
    if link.sf_base is None or link.qbo_base is None or unit in link.unknown_units:
        return None
    return Sides(link.sf_base, link.qbo_base)


def _combined(
    situation: Situation, compiled: CompiledSpec, now: Sides, results: list[UnitResult]
) -> Decision:
    changes: list[UnitChange] = []
    holds: list[UnitHold] = []
    rules: list[Reason] = []
    asks = ""
    for result in results:
        unit = compiled.by_unit[result.unit]
        target = result.target
        problems = check_compiled(target, compiled, result.values) if target is not None else ()
        if problems:
            rules.extend(problems)
            holds.append(_hold(unit, "data", situation, now))
            asks = asks or "data_error"
        elif target is not None:
            changes.append(_change(unit, target, now, result))
        elif result.action is Action.HOLD:
            holds.append(_hold(unit, result.why, situation, now))
            asks = _worse(asks, _attention_of(result))
        if result.reason and result.reason != reasons.AGREED and not problems:
            rules.append(_rule(unit, result))
    adopt = tuple(result.unit for result in results if result.action is Action.ADOPT)
    if _must_settle(situation, changes):
        return Decision(
            DecisionKind.WAIT, reasons=(reasons.because(reasons.SF_SETTLING),), lifecycle="linked"
        )
    return Decision(
        _kind(changes, adopt, asks, asking=any(result.asks for result in results)),
        reasons=tuple(sorted(rules, key=_telling))
        or (reasons.because(reasons.AGREED if adopt else reasons.IN_SYNC),),
        changes=tuple(changes),
        adopt=adopt,
        holds=tuple(holds),
        released=tuple(unit for unit in situation.link.held if unit not in {hold.unit for hold in holds}),
        attention=asks or "none",
        lifecycle="linked",
    )


def _must_settle(situation: Situation, changes: list[UnitChange]) -> bool:
    """Stamps have whole seconds: a record whose stamp may still be shared by another write is not written yet
    (section 7.5). The external id is ours alone and does not wait."""
    sf = situation.sf
    if sf is None or sf.token.settled:
        return False
    return any(change.target is Side.SALESFORCE and change.unit != EXTERNAL_ID for change in changes)


def _change(unit: CompiledUnit, target: Side, now: Sides, result: UnitResult) -> UnitChange:
    return UnitChange(unit.name, target, result.values, unit_values(unit, now.of(target)), result.reason)


def _hold(unit: CompiledUnit, why: str, situation: Situation, now: Sides) -> UnitHold:
    base = _base(unit.name, situation) or Sides(EMPTY, EMPTY)
    return UnitHold(
        unit.name,
        why,
        sf=unit_values(unit, now.sf),
        qbo=unit_values(unit, now.qbo),
        base_sf=unit_values(unit, base.sf),
        base_qbo=unit_values(unit, base.qbo),
    )


def _rule(unit: CompiledUnit, result: UnitResult) -> Reason:
    side = result.target
    return reasons.because(
        result.reason, unit=unit.name, label=unit.label, side=side.value if side else _drifted(unit)
    )


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
}
_GRAVITY = ("conflict", "oscillation", "data_error", "drift")


def _attention_of(result: UnitResult) -> str:
    if not result.asks and result.why != "drift":
        return ""
    return _ATTENTION.get(result.why, "")


def _worse(one: str, other: str) -> str:
    return min((one, other), key=lambda name: _GRAVITY.index(name) if name in _GRAVITY else len(_GRAVITY))


def _kind(changes: list[UnitChange], adopt: tuple[str, ...], asks: str, *, asking: bool) -> DecisionKind:
    if changes:
        return DecisionKind.UPDATE
    if asks in ("conflict", "oscillation"):
        return DecisionKind.CONFLICT
    if asking or asks == "data_error":
        return DecisionKind.HOLD
    return DecisionKind.ADOPT if adopt else DecisionKind.NOTHING


_QUIET = frozenset({reasons.CREATE_ONLY, reasons.UNDONE})
_ASKING = frozenset(
    {
        *(
            reasons.CONFLICT,
            reasons.NEWEST_CLOSE,
            reasons.INITIAL_ASK,
            reasons.DRIFT_ASK,
            reasons.OSCILLATION,
        ),
        *(reasons.LOCKED, reasons.TOO_LONG, reasons.REQUIRED, reasons.BAD_VALUE, reasons.FORBIDDEN_CHARACTER),
        reasons.BAD_EMAIL,
    }
)


def _telling(rule: Reason) -> int:
    """What needs a person comes first, then what drifted, then what is written; what changed nothing comes last."""
    if rule.code in _ASKING:
        return 0
    if rule.code == reasons.DRIFT_LEFT:
        return 1
    return 3 if rule.code in _QUIET else 2
