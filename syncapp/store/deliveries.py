"""The inbox: what verified notices named, and how far reading has caught up with them (sync-semantics section 16)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from syncapp.models import Delivery
from syncapp.store import bulk

LANE = "cdc"
# The first notice of a burst sets the reading two seconds ahead; further ones put it off, ten seconds at most.
HINT = """
with before as (
  select id, hinted_at from syncapp_cursor
  where connection_id = any(%s) and lane = 'cdc' and watermark is not null for update)
update syncapp_cursor c set hinted_at = coalesce(b.hinted_at, lb_now()),
  next_at = least(lb_now() + %s * interval '1 second', coalesce(b.hinted_at, lb_now()) + %s * interval '1 second')
from before b where c.id = b.id
returning c.connection_id, b.hinted_at is null
"""
# One statement, because a vendor waits for the answer and may send hundreds a second: what the notices name of the
# companies and objects that are read is stored, repeats are folded, and lanes are hinted as above. A lane that was put
# off less than a quarter of the wait ago is left alone: a burst does not write the same rows with every notice.
# The settings of a company are in no reading of changes; they are heeded where its changes are read at all.
# The last row returned counts the notices of companies that the app does not connect here.
RECEIVE = """
with named as (
  select * from jsonb_to_recordset(%(notices)s::jsonb) as n(place int, realm text, key text, object text,
                                     remote_id text, operation text, merged_id text, happened_at timestamptz)
), ours as (
  select k.id, k.remote_id, k.notices_off from syncapp_connection k
  where k.app_credentials_id = %(app)s and k.side = 'qbo' and k.status <> 'disconnected'
    and k.remote_id in (select realm from named)
), wanted as (
  select k.id as connection_id, n.* from named n
  join ours k on k.remote_id = n.realm and not k.notices_off @> to_jsonb(n.object)
  where exists (select 1 from syncapp_cursor c where c.connection_id = k.id and c.lane = 'cdc'
                  and c.watermark is not null and (c.object = n.object or n.object = 'Preferences'))
), stored as (
  insert into syncapp_delivery (app_credentials_id, connection_id, key, object, remote_id, operation, merged_id,
                                happened_at, received_at)
  select %(app)s, connection_id, key, object, remote_id, operation, merged_id, happened_at, lb_now()
  from wanted order by connection_id, place
  on conflict (app_credentials_id, connection_id, key) do nothing
  returning connection_id
), fresh as (select distinct connection_id from stored),
before as (
  select c.id, c.hinted_at from syncapp_cursor c join fresh f on f.connection_id = c.connection_id
  where c.lane = 'cdc' and c.watermark is not null
    and (c.hinted_at is null or c.next_at < lb_now() + %(debounce)s * 0.75 * interval '1 second')
  order by c.id for update of c
), hinted as (
  update syncapp_cursor c set hinted_at = coalesce(b.hinted_at, lb_now()),
    next_at = least(lb_now() + %(debounce)s * interval '1 second',
                    coalesce(b.hinted_at, lb_now()) + %(cap)s * interval '1 second')
  from before b where c.id = b.id returning c.connection_id, b.hinted_at is null as first
)
select f.connection_id,
  coalesce((select bool_or(h.first) from hinted h where h.connection_id = f.connection_id), false), 0
from fresh f
union all
select null, false, count(*) from named n where n.realm not in (select remote_id from ours) having count(*) > 0
"""
COUNT_FOREIGN = """
insert into syncapp_foreignnotice (app_credentials_id, day, count, last_at)
values (%(app)s, (lb_now() at time zone 'utc')::date, %(count)s, lb_now())
on conflict (app_credentials_id, day) do update
set count = syncapp_foreignnotice.count + excluded.count, last_at = excluded.last_at
returning count
"""
# A reading that starts now covers every notice received so far.
CLAIM = """
update syncapp_cursor set hinted_at = null, next_at = lb_now() + interval '60 seconds'
where connection_id = %s and lane = 'cdc' and watermark is not null and next_at <= lb_now()
returning object
"""
WAITING = """
select extract(epoch from min(next_at) - lb_now()) from syncapp_cursor
where connection_id = %s and lane = 'cdc' and hinted_at is not null
"""
FORGOTTEN = """
select distinct d.connection_id from syncapp_delivery d
join syncapp_cursor c on c.connection_id = d.connection_id and c.lane = 'cdc'
  and (c.object = d.object or d.object = 'Preferences')
where d.read_at is null and d.received_at < lb_now() - interval '30 seconds' and c.hinted_at is null
  and c.next_at > lb_now() + interval '60 seconds'
"""
FORGOTTEN_MESSAGES = """
select distinct d.connection_id from syncapp_delivery d
join syncapp_connection k on k.id = d.connection_id and k.status = 'live' and k.side = 'sf'
where d.read_at is null and d.received_at < lb_now() - interval '30 seconds'
"""
MISSED = """
insert into syncapp_missednotice (company_id, connection_id, object, day, count)
select o.company_id, o.connection_id, o.object, (lb_now() at time zone 'utc')::date, count(*)
from syncapp_observation o
where o.connection_id = %(connection)s and o.source = 'cdc' and o.seen_at >= %(since)s and o.modified < %(older_than)s
  and exists (select 1 from syncapp_delivery w
              where w.connection_id = o.connection_id and w.received_at < %(older_than)s)
  and not exists (select 1 from syncapp_delivery d where d.connection_id = o.connection_id and d.object = o.object
                  and (d.remote_id = o.remote_id or d.merged_id = o.remote_id)
                  and d.received_at >= o.modified - interval '10 minutes')
