"""Stage 5, first half: what was decided is stored in one transaction, before a byte is sent (sync-semantics 11).

Adoptions, holds, skips and waits take effect here; writes become intents.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from connectors.contracts import RemoteRecord, Side
from connectors.salesforce.writes import calls as composites
from syncapp.engine import alone
from syncapp.engine.bases import held_after
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import Decision, DecisionKind
from syncapp.engine.display import display_name
from syncapp.engine.plan import candidate_json
from syncapp.engine.reasons import BUTTON_ONLY, MAPPING_OFF, SF_SETTLING, WRITES_OFF
from syncapp.ids import uuid7
from syncapp.models import CLOSED_LIFECYCLES, Attempt, Outcome
from syncapp.services import composing, poison, waiting
from syncapp.services.deciding import Decided, SliceDecisions
from syncapp.services.slice_context import SliceContext
from syncapp.store import (
    bulk,
    intents,
    leases,
    links,
    observations,
    problems,
    runs,
    transactions,
    unclear_writes,
)
from syncapp.store.intents import Batch, Plan
from syncapp.store.links import LinkRow
from syncapp.store.problems import LinkProblem

OUTCOMES = {
    DecisionKind.NOTHING: Outcome.NOTHING,
    DecisionKind.ADOPT: Outcome.NOTHING,
    DecisionKind.LINK: Outcome.LINKED,
    DecisionKind.SKIP: Outcome.SKIPPED,
    DecisionKind.WAIT: Outcome.WAITING,
    DecisionKind.CONFLICT: Outcome.ASKED,
    DecisionKind.HOLD: Outcome.ASKED,
    DecisionKind.UNLINK: Outcome.UPDATED,
}
AGREEMENTS = frozenset({DecisionKind.NOTHING, DecisionKind.ADOPT})
FAILED_ATTENTIONS = frozenset({"data_error", "blocked", "oscillation", "quarantined"})
QUIET_ATTENTIONS = frozenset({"none", "skipped", "waiting"})
SWITCHES = frozenset({MAPPING_OFF, BUTTON_ONLY, WRITES_OFF})
"""Why a record was passed over without a look at what it holds."""
REMEMBERED = frozenset({Outcome.LINKED, Outcome.UPDATED, Outcome.WAITING, Outcome.ASKED, Outcome.FAILED})

ONE_WRITE = "one_open_intent_per_remote_record"


@dataclass(slots=True)
class Staged:
    """What a slice sends, and the links that need no sending."""

    batches: list[Batch] = field(default_factory=list)
    finished: list[UUID] = field(default_factory=list)
    settling: list[UUID] = field(default_factory=list)
    """Salesforce records that may still change within the second of their stamp: looked at again right after it."""


def stage(context: SliceContext, decisions: SliceDecisions, linked: set[UUID]) -> Staged:
    """Store the decisions of a slice; returns the batches to send. `linked` were joined a moment ago in this slice."""
    before = [(item.link, item.link.copy()) for item in decisions.items]

    def put_back() -> None:
        for link, saved in before:
            link.become(saved)

    try:
        return transactions.run(lambda: _stage(context, decisions, linked), undo=put_back)
    except IntegrityError as error:
        put_back()
        rest = _put_off_written(context, decisions, error)
    return stage(context, rest, linked)


def _put_off_written(
    context: SliceContext, decisions: SliceDecisions, error: IntegrityError
) -> SliceDecisions:
    """Give back the links whose record a write of another link is still open for: one that followed a merge
    while our id leaves the closed link of its winner. Nothing is decided for them before that write has come to its
    end. Raises the error again where it says something else."""
    if transactions.broken_rule(error) != ONE_WRITE or transactions.is_open():
        raise error
    busy: set[UUID] = set()
    for side in Side:
        records = {item.link.remote_id(side): item.link.id for item in decisions.items}
        busy |= unclear_writes.written_by_others(
            context.connections[side].id, context.object(side), {id_: records[id_] for id_ in records if id_}
        )
    busy = busy or _further_writers(decisions)
    if not busy:
        raise error
    later = context.now + timedelta(seconds=context.timing.probe_gap)
    leases.postpone(context.piece, dict.fromkeys(sorted(busy), later))
    return SliceDecisions(
        tuple(item for item in decisions.items if item.link.id not in busy), decisions.parents
    )


def _further_writers(decisions: SliceDecisions) -> set[UUID]:
    """Links of this slice that would write to a record to which another of its links writes: closed ones go first."""
    first: dict[tuple[Side, str], UUID] = {}
    further: set[UUID] = set()
    for item in sorted(decisions.items, key=lambda each: each.link.lifecycle not in CLOSED_LIFECYCLES):
        for side in {change.target for change in item.decision.changes}:
            record_id = item.link.remote_id(side)
            if record_id and first.setdefault((side, record_id), item.link.id) != item.link.id:
                further.add(item.link.id)
    return further


def _stage(context: SliceContext, decisions: SliceDecisions, linked: set[UUID]) -> Staged:
    owned = leases.held_and_watched(context.piece, [item.link.id for item in decisions.items])
    let_go = [item.link.id for item in decisions.items if item.link.id not in owned]
    mine = [item for item in decisions.items if item.link.id in owned]
    held = poison.hold(context, decisions, [item for item in mine if not is_settling(item)])
    left_alone = held.left_alone
    if left_alone:
        _leave_alone(context, [item for item in mine if item.link.id in left_alone])
    items = [held.stopped.get(item.link.id, item) for item in mine if item.link.id not in left_alone]
    items = [item for item in items if not is_settling(item)]
    items, rings = waiting.store(context, decisions, items, lambda item: outcome_of(item, set()).value)
    staged = Staged(settling=[item.link.id for item in mine if is_settling(item)])
    plans: dict[Side, list[Plan]] = {side: [] for side in Side}
    for item in items:
        _apply(context, item)
        for side, plan in composing.plans(context, item):
            plans[side].append(plan)
    writing = {plan.link_id for listed in plans.values() for plan in listed}
    _store_outcomes(context, items, writing, linked)
    with bulk.together():
        for side in Side:
            staged.batches += _store_intents(context, side, plans[side])
    staged.finished = [item.link.id for item in items if item.link.id not in writing] + sorted(left_alone)
    waiting.wake(context.company_id, _ended(items, writing), context.piece.priority, but=rings)
    leases.release(context.piece, [*staged.finished, *let_go])  # those of another fence are not touched
    _wait_out_the_second(context, [item for item in mine if is_settling(item)])
    _read_again(context, [item for item in mine if is_settling(item)])
    return staged


def _ended(items: Sequence[Decided], writing: set[UUID]) -> list[UUID]:
    """Those that nobody has to wait for any longer: linked, or not to be linked unless a person sees to them."""
    return [
        item.link.id
        for item in items
        if item.link.lifecycle == "linked"
        or (item.link.id not in writing and item.decision.attention != "waiting")
    ]


def _leave_alone(context: SliceContext, items: Sequence[Decided]) -> None:
    """Records whose writes were refused before as they stand: they keep their problem and are not sent again."""
    runs.count((item.link.id, context.work[item.link.id].run_id, Outcome.FAILED.value) for item in items)
    settle_observations(context, items, ())


# --- what a decision changes on the link -----------------------------------------------------------------------------


def _apply(context: SliceContext, item: Decided) -> None:
    link, decision = item.link, item.decision
    for side, record in item.sides.records.items():
        if side not in item.sides.known:
            take_token(link, side, record)
            if record.body and (side is Side.SALESFORCE or not link.sf_id):
                link.name = display_name(side, record, context.spec)
    link.lifecycle = decision.lifecycle or link.lifecycle
    link.attention = decision.attention
    link.candidates = [candidate_json(candidate) for candidate in decision.candidates]
    link.held = held_after(item.view, decision, context.now)
    link.seen = alone.seen(context.spec, link.remote_id, decision)
    if decision.kind is DecisionKind.UNLINK:
        link.no_recreate = True
    _adopt(context, link, decision)
    link.base_version = context.spec.version


def take_token(link: LinkRow, side: Side, record: RemoteRecord) -> None:
    """Remember the version that this side was read at; what we only sent has none."""
    if not record.token.version:
        return
    if side is Side.SALESFORCE:
        link.sf_token, link.sf_modified, link.sf_state = (
            record.token.version,
            record.token.modified,
            record.state.value,
        )
    else:
        link.qbo_token, link.qbo_modified = record.token.version, record.token.modified
        link.qbo_state = record.state.value


def _adopt(context: SliceContext, link: LinkRow, decision: Decision) -> None:
    """Both bases move to the current values of the adopted units, without a write."""
    keys = [row.key for unit in decision.adopt for row in compile_spec(context.spec).by_unit[unit].rows]
    if keys:
        link.sf_base = {**(link.sf_base or {}), **composing.json_of(decision.sf_now, keys)}
        link.qbo_base = {**(link.qbo_base or {}), **composing.json_of(decision.qbo_now, keys)}


# --- rows ------------------------------------------------------------------------------------------------------------


def _store_intents(context: SliceContext, side: Side, plans: Sequence[Plan]) -> list[Batch]:
    return intents.stage(
        context.company_id,
        context.connections[side].id,
        side,
        _calls(context, side, plans),
        fence=context.piece.fence,
        mapping_version=context.spec.version,
        at=context.now,
    )


def _calls(context: SliceContext, side: Side, plans: Sequence[Plan]) -> list[Sequence[Plan]]:
    """The plans of each call: as many as one batch or composite carries, child rows counted. A collection holds one
    kind of write: what is alike goes together."""
    size = context.timing.qbo_batch if side is Side.QUICKBOOKS else context.timing.sf_composite
    alike: Sequence[Plan] = sorted(plans, key=lambda plan: plan.write.operation.value)
    chunks = [alike[start : start + size] for start in range(0, len(alike), size)]
    if side is Side.QUICKBOOKS:
        return chunks
    divided: list[Sequence[Plan]] = []
    for chunk in chunks:
        start = 0
        for group in composites([plan.write for plan in chunk]):
            divided.append(chunk[start : start + len(group)])
            start += len(group)
    return divided


def _store_outcomes(
    context: SliceContext, items: Sequence[Decided], writing: set[UUID], linked: set[UUID]
) -> None:
    """Links, attempts, problems and counters of everything that was decided; writes are counted when they settle."""
    done = [item for item in items if item.link.id not in writing]
    outcomes = [(item, outcome_of(item, linked)) for item in done]
    joined = [item for item in items if item.link.id in linked & writing]
    told = [
        *(_attempt(context, item, outcome) for item, outcome in outcomes if outcome in REMEMBERED),
        *(_attempt(context, item, Outcome.LINKED) for item in joined),
    ]
    agreed = {item.link.id for item in done if item.decision.kind in AGREEMENTS and not item.link.held}
    with bulk.together():
        links.save(
            context.company_id,
            [item.link for item in items],
            {item.link.id: _link_columns(item) for item in items},
        )
        bulk.insert(Attempt, told)
        _store_problems(context, items)
        settle_observations(context, items, agreed)
    _store_agreement(context, items, writing)
    counted = [*outcomes, *((item, Outcome.LINKED) for item in joined)]
    runs.count((item.link.id, context.work[item.link.id].run_id, outcome.value) for item, outcome in counted)


def settle_observations(context: SliceContext, items: Sequence[Decided], agreed: Collection[UUID]) -> None:
    """Nothing of these is news any more, but for what a switch kept from being looked at. Bodies are kept until both
    sides agree (links `agreed`): a wait, a hold or a refused write is decided again from them, and a side without news
    and without body is taken to be unchanged."""
    for side in Side:
        decided = {
            item.link.remote_id(side): record.token.version
            for item in items
            if (record := item.sides.read(side)) is not None and not _switched_off(item)
        }
        observations.settle(
            context.connections[side].id,
            context.object(side),
            decided,
            read_by=context.now,
            agreed={item.link.remote_id(side) for item in items if item.link.id in agreed},
        )


def _switched_off(item: Decided) -> bool:
    return any(reason.code in SWITCHES for reason in item.decision.reasons)


def _read_again(context: SliceContext, items: Sequence[Decided]) -> None:
    """A body that was read while its stamp could still be shared is no ground for a later write: it is read anew."""
    side = Side.SALESFORCE
    ids = [item.link.remote_id(side) for item in items]
    if ids:
        connection = context.connections[side]
        observations.hint(
            context.company_id, connection.id, context.object(side), ids, "settling", context.now
        )


def _wait_out_the_second(context: SliceContext, items: Sequence[Decided]) -> None:
    """Stamps have whole seconds: what was read within its own second is read again after it, then decided."""
    soon = context.now + timedelta(seconds=context.timing.settle_retry)
    leases.postpone(context.piece, {item.link.id: soon for item in items})
    observations.hint(
        context.company_id,
        context.connections[Side.SALESFORCE].id,
        context.spec.sf_object,
        [item.link.sf_id for item in items],
        "read",
        context.now,
    )


def is_settling(item: Decided) -> bool:
    """Whether this waits for the second of its Salesforce stamp to be over."""
    return item.decision.kind is DecisionKind.WAIT and item.decision.reasons[0].code == SF_SETTLING


def outcome_of(item: Decided, linked: set[UUID]) -> Outcome:
    """What came of a decision that writes nothing."""
    if item.decision.attention in FAILED_ATTENTIONS:
        return Outcome.FAILED
    if item.link.id in linked and item.decision.kind in (DecisionKind.NOTHING, DecisionKind.ADOPT):
        return Outcome.LINKED
    return OUTCOMES.get(item.decision.kind, Outcome.NOTHING)


def _link_columns(item: Decided) -> dict[str, Any]:
    decision = item.decision
    reason = decision.reasons[0] if decision.reasons and decision.attention != "none" else None
    return {
        "attention_code": reason.code if reason else "",
        "attention_values": dict(reason.values) if reason else {},
    }


def _store_agreement(context: SliceContext, items: Sequence[Decided], writing: set[UUID]) -> None:
    """Linked records that needed no write are in step as of now."""
    by_cause: dict[str, list[UUID]] = {}
    for item in items:
        if (
            item.link.lifecycle == "linked"
            and item.decision.attention == "none"
            and item.link.id not in writing
        ):
            by_cause.setdefault(context.work[item.link.id].cause, []).append(item.link.id)
    for cause, agreed in by_cause.items():
        bulk.execute(
            "update syncapp_recordlink set last_ok_at = lb_now(), last_cause = %s, attempts = 0 where id = any(%s)",
            [cause, agreed],
        )


def _attempt(context: SliceContext, item: Decided, outcome: Outcome) -> dict[str, Any]:
    decision, work = item.decision, context.work[item.link.id]
    reason = decision.reasons[0] if decision.reasons else None
    return {
        "id": uuid7(),
        "company_id": context.company_id,
        "link_id": item.link.id,
        "run_id": work.run_id,
        "cause": work.cause,
        "decision": decision.kind.value,
        "direction": "",
        "reasons": [{"code": one.code, "values": dict(one.values)} for one in decision.reasons],
        "changes": [],
        "outcome": outcome.value,
        "failure_kind": "data" if outcome is Outcome.FAILED else "",
        "failure_code": reason.code if reason and outcome is Outcome.FAILED else "",
        "failure_values": dict(reason.values) if reason and outcome is Outcome.FAILED else {},
        "request_id": "",
        "started_at": context.now,
        "finished_at": context.now,
    }


def _store_problems(context: SliceContext, items: Sequence[Decided]) -> None:
    opened, closed = [], []
    for item in items:
        if item.decision.attention in QUIET_ATTENTIONS:
            closed.append(item.link.id)
        elif item.decision.reasons:
            reason = item.decision.reasons[0]
            values = {**reason.values, "name": item.link.name}
            opened.append(
                LinkProblem(item.link.id, context.mapping.pk, item.decision.attention, reason.code, values)
            )
    problems.open_for_links(context.company_id, opened, context.now)
    problems.close_for_links(context.company_id, closed, "A later run found nothing wrong")
