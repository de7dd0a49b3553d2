"""Create, update, delete and void: one path for single calls, batch items and the pages (quickbooks.md 3.1)."""

from __future__ import annotations

from typing import Any

from connectors.simulator.quickbooks import faults
from connectors.simulator.quickbooks.clean import Reader, is_absent, is_blank
from connectors.simulator.quickbooks.context import Context
from connectors.simulator.quickbooks.definitions import ENTITIES
from connectors.simulator.quickbooks.faults import Fault
from connectors.simulator.quickbooks.model import Entity
from connectors.simulator.quickbooks.records import Body
from connectors.simulator.quickbooks.rules import rules_for
from connectors.simulator.quickbooks.times import DECIMALS, HOME_DECIMALS


def write(context: Context, path: str, payload: Any, operation: str = "", *, void: bool = False) -> Body:
    """Do one write on the resource `path`; the answer is the record (or the stub of a deletion). Raises `Fault`.

    operation: empty (create or update by `Id`), `create`, `update`, `delete` or `void`; `void` turns an update
    into a void (`include=void`).
    """
    if context.knobs.subscription == "ended":
        raise faults.subscription_ended()
    DECIMALS.set(HOME_DECIMALS.get())  # the item of a batch before this one may have been in another currency
    entity = ENTITIES[path]
    if not isinstance(payload, dict):
        raise faults.unreadable_body("Can not deserialize the request body")
    if operation in ("", "create", "update") and not void:
        has_id = payload.get("Id") not in (None, "") or entity.kind == "single"
        operation = operation or ("update" if has_id else "create")
    if operation == "void" or void:
        return _void(context, entity, payload)
    actions = {"create": create, "update": update, "delete": delete}
    if operation not in actions or operation not in entity.operations:
        raise faults.operation_not_allowed(operation, entity.name)
    return actions[operation](context, entity, payload)


def create(context: Context, entity: Entity, payload: Body) -> Body:
    """Create a record; answers it with every default filled in."""
    rules = rules_for(entity.path)
    clean = Reader(entity).read(payload)
    for name in ("Id", "SyncToken", "sparse"):
        clean.pop(name, None)
    rules.require(context, entity, clean)
    body: Body = {
        name: value for name, value in clean.items() if not is_blank(value) and not is_absent(value)
    }
    rules.fill(context, entity, body, None, clean)
    now = context.time_text
    body.update(
        domain="QBO",
        sparse=False,
        Id=context.next_id(entity.sequence),
        SyncToken="0",
        MetaData={"CreateTime": now, "LastUpdatedTime": now},
    )
    if entity.kind == "transaction":
        body["MetaData"]["LastModifiedByRef"] = {"value": context.user_id}
    body = in_order(entity, body)
    context.save(entity, None, body, rules.operation(entity, None, body))
    rules.saved(context, entity, None, body)
    return _fresh(context, entity, body)


def update(context: Context, entity: Entity, payload: Body) -> Body:
    """Change a record, sparsely or in full; a change of nothing leaves SyncToken and time alone."""
    rules = rules_for(entity.path)
    sparse = str(payload.get("sparse", "false")).lower() == "true"
    if sparse and context.knobs.null_clears:
        payload = {name: "" if value is None else value for name, value in payload.items()}
    clean = Reader(entity).read(payload)
    old = _current(context, entity, payload)
    for name in ("Id", "SyncToken", "sparse"):
        clean.pop(name, None)
    body = rules.merge(context, entity, old, clean, sparse)
    rules.fill(context, entity, body, old, clean)
    body["sparse"] = False
    body = in_order(entity, body)
    if body == old:
        return old
    body["SyncToken"] = str(int(old["SyncToken"]) + 1)
    body["MetaData"] = {**old["MetaData"], "LastUpdatedTime": context.time_text}
    if entity.kind == "transaction":
        body["MetaData"]["LastModifiedByRef"] = {"value": context.user_id}
    context.save(entity, old, body, rules.operation(entity, old, body))
    rules.saved(context, entity, old, body)
    return _fresh(context, entity, body)


def delete(context: Context, entity: Entity, payload: Body) -> Body:
    """Delete a transaction for good; only its stub remains, for change capture."""
    rules = rules_for(entity.path)
    old = _current(context, entity, payload)
    rules.before_delete(context, entity, old)
    stub = {"domain": "QBO", "status": "Deleted", "Id": old["Id"]}
    kept = {**stub, "MetaData": {"LastUpdatedTime": context.time_text}}
    context.records.remove(context.realm, entity, old["Id"], kept, context.now)
    context.log(entity, "Delete", old["Id"], old, None)
    rules.deleted(context, entity, old)
    return stub


def _void(context: Context, entity: Entity, payload: Body) -> Body:
    if "void" not in entity.operations:
        raise faults.operation_not_allowed("void", entity.name)
    rules = rules_for(entity.path)
    old = _current(context, entity, payload)
    body = in_order(entity, rules.void(context, entity, old))
    if body == old:
        return old
    body["SyncToken"] = str(int(old["SyncToken"]) + 1)
    body["MetaData"] = {**old["MetaData"], "LastUpdatedTime": context.time_text}
    context.save(entity, old, body, "Void")
    rules.saved(context, entity, old, body)
    return _fresh(context, entity, body)


def _current(context: Context, entity: Entity, payload: Body) -> Body:
    """The stored record that the request means, its SyncToken checked."""
    if entity.kind == "single":
        record_id = "1"
    else:
        record_id = str(payload.get("Id") or "")
        if not record_id:
            raise Fault(faults.missing("Id"))
        check_id(record_id, entity)
    old = context.records.get(context.realm, entity, record_id)
    if old is None:
        raise faults.not_found()
    token = payload.get("SyncToken")
    if token in (None, ""):
        raise Fault(faults.missing("SyncToken"))
    if str(token) != old["SyncToken"]:
        raise faults.stale(context.person)
    return old


def check_id(record_id: str, entity: Entity) -> None:
    """Refuse an id that is no number (2030); tax codes may be `TAX` and `NON`."""
    if not (record_id.isascii() and record_id.isdigit()) and entity.name != "TaxCode":
        raise faults.invalid_id(record_id)


def _fresh(context: Context, entity: Entity, body: Body) -> Body:
    """The record as it stands after its side effects (a new invoice that a credit paid at once)."""
    return (
        (context.records.get(context.realm, entity, body["Id"]) or body)
        if entity.kind == "transaction"
        else body
    )


def in_order(entity: Entity, body: Body) -> Body:
    """The members in the order the wire has them."""
    return {name: body[name] for name in entity.fields if name in body and body[name] is not None}
