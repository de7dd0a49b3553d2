"""The decision for one link: `decide(situation)` (sync-semantics sections 4 to 9). Pure and total.

The order: the mapping's switch, the link's own state, what exists on each side, filters, match and create, then the
merge of every unit. A press of a button runs the same decision: it never overrides a conflict silently. It only means
that units which drifted on the pressed target are overwritten, and that units which would ask at the first link take
the other side's value.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.contracts import Condition, RecordState, RemoteRecord, Side, Token
from syncapp.engine import activity, reasons
from syncapp.engine.combining import NOTHING_KNOWN, base_of, combine
from syncapp.engine.compiled import EXTERNAL_ID, CompiledSpec, CompiledUnit, compile_spec
from syncapp.engine.creation import create_or_match, skip, wait_for
from syncapp.engine.criteria_text import in_words
from syncapp.engine.decision import (
    Decision,
    DecisionKind,
    ParentNeed,
    Projection,
    Reason,
    Situation,
    UnitChange,
)
from syncapp.engine.existence import RECORD, Pair, Rules, Verdict, judge, state_of
from syncapp.engine.filters import first_unmet
from syncapp.engine.lines import LinePlan, pair_up
from syncapp.engine.locking import details as lock_details
from syncapp.engine.locking import new_total, unit_locks
from syncapp.engine.mapping import Criterion, Mode
from syncapp.engine.merge import Action, MergeContext, Sides, UnitResult, merge_unit
from syncapp.engine.money import places_of
from syncapp.engine.paths import read
from syncapp.engine.pricing import Terms
from syncapp.engine.projection import project
from syncapp.engine.timing import Timing

WRITING = frozenset({DecisionKind.CREATE, DecisionKind.UPDATE, DecisionKind.ADOPT, DecisionKind.LINK})
UNLINKED = frozenset({"unlinked", "absorbed"})
DEFAULT_TIMING = Timing()


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
        sf_by=situation.sf.modified_by if situation.sf else "",
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
    if record is None or not record.body:
        return NOTHING_KNOWN
    read_before = situation.read.get(side)
    return project(side, record, situation.spec) if read_before is None else read_before


def _decide(situation: Situation, compiled: CompiledSpec, now: Sides, timing: Timing) -> Decision:
    switched = _switched_off(situation)
    if switched is not None:
        return switched
    link = situation.link
    pair = Pair(
        state_of(situation.sf, link.sf_id, link.sf_state),
        state_of(situation.qbo, link.qbo_id, link.qbo_state),
    )
    verdict = judge(pair, link, _rules(situation, compiled))
    context = merge_context(situation, compiled, now, timing)
    if activity.is_followed(situation, compiled, pair):
        unit = compiled.by_unit[activity.unit_of_activity(compiled)]
        followed = activity.follow(situation, compiled, now, _merged(unit, situation, now, context))
        return followed or _reconcile(situation, compiled, now, context)
    if isinstance(verdict, Verdict):
        ended = _ended(verdict, situation)
        if verdict.reason == reasons.QBO_VOIDED:
            return _follow_voided(ended, situation, compiled, now, context)
        return _unless_locked(ended, situation, compiled)
    filtered = _filtered(situation)
    if filtered is not None:
        return filtered
    if verdict is not None:
        alone = activity.left_alone(compiled, verdict, now)
        if alone is not None:
            return alone
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
    """A link that a person closed: nothing is kept in step, but our id is taken out of Salesforce (section 8), where
    the record is still there to be written to."""
    link, held = situation.link, (situation.link.sf_base or {}).get(EXTERNAL_ID)
    there = state_of(situation.sf, link.sf_id, link.sf_state) is RecordState.LIVE
    if link.lifecycle != "unlinked" or not situation.spec.external_id_field or not held or not there:
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
        released=(RECORD,) if verdict.set_state is not None and RECORD in situation.link.held else (),
    )


def _rules(situation: Situation, compiled: CompiledSpec) -> Rules:
    entity = compiled.qbo_traits
    return Rules(situation.spec.policies, entity.list_entity, entity.voidable, situation.braked)


def _unless_locked(ended: Decision, situation: Situation, compiled: CompiledSpec) -> Decision:
    """Nothing that money hangs on is voided: what locks it is said, and it is decided anew when that changes."""
    wanted, qbo = ended.set_state, situation.qbo
    if wanted is None or wanted.state is not RecordState.VOIDED or qbo is None:
        return ended
    locks = compiled.qbo_traits.locks(qbo.body, situation.books)
    if not locks:
        return ended
    told = reasons.because(
        locks[0].code, label=compiled.qbo_traits.label, **lock_details(locks[0], Decimal(0))
    )
    return Decision(DecisionKind.HOLD, reasons=(told,), attention="data_error")


def _follow_voided(
    ended: Decision, situation: Situation, compiled: CompiledSpec, now: Sides, context: MergeContext
) -> Decision:
    """What a voided document holds (its status, amounts of zero) still goes to Salesforce; it is never written to."""
    results = [_merged(unit, situation, now, context) for unit in compiled.units]
    kept = [result for result in results if result.action in (Action.TO_SF, Action.ADOPT)]
    if not any(result.action is Action.TO_SF for result in kept):
        return replace(ended, adopt=tuple(result.unit for result in kept))
    followed = combine(situation, compiled, now, kept)
    if followed.kind is DecisionKind.WAIT:
        return followed
    return replace(
        followed,
        reasons=(*ended.reasons, *followed.reasons),
        attention=ended.attention,
        lifecycle=ended.lifecycle,
    )


def _filtered(situation: Situation) -> Decision | None:
    """A record that the mapping's filter leaves out. A side that was not read has passed it before, unchanged."""
    spec = situation.spec
    for record in (situation.sf, situation.qbo):
        if record is None or not record.body:
            continue
        unmet = first_unmet(spec.filter_of(record.side), record.body)
        if unmet is not None:
            return _left_out(situation, record, unmet)
    return None


