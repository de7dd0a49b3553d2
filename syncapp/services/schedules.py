"""When mappings run by the clock: next times in the company's zone, and claiming what is due.

A schedule keeps one UTC time, `next_at`. The tick claims due rows; a tick that came late runs a schedule once however
many times it missed, and a schedule whose last run is still open is not started a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import structlog
from cronsim import CronSim, CronSimError
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from syncapp.models import (
    Cadence,
    Company,
    CompanyState,
    IntegrationState,
    Mapping,
    MappingMode,
    Run,
    RunState,
    Schedule,
)
from syncapp.services import audit
from syncapp.services.errors import Refused
from syncapp.store import bulk
from syncapp.tenancy import tenant

log = structlog.get_logger()
MOST_MINUTES = 24 * 60
LAST_DAY = 31
AT_A_TIME = (Cadence.DAILY, Cadence.WEEKLY, Cadence.MONTHLY)
QuietHours = tuple[time, time]
BY_THE_CLOCK = (MappingMode.SCHEDULE, MappingMode.CHANGES)
"""The modes in which a schedule starts a mapping; the other two wait for a person or are off."""
ANY_DUE = """
select t.now, exists (select 1 from syncapp_schedule where not paused and next_at <= t.now)
from (select coalesce(%s::timestamptz, lb_now()) as now) t
"""
OPEN_RUNS = (RunState.QUEUED, RunState.READING, RunState.RUNNING)


def save(schedule: Schedule, person: Any | None, *, now: datetime | None = None) -> Schedule:
    """Check a schedule, work out its next time and store it.

    Raises Refused: `schedule.minutes`, `schedule.minute_of_hour`, `schedule.time_missing`, `schedule.cron_wrong`,
    `schedule.never` (a date that never comes), `schedule.day_missing`, `schedule.month_day`, `schedule.once_over`,
    `schedule.other_mapping` (not of this integration).
    """
    check(schedule)
    with transaction.atomic():
        before = _stored(schedule)
        if before is not None:  # a tick or another person may have been here since the row was read
            schedule.paused, schedule.last_at = before.paused, before.last_at
        schedule.next_at = None if schedule.paused else _next(schedule, now or timezone.now())
        schedule.save()
        audit.decided(
            "schedule.changed" if before else "schedule.added",
            person,
            before=_facts(before) if before else None,
            after=_facts(schedule),
        )
    return schedule


def _stored(schedule: Schedule) -> Schedule | None:
    """The row as it is stored, held until the transaction ends, so that no tick starts it meanwhile; None for one that
    is new or was removed."""
    rows = Schedule.objects.select_for_update(of=("self",)).select_related("mapping")
    return rows.filter(pk=schedule.pk).first()


def check(schedule: Schedule) -> None:
    """Raise Refused, as `save` does, when this schedule cannot run."""
    mapping = schedule.mapping
    if mapping is not None and mapping.integration_id != schedule.integration_id:
        raise Refused("schedule.other_mapping")
    if schedule.cadence == Cadence.EVERY and not 1 <= schedule.minutes <= MOST_MINUTES:
        raise Refused("schedule.minutes", most=MOST_MINUTES)
    if schedule.cadence == Cadence.HOURLY and not 0 <= schedule.at_minute <= 59:
        raise Refused("schedule.minute_of_hour")
    if schedule.cadence in AT_A_TIME and schedule.at_time is None:
        raise Refused("schedule.time_missing")
    if schedule.cadence == Cadence.WEEKLY and not weekdays_of(schedule):
        raise Refused("schedule.day_missing")
    if schedule.cadence == Cadence.MONTHLY and not (
        1 <= schedule.month_day <= 28 or schedule.month_day == LAST_DAY
    ):
        raise Refused("schedule.month_day")
    if schedule.cadence == Cadence.ONCE and (schedule.once_at is None or schedule.once_at <= timezone.now()):
        raise Refused("schedule.once_over")
    if schedule.cadence == Cadence.CRON:
        _check_cron(schedule.cron)


def _check_cron(expression: str) -> None:
    if len(expression.split()) != 5:
        raise Refused("schedule.cron_wrong", cron=expression)
    try:
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError:
        raise Refused("schedule.cron_wrong", cron=expression) from None
    except StopIteration:
        raise Refused("schedule.never", cron=expression) from None


def next_times(
    schedule: Schedule,
    n: int = 5,
    now: datetime | None = None,
    zone: str = "",
    quiet: QuietHours | None = None,
) -> list[datetime]:
    """The next `n` times after `now`, UTC; fewer where it ends before. Empty while it cannot run.

    A time that the clocks jump over comes at the end of the jump; a time that comes twice runs once; what falls into
    the company's quiet hours comes once when they end. `zone` and `quiet` spare the look-up of the company's.
    """
    if not zone:
        company = schedule.integration.company
        zone, quiet = company.zone, quiet_hours(company)
    times = _times(schedule, now or timezone.now(), zone)
    found: list[datetime] = []
    try:
        for moment in times:
            later = _after_quiet(moment, zone, quiet)
            if later not in found:
                found.append(later)
            if len(found) == n:
                break
    except CronSimError:
        return []
    return found


def quiet_hours(company: Company) -> QuietHours | None:
    """The company's quiet hours, in its zone; None where it has none."""
    if company.quiet_from is None or company.quiet_to is None or company.quiet_from == company.quiet_to:
        return None
    return company.quiet_from, company.quiet_to


