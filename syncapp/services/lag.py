"""How far behind the two sides are: what waits to be carried and since when, how late changes were noticed, and what
no notice had named (sync-semantics section 16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Sum

from syncapp.models import Connection, ConnectionStatus, LinkWork, Mapping, MissedNotice
from syncapp.store import clock, lag
from syncapp.store.lag import BOUNDS, Noticed
from syncapp.store.parking import PARKED

LOOKED_BACK = timedelta(days=1)
MISSED_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Records of one mapping that are due and not carried yet; `since` is when the oldest one became due."""

    mapping: Mapping
    due: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Delay:
    """How long after their change the records of one object were noticed within the last day, by what told of them.
    `shares` are the percentages noticed within each of `BOUNDS`; `typical` is the bound that half of them kept."""

    connection: Connection
    object: str
    source: str
    count: int
    average: timedelta
    shares: tuple[int, ...]
    typical: timedelta | None


@dataclass(frozen=True, slots=True)
class Missed:
    """Changes of one object that reading found although no notice had named them, within 30 days."""

    connection: Connection
    object: str
    count: int


@dataclass(frozen=True, slots=True)
class Lag:
    """Everything that the page shows."""

    waiting: tuple[Waiting, ...]
    delays: tuple[Delay, ...]
    missed: tuple[Missed, ...]
    held_by: tuple[Connection, ...]
    """Connections that nothing goes through now: the access has ended, or they rest after failures."""

    @property
    def oldest(self) -> datetime | None:
        return min((one.since for one in self.waiting if one.since), default=None)


def of_company(company_id: int) -> Lag:
    """The lag of the company in context. A handful of queries, none per record."""
    now = clock.now()
    connections = {row.pk: row for row in Connection.objects.all()}
    delays = _delays(lag.noticed(now - LOOKED_BACK, company_id), connections)
    held_by = tuple(row for row in connections.values() if holds(row))
    return Lag(_waiting(now), delays, _missed(now, connections), held_by)


def holds(connection: Connection) -> bool:
    """Whether nothing goes through this connection now: its access has ended, or it rests after failures."""
    if connection.status == ConnectionStatus.LIVE:
        return connection.resting_until is not None
    return connection.status == ConnectionStatus.NEEDS_REAUTH


def _waiting(now: datetime) -> tuple[Waiting, ...]:
    """Work that waits for its time (a retry, a second that has to pass) or that a stopped run set aside is not late."""
    rows = LinkWork.objects.filter(due_at__lte=now, due_at__lt=PARKED).values_list("mapping_id")
    found = {
        id_: (due, since) for id_, due, since in rows.annotate(Count("link_id"), Min("due_at")).order_by()
    }
    mappings = Mapping.objects.filter(published_number__gt=0).exclude(mode="off").order_by("id")
    return tuple(Waiting(mapping, *found.get(mapping.pk, (0, None))) for mapping in mappings)


def _delays(rows: Sequence[Noticed], connections: dict[Any, Connection]) -> tuple[Delay, ...]:
    return tuple(
        Delay(
            connections[row.connection_id],
            row.object,
            row.source,
            row.count,
            timedelta(seconds=row.seconds / row.count),
            tuple(100 * within // row.count for within in row.within),
            next(
                (timedelta(seconds=b) for b, n in zip(BOUNDS, row.within, strict=True) if 2 * n >= row.count),
                None,
            ),
        )
        for row in rows
        if row.connection_id in connections
    )


def _missed(now: datetime, connections: dict[Any, Connection]) -> tuple[Missed, ...]:
    rows = MissedNotice.objects.filter(day__gte=(now - MISSED_FOR).date(), count__gt=0)
    summed = rows.values("connection_id", "object").annotate(found=Sum("count")).order_by("object")
    return tuple(
        Missed(connections[row["connection_id"]], row["object"], row["found"])
        for row in summed
        if row["connection_id"] in connections
    )
