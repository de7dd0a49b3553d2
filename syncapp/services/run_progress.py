"""How far a run is, how fast it goes now, how long the rest takes, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

from connectors.contracts import Priority
from syncapp.engine import plan as plans
from syncapp.models import Connection, Run, RunKind, RunState
from syncapp.services import budget, daily_calls, finding, held_up, scope
from syncapp.services.held_up import Wait
from syncapp.services.runs import OPEN
from syncapp.store import leases

WINDOW_S = 120.0
"""The rate is that of the last two minutes, as far as somebody watched."""
SAMPLE_S = 10.0
KEPT_S = 600


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is. `per_minute` is the rate now, or since the start where that is not known yet; `seconds_left` is
    None while nobody can tell."""

    total: int
    done: int
    per_minute: float
    seconds_left: float | None
    state: str
    finding: bool = False
    """Whether it still looks for records, so that the total grows."""


def progress(run: Run) -> RunProgress:
    """Records done and to do, the rate, and what that means for the rest."""
    planned = run.kind == RunKind.PREVIEW and run.state == RunState.DONE
    done, total = (run.total if planned else run.done_count), run.total
    now = timezone.now()
    per_minute = _rate_now(run, done, now) if run.state in OPEN else None
    if per_minute is None:
        started = run.started_at or run.created_at
        per_minute = done * 60 / max(((run.finished_at or now) - started).total_seconds(), 1.0)
    looks = run.state in OPEN and scope.of(run) == scope.FILTER and not finding.is_read(run)
    return RunProgress(total, done, per_minute, _left(run, total - done, per_minute), run.state, looks)


def _left(run: Run, records: int, per_minute: float) -> float | None:
    """The rest at the rate of now; before anything is done at the rate that the vendors allow."""
    if run.state not in OPEN or records <= 0:
        return None
    if per_minute:
        return records * 60 / per_minute
    return float(plans.cost(records, records).seconds) if run.kind != RunKind.PREVIEW else None


def _rate_now(run: Run, done: int, now: datetime) -> float | None:
    """Records a minute between the oldest look of the last two minutes and this one; None without one."""
    key, moment = f"run-pace:{run.pk}", now.timestamp()
    samples: list[tuple[float, int]] = [one for one in cache.get(key) or [] if moment - one[0] <= WINDOW_S]
    if not samples or moment - samples[-1][0] >= SAMPLE_S:
        cache.set(key, [*samples, (moment, done)], KEPT_S)
    if not samples or moment - samples[0][0] < SAMPLE_S:
        return None
    return max(0.0, (done - samples[0][1]) * 60 / (moment - samples[0][0]))


def what_it_waits_for(run: Run) -> list[Wait]:
    """Why an open run does not go on now: a connection, and for a load of the lowest class the calls that are left. One
    query."""
    if run.state not in OPEN:
        return []
    waits = held_up.by(run.integration)
    if leases.PRIORITY[run.priority] is not Priority.BULK:
        return waits
    salesforce, quickbooks = run.integration.salesforce, run.integration.quickbooks
    if salesforce is not None:
        calls = daily_calls.of(salesforce)
        if calls is not None and calls.large_loads_wait:
            waits.append(
                Wait("run.waits_for_calls", {"used": f"{calls.used:,}", "limit": f"{calls.limit:,}"})
            )
    if quickbooks is not None and quickbooks.metered_budget and _reads_are_used(quickbooks):
        waits.append(Wait("run.waits_for_reads", {"budget": f"{quickbooks.metered_budget:,}"}))
    return waits


def _reads_are_used(quickbooks: Connection) -> bool:
    return budget.is_metered(quickbooks) and budget.of(quickbooks).part >= 1
