"""What was written lately, for the oscillation stop (sync-semantics section 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from syncapp.engine.merge import QUARREL, value_digest
from syncapp.store import bulk

# Most records were written once or twice a day, which is no quarrel: of these nothing is read but the count.
RECENT = """
with often as (
  select link_id from syncapp_writeintent
  where link_id = any(%s) and state = 'applied' and closed_at > lb_now() - interval '24 hours'
  group by link_id having count(*) >= %s
)
select i.link_id, i.side, i.changes from syncapp_writeintent i join often o on o.link_id = i.link_id
where i.state = 'applied' and i.closed_at > lb_now() - interval '24 hours'
order by i.id
"""
Written = tuple[str, str, str]
"""(unit, target side, digest of the values)"""


def recent(link_ids: Sequence[UUID]) -> dict[UUID, tuple[Written, ...]]:
    """The last writes of the past 24 hours of units that were written often enough to be quarrelled about, per link,
    oldest first."""
    if not link_ids:
        return {}
    written: dict[tuple[UUID, str], list[tuple[str, Mapping[str, Any]]]] = {}
    for link_id, side, changes in bulk.fetch(RECENT, [list(link_ids), QUARREL]):
        for unit, values in _by_unit(bulk.loads(changes)).items():
            written.setdefault((link_id, unit), []).append((side, values))
    found: dict[UUID, tuple[Written, ...]] = {}
    for (link_id, unit), writes in written.items():
        if len(writes) >= QUARREL:
            last = tuple((unit, side, value_digest(values)) for side, values in writes[-QUARREL:])
            found[link_id] = found.get(link_id, ()) + last
    return found


def _by_unit(changes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    units: dict[str, dict[str, Any]] = {}
    for change in changes:
        units.setdefault(change["unit"], {})[change["key"]] = change["after"]
    return units
