"""The links of a plan that is carried out: their work, and what of the plan is theirs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connectors.contracts import Priority
from syncapp.models import PreviewItem, Run, WriteIntent
from syncapp.store import bulk, leases, runs
from syncapp.store.parking import PARKED

# Work that another run holds, or a worker, stays theirs: what they do is not what the plan says.
TAKE_OVER = """
insert into syncapp_linkwork
  (link_id, company_id, mapping_id, priority, due_at, owner, fence, again, run_id, forced, cause)
select l.id, l.company_id, l.mapping_id, %(priority)s, lb_now(), '', 0, false, %(run)s, '', %(cause)s
from syncapp_previewitem i join syncapp_recordlink l on l.id = i.link_id
where i.run_id = %(plan)s and i.kind = any(%(kinds)s) and i."group" <> 'partner'
  and l.company_id = %(company)s and l.lifecycle not in ('unlinked', 'absorbed') and not l.paused
order by l.id
on conflict (link_id) do update set
  run_id = excluded.run_id, outcome = '', priority = least(syncapp_linkwork.priority, excluded.priority),
  due_at = excluded.due_at, forced = '', cause = excluded.cause, again = false
where (syncapp_linkwork.lease_until is null or syncapp_linkwork.lease_until <= lb_now())
  and syncapp_linkwork.run_id is null
returning link_id
"""
SET_ASIDE = """
select w.link_id from syncapp_previewitem i join syncapp_linkwork w on w.link_id = i.link_id
where i.run_id = %(plan)s and i.kind = any(%(kinds)s) and w.due_at >= %(parked)s and w.run_id is not null
"""
"""Work of stopped runs: it leaves them for the plan's."""


def make_due(run: Run, plan_id: UUID, kinds: Collection[str], priority: Priority) -> set[UUID]:
    """Make the plan's links the run's work; returns those that are. The others are busy elsewhere, or closed."""
    plan = {"plan": plan_id, "kinds": sorted(kinds)}
    runs.leave([row[0] for row in bulk.fetch_named(SET_ASIDE, {**plan, "parked": PARKED})])
    rows = bulk.fetch_named(
        TAKE_OVER,
        {
            **plan,
            "company": run.company_id,
            "run": run.pk,
            "priority": leases.RANK[priority],
            "cause": run.cause,
        },
    )
    return {row[0] for row in rows}


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One decision of a plan as it was stored."""

    link_id: UUID
    run_id: UUID
    """The run that carries it out."""
    kind: str
    mapping_version: int
    decision: dict[str, Any]


def load(plan_of: dict[UUID, UUID], work: dict[UUID, UUID]) -> dict[UUID, StoredItem]:
    """The stored decisions of these links: `work` is link -> run, `plan_of` run -> plan."""
    rows = PreviewItem.objects.filter(run__in=list(set(plan_of.values())), link_id__in=list(work))
    found = {
        (row[0], row[1]): row[2:]
        for row in rows.values_list("run_id", "link_id", "kind", "mapping_version", "decision")
    }
    return {
        link_id: StoredItem(link_id, run_id, *found[plan_of[run_id], link_id])
        for link_id, run_id in work.items()
        if (plan_of[run_id], link_id) in found
    }


def written(run_ids: Collection[UUID], link_ids: Collection[UUID]) -> set[UUID]:
    """Which of these links a run has written already: a worker died, or news came, after the write was applied."""
    rows = WriteIntent.objects.filter(run_id__in=list(run_ids), link_id__in=list(link_ids), state="applied")
    return set(rows.values_list("link_id", flat=True))


def leave(link_ids: Collection[UUID], fence: int) -> None:
    """The run is done with these links; what they are due for is nobody's plan."""
    bulk.execute(
        "update syncapp_linkwork set run_id = null, outcome = '' where fence = %s and link_id = any(%s)",
        [fence, list(link_ids)],
    )


def still_due(run_ids: Collection[UUID], link_ids: Collection[UUID]) -> set[UUID]:
    """Which of these links are still to be carried by one of these runs."""
    rows = bulk.fetch(
        "select link_id from syncapp_linkwork where run_id = any(%s) and link_id = any(%s)",
        [list(run_ids), list(link_ids)],
    )
    return {row[0] for row in rows}
