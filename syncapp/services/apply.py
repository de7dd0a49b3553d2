"""Apply a plan: exactly its stored decisions are made (sync-semantics section 20).

A link whose run carries out a plan comes through the same stages as any other; its decision is taken from the plan
instead of being made. What moved since, as far as anybody has told us, is left out and named; what we were not told
of, the server refuses. QuickBooks is not read again for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.contracts import Priority, RecordState, RemoteRecord, Side, Token
from syncapp import queue
from syncapp.engine import plan as plans
from syncapp.engine import reasons
from syncapp.engine.decision import Decision, DecisionKind, Reason
from syncapp.engine.mapping import Mode
from syncapp.engine.plan import SeenSide
from syncapp.engine.projection import project
from syncapp.ids import uuid7
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Attempt,
    Outcome,
    PreviewItem,
    RecordLink,
    Run,
    RunKind,
    RunState,
)
from syncapp.models.run import EXACT_KINDS
from syncapp.services import audit, deciding, joining, scope
from syncapp.services.deciding import Decided, SliceDecisions
from syncapp.services.errors import Refused
from syncapp.services.reading import Sides
from syncapp.services.references import Parents
from syncapp.services.slice_context import SliceContext
from syncapp.services.watched import Watched
from syncapp.store import bulk, clock, leases, observations, planned, runs
from syncapp.store.links import LinkRow
from syncapp.store.observations import Seen
from syncapp.store.planned import StoredItem

CARRIED = frozenset(
    {
        DecisionKind.CREATE,
        DecisionKind.UPDATE,
        DecisionKind.ADOPT,
        DecisionKind.LINK,
        DecisionKind.UNLINK,
        DecisionKind.CONFLICT,
        DecisionKind.HOLD,
    }
)
"""What of a plan is carried out. The rest (skip, wait, nothing) is left as it is."""
ALONE = 1
AGAIN_S = 2


# --- asking ----------------------------------------------------------------------------------------------------------


def request(preview: Run, person: Any | None) -> Run:
    """Carry this plan out; a second press returns the same run.

    Raises Refused: `plan.not_ready` (still being made, failed), `plan.dropped`, `plan.nothing`,
    `plan.of_draft`, `sync.not_switched_on`.
    """
    with transaction.atomic():
        plan = Run.objects.select_for_update().select_related("integration").get(pk=preview.pk)
        known = Run.objects.filter(origin=plan, kind__in=EXACT_KINDS).order_by("id").first()
        if known is not None:
            return known
        wanted = _wanted(plan)
        run = _new_run(plan, len(wanted), person)
        taken = planned.make_due(run, plan.pk, CARRIED, leases.PRIORITY[run.priority])
        busy = wanted - taken
        _store_moved(run, {link_id: reasons.because(reasons.MOVED_BUSY) for link_id in busy})
        runs.add(run.pk, Outcome.MOVED.value, len(busy))
        audit.decided(
            "plan.applied", person, cause=run.cause, after={"run": str(run.pk), "records": run.total}
        )
        queue.wake(leases.PRIORITY[run.priority], run.company_id)
    runs.finish_idle([run.pk])
    run.refresh_from_db()
    return run


def _wanted(plan: Run) -> set[UUID]:
    if plan.state == RunState.DROPPED:
        raise Refused("plan.dropped")
    if plan.kind != RunKind.PREVIEW or plan.state != RunState.DONE:
        raise Refused("plan.not_ready")
    if scope.of(plan) == scope.DRAFT:
        raise Refused("plan.of_draft")
    if plan.integration.switched_on_at is None:
        raise Refused("sync.not_switched_on")
    rows = PreviewItem.objects.filter(run=plan, kind__in=CARRIED).exclude(group="partner")
    wanted = set(rows.values_list("link_id", flat=True))
    if not wanted:
        raise Refused("plan.nothing")
    return wanted


def _new_run(plan: Run, total: int, person: Any | None) -> Run:
    priority = Priority.INTERACTIVE if total == ALONE else Priority.NORMAL
    return Run.objects.create(
        integration_id=plan.integration_id,
        mapping_id=plan.mapping_id,
        kind=RunKind.UNDO if scope.of(plan) == scope.UNDO else RunKind.APPLY,
        state=RunState.RUNNING,
        direction=plan.direction,
        priority=leases.RANK[priority],
        person=person,
        cause=plan.cause,
        origin=plan,
        total=total,
        started_at=clock.now(),
    )


def drop(preview: Run, person: Any | None) -> None:
    """Throw a plan away: it cannot be applied any more. Raises Refused `plan.applied` when it was."""
    with transaction.atomic():
        plan = Run.objects.select_for_update().get(pk=preview.pk)
        if Run.objects.filter(origin=plan, kind__in=EXACT_KINDS).exists():
            raise Refused("plan.applied")
        Run.objects.filter(pk=plan.pk).update(
            state=RunState.DROPPED, stop_requested=True, lease_until=None, finished_at=clock.now()
        )
        audit.decided("plan.dropped", person, cause=plan.cause)
    preview.refresh_from_db()


def moved_links(run: Run) -> list[UUID]:
    """The records that this run left out because they had moved."""
    rows = Attempt.objects.filter(run=run, outcome=Outcome.MOVED)
    return sorted(set(rows.values_list("link_id", flat=True)))


# --- carrying --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Step:
    """What of a slice's stored decisions can be staged now, and what has to wait for a parent of the same plan."""

    decisions: SliceDecisions
    linked: set[UUID] = field(default_factory=set)
    later: dict[UUID, StoredItem] = field(default_factory=dict)


