"""Where the reading of changes stands: the cursors of one lane, moved together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncapp.models import Connection
from syncapp.store import bulk

MOVE = """
update syncapp_cursor c set
  watermark = x.watermark, version = c.version + 1, last_full_at = lb_now(),
  last_news_at = case when x.news then lb_now() else c.last_news_at end,
  next_at = case when c.hinted_at is not null then c.next_at
    else lb_now() + case when x.news or c.last_news_at > lb_now() - x.quiet_after then x.busy else x.quiet end end
from unnest(%s::bigint[], %s::integer[], %s::timestamptz[], %s::boolean[],
  %s::interval[], %s::interval[], %s::interval[]) as x(id, version, watermark, news, busy, quiet, quiet_after)
where c.id = x.id and c.version = x.version
"""

START = """
insert into syncapp_cursor as c (company_id, connection_id, object, lane, position, owner, version, watermark, next_at)
select %s, %s, name, %s, '', '', 0, %s, lb_now() from unnest(%s::text[]) as name
on conflict (connection_id, object, lane) do update set
  watermark = least(c.watermark, excluded.watermark),
  next_at = excluded.next_at + case when c.last_full_at is null then interval '0' else %s end
"""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a lane is read again: after `busy`, or after `quiet` once it had no news for `quiet_after`."""

    busy: timedelta
    quiet: timedelta
    quiet_after: timedelta


@dataclass(frozen=True, slots=True)
class Move:
    """One cursor: the version from which it was read on, where it goes, its rhythm, whether there was news."""

    cursor_id: int
    version: int
    watermark: datetime | None
    rhythm: Rhythm
    news: bool = False


def start(
    connection: Connection, names: Sequence[str], lane: str, watermark: datetime, every: timedelta
) -> None:
    """Begin to read these objects in a lane, from `watermark` on. One that is read already goes back there if it is
    further, and keeps its rhythm."""
    values = [connection.company_id, connection.pk, lane, watermark, sorted(names), every]
    bulk.execute(START, values)


def move(moves: Sequence[Move]) -> None:
    """Move these cursors, in one statement. A cursor that another process moved meanwhile keeps its newer position, and
    one for which a notice came during the reading is due when the notice said."""
    if not moves:
        return
    ordered = sorted(moves, key=lambda one: one.cursor_id)
    bulk.execute(
        MOVE,
        [
            [one.cursor_id for one in ordered],
            [one.version for one in ordered],
            [one.watermark for one in ordered],
            [one.news for one in ordered],
            [one.rhythm.busy for one in ordered],
            [one.rhythm.quiet for one in ordered],
            [one.rhythm.quiet_after for one in ordered],
        ],
    )
