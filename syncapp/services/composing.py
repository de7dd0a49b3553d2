"""What a decision sends: the writes of one record as plans, with what each has to record when its answer is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.contracts import Operation, Priority, RecordState, Side, Token, Write
from syncapp.engine import documents
from syncapp.engine.bases import moved_units, written_units
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import DecisionKind, StateChange, UnitChange
from syncapp.engine.entities import EntityTraits, traits
from syncapp.engine.evidence import STATE
from syncapp.engine.match import external_id
from syncapp.engine.projection import compose, compose_create, fields_to_read
from syncapp.engine.records import value_to_json
from syncapp.services.deciding import Decided
from syncapp.services.facts import books_of
from syncapp.services.slice_context import SliceContext
from syncapp.store.intents import Plan

STATE_OPERATIONS = {
    RecordState.LIVE: Operation.UPDATE,
    RecordState.INACTIVE: Operation.DEACTIVATE,
    RecordState.VOIDED: Operation.VOID,
    RecordState.DELETED: Operation.DELETE,
}


def plans(context: SliceContext, item: Decided) -> list[tuple[Side, Plan]]:
    """The writes of one decision, by the side that they go to; empty where nothing is sent."""
    decision = item.decision
    if decision.kind is DecisionKind.CREATE and decision.create_on is not None:
        return [(decision.create_on, _create_plan(context, item, decision.create_on))]
    wanted = [
        (side, _update_plan(context, item, side, changes))
        for side in Side
        if (changes := [change for change in decision.changes if change.target is side])
    ]
    if decision.set_state is not None:
        wanted.append((decision.set_state.target, _state_plan(context, item, decision.set_state)))
    return wanted


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
        source_base=json_of(source, agreed),
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
        source_base=json_of(source, list(values)),
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


def json_of(projection: Any, keys: Sequence[str]) -> dict[str, Any]:
    """The canonical JSON values of these keys."""
    return {key: value_to_json(projection.get(key)) for key in keys}
