"""Counters and ends of runs: every link counts once in a run, as what came of it last.

The work row of a link remembers what it counts as (`LinkWork.outcome`) while it is due; the run's counters move by the
difference, once per settle, and are never counted from rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from uuid import UUID

from syncapp.models import Run
from syncapp.models.run import ASKED_KINDS, EXACT_KINDS
from syncapp.store import bulk

COLUMN = {
    "created": "created_count",
    "updated": "updated_count",
    "linked": "linked_count",
    "nothing": "unchanged_count",
    "skipped": "skipped_count",
    "waiting": "waiting_count",
    "asked": "asked_count",
    "failed": "failed_count",
    "moved": "moved_count",
}


STANDS = frozenset(
    {("created", "updated"), ("created", "linked"), ("updated", "linked")}
    | {(was, "nothing") for was in ("created", "updated", "linked")}
)
"""(counted, new) outcomes of one link in one run where the first says more of what came of it than the second."""

_SUMS = ", ".join(
    f"count(*) filter (where outcome = '{outcome}') - count(*) filter (where before = '{outcome}') as {column}"
    for outcome, column in COLUMN.items()
)
_ADDED = ", ".join(f"{column} = r.{column} + s.{column}" for column in COLUMN.values())
_STANDS = ", ".join(f"('{before}', '{after}')" for before, after in sorted(STANDS))
# Every run of a told link is begun by it, also where nothing moves.
COUNT = f"""
with told as (
  select * from jsonb_to_recordset(%s::jsonb) as x(link_id uuid, run_id uuid, outcome text)
), was as (
  select w.link_id, w.run_id, w.outcome from syncapp_linkwork w
  where w.link_id in (select link_id from told) order by w.link_id for update
), known as (
  select w.link_id, w.run_id, w.outcome as before, t.outcome from was w join told t using (link_id, run_id)
), moved as (
  select * from known where before <> outcome and (before, outcome) not in ({_STANDS})
), marked as (
  update syncapp_linkwork w set outcome = m.outcome from moved m where w.link_id = m.link_id
), sums as (
  select run_id, {_SUMS}
  from (select run_id, before, outcome from moved union all select run_id, '', '' from known) k group by run_id
), locked as (
  select id from syncapp_run where id in (select run_id from sums) order by id for no key update
)
update syncapp_run r set {_ADDED}, started_at = coalesce(r.started_at, lb_now()),
  state = case when r.state = 'queued' then 'running' else r.state end
from sums s join locked l on l.id = s.run_id where r.id = s.run_id
"""
LEAVE = """
update syncapp_linkwork w set run_id = null, outcome = ''
from (select link_id, run_id, outcome from syncapp_linkwork where link_id = any(%s) and run_id is not null
      order by link_id for update) was
where w.link_id = was.link_id returning was.run_id, was.outcome
"""


def count(outcomes: Iterable[tuple[UUID, UUID | None, str]]) -> None:
    """Count (link, run, outcome): each link once per run, as what came of it last. Call it before the link's work is
    released; a link that left the run meanwhile counts no more."""
    told = [row for row in outcomes if row[1] is not None and row[2] in COLUMN]
    while told:
        first = {row[0]: row for row in reversed(told)}
        rows = [{"link_id": link, "run_id": run, "outcome": outcome} for link, run, outcome in first.values()]
        bulk.execute(COUNT, [bulk.dumps(sorted(rows, key=lambda row: str(row["link_id"])))])
        told = [row for row in told if first[row[0]] is not row]


def add(run_id: UUID, outcome: str, number: int) -> None:
    """Count so many records that are in the run's total and never became work."""
    _add(run_id, Counter({COLUMN[outcome]: number}))


def leave(link_ids: Iterable[UUID]) -> None:
    """These links belong to no run any more: they are taken out of what their runs count and of what these have to do
    (the half of a pair that was joined into the other, a record of a stopped run that something else made due)."""
    changes: dict[UUID, Counter[str]] = {}
    for run_id, outcome in bulk.fetch(LEAVE, [list(link_ids)]):
        change = changes.setdefault(run_id, Counter())
        change["total"] -= 1
        _move(change, outcome, "")
    for run_id, change in sorted(changes.items()):
        _add(run_id, change)


def _move(change: Counter[str], before: str, after: str) -> None:
    if before:
        change[COLUMN[before]] -= 1
    if after:
        change[COLUMN[after]] += 1


def _add(run_id: UUID, change: Counter[str]) -> None:
    sets = "".join(
        f"{column} = {column} + {number:d}, " for column, number in sorted(change.items()) if number
    )
    bulk.execute(
        f"update syncapp_run set {sets}started_at = coalesce(started_at, lb_now()),"
        " state = case when state = 'queued' then 'running' else state end where id = %s",
        [run_id],
    )


def asked(run_ids: Collection[UUID]) -> set[UUID]:
    """Which of these runs a person asked for record by record."""
    rows = Run.objects.filter(id__in=list(run_ids), kind__in=ASKED_KINDS) if run_ids else Run.objects.none()
    return set(rows.values_list("id", flat=True))


def exact(run_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Runs that carry out stored decisions: run -> the preview that holds them."""
    if not run_ids:
        return {}
    rows = Run.objects.filter(id__in=list(run_ids), kind__in=EXACT_KINDS, origin__isnull=False)
    return dict(rows.values_list("id", "origin_id"))


def add_calls(run_id: UUID, calls: int, metered: int) -> None:
    """Calls that this run made."""
    bulk.execute(
        "update syncapp_run set calls = calls + %s, metered_reads = metered_reads + %s where id = %s",
        [calls, metered, run_id],
    )


def finish_idle(run_ids: Iterable[UUID] | None = None) -> int:
    """Running runs of which no link is due any more are done; all open runs when no ids are given (the sweeper)."""
    chosen = None if run_ids is None else list(run_ids)
    return bulk.execute(
        "update syncapp_run r set state = case when stop_requested then 'stopped' else 'done' end,"
        " finished_at = lb_now() where r.state = 'running' and (%s::uuid[] is null or r.id = any(%s))"
        " and not exists (select 1 from syncapp_linkwork w where w.run_id = r.id)",
        [chosen, chosen],
    )
