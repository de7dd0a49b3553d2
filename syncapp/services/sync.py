"""The six stages for one record or a million (DESIGN section 4): ask for a sync, and carry due links through.

`request` is what a button does: one transaction that makes links due. `carry` is what a worker does.
"""

from __future__ import annotations

import os
import random
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import structlog

from connectors.contracts import Priority, RemoteRecord, Side
from connectors.errors import KIND_RULES, ConnectorError, Failure, Reaction
from syncapp import queue
from syncapp.engine.decision import Projection
from syncapp.engine.projection import from_json, project
from syncapp.engine.retry import backoff
from syncapp.engine.timing import Timing
from syncapp.models import Lifecycle, RecordLink, Run, RunKind, RunState
from syncapp.services import (
    apply,
    deciding,
    follow_ups,
    joining,
    merging,
    name_clash,
    newcomers,
    quarantine,
    reading,
    request_outcomes,
    retrying,
    sending,
    staging,
    surroundings,
)
from syncapp.services.closing import Settled
from syncapp.services.errors import Refused
from syncapp.services.reading import Sides
from syncapp.services.slice_context import SliceContext, open_context
from syncapp.services.timing import current_timing
from syncapp.store import (
    breaker,
    bulk,
    clock,
    intents,
    leases,
    links,
    observations,
    parking,
    runs,
    transactions,
)
from syncapp.store.leases import Slice
from syncapp.store.links import LinkRow
from syncapp.store.planned import StoredItem
from syncapp.tenancy import tenant

log = structlog.get_logger()

READ_FAILURES = 4
"""A slice that could not be read waits as after so many failures: the whole slice, so not too soon."""
LOWER_TURN = 20
WORST = {
    Priority.INTERACTIVE: Priority.INTERACTIVE,
    Priority.NORMAL: Priority.BULK,
    Priority.BULK: Priority.BULK,
}


# --- asking ------------------------------------------------------------------------------------------------------


def request(
    link_ids: Sequence[UUID],
    *,
    target: Side | None,
    person: Any,
    cause: str,
    kind: RunKind = RunKind.BUTTON,
    priority: Priority | None = None,
) -> Run:
    """Make these links due at once, for a person's press; returns the run to follow.

    `target` is the side that the press names (Send to QuickBooks, Sync from QuickBooks), None for a plain retry. Both
    sides are read anew: a person presses because they have just corrected something over there. A second press on a
    record whose first is still running returns that run. One record is interactive work, several are normal, unless
    `priority` says otherwise. Raises Refused (`sync.nothing`, `sync.not_switched_on`).
    """
    chosen = list(RecordLink.objects.filter(id__in=link_ids).select_related("integration"))
    if not chosen:
        raise Refused("sync.nothing")
    first = chosen[0]
    if first.integration.switched_on_at is None:
        raise Refused("sync.not_switched_on")
    priority = priority or (Priority.INTERACTIVE if len(chosen) == 1 else Priority.NORMAL)
    return transactions.run(lambda: _request(chosen, target, person, cause, kind, priority))


def _request(
    chosen: Sequence[RecordLink],
    target: Side | None,
    person: Any,
    cause: str,
    kind: RunKind,
    priority: Priority,
) -> Run:
    first = chosen[0]
    run = _new_run(first, kind, target, person, cause, priority)
    _look_anew(chosen)
    follow_ups.again([link.pk for link in chosen])
    made = leases.make_due(
        first.company_id,
        [link.pk for link in chosen],
        priority,
        cause=cause,
        run_id=run.pk,
        forced=target.value if target else "",
    )
    joined = {owner for owner in made.values() if owner is not None and owner != run.pk}
    if len(chosen) == 1 and joined:
        run.delete()
        run = Run.objects.get(pk=joined.pop())
    else:
        run.refresh_from_db()
    queue.wake(priority, first.company_id)
    return run


def _look_anew(chosen: Iterable[RecordLink]) -> None:
    """What was seen of these records earlier is no ground for what is decided now."""
    ids: dict[tuple[int, UUID | None, str], list[str]] = {}
    for link in chosen:
        for connection_id, name, remote_id in (
            (link.integration.salesforce_id, link.sf_object, link.sf_id),
            (link.integration.quickbooks_id, link.qbo_entity, link.qbo_id),
        ):
            if remote_id:
                ids.setdefault((link.company_id, connection_id, name), []).append(remote_id)
    now = clock.now()
    for (company_id, connection_id, name), some in ids.items():
        if connection_id is not None:
            observations.hint(company_id, connection_id, name, some, "button", now)


