"""Stage 5, second half: batches leave, several QuickBooks batches at a time; answers are settled when they are there.

Threads only make the HTTP calls; everything about rows happens in the worker's own thread, between the calls and never
around them (W8).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field, replace

from connectors.contracts import BatchAnswer, Operation, Priority, Side, Write, WriteResult, WriteStatus
from connectors.errors import ConnectorError, Failure, FailureKind
from syncapp.engine.compiled import compile_spec
from syncapp.engine.projection import fields_to_read
from syncapp.services.closing import Place, Settled
from syncapp.services.limiters import is_paced
from syncapp.services.settle import Answered, settle
from syncapp.services.slice_context import SliceContext
from syncapp.store import breaker, intents
from syncapp.store.intents import Batch, Intent
from syncapp.store.turns import Turn

AT_ONCE = {Side.QUICKBOOKS: 6, Side.SALESFORCE: 1}
PACING_S = 40.0
"""How long a call may wait for the shared limiter's next slot before its records are given back."""
SENDING_S = 90.0
"""How long a slice waits for its turn to send, and how long it then may take: more than 34 batches need by the rate."""
TOGETHER_S = 0.15
"""Answers of bulk work that come within so little are stored together: a twentieth of what a full batch takes there."""
LAST_ONES = 2
"""With so few calls of a slice left on their way, the next slice begins to send."""
STAMPS_PER_CALL = 2000


@dataclass(slots=True)
class Sent:
    """What came of all batches of a slice."""

    settled: list[Settled] = field(default_factory=list)
    trouble: Failure | None = None
    """Why the rest was not sent: the connection, not a record, was at fault."""

    def take(self, one: Settled) -> None:
        self.settled.append(one)


@dataclass(frozen=True, slots=True)
class _Sending:
    """One slice's sending: what it belongs to, when it ends, and what has come of it so far."""

    context: SliceContext
    place: Place
    deadline: float
    sent: Sent


def place_of(context: SliceContext) -> Place:
    """Where the slice's batches belong."""
    return Place(
        company_id=context.company_id,
        mapping=context.mapping,
        spec=context.spec,
        connections=context.connections,
        timing=context.timing,
        priority=context.piece.priority,
        exact=context.exact,
    )


def send(context: SliceContext, batches: Sequence[Batch], deadline: float) -> Sent:
    """Send these batches and settle their answers. What cannot be sent before `deadline` (monotonic seconds), or
    because the connection turns calls away, is superseded; its links are for the caller to give back."""
    work = _Sending(context, place_of(context), deadline, Sent())
    for side in (Side.QUICKBOOKS, Side.SALESFORCE):
        mine = [batch for batch in batches if batch.side is side]
        if side is Side.SALESFORCE:
            mine = _guard_by_stamps(work, mine)
        _send_side(work, side, mine)
    return work.sent


def _send_side(work: _Sending, side: Side, batches: Sequence[Batch]) -> None:
    waiting = list(batches)
    flying: dict[Future[BatchAnswer], Batch] = {}
    turn = Turn(work.context.connections[side].id)
    if _takes_turns(work.context, side, batches):
        turn.take(SENDING_S)
        work = replace(work, deadline=max(work.deadline, time.monotonic() + SENDING_S))
    with closing(turn), ThreadPoolExecutor(max_workers=AT_ONCE[side], thread_name_prefix="send") as pool:
        while waiting or flying:
            free = AT_ONCE[side] - len(flying)
            going, waiting = _ready(work, waiting[:free]), waiting[free:]
            work.context.make_ready(side, len(going))
            flying |= {pool.submit(_call, work.context, batch, work.deadline): batch for batch in going}
            if not waiting and len(flying) <= LAST_ONES:
                turn.close()
            waiting = _settle(work, _finished(work, flying)) + waiting


def _ready(work: _Sending, batches: Sequence[Batch]) -> list[Batch]:
    """Those of these batches that may leave now, marked so; the others are given back."""
    if not batches:
        return []
    if work.sent.trouble is not None or time.monotonic() > work.deadline:
        _give_back(work, batches)
        return []
    still_open = intents.mark_sending(batches, work.context.timing.lease)
    whole = [batch for batch in batches if still_open.get(batch.id, 0) == len(batch.intents)]
    _give_back(work, [batch for batch in batches if batch not in whole])
    return whole


def _takes_turns(context: SliceContext, side: Side, batches: Sequence[Batch]) -> bool:
    """Where the vendor's rate is what bounds a load, one slice sends at a time, as fast as the rate allows, while
    others read, decide, or write back to the other side: so no call of the rate is left unused between two slices."""
    many = len(batches) > AT_ONCE[side] and context.piece.priority is not Priority.INTERACTIVE
    return many and is_paced(context.connections[side])


def _finished(work: _Sending, flying: dict[Future[BatchAnswer], Batch]) -> list[tuple[Batch, BatchAnswer]]:
    """Every answer that is there, once there is one: those that came while others were settled go together."""
    if not flying:
        return []
    done, left = wait(flying, return_when=FIRST_COMPLETED)
    if left and work.context.piece.priority is not Priority.INTERACTIVE:
        done |= wait(left, TOGETHER_S, return_when=ALL_COMPLETED)[0]
    return [(flying.pop(future), future.result()) for future in sorted(done, key=list(flying).index)]


def _call(context: SliceContext, batch: Batch, deadline: float) -> BatchAnswer:
    """The one place where writes leave. Runs in a thread; touches no rows."""
    writes = [_as_write(context, intent) for intent in batch.intents]
    patience = min(deadline, time.monotonic() + PACING_S)
    with context.client(batch.side) as client:
        while True:
            answer = client.write(writes, request_id=batch.request_id, priority=context.piece.priority)
            pause = _pacing(answer)
            if pause is None or time.monotonic() + pause > patience:
                return answer
            time.sleep(pause)


