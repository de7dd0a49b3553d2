"""Writes whose outcome nobody knows: find out, then act (sync-semantics sections 12 and 13).

The server refuses or absorbs the second copy of many writes: list records have unique names, QuickBooks updates carry
their SyncToken, Salesforce upserts an external id. Those go out again, the identical bytes under the same request id,
and the answer is the truth. Of all others (documents, payments, Salesforce writes by Id) reading tells what happened;
only a batch of which nothing was found is sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from connectors.contracts import BatchAnswer, Operation, Side, WriteResult, WriteStatus
from connectors.errors import ConnectorError, FailureKind
from connectors.quickbooks.client import QuickBooksClient
from connectors.salesforce.client import SalesforceClient
from syncapp.engine.entities import traits
from syncapp.engine.timing import Timing
from syncapp.services import probing, unclear
from syncapp.services.clients import AnyClient, UsageMeter, client_for, flush
from syncapp.services.closing import Place, Settled
from syncapp.services.placing import place_of
from syncapp.services.retrying import over_budget
from syncapp.services.settle import Answered, settle
from syncapp.services.sync import owner_name
from syncapp.services.timing import current_timing
from syncapp.store import breaker, bulk, clock, intents, leases, transactions, unclear_writes
from syncapp.store.intents import Batch, Intent
from syncapp.tenancy import tenant

log = structlog.get_logger()
ATTEMPTS_PER_CALL = 50
SAME_FAULTS = 3
"""Sends of one batch that all ended in a server's failure, before reading is believed instead (13.5)."""
LOOKS = 2
"""Looks that find nothing, a while apart, before a write that cannot simply be repeated counts as not carried out."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known now of each write of a batch; `read` are those of which reading tells, not an answer to us."""

    answer: BatchAnswer
    read: frozenset[str] = frozenset()


def recover(timing: Timing | None = None) -> int:
    """Find out about unknown batches whose wait is over; returns how many were looked at."""
    rules = timing or current_timing()
    for looked_at in range(ATTEMPTS_PER_CALL):
        claimed = unclear_writes.claim_unknown(owner_name(), rules.lease)
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
    batch.intents = unclear_writes.of_batch(batch)
    place = place_of(company_id, batch, timing)
    with _client(place, batch) as client:
        found = _find_out(place, batch, client)
    if found is None:
        return
    transactions.run(lambda: _take_over(place, batch, found))
    log.info("unknown_batch_resolved", side=batch.side.value, size=len(batch.intents), sends=batch.sends)


def _take_over(place: Place, batch: Batch, found: Found) -> None:
    settled = settle(place, Answered(batch, found.answer, found.read))
    if settled.unknown:
        _not_yet(place, batch, found.answer)
    _go_on(place, batch, settled)


@contextmanager
def _client(place: Place, batch: Batch) -> Iterator[AnyClient]:
    connection, meter = place.connections[batch.side], UsageMeter()
    try:
        yield client_for(connection, place.priority, meter)
    finally:
        flush(connection, meter)


# --- which way ---------------------------------------------------------------------------------------------------


def _find_out(place: Place, batch: Batch, client: AnyClient) -> Found | None:
    """An answer for each write of the batch, from its sender or from what is there. None: nothing is known yet."""
    if batch.side is Side.SALESFORCE:
        return _salesforce(place, batch, client)
    if any(_is_document(intent) for intent in batch.intents) or batch.sends > SAME_FAULTS:
        return _look_first(place, batch, client)
    return _send_again(place, batch, client)


def _is_document(intent: Intent) -> bool:
    """A second copy would be taken by the server: only reading tells whether there is a first."""
    if intent.operation in (Operation.VOID, Operation.DELETE):
        return True
    return intent.operation is Operation.CREATE and traits(intent.side, intent.object).document is not None


def _salesforce(place: Place, batch: Batch, client: AnyClient) -> Found | None:
    """Upserts by external id are sent again where their record is not there yet, writes by Id are read; no request id
    ties them together (C11)."""
    repeatable = [intent for intent in _open(batch) if intent.operation is Operation.UPSERT]
    if repeatable and _has_to_wait(place, batch):
        return None
    told = probing.look(place, client, [intent for intent in _open(batch) if intent not in repeatable])
    told, read = _closed_after_two_looks(batch, told), frozenset(told)
    if repeatable and isinstance(client, SalesforceClient):
        made = probing.made_before(client, repeatable)
        told, read = told | made, read | made.keys()
        repeatable = [intent for intent in repeatable if intent.bid not in made]
    if repeatable:
        intents.mark_sending([batch], place.timing.lease)
        writes = [intent.as_write() for intent in repeatable]
        answer = client.write(writes, request_id=batch.request_id, priority=place.priority)
        breaker.record(batch.connection_id, answer.failure, place.timing)
        told |= {result.ref: _unless_not_sent(result) for result in answer.results}
    return Found(_answer(batch, told), read)


def _unless_not_sent(result: WriteResult) -> WriteResult:
    """A repetition that did not leave tells nothing of the first send."""
    return replace(result, status=WriteStatus.UNKNOWN) if result.status is WriteStatus.NOT_SENT else result


