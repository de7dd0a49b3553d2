"""Before a run carries: read both sides to the end and up to now, then make its links due.

Runs of a whole mapping (first load, schedule, preview) begin here. Each page is stored with its position, so that a
worker that dies costs one page; the sweeper rings again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError, transaction

from connectors.contracts import Side
from connectors.errors import KIND_RULES, ConnectorError, Failure, Reaction
from syncapp import queue
from syncapp.engine.compiled import compile_spec
from syncapp.models import Connection, Mapping, Run, RunKind, RunState
from syncapp.services import (
    capture,
    checkup,
    finding,
    notifications,
    preview,
    quarantine,
    reference_lists,
    scope,
    undo,
)
from syncapp.services.clients import UsageMeter, client_for, flush
from syncapp.services.errors import Refused
from syncapp.services.timing import current_timing
from syncapp.services.watched import connection_of
from syncapp.store import bulk, clock, leases, passes, runs, specs, statistics, transactions
from syncapp.tenancy import tenant

log = structlog.get_logger()
LEASE_RUN = """
update syncapp_run set lease_until = lb_now() + %s * interval '1 second', started_at = coalesce(started_at, lb_now()),
       state = 'reading'
where id = %s and state in ('queued', 'reading') and not stop_requested
  and (lease_until is null or lease_until <= lb_now())
returning company_id
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One run that reads: its mapping and the connections of both sides."""

    run: Run
    mapping: Mapping

    def connection(self, side: Side) -> Connection:
        return connection_of(self.mapping, side)


def prepare(run_id: UUID) -> None:
    """Read both sides for a run and make its links due; does nothing when another worker does it already."""
    timing = current_timing()
    leased = bulk.fetch(LEASE_RUN, [timing.lease, run_id])
    if not leased:
        return
    with tenant(leased[0][0]):
        run = Run.objects.select_related(
            "mapping__integration__salesforce", "mapping__integration__quickbooks"
        ).get(pk=run_id)
        try:
            _prepare(run, timing.lease)
        except ConnectorError as error:
            _put_off(run, error.failure)
        except DatabaseError:
            raise  # passing: the sweeper rings again when the run's lease is over
        except Exception as error:
            log.exception("run_reading_broke", run=str(run_id))
            _give_up(run, error)


def _prepare(run: Run, lease_seconds: float) -> None:
    if scope.of(run) == scope.UNDO:
        undo.plan_run(run)
        return
    if scope.of(run) == scope.FILTER:
        _find(run, lease_seconds)
        return
    if scope.of(run) in scope.KNOWN:
        _plan(run)
        return
    if run.mapping is None:
        raise LookupError("a run that reads belongs to a mapping")
    reading = Reading(run, run.mapping)
    if run.kind == RunKind.CHECK:
        _check(reading, lease_seconds)
        return
    read_both_sides(reading, lease_seconds)
    _make_due(reading)


def _plan(run: Run) -> None:
    try:
        preview.plan_run(run)
    except Refused as refused:
        _fail(run, refused.code, refused.values)


def _check(reading: Reading, lease_seconds: float) -> None:
    """Read both sides whole; then the run waits for what was found, or is done."""
    spec = specs.published_spec(reading.mapping)
    if spec is None:
        raise LookupError("the mapping was never published")
    for side in Side:
        with _client(reading, side) as client:
            checkup.look_through(
                reading.run, reading.mapping, spec, side, client, lambda: _keep(reading.run, lease_seconds)
            )
    Run.objects.filter(pk=reading.run.pk, state=RunState.READING).update(
        state=RunState.RUNNING, lease_until=None
    )
    queue.wake(leases.PRIORITY[reading.run.priority], reading.run.company_id)
    runs.finish_idle([reading.run.pk])


def _find(run: Run, lease_seconds: float) -> None:
    """Look for what a person typed; then the run is planned, or its work goes on like any other."""

    def keep() -> bool:
        _keep(run, lease_seconds)
        return Run.objects.filter(pk=run.pk, state=RunState.READING, stop_requested=False).exists()

    try:
        whole = finding.carry_out(run, keep)
    except Refused as refused:
        _fail(run, refused.code, refused.values)
        return
    if not whole:
        return
    if run.kind == RunKind.PREVIEW:
        preview.finish(run)
        return
    Run.objects.filter(pk=run.pk, state=RunState.READING).update(state=RunState.RUNNING, lease_until=None)
    runs.finish_idle([run.pk])


def read_both_sides(reading: Reading, lease_seconds: float) -> None:
    """Scan both sides to their ends where that was never done, then read what changed since. Raises ConnectorError."""
    spec = specs.published_spec(reading.mapping)
    if spec is None:
        raise LookupError("the mapping was never published")
    if passes.barrier_open(reading.mapping.pk) and _read_by_another(reading.run):
        return
    for side in Side:
        with _client(reading, side) as client:
            while not capture.scan_page(reading.mapping, spec, side, client):
                _keep(reading.run, lease_seconds)
    with _client(reading, Side.QUICKBOOKS) as client:
        # What the mapping looks names up in is part of what it reads.
        reference_lists.load(reading.connection(Side.QUICKBOOKS), compile_spec(spec).lookups, client)
    if not passes.barrier_open(reading.mapping.pk):
        statistics.refresh()
    for side in Side:
        with _client(reading, side) as client:
            lane = capture.LANES[side][0].name
            run = None if reading.run.kind in (RunKind.PREVIEW, RunKind.FIRST_LOAD) else reading.run
            capture.read_changes(reading.connection(side), lane, client, run=run)
        _keep(reading.run, lease_seconds)


def _read_by_another(run: Run) -> bool:
    """Whether a run that was asked for in the same transaction has read the changes of both connections, for every
    mapping: its reading began after this one was asked for, so nothing is left to be read again."""
    together = run.scope.get("together")
    if not together or (run.schedule_id is None and run.kind != RunKind.FIRST_LOAD):
        return False
    others = Run.objects.filter(integration_id=run.integration_id, kind=run.kind, scope__together=together)
    others = others.exclude(pk=run.pk)
    if run.schedule_id is not None:
        others = others.filter(schedule_id=run.schedule_id)
    return others.filter(state__in=(RunState.RUNNING, RunState.DONE)).exists()


@contextmanager
def _client(reading: Reading, side: Side) -> Iterator[capture.AnyClient]:
    connection, meter = reading.connection(side), UsageMeter()
    try:
        yield client_for(connection, leases.PRIORITY[reading.run.priority], meter)
    finally:
        calls, metered = flush(connection, meter)
        runs.add_calls(reading.run.pk, calls, metered)


def _keep(run: Run, lease_seconds: float) -> None:
    bulk.execute(
        "update syncapp_run set lease_until = lb_now() + %s * interval '1 second' where id = %s and state = 'reading'",
        [lease_seconds, run.pk],
    )


def _make_due(reading: Reading) -> None:
    """The run's links: all of the mapping for a first load, what waits to be looked at for the others."""
    run = reading.run
    if run.kind == RunKind.PREVIEW:
        preview.plan_run(run)
        return
    link_ids = scope.everything(run) if run.kind == RunKind.FIRST_LOAD else scope.changed(run)
    priority = leases.PRIORITY[run.priority]

    def begin() -> None:
        reads = Run.objects.filter(pk=run.pk, state=RunState.READING, stop_requested=False)
        if reads.update(state=RunState.RUNNING, lease_until=None):
            leases.make_due(run.company_id, link_ids, priority, cause=run.cause, run_id=run.pk)
            queue.wake(priority, run.company_id)

    transactions.run(begin)
    runs.finish_idle([run.pk])