def _after_quiet(moment: datetime, zone: str, quiet: QuietHours | None) -> datetime:
    """The moment, or the end of the quiet hours that it falls into (they may go past midnight)."""
    if quiet is None:
        return moment
    begins, ends = quiet
    local = moment.astimezone(ZoneInfo(zone))
    clock_time = local.time().replace(tzinfo=None)
    within = begins <= clock_time < ends if begins < ends else clock_time >= begins or clock_time < ends
    if not within:
        return moment
    day = local.date() + timedelta(days=1) if begins > ends and clock_time >= begins else local.date()
    # in the second pass of an hour that comes twice they end in that pass, not an hour ago
    return _moment_of(datetime.combine(day, ends.replace(fold=local.fold), tzinfo=ZoneInfo(zone)))


def _moment_of(local: datetime) -> datetime:
    """UTC; for a time that the clocks jump over, the end of the jump."""
    moment, minute = local.astimezone(UTC), timedelta(minutes=1)
    if moment.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    after = moment.astimezone(local.tzinfo).utcoffset()
    while (moment - minute).astimezone(local.tzinfo).utcoffset() == after:
        moment -= minute
    return moment


def weekdays_of(schedule: Schedule) -> list[int]:
    """The weekdays of a weekly schedule, Monday 0."""
    return sorted({int(day) for day in schedule.weekdays.split(",") if day in set("0123456")})


def _next(schedule: Schedule, now: datetime) -> datetime | None:
    return next(iter(next_times(schedule, 1, now)), None)


def _times(schedule: Schedule, now: datetime, zone: str) -> Iterator[datetime]:
    if schedule.cadence == Cadence.EVERY:
        yield from _every(timedelta(minutes=schedule.minutes), now)
    if schedule.cadence == Cadence.ONCE:
        if schedule.once_at is not None and schedule.once_at > now:
            yield schedule.once_at
        return
    previous = now.astimezone(UTC)
    for local in CronSim(_expression(schedule), now.astimezone(ZoneInfo(zone))):
        moment = local.astimezone(UTC)
        if moment > previous:  # in the doubled hour the first pass is over already
            previous = moment
            yield moment


