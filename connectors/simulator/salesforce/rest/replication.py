"""`/sobjects/X/updated` and `/deleted` (reference/salesforce.md 5.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.simulator.salesforce.errors import Refused
from connectors.simulator.salesforce.times import parse_moment, wire

from .call import Answer, Call

if TYPE_CHECKING:
    from connectors.simulator.salesforce.catalog import Entity

    from .engine import Engine

UPDATED_DAYS = 30
DELETED_DAYS = 15
MAX_IDS = 600_000


def add_routes(engine: Engine) -> None:
    engine.route("GET", "/sobjects/<object>/updated", updated)
    engine.route("GET", "/sobjects/<object>/deleted", deleted)


def updated(call: Call) -> Answer:
    """Ids of records made or changed in the period, deleted ones left out."""
    entity, start, end = _period(call, UPDATED_DAYS, timedelta(0))
    alive = ' AND "IsDeleted" = 0' if entity.bins else ""
    rows = call.org.world.store.rows(
        f'SELECT "Id" FROM "{entity.table}" WHERE "SystemModstamp" >= ? AND "SystemModstamp" <= ?{alive}'
        f' ORDER BY "SystemModstamp", "Id" LIMIT {MAX_IDS + 1}',
        (wire(start), wire(end)),
    )
    if len(rows) > MAX_IDS:
        raise Refused("EXCEEDED_ID_LIMIT", "Too many ids in the period: shorten it")
    return Answer({"ids": [row[0] for row in rows], "latestDateCovered": wire(_covered(call, end))})


def deleted(call: Call) -> Answer:
    """Records that went into the bin in the period."""
    entity, start, end = _period(call, DELETED_DAYS, timedelta(minutes=1))
    rows = []
    if entity.bins:
        rows = call.org.world.store.rows(
            f'SELECT "Id", "SystemModstamp" FROM "{entity.table}"'
            ' WHERE "SystemModstamp" >= ? AND "SystemModstamp" <= ? AND "IsDeleted" = 1'
            ' ORDER BY "SystemModstamp", "Id"',
            (wire(start), wire(end)),
        )
    return Answer(
        {
            "deletedRecords": [{"id": row[0], "deletedDate": row[1]} for row in rows],
            "earliestDateAvailable": wire(call.now - timedelta(days=DELETED_DAYS)),
            "latestDateCovered": wire(_covered(call, end)),
        }
    )


def _covered(call: Call, end: datetime) -> datetime:
    """Lags behind `end` while changes may still become visible with older stamps."""
    return min(end, call.org.stamp())


def _period(call: Call, days: int, shortest: timedelta) -> tuple[Entity, datetime, datetime]:
    entity = call.entity()
    if not entity.object.replicateable or not entity.stamped:
        raise Refused("INVALID_TYPE_FOR_OPERATION", f"object type {entity.name} is not replicable")
    start, end = parse_moment(call.query("start")), parse_moment(call.query("end"))
    if start is None or end is None:
        raise Refused(
            "INVALID_REPLICATION_DATE", "The start and end parameters must be dates with a time and a zone"
        )
    start, end = start.replace(microsecond=0), min(end.replace(microsecond=0), call.now)
    if start < call.now - timedelta(days=days):
        raise Refused("INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
    if end - start <= shortest:
        raise Refused("INVALID_REPLICATION_DATE", "The end date must be after the start date")
    return entity, start, end
