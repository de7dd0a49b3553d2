"""How late capture noticed what had changed, from what it stored with each record it saw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from syncapp.store import bulk
from syncapp.store.leases import PRIORITY

BOUNDS = (5, 15, 60, 300, 900, 3600, 14400)
"""Seconds: the steps of the histogram. What took longer is in none of them."""
SOURCES = ("poll", "cdc", "webhook")
"""What live capture writes beside a record: scans and our own writes tell nothing of lateness."""

NOTICED = f"""
select connection_id, object, source, count(*), coalesce(sum(late), 0),
       array[{", ".join(f"count(*) filter (where late <= {bound})" for bound in BOUNDS)}]
from (select connection_id, object, source, greatest(extract(epoch from seen_at - modified), 0) as late
      from syncapp_observation
      where seen_at >= %s and modified is not null and source = any(%s) and (%s::bigint is null or company_id = %s)) o
group by connection_id, object, source order by connection_id, object, source
"""


@dataclass(frozen=True, slots=True)
class Noticed:
    """Records of one object seen last by one source: how many, the sum of their delays in seconds, and how many within
    each of `BOUNDS` (each step counts the ones before)."""

    connection_id: UUID
    object: str
    source: str
    count: int
    seconds: float
    within: tuple[int, ...]


def noticed(since: datetime, company_id: int | None = None) -> list[Noticed]:
    """The delays of what was noticed since then, of one company or of all (system code)."""
    rows = bulk.fetch(NOTICED, [since, list(SOURCES), company_id, company_id])
    return [
        Noticed(connection, name, source, count, float(seconds), tuple(within))
        for connection, name, source, count, seconds, within in rows
    ]


# --- the whole installation (system code) ----------------------------------------------------------------------------

DUE = """
select c.rank, count(w.link_id), min(w.due_at)
from (values (0), (1), (2)) c(rank) left join syncapp_linkwork w on w.priority = c.rank and w.due_at <= lb_now()
group by c.rank order by c.rank
"""
MISSED = """
select object, sum(count) from syncapp_missednotice where day >= (lb_now() - interval '30 days')::date
group by object order by object
"""
FOREIGN = """
select coalesce(sum(count), 0) from syncapp_foreignnotice where day >= (lb_now() - interval '30 days')::date
"""
CONNECTIONS = """
select side, status, count(*), count(*) filter (where breaker_open_until > lb_now()) from syncapp_connection
group by side, status order by side, status
"""


def due_by_class() -> list[tuple[str, int, datetime | None]]:
    """Per class of work: its name, how many records are due, when the oldest became due."""
    return [(PRIORITY[rank].value, count, since) for rank, count, since in bulk.fetch(DUE)]


def missed_by_object() -> list[tuple[str, int]]:
    """Changes of the last 30 days that no notice had named, by object."""
    return [(name, int(count)) for name, count in bulk.fetch(MISSED)]


def foreign_notices() -> int:
    """Verified notices of the last 30 days that named companies which are not connected here."""
    return int(bulk.fetch(FOREIGN)[0][0])


def open_problems() -> int:
    """Problems of all companies that wait for a person."""
    return int(bulk.fetch("select count(*) from syncapp_problem where closed_at is null")[0][0])


def connections() -> list[tuple[str, str, int, int]]:
    """Per side and status: how many connections, and how many of them rest after failures."""
    return [(side, status, count, resting) for side, status, count, resting in bulk.fetch(CONNECTIONS)]
