"""What became of a request is written into its record in Salesforce: status, message, number and address of the
document (reference salesforce.md 5.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from connectors.contracts import Operation, Priority, Side, Write, WriteResult, WriteStatus
from connectors.errors import Failure, FailureKind
from connectors.salesforce.client import SalesforceClient
from syncapp.ids import uuid7
from syncapp.models import Connection, FieldList, RequestStatus, SyncRequest
from syncapp.services import audit, field_lists
from syncapp.store import bulk, clock, sync_requests, transactions
from syncapp.store.sync_requests import NEW, OBJECT

log = structlog.get_logger()

MOST_TOLD = 1000
TELL_AGAIN_S, TELL_AGAIN_MOST_S = 5.0, 3600.0


def tell(connection: Connection, client: SalesforceClient) -> None:
    """Write to the records over there what became of them, all in one call. Raises ConnectorError."""
    waiting = SyncRequest.objects.filter(connection=connection, tell_at__lte=clock.now())
    rows = {str(row.pk): row for row in waiting.order_by("id")[:MOST_TOLD]}
    if not rows:
        return
    there = fields_there(connection)
    writes = [
        Write(ref, Operation.UPDATE, OBJECT, _body(row, there), row.remote_id) for ref, row in rows.items()
    ]
    answer = client.write(writes, request_id=uuid7().hex, priority=Priority.INTERACTIVE)
    at = answer.server_time or datetime.now(UTC)
    answered = [(rows[write.ref], write, one) for write, one in zip(writes, answer.results, strict=True)]
    taken = [each for each in answered if each[2].status is WriteStatus.APPLIED]
    others = [one for one in answer.results if one.status is not WriteStatus.APPLIED]
    transactions.run(lambda: _told(taken, at, there))
    transactions.run(lambda: _not_told([(rows[one.ref], one) for one in others]))


def _told(
    rows: Sequence[tuple[SyncRequest, Write, WriteResult]], at: datetime, there: dict[str, Any]
) -> None:
    """Their records hold what they had to be told; each is a write of ours, and the trail tells of it."""
    sync_requests.told({request.pk: request.number for request, _, _ in rows}, at)
    asked = {there["Status__c"].label: NEW} if "Status__c" in there else {}
    audit.wrote(
        Side.SALESFORCE,
        [
            audit.Wrote(
                write.operation.value,
                write.object,
                write.id,
                "Answer to a request in Salesforce",
                {there[name].label: value for name, value in write.body.items()},
                before={} if request.told_number else asked,
                link_id=request.link_id,
                request_id=one.request_id,
            )
            for request, write, one in rows
        ],
    )


def fields_there(connection: Connection) -> dict[str, Any]:
    """The fields of the object in this org, by name, as it was described last."""
    row = FieldList.objects.filter(connection=connection, object=OBJECT).first()
    return {field.name: field for field in field_lists.info_of(row.info).fields} if row else {}


def _body(request: SyncRequest, there: dict[str, Any]) -> dict[str, Any]:
    """The fields to write, as far as the org has them and lets us."""
    ended = request.ended_at or (clock.now() if request.status == RequestStatus.ERROR else None)
    values = {
        "Status__c": request.status,
        "Message__c": request.message or None,
        "QBO_Id__c": request.outcome.get("id"),
        "QBO_Url__c": request.outcome.get("url"),
        "Processed_At__c": f"{ended.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000+0000}" if ended else None,
    }
    if request.outcome.get("object"):
        values["QBO_Object__c"] = request.outcome["object"]
    return {name: _cut(value, there[name]) for name, value in values.items() if _writable(there.get(name))}


def _writable(field: Any) -> bool:
    return field is not None and bool(field.updateable)


def _cut(value: Any, field: Any) -> Any:
    return value[: field.length] if isinstance(value, str) and field.length else value


def _not_told(rows: Iterable[tuple[SyncRequest, WriteResult]]) -> None:
    """Records that could not be told are told later, ever more rarely; those that are gone over there never."""
    now = clock.now()
    changed = []
    for request, result in rows:
        failure = result.failure or Failure(FailureKind.TRANSIENT, "net.unreadable", "")
        seconds = min(TELL_AGAIN_S * 2**request.failures, TELL_AGAIN_MOST_S)
        gone = failure.kind is FailureKind.MISSING
        changed.append(
            {
                "id": request.pk,
                "failures": min(request.failures + 1, 20),
                "failure_code": failure.code,
                "failure_values": {"message": failure.message, "detail": failure.detail},
                "tell_at": None if gone else now + timedelta(seconds=max(seconds, failure.retry_after or 0)),
            }
        )
        log.warning("request_not_told", code=failure.code, request=request.remote_id)
    bulk.update(SyncRequest, changed)
