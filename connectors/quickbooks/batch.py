"""Writes to QuickBooks: one call of its own, or up to 30 in a batch (reference quickbooks.md 2.3, 3.1, 5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors import jsonwire
from connectors.contracts import Operation, Write, WriteResult, WriteStatus
from connectors.errors import Failure, FailureKind
from connectors.quickbooks import faults
from connectors.quickbooks.entities import Entity, VoidWay, entity
from connectors.quickbooks.records import record

BATCH_LIMIT = 30
REF_LIMIT = 10
REQUEST_ID_LIMIT = 36
"""With a requestid, each bId holds at most 10 characters and the requestid 36 (2.3)."""
SYSTEM_FAILURE = "qbo.10000"
NOT_RUN = frozenset({FailureKind.THROTTLED, FailureKind.AUTH, FailureKind.QUOTA})


def calls(writes: Sequence[Write]) -> list[tuple[Write, ...]]:
    """Divide writes, in order, into batches; two writes of one record never share one (5.1)."""
    groups: list[list[Write]] = []
    targets: set[tuple[str, str]] = set()
    for write in writes:
        target = (write.object, write.id)
        if not groups or len(groups[-1]) == BATCH_LIMIT or (write.id and target in targets):
            groups.append([])
            targets = set()
        groups[-1].append(write)
        targets.add(target)
    return [tuple(group) for group in groups]


def check(writes: Sequence[Write]) -> None:
    """Raise ValueError when one call cannot carry these writes."""
    if len(calls(writes)) > 1:
        raise ValueError("one QuickBooks call cannot carry these writes; divide them with calls()")
    refs = [write.ref for write in writes]
    if len(set(refs)) != len(refs) or any(not ref or len(ref) > REF_LIMIT for ref in refs):
        raise ValueError(f"each write of a batch needs its own ref of 1 to {REF_LIMIT} characters")


def compose(writes: Sequence[Write]) -> bytes:
    """The body of the call that carries these writes: the same writes give the same bytes."""
    check(writes)
    if len(writes) == 1:
        return jsonwire.encode(body(writes[0]))
    return jsonwire.encode({"BatchItemRequest": [_item(write) for write in writes]})


def body(write: Write) -> dict[str, Any]:
    """What is sent of one record. Updates are sparse: members that are not named keep their values (3.1.3)."""
    if write.operation is Operation.CREATE:
        return dict(write.body)
    if write.operation not in {Operation.UPDATE, Operation.DEACTIVATE, Operation.VOID, Operation.DELETE}:
        raise ValueError(f"QuickBooks knows no {write.operation}")
    if not write.id or write.expected is None:
        raise ValueError("a write of an existing record needs its Id and SyncToken")
    target = {"Id": write.id, "SyncToken": write.expected.version}
    if write.operation is Operation.DELETE:
        return target
    if write.operation is Operation.VOID:
        return target if _void_way(write) is VoidWay.OPERATION else {**target, "sparse": True}
    members = {**write.body, "Active": False} if write.operation is Operation.DEACTIVATE else write.body
    return {**members, **target, "sparse": True}


def parameters(write: Write) -> dict[str, str]:
    """The query parameters that turn a lone call into a deletion or a voiding (1.1, 3.1.6)."""
    if write.operation is Operation.DELETE:
        return {"operation": "delete"}
    if write.operation is Operation.VOID:
        return dict(part.split("=") for part in _void_way(write).split("&"))
    return {}


def _void_way(write: Write) -> VoidWay:
    way = entity(write.object).void
    if way is VoidWay.NONE:
        raise ValueError(f"QuickBooks cannot void a {write.object}")
    return way


def _item(write: Write) -> dict[str, Any]:
    operations = {Operation.CREATE: "create", Operation.DELETE: "delete"}
    item: dict[str, Any] = {
        "bId": write.ref,
        "operation": operations.get(write.operation, "update"),
        entity(write.object).name: body(write),
    }
    if write.operation is Operation.VOID:
        # Sparse in any case: a server that overlooked the option must not take this for a full update.
        item |= {entity(write.object).name: {**body(write), "sparse": True}, "optionsData": "void"}
    return item


def results(
    writes: Sequence[Write], answer: Mapping[str, Any], seen_at: datetime | None, tid: str
) -> tuple[WriteResult, ...]:
    """One result per write, in order. An item that the answer leaves out or that cannot be read is of unknown outcome.
    Raises KeyError or TypeError for an answer that is none."""
    if len(writes) == 1:
        return (_applied(writes[0], answer, seen_at, tid),)
    items = {str(item.get("bId")): item for item in answer["BatchItemResponse"]}
    return tuple(_item_result(write, items.get(write.ref), seen_at, tid) for write in writes)


def _item_result(
    write: Write, item: Mapping[str, Any] | None, seen_at: datetime | None, tid: str
) -> WriteResult:
    fault = (item.get("Fault") or item.get("fault")) if item else None
    if fault:
        return refused(write, faults.from_fault(fault, tid))
    if item is None or "Id" not in (item.get(entity(write.object).name) or {}):
        words = "The answer leaves this item out."
        failure = Failure(FailureKind.UNKNOWN_WRITE, "net.unreadable", words, request_id=tid)
        return WriteResult(write.ref, WriteStatus.UNKNOWN, write.id, failure=failure, request_id=tid)
    return _applied(write, item, seen_at, tid)


def refused(write: Write, failure: Failure) -> WriteResult:
    """The result of a write that was answered by a fault."""
    tid = failure.request_id
    if failure.code == SYSTEM_FAILURE:
        # Nobody says whether a write that ends so was carried out: repeat it only under the same requestid (8.2).
        unknown = replace(failure, kind=FailureKind.UNKNOWN_WRITE)
        return WriteResult(write.ref, WriteStatus.UNKNOWN, write.id, failure=unknown, request_id=tid)
    if failure.kind in NOT_RUN:
        return WriteResult(write.ref, WriteStatus.NOT_SENT, write.id, failure=failure, request_id=tid)
    if failure.kind is FailureKind.MISSING and _can_only_refer(write):
        failure = replace(failure, kind=FailureKind.WAITING)
    return WriteResult(write.ref, WriteStatus.REFUSED, write.id, failure=failure, request_id=tid)


def _can_only_refer(write: Write) -> bool:
    """610 means "this is gone" or "something you refer to is inactive or gone" (8.2). A new record can only refer; a
    record of a name list is never gone (3.1.5), so what it refers to is meant where it refers to anything."""
    if write.operation is Operation.CREATE:
        return True
    return entity(write.object).active and any(member.endswith("Ref") for member in write.body)


def _applied(write: Write, answer: Mapping[str, Any], seen_at: datetime | None, tid: str) -> WriteResult:
    known: Entity = entity(write.object)
    done = record(known, answer[known.name], seen_at)
    created = write.operation is Operation.CREATE
    return WriteResult(write.ref, WriteStatus.APPLIED, done.id, created=created, record=done, request_id=tid)
