"""How it stands, what happens next, what to do: everything the dashboard shows, from a bounded number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from syncapp.models import (
    ApiUsage,
    Attempt,
    Company,
    Connection,
    Integration,
    Mapping,
    MappingPass,
    Outcome,
    Problem,
    Run,
    Schedule,
)
from syncapp.services import budget, daily_calls, problems, records, schedules
from syncapp.services.budget import Budget
from syncapp.services.daily_calls import DailyCalls

PERIODS = {"24h": 24, "7d": 24 * 7, "30d": 24 * 30}
"""The periods of the chart, in hours; all but the first are shown by the day."""
WRITTEN = (Outcome.CREATED, Outcome.UPDATED)
FAILED = (Outcome.FAILED, Outcome.UNKNOWN)
TOP_CAUSES = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour (or day) of the chart, beginning at `start` (UTC): records written to each side, and failures."""

    start: datetime
    to_qbo: int
    to_sf: int
    failed: int


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One mapping in figures. In Salesforce and in QuickBooks: how many its last scan of that side found, or None."""

    mapping: Mapping
    in_sf: int | None
    in_qbo: int | None
    in_sync: int
    waiting: int
    problems: int
    skipped: int
    total: int
    oldest_problem: datetime | None


@dataclass(frozen=True, slots=True)
class NextRun:
    """A schedule with its next time (None while it is paused or cannot run)."""

    schedule: Schedule
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one connection: today, and of this month for what QuickBooks counts against a plan.

    `daily` is the whole Salesforce org's daily allowance; None where not told.
    """

    connection: Connection
    today: int
    month: int
    metered_month: int
    daily: DailyCalls | None
    budget: Budget | None = None
    """Of the metered reads, where there is one."""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything of the page."""

    integrations: Sequence[Integration]
    counts: dict[str, int]
    bars: Sequence[Bar]
    by_object: Sequence[ObjectRow]
    causes: Sequence[problems.ProblemGroup]
    open_problems: int
    calls: Sequence[Calls]
    last_run: Run | None
    open_run: Run | None
    next_runs: Sequence[NextRun]
    at: datetime

    @property
    def next_at(self) -> datetime | None:
        """The next time that anything runs by the clock."""
        return min((run.at for run in self.next_runs if run.at), default=None)


def summary(company: Company, *, period: str = "24h", now: datetime | None = None) -> Dashboard:
    """The dashboard of a company. About fifteen queries, whatever the number of records."""
    now = now or timezone.now()
    integrations = list(Integration.objects.select_related("salesforce", "quickbooks").order_by("id"))
    groups = problems.open_groups()
    runs = Run.objects.exclude(kind="preview").select_related("mapping", "schedule", "person")
    return Dashboard(
        integrations=integrations,
        counts=records.counts(),
        bars=activity(ZoneInfo(company.zone), period=period, now=now),
        by_object=by_object(),
        causes=groups[:TOP_CAUSES],
        open_problems=sum(group.count for group in groups),
        calls=calls(integrations, now),
        last_run=runs.filter(finished_at__isnull=False).order_by("-id").first(),
        open_run=runs.filter(state__in=schedules.OPEN_RUNS).order_by("-id").first(),
        next_runs=next_runs(),
        at=now,
    )


def next_runs(limit: int = 5) -> list[NextRun]:
    """The schedules that run next."""
    rows = Schedule.objects.filter(paused=False, next_at__isnull=False).select_related(
        "mapping", "integration"
    )
    return [NextRun(row, row.next_at) for row in rows.order_by("next_at")[:limit]]


# --- chart ---


def activity(zone: ZoneInfo, *, period: str = "24h", now: datetime | None = None) -> list[Bar]:
    """Records per hour (24 hours) or per day of the zone (longer), oldest first, empty hours included. One query."""
    now = now or timezone.now()
    hours = PERIODS.get(period, 24)
    starts = _starts(now, zone, hours)
    per_hour = _per_hour(starts[0])
    figures = {start: [0, 0, 0] for start in starts}
    for hour, values in per_hour.items():
        start = hour if hours == 24 else _day(hour, zone)
        for place, value in enumerate(values):
            if start in figures:
                figures[start][place] += value
    return [Bar(start, *figures[start]) for start in starts]


def _starts(now: datetime, zone: ZoneInfo, hours: int) -> list[datetime]:
    if hours == 24:
        this_hour = now.replace(minute=0, second=0, microsecond=0)
        return [this_hour - timedelta(hours=back) for back in range(23, -1, -1)]
    today = now.astimezone(zone).date()
    days = (today - timedelta(days=back) for back in range(hours // 24 - 1, -1, -1))
    return [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(now.tzinfo) for day in days]


def _day(hour: datetime, zone: ZoneInfo) -> datetime:
    local = hour.astimezone(zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(hour.tzinfo)


def _per_hour(since: datetime) -> dict[datetime, tuple[int, int, int]]:
    rows = (
        Attempt.objects.filter(finished_at__gte=since, outcome__in=(*WRITTEN, *FAILED))
        .order_by()
        .annotate(hour=TruncHour("finished_at"))
        .values("hour")
        .annotate(
            to_qbo=Count("id", filter=Q(outcome__in=WRITTEN) & Q(direction__in=("to_qbo", "both"))),
            to_sf=Count("id", filter=Q(outcome__in=WRITTEN) & Q(direction__in=("to_sf", "both"))),
            failed=Count("id", filter=Q(outcome__in=FAILED)),
        )
    )
    return {row["hour"]: (row["to_qbo"], row["to_sf"], row["failed"]) for row in rows}


# --- by object ---


def by_object() -> list[ObjectRow]:
    """Every mapping in figures; everything is accounted for. Five queries."""
    figures = records.counts_by_mapping()
    scans = {(row["mapping_id"], row["side"]): row["records"] for row in _scans()}
    oldest = {row["mapping_id"]: row["first"] for row in _oldest_problems()}
    mappings = Mapping.objects.select_related("integration").order_by("integration_id", "id")
    return [_object_row(one, figures.get(one.pk, {}), scans, oldest.get(one.pk)) for one in mappings]


def _object_row(
    mapping: Mapping, figures: dict[str, int], scans: dict[tuple[int, str], int], oldest: datetime | None
) -> ObjectRow:
    def of(*names: str) -> int:
        return sum(figures.get(name, 0) for name in names)

    return ObjectRow(
        mapping=mapping,
        in_sf=scans.get((mapping.pk, "sf")),
        in_qbo=scans.get((mapping.pk, "qbo")),
        in_sync=of("in_sync"),
        waiting=of("waiting", "not_synced", "queued", "syncing"),
        problems=of("needs_attention", "conflict", "deleted_there", "changed"),
        skipped=of("skipped", "unlinked"),
        total=of("all"),
        oldest_problem=oldest,
    )


def _scans() -> Any:
    return MappingPass.objects.filter(scanned_at__isnull=False).values("mapping_id", "side", "records")


def _oldest_problems() -> Any:
    open_ones = Problem.objects.filter(closed_at__isnull=True, mapping_id__isnull=False).order_by()
    return open_ones.values("mapping_id").annotate(first=Min("first_seen_at"))


# --- calls ---


def calls(integrations: Sequence[Integration], now: datetime) -> list[Calls]:
    """Calls of each connection today and this month (UTC days); the allowance where the side told it. One query."""
    connections = {
        c.pk: c for pair in integrations for c in (pair.salesforce, pair.quickbooks) if c is not None
    }
    rows = (
        ApiUsage.objects.filter(connection_id__in=connections, day__gte=now.date().replace(day=1))
        .order_by()
        .values("connection_id")
        .annotate(
            month=Sum("calls"),
            metered=Sum("metered"),
            today=Sum("calls", filter=Q(day=now.date())),
        )
    )
    sums: dict[UUID, dict[str, Any]] = {row["connection_id"]: dict(row) for row in rows}
    return [_calls(connection, sums.get(pk, {}), now) for pk, connection in connections.items()]


def _calls(connection: Connection, sums: dict[str, Any], now: datetime) -> Calls:
    daily = daily_calls.of(connection)
    metered = sums.get("metered") or 0
    return Calls(
        connection=connection,
        today=sums.get("today") or 0,
        month=sums.get("month") or 0,
        metered_month=metered,
        daily=daily,
        budget=Budget(metered, connection.metered_budget, budget.forecast(metered, now))
        if budget.is_metered(connection) and connection.metered_budget
        else None,
    )
