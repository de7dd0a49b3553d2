"""The outbox: write intents and their batches, stored before a byte leaves (sync-semantics section 11).

Body, request id and composition of a batch never change after the first send (W3); results are recorded by intent id
whatever became of the lease (W7).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors import jsonwire
from connectors.contracts import Operation, Side, Token, Write
from syncapp.engine import tags
from syncapp.ids import uuid7
from syncapp.models import BatchSend, WriteIntent
from syncapp.models.intent import OPEN_STATES
from syncapp.store import bulk, transactions


@dataclass(frozen=True, slots=True)
class Plan:
    """One write that was decided: what to send and what to record when the answer is there."""

    link_id: UUID
    write: Write
    units: tuple[str, ...]
    source_base: dict[str, Any]
    """Canonical JSON values of the source side for the keys that are written."""
    changes: tuple[dict[str, Any], ...]
    run_id: UUID | None
    cause: str
    guard: str
    rests: str = ""
    tag: str = ""
    """The member of a new document's body that bears our tag; empty where none is wanted."""


@dataclass(slots=True)
class Intent:
    """A stored intent as sending and settling see it."""

    id: UUID
    link_id: UUID
    side: Side
    object: str
    remote_id: str
    operation: Operation
    body: str
    bid: str
    units: list[str]
    source_base: dict[str, Any]
    changes: list[dict[str, Any]]
    expected_token: str
    external_field: str
    external_value: str
    guard: str
    run_id: UUID | None
    cause: str
    mapping_version: int
    attempts: int
    first_sent_at: datetime | None
    rests: str = ""
    state: str = "planned"

    @property
    def is_open(self) -> bool:
        """Whether nobody has recorded yet what came of it."""
        return self.state in OPEN_STATES

    def as_write(self, expected: Token | None = None) -> Write:
        """The write exactly as it was stored: the client composes the same bytes from it every time."""
        return Write(
            ref=self.bid,
            operation=self.operation,
            object=self.object,
            body=jsonwire.decode(self.body),
            id=self.remote_id,
            expected=expected or _token(self),
            external_field=self.external_field,
            external_value=self.external_value,
        )


@dataclass(slots=True)
class Batch:
    """A stored batch with its intents in the order of the wire."""

    id: UUID
    connection_id: UUID
    side: Side
    request_id: str
    sends: int
    first_sent_at: datetime | None
    intents: list[Intent] = field(default_factory=list)
    probes: int = 0
    """Looks that did not find what it may have made."""


def stage(
    company_id: int,
    connection_id: UUID,
    side: Side,
    calls: Sequence[Sequence[Plan]],
    *,
    fence: int,
    mapping_version: int,
    at: datetime,
) -> list[Batch]:
    """Store these writes as planned, one batch for each call. Runs inside the caller's transaction (W2)."""
    batches: list[Batch] = []
    for plans in calls:
        batch_id = uuid7()
        intents = [_intent(index, plan, side, mapping_version) for index, plan in enumerate(plans)]
        batches.append(Batch(batch_id, connection_id, side, batch_id.hex, 0, None, intents))
    bulk.insert(BatchSend, [_batch_row(company_id, batch, fence, at) for batch in batches])
    bulk.insert(
        WriteIntent,
        [_intent_row(company_id, batch, intent, fence, at) for batch in batches for intent in batch.intents],
    )
    return batches


def _intent(index: int, plan: Plan, side: Side, mapping_version: int) -> Intent:
    write, id_ = plan.write, uuid7()
    body = tags.put(dict(write.body), plan.tag, id_) if plan.tag else write.body
    return Intent(
        id=id_,
        link_id=plan.link_id,
        side=side,
        object=write.object,
        remote_id=write.id,
        operation=write.operation,
        body=jsonwire.encode(body).decode(),
        bid=str(index),
        units=list(plan.units),
        source_base=plan.source_base,
        changes=list(plan.changes),
        expected_token=write.expected.version if write.expected else "",
        external_field=write.external_field,
        external_value=write.external_value,
        guard=plan.guard,
        run_id=plan.run_id,
        cause=plan.cause,
        mapping_version=mapping_version,
        attempts=0,
        first_sent_at=None,
        rests=plan.rests,
    )


def _batch_row(company_id: int, batch: Batch, fence: int, at: datetime) -> dict[str, Any]:
    return {
        "id": batch.id,
        "company_id": company_id,
        "connection_id": batch.connection_id,
        "side": batch.side.value,
        "request_id": batch.request_id,
        "state": "planned",
        "size": len(batch.intents),
        "owner": "",
        "fence": fence,
        "sends": 0,
        "probes": 0,
        "created_at": at,
    }


