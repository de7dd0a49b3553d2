"""Writes that stay unclear: nobody but a person can say whether they were carried out (sync-semantics 13.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from connectors.contracts import (
    BatchAnswer,
    Priority,
    RecordState,
    RemoteRecord,
    Side,
    WriteResult,
    WriteStatus,
)
from connectors.errors import ConnectorError
from syncapp.engine.projection import fields_to_read
from syncapp.ids import uuid7
from syncapp.models import Attempt, Outcome, RecordLink, Run, WriteIntent
from syncapp.services import addresses, audit, probing, sync
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.services.closing import Place
from syncapp.services.errors import Refused
from syncapp.services.placing import place_of
from syncapp.services.settle import Answered, settle
from syncapp.services.timing import current_timing
from syncapp.store import bulk, clock, intents, problems, unclear_writes
from syncapp.store.intents import Batch, Intent
from syncapp.store.problems import LinkProblem

UNCLEAR = "engine.outcome_unclear"

ASKED = """
update syncapp_recordlink set attention = 'unknown', attention_code = %s, attention_values = %s,
       last_error_at = lb_now()
where id = %s
"""


def ask(place: Place, batch: Batch, answer: BatchAnswer) -> None:
    """Put what is still open of this batch to a person; the rest of the company's work goes on."""
    open_still = set(
        WriteIntent.objects.filter(batch_id=batch.id, state__in=("sending", "unknown")).values_list(
            "id", flat=True
        )
    )
    asked = [
        (intent, result)
        for intent, result in zip(batch.intents, answer.results, strict=True)
        if intent.id in open_still
    ]
    with transaction.atomic():
        unclear_writes.put_to_a_person(batch)
        _tell(place, asked)
        bulk.execute(
            "delete from syncapp_linkwork where link_id = any(%s)"
            " and (lease_until is null or lease_until <= lb_now())",
            [[intent.link_id for intent, _ in asked]],
        )


def _tell(place: Place, asked: Sequence[tuple[Intent, WriteResult]]) -> None:
    now = clock.now()
    names = dict(
        RecordLink.objects.filter(id__in=[intent.link_id for intent, _ in asked]).values_list("id", "name")
    )
    opened, attempts = [], []
    for intent, result in asked:
        values = {
            "name": names.get(intent.link_id, ""),
            "object": intent.object,
            "several": "yes" if result.failure is probing.SEVERAL else "",
        }
        bulk.execute(ASKED, [UNCLEAR, bulk.dumps(values), intent.link_id])
        opened.append(LinkProblem(intent.link_id, place.mapping.pk, "unknown_write", UNCLEAR, values))
        attempts.append(_attempt(place, intent, values, now))
    problems.open_for_links(place.company_id, opened, now)
    bulk.insert(Attempt, attempts)


def _attempt(place: Place, intent: Intent, values: dict[str, Any], now: Any) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "company_id": place.company_id,
        "link_id": intent.link_id,
        "run_id": intent.run_id,
        "cause": intent.cause,
        "decision": "hold",
        "direction": "to_qbo" if intent.side.value == "qbo" else "to_sf",
        "reasons": [],
        "changes": [],
        "outcome": Outcome.UNKNOWN.value,
        "failure_kind": "unknown_write",
        "failure_code": UNCLEAR,
        "failure_values": values,
        "request_id": "",
        "started_at": intent.first_sent_at or now,
        "finished_at": now,
    }


# --- a person's word -------------------------------------------------------------------------------------------------


def it_exists(link: RecordLink, person: Any, named: str = "") -> None:
    """The write was carried out: record it as such, without sending anything. For a record that was to be made,
    `named` (an id, or the address of its page) says which it is; without it, it is looked for once more.

    Raises Refused: `unclear.gone` (nothing is unclear any more), `unclear.which` (not exactly one record fits, or the
    named one is none of this kind or belongs to another), `unclear.unreachable`.
    """
    batch, mine = _asked(link)
    place = place_of(link.company_id, batch, current_timing(), Priority.INTERACTIVE)
    try:
        result = _as_found(place, batch, mine, named)
    except ConnectorError as error:
        raise Refused("unclear.unreachable", message=error.failure.message) from error
    unknown = WriteStatus.UNKNOWN
    results = tuple(
        result if intent.id == mine.id else WriteResult(intent.bid, unknown) for intent in batch.intents
    )
    with transaction.atomic():
        settled = settle(place, Answered(batch, BatchAnswer(results), frozenset({mine.bid})))
        if settled.unknown:
            intents.close_batch(batch.id, "ask")
        audit.decided(
            "outcome.exists", person, link=link, side=mine.side.value, object=mine.object, remote_id=result.id
        )
        sync.request([link.pk], target=None, person=person, cause="It exists")


def it_does_not(link: RecordLink, person: Any) -> Run:
    """The write was not carried out: it is decided afresh and sent under a new number."""
    batch, mine = _asked(link)
    with transaction.atomic():
        WriteIntent.objects.filter(pk=mine.id).update(state="cancelled", closed_at=clock.now())
        if not WriteIntent.objects.filter(batch_id=batch.id, state="ask").exists():
            intents.close_batch(batch.id, "cancelled")
        RecordLink.objects.filter(pk=link.pk).update(attention="none", attention_code="", attention_values={})
        audit.decided("outcome.does_not", person, link=link, side=mine.side.value, object=mine.object)
        return sync.request([link.pk], target=None, person=person, cause="It does not exist")


def _asked(link: RecordLink) -> tuple[Batch, Intent]:
    row = (
        WriteIntent.objects.filter(link=link, state="ask")
        .order_by("id")
        .values_list("batch_id", "id")
        .first()
    )
    if row is None:
        raise Refused("unclear.gone")
    batch = unclear_writes.batch_by_id(row[0])
    return batch, next(intent for intent in batch.intents if intent.id == row[1])


def _as_found(place: Place, batch: Batch, mine: Intent, named: str) -> WriteResult:
    connection, meter = place.connections[batch.side], UsageMeter()
    client = client_for(connection, Priority.INTERACTIVE, meter)
    try:
        if mine.operation not in probing.CREATES:
            told = probing.look(place, client, [mine])[mine.bid]
            return replace(told, status=WriteStatus.APPLIED, failure=None)
        if named.strip():
            return _named(place, client, mine, named)
        told = probing.look(place, client, [mine])[mine.bid]
        if told.status is not WriteStatus.APPLIED:
            raise Refused("unclear.which", object=mine.object)
        return told
    finally:
        flush(connection, meter)


def _named(place: Place, client: AnyClient, mine: Intent, named: str) -> WriteResult:
    ids = addresses.ids_in(named)
    remote_id = ids.salesforce if mine.side is Side.SALESFORCE else ids.quickbooks
    if not remote_id:
        raise Refused("unclear.which", object=mine.object)
    record = client.read(mine.object, [remote_id], fields_to_read(mine.side, place.spec))[0]
    if not _free(place, mine, record):
        raise Refused("unclear.which", object=mine.object)
    return WriteResult(mine.bid, WriteStatus.APPLIED, record.id, created=True, record=record)


def _free(place: Place, mine: Intent, record: RemoteRecord) -> bool:
    return record.state is not RecordState.MISSING and not probing.held(place, mine.side, [record.id])