def stored(context: SliceContext, rows: Mapping[UUID, LinkRow]) -> dict[UUID, StoredItem]:
    """The stored decisions of those links of a slice whose run carries out a plan. A link that its run has written or
    closed already is no longer the plan's: it is decided like any other."""
    of_run = {row.link_id: row.run_id for row in context.piece.rows if row.run_id is not None}
    plan_of = runs.exact(set(of_run.values()))
    work = {link_id: run_id for link_id, run_id in of_run.items() if run_id in plan_of}
    if not work:
        return {}
    done = planned.written(set(work.values()), set(work))
    done |= {link_id for link_id in work if rows[link_id].lifecycle in CLOSED_LIFECYCLES}
    if done:
        planned.leave(done, context.piece.fence)
        context.work.update({link_id: replace(context.work[link_id], run_id=None) for link_id in done})
    return planned.load(plan_of, {link_id: run_id for link_id, run_id in work.items() if link_id not in done})


def next_step(context: SliceContext, rows: Mapping[UUID, LinkRow], items: Mapping[UUID, StoredItem]) -> Step:
    """Check these items against what is known now; those that moved end here. Joins what the plan links."""
    now = _Now(context, [rows[link_id] for link_id in items], items)
    ready, moved, later = [], {}, {}
    ids = _ids_of_symbols(context, items)
    for link_id, item in items.items():
        reason = now.moved(rows[link_id], item) or ids.missing(item)
        if reason is not None:
            moved[link_id] = reason
        elif ids.waits(item) or now.settling(item):
            later[link_id] = item
        else:
            ready.append(now.decided(rows[link_id], item, ids))
    _leave_out(context, moved)
    chosen = [item for item in ready if item.decision.kind is DecisionKind.LINK]
    going_on = joining.join(context, chosen) if chosen else set()
    _let_go(context, {item.link.id for item in chosen} - going_on)
    decided = tuple(
        _after_joining(now, item, items[item.link.id]) if item.link.id in going_on else item
        for item in ready
        if item.decision.kind is not DecisionKind.LINK or item.link.id in going_on
    )
    return Step(SliceDecisions(decided, Parents({}, {})), going_on, later)


def put_off(context: SliceContext, items: Iterable[UUID]) -> None:
    """These wait for a parent that the same run makes in another slice, or for the second of a stamp to pass: they come
    back soon."""
    leases.postpone(context.piece, {link_id: context.now + timedelta(seconds=AGAIN_S) for link_id in items})


def _after_joining(now: _Now, item: Decided, stored_item: StoredItem) -> Decided:
    """What the plan says of the pair, once the two half-links are one."""
    return now.pair(item.link, stored_item)


def _let_go(context: SliceContext, link_ids: set[UUID]) -> None:
    """Half-links whose partner a worker holds just now: left out, since what that worker does is not in the plan."""
    _leave_out(context, {link_id: reasons.because(reasons.MOVED_BUSY) for link_id in link_ids})


# --- what is known now -----------------------------------------------------------------------------------------------


