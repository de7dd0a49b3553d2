"""Writes whose outcome nobody knows: find out, then act (sync-semantics sections 12 and 13).

The server refuses or absorbs the second copy of everything this module sends again: list entities have unique names,
updates carry their SyncToken, Salesforce upserts an external id. So the identical bytes go out again with the same
request id, and the answer is the truth. Salesforce updates by Id are not repeated: reading and merging heals them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from connectors.contracts import (
    BatchAnswer,
    Operation,
    Priority,
    RecordState,
    RemoteRecord,
    Side,
    Write,
    WriteResult,
    WriteStatus,
)
from connectors.errors import ConnectorError, FailureKind
from connectors.quickbooks.client import QuickBooksClient
from syncapp.engine.entities import traits
from syncapp.engine.timing import Timing
from syncapp.models import Connection, Mapping, RecordLink
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.services.settle import Place, Settled, settle
from syncapp.services.sync import owner_name
from syncapp.services.timing import current_timing
from syncapp.store import breaker, bulk, clock, intents, leases, links, observations, specs
from syncapp.store.intents import Batch, Intent
from syncapp.tenancy import tenant

log = structlog.get_logger()
CREATED_SLACK = timedelta(minutes=2)
"""How much earlier than our first send a record may claim to be created and still be ours: clocks differ."""
ATTEMPTS_PER_CALL = 50


def recover(timing: Timing | None = None) -> int:
    """Find out about unknown batches whose wait is over; returns how many were looked at."""
    rules = timing or current_timing()
    for looked_at in range(ATTEMPTS_PER_CALL):
        claimed = intents.claim_unknown(owner_name(), rules.lease)
        if claimed is None:
            return looked_at
        company_id, batch = claimed
        with tenant(company_id):
            _look_at(company_id, batch, rules)
    return ATTEMPTS_PER_CALL


def _look_at(company_id: int, batch: Batch, timing: Timing) -> None:
    """A batch that cannot be looked at now comes back later and keeps no other from its turn."""
    try:
        _recover_one(company_id, batch, timing)
    except ConnectorError as error:
        log.warning("unknown_batch_put_off", side=batch.side.value, code=error.failure.code)
        intents.mark_unknown(batch, timing.probe_gap)
    except Exception:
        log.exception("unknown_batch_failed", batch=str(batch.id))
        intents.mark_unknown(batch, timing.probe_gap)


def _recover_one(company_id: int, batch: Batch, timing: Timing) -> None:
    batch.intents = intents.of_batch(batch)
    place = _place(company_id, batch, timing)
    if batch.side is Side.SALESFORCE and not all(_repeatable(intent) for intent in batch.intents):
        _merge_instead(place, batch)
        return
    answer = _send_again(place, batch)
    if answer is None:
        return
    breaker.record(batch.connection_id, answer.failure, timing)
    settled = settle(place, batch, answer)
    _go_on(place, batch, settled)
    log.info("unknown_batch_resolved", side=batch.side.value, size=len(batch.intents), sends=batch.sends)


def _place(company_id: int, batch: Batch, timing: Timing) -> Place:
    link = RecordLink.objects.values_list("mapping_id", flat=True).get(pk=batch.intents[0].link_id)
    mapping = Mapping.objects.select_related("integration__salesforce", "integration__quickbooks").get(
        pk=link
    )
    spec = specs.published_spec(mapping)
    if spec is None or mapping.integration.salesforce is None or mapping.integration.quickbooks is None:
        raise LookupError("a batch was sent for a mapping that cannot run")
    connections: dict[Side, Connection] = {
        Side.SALESFORCE: mapping.integration.salesforce,
        Side.QUICKBOOKS: mapping.integration.quickbooks,
    }
    return Place(company_id, mapping, spec, connections, timing, Priority.NORMAL)


def _repeatable(intent: Intent) -> bool:
    return intent.operation is Operation.UPSERT and bool(intent.external_value)


def _merge_instead(place: Place, batch: Batch) -> None:
    """Salesforce writes by Id: close them, read the records, let the merge see what is there (C11)."""
    with transaction.atomic():
        intents.unsend_unknown(batch)
        for object_name in sorted({intent.object for intent in batch.intents}):
            ids = [
                intent.remote_id
                for intent in batch.intents
                if intent.object == object_name and intent.remote_id
            ]
            observations.hint(
                place.company_id, place.connections[batch.side].id, object_name, ids, "read", clock.now()
            )
        leases.make_due(
            place.company_id,
            [intent.link_id for intent in batch.intents],
            place.priority,
            cause="Looked at again",
        )


def _send_again(place: Place, batch: Batch) -> BatchAnswer | None:
    """The identical bytes with the identical request id (W5); "it is there" is read as applied where it is ours."""
    connection, meter = place.connections[batch.side], UsageMeter()
    client = client_for(connection, place.priority, meter)
    writes = [intent.as_write() for intent in batch.intents]
    intents.mark_sending(batch, place.timing.lease)
    try:
        answer = client.write(writes, request_id=batch.request_id, priority=place.priority)
        if any(result.status is WriteStatus.NOT_SENT for result in answer.results):
            intents.mark_unknown(batch, place.timing.probe_gap)
            return None
        return _with_ours(place, batch, client, writes, answer)
    finally:
        flush(connection, meter)


def _with_ours(
    place: Place, batch: Batch, client: AnyClient, writes: Sequence[Write], answer: BatchAnswer
) -> BatchAnswer:
    """Read "name exists" and "stale" answers to our own re-send for what they are."""
    taken = [
        index
        for index, result in enumerate(answer.results)
        if result.failure is not None and result.failure.kind is FailureKind.EXISTS
    ]
    results = list(answer.results)
    if taken and isinstance(client, QuickBooksClient):
        path = traits(batch.side, batch.intents[0].object).name_path
        found = _by_name(client.names([str(writes[index].body.get(path, "")) for index in taken]), path)
        held = _held(place, [record.id for record in found.values()])
        for index in taken:
            record = found.get(str(writes[index].body.get(path, "")).casefold())
            if (
                record is not None
                and record.id not in held
                and _is_ours(batch.intents[index], writes[index], record)
            ):
                results[index] = _applied(results[index], record)
    return replace(answer, results=tuple(results))


def _by_name(records: Sequence[RemoteRecord], path: str) -> dict[str, RemoteRecord]:
    return {str(record.body.get(path, "")).casefold(): record for record in records}


def _held(place: Place, ids: Sequence[str]) -> set[str]:
    """Customers that a link with a Salesforce record holds already."""
    known = links.linked_ids(
        place.mapping.integration_id, place.spec.sf_object, place.spec.qbo_entity, Side.QUICKBOOKS, list(ids)
    )
    return {id_ for id_, row in known.items() if row[1]}


def _is_ours(intent: Intent, write: Write, record: RemoteRecord) -> bool:
    """Created after our first send (with slack), live, and holding what we sent."""
    if record.object != intent.object or record.state is not RecordState.LIVE or intent.first_sent_at is None:
        return False
    created = record.body.get("MetaData", {}).get("CreateTime")
    return _is_recent(created, intent) and _holds(record.body, _comparable(write.body))


def _is_recent(created: Any, intent: Intent) -> bool:
    if not isinstance(created, str) or intent.first_sent_at is None:
        return False
    return datetime.fromisoformat(created) >= intent.first_sent_at - CREATED_SLACK


def _comparable(body: Any) -> dict[str, Any]:
    """What was sent, without countries: QuickBooks answers them as codes whatever was sent (sync-semantics 2.3)."""
    return {
        name: {key: value for key, value in member.items() if key != "Country"}
        if isinstance(member, dict)
        else member
        for name, member in body.items()
    }


def _holds(stored: Any, sent: Any) -> bool:
    """Whether what is stored contains what was sent; text as the server trims it, other members may be more."""
    if isinstance(sent, dict):
        return isinstance(stored, dict) and all(_holds(stored.get(key), value) for key, value in sent.items())
    if isinstance(sent, str):
        return sent.strip() == str(stored or "").strip()
    return bool(sent == stored)


def _applied(result: WriteResult, record: RemoteRecord) -> WriteResult:
    return WriteResult(
        ref=result.ref,
        status=WriteStatus.APPLIED,
        id=record.id,
        created=True,
        record=record,
        request_id=result.request_id,
    )


def _go_on(place: Place, batch: Batch, settled: Settled) -> None:
    """Nobody holds a lease on these links: those with something left to do are due."""
    due = [intent.link_id for intent in batch.intents if intent.link_id not in settled.unknown]
    leases.make_due(place.company_id, due, place.priority, cause="Its outcome became known")
    bulk.execute(
        "update syncapp_linkwork set due_at = lb_now() where link_id = any(%s) and lease_until is null", [due]
    )
