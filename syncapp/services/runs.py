"""Runs as people steer them: ask for one, pause it, resume it, cancel it. How far it is: `run_progress`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.contracts import Priority
from syncapp import queue
from syncapp.engine.compiled import compile_spec
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Integration,
    Mapping,
    RecordLink,
    Run,
    RunKind,
    RunState,
    Schedule,
)
from syncapp.services import apply, audit, drafts, finding, scope, undo
from syncapp.services.errors import Refused
from syncapp.store import clock, leases, runs, specs
from syncapp.store.parking import give_up, park, unpark

READING = (RunState.QUEUED, RunState.READING)
OPEN = (*READING, RunState.RUNNING)


def request_mapping(
    mapping: Mapping,
    person: Any | None,
    cause: str,
    kind: RunKind = RunKind.SCHEDULE,
    direction: str = "both",
) -> Run:
    """Read both sides of a mapping now, then sync what changed. A run of the same mapping that still reads is returned.

    Raises Refused: `sync.not_switched_on`, `mapping.not_published`.
    """
    with transaction.atomic():
        return _request_mapping(mapping, person, cause, kind, direction)


def request_by_schedule(
    mapping: Mapping, schedule: Schedule, person: Any | None, cause: str, together: UUID
) -> Run:
    """The same for a schedule, within the transaction that has claimed it; a run that still reads becomes its own.
    `together` names what this transaction starts: one of these runs reads for all of them (`prepare`)."""
    run = _request_mapping(
        mapping, person, cause, RunKind.SCHEDULE, "both", schedule=schedule, scope={"together": str(together)}
    )
    if run.schedule_id != schedule.pk:
        Run.objects.filter(pk=run.pk).update(schedule=schedule)
        run.schedule = schedule
    return run


def _request_mapping(
    mapping: Mapping,
    person: Any | None,
    cause: str,
    kind: RunKind,
    direction: str,
    **columns: Any,
) -> Run:
    integration = Integration.objects.select_for_update().get(pk=mapping.integration_id)
    if integration.switched_on_at is None and kind != RunKind.PREVIEW:
        raise Refused("sync.not_switched_on")
    if not mapping.published_number:
        raise Refused("mapping.not_published", label=mapping.label)
    same = Run.objects.filter(mapping=mapping, kind=kind, direction=direction, state__in=READING)
    joined = same.filter(stop_requested=False).first()
    if joined is not None:
        return joined
    run = Run.objects.create(
        integration=integration,
        mapping=mapping,
        kind=kind,
        direction=direction,
        priority=leases.RANK[Priority.NORMAL],
        person=person,
        cause=cause[:120],
        **columns,
    )
    queue.prepare(run.pk)
    return run


# --- previews ----------------------------------------------------------------------------------------------------


def preview_links(
    link_ids: Sequence[UUID],
    *,
    direction: str = "both",
    person: Any | None,
    cause: str,
    origin: Run | None = None,
    source: dict[str, Any] | None = None,
) -> Run:
    """Plan what a press on these records would do, the records that they need first included. `source` is what the run
    keeps of the file that named them.

    Raises Refused `sync.nothing` when there is none that nobody ignores.
    """
    watched = RecordLink.objects.filter(id__in=link_ids, paused=False)
    chosen = list(watched.exclude(lifecycle__in=CLOSED_LIFECYCLES))
    if not chosen:
        raise Refused("sync.nothing")
    mappings = {link.mapping_id for link in chosen}
    return _new_preview(
        integration_id=chosen[0].integration_id,
        mapping_id=mappings.pop() if len(mappings) == 1 else None,
        direction=direction,
        priority=Priority.INTERACTIVE if len(chosen) == 1 else Priority.NORMAL,
        person=person,
        cause=cause,
        origin=origin,
        scope={
            "of": scope.LINKS,
            "links": sorted(str(link.pk) for link in chosen),
            **({"file": source} if source else {}),
        },
    )


def preview_changes(
    mapping: Mapping, person: Any | None, cause: str, schedule: Schedule | None = None
) -> Run:
    """Read both sides of a mapping and plan what its next run would do. Raises Refused `mapping.not_published`."""
    if not mapping.published_number:
        raise Refused("mapping.not_published", label=mapping.label)
    return _new_preview(
        integration_id=mapping.integration_id,
        mapping_id=mapping.pk,
        schedule=schedule,
        priority=Priority.NORMAL,
        person=person,
        cause=cause,
        scope={"of": scope.CHANGES},
    )


def preview_draft(mapping: Mapping, person: Any | None) -> Run:
    """Read every record of a mapping on both sides and plan what its draft would write, in place of what is published.
    Such a plan is looked at and cannot be applied.

    Raises Refused `mapping.not_published`, and `mapping.cannot_try` where the draft is not whole.
    """
    if not mapping.published_number:
        raise Refused("mapping.not_published", label=mapping.label)
    draft = specs.draft_spec(mapping)
    try:
        compile_spec(draft)
    except ValueError as error:
        raise Refused("mapping.cannot_try", message=f"The draft is not whole: {error}.") from error
    return _new_preview(
        integration_id=mapping.integration_id,
        mapping_id=mapping.pk,
        priority=Priority.NORMAL,
        person=person,
        cause="Draft",
        scope={"of": scope.DRAFT, "draft": drafts.mark(draft)},
    )


def preview_moved(run: Run, person: Any | None) -> Run:
    """Plan again what this run left out because it had moved. Raises Refused `plan.nothing_moved`."""
    moved = apply.moved_links(run)
    if not moved:
        raise Refused("plan.nothing_moved")
    return preview_links(moved, direction=run.direction, person=person, cause=run.cause, origin=run)


def preview_again(run: Run, person: Any | None) -> Run:
    """Plan the same once more: of an applied plan what moved, of a preview the same records.

    Raises Refused as the plan's own way of asking does.
    """
    of = scope.of(run)
    if run.kind != RunKind.PREVIEW:
        return preview_moved(run, person)
    if of == scope.UNDO and run.origin is not None:
        return undo.request_preview(run.origin, person)
    if of == scope.DRAFT and run.mapping is not None:
        return preview_draft(run.mapping, person)
    if of == scope.CHANGES and run.mapping is not None:
        return preview_changes(run.mapping, person, run.cause, run.schedule)
    return _new_preview(
        integration_id=run.integration_id,
        mapping_id=run.mapping_id,
        direction=run.direction,
        priority=leases.PRIORITY[run.priority],
        person=person,
        cause=run.cause,
        origin=run.origin,
        scope={name: value for name, value in run.scope.items() if name != "position"},
    )


def _new_preview(*, priority: Priority, person: Any | None, cause: str, **columns: Any) -> Run:
    with transaction.atomic():
        run = Run.objects.create(
            kind=RunKind.PREVIEW,
            priority=leases.RANK[priority],
            person=person,
            cause=cause[:120],
            **columns,
        )
        queue.prepare(run.pk, priority)
    return run


# --- steering ----------------------------------------------------------------------------------------------------


def stop(run: Run, person: Any | None) -> None:
    """Stop a run: what a worker holds is finished, the rest waits until the run is resumed or a record changes."""
    with transaction.atomic():
        row = Run.objects.select_for_update().get(pk=run.pk)
        if row.state not in OPEN:
            return
        row.stop_requested = True
        row.state = RunState.STOPPED
        row.finished_at, row.lease_until = clock.now(), None
        row.save(update_fields=["stop_requested", "state", "finished_at", "lease_until"])
        park(row)
        audit.decided("run.stopped", person, cause=row.cause)
    run.refresh_from_db()


def _reads_again(run: Run, waiting: int) -> bool:
    """Whether a paused run had not read everything yet: its reading goes on where it was."""
    if scope.of(run) == scope.FILTER:
        return not finding.is_read(run)
    return not waiting and not run.total and run.kind not in {RunKind.BUTTON, RunKind.RETRY}


def _goes_on_as(run: Run, *, reads_again: bool) -> RunState:
    """A run that finds its records page by page has work already: it must not count as started by that, and end, before
    it has found the rest."""
    if not reads_again:
        return RunState.RUNNING
    return RunState.READING if scope.of(run) == scope.FILTER else RunState.QUEUED


def cancel(run: Run, person: Any | None) -> None:
    """End a run for good: what a worker holds is finished, the rest is no work of it any more.

    Records that something else made due meanwhile (a change, a press) stay due for that. Raises Refused `run.is_over`.
    """
    with transaction.atomic():
        row = Run.objects.select_for_update().get(pk=run.pk)
        if row.state not in (*OPEN, RunState.STOPPED):
            raise Refused("run.is_over")
        row.stop_requested = True
        row.state = RunState.CANCELLED
        row.finished_at, row.lease_until = clock.now(), None
        row.save(update_fields=["stop_requested", "state", "finished_at", "lease_until"])
        give_up(row)
        audit.decided("run.cancelled", person, cause=row.cause)
    run.refresh_from_db()


def resume(run: Run, person: Any | None) -> None:
    """Let a stopped run go on where it was. Raises Refused `run.not_stopped`."""
    with transaction.atomic():
        row = Run.objects.select_for_update().get(pk=run.pk)
        if row.state != RunState.STOPPED:
            raise Refused("run.not_stopped")
        waiting = unpark(row)
        row.stop_requested = False
        reads_again = _reads_again(row, waiting)
        row.state = _goes_on_as(row, reads_again=reads_again)
        row.finished_at, row.lease_until = None, None
        row.save(update_fields=["stop_requested", "state", "finished_at", "lease_until"])
        audit.decided("run.resumed", person, cause=row.cause)
        if reads_again:
            queue.prepare(row.pk, leases.PRIORITY[row.priority])
        else:
            queue.wake(leases.PRIORITY[row.priority], row.company_id)
    if not reads_again:
        runs.finish_idle([run.pk])
    run.refresh_from_db()