group by o.company_id, o.connection_id, o.object
on conflict (connection_id, object, day) do update set count = syncapp_missednotice.count + excluded.count
returning count
"""
UNSEEN = """
select d.object, d.remote_id from syncapp_delivery d
left join syncapp_observation o
  on o.connection_id = d.connection_id and o.object = d.object and o.remote_id = d.remote_id
where d.id = any(%s) and d.happened_at is not null
  and coalesce(o.modified, '-infinity') < d.happened_at - interval '5 seconds'
  and coalesce(o.seen_at, '-infinity') < d.received_at
group by d.object, d.remote_id order by d.object, d.remote_id
"""
HEALTH = """
select object, count(*), max(received_at), max(happened_at),
  percentile_cont(0.5) within group (order by extract(epoch from received_at - happened_at)),
  percentile_cont(0.95) within group (order by extract(epoch from received_at - happened_at)),
  percentile_cont(0.5) within group (order by extract(epoch from read_at - received_at))
from syncapp_delivery where connection_id = %s and received_at >= %s group by object
"""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a delivery: the connections that got something new, with whether nobody had been told yet that
    theirs are to be read; and how many of its notices were of companies that the app does not connect here."""

    fresh: Mapping[UUID, bool]
    foreign: int


@dataclass(frozen=True, slots=True)
class NoticeHealth:
    """The notices of one object since a moment: how many, the newest, and how late they came (seconds)."""

    object: str
    count: int
    received_at: datetime
    happened_at: datetime | None
    delay_median: float | None
    delay_most: float | None
    reading_median: float | None


def receive(app_id: UUID, notices: Sequence[Mapping[str, Any]], debounce: float, cap: float) -> Received:
    """Store notices and hint their lanes, in one statement."""
    params = {"app": app_id, "notices": bulk.dumps(notices), "debounce": debounce, "cap": cap}
    rows = bulk.fetch_often(RECEIVE, params)
    return Received({id_: first for id_, first, _ in rows if id_ is not None}, sum(row[2] for row in rows))


def count_foreign(app_id: UUID, count: int) -> None:
    """So many verified notices named companies that the app does not connect here: one row per app and day."""
    bulk.fetch_often(COUNT_FOREIGN, {"app": app_id, "count": count})


def store_messages(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Store what outbound messages named; repeats are folded. Returns the objects of what was new."""
    stored = bulk.insert(
        Delivery,
        rows,
        on_conflict="(connection_id, key) where app_credentials_id is null do nothing",
        returning=["object"],
    )
    return [row[0] for row in stored]


def unread_messages(connection_id: UUID) -> list[Delivery]:
    """The oldest notifications of an org's messages whose records were not read yet."""
    rows = Delivery.objects.filter(connection_id=connection_id, app_credentials=None, read_at=None)
    return list(rows.order_by("received_at", "pk")[:2000])


def forgotten_messages() -> list[UUID]:
    """Orgs whose messages nobody has read for half a minute: a process died."""
    return [row[0] for row in bulk.fetch(FORGOTTEN_MESSAGES)]


def hint_lanes(connection_ids: Iterable[UUID], debounce: float, cap: float) -> set[UUID]:
    """Something changed in these companies' books: read it soon, a burst at once. Returns the connections of which
    nobody had been told yet."""
    rows = bulk.fetch(HINT, [sorted(connection_ids), debounce, cap])
    return {connection_id for connection_id, first in rows if first}


def claim_lane(connection_id: UUID) -> bool:
    """Take the reading that is due now, with all notices received so far; False when none is due."""
    return bool(bulk.fetch(CLAIM, [connection_id]))


def seconds_until_hinted(connection_id: UUID) -> float | None:
    """How long until the hinted reading of this connection is due; None where nothing was hinted."""
    found = bulk.fetch(WAITING, [connection_id])[0][0]
    return None if found is None else float(found)


def forgotten() -> set[UUID]:
    """Connections with notices that no reading has covered although nobody is about to read: a process died."""
    return {row[0] for row in bulk.fetch(FORGOTTEN)}


def unread(connection_id: UUID, until: datetime) -> list[Delivery]:
    """The notices received until then that no reading has covered."""
    rows = Delivery.objects.filter(connection_id=connection_id, read_at=None, received_at__lte=until)
    return list(rows.order_by("received_at")[:5000])


def mark_read(connection_id: UUID, ids: Sequence[int], at: datetime) -> None:
    """A reading has covered these notices."""
    Delivery.objects.filter(connection_id=connection_id, pk__in=ids).update(read_at=at)


def unseen(ids: Sequence[int]) -> dict[str, list[str]]:
    """The records that these notices name and that reading the changes did not bring: object -> ids."""
    found: dict[str, list[str]] = {}
    for name, remote_id in bulk.fetch(UNSEEN, [list(ids)]):
        found.setdefault(name, []).append(remote_id)
    return found


def count_missed(connection_id: UUID, since: datetime, older_than: datetime) -> None:
    """Count, per object, what was read since then although no notice had named it, where notices do arrive.

    Changes younger than `older_than` may still be named.
    """
    bulk.fetch_named(MISSED, {"connection": connection_id, "since": since, "older_than": older_than})


def health(connection_id: UUID, since: datetime) -> dict[str, NoticeHealth]:
    """How the notices of each object came since then."""
    rows = bulk.fetch(HEALTH, [connection_id, since])
    return {
        row[0]: NoticeHealth(row[0], int(row[1]), row[2], row[3], *map(_number, row[4:7])) for row in rows
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def purge(before: datetime) -> int:
    """Forget notices received before then that were read."""
    return Delivery.objects.filter(received_at__lt=before, read_at__isnull=False).delete()[0]
