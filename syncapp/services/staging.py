"""Stage 5, first half: what was decided is stored in one transaction, before a byte is sent (sync-semantics 11).

Adoptions, holds, skips and waits take effect here; writes become intents.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from connectors.contracts import Operation, Priority, RecordState, RemoteRecord, Side, Token, Write
from connectors.salesforce.writes import calls as composites
from syncapp.engine import alone, documents
from syncapp.engine.bases import held_after, moved_units, written_units
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import Decision, DecisionKind, StateChange, UnitChange
from syncapp.engine.display import display_name
from syncapp.engine.entities import EntityTraits, traits
from syncapp.engine.evidence import STATE
from syncapp.engine.match import external_id
from syncapp.engine.plan import candidate_json
from syncapp.engine.projection import compose, compose_create, fields_to_read
from syncapp.engine.reasons import SF_SETTLING
from syncapp.engine.records import value_to_json
from syncapp.ids import uuid7
from syncapp.models import Attempt, Outcome
from syncapp.services import poison, waiting
from syncapp.services.deciding import Decided, SliceDecisions
from syncapp.services.facts import books_of
from syncapp.services.slice_context import SliceContext
from syncapp.store import bulk, intents, leases, links, observations, problems, runs, transactions
from syncapp.store.intents import Batch, Plan
from syncapp.store.links import LinkRow
from syncapp.store.problems import LinkProblem

STATE_OPERATIONS = {
    RecordState.LIVE: Operation.UPDATE,
    RecordState.INACTIVE: Operation.DEACTIVATE,
    RecordState.VOIDED: Operation.VOID,
    RecordState.DELETED: Operation.DELETE,
}

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
REMEMBERED = frozenset({Outcome.LINKED, Outcome.UPDATED, Outcome.WAITING, Outcome.ASKED, Outcome.FAILED})


@dataclass(slots=True)
class Staged:
    """What a slice sends, and the links that need no sending."""

    batches: list[Batch] = field(default_factory=list)
    finished: list[UUID] = field(default_factory=list)
    settling: list[UUID] = field(default_factory=list)
    """Salesforce records that may still change within the second of their stamp: looked at again right after it."""


def stage(context: SliceContext, decisions: SliceDecisions, linked: set[UUID]) -> Staged:
    """Store the decisions of a slice; returns the batches to send. `linked` were joined a moment ago in this slice."""
    before = [(item.link, copy(item.link)) for item in decisions.items]

    def put_back() -> None:
        for link, saved in before:
            link.become(saved)

    return transactions.run(lambda: _stage(context, decisions, linked), undo=put_back)


def _stage(context: SliceContext, decisions: SliceDecisions, linked: set[UUID]) -> Staged:
    owned = leases.held(context.piece, [item.link.id for item in decisions.items])
    mine = [item for item in decisions.items if item.link.id in owned]
    left_alone = _set_apart(context, [item for item in mine if not is_settling(item)])
    items = [item for item in mine if not is_settling(item) and item.link.id not in left_alone]
    items, rings = waiting.store(context, decisions, items, lambda item: outcome_of(item, set()).value)
    staged = Staged(settling=[item.link.id for item in mine if is_settling(item)])
    plans: dict[Side, list[Plan]] = {side: [] for side in Side}
    for item in items:
        _apply(context, item)
        for side, plan in _plans(context, item):
            plans[side].append(plan)
    writing = {plan.link_id for listed in plans.values() for plan in listed}
    _store_outcomes(context, items, writing, linked)
    with bulk.together():
        for side in Side:
            staged.batches += _store_intents(context, side, plans[side])
    staged.finished = [item.link.id for item in items if item.link.id not in writing] + sorted(left_alone)
    waiting.wake(context.company_id, _ended(items, writing), context.piece.priority, but=rings)
    leases.release(context.piece, staged.finished)
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


def _set_apart(context: SliceContext, items: Sequence[Decided]) -> set[UUID]:
    """Records whose writes were refused twice as they stand: they keep their problem and are not sent again."""
    refused = {item.link.id: _plans(context, item) for item in items if item.link.attention == "data_error"}
    found = poison.poisoned(context, refused) if refused else set()
    runs.count((link_id, context.work[link_id].run_id, Outcome.FAILED.value) for link_id in found)
    settle_observations(context, [item for item in items if item.link.id in found], ())
    return found


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
        link.sf_base = {**(link.sf_base or {}), **_json_of(decision.sf_now, keys)}
        link.qbo_base = {**(link.qbo_base or {}), **_json_of(decision.qbo_now, keys)}


def _json_of(projection: Any, keys: Sequence[str]) -> dict[str, Any]:
    return {key: value_to_json(projection.get(key)) for key in keys}


# --- what a decision sends -------------------------------------------------------------------------------------------


def _plans(context: SliceContext, item: Decided) -> list[tuple[Side, Plan]]:
    decision = item.decision
    if decision.kind is DecisionKind.CREATE and decision.create_on is not None:
        return [(decision.create_on, _create_plan(context, item, decision.create_on))]
    plans = [
        (side, _update_plan(context, item, side, changes))
        for side in Side
        if (changes := [change for change in decision.changes if change.target is side])
    ]
    if decision.set_state is not None:
        plans.append((decision.set_state.target, _state_plan(context, item, decision.set_state)))
    return plans


def _create_plan(context: SliceContext, item: Decided, target: Side) -> Plan:
    spec, decision = context.spec, item.decision
    body = compose_create(target, spec, decision.create_values)
    if target is Side.QUICKBOOKS:
        body = documents.complete(compile_spec(spec), body, books_of(context.connections[target]))
    operation, external_value = Operation.CREATE, ""
    if target is Side.SALESFORCE and spec.external_id_field:
        operation = Operation.UPSERT
        external_value = external_id(context.realm, spec.qbo_entity, item.link.qbo_id)
        body.pop(spec.external_id_field, None)
    source = decision.sf_now if target is Side.QUICKBOOKS else decision.qbo_now
    write = Write(
        ref="",
        operation=operation,
        object=context.object(target),
        body=body,
        external_field=spec.external_id_field if external_value else "",
        external_value=external_value,
        read_back=_read_back(context, target),
    )
    units = written_units(spec, decision, target)
    by_unit = compile_spec(spec).by_unit
    rows = [row for unit in units for row in by_unit[unit].rows]
    agreed = [key for unit in moved_units(spec, decision, target) for key in by_unit[unit].keys]
    return Plan(
        link_id=item.link.id,
        write=write,
        units=units,
        source_base=_json_of(source, agreed),
        changes=tuple(
            _change(context, row.spec.unit, row.key, None, decision.create_values.get(row.key))
            for row in rows
        ),
        run_id=context.work[item.link.id].run_id,
        cause=context.work[item.link.id].cause,
        guard=_create_guard(context, target, external_value),
        tag=_tag(context, target),
    )


def _create_guard(context: SliceContext, target: Side, external_value: str) -> str:
    if external_value:
        return "external id"
    document = traits(target, context.object(target)).document
    return "request id" if document is not None else "unique name"


def _tag(context: SliceContext, target: Side) -> str:
    """Where a new document bears our tag; a mapping may do without (the customer sees it in the memo)."""
    document = traits(target, context.object(target)).document
    return document.tag if document is not None and context.spec.options.get("tag", True) else ""


def _update_plan(context: SliceContext, item: Decided, target: Side, changes: Sequence[UnitChange]) -> Plan:
    values = {key: value for change in changes for key, value in change.values.items()}
    current = item.sides.read(target)
    body = compose(target, context.spec, values, current=current)
    expected = _expected(item, target)
    source = item.decision.sf_now if target is Side.QUICKBOOKS else item.decision.qbo_now
    return Plan(
        link_id=item.link.id,
        write=Write(
            ref="",
            operation=Operation.UPDATE,
            object=context.object(target),
            body=body,
            id=item.link.remote_id(target),
            expected=expected,
            read_back=() if _has_lines(body) else _read_back(context, target),
        ),
        units=tuple(change.unit for change in changes),
        source_base=_json_of(source, list(values)),
        changes=tuple(
            _change(context, change.unit, key, change.before.get(key), value)
            for change in changes
            for key, value in change.values.items()
        ),
        run_id=context.work[item.link.id].run_id,
        cause=context.work[item.link.id].cause,
        guard="stamp" if _has_lines(body) else _guard(context, target),
        rests=item.rests,
    )


def _has_lines(body: dict[str, Any]) -> bool:
    """Child rows of a Salesforce record go out in collections, which carry no condition and are not read back."""
    return any(isinstance(part, dict) and "records" in part for part in body.values())


def _state_plan(context: SliceContext, item: Decided, wanted: StateChange) -> Plan:
    """Make a record inactive, or live again with its clean name, as its traits say; void or delete it."""
    entity = traits(wanted.target, context.object(wanted.target))
    label, after = STATE_WORDS[wanted.state]
    return Plan(
        link_id=item.link.id,
        write=Write(
            ref="",
            operation=STATE_OPERATIONS[wanted.state],
            object=entity.object,
            body=_state_body(entity, wanted.state, item.link.name),
            id=item.link.remote_id(wanted.target),
            expected=_expected(item, wanted.target),
        ),
        units=(STATE,),
        source_base={},
        changes=({"unit": STATE, "key": STATE, "label": label, "before": not after, "after": after},),
        run_id=context.work[item.link.id].run_id,
        cause=context.work[item.link.id].cause,
        guard="SyncToken" if wanted.target is Side.QUICKBOOKS else "stamp",  # a deletion carries no condition
        rests=item.rests,
    )


def _state_body(entity: EntityTraits, state: RecordState, name: str) -> dict[str, Any]:
    if state is RecordState.LIVE:
        return entity.reactivate_body(name)
    return entity.deactivate_body() if state is RecordState.INACTIVE else {}


STATE_WORDS = {
    RecordState.LIVE: ("Active", True),
    RecordState.INACTIVE: ("Active", False),
    RecordState.VOIDED: ("Voided", True),
    RecordState.DELETED: ("Deleted", True),
}
"""What the trail says of a state that was reached."""


def _expected(item: Decided, target: Side) -> Token | None:
    record = item.sides.records.get(target)
    return record.token if record is not None and record.token.version else None


def _read_back(context: SliceContext, target: Side) -> tuple[str, ...]:
    """Interactive writes to Salesforce are conditional and read back in the same call (sync-semantics 7.4 to 7.6)."""
    if (
        target is Side.QUICKBOOKS
        or context.piece.priority is not Priority.INTERACTIVE
        or len(context.work) > 1
    ):
        return ()
    return fields_to_read(Side.SALESFORCE, context.spec)


def _guard(context: SliceContext, target: Side) -> str:
    if target is Side.QUICKBOOKS:
        return "SyncToken"
    return "If-Unmodified-Since" if _read_back(context, target) else "stamp"


def _change(context: SliceContext, unit: str, key: str, before: Any, after: Any) -> dict[str, Any]:
    row = compile_spec(context.spec).by_key[key]
    return {
        "unit": unit,
        "key": key,
        "label": row.spec.label,
        "before": value_to_json(before),
        "after": value_to_json(after),
    }


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
    """Nothing of these is news any more. Bodies are kept until both sides agree (links `agreed`): a wait, a hold or a
    refused write is decided again from them, and a side without news and without body is taken to be unchanged."""
    for side in Side:
        decided = {
            item.link.remote_id(side): record.token.version
            for item in items
            if (record := item.sides.read(side)) is not None
        }
        observations.settle(
            context.connections[side].id,
            context.object(side),
            decided,
            read_by=context.now,
            agreed={item.link.remote_id(side) for item in items if item.link.id in agreed},
        )


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
