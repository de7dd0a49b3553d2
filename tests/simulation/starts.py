"""What schedules started, noted by the database itself in the transaction that starts it: what was rolled back was
never noted, and what a run says later of itself changes nothing here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

WATCH = """
create table if not exists simulation_starts (n bigserial primary key, tx bigint, what text, schedule bigint,
  at timestamptz, due timestamptz, paused boolean, run uuid, cause text, mapping text,
  beside bigint);
create or replace function simulation_clock() returns trigger language plpgsql as $$ begin
  insert into simulation_starts (tx, what, schedule, at, due, paused)
  values (txid_current(), 'clock', new.id, lb_now(), old.next_at, old.paused);
  return null;
end $$;
create or replace function simulation_run() returns trigger language plpgsql as $$ begin
  insert into simulation_starts (tx, what, schedule, at, due, cause, run, mapping, beside)
  select txid_current(), 'run', new.schedule_id, lb_now(),
    (select next_at from syncapp_schedule where id = new.schedule_id),
    case tg_op when 'INSERT' then new.cause else 'joined' end, new.id,
    (select key from syncapp_mapping where id = new.mapping_id),
    (select count(*) from syncapp_run r where r.schedule_id = new.schedule_id and r.id <> new.id
       and r.state in ('queued', 'reading', 'running')
       and not exists (select 1 from simulation_starts s where s.tx = txid_current() and s.run = r.id));
  return null;
end $$;
create or replace trigger simulation_clock after update on syncapp_schedule
  for each row when (new.last_at is distinct from old.last_at) execute function simulation_clock();
create or replace trigger simulation_run_made after insert on syncapp_run
  for each row when (new.schedule_id is not null) execute function simulation_run();
create or replace trigger simulation_run_joined after update on syncapp_run
  for each row when (new.schedule_id is not null and new.schedule_id is distinct from old.schedule_id)
  execute function simulation_run();
"""
FORGET = """
drop function if exists simulation_clock() cascade;
drop function if exists simulation_run() cascade;
drop table if exists simulation_starts;
"""


@dataclass(frozen=True)
class Start:
    """A tick started a schedule, and says so in it."""

    tx: int
    schedule: int
    at: datetime
    due: datetime | None
    """The time that it was claimed for."""
    paused: bool


@dataclass(frozen=True)
class Begun:
    """A run became a schedule's: new, or one that still read. A tick's or a person's."""

    tx: int
    schedule: int
    at: datetime
    due: datetime | None
    """The schedule's next time as it was then."""
    cause: str
    mapping: str
    beside: int
    """Open runs that the schedule had from before."""


def watch() -> None:
    """From now on the database notes every start."""
    with connection.cursor() as cursor:
        cursor.execute(WATCH)


def forget() -> None:
    """Leave nothing of it behind."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET)


def by_the_clock() -> list[Start]:
    """What ticks started, in order."""
    return [Start(*row) for row in _noted("clock", "tx, schedule, at, due, paused")]


def runs() -> list[Begun]:
    """Every run that was started for a schedule, in order."""
    return [Begun(*row) for row in _noted("run", "tx, schedule, at, due, cause, mapping, beside")]


def _noted(what: str, columns: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"select {columns} from simulation_starts where what = %s order by n", [what])
        return list(cursor.fetchall())
