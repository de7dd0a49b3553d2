"""Take back what a run wrote (sync-semantics section 20): a plan from the audit rows' before-images, applied like any.

Each record goes back alone, or stays with its reason. What was undone rests: its units move again when their source
changes or a person releases them, a link that the run made is closed. The mapping is paused unless a person says no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.contracts import Operation, Priority, RecordState, Side
from syncapp import queue
from syncapp.engine import reasons
from syncapp.engine.compiled import compile_spec
from syncapp.engine.decision import Decision, DecisionKind
from syncapp.engine.evidence import STATE
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.merge import Sides as BothSides
from syncapp.engine.projection import from_json, project
from syncapp.engine.undo import Deed, UndoSituation, WrittenUnit
from syncapp.engine.undo import undo as undo_one
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Attempt,
    AuditEvent,
    MappingMode,
    Outcome,
    RecordLink,
    Run,
    RunKind,
    RunState,
)
from syncapp.models import Mapping as MappingRow
from syncapp.services import apply, audit, deciding, preview, scope
from syncapp.services.deciding import Decided
from syncapp.services.errors import Refused
from syncapp.services.facts import books_of
from syncapp.services.reading import Sides
from syncapp.services.slice_context import SliceContext
from syncapp.services.timing import current_timing
from syncapp.store import children, leases, links, runs, specs
from syncapp.store.links import LinkRow

OPEN = (RunState.QUEUED, RunState.READING, RunState.RUNNING)
CREATES = frozenset({Operation.CREATE.value, Operation.UPSERT.value})


# --- asking ----------------------------------------------------------------------------------------------------------


def request_preview(run: Run, person: Any | None) -> Run:
    """Plan what undoing this run would do; nothing is written.

    Raises Refused: `undo.still_running`, `undo.nothing` (it wrote nothing), `undo.of_undo`.
    """
    if run.state in OPEN:
        raise Refused("undo.still_running")
    if run.kind == RunKind.UNDO:
        raise Refused("undo.of_undo")
    if not can_be_undone(run):
        raise Refused("undo.nothing")
    with transaction.atomic():
        plan = Run.objects.create(
            integration_id=run.integration_id,
            mapping_id=run.mapping_id,
            kind=RunKind.PREVIEW,
            priority=leases.RANK[Priority.NORMAL],
            person=person,
            cause=f"Undo: {run.cause}"[:120],
            origin=run,
            scope={"of": scope.UNDO},
        )
        queue.prepare(plan.pk)
    return plan


def request_for(links: Sequence[RecordLink], person: Any | None, cause: str) -> Run:
    """Plan what taking back all that was ever written of these links would do: for records that were made to be
    removed again, whichever runs carried them. Nothing is written."""
    with transaction.atomic():
        plan = Run.objects.create(
            integration_id=links[0].integration_id,
            mapping_id=links[0].mapping_id,
            kind=RunKind.PREVIEW,
            priority=leases.RANK[Priority.INTERACTIVE],
            person=person,
            cause=f"Undo: {cause}"[:120],
            scope={"of": scope.UNDO, "records": [str(link.pk) for link in links]},
        )
        queue.prepare(plan.pk)
    return plan


def can_be_undone(run: Run) -> bool:
    """Whether the run wrote or linked anything."""
    if run.kind in (RunKind.PREVIEW, RunKind.UNDO) or run.state in OPEN:
        return False
    written = AuditEvent.objects.filter(intent__run=run).exists()
    return written or Attempt.objects.filter(run=run, outcome=Outcome.LINKED).exists()


def request(plan: Run, person: Any | None, *, pause: bool = True) -> Run:
    """Carry an undo out as it was planned, and pause the mappings that it touches, unless the person says no.

    Raises Refused as `apply.request` does.
    """
    with transaction.atomic():
        run = apply.request(plan, person)
        if pause and not run.scope.get("paused"):
            _pause(run, plan, person)
    return run


def _pause(run: Run, plan: Run, person: Any | None) -> None:
    """From now on the mappings run by button only, until a person sets them back; the run remembers what they did."""
    touched = plan.items.exclude(mapping=None).values("mapping_id")
    paused: dict[str, str] = {}
    for mapping in MappingRow.objects.select_for_update().filter(pk__in=touched).order_by("id"):
        if mapping.mode not in (MappingMode.OFF, MappingMode.BUTTON):
            paused[str(mapping.pk)] = mapping.mode
            audit.decided(
                "mapping.paused",
                person,
                cause=mapping.label,
                before={"mode": mapping.mode},
                after={"mode": MappingMode.BUTTON.value},
            )
            MappingRow.objects.filter(pk=mapping.pk).update(mode=MappingMode.BUTTON)
    run.scope = {**run.scope, "paused": paused}
    run.save(update_fields=["scope"])


# --- planning --------------------------------------------------------------------------------------------------------


def plan_run(plan: Run) -> None:
    """Plan the undo of `plan.origin`, or of all that was written of the links that the plan names, link by link; ends
    the plan. Raises ConnectorError when a side cannot be read."""
    records = plan.scope.get("records")
    if plan.origin is None and not records:
        raise ValueError("an undo is about a run, or about records")
    about = {"link_id__in": records} if records else {"run": plan.origin}
    deeds = _deeds(about)
    for mapping, ids in preview.by_mapping(list(deeds), closed=True):
        for start in range(0, len(ids), preview.BATCH):
            if not preview.go_on(plan, current_timing()):
                return
            _plan(plan, mapping, ids[start : start + preview.BATCH], deeds)
    preview.finish(plan)


def _plan(plan: Run, mapping: MappingRow, ids: Sequence[UUID], deeds: Mapping[UUID, Deed]) -> None:
    context = preview.context_for(plan, mapping, ids)
    rows = links.load(context.company_id, ids)
    opened = [row for row in rows.values() if row.lifecycle not in CLOSED_LIFECYCLES]
    sides = preview.look(context, opened, anew=True)
    held_up = _children(context, opened, deeds)
    items = [
        _decided(context, row, sides.get(row.id, Sides()), deeds[row.id], held_up.get(row.id, _NO_CHILDREN))
        for row in rows.values()
    ]
    first = {item.link.id: held_up.get(item.link.id, _NO_CHILDREN).first for item in items}
    preview.store_items(plan, context, [(item, None) for item in items], first=first)
    runs.add_calls(plan.pk, *context.count_calls())


def _decided(
    context: SliceContext, row: LinkRow, sides: Sides, deed: Deed, held_up: children.Children
) -> Decided:
    view = deciding.view_of(context, row)
    if row.lifecycle in CLOSED_LIFECYCLES:
        refused = Decision(DecisionKind.REFUSED, (reasons.because(reasons.UNDO_CLOSED),))
        return Decided(row, sides, view, refused)
    now = BothSides(*(_projected(context, sides, side) for side in Side))
    undoing = undo_one(
        UndoSituation(
            spec=context.spec,
            deed=deed,
            sf=sides.records.get(Side.SALESFORCE),
            qbo=sides.records.get(Side.QUICKBOOKS),
            now=now,
            books=books_of(context.connections[Side.QUICKBOOKS]),
            children=held_up.names,
        )
    )
    return Decided(row, sides, view, undoing.decision, rests=undoing.rests)


def _projected(context: SliceContext, sides: Sides, side: Side) -> Mapping[str, Any]:
    record = sides.records.get(side)
    if record is None or record.state is not RecordState.LIVE:
        return {}
    return project(side, record, context.spec)


_NO_CHILDREN = children.Children()


def _children(
    context: SliceContext, rows: Iterable[LinkRow], deeds: Mapping[UUID, Deed]
) -> dict[UUID, children.Children]:
    """Records that refer to those the run made: what is undone with them goes first, the rest keeps them."""
    made = [row for row in rows if deeds[row.id].created is not None]
    going = {link_id for link_id, deed in deeds.items() if deed.created is not None}
    return children.of(context.mapping, made, going) if made else {}


# --- what a run did --------------------------------------------------------------------------------------------------


def _deeds(about: Mapping[str, Any]) -> dict[UUID, Deed]:
    """Link -> what was done to it by the writes that were applied, of a run or of some links (`about`)."""
    written: dict[UUID, list[AuditEvent]] = {}
    rows = AuditEvent.objects.filter(  # one of each write: what it changed stands in its intent, whole
        part=0,
        intent__isnull=False,
        link__isnull=False,
        **{f"intent__{key}": value for key, value in about.items()},
    ).select_related("intent")
    for event in rows.order_by("id"):
        if event.link_id is not None:
            written.setdefault(event.link_id, []).append(event)
    linked = Attempt.objects.filter(outcome=Outcome.LINKED, **about)
    joined = set(linked.values_list("link_id", flat=True))
    touched = RecordLink.objects.filter(id__in=list({*written, *joined})).select_related("mapping")
    found = {link.pk: specs.published_spec(link.mapping) for link in touched}
    return {
        link_id: _deed(spec, written.get(link_id, ()), link_id in joined) for link_id, spec in found.items()
    }


def _deed(spec: MappingSpec | None, events: Sequence[AuditEvent], joined: bool) -> Deed:
    units: dict[tuple[Side, str], dict[str, list[Any]]] = {}
    created: Side | None = None
    versions: dict[Side, str] = {}
    state: dict[bool, Side] = {}
    for event in events:
        intent, side = event.intent, Side(event.side)
        if intent is None:
            continue
        created = side if intent.operation in CREATES else created
        versions[side] = intent.result_token
        for change in intent.changes:
            if change["unit"] == STATE:
                state[bool(change["after"])] = side
                continue
            values = units.setdefault((side, change["unit"]), {}).setdefault(
                change["key"], [change["before"]]
            )
            values[1:] = [change["after"]]
    return Deed(
        units=tuple(_unit(spec, side, unit, values) for (side, unit), values in units.items()),
        created=created,
        versions=versions,
        joined=joined,
        inactive=state.get(False),
        revived=state.get(True),
    )


def _unit(
    spec: MappingSpec | None, side: Side, unit: str, values: Mapping[str, Sequence[Any]]
) -> WrittenUnit:
    before, after = ({key: pair[place] for key, pair in values.items()} for place in (0, 1))
    return WrittenUnit(side, unit, _canonical(spec, before), _canonical(spec, after))


def _canonical(spec: MappingSpec | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of an audit row as the engine holds them; those of rows that the mapping has no more stay as they are."""
    if spec is None:
        return dict(values)
    known, rows = from_json(spec, values) or {}, compile_spec(spec).by_key
    return {key: known.get(key) if key in rows else value for key, value in values.items()}
