"""The cached lists of a QuickBooks company: read as engine values, replaced as a whole by what was read over there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from syncapp.engine.lists import Entry, Lists, listed
from syncapp.models import ReferenceEntry, ReferenceList
from syncapp.store import bulk

COLUMNS = ("remote_id", "name", "number", "sku", "kind", "active", "more")


def load(connection_id: UUID, entities: Iterable[str]) -> Lists:
    """These lists of a connection, as far as they were ever read; one query."""
    wanted = sorted(set(entities))
    if not wanted:
        return {}
    rows = ReferenceEntry.objects.filter(
        list__connection_id=connection_id, list__entity__in=wanted, list__read_at__isnull=False
    ).values_list("list__entity", *COLUMNS)
    found: dict[str, list[Entry]] = {entity: [] for entity in wanted}
    for entity, *values in rows:
        found[entity].append(Entry(*values))
    return {entity: listed(entity, entries) for entity, entries in found.items()}


def unread(connection_id: UUID, entities: Iterable[str]) -> list[str]:
    """Those of these lists that were never read."""
    wanted = set(entities)
    known = ReferenceList.objects.filter(
        connection_id=connection_id, entity__in=wanted, read_at__isnull=False
    ).values_list("entity", flat=True)
    return sorted(wanted - set(known))


def replace(
    company_id: int,
    connection_id: UUID,
    entity: str,
    entries: Sequence[Entry],
    at: datetime,
    next_at: datetime,
) -> None:
    """Store what a list holds now. Entries that it no longer has stay as inactive: documents may still name them."""
    row, _ = ReferenceList.objects.update_or_create(
        connection_id=connection_id,
        entity=entity,
        defaults={"read_at": at, "next_at": next_at, "failure_code": "", "failure_values": {}},
    )
    ReferenceEntry.objects.filter(list=row).exclude(remote_id__in=[entry.id for entry in entries]).update(
        active=False
    )
    put(company_id, row.pk, entries)


def new_names(list_id: int, entries: Sequence[Entry]) -> bool:
    """Whether any of these brings a name, number, SKU or state that the list did not hold."""
    rows = ReferenceEntry.objects.filter(list_id=list_id, remote_id__in=[entry.id for entry in entries])
    known = {row[0]: row[1:] for row in rows.values_list("remote_id", "name", "number", "sku", "active")}
    return any(
        known.get(entry.id) != (entry.name, entry.number, entry.sku, entry.active) for entry in entries
    )


def put(company_id: int, list_id: int, entries: Sequence[Entry]) -> None:
    """Add or renew entries of a list."""
    rows: list[dict[str, Any]] = [
        {
            "company_id": company_id,
            "list_id": list_id,
            "remote_id": entry.id,
            "name": entry.name[:500],
            "number": entry.number[:40],
            "sku": entry.sku[:100],
            "kind": entry.kind[:60],
            "active": entry.active,
            "more": dict(entry.more),
        }
        for entry in {entry.id: entry for entry in entries}.values()
    ]
    updated = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name != "remote_id")
    bulk.insert(ReferenceEntry, rows, on_conflict=f"(list_id, remote_id) do update set {updated}")
