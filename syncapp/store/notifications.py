"""What people are to be told of, stored with what brought it about: once per key until it is over and came back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS

from syncapp.models import Notification, NotificationKind
from syncapp.store import bulk


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell of. `key` says what counts as the same thing."""

    kind: NotificationKind
    key: str
    code: str
    values: dict[str, Any] = field(default_factory=dict)
    mapping_id: int | None = None
    connection_id: UUID | None = None
    run_id: UUID | None = None


def raise_all(company_id: int, news: Iterable[News], at: datetime, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Store news in the caller's transaction; what is open already is not stored again. One statement."""
    rows = [
        Notification(
            company_id=company_id,
            kind=one.kind,
            key=one.key[:200],
            code=one.code[:80],
            values=one.values,
            mapping_id=one.mapping_id,
            connection_id=one.connection_id,
            run_id=one.run_id,
            raised_at=at,
        )
        for one in sorted(news, key=lambda one: one.key)  # in one order everywhere: nobody waits in a ring
    ]
    if rows:
        Notification.all_companies.using(using).bulk_create(rows, ignore_conflicts=True)


def of_problem(
    code: str, values: dict[str, Any], *, mapping_id: int | None = None, connection_id: UUID | None = None
) -> News:
    """News of a kind of problem: its code in one mapping, or with one connection; never one per record."""
    return News(
        NotificationKind.PROBLEM,
        f"problem:{code}:{mapping_id or connection_id or ''}",
        code,
        values,
        mapping_id=mapping_id,
        connection_id=connection_id,
    )


ABSENT = """
update syncapp_notification n set absent_at = case when s.there then null else lb_now() end
from (
  select o.id, o.absent_at, case o.kind
    when 'connection' then exists (select 1 from syncapp_connection c
                                   where c.id = o.connection_id and c.status = 'needs_reauth')
    when 'run' then not exists (select 1 from syncapp_run r where r.company_id = o.company_id and r.id > o.run_id
                                and r.mapping_id is not distinct from o.mapping_id and r.state = 'done'
                                and r.kind <> 'preview')
    else exists (select 1 from syncapp_problem p where p.company_id = o.company_id and p.code = o.code
                 and p.closed_at is null and p.mapping_id is not distinct from o.mapping_id
                 and (o.connection_id is null or p.connection_id = o.connection_id))
  end as there
  from syncapp_notification o
  where o.ended_at is null and o.kind <> 'token' and o.code <> all(%s)
) s
where n.id = s.id and (s.absent_at is null) <> s.there
"""
# 'token' and the codes given are ended by whoever watches them.


def mark_absent(watched_elsewhere: list[str]) -> int:
    """Note of what is open whether it is still there. One statement over all companies."""
    return bulk.execute(ABSENT, [watched_elsewhere])


def end_absent(seconds: float) -> int:
    """What stayed away so long is over: when it comes back, people are told again."""
    return bulk.execute(
        "update syncapp_notification set ended_at = lb_now() where ended_at is null"
        " and absent_at <= lb_now() - %s * interval '1 second'",
        [seconds],
    )


def purge(days: int) -> int:
    """Forget what was told of so long ago and is over, and warnings of sign-ins, which never come twice."""
    return bulk.execute(
        "delete from syncapp_notification where raised_at < lb_now() - %s * interval '1 day'"
        " and (ended_at is not null or kind = 'token')",
        [days],
    )
