"""Requests from Salesforce and what they are to be told: many rows in one statement each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from syncapp.models import SyncRequest
from syncapp.store import bulk

OBJECT = "QBO_Sync__c"
NEW = "New"
"""What the status of a record says that asks and was not told anything yet."""
LANE = "requests"
"""The name of the cursor by which new requests are looked for; it exists where the org has the object."""

# A record that says New although we told it something else was set back by a person: it asks again. One that says New
# because what we told it never arrived is told once more.
STORE = """
insert into syncapp_syncrequest
  (company_id, connection_id, remote_id, stamp, asked, state, status, message, outcome, number, told_number, telling,
   failures, failure_code, failure_values, received_at)
select %(company)s, %(connection)s, x.remote_id, x.stamp, x.asked, 'new', '', '', '{}', 0, 0, '{}',
  0, '', '{}', lb_now()
from jsonb_to_recordset(%(rows)s::jsonb) as x(remote_id text, stamp timestamptz, asked jsonb)
order by x.remote_id
on conflict (connection_id, remote_id) do update set
  state = case when syncapp_syncrequest.told_at < excluded.stamp then 'new' else syncapp_syncrequest.state end,
  asked = case when syncapp_syncrequest.told_at < excluded.stamp then excluded.asked else syncapp_syncrequest.asked end,
  stamp = case when syncapp_syncrequest.told_at < excluded.stamp then excluded.stamp else syncapp_syncrequest.stamp end,
  ended_at = case when syncapp_syncrequest.told_at < excluded.stamp then null else syncapp_syncrequest.ended_at end,
  tell_at = case when syncapp_syncrequest.told_at < excluded.stamp or syncapp_syncrequest.state = 'new'
                   then syncapp_syncrequest.tell_at
                 else coalesce(syncapp_syncrequest.tell_at, lb_now()) end,
  received_at = case when syncapp_syncrequest.told_at < excluded.stamp then lb_now()
                     else syncapp_syncrequest.received_at end
returning id
"""
# What a worker is about to start: nobody else starts it meanwhile.
LOCK_NEW = """
select id from syncapp_syncrequest where id = any(%s) and state = 'new' order by id for update skip locked
"""
OF_LINKS = """
select distinct connection_id from syncapp_syncrequest
where company_id = %s and link_id = any(%s) and state = 'started'
"""
STANDING = """
select coalesce((select c.position from syncapp_cursor c where c.connection_id = %s and c.lane = %s), ''),
  exists (select 1 from syncapp_syncrequest r where r.connection_id = %s and r.state <> 'ended')
  or exists (select 1 from syncapp_syncrequest r where r.connection_id = %s and r.tell_at is not null)
"""
WAITING = """
select distinct connection_id from syncapp_syncrequest
where connection_id = any(%s) and (state <> 'ended' or tell_at is not null)
"""
TO_TELL = """
select distinct connection_id from syncapp_syncrequest r
join syncapp_connection k on k.id = r.connection_id and k.status = 'live'
where r.tell_at <= lb_now() - interval '20 seconds'
"""


def standing(connection_id: UUID) -> tuple[list[str], bool]:
    """The fields to ask for in an org, and whether any of its requests waits for anything; one query."""
    names, waits = bulk.fetch(STANDING, [connection_id, LANE, connection_id, connection_id])[0]
    return names.split(), bool(waits)


def with_work(connection_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these connections that have a request which waits for anything."""
    return {row[0] for row in bulk.fetch(WAITING, [list(connection_ids)])}


def look_again(connection_id: UUID) -> None:
    """Something new came while somebody looks: that one looks once more."""
    bulk.execute(
        "update syncapp_cursor set hinted_at = lb_now() where connection_id = %s and lane = %s",
        [connection_id, LANE],
    )


def take_hint(connection_id: UUID) -> bool:
    """Whether something new came since; asked once, then forgotten."""
    return bool(
        bulk.execute(
            "update syncapp_cursor set hinted_at = null"
            " where connection_id = %s and lane = %s and hinted_at is not null",
            [connection_id, LANE],
        )
    )


def store(company_id: int, connection_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store records that say New (remote_id, stamp, asked); a record that is known already is started once only."""
    if rows:
        bulk.fetch_named(
            STORE, {"company": company_id, "connection": connection_id, "rows": bulk.dumps(rows)}
        )


def lock_new(ids: Sequence[int]) -> set[int]:
    """Which of these still wait to be started; locked until the transaction ends."""
    return {row[0] for row in bulk.fetch(LOCK_NEW, [list(ids)])}


def connections_of_links(company_id: int, link_ids: Sequence[UUID]) -> list[UUID]:
    """The Salesforce connections that have started requests about these links."""
    return [row[0] for row in bulk.fetch(OF_LINKS, [company_id, list(link_ids)])]


def untold() -> list[UUID]:
    """Connections with something to tell that nobody is about to tell."""
    return [row[0] for row in bulk.fetch(TO_TELL)]


def save_outcomes(rows: Sequence[Mapping[str, Any]]) -> None:
    """Store what became of requests (id, link_id, state, status, message, outcome, ended_at): each is told now, or
    when an answer that may be on its way can be looked for."""
    due = "case when t.telling = '{}' then lb_now() else greatest(t.tell_at, lb_now()) end"
    bulk.update(SyncRequest, rows, expressions=f"number = t.number + 1, tell_at = {due}")


def begin_telling(answers: Mapping[int, Mapping[str, Any]], seconds: float) -> None:
    """These answers (request id -> number and values) are about to be written; whoever finds one of them afterwards
    looks first, these seconds from now, whether it stands there."""
    bulk.update(
        SyncRequest,
        [{"id": id_, "telling": answer} for id_, answer in answers.items()],
        expressions=f"tell_at = lb_now() + interval '{float(seconds)} seconds'",
    )


def told(answers: Mapping[int, tuple[int, datetime]]) -> None:
    """Salesforce holds what these requests (id -> number, since when) had to tell. What came up meanwhile is still to
    be told."""
    bulk.update(
        SyncRequest,
        [{"id": id_, "told_number": number, "told_at": at} for id_, (number, at) in answers.items()],
        expressions="failures = 0, failure_code = '', failure_values = '{}', telling = '{}',"
        " tell_at = case when t.number = x.told_number then null else t.tell_at end",
    )


def purge(before: datetime) -> int:
    """Forget requests that were received before then and have ended and been told, or that nothing will end."""
    return SyncRequest.all_companies.filter(received_at__lt=before).delete()[0]
