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
