"""Documents that capture brings and that bear the tag of a write whose answer was lost: that write is closed at no
further call (sync-semantics section 13)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from connectors import jsonwire
from connectors.contracts import BatchAnswer, RemoteRecord, Side, WriteResult, WriteStatus
from syncapp.engine import tags
from syncapp.engine.entities import traits
from syncapp.engine.entities.traits import DocumentProbe
from syncapp.engine.evidence import documents_of
from syncapp.services.placing import place_of
from syncapp.services.settle import Answered, settle
from syncapp.services.timing import current_timing
from syncapp.services.watched import Watched
from syncapp.store import leases, unclear_writes
from syncapp.store.intents import Intent


def close_open_writes(target: Watched, records: Sequence[RemoteRecord]) -> None:
    """Record what these documents prove, in the caller's transaction. Costs nothing for objects without tags."""
    probe = traits(target.side, target.object).document if target.side is Side.QUICKBOOKS else None
    keys = [key for record in records if probe and (key := tags.found(record.body.get(probe.tag)))]
    if probe is None or not keys:
        return
    company_id = target.connection.company_id
    open_writes = unclear_writes.by_tag(company_id, target.connection.pk, keys)
    for batch_id in sorted({batch_id for batch_id, _ in open_writes.values()}):
        _close(company_id, batch_id, probe, records)


def _close(company_id: int, batch_id: UUID, probe: DocumentProbe, records: Sequence[RemoteRecord]) -> None:
    batch = unclear_writes.batch_by_id(batch_id)
    place = place_of(company_id, batch, current_timing())
    results = tuple(_result(intent, probe, records) for intent in batch.intents)
    proved = [
        (intent, result)
        for intent, result in zip(batch.intents, results, strict=True)
        if intent.is_open and result.status is WriteStatus.APPLIED
    ]
    if not proved:
        return
    settle(place, Answered(batch, BatchAnswer(results), frozenset(intent.bid for intent, _ in proved)))
    links = [intent.link_id for intent, _ in proved]
    leases.make_due(company_id, links, place.priority, cause="Its outcome became known")


def _result(intent: Intent, probe: DocumentProbe, records: Sequence[RemoteRecord]) -> WriteResult:
    sent = jsonwire.decode(intent.body) if intent.is_open and intent.body else {}
    found = documents_of(probe, tags.key_of(intent.id), sent, intent.first_sent_at, records)
    if not tags.found(sent.get(probe.tag)) or len(found) != 1:
        return WriteResult(intent.bid, WriteStatus.UNKNOWN)
    return WriteResult(intent.bid, WriteStatus.APPLIED, found[0].id, created=True, record=found[0])
