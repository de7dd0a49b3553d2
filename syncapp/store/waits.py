"""Children that wait for a parent to be linked, released in the transaction that links it (sync-semantics 9)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from syncapp.models import LinkWait
from syncapp.store import bulk


def add(company_id: int, pairs: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Store (child, parent) waits; returns the children whose parents are all linked by now (no lost wake-up)."""
    if not pairs:
        return set()
    bulk.insert(
        LinkWait,
        [
            {"company_id": company_id, "child_id": child, "parent_id": parent}
            for child, parent in sorted(pairs)
        ],
        on_conflict="do nothing",
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


def release_children(parents: Sequence[UUID]) -> list[UUID]:
    """These parents are linked (or will never be): their children whose last wait this was, to be made due now."""
    if not parents:
        return []
    rows = bulk.fetch(
        "with gone as (delete from syncapp_linkwait where parent_id = any(%s) returning child_id)"
        " select distinct g.child_id from gone g"
        " where not exists (select 1 from syncapp_linkwait w where w.child_id = g.child_id"
        "                   and not w.parent_id = any(%s))",
        [list(parents), list(parents)],
    )
    return [row[0] for row in rows]