def _every(step: timedelta, now: datetime) -> Iterator[datetime]:
    """Multiples of the step since the epoch, so that every 15 minutes means at :00, :15, :30, :45."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    moment = epoch + ((now - epoch) // step) * step
    while True:
        moment += step
        yield moment


def _expression(schedule: Schedule) -> str:
    if schedule.cadence == Cadence.HOURLY:
        return f"{schedule.at_minute} * * * *"
    if schedule.cadence == Cadence.DAILY and schedule.at_time is not None:
        return f"{schedule.at_time.minute} {schedule.at_time.hour} * * *"
    if schedule.cadence == Cadence.WEEKLY and schedule.at_time is not None:
        days = ",".join(str((day + 1) % 7) for day in weekdays_of(schedule))
        return f"{schedule.at_time.minute} {schedule.at_time.hour} * * {days or '*'}"
    if schedule.cadence == Cadence.MONTHLY and schedule.at_time is not None:
        day = "L" if schedule.month_day == LAST_DAY else schedule.month_day
        return f"{schedule.at_time.minute} {schedule.at_time.hour} {day} * *"
    return schedule.cron


def plan_anew(company: Company, *, now: datetime | None = None) -> None:
    """The company's zone or quiet hours have changed: work out the next times anew. Needs it in context."""
    changed = list(Schedule.objects.filter(paused=False).select_related("integration"))
    for schedule in changed:
        schedule.integration.company = company
        schedule.next_at = _next(schedule, now or timezone.now())
    Schedule.objects.bulk_update(changed, ["next_at"], batch_size=500)


def pause(schedule: Schedule, person: Any | None) -> None:
    """Stop starting runs by this schedule until it is resumed. A run under way goes on."""
    _set_paused(schedule, person, paused=True)


def resume(schedule: Schedule, person: Any | None, *, now: datetime | None = None) -> None:
    """Start again with the next time from now on; what was missed meanwhile is not made up for."""
    _set_paused(schedule, person, paused=False, now=now)


def _set_paused(schedule: Schedule, person: Any | None, *, paused: bool, now: datetime | None = None) -> None:
    """Of what is stored now: the page that was pressed may be older than somebody's change. Nothing for one that was
    removed."""
    with transaction.atomic():
        stored = _stored(schedule)
        if stored is not None and stored.paused != paused:
            stored.integration = schedule.integration
            stored.paused = paused
            stored.next_at = None if paused else _next(stored, now or timezone.now())
            stored.save(update_fields=["paused", "next_at"])
            audit.decided("schedule.paused" if paused else "schedule.resumed", person, after=_facts(stored))
    if stored is not None:
        schedule.paused, schedule.next_at = stored.paused, stored.next_at


def pause_all(person: Any | None, mapping: Mapping | None = None) -> int:
    """Pause every schedule of the company, or of one mapping; returns how many were running."""
    rows = list(_of(mapping).filter(paused=False).select_related("mapping"))
    for schedule in rows:
        pause(schedule, person)
    return len(rows)


def resume_all(person: Any | None, mapping: Mapping | None = None, *, now: datetime | None = None) -> int:
    """Resume every paused schedule of the company, or of one mapping; returns how many."""
    rows = list(_of(mapping).filter(paused=True).select_related("mapping", "integration__company"))
    for schedule in rows:
        resume(schedule, person, now=now)
    return len(rows)


def _of(mapping: Mapping | None) -> QuerySet[Schedule]:
    return Schedule.objects.all() if mapping is None else Schedule.objects.filter(mapping=mapping)


def remove(schedule: Schedule, person: Any | None) -> None:
    """Delete a schedule; its runs stay in the list of runs. Nothing for one that is gone already."""
    with transaction.atomic():
        stored = _stored(schedule)
        if stored is not None:
            audit.decided("schedule.removed", person, before=_facts(stored))
            stored.delete()


def run_now(schedule: Schedule, person: Any | None) -> Run:
    """Start this schedule's run at a person's press; its next time stays as it is.

    Raises Refused `schedule.still_running` or `schedule.nothing_to_run` (nor does one that was removed meanwhile).
    """
    with transaction.atomic():
        # The same lock as the tick's: a press in the moment of the schedule's own time starts it once.
        stored = _stored(schedule)
        if stored is not None and _still_running(stored):
            raise Refused("schedule.still_running")
        runs = _start(stored, person, "Run now") if stored is not None else []
    if not runs:
        raise Refused("schedule.nothing_to_run")
    return runs[0]