def _intent_row(company_id: int, batch: Batch, intent: Intent, fence: int, at: datetime) -> dict[str, Any]:
    return {
        "id": intent.id,
        "company_id": company_id,
        "connection_id": batch.connection_id,
        "link_id": intent.link_id,
        "batch_id": batch.id,
        "bid": intent.bid,
        "side": intent.side.value,
        "object": intent.object,
        "remote_id": intent.remote_id,
        "operation": intent.operation.value,
        "external_field": intent.external_field,
        "external_value": intent.external_value,
        "body": intent.body,
        "body_sha256": digest(intent.body),
        "units": intent.units,
        "source_base": intent.source_base,
        "changes": intent.changes,
        "expected_token": intent.expected_token,
        "guard": intent.guard,
        "rests": intent.rests,
        "state": "planned",
        "fence": fence,
        "attempts": 0,
        "run_id": intent.run_id,
        "cause": intent.cause,
        "mapping_version": intent.mapping_version,
        "created_at": at,
        "result_id": "",
        "result_token": "",
        "result_code": "",
        "request_id": "",
    }


def digest(body: str) -> str:
    """What tells two bodies apart; the tag of ours that each document bears anew does not count."""
    return hashlib.sha256(tags.without(body).encode()).hexdigest()


MARK_SENDING = """
with sent as (
  update syncapp_batchsend set state = 'sending', sends = sends + 1, first_sent_at = coalesce(first_sent_at, lb_now()),
         last_sent_at = lb_now(), lease_until = lb_now() + %(lease)s * interval '1 second'
  where id = any(%(batches)s)
), marked as (
  update syncapp_writeintent set state = 'sending', attempts = attempts + 1,
         first_sent_at = coalesce(first_sent_at, lb_now()), last_sent_at = lb_now()
  where batch_id = any(%(batches)s) and state in ('planned', 'sending', 'unknown') returning batch_id
) select batch_id, count(*) from marked group by batch_id
"""


def mark_sending(batches: Sequence[Batch], lease_seconds: float) -> dict[UUID, int]:
    """Committed before the first byte leaves: from now on these batches are `sending` until their answers are stored.

    Returns how many intents of each are open: fewer than it has where another worker dropped some of a plan whose
    sender it took for dead.
    """
    rows = transactions.run(
        lambda: bulk.fetch_named(
            MARK_SENDING, {"lease": lease_seconds, "batches": sorted(batch.id for batch in batches)}
        )
    )
    counted: dict[UUID, int] = dict(rows)
    return counted


def unsend(batch: Batch) -> None:
    """The call surely did not run: its intents are superseded and will be decided afresh."""
    bulk.execute(
        "update syncapp_writeintent set state = 'superseded', closed_at = lb_now()"
        " where batch_id = %s and state in ('planned', 'sending')",
        [batch.id],
    )
    bulk.execute(
        "update syncapp_batchsend set state = 'superseded', lease_until = null where id = %s", [batch.id]
    )


def unsend_unknown(batch: Batch) -> None:
    """Close an unknown batch without an answer: reading and merging will show what it did."""
    bulk.execute(
        "update syncapp_writeintent set state = 'superseded', closed_at = lb_now()"
        " where batch_id = %s and state in ('sending', 'unknown')",
        [batch.id],
    )
    close_batch(batch.id, "superseded")


def supersede_planned(link_ids: Sequence[UUID]) -> int:
    """Planned intents that were never sent are dropped: days may have passed, the new claim decides afresh (C2)."""
    dropped = bulk.fetch(
        "update syncapp_writeintent set state = 'superseded', closed_at = lb_now()"
        " where link_id = any(%s) and state = 'planned' returning batch_id",
        [list(link_ids)],
    )
    if dropped:
        bulk.execute(
            "update syncapp_batchsend set state = 'superseded' where state = 'planned' and id = any(%s)",
            [sorted({row[0] for row in dropped})],
        )
    return len(dropped)


def close(rows: Sequence[dict[str, Any]]) -> None:
    """Close intents by id: each row has id, state, result_id, result_token, result_code, request_id, closed_at."""
    bulk.update(WriteIntent, rows)


def close_batches(states: Mapping[UUID, str]) -> None:
    """These batches have their answers (id -> what they come to)."""
    rows = [
        {"id": batch_id, "state": state, "lease_until": None, "owner": "", "next_at": None}
        for batch_id, state in sorted(states.items())
    ]
    bulk.update(BatchSend, rows)