def _put_off(run: Run, failure: Failure) -> None:
    """The reading goes on later from the page it had reached; where a person has to act, the run says what failed."""
    waits = KIND_RULES[failure.kind].reaction in (Reaction.BACK_OFF, Reaction.WAIT_FOR_CONNECTION)
    log.warning("run_reading_failed", code=failure.code, waits=waits)
    seconds = failure.retry_after if failure.retry_after is not None else 30.0
    if waits:
        _keep(run, seconds)
        return
    _fail(
        run,
        failure.code,
        {"message": failure.message, "detail": failure.detail, "request_id": failure.request_id},
    )


def _give_up(run: Run, error: Exception) -> None:
    """A defect of ours would come again at every try: the run ends and says so, with a number to find it by."""
    trace = uuid4().hex[:12]
    log.error("run_given_up", run=str(run.pk), trace=trace)
    _fail(run, quarantine.CODE, {"name": run.cause, "trace": trace, "error": type(error).__name__})


def _fail(run: Run, code: str, values: dict[str, Any]) -> None:
    now = clock.now()
    with transaction.atomic():
        Run.objects.filter(pk=run.pk).update(
            state=RunState.FAILED,
            failure_code=code,
            failure_values=values,
            finished_at=now,
            lease_until=None,
        )
        notifications.raise_for_run(run, code, values, now)