def _new_run(
    link: RecordLink, kind: RunKind, target: Side | None, person: Any, cause: str, priority: Priority
) -> Run:
    return Run.objects.create(
        company_id=link.company_id,
        integration_id=link.integration_id,
        mapping_id=link.mapping_id,
        kind=kind,
        state=RunState.RUNNING,
        direction={Side.QUICKBOOKS: "to_qbo", Side.SALESFORCE: "to_sf", None: "both"}[target],
        priority=leases.RANK[priority],
        person=person,
        cause=cause,
        started_at=clock.now(),
    )


# --- carrying ----------------------------------------------------------------------------------------------------


def owner_name() -> str:
    """Who holds a lease: host, process and thread of this worker."""
    return f"{socket.gethostname()}:{os.getpid()}"[:64]


def carry(
    priority: Priority, company_id: int | None = None, *, seconds: float = 60, timing: Timing | None = None
) -> int:
    """Claim slices of due work and carry them through, until none is due or the time is over.

    Returns how many links were carried. An interactive call serves interactive work only; others serve the best class
    that is due, so that a slice of a lower class never keeps a higher one waiting for longer than itself.
    """
    rules = timing or current_timing()
    deadline = time.monotonic() + seconds
    carried = 0
    while time.monotonic() < deadline:
        best = Priority.INTERACTIVE
        piece = leases.claim(
            owner_name(),
            best,
            WORST[priority],
            rules.slice_size,
            rules,
            company_id,
            lowest_first=_lower_turn(),
        )
        if piece is None:
            return carried
        carried += len(piece.rows)
        if len(piece.rows) == rules.slice_size:
            queue.wake(priority, company_id)  # there is probably more than one worker's share
        with tenant(piece.company_id):
            carry_slice(piece, rules, deadline)
    queue.wake(priority, company_id)
    return carried


_turns = count(1)


def _lower_turn() -> bool:
    """Every twentieth claim of this process begins with the lowest class, so that a busy day keeps no backfill waiting
    for ever (section 17: each lower class keeps at least 5 %)."""
    return next(_turns) % LOWER_TURN == 0


def carry_slice(piece: Slice, timing: Timing, deadline: float) -> None:
    """Carry one claimed slice through the stages; whatever happens, no link of it stays behind without a next step."""
    context: SliceContext | None = None
    with leases.renewing(piece, timing):
        try:
            context = open_context(piece, timing)
            with surroundings.around(
                context.mapping.company, context.now, context.connections[Side.QUICKBOOKS].pk
            ):
                _stages(context, deadline)
        except ConnectorError as error:
            _trip(context, error.failure)
            _connection_failed(piece, error.failure, timing, context)
        except Exception as error:
            log.exception("slice_failed", mapping=piece.mapping_id, links=len(piece.rows))
            quarantine.set_aside(piece, error, timing)
    of_runs = {row.run_id for row in piece.rows if row.run_id}
    parking.park_stopped(of_runs)
    runs.finish_idle(of_runs)
    request_outcomes.after_slice(piece.company_id, piece.link_ids)


def _stages(context: SliceContext, deadline: float) -> None:
    rows = links.load(context.company_id, context.piece.link_ids)
    intents.supersede_planned(list(rows))
    rows = retrying.hold_back(context, rows)
    try:
        planned = apply.stored(context, rows)
        _carry_out(context, rows, planned, deadline)
        waiting = _besides(context, rows, planned)
        linked: set[UUID] = set()
        for _ in range(2 if waiting else 0):
            sides = reading.gather(context, waiting)
            _answered(context)
            followed = merging.follow_winners(context, waiting, sides)
            sides |= reading.gather(context, followed.moved) if followed.moved else {}
            waiting = [row for row in waiting if row.id not in followed.absorbed | followed.later]
            newcomers.look_again(context, followed.later)
            decisions = newcomers.put_off(context, deciding.decide_slice(context, waiting, sides))
            found = [item for item in decisions.items if deciding.is_link(item)]
            _finish(context, decisions_without(decisions, found), linked, deadline)
            if not found:
                break
            going_on = joining.join(context, found)
            linked |= going_on
            _let_go(context, [item.link.id for item in found if item.link.id not in going_on])
            waiting = [item.link for item in found if item.link.id in going_on]
            if not waiting:
                break
    finally:
        _count_calls(context)


