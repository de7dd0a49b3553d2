"""What the inputs of a value map offer: the values that the fields which use it are known to have on either side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from connectors.contracts import Side
from syncapp.models import FieldMapping, ReferenceEntry, ValueMap
from syncapp.services import field_lists
from syncapp.services.mapping_field_checks import field_at
from syncapp.services.reference_lists import LISTS
from syncapp.services.salesforce_users import USERS

MOST = 1000
"""Values offered of one side; a list of a browser is searched by typing."""


@dataclass(frozen=True, slots=True)
class Values:
    """Values to choose from, each once, in the order of their lists."""

    sf: tuple[str, ...]
    qbo: tuple[str, ...]


def values_of(value_map: ValueMap) -> Values:
    """The values of picklists, lists of QuickBooks and owners behind the fields that use this map; makes no call."""
    rows = FieldMapping.objects.filter(
        mapping__integration_id=value_map.integration_id, value_map=value_map.name
    ).select_related("mapping__integration")
    sf: dict[str, None] = {}
    qbo: dict[str, None] = {}
    for row in rows:
        sf |= dict.fromkeys(_of_salesforce(row))
        qbo |= dict.fromkeys(_of_quickbooks(row))
    return Values(tuple(sf)[:MOST], tuple(qbo)[:MOST])


def _of_salesforce(row: FieldMapping) -> Iterator[str]:
    yield from _picklist(row, Side.SALESFORCE, row.sf_path)
    if "Owner." in row.sf_path or "Owner." in row.formula:
        yield from _entries(row.mapping.integration.salesforce_id, USERS)


def _of_quickbooks(row: FieldMapping) -> Iterator[str]:
    yield from _picklist(row, Side.QUICKBOOKS, row.qbo_path)
    if row.lookup:
        yield from _entries(row.mapping.integration.quickbooks_id, row.lookup)
        return
    info = field_lists.known(row.mapping).qbo
    found = field_at(info, row.qbo_path) if info is not None and row.qbo_path else None
    for name in found.references if found is not None else ():
        if name in LISTS:
            yield from _entries(row.mapping.integration.quickbooks_id, name)


def _picklist(row: FieldMapping, side: Side, path: str) -> tuple[str, ...]:
    info = field_lists.known(row.mapping).of(side)
    found = field_at(info, path) if info is not None and path else None
    return found.picklist if found is not None else ()


def _entries(connection_id: UUID | None, entity: str) -> Iterator[str]:
    if connection_id is None:
        return
    rows = ReferenceEntry.objects.filter(list__connection_id=connection_id, list__entity=entity, active=True)
    yield from rows.order_by("name").values_list("name", flat=True)[:MOST]
