"""What was written lately, for the oscillation stop (sync-semantics section 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from syncapp.engine.merge import value_digest
from syncapp.store import bulk

RECENT = """
select link_id, side, changes from syncapp_writeintent
where link_id = any(%s) and state = 'applied' and closed_at > lb_now() - interval '24 hours'
order by id
"""


def recent(link_ids: Sequence[UUID]) -> dict[UUID, tuple[tuple[str, str, str], ...]]:
    """Applied writes of the last 24 hours per link, oldest first: (unit, target side, digest of the values)."""
    if not link_ids:
        return {}
    found: dict[UUID, list[tuple[str, str, str]]] = {}
    for link_id, side, changes in bulk.fetch(RECENT, [list(link_ids)]):
        for unit, values in _by_unit(bulk.loads(changes)).items():
            found.setdefault(link_id, []).append((unit, side, value_digest(values)))
    return {link_id: tuple(writes) for link_id, writes in found.items()}


def _by_unit(changes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    units: dict[str, dict[str, Any]] = {}
    for change in changes:
        units.setdefault(change["unit"], {})[change["key"]] = change["after"]
    return units
