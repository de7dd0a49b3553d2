"""The creation barrier: no create before both sides of a mapping were scanned to the end and caught up (section 8)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from syncapp.models import MappingPass
from syncapp.store import bulk


def barrier_open(mapping_id: int) -> bool:
    """Whether both sides of the mapping were scanned and everything since the scans' start was applied."""
    return MappingPass.objects.filter(mapping_id=mapping_id, caught_up_at__isnull=False).count() == 2


AS_NEWS = """
update syncapp_observation o set token = ''
from syncapp_mapping m join syncapp_integration i on i.id = m.integration_id
where m.id = %s and ((o.connection_id = i.salesforce_id and o.object = m.sf_object)
                  or (o.connection_id = i.quickbooks_id and o.object = m.qbo_entity))
"""


def reset(mapping_id: int) -> None:
    """Scan again from the start: a moved go-live date, a restore, a new filter. Every record counts as news again, or
    the scan would pass over what is known and leave out what the mapping reads or lets in by now."""
    MappingPass.objects.filter(mapping_id=mapping_id).delete()
    bulk.execute(AS_NEWS, [mapping_id])


def caught_up(connection_ids: Sequence[UUID]) -> None:
    """Live capture of these connections reached a time after their finished scans began: the barriers open."""
    ids = list(connection_ids)
    bulk.execute(
        "update syncapp_mappingpass p set caught_up_at = lb_now()"
        " from syncapp_mapping m join syncapp_integration i on i.id = m.integration_id"
        " where p.mapping_id = m.id and p.scanned_at is not null and p.caught_up_at is null"
        " and ((p.side = 'sf' and i.salesforce_id = any(%s)) or (p.side = 'qbo' and i.quickbooks_id = any(%s)))",
        [ids, ids],
    )