def _pacing(answer: BatchAnswer) -> float | None:
    """Seconds until our own limiter's next slot, when that is all that stood in the way; None otherwise."""
    failure = answer.failure
    if failure is None or failure.kind is not FailureKind.THROTTLED or failure.http_status is not None:
        return None
    if any(result.status is not WriteStatus.NOT_SENT for result in answer.results):
        return None
    return failure.retry_after


def _as_write(context: SliceContext, intent: Intent) -> Write:
    write = intent.as_write()
    if intent.guard == "If-Unmodified-Since":
        write = replace(write, read_back=fields_to_read(Side.SALESFORCE, context.spec))
    return write


def _settle(work: _Sending, answers: Sequence[tuple[Batch, BatchAnswer]]) -> list[Batch]:
    """Store these answers; returns further batches: the halves of those that were refused as a whole (bisect)."""
    further: list[Batch] = []
    known: list[Answered] = []
    for batch, answer in answers:
        if _refused_whole(answer) and len(batch.intents) > 1:
            further += _halves(work.context, batch)
        else:
            known.append(Answered(batch, answer))
        if answer.failure is not None and answer.failure.kind in CONNECTION_TROUBLE:
            work.sent.trouble = answer.failure
    _tell_breaker(work, answers)
    if known:
        work.sent.take(settle(work.place, *known))
    return further


def _tell_breaker(work: _Sending, answers: Sequence[tuple[Batch, BatchAnswer]]) -> None:
    """Each failure counts; the first answers without one say that the connection works again. All are of one side."""
    if not answers:
        return
    failures = [answer.failure for _, answer in answers if answer.failure is not None]
    connection = work.context.connections[answers[0][0].side]
    for failure in failures:
        breaker.record(connection.pk, failure, work.context.timing)
        connection.breaker_failures += 1
    if not failures and (connection.breaker_failures or connection.breaker_step):
        breaker.record(connection.pk, None, work.context.timing)
        connection.breaker_failures = connection.breaker_step = 0


CONNECTION_TROUBLE = frozenset(
    {FailureKind.AUTH, FailureKind.THROTTLED, FailureKind.QUOTA, FailureKind.CONFIG, FailureKind.PERMISSION}
)


def _refused_whole(answer: BatchAnswer) -> bool:
    return (
        answer.failure is not None
        and answer.failure.kind is FailureKind.DATA
        and all(result.status is WriteStatus.REFUSED for result in answer.results)
    )


def _halves(context: SliceContext, batch: Batch) -> list[Batch]:
    """A batch refused as a whole is cut in two new batches, down to the bad item (sync-semantics section 13)."""
    return intents.split(
        context.company_id, batch, fence=context.piece.fence, at=context.now, version=context.spec.version
    )


def _give_back(work: _Sending, batches: Sequence[Batch]) -> None:
    """Not sent: settle them as such, so that their links are due again."""
    failure = work.sent.trouble or Failure(FailureKind.THROTTLED, "engine.out_of_time", retry_after=0)
    if batches:
        work.sent.take(settle(work.place, *(_unsent(batch, failure) for batch in batches)))


def _unsent(batch: Batch, failure: Failure) -> Answered:
    results = tuple(
        WriteResult(intent.bid, WriteStatus.NOT_SENT, failure=failure) for intent in batch.intents
    )
    return Answered(batch, BatchAnswer(results, failure=failure))


# --- Salesforce: bulk writes carry no condition, so their stamps are compared a moment before -------------------------


def _guard_by_stamps(work: _Sending, batches: Sequence[Batch]) -> list[Batch]:
    """Leave out records that moved since they were read; those that flow to Salesforce only need no such look
    (sync-semantics 7.6)."""
    context = work.context
    ids = [intent.remote_id for batch in batches for intent in batch.intents if _needs_stamp(context, intent)]
    if not ids:
        return list(batches)
    stamps: dict[str, str] = {}
    try:
        with context.salesforce() as client:
            for start in range(0, len(ids), STAMPS_PER_CALL):
                found = client.stamps(context.spec.sf_object, ids[start : start + STAMPS_PER_CALL])
                stamps |= {id_: token.version for id_, token in found.items()}
    except ConnectorError as error:
        work.sent.trouble = error.failure
        return list(batches)
    return list(_without_moved(work, batches, stamps))


def _needs_stamp(context: SliceContext, intent: Intent) -> bool:
    if intent.guard != "stamp" or not intent.remote_id or not intent.expected_token:
        return False
    if intent.operation is Operation.DELETE:
        return True
    by_unit = compile_spec(context.spec).by_unit
    return any(by_unit[unit].allows(Side.QUICKBOOKS) for unit in intent.units if unit in by_unit)


def _without_moved(work: _Sending, batches: Iterable[Batch], stamps: dict[str, str]) -> Iterator[Batch]:
    for batch in batches:
        moved = [
            intent
            for intent in batch.intents
            if _needs_stamp(work.context, intent) and stamps.get(intent.remote_id) != intent.expected_token
        ]
        if not moved:
            yield batch
            continue
        failure = Failure(FailureKind.CONFLICT, "engine.moved", "The record was changed meanwhile.")
        rest, apart = intents.set_apart(batch, moved) if len(moved) < len(batch.intents) else (None, batch)
        work.sent.take(settle(work.place, _unsent(apart, failure)))
        if rest is not None:
            yield rest