class _Now:
    """What is known of a slice's records at this moment, without reading QuickBooks."""

    def __init__(
        self, context: SliceContext, rows: Sequence[LinkRow], items: Mapping[UUID, StoredItem]
    ) -> None:
        self.context = context
        wanted = {side: {_planned(items[row.id], side).id for row in rows} - {""} for side in Side}
        wanted = {side: ids | {row.remote_id(side) for row in rows} - {""} for side, ids in wanted.items()}
        self.seen: dict[Side, Mapping[str, Seen]] = {
            side: observations.load(context.connections[side].id, side, context.object(side), sorted(ids))
            for side, ids in wanted.items()
        }
        self.read_again = self._unsettled(items.values())

    def moved(self, row: LinkRow, item: StoredItem) -> Reason | None:
        """Why this record is left out; None when it is as the plan saw it."""
        if item.mapping_version != self.context.spec.version:
            return reasons.because(reasons.MOVED_MAPPING, version=item.mapping_version)
        for side in Side:
            planned_side = _planned(item, side)
            if plans.has_moved(_own(item, side), self._side(row, side, row.remote_id(side))):
                return reasons.because(reasons.MOVED, side=side.value)
            if plans.has_moved(planned_side, self._side(row, side, planned_side.id)):
                return reasons.because(reasons.MOVED, side=side.value)
        return self._changed_within_the_second(item)

    def _side(self, row: LinkRow, side: Side, remote_id: str) -> SeenSide:
        seen = self.seen[side].get(remote_id)
        if seen is not None and seen.token:
            return SeenSide(remote_id, seen.token, plans.moment(seen.modified), seen.state.value)
        if remote_id != row.remote_id(side):
            return SeenSide(remote_id)
        modified = row.sf_modified if side is Side.SALESFORCE else row.qbo_modified
        return SeenSide(remote_id, row.token(side), plans.moment(modified), "")

    def _unsettled(self, items: Iterable[StoredItem]) -> dict[str, RemoteRecord]:
        """Salesforce records whose version could still be shared by another write when they were planned, and those of
        which something is to be created in QuickBooks: no version guards that, and nobody may have told us of an edit.
        """
        side = Side.SALESFORCE
        ids = sorted(
            {
                one.id
                for item in items
                if (one := _planned(item, side)).id
                and (not one.settled or item.kind == DecisionKind.CREATE.value)
            }
        )
        if not ids:
            return {}
        context = self.context
        target = Watched(
            context.connections[side], side, context.object(side), ((context.mapping, context.spec),)
        )
        with context.client(side) as client:
            return {record.id: record for record in client.read(target.object, ids, target.fields)}

    def _changed_within_the_second(self, item: StoredItem) -> Reason | None:
        planned_side = _planned(item, Side.SALESFORCE)
        record = self.read_again.get(planned_side.id)
        if record is None:
            return None
        known = plans.restored(self.context.spec, item.kind, item.decision.get("then") or item.decision)
        same = project(Side.SALESFORCE, record, self.context.spec) == {
            key: value for key, value in known.sf_now.items() if value is not None
        }
        if same and record.token.version == planned_side.version:
            return None
        return reasons.because(reasons.MOVED, side=Side.SALESFORCE.value)

    def settling(self, item: StoredItem) -> bool:
        """Whether the Salesforce record may still be written to within the second of its stamp: it is waited out."""
        record = self.read_again.get(_planned(item, Side.SALESFORCE).id)
        return record is not None and not record.token.settled

    def decided(self, row: LinkRow, item: StoredItem, ids: _Ids) -> Decided:
        """The stored decision with its references filled in, and both sides as far as they are in hand."""
        decision = plans.restored(self.context.spec, item.kind, item.decision)
        decision = plans.with_ids(self.context.spec, decision, ids.known(decision))
        return self._as_decided(row, item.decision, decision)

    def pair(self, row: LinkRow, item: StoredItem) -> Decided:
        """The stored decision about two half-links that are one now."""
        after = item.decision["then"]
        decision = plans.restored(self.context.spec, after["kind"], after)
        return self._as_decided(row, after, decision)

    def _as_decided(self, row: LinkRow, stored_: Mapping[str, Any], decision: Decision) -> Decided:
        sides = Sides(
            {side: record for side in Side if (record := self._record(side, stored_, decision)) is not None}
        )
        rests = str(stored_.get("rests", ""))
        return Decided(row, sides, deciding.view_of(self.context, row), decision, rests=rests)

    def _record(self, side: Side, stored_: Mapping[str, Any], decision: Decision) -> RemoteRecord | None:
        planned_side = _side_of(stored_, side)
        if not planned_side.id:
            return None
        seen = self.seen[side].get(planned_side.id)
        if seen is not None and seen.record is not None:
            return seen.record
        token = decision.sf_token if side is Side.SALESFORCE else decision.qbo_token
        return self.read_again.get(planned_side.id) or RemoteRecord(
            side=side,
            object=self.context.object(side),
            id=planned_side.id,
            token=token or Token(planned_side.version, datetime.min.replace(tzinfo=UTC)),
            state=RecordState(planned_side.state),
            body=planned_side.body or {},
        )


def _own(item: StoredItem, side: Side) -> SeenSide:
    """What the plan saw of the link's own side, before anything is joined."""
    return _side_of(item.decision, side)


def _planned(item: StoredItem, side: Side) -> SeenSide:
    """What the plan saw of a side of the pair that the decision is about."""
    return _side_of(item.decision.get("then") or item.decision, side)


