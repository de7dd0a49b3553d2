"""Children that wait for a parent to be linked, released in the transaction that links it (sync-semantics 9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from syncapp.models import LinkWait
from syncapp.store import bulk

RELEASE = """
with gone as (
  delete from syncapp_linkwait where parent_id = any(%s) and child_id <> all(%s)
  returning child_id, run_id, outcome)
select distinct on (g.child_id) g.child_id, r.id, case when r.id is null then '' else g.outcome end
from gone g left join syncapp_run r on r.id = g.run_id and r.state = 'running'
where not exists (select 1 from syncapp_linkwait w where w.child_id = g.child_id and not w.parent_id = any(%s))
order by g.child_id, r.id desc nulls last
"""


def add(
    company_id: int, pairs: Sequence[tuple[UUID, UUID]], counted: Mapping[UUID, tuple[UUID | None, str]]
) -> None:
    """Store (child, parent) waits. `counted` says which run a child belongs to while it waits, and what it counts as
    there. Call `already_over` afterwards, in the same transaction: a parent may be linked by now."""
    if not pairs:
        return
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


def already_over(pairs: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Of these stored waits: the children whose parents are all linked by now; their waits are taken back.

    Every parent is locked in share mode, linked or not: whoever links one holds its row from before it looks for
    children until it commits. So either it comes first, and its commit is waited for and seen here, or it comes second
    and finds the waits stored (no lost wake-up, also where nothing else would make the parent due). Make parents due
    before: work is locked before links everywhere.
    """
    if not pairs:
        return set()
    rows = bulk.fetch(
        "select id, lifecycle from syncapp_recordlink where id = any(%s) order by id for share",
        [sorted({parent for _, parent in pairs})],
    )
    linked = {link_id for link_id, lifecycle in rows if lifecycle == "linked"}
    if not linked:
        return set()
    bulk.execute(
        "delete from syncapp_linkwait where parent_id = any(%s) and child_id = any(%s)",
        [sorted(linked), sorted({child for child, _ in pairs})],
    )
    return {child for child, parent in pairs} - {child for child, parent in pairs if parent not in linked}


def forget(children: Sequence[UUID]) -> None:
    """These children are decided anew: what they waited for before does not count any more."""
    if children:
        bulk.execute("delete from syncapp_linkwait where child_id = any(%s)", [list(children)])


RINGS = """
with recursive walk(child, at, path) as (
  select w.child_id, w.parent_id, array[w.child_id, w.parent_id]
  from syncapp_linkwait w where w.child_id = any(%s)
  union all
  select k.child, w.parent_id, k.path || w.parent_id
  from walk k join syncapp_linkwait w on w.child_id = k.at
  where k.at <> k.child and w.parent_id <> all(k.path[2:]) and cardinality(k.path) < %s
)
select distinct on (child) child, path from walk where at = child order by child, cardinality(path)
"""
LONGEST_RING = 50


def rings(children: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Those of these children that wait for themselves in the end, with the way round: child … child."""
    if not children:
        return {}
    return {child: list(path) for child, path in bulk.fetch(RINGS, [sorted(children), LONGEST_RING])}


def awaited(link_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these links another link waits for."""
    if not link_ids:
        return set()
    rows = bulk.fetch(
        "select distinct parent_id from syncapp_linkwait where parent_id = any(%s)", [list(link_ids)]
    )
    return {row[0] for row in rows}


def release_children(
    parents: Sequence[UUID], but: Collection[UUID] = ()
) -> dict[tuple[UUID | None, str], list[UUID]]:
    """These parents are linked (or will never be): their children whose last wait this was, to be made due now. `but`
    are children that go on waiting.

    They come by the run that they still belong to and what they count as there; by (None, "") when it is over.
    """
    if not parents:
        return {}
    rows = bulk.fetch(RELEASE, [list(parents), sorted(but), list(parents)])
    children: dict[tuple[UUID | None, str], list[UUID]] = {}
    for child, run_id, outcome in rows:
        children.setdefault((run_id, outcome), []).append(child)
    return children
