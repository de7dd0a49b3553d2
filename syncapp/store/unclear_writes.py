"""Writes that left and whose outcome nobody knows: taken over from the dead, found again and read (sync-semantics 13).

The outbox itself is `intents.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from connectors.contracts import Operation, Side
from syncapp.models import BatchSend, WriteIntent
from syncapp.models.intent import OPEN_STATES
from syncapp.store import bulk, intents
from syncapp.store.intents import Batch, Intent, close_batch


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
    intents.mark_unknown(batch, wait)


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
    stored = [
        Intent(row[0], row[1], Side(row[2]), row[3], row[4], Operation(row[5]), *row[6:]) for row in rows
    ]
    return sorted(stored, key=lambda intent: int(intent.bid))


def written_by_others(connection_id: UUID, object: str, records: Mapping[str, UUID]) -> set[UUID]:
    """Those of these links (by remote id) whose record an open write of another link is about."""
    rows = bulk.fetch(
        "select remote_id, link_id from syncapp_writeintent where connection_id = %s and object = %s"
        " and remote_id = any(%s) and state = any(%s)",
        [connection_id, object, sorted(records), list(OPEN_STATES)],
    )
    return {records[remote_id] for remote_id, link_id in rows if records[remote_id] != link_id}