def close_batch(batch_id: UUID, state: str, next_in: float | None = None) -> None:
    """The batch has its answer (or is `unknown`: then it is looked at again after `next_in` seconds)."""
    bulk.execute(
        "update syncapp_batchsend set state = %s, lease_until = null, owner = '',"
        " next_at = case when %s::float8 is null then null else lb_now() + %s::float8 * interval '1 second' end"
        " where id = %s",
        [state, next_in, next_in, batch_id],
    )


def mark_unknown(batch: Batch, wait: float) -> None:
    """Nobody knows whether the call ran: wait, then find out (sync-semantics section 13)."""
    bulk.execute(
        "update syncapp_writeintent set state = 'unknown' where batch_id = %s and state = 'sending'",
        [batch.id],
    )
    close_batch(batch.id, "unknown", wait)


def expire_sending(wait_by_side: dict[str, float]) -> int:
    """Batches whose sender died while sending become unknown. System code: all companies (the sweeper calls it)."""
    expired = bulk.fetch(
        "select id, side from syncapp_batchsend where state = 'sending' and lease_until <= lb_now()"
        " for update skip locked"
    )
    for batch_id, side in expired:
        bulk.execute(
            "update syncapp_writeintent set state = 'unknown' where batch_id = %s and state = 'sending'",
            [batch_id],
        )
        bulk.execute(
            "update syncapp_batchsend set state = 'unknown', lease_until = null, owner = '',"
            " next_at = last_sent_at + %s * interval '1 second' where id = %s",
            [wait_by_side[side], batch_id],
        )
    return len(expired)


CLAIM_UNKNOWN = """
update syncapp_batchsend b set lease_until = lb_now() + %s * interval '1 second', owner = %s,
       fence = nextval('syncapp_fence_seq')
from (
  select b.id from syncapp_batchsend b
  join syncapp_connection c on c.id = b.connection_id and c.status = 'live'
  where b.state = 'unknown' and b.next_at <= lb_now()
    and not exists (select 1 from syncapp_integration i where i.state = 'restored'
                    and (i.salesforce_id = c.id or i.quickbooks_id = c.id))
    and (b.lease_until is null or b.lease_until <= lb_now())
  order by b.next_at limit 1 for update of b skip locked
) picked where b.id = picked.id
returning b.id, b.company_id, b.connection_id, b.side, b.request_id, b.sends, b.first_sent_at, b.probes
"""


def claim_unknown(owner: str, lease_seconds: float) -> tuple[int, Batch] | None:
    """Lease one batch whose outcome is unknown and whose wait is over: (company id, batch without its intents)."""
    rows = bulk.fetch(CLAIM_UNKNOWN, [lease_seconds, owner])
    if not rows:
        return None
    batch_id, company_id, connection_id, side, request_id, sends, first_sent_at, probes = rows[0]
    return company_id, Batch(
        batch_id, connection_id, Side(side), request_id, sends, first_sent_at, probes=probes
    )


def probed(batch: Batch, wait: float) -> None:
    """A look has not found everything: count it, and look again after `wait` seconds."""
    batch.probes += 1
    bulk.execute("update syncapp_batchsend set probes = probes + 1 where id = %s", [batch.id])
    mark_unknown(batch, wait)


def put_to_a_person(batch: Batch) -> None:
    """What is still open of this batch waits for a person's word (sync-semantics 13.6)."""
    bulk.execute(
        "update syncapp_writeintent set state = 'ask' where batch_id = %s and state in ('sending', 'unknown')",
        [batch.id],
    )
    close_batch(batch.id, "ask")


def by_tag(company_id: int, connection_id: UUID, keys: Sequence[str]) -> dict[str, tuple[UUID, UUID]]:
    """Open writes of unknown outcome whose documents bear these tags: tag -> (batch, intent)."""
    rows = bulk.fetch(
        "select right(replace(id::text, '-', ''), 16), batch_id, id from syncapp_writeintent"
        " where company_id = %s and connection_id = %s and state in ('unknown', 'ask') and remote_id = ''"
        " and right(replace(id::text, '-', ''), 16) = any(%s)",
        [company_id, connection_id, list(keys)],
    )
    return {row[0]: (row[1], row[2]) for row in rows}


@dataclass(frozen=True, slots=True)
class Sending:
    """A creation without an answer: when it left for the first and for the last time, and the external id, if any, by
    which its record can be told."""

    first: datetime
    last: datetime
    external_field: str
    external_value: str


