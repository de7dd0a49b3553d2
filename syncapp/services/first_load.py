"""What a first load would do: one stored decision per link, nothing written to either side (sync-semantics section 20).

The same reading and deciding as in a real run; only staging and sending are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from connectors.contracts import Priority
from syncapp.engine.decision import Decision, DecisionKind
from syncapp.engine.timing import Timing
from syncapp.models import (
    CLOSED_LIFECYCLES,
    Attention,
    LinkBase,
    Mapping,
    PreviewItem,
    RecordLink,
    Run,
    RunState,
)
from syncapp.services import deciding, reading
from syncapp.services.deciding import Decided
from syncapp.services.slice_context import SliceContext, open_context
from syncapp.services.timing import current_timing
from syncapp.store import bulk, clock, links
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


def plan_run(run: Run) -> None:
    """Plan all links of a preview run's mapping, 1,000 at a time; ends the run. Stops early when somebody stops it.

    May be called again after a crash: it goes on where the run's items end. Needs the run's company in context. Raises
    ConnectorError when a record has to be read and cannot be.
    """
    mapping = run.mapping
    if mapping is None:
        raise ValueError("A plan is made for one mapping.")
    timing = current_timing()
    while _go_on(run, timing) and (ids := _next_links(run, mapping)):
        plan_links(run, mapping, ids)
    total = PreviewItem.objects.filter(run=run).count()
    Run.objects.filter(pk=run.pk, state=RunState.READING).update(
        state=RunState.DONE, total=total, lease_until=None, finished_at=clock.now()
    )


def _go_on(run: Run, timing: Timing) -> bool:
    """Renew the lease; False when the run was stopped."""
    until = SqlNow() + timedelta(seconds=timing.lease)
    rows = Run.objects.filter(pk=run.pk, state=RunState.READING, stop_requested=False)
    return rows.update(lease_until=until) == 1


def _next_links(run: Run, mapping: Mapping) -> list[UUID]:
    last = PreviewItem.objects.filter(run=run).order_by("-link_id").values_list("link_id", flat=True).first()
    rows = RecordLink.objects.filter(mapping=mapping).exclude(lifecycle__in=CLOSED_LIFECYCLES)
    if last is not None:
        rows = rows.filter(id__gt=last)
    return list(rows.order_by("id").values_list("id", flat=True)[:BATCH])


def plan_links(run: Run, mapping: Mapping, link_ids: Sequence[UUID]) -> None:
    """Decide these links and store the decisions with the run, in place of earlier ones."""
    context = _context(mapping, link_ids)
    rows = links.load(context.company_id, link_ids)
    sides = reading.gather(context, list(rows.values()))
    decisions = deciding.decide_slice(context, list(rows.values()), sides)
    with transaction.atomic():
        PreviewItem.objects.filter(run=run, link_id__in=link_ids).delete()
        _store_items(run, decisions.items)
        _remember_candidates(run.company_id, decisions.items)
    context.count_calls()


def forget(run: Run, link_ids: Sequence[UUID]) -> None:
    """Take these links out of the plan, and with them the rows that were joined into others."""
    PreviewItem.objects.filter(run=run, link_id__in=link_ids).delete()
    PreviewItem.objects.filter(run=run, link__lifecycle__in=CLOSED_LIFECYCLES).delete()


def _context(mapping: Mapping, link_ids: Sequence[UUID]) -> SliceContext:
    """A slice that was never claimed: nothing may be staged with it."""
    work = tuple(WorkRow(link_id, None, "", "Preview") for link_id in link_ids)
    piece = Slice(mapping.company_id, mapping.pk, Priority.NORMAL, 0, "preview", work)
    return open_context(piece, current_timing())


def group_of(link: LinkRow, decision: Decision) -> str:
    """Where the plan lists this decision."""
    if link.sf_id and link.qbo_id:
        return LINKED
    if decision.kind is DecisionKind.LINK:
        return LINKED if link.sf_id else PARTNER
    if decision.candidates:
        return ALIKE if link.sf_id or not _has_open_partner(decision) else PARTNER
    if decision.kind in {DecisionKind.CREATE, DecisionKind.WAIT}:
        return NEW_QBO if link.sf_id else NEW_SF
    return SKIPPED


def _has_open_partner(decision: Decision) -> bool:
    """Whether one of the candidates is a free Salesforce record, so that the question is asked there."""
    return any(not candidate.holder for candidate in decision.candidates)


def _store_items(run: Run, items: Sequence[Decided]) -> None:
    bulk.insert(
        PreviewItem,
        [
            {
                "company_id": run.company_id,
                "run_id": run.pk,
                "link_id": item.link.id,
                "kind": item.decision.kind.value,
                "group": group_of(item.link, item.decision),
                "decision": _as_json(item.decision),
            }
            for item in items
        ],
        on_conflict="(run_id, link_id) do nothing",
    )


def _as_json(decision: Decision) -> dict[str, Any]:
    return {
        "reasons": [{"code": reason.code, "values": dict(reason.values)} for reason in decision.reasons],
        "create_on": decision.create_on.value if decision.create_on else "",
        "values": dict(decision.create_values),
        "link_to": links.candidate_json(decision.link_to) if decision.link_to else None,
        "candidates": [links.candidate_json(each) for each in decision.candidates],
        "changes": [
            {
                "unit": change.unit,
                "target": change.target.value,
                "values": dict(change.values),
                "before": dict(change.before),
            }
            for change in decision.changes
        ],
        "holds": [{"unit": hold.unit, "why": hold.why} for hold in decision.holds],
        "attention": decision.attention,
    }


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
                "candidates": [links.candidate_json(each) for each in item.decision.candidates],
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
