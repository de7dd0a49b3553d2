"""What a run would do: one stored decision per record, nothing written to either side (sync-semantics section 20).

The same reading and deciding as in a real run; only staging and sending are left out. First load, schedule, filter
and button are planned alike: they differ in which links are looked at (`services.scope`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from connectors.contracts import Priority, RemoteRecord, Side
from syncapp.engine import plan as plans
from syncapp.engine import reasons
from syncapp.engine.compiled import compile_spec
from syncapp.engine.creation import PARENT_REASONS
from syncapp.engine.decision import Decision, DecisionKind
from syncapp.engine.mapping import MappingSpec
from syncapp.engine.timing import Timing
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Attention,
    LinkBase,
    PreviewItem,
    RecordLink,
    Run,
    RunState,
)
from syncapp.models import Mapping as MappingRow
from syncapp.services import deciding, drafts, reading, scope
from syncapp.services.deciding import Decided, SliceDecisions
from syncapp.services.reading import Sides
from syncapp.services.slice_context import SliceContext, open_context
from syncapp.services.timing import current_timing
from syncapp.store import bulk, clock, leases, links, runs, transactions
from syncapp.store.clock import SqlNow
from syncapp.store.leases import Slice, WorkRow
from syncapp.store.links import LinkRow

BATCH = 1000
LINKED, ALIKE, NEW_QBO, NEW_SF, SKIPPED, PARTNER = (
    "linked",
    "alike",
    "new_qbo",
    "new_sf",
    "skipped",
    "partner",
)
"""Groups of a plan. `partner` is the QuickBooks half of a pair that is counted on its Salesforce side."""
COMING = frozenset({DecisionKind.CREATE, DecisionKind.LINK})
"""Planned decisions after which a half-link has both its records."""


@dataclass(slots=True)
class Plan:
    """A plan in the making: its run, the links that count as linked because the plan makes or links them, and what was
    decided and is not stored yet."""

    run: Run
    coming: dict[UUID, str] = field(default_factory=dict)
    looked_at: set[UUID] = field(default_factory=set)
    parts: list[tuple[SliceContext, list[tuple[Decided, Decided | None]]]] = field(default_factory=list)
    calls: tuple[int, int] = (0, 0)
    """Calls that it took so far, and metered reads."""


def plan_run(run: Run) -> None:
    """Plan the links of a preview run, 1,000 at a time; ends the run. Stops early when somebody stops it.

    May be called again after a crash: it goes on where it was. Needs the run's company in context. Raises
    ConnectorError when a record has to be read and cannot be.
    """
    timing = current_timing()
    while go_on(run, timing) and (ids := scope.next_links(run, BATCH)):
        decided = decide_links(run, ids)
        transactions.run(partial(_keep, decided, ids))
    finish(run)


def _keep(plan: Plan, link_ids: Sequence[UUID]) -> None:
    store(plan)
    scope.move_on(plan.run, link_ids)


def go_on(run: Run, timing: Timing) -> bool:
    """Renew the lease; False when the run was stopped."""
    until = SqlNow() + timedelta(seconds=timing.lease)
    rows = Run.objects.filter(pk=run.pk, state=RunState.READING, stop_requested=False)
    return rows.update(lease_until=until) == 1


def finish(run: Run) -> None:
    """The plan is whole."""
    total = PreviewItem.objects.filter(run=run).count()
    Run.objects.filter(pk=run.pk, state=RunState.READING).update(
        state=RunState.DONE, total=total, lease_until=None, finished_at=clock.now()
    )


def plan_links(run: Run, link_ids: Sequence[UUID]) -> None:
    """Decide these links and store the decisions with the run, in place of earlier ones; with them the parents that
    they need and that are not linked yet."""
    store(decide_links(run, link_ids))


def decide_links(run: Run, link_ids: Sequence[UUID]) -> Plan:
    """The first half of `plan_links`: what is decided, not stored yet. Records are read here, so that it belongs
    outside of any transaction (W8). Raises ConnectorError."""
    plan = Plan(run)
    _plan(plan, link_ids)
    return plan


def store(plan: Plan) -> None:
    """The second half: store what was decided, parents before what needs them. No calls are made."""
    for context, items in plan.parts:
        store_items(plan.run, context, items)
        if context.mapping.integration.switched_on_at is None and scope.of(plan.run) != scope.DRAFT:
            _remember_candidates(plan.run.company_id, [item for item, _ in items])
    runs.add_calls(plan.run.pk, *plan.calls)


def forget(run: Run, link_ids: Sequence[UUID]) -> None:
    """Take these links out of the plan, and with them the rows that were joined into others."""
    PreviewItem.objects.filter(run=run, link_id__in=link_ids).delete()
    PreviewItem.objects.filter(run=run, link__lifecycle__in=CLOSED_LIFECYCLES).delete()


# --- deciding --------------------------------------------------------------------------------------------------------


def _plan(plan: Plan, link_ids: Sequence[UUID], *, needed: bool = False) -> None:
    for mapping, ids in by_mapping(link_ids):
        plan.looked_at.update(ids)
        context = context_for(plan.run, mapping, ids)
        rows = list(links.load(context.company_id, ids).values())
        asked = ids if needed or scope.is_asked(plan.run) else ()
        sides = look(context, rows, anew=scope.is_read_anew(plan.run) and not needed)
        decisions = deciding.decide_slice(
            context, rows, sides, planned=plan.coming, asked=asked, whole=scope.is_whole(plan.run)
        )
        decisions = _with_parents(plan, context, decisions, asked)
        pairs = _joined(context, decisions.items)
        calls, metered = context.count_calls()
        plan.calls = plan.calls[0] + calls, plan.calls[1] + metered
        plan.coming |= {
            item.link.id: _symbol_of(item) for item in decisions.items if item.decision.kind in COMING
        }
        plan.parts.append((context, [(item, pairs.get(item.link.id)) for item in decisions.items]))


def by_mapping(link_ids: Sequence[UUID], *, closed: bool = False) -> Iterator[tuple[MappingRow, list[UUID]]]:
    """These links by their mapping, in order; without closed ones, unless asked for."""
    found: dict[int, list[UUID]] = {}
    rows = RecordLink.objects.filter(id__in=list(link_ids))
    if not closed:
        rows = rows.exclude(lifecycle__in=CLOSED_LIFECYCLES)
    for link_id, mapping_id in rows.order_by("id").values_list("id", "mapping_id"):
        found.setdefault(mapping_id, []).append(link_id)
    mappings = MappingRow.objects.select_related("integration").in_bulk(list(found))
    for mapping_id, ids in sorted(found.items()):
        yield mappings[mapping_id], ids


def context_for(run: Run, mapping: MappingRow, link_ids: Sequence[UUID]) -> SliceContext:
    """The slice of a plan. Raises Refused `plan.draft_changed`."""
    draft = drafts.of_run(run, mapping)
    priority = leases.PRIORITY[run.priority]
    return open_for(mapping, link_ids, forced=scope.forced(run), priority=priority, trying=draft)


def open_for(
    mapping: MappingRow,
    link_ids: Sequence[UUID],
    *,
    forced: str = "",
    priority: Priority = Priority.INTERACTIVE,
    trying: MappingSpec | None = None,
) -> SliceContext:
    """A slice that was never claimed: nothing may be staged with it. `trying` takes the place of what is published."""
    work = tuple(WorkRow(link_id, None, forced, "Preview") for link_id in link_ids)
    piece = Slice(mapping.company_id, mapping.pk, priority, 0, "preview", work)
    return open_context(piece, current_timing(), trying)


def look(context: SliceContext, rows: Sequence[LinkRow], *, anew: bool = False) -> dict[UUID, Sides]:
    """Both sides of these links; what is read is only looked at. A Salesforce stamp that may still be shared by another
    write counts as it is: nothing is written now, and carrying the plan out looks again."""
    found = reading.gather(context, rows, keep=False, anew=anew)
    return {link_id: _at_rest(sides) for link_id, sides in found.items()}


def _at_rest(sides: Sides) -> Sides:
    record = sides.records.get(Side.SALESFORCE)
    if record is None or record.token.settled:
        return sides
    at_rest = replace(record, token=replace(record.token, settled=True))
    return Sides({**sides.records, Side.SALESFORCE: at_rest}, sides.known, frozenset({Side.SALESFORCE}))


def _with_parents(
    plan: Plan, context: SliceContext, decisions: SliceDecisions, asked: Sequence[UUID]
) -> SliceDecisions:
    """Plan the parents that these wait for, then decide the children once more: a parent to be created counts."""
    waiting = {item.link.id: item for item in decisions.items if item.decision.kind is DecisionKind.WAIT}
    parents = _planned_parents(waiting.values(), decisions)
    _recall(plan, parents - plan.looked_at)
    if parents - plan.looked_at:
        _plan(plan, sorted(parents - plan.looked_at), needed=True)
    coming = plan.coming | _first_of_twins(decisions)
    ready = {
        link_id: item
        for link_id, item in waiting.items()
        if _planned_parents([item], decisions) & coming.keys()
    }
    if not ready:
        return decisions
    rows, sides = [item.link for item in ready.values()], {id_: item.sides for id_, item in ready.items()}
    again = deciding.decide_slice(
        context, rows, sides, planned=coming, asked=asked, whole=scope.is_whole(plan.run)
    )
    by_link = {item.link.id: item for item in again.items}
    items = tuple(by_link.get(item.link.id, item) for item in decisions.items)
    return SliceDecisions(items, decisions.parents)


def _first_of_twins(decisions: SliceDecisions) -> dict[UUID, str]:
    """Records of this very slice that others look like, with what the plan makes or links of them."""
    awaited = {
        decisions.parents.links.get((need.mapping, need.side, need.remote_id))
        for item in decisions.items
        if waits_for_twin(item.decision)
        for need in item.decision.waits
    }
    return {
        item.link.id: _symbol_of(item)
        for item in decisions.items
        if item.link.id in awaited and item.decision.kind in COMING
    }


def waits_for_twin(decision: Decision) -> bool:
    """Whether this record goes, or is asked about, only after one that it looks like."""
    return any(reason.code == reasons.MATCH_TWIN for reason in decision.reasons)


def _symbol_of(item: Decided) -> str:
    found = item.decision.link_to
    return found.id if found is not None else plans.symbol(item.link.id)


def _recall(plan: Plan, link_ids: set[UUID]) -> None:
    """What an earlier part of the same plan decided of these."""
    rows = PreviewItem.objects.filter(run=plan.run, link_id__in=link_ids)
    for link_id, kind, decision in rows.values_list("link_id", "kind", "decision"):
        plan.looked_at.add(link_id)
        if kind in COMING:
            plan.coming[link_id] = (decision.get("link_to") or {}).get("id") or plans.symbol(link_id)


def _planned_parents(items: Iterable[Decided], decisions: SliceDecisions) -> set[UUID]:
    """Links of the parents that these items wait for and that a run would carry by itself."""
    return {
        parent
        for item in items
        for need in item.decision.waits
        if need.state not in PARENT_REASONS
        and (parent := decisions.parents.links.get((need.mapping, need.side, need.remote_id))) is not None
    }


def _joined(context: SliceContext, items: Sequence[Decided]) -> dict[UUID, Decided]:
    """What would be decided of half-links once they are one with the record they were found to be."""
    chosen = [item for item in items if deciding.is_link(item) and item.link.sf_id]
    rows = [_as_pair(item) for item in chosen]
    if not rows:
        return {}
    decided = deciding.decide_slice(context, rows, look(context, rows), asked=[row.id for row in rows])
    return {item.link.id: item for item in decided.items}


def _as_pair(item: Decided) -> LinkRow:
    found = item.decision.link_to
    if found is None:
        raise ValueError("this decision links nothing")
    pair = replace(item.link, lifecycle="linked", sf_base=None, qbo_base=None)
    if found.side is Side.SALESFORCE:
        return replace(pair, sf_id=found.id, sf_state="live")
    return replace(pair, qbo_id=found.id, qbo_state="live")


# --- storing ---------------------------------------------------------------------------------------------------------


def group_of(link: LinkRow, decision: Decision) -> str:
    """Where the plan of a first load lists this decision."""
    if link.sf_id and link.qbo_id:
        return LINKED
    if decision.kind is DecisionKind.LINK:
        return LINKED if link.sf_id else PARTNER
    if decision.kind is DecisionKind.HOLD and waits_for_twin(decision):
        return ALIKE
    if decision.candidates:
        return ALIKE if link.sf_id or not _has_open_partner(decision) else PARTNER
    if decision.kind in {DecisionKind.CREATE, DecisionKind.WAIT}:
        return NEW_QBO if link.sf_id else NEW_SF
    return SKIPPED


def _has_open_partner(decision: Decision) -> bool:
    """Whether one of the candidates is a free Salesforce record, so that the question is asked there."""
    return any(not candidate.holder for candidate in decision.candidates)


def store_items(
    run: Run,
    context: SliceContext,
    items: Sequence[tuple[Decided, Decided | None]],
    *,
    first: Mapping[UUID, Sequence[str]] | None = None,
) -> None:
    """Store decisions with a run, in place of earlier ones of the same links; each with what follows a joining, and the
    links that have to be carried before it (`first`)."""
    PreviewItem.objects.filter(run=run, link_id__in=[item.link.id for item, _ in items]).delete()
    bulk.insert(
        PreviewItem,
        [
            {
                "company_id": run.company_id,
                "run_id": run.pk,
                "mapping_id": context.mapping.pk,
                "mapping_version": context.spec.version,
                "link_id": item.link.id,
                "record": {},
                "kind": item.decision.kind.value,
                "group": group_of(item.link, item.decision),
                "decision": _as_json(context, item, after, (first or {}).get(item.link.id, ())),
            }
            for item, after in items
        ],
        on_conflict="(run_id, link_id) do nothing",
    )


def _as_json(
    context: SliceContext, item: Decided, after: Decided | None, first: Sequence[str]
) -> dict[str, Any]:
    stored = plans.to_json(item.decision) | {"rests": item.rests, "first": list(first)}
    if item.decision.kind not in plans.AGREED:
        stored["seen"] = {side.value: _seen(context, item, side) for side in Side}
    if after is not None:
        stored["then"] = {
            "kind": after.decision.kind.value,
            **plans.to_json(after.decision),
            "seen": {side.value: _seen(context, after, side) for side in Side},
        }
    return stored


def _seen(context: SliceContext, item: Decided, side: Side) -> dict[str, Any]:
    record = item.sides.records.get(side)
    if record is None:
        return {"id": item.link.remote_id(side)}
    return {
        "id": record.id,
        "version": record.token.version,
        "modified": plans.moment(record.token.modified),
        "state": record.state.value,
        "settled": side not in item.sides.unsettled,
        "body": _whole_members(context, item.decision, side, item.sides.read(side)),
    }


def _whole_members(
    context: SliceContext, decision: Decision, side: Side, record: RemoteRecord | None
) -> dict[str, Any] | None:
    """What QuickBooks replaces as a whole and the decision changes a part of; None where it was not read."""
    if record is None or not record.body or side is Side.SALESFORCE:
        return None
    by_key = compile_spec(context.spec).by_key
    heads = {
        by_key[key].qbo_members[0]
        for change in decision.changes
        if change.target is side
        for key in change.values
        if by_key[key].qbo_members
    }
    return {head: record.body[head] for head in sorted(heads) if head in record.body} | {"Id": record.id}


def _remember_candidates(company_id: int, items: Sequence[Decided]) -> None:
    """The link workbench shows what looks alike before anything is switched on; what no longer does is let go."""
    halves = [item for item in items if not (item.link.sf_id and item.link.qbo_id)]
    bulk.insert(
        LinkBase,
        [
            {
                "link_id": item.link.id,
                "company_id": company_id,
                "held": {},
                "base_version": 0,
                "candidates": [plans.candidate_json(each) for each in item.decision.candidates],
            }
            for item in halves
            if item.decision.candidates or item.link.candidates
        ],
        on_conflict="(link_id) do update set candidates = excluded.candidates",
    )
    alike = [
        item.link.id
        for item in halves
        if item.decision.candidates and item.decision.kind is not DecisionKind.LINK
    ]
    clear = [item.link.id for item in halves if item.link.id not in set(alike)]
    RecordLink.objects.filter(id__in=alike).update(attention=Attention.CANDIDATE)
    RecordLink.objects.filter(id__in=clear, attention=Attention.CANDIDATE).update(attention=Attention.NONE)
