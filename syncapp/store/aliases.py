"""Merge losers and their winners: every reference read from a side means the winner (sync-semantics section 10)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from connectors.contracts import RemoteRecord
from syncapp.models import Alias
from syncapp.store import bulk


def note(company_id: int, connection_id: UUID, records: Sequence[RemoteRecord]) -> None:
    """Remember the merges that these records tell of."""
    rows = [
        {
            "company_id": company_id,
            "connection_id": connection_id,
            "object": record.object,
            "old_id": record.id,
            "new_id": record.merged_into,
            "created_at": record.token.modified,
        }
        for record in records
        if record.merged_into and record.merged_into != record.id
    ]
    bulk.insert(
        Alias, rows, on_conflict="(connection_id, object, old_id) do update set new_id = excluded.new_id"
    )


def winners(connection_id: UUID, object: str, ids: Sequence[str]) -> dict[str, str]:
    """Those of these ids that lost a merge, with the id that each means now (chains followed)."""
    found: dict[str, str] = {}
    open_ids = set(ids)
    while open_ids:
        step = dict(
            Alias.objects.filter(
                connection_id=connection_id, object=object, old_id__in=sorted(open_ids)
            ).values_list("old_id", "new_id")
        )
        found.update({old: new for old, new in step.items() if old not in found})
        open_ids = set(step.values()) - set(found)
    return {old: _end(found, old) for old in ids if old in found}


def _end(chain: dict[str, str], start: str) -> str:
    seen = {start}
    here = chain[start]
    while here in chain and here not in seen:
        seen.add(here)
        here = chain[here]
    return here
