"""Who works on what: due links, leases with fences, and the fair choice of the next slice (sync-semantics section 17).

A slice is up to 1,000 due links of one mapping of one company. Every later write of a slice carries its fence; a
worker that lost its lease matches no row.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from connectors.contracts import Priority
from syncapp.engine.timing import Timing
from syncapp.models import LinkWork
from syncapp.store import bulk, runs
from syncapp.store.parking import PARKED

RANK = {Priority.INTERACTIVE: 0, Priority.NORMAL: 1, Priority.BULK: 2}
PRIORITY = {rank: priority for priority, rank in RANK.items()}


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One claimed link with what its due row said."""

    link_id: UUID
    run_id: UUID | None
    forced: str
    cause: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Claimed links of one mapping; `fence` guards every write of this slice."""

    company_id: int
    mapping_id: int
    priority: Priority
    fence: int
    owner: str
    rows: tuple[WorkRow, ...]

    @property
    def link_ids(self) -> list[UUID]:
        return [row.link_id for row in self.rows]


# A mapping can be worked on while its company, integration and both connections can (breakers closed). After a pause
# one slice goes first and finds out whether the connection works again.
CLAIMABLE = """
select m.id as mapping_id, m.company_id
from syncapp_mapping m
join syncapp_company c on c.id = m.company_id and c.state = 'active' and not c.paused
join syncapp_integration i on i.id = m.integration_id and i.state = 'active' and i.switched_on_at is not null
join syncapp_connection s on s.id = i.salesforce_id and s.status = 'live'
join syncapp_connection q on q.id = i.quickbooks_id and q.status = 'live'
where m.mode <> 'off'
  and coalesce(s.breaker_open_until, '-infinity') <= lb_now()
  and coalesce(q.breaker_open_until, '-infinity') <= lb_now()
  and (s.breaker_step + q.breaker_step = 0 or not exists (
    select 1 from syncapp_mapping p join syncapp_linkwork w on w.company_id = p.company_id and w.mapping_id = p.id
    where p.integration_id = i.id and w.lease_until > lb_now()))
"""

# The best class that this worker serves (or for once the lowest), in it the company with the fewest leased slices, then
# the oldest due work. A company that would hold more than half of the slices comes after all others, but for what its
# people wait for.
CHOOSE = f"""
with claimable as ({CLAIMABLE}),
busy as (
  select company_id, count(distinct fence) as slices
  from syncapp_linkwork where lease_until > lb_now() group by company_id
),
head as (
  select k.company_id, k.mapping_id, w.priority, w.due_at
  from claimable k
  cross join lateral (
    select w.priority, w.due_at from syncapp_linkwork w
    where w.company_id = k.company_id and w.mapping_id = k.mapping_id
      and w.priority between %(best)s and %(worst)s and w.due_at <= lb_now()
      and (w.lease_until is null or w.lease_until <= lb_now())
      and not exists (select 1 from syncapp_writeintent n
                      where n.link_id = w.link_id and n.state in ('sending', 'unknown', 'ask'))
    order by case when %(lowest_first)s then -w.priority else w.priority end, w.due_at limit 1
  ) w
  where %(company)s::bigint is null or k.company_id = %(company)s
)
select h.company_id, h.mapping_id, h.priority
from head h left join busy b on b.company_id = h.company_id
order by h.priority > 0 and coalesce(b.slices, 0) > 0
           and (coalesce(b.slices, 0) + 1) * 2 > (select coalesce(sum(slices), 0) from busy) + 1,
  case when %(lowest_first)s then -h.priority else h.priority end, coalesce(b.slices, 0), h.due_at limit 1
"""

TAKE = """
with fence as (select nextval('syncapp_fence_seq') as value),
picked as (
  select w.link_id from syncapp_linkwork w
  where w.company_id = %(company)s and w.mapping_id = %(mapping)s and w.priority = %(priority)s
    and w.due_at <= lb_now() and (w.lease_until is null or w.lease_until <= lb_now())
    and not exists (select 1 from syncapp_writeintent n
                    where n.link_id = w.link_id and n.state in ('sending', 'unknown', 'ask'))
  order by w.due_at limit %(size)s for update skip locked
)
update syncapp_linkwork w
set lease_until = lb_now() + %(lease)s * interval '1 second', owner = %(owner)s, again = false,
    fence = (select value from fence)