def _side_of(stored_: Mapping[str, Any], side: Side) -> SeenSide:
    return SeenSide(**(stored_.get("seen") or {}).get(side.value, {}))


# --- references to what the same plan makes --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ids:
    """The links that symbols stand for: their ids on both sides, and which are still to be made by the run."""

    rows: Mapping[str, tuple[str, str]]
    due: frozenset[str]
    wanted: Mapping[UUID, frozenset[str]]
    first: Mapping[UUID, frozenset[str]] = field(default_factory=dict)
    """Links that have to be closed before this one: what refers to a record goes before it."""
    opened: frozenset[str] = frozenset()

    def known(self, decision: Decision) -> dict[str, str]:
        """Link id -> its record's id on the side that is written."""
        target = decision.create_on or next((change.target for change in decision.changes), None)
        place = 0 if target is Side.SALESFORCE else 1
        return {name: ids[place] for name, ids in self.rows.items() if ids[place]}

    def waits(self, item: StoredItem) -> bool:
        """Whether a parent has not both its records yet."""
        first = self.first.get(item.link_id, frozenset())
        return bool(first & self.due) or any(
            not all(self.rows.get(name, ("", ""))) for name in self.wanted.get(item.link_id, ())
        )

    def missing(self, item: StoredItem) -> Reason | None:
        """Why a parent will not come; None where it is there or still comes."""
        for name in self.wanted.get(item.link_id, ()):
            if not all(self.rows.get(name, ("", ""))) and name not in self.due:
                return reasons.because(reasons.MOVED_PARENT, parent=name)
        if (self.first.get(item.link_id, frozenset()) & self.opened) - self.due:
            return reasons.because(reasons.UNDO_CHILDREN, names=[])
        return None


def _ids_of_symbols(context: SliceContext, items: Mapping[UUID, StoredItem]) -> _Ids:
    wanted = {
        link_id: plans.symbols(plans.restored(context.spec, item.kind, item.decision))
        for link_id, item in items.items()
    }
    first = {link_id: frozenset(item.decision.get("first") or ()) for link_id, item in items.items()}
    names = [
        UUID(name) for name in sorted({name for some in (*wanted.values(), *first.values()) for name in some})
    ]
    if not names:
        return _Ids({}, frozenset(), {})
    rows = list(RecordLink.objects.filter(id__in=names).values_list("id", "sf_id", "qbo_id", "lifecycle"))
    due = planned.still_due({item.run_id for item in items.values()}, names)
    return _Ids(
        {str(row[0]): (row[1] or "", row[2] or "") for row in rows},
        frozenset(str(link_id) for link_id in due),
        wanted,
        first,
        frozenset(str(row[0]) for row in rows if row[3] not in CLOSED_LIFECYCLES),
    )


# --- what moved ------------------------------------------------------------------------------------------------------


def _leave_out(context: SliceContext, moved: Mapping[UUID, Reason]) -> None:
    """End these links' part in the run, each with its reason. Where the mapping follows changes they stay due: what has
    moved them came to a link that was the plan's already, and nothing else will bring it again."""
    if not moved:
        return
    with transaction.atomic():
        owned = leases.held(context.piece, list(moved))
        of_run: dict[UUID, dict[UUID, Reason]] = {}
        for link_id in owned:
            run_id = context.work[link_id].run_id
            if run_id is not None:
                of_run.setdefault(run_id, {})[link_id] = moved[link_id]
        for run in Run.objects.filter(id__in=list(of_run)):
            _store_moved(run, of_run[run.pk])
            runs.count((link_id, run.pk, Outcome.MOVED.value) for link_id in of_run[run.pk])
        if context.spec.mode is Mode.CHANGES:
            planned.leave(owned, context.piece.fence)
            leases.postpone(context.piece, dict.fromkeys(sorted(owned), context.now))
        else:
            leases.release(context.piece, sorted(owned))


def _store_moved(run: Run, moved: Mapping[UUID, Reason]) -> None:
    now = clock.now()
    bulk.insert(
        Attempt,
        [
            {
                "id": uuid7(),
                "company_id": run.company_id,
                "link_id": link_id,
                "run_id": run.pk,
                "cause": run.cause,
                "decision": DecisionKind.SKIP.value,
                "direction": "",
                "reasons": [{"code": reason.code, "values": dict(reason.values)}],
                "changes": [],
                "outcome": Outcome.MOVED.value,
                "failure_kind": "",
                "failure_code": "",
                "failure_values": {},
                "request_id": "",
                "started_at": now,
                "finished_at": now,
            }
            for link_id, reason in sorted(moved.items())
        ],
    )
