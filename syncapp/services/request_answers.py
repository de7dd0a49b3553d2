"""What became of a request is written into its record in Salesforce: status, message, number and address of the
document (reference salesforce.md 5.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
ON_ITS_WAY_S = 10.0
"""A call of a worker that died may still be carried out over there for so long: nobody looks for it before."""

ENDED = "Processed_At__c"
BEFORE = timedelta(seconds=1)
"""An answer that somebody took back had arrived before that edit: the record asks again (stamps have whole seconds)."""


def tell(connection: Connection, client: SalesforceClient) -> None:
    """Write to the records over there what became of them, all in one call. Raises ConnectorError.

    An answer is stored before it leaves. One of which nobody knows whether it arrived, because a worker died or the
    line broke, is looked for over there first: what stands there is not written again and has its one row in the trail.
    """
    rows = _due(connection)
    if not rows:
        return
    there = fields_there(connection)
    told = _look_for_lost([row for row in rows if row.telling], client, there)
    untold = [row for row in rows if row.pk not in told]
    if untold:
        _write([_Answer(row, row.number, _body(row, there)) for row in untold], client, there)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one request is told: the number of it, and its values by field."""

    request: SyncRequest
    number: int
    values: dict[str, Any]

    def stored(self) -> dict[str, Any]:
        """The answer as `SyncRequest.telling` holds it."""
        return {"number": self.number, "values": self.values}


@dataclass(frozen=True, slots=True)
class _Taken:
    """An answer that stands over there, since when at the latest, and Salesforce's name for the call that wrote it."""

    answer: _Answer
    at: datetime
    request_id: str = ""


def _due(connection: Connection) -> list[SyncRequest]:
    waiting = SyncRequest.objects.filter(connection=connection, tell_at__lte=clock.now())
    return list(waiting.order_by("id")[:MOST_TOLD])


def _write(answers: Sequence[_Answer], client: SalesforceClient, there: dict[str, Any]) -> None:
    begun = {one.request.pk: one.stored() for one in answers}
    transactions.run(lambda: sync_requests.begin_telling(begun, ON_ITS_WAY_S))
    writes = [
        Write(str(one.request.pk), Operation.UPDATE, OBJECT, one.values, one.request.remote_id)
        for one in answers
    ]
    answer = client.write(writes, request_id=uuid7().hex, priority=Priority.INTERACTIVE)
    came = list(zip(answers, answer.results, strict=True))
    at = answer.server_time or datetime.now(UTC)
    taken = [_Taken(one, at, result.request_id) for one, result in came if _applied(result)]
    transactions.run(lambda: _told(taken, there))
    transactions.run(lambda: _not_told([each for each in came if not _applied(each[1])]))


def _applied(result: WriteResult) -> bool:
    return result.status is WriteStatus.APPLIED


def _look_for_lost(rows: Sequence[SyncRequest], client: SalesforceClient, there: dict[str, Any]) -> set[int]:
    """Record those of these answers of unknown outcome that stand over there, or stood before somebody asked again;
    returns the requests that have nothing else to tell."""
    if not rows:
        return set()
    lost = [_Answer(row, row.telling["number"], row.telling["values"]) for row in rows]
    names = sorted({name for one in lost for name in one.values if name in there})
    found = client.read(OBJECT, [one.request.remote_id for one in lost], names)
    taken = []
    for one, record in zip(lost, found, strict=True):
        if _stands(one.values, record.body, names):
            taken.append(_Taken(one, record.token.modified))
        elif _was_taken_back(one.values, record.body, names):
            taken.append(_Taken(one, record.token.modified - BEFORE))
    transactions.run(lambda: _told(taken, there))
    for each in taken:
        each.answer.request.told_number = each.answer.number
    return {each.answer.request.pk for each in taken if each.answer.number == each.answer.request.number}


def _stands(values: Mapping[str, Any], body: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether a record holds these values; Salesforce may keep other line ends, and no blanks at an end."""
    seen = [(_plain(values[name]), _plain(body.get(name))) for name in names if name in values]
    return bool(seen) and all(ours == theirs for ours, theirs in seen)


def _was_taken_back(values: Mapping[str, Any], body: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether somebody set a record back to New after it had taken these values: it still bears the time of this very
    outcome. An answer without a time (it waits for its turn) leaves no such trace."""
    if ENDED not in names or not values.get(ENDED) or values.get("Status__c") == NEW:
        return False
    return body.get("Status__c") == NEW and _plain(values[ENDED]) == _plain(body.get(ENDED))


def _plain(value: Any) -> str:
    return " ".join(str(value or "").split())


def _told(taken: Sequence[_Taken], there: dict[str, Any]) -> None:
    """Their records hold what they had to be told; each is a write of ours, and the trail tells of it."""
    sync_requests.told({each.answer.request.pk: (each.answer.number, each.at) for each in taken})
    audit.wrote(Side.SALESFORCE, [_row(each, there) for each in taken])


def _row(taken: _Taken, there: dict[str, Any]) -> audit.Wrote:
    request, values = taken.answer.request, taken.answer.values
    labels = {name: there[name].label if name in there else name for name in ("Status__c", *values)}
    return audit.Wrote(
        Operation.UPDATE.value,
        OBJECT,
        request.remote_id,
        "Answer to a request in Salesforce",
        {labels[name]: value for name, value in values.items()},
        before={} if request.told_number else {labels["Status__c"]: NEW},
        link_id=request.link_id,
        request_id=taken.request_id,
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
        ENDED: f"{ended.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000+0000}" if ended else None,
    }
    if request.outcome.get("object"):
        values["QBO_Object__c"] = request.outcome["object"]
    return {name: _cut(value, there[name]) for name, value in values.items() if _writable(there.get(name))}


def _writable(field: Any) -> bool:
    return field is not None and bool(field.updateable)


def _cut(value: Any, field: Any) -> Any:
    return value[: field.length] if isinstance(value, str) and field.length else value


def _not_told(rows: Iterable[tuple[_Answer, WriteResult]]) -> None:
    """Records that could not be told are told later, ever more rarely; those that are gone over there never. Where
    nobody knows whether they were, they are looked at before."""
    now = clock.now()
    changed = []
    for answer, result in rows:
        request = answer.request
        failure = result.failure or Failure(FailureKind.TRANSIENT, "net.unreadable", "")
        seconds = min(TELL_AGAIN_S * 2**request.failures, TELL_AGAIN_MOST_S)
        gone = failure.kind is FailureKind.MISSING
        changed.append(
            {
                "id": request.pk,
                "telling": answer.stored() if result.status is WriteStatus.UNKNOWN else {},
                "failures": min(request.failures + 1, 20),
                "failure_code": failure.code,
                "failure_values": {"message": failure.message, "detail": failure.detail},
                "tell_at": None if gone else now + timedelta(seconds=max(seconds, failure.retry_after or 0)),
            }
        )
        log.warning("request_not_told", code=failure.code, request=request.remote_id)
    bulk.update(SyncRequest, changed)