def _left_out(situation: Situation, record: RemoteRecord, unmet: Criterion) -> Decision:
    """Left out by the filter. What is linked already and no longer fits may ask a person instead: a document that was
    made stays made."""
    linked = situation.link.sf_id and situation.link.qbo_id
    reason = why_left_out(record, unmet)
    if linked and situation.spec.policies.filter_left == "ask":
        asking = reasons.FILTER_LEFT if isinstance(unmet, Condition) else reasons.CRITERIA_LEFT
        return _asked(asking, dict(reason.values))
    return skip(reason.code, **reason.values)


def why_left_out(record: RemoteRecord, unmet: Criterion) -> Reason:
    """The rule of the mapping's filter that this record does not meet, with the value seen."""
    if not isinstance(unmet, Condition):
        return reasons.because(reasons.NO_CRITERIA, side=record.side.value, rule=in_words(unmet))
    held = read(record.body, unmet.path)
    empty = held in (None, "") and unmet.operator in ("eq", "in")
    return reasons.because(
        reasons.FIELD_EMPTY if empty else reasons.FILTERED,
        side=record.side.value,
        field=unmet.path,
        label=label_of(unmet.path),
        operator=unmet.operator,
        wanted=unmet.value,
        value=held,
    )


def _asked(code: str, values: dict[str, Any]) -> Decision:
    reason = reasons.because(code, **values)
    return Decision(DecisionKind.HOLD, (reason,), attention="data_error", lifecycle="linked")


def label_of(path: str) -> str:
    """A field's name as a person may read it: `QBO_Generate__c` gives Generate."""
    name = path.rsplit(".", 1)[-1].removesuffix("__c").removeprefix("QBO_")
    return name.replace("_", " ").strip()


def merge_context(
    situation: Situation, compiled: CompiledSpec, now: Sides, timing: Timing = DEFAULT_TIMING
) -> MergeContext:
    """What every unit of this situation is decided with."""
    sf, qbo = situation.sf, situation.qbo
    realm = situation.realm
    body = qbo.body if qbo else {}
    return MergeContext(
        newest=_newest(sf.token, qbo.token, timing) if sf and qbo else None,
        forced=situation.link.forced,
        held=situation.link.held,
        tokens=(sf.token.version if sf else "", qbo.token.version if qbo else ""),
        writes=situation.link.writes,
        locks=unit_locks(compiled, body, situation.books),
        new_total=lambda values: new_total(compiled, values, body),
        parents={(need.key, need.side, need.remote_id): need for need in situation.parents},
        terms=_terms(situation, compiled, now),
        plans=_line_plans(situation, compiled, now),
        customers_email=next((need.email for need in situation.parents if need.email), ""),
        external_prefix=f"{realm}:{situation.spec.qbo_entity}:" if realm else "",
    )


def _terms(situation: Situation, compiled: CompiledSpec, now: Sides) -> Terms:
    currency = now.sf.get("currency") or now.qbo.get("currency") or situation.books.currency
    return Terms(situation.books, situation.lists, compiled.spec.options, places_of(str(currency)))


def _line_plans(situation: Situation, compiled: CompiledSpec, now: Sides) -> dict[tuple[str, Side], LinePlan]:
    """How the lines of each side stand to the other's, for every lines row."""
    link = situation.link
    base = Sides(link.sf_base or NOTHING_KNOWN, link.qbo_base or NOTHING_KNOWN)
    return {
        (row.key, target): pair_up(
            row.child,
            now.of(target.other).get(row.key),
            now.of(target).get(row.key),
            base.of(target.other).get(row.key),
            base.of(target).get(row.key),
        )
        for row in compiled.line_rows
        if row.child is not None
        for target in Side
    }


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
    return combine(situation, compiled, now, results)


def _each_once(waits: tuple[ParentNeed, ...]) -> tuple[ParentNeed, ...]:
    return tuple(dict.fromkeys(waits))


def _merged(unit: CompiledUnit, situation: Situation, now: Sides, context: MergeContext) -> UnitResult:
    return merge_unit(unit, now, base_of(situation, unit.name), context)
