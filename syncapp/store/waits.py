"""Children that wait for a parent to be linked, released in the transaction that links it (sync-semantics 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from syncapp.models import LinkWait
from syncapp.store import bulk

RELEASE = """
with gone as (delete from syncapp_linkwait where parent_id = any(%s) returning child_id, run_id, outcome)
select distinct on (g.child_id) g.child_id, r.id, case when r.id is null then '' else g.outcome end
from gone g left join syncapp_run r on r.id = g.run_id and r.state = 'running'
where not exists (select 1 from syncapp_linkwait w where w.child_id = g.child_id and not w.parent_id = any(%s))
order by g.child_id, r.id desc nulls last
"""


def add(
    company_id: int, pairs: Sequence[tuple[UUID, UUID]], counted: Mapping[UUID, tuple[UUID | None, str]]
) -> set[UUID]:
    """Store (child, parent) waits; returns the children whose parents are all linked by now (no lost wake-up).

    `counted` says which run a child belongs to while it waits, and what it counts as there."""
    if not pairs:
        return set()
    bulk.insert(
        LinkWait,
        [
            {
                "company_id": company_id,
                "child_id": child,
                "parent_id": parent,
                "run_id": counted[child][0],
                "outcome": counted[child][1],
            }
            for child, parent in sorted(set(pairs))
        ],
        on_conflict="(child_id, parent_id) do update set run_id = excluded.run_id, outcome = excluded.outcome",
    )
    parents = sorted({parent for _, parent in pairs})
    linked = {
        row[0]
        for row in bulk.fetch(
            "select id from syncapp_recordlink where id = any(%s) and lifecycle = 'linked' order by id for share",
            [parents],
        )
    }
    if not linked:
        return set()
    bulk.execute("delete from syncapp_linkwait where parent_id = any(%s)", [sorted(linked)])
    return {child for child, parent in pairs} - {child for child, parent in pairs if parent not in linked}


def awaited(link_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these links another link waits for."""
    if not link_ids:
        return set()
    rows = bulk.fetch(
        "select distinct parent_id from syncapp_linkwait where parent_id = any(%s)", [list(link_ids)]
    )
    return {row[0] for row in rows}


def release_children(parents: Sequence[UUID]) -> dict[tuple[UUID | None, str], list[UUID]]:
    """These parents are linked (or will never be): their children whose last wait this was, to be made due now.

    They come by the run that they still belong to and what they count as there; by (None, "") when it is over.
    """
    if not parents:
        return {}
    rows = bulk.fetch(RELEASE, [list(parents), list(parents)])
    children: dict[tuple[UUID | None, str], list[UUID]] = {}
    for child, run_id, outcome in rows:
        children.setdefault((run_id, outcome), []).append(child)
    return children