from picked where w.link_id = picked.link_id
returning w.link_id, w.run_id, w.forced, w.cause, w.fence
"""


def claim(
    owner: str,
    best: Priority,
    worst: Priority,
    size: int,
    timing: Timing,
    company_id: int | None = None,
    *,
    lowest_first: bool = False,
) -> Slice | None:
    """Lease the next slice of due links in the classes from `best` to `worst`; None when nothing is due.

    `lowest_first` turns the order of the classes round: now and then a lower class has to have its turn.
    """
    with transaction.atomic():
        chosen = _choose(RANK[best], RANK[worst], company_id, lowest_first)
        if chosen is None:
            return None
        company, mapping, priority = chosen
        rows = _take(company, mapping, priority, owner, size, timing)
    if not rows:
        return None
    return Slice(
        company_id=company,
        mapping_id=mapping,
        priority=PRIORITY[priority],
        fence=rows[0][4],
        owner=owner,
        rows=tuple(WorkRow(*row[:4]) for row in rows),
    )


def _choose(best: int, worst: int, company_id: int | None, lowest_first: bool) -> tuple[int, int, int] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            CHOOSE, {"best": best, "worst": worst, "company": company_id, "lowest_first": lowest_first}
        )
        row: tuple[int, int, int] | None = cursor.fetchone()
        return row


def _take(
    company: int, mapping: int, priority: int, owner: str, size: int, timing: Timing
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "company": company,
                "mapping": mapping,
                "priority": priority,
                "size": size,
                "lease": timing.lease,
                "owner": owner,
            },
        )
        return cursor.fetchall()


def held(piece: Slice, link_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these links the slice still owns, locked until the transaction ends."""
    rows = bulk.fetch(
        "select link_id from syncapp_linkwork where fence = %s and link_id = any(%s) order by link_id for update",
        [piece.fence, list(link_ids)],
    )
    return {row[0] for row in rows}


HELD_AND_WATCHED = """
select w.link_id from syncapp_linkwork w join syncapp_recordlink l on l.id = w.link_id
where w.fence = %s and w.link_id = any(%s) and (not l.paused or l.lifecycle = 'unlinked')
order by w.link_id for update of w for no key update of l
"""


def held_and_watched(piece: Slice, link_ids: Sequence[UUID]) -> set[UUID]:
    """The same without those that a person has ignored meanwhile; nobody ignores one of them before the transaction
    ends. A closed link still gives back our id in Salesforce, ignored or not (sync-semantics 8)."""
    return {row[0] for row in bulk.fetch(HELD_AND_WATCHED, [piece.fence, list(link_ids)])}


def release(piece: Slice, link_ids: Sequence[UUID]) -> None:
    """These links are done: their work ends, or is due again where something arrived meanwhile."""
    ids = list(link_ids)
    if not ids:
        return
    with bulk.together():
        bulk.execute(
            "delete from syncapp_linkwork where fence = %s and link_id = any(%s) and not again",
            [piece.fence, ids],
        )
        bulk.execute(
            "update syncapp_linkwork set lease_until = null, owner = '', again = false, due_at = lb_now()"
            " where fence = %s and link_id = any(%s) and again",
            [piece.fence, ids],
        )


def postpone(piece: Slice, due: dict[UUID, datetime]) -> None:
    """Give these links back, due at the given times (UTC)."""
    bulk.update(
        LinkWork,
        [{"link_id": link_id, "due_at": at, "lease_until": None} for link_id, at in due.items()],
        key="link_id",
        where=f"t.fence = {int(piece.fence)}",
        expressions="owner = '', again = false",
    )


def is_awaited(link_ids: Sequence[UUID]) -> bool:
    """Whether a person waits for one of these links."""
    rank = RANK[Priority.INTERACTIVE]
    return LinkWork.objects.filter(link_id__in=list(link_ids), priority=rank).exists()


def renew(piece: Slice, timing: Timing) -> int:
    """Extend the lease of what is left of the slice; returns how many links it still holds."""
    return bulk.execute(
        "update syncapp_linkwork set lease_until = lb_now() + %s * interval '1 second'"
        " where fence = %s and lease_until is not null",
        [timing.lease, piece.fence],
    )