def _besides(
    context: SliceContext, rows: Mapping[UUID, LinkRow], planned: Mapping[UUID, StoredItem]
) -> list[LinkRow]:
    """The links of the slice that no plan is about; not those that a plan has just joined with their other half."""
    others = [link_id for link_id in rows if link_id not in planned]
    if not planned or not others:
        return [rows[link_id] for link_id in others]
    now = links.load(context.company_id, others)
    return [row for row in now.values() if row.lifecycle != Lifecycle.ABSORBED]


def _carry_out(
    context: SliceContext, rows: Mapping[UUID, LinkRow], items: dict[UUID, StoredItem], deadline: float
) -> None:
    """Make the stored decisions of a plan, parents before what refers to them."""
    exact = replace(context, exact=True)
    while items:
        step = apply.next_step(exact, rows, items)
        _finish(exact, newcomers.put_off(exact, step.decisions), step.linked, deadline)
        if len(step.later) == len(items):
            apply.put_off(exact, step.later)
            return
        items = step.later


def decisions_without(
    decisions: deciding.SliceDecisions, left_out: Sequence[deciding.Decided]
) -> deciding.SliceDecisions:
    """The same decisions without some."""
    ids = {item.link.id for item in left_out}
    return deciding.SliceDecisions(
        tuple(item for item in decisions.items if item.link.id not in ids), decisions.parents
    )


def _finish(
    context: SliceContext, decisions: deciding.SliceDecisions, linked: set[UUID], deadline: float
) -> None:
    """Stage, send and settle; then write our ids into Salesforce for what was created, in one more call."""
    if not decisions.items:
        return
    staged = staging.stage(context, decisions, linked)
    sent = sending.send(context, staged.batches, deadline)
    if sent.trouble is None:
        _follow_up(context, decisions, sent, deadline)
    _agree(context, decisions, sent)
    name_clash.look_up(context, [pair for settled in sent.settled for pair in settled.name_taken])
    _release(context, sent, staged)


def _follow_up(
    context: SliceContext, decisions: deciding.SliceDecisions, sent: sending.Sent, deadline: float
) -> None:
    """What was just written is decided once more with the server's answer in hand: our id, number, total or balance may
    have to go back to the other side. No call is made to find that out."""
    answers = {
        link_id: record
        for settled in sent.settled
        for link_id, record in (*settled.created.items(), *settled.answered.items())
    }
    unclear = _left_open(sent)
    answers = {link_id: record for link_id, record in answers.items() if link_id not in unclear}
    if not answers:
        return
    rows = links.load(context.company_id, list(answers))
    sides = {
        item.link.id: _sides_now(context, item, rows[item.link.id], answers[item.link.id])
        for item in decisions.items
        if item.link.id in rows
    }
    again = deciding.decide_slice(context, list(rows.values()), sides)
    writing = tuple(item for item in again.items if item.decision.changes or staging.is_settling(item))
    if writing:
        staged = staging.stage(context, deciding.SliceDecisions(writing, again.parents), set())
        sent.settled += sending.send(context, staged.batches, deadline).settled
    soon = context.now + timedelta(seconds=context.timing.settle_retry)
    settling = [item.link.id for item in again.items if staging.is_settling(item)]
    sent.take(Settled(again=dict.fromkeys(settling, soon)))


def _sides_now(context: SliceContext, item: deciding.Decided, row: LinkRow, answer: RemoteRecord) -> Sides:
    """Both sides after the writes: the server's answer, and the other side as it was read with what was written to it
    since. Without the latter our own write would look like a value that somebody took away there."""
    other = answer.side.other
    sides = reading.with_answer(item.sides, answer)
    written = {key for change in item.decision.changes if change.target is other for key in change.values}
    record = sides.records.get(other)
    if record is None or not (written or _was_planned(item, other)):
        return sides
    held = sides.known.get(other) or _was_planned(item, other) or project(other, record, context.spec)
    base = from_json(context.spec, row.base(other)) or {}
    return replace(sides, known={**sides.known, other: {**held, **{key: base.get(key) for key in written}}})