def _look_first(place: Place, batch: Batch, client: AnyClient) -> Found | None:
    """Documents: what is found is recorded. The identical batch goes out again only if none was found; else the unfound
    ones are closed after two looks and planned anew (C9, 13.3 to 13.5)."""
    told = probing.look(place, client, _open(batch))
    nothing_found = len(told) == len(batch.intents) and not any(
        result.status is WriteStatus.APPLIED or result.failure is probing.SEVERAL for result in told.values()
    )
    if nothing_found and batch.sends <= SAME_FAULTS:
        if batch.probes + 1 < _looks_needed(place, batch):
            unclear_writes.probed(batch, place.timing.probe_gap)
            return None
        return _send_again(place, batch, client)
    return Found(_answer(batch, _closed_after_two_looks(batch, told)), frozenset(told))


def _looks_needed(place: Place, batch: Batch) -> int:
    """An old request id may be forgotten by the server: then two looks come before the same bytes go out again."""
    trusted = timedelta(seconds=place.timing.requestid_trust)
    first = batch.first_sent_at
    return 1 if first is not None and clock.now() - first <= trusted else LOOKS


def _closed_after_two_looks(batch: Batch, told: Mapping[str, WriteResult]) -> dict[str, WriteResult]:
    if batch.probes + 1 < LOOKS:
        return dict(told)
    return {
        bid: replace(result, status=WriteStatus.NOT_SENT, failure=probing.MOVED)
        if result.failure is probing.NOT_FOUND
        else result
        for bid, result in told.items()
    }


def _open(batch: Batch) -> list[Intent]:
    return [intent for intent in batch.intents if intent.is_open]


def _answer(batch: Batch, told: Mapping[str, WriteResult]) -> BatchAnswer:
    """One result per write in the batch's order; settling passes over those that are closed already."""
    unknown = WriteStatus.UNKNOWN
    return BatchAnswer(
        tuple(told.get(intent.bid) or WriteResult(intent.bid, unknown) for intent in batch.intents)
    )


def _not_yet(place: Place, batch: Batch, answer: BatchAnswer) -> None:
    """Some of it is still unclear: look again soon; what fits twice, or is unclear for a day, is a person's to say."""
    several = any(result.failure is probing.SEVERAL for result in answer.results)
    first = batch.first_sent_at
    old = first is not None and clock.now() - first > timedelta(seconds=place.timing.ask_after)
    if several or old:
        unclear.ask(place, batch, answer)
    else:
        unclear_writes.probed(batch, place.timing.probe_gap)


# --- sending again -----------------------------------------------------------------------------------------------


def _send_again(place: Place, batch: Batch, client: AnyClient) -> Found | None:
    """The identical bytes with the identical request id (W5); "it is there" is read as applied where it is ours."""
    if _has_to_wait(place, batch):
        return None
    writes = [intent.as_write() for intent in batch.intents]
    intents.mark_sending([batch], place.timing.lease)
    answer = client.write(writes, request_id=batch.request_id, priority=place.priority)
    breaker.record(batch.connection_id, answer.failure, place.timing)
    if any(result.status is WriteStatus.NOT_SENT for result in answer.results):
        intents.mark_unknown(batch, place.timing.probe_gap)
        return None
    return _with_ours(place, batch, client, answer)


def _has_to_wait(place: Place, batch: Batch) -> bool:
    """Whether this repetition is over the connection's retry budget; then it comes back when there is one again. What a
    person waits for goes all the same."""
    seconds = over_budget(place.connections[batch.side], place.priority)
    if not seconds or leases.is_awaited([intent.link_id for intent in batch.intents]):
        return False
    intents.mark_unknown(batch, seconds)
    return True


def _with_ours(place: Place, batch: Batch, client: AnyClient, answer: BatchAnswer) -> Found:
    """Read "name exists", "number exists" and "stale" answers to our own repetition for what they are."""
    if not isinstance(client, QuickBooksClient):
        return Found(answer)
    doubtful = [
        intent
        for intent, result in zip(batch.intents, answer.results, strict=True)
        if result.failure is not None and result.failure.kind in (FailureKind.EXISTS, FailureKind.CONFLICT)
    ]
    told = {
        bid: result
        for bid, result in probing.look(place, client, doubtful).items()
        if result.status is WriteStatus.APPLIED
    }
    results = tuple(_believed(result, told.get(result.ref)) for result in answer.results)
    return Found(replace(answer, results=results), frozenset(told))


def _believed(result: WriteResult, told: WriteResult | None) -> WriteResult:
    return result if told is None else replace(told, request_id=result.request_id)


def _go_on(place: Place, batch: Batch, settled: Settled) -> None:
    """Links with something left to do are due; one that a worker still holds, be it closed, when that lets it go."""
    closed = [intent.link_id for intent in _open(batch) if intent.link_id not in settled.unknown]
    leases.make_due(place.company_id, closed, place.priority, cause="Its outcome became known")
    bulk.execute(
        "update syncapp_linkwork set due_at = lb_now(), again = lease_until is not null where link_id = any(%s)",
        [closed],
    )