@contextmanager
def renewing(piece: Slice, timing: Timing) -> Iterator[None]:
    """Renew the slice's lease from a thread while the block works, also while a call to a vendor blocks."""
    stop = threading.Event()

    def keep() -> None:
        while not stop.wait(timing.renewal):
            renew(piece, timing)
        connection.close()

    thread = threading.Thread(target=keep, name="lease-renewal", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


# News that comes while somebody holds the link, also somebody whose lease is over, makes it due again at its release.
# Work of a stopped run (parked) that becomes due leaves that run.
MAKE_DUE = """
insert into syncapp_linkwork
  (link_id, company_id, mapping_id, priority, due_at, owner, fence, again, run_id, forced, cause, outcome)
select l.id, l.company_id, l.mapping_id, %(priority)s, coalesce(%(due_at)s, lb_now()), '', 0, false, %(run)s,
       %(forced)s, %(cause)s, %(counted)s
from syncapp_recordlink l
where l.company_id = %(company)s and l.id = any(%(links)s)
  and l.lifecycle not in ('unlinked', 'absorbed') and not l.paused
order by l.id
on conflict (link_id) do update set
  again = syncapp_linkwork.lease_until is not null,
  priority = least(syncapp_linkwork.priority, excluded.priority),
  due_at = least(syncapp_linkwork.due_at, excluded.due_at),
  run_id = coalesce(syncapp_linkwork.run_id, excluded.run_id),
  outcome = case when syncapp_linkwork.run_id is null then excluded.outcome else syncapp_linkwork.outcome end,
  forced = case when excluded.forced <> '' then excluded.forced else syncapp_linkwork.forced end,
  cause = case when excluded.forced <> '' then excluded.cause else syncapp_linkwork.cause end
returning link_id, run_id
"""


GIVE_BACK = """
insert into syncapp_linkwork
  (link_id, company_id, mapping_id, priority, due_at, owner, fence, again, forced, cause, outcome)
select l.id, l.company_id, l.mapping_id, %(priority)s, lb_now(), '', 0, false, '', 'Unlinked', ''
from syncapp_recordlink l
where l.company_id = %(company)s and l.mapping_id = %(mapping)s and l.sf_id = any(%(ids)s)
  and l.lifecycle = 'unlinked' and l.no_recreate
order by l.id
on conflict (link_id) do update set again = syncapp_linkwork.lease_until is not null
"""


def give_back(company_id: int, mapping_id: int, ids: Sequence[str]) -> None:
    """Make the closed links of these Salesforce records due once more: our id has to leave them."""
    if ids:
        given = {"company": company_id, "mapping": mapping_id, "ids": list(ids)}
        bulk.execute_named(GIVE_BACK, {**given, "priority": RANK[Priority.NORMAL]})


def make_due(
    company_id: int,
    link_ids: Sequence[UUID],
    priority: Priority,
    *,
    cause: str,
    run_id: UUID | None = None,
    forced: str = "",
    due_at: datetime | None = None,
    counted: str = "",
) -> dict[UUID, UUID | None]:
    """Make links due (now, unless told); a link that is due already keeps its run and the better class.

    Links that join the given run are added to its total, but for those that it has `counted` already (as waiting, for
    example) and that go on in it. Returns link -> the run that its work belongs to, so that a second press finds the
    first.
    """
    if not link_ids:
        return {}
    ids = list(link_ids)
    before = _members(run_id, ids)
    with connection.cursor() as cursor:
        cursor.execute(
            MAKE_DUE,
            {
                "company": company_id,
                "links": ids,
                "priority": RANK[priority],
                "due_at": due_at,
                "run": run_id,
                "forced": forced,
                "cause": cause[:120],
                "counted": counted,
            },
        )
        made: dict[UUID, UUID | None] = dict(cursor.fetchall())
    if run_id is not None and not counted:
        joined = sum(1 for link, run in made.items() if run == run_id and link not in before)
        bulk.execute("update syncapp_run set total = total + %s where id = %s", [joined, run_id])
    return made


def _members(run_id: UUID | None, link_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these links belong to the run already; those of a stopped run leave it."""
    rows = bulk.fetch(
        "select link_id, run_id, due_at >= %s from syncapp_linkwork"
        " where link_id = any(%s) and run_id is not null",
        [PARKED, list(link_ids)],
    )
    parked = {link_id for link_id, _, aside in rows if aside}
    if parked:
        runs.leave(parked)
    return {link_id for link_id, own, _ in rows if own == run_id} - parked


def due_classes() -> list[tuple[Priority, int]]:
    """Classes with due, unleased, claimable work and in how many companies: what the sweeper rings for."""
    rows = bulk.fetch(
        f"with claimable as ({CLAIMABLE}) "
        "select w.priority, count(distinct w.company_id) from syncapp_linkwork w"
        " join claimable k on k.mapping_id = w.mapping_id"
        " where w.due_at <= lb_now() and (w.lease_until is null or w.lease_until <= lb_now()) group by w.priority"
    )
    return [(PRIORITY[rank], companies) for rank, companies in rows]