def _was_planned(item: deciding.Decided, side: Side) -> Projection:
    """What a stored plan saw on a side; nothing for a decision made just now. The plan kept no whole body, and what of
    it is in hand would look like a record that somebody has emptied."""
    if item.situation is not None:
        return {}
    return item.decision.sf_now if side is Side.SALESFORCE else item.decision.qbo_now


def _agree(context: SliceContext, decisions: deciding.SliceDecisions, sent: sending.Sent) -> None:
    """Links whose every write was applied agree now: the bodies they were decided from are no longer needed."""
    applied = {link_id for settled in sent.settled for link_id in settled.applied} - _left_open(sent)
    agreed = [item for item in decisions.items if item.link.id in applied and not item.link.held]
    with bulk.together():
        staging.settle_observations(context, agreed, {item.link.id for item in agreed})


def _left_open(sent: sending.Sent) -> set[UUID]:
    """Links of which some write did not get through, or nobody knows whether it did."""
    return {
        link_id
        for settled in sent.settled
        for link_id in (*settled.again, *settled.stopped, *settled.unknown)
    }


def _release(context: SliceContext, sent: sending.Sent, staged: staging.Staged) -> None:
    """Every link that was sent is done, due again at its time, or waits for an answer that nobody has."""
    again = _to_follow_up(context, sent) | {
        link_id: at for settled in sent.settled for link_id, at in settled.again.items()
    }
    unknown = {link_id for settled in sent.settled for link_id in settled.unknown}
    touched = {intent.link_id for batch in staged.batches for intent in batch.intents}
    leases.postpone(context.piece, again | dict.fromkeys(unknown - set(again), context.now))
    leases.release(context.piece, sorted(touched - set(again) - unknown))


def _to_follow_up(context: SliceContext, sent: sending.Sent) -> dict[UUID, datetime]:
    """What was created before the line went down still has to carry our id over there: due when it may be up again."""
    if sent.trouble is None:
        return {}
    named = sent.trouble.retry_after
    pause = timedelta(seconds=context.timing.throttle_pause if named is None else named)
    return {link_id: context.now + pause for settled in sent.settled for link_id in settled.created}


def _let_go(context: SliceContext, link_ids: Sequence[UUID]) -> None:
    """Links that were not joined come back soon: their partner is busy. Those that ended in another have no work."""
    leases.postpone(context.piece, dict.fromkeys(link_ids, context.now + timedelta(seconds=2)))


def _count_calls(context: SliceContext) -> None:
    calls, metered = context.count_calls()
    run_ids = {row.run_id for row in context.piece.rows if row.run_id}
    if calls and len(run_ids) == 1:
        runs.add_calls(run_ids.pop(), calls, metered)


def _trip(context: SliceContext | None, failure: Failure) -> None:
    """A read that failed counts against its connection like a write."""
    if context is not None and context.failed is not None:
        breaker.record(context.connections[context.failed].pk, failure, context.timing)


def _answered(context: SliceContext) -> None:
    """The sides that were asked have answered: a connection that was on trial works again."""
    for side in context.meters:
        connection = context.connections[side]
        if connection.breaker_step or connection.breaker_failures:
            breaker.record(connection.pk, None, context.timing)
            connection.breaker_step = connection.breaker_failures = 0


def _connection_failed(piece: Slice, failure: Failure, timing: Timing, context: SliceContext | None) -> None:
    """Reading failed for the slice as a whole: nothing is lost, its links stay due for when the connection works."""
    rule = KIND_RULES[failure.kind]
    now = clock.now()
    if rule.reaction is Reaction.WAIT_FOR_CONNECTION:
        seconds = failure.retry_after if failure.retry_after is not None else timing.throttle_pause
        due = now + timedelta(seconds=seconds)
    else:
        seconds = backoff(READ_FAILURES, random.random(), timing)  # noqa: S311  jitter
        if context is not None and context.failed is not None:
            failed = context.connections[context.failed]
            seconds = max(seconds, retrying.over_budget(failed, piece.priority))
        due = now + timedelta(seconds=seconds)
    log.warning("slice_put_back", code=failure.code, kind=failure.kind.value, links=len(piece.rows))
    leases.postpone(piece, dict.fromkeys(piece.link_ids, due))