def open_creations(integration_id: int, sf_object: str, qbo_entity: str) -> dict[Side, list[Sending]]:
    """Creations for links of this pair of objects that nobody knows the outcome of, by the side that they went to."""
    rows = bulk.fetch(
        "select distinct n.side, n.first_sent_at, n.last_sent_at, n.external_field, n.external_value"
        " from syncapp_writeintent n join syncapp_recordlink l on l.id = n.link_id"
        " where n.state in ('sending', 'unknown', 'ask') and n.operation in ('create', 'upsert')"
        " and n.remote_id = '' and l.integration_id = %s and l.sf_object = %s and l.qbo_entity = %s",
        [integration_id, sf_object, qbo_entity],
    )
    found: dict[Side, list[Sending]] = {}
    for side, *rest in rows:
        found.setdefault(Side(side), []).append(Sending(*rest))
    return found


def batch_by_id(batch_id: UUID) -> Batch:
    """A stored batch with its intents."""
    row = BatchSend.objects.get(pk=batch_id)
    batch = Batch(
        row.pk,
        row.connection_id,
        Side(row.side),
        row.request_id,
        row.sends,
        row.first_sent_at,
        probes=row.probes,
    )
    batch.intents = of_batch(batch)
    return batch


def of_batch(batch: Batch) -> list[Intent]:
    """The intents of a batch in the order of the wire; also those that are closed keep their places."""
    rows = (
        WriteIntent.objects.filter(batch_id=batch.id)
        .order_by("id")
        .values_list(
            "id",
            "link_id",
            "side",
            "object",
            "remote_id",
            "operation",
            "body",
            "bid",
            "units",
            "source_base",
            "changes",
            "expected_token",
            "external_field",
            "external_value",
            "guard",
            "run_id",
            "cause",
            "mapping_version",
            "attempts",
            "first_sent_at",
            "rests",
            "state",
        )
    )
    intents = [
        Intent(row[0], row[1], Side(row[2]), row[3], row[4], Operation(row[5]), *row[6:]) for row in rows
    ]
    return sorted(intents, key=lambda intent: int(intent.bid))


def _token(intent: Intent) -> Token | None:
    """The guard of an update as the client takes it. Only the version counts on the wire."""
    if not intent.expected_token:
        return None
    return (
        Token(intent.expected_token, datetime.fromisoformat(intent.expected_token))
        if (intent.side is Side.SALESFORCE)
        else Token(intent.expected_token, datetime.min.replace(tzinfo=UTC))
    )


def split(company_id: int, batch: Batch, *, fence: int, at: datetime, version: int) -> list[Batch]:
    """Close a batch that was refused as a whole and stage its intents anew in two halves, with new ids (W3)."""
    middle = len(batch.intents) // 2
    with transaction.atomic():
        unsend(batch)
        plans = [_as_plan(intent) for intent in batch.intents]
        return [
            half
            for part in (plans[:middle], plans[middle:])
            for half in stage(
                company_id,
                batch.connection_id,
                batch.side,
                [part],
                fence=fence,
                mapping_version=version,
                at=at,
            )
        ]


def _as_plan(intent: Intent) -> Plan:
    return Plan(
        link_id=intent.link_id,
        write=intent.as_write(),
        units=tuple(intent.units),
        source_base=intent.source_base,
        changes=tuple(intent.changes),
        run_id=intent.run_id,
        cause=intent.cause,
        guard=intent.guard,
        rests=intent.rests,
        tag=_tag_of(intent),
    )


def _tag_of(intent: Intent) -> str:
    body = jsonwire.decode(intent.body)
    return next((name for name, value in body.items() if isinstance(value, str) and tags.found(value)), "")


def set_apart(batch: Batch, chosen: Sequence[Intent]) -> tuple[Batch, Batch]:
    """Divide a batch that was never sent: (what stays, the chosen ones in a batch of their own, stored)."""
    ids = {intent.id for intent in chosen}
    apart = Batch(uuid7(), batch.connection_id, batch.side, "", 0, None, list(chosen))
    apart.request_id = apart.id.hex
    rest = Batch(
        batch.id,
        batch.connection_id,
        batch.side,
        batch.request_id,
        batch.sends,
        batch.first_sent_at,
        [intent for intent in batch.intents if intent.id not in ids],
    )
    bulk.execute(
        "insert into syncapp_batchsend (id, company_id, connection_id, side, request_id, state, size, owner, fence,"
        " sends, probes, created_at) select %s, company_id, connection_id, side, %s, 'planned', %s, '', fence, 0, 0,"
        " lb_now() from syncapp_batchsend where id = %s",
        [apart.id, apart.request_id, len(apart.intents), batch.id],
    )
    bulk.execute("update syncapp_writeintent set batch_id = %s where id = any(%s)", [apart.id, sorted(ids)])
    return rest, apart