def start_due(now: datetime | None = None, limit: int = 200) -> int:
    """Start every schedule that is due, of all companies; returns how many were started.

    Outside a company. Safe with several ticks at once: each due row is claimed by one of them. A schedule that cannot
    start (paused company, integration not switched on, last run still open) keeps its rhythm and starts next time: all
    of those are moved on by one statement. One query while nothing is due, however many schedules there are.
    """
    now, any_due = bulk.fetch(ANY_DUE, [now])[0]
    if not any_due:
        return 0
    now = now.astimezone(UTC)
    due = _due(now, limit)
    _move_on([row for row in due if not row.may_start], now)
    started = 0
    for row in due:
        if row.may_start:
            started += _start_or_move_on(row, now)
    return started


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule whose time has come. `may_start` is False where something holds it back."""

    schedule: Schedule
    may_start: bool


def _due(now: datetime, limit: int) -> list[Due]:
    rows = Schedule.all_companies.filter(paused=False, next_at__lte=now).select_related(
        "company", "integration__company"
    )
    open_runs = Run.all_companies.filter(schedule_id=OuterRef("pk"), state__in=OPEN_RUNS)
    found = rows.annotate(running=Exists(open_runs)).order_by("next_at")[:limit]
    return [Due(row, _may_start(row) and not row.running) for row in found]


def _move_on(rows: Sequence[Due], now: datetime) -> None:
    """Give these their next times, but for those that were changed or started meanwhile."""
    bulk.update(
        Schedule,
        [
            {"id": row.schedule.pk, "next_at": _next(row.schedule, now), "was": row.schedule.next_at}
            for row in rows
        ],
        where="t.next_at = x.was and not t.paused",
        extra={"was": "timestamptz"},
    )


def _start_or_move_on(row: Due, now: datetime) -> bool:
    """Start one; whatever goes wrong with it keeps no other from starting, and it is not tried again at every tick."""
    try:
        with transaction.atomic(), tenant(row.schedule.company_id):
            return _start_claimed(row.schedule.pk, now)
    except DatabaseError:
        raise  # passing: the next tick finds it due
    except Exception:
        log.exception("schedule_not_started", schedule=row.schedule.pk)
        _move_on([row], now)
        return False


def _start_claimed(schedule_id: int, now: datetime) -> bool:
    schedule = (
        Schedule.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("company", "integration__company")
        .filter(pk=schedule_id, paused=False, next_at__lte=now)
        .first()
    )
    if schedule is None:
        return False
    schedule.next_at = _next(schedule, now)
    runs = _start(schedule, None, "Schedule") if _may_start(schedule) else []
    if runs:
        schedule.last_at = now
    schedule.save(update_fields=["next_at", "last_at"])
    return bool(runs)


def _may_start(schedule: Schedule) -> bool:
    company, integration = schedule.company, schedule.integration
    return (
        company.state == CompanyState.ACTIVE
        and not company.paused
        and integration.state == IntegrationState.ACTIVE
        and integration.switched_on_at is not None
    )


def _still_running(schedule: Schedule) -> bool:
    return Run.objects.filter(schedule=schedule, state__in=OPEN_RUNS).exists()


def _start(schedule: Schedule, person: Any | None, cause: str) -> list[Run]:
    """Start its mappings, unless its last run is still open. Call it with the schedule's row locked."""
    from syncapp.services import runs as run_service

    together = uuid4()
    return [
        run_service.request_by_schedule(mapping, schedule, person, cause, together)
        for mapping in _mappings(schedule)
    ]


def _mappings(schedule: Schedule) -> list[Mapping]:
    still_running = Run.objects.filter(schedule=schedule, state__in=OPEN_RUNS)
    mappings = Mapping.objects.filter(
        ~Exists(still_running),
        integration_id=schedule.integration_id,
        mode__in=BY_THE_CLOCK,
        published_number__gt=0,
    )
    if schedule.mapping_id:
        mappings = mappings.filter(pk=schedule.mapping_id)
    return list(mappings.order_by("pk"))


def _facts(schedule: Schedule) -> dict[str, Any]:
    return {
        "schedule": schedule.pk,
        "mapping": schedule.mapping.label if schedule.mapping_id and schedule.mapping else "",
        "cadence": schedule.cadence,
        "minutes": schedule.minutes,
        "at_minute": schedule.at_minute,
        "at_time": schedule.at_time.strftime("%H:%M") if schedule.at_time else "",
        "weekdays": schedule.weekdays,
        "month_day": schedule.month_day,
        "once_at": schedule.once_at.isoformat() if schedule.once_at else "",
        "cron": schedule.cron,
        "paused": schedule.paused,
    }
