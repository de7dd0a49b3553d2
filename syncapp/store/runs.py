"""Counters and ends of runs; added once per settle, never counted from rows."""

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


def count(outcomes: Iterable[tuple[UUID | None, str]]) -> None:
    """Add (run, outcome) pairs to their runs' counters."""
    per_run: dict[UUID, Counter[str]] = {}
    for run_id, outcome in outcomes:
        if run_id is not None and outcome in COLUMN:
            per_run.setdefault(run_id, Counter())[COLUMN[outcome]] += 1
    for run_id, counter in sorted(per_run.items()):
        sets = ", ".join(f"{column} = {column} + {number}" for column, number in sorted(counter.items()))
        bulk.execute(
            f"update syncapp_run set {sets}, started_at = coalesce(started_at, lb_now()),"
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
