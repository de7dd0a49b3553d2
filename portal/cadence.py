"""When a schedule runs, in words."""

from __future__ import annotations

from syncapp.models import Cadence, Schedule


def words(schedule: Schedule) -> str:
    """Every 15 minutes; Every hour at :30; Every day at 02:00; the cron line itself."""
    if schedule.cadence == Cadence.EVERY:
        return "Every minute" if schedule.minutes == 1 else f"Every {schedule.minutes} minutes"
    if schedule.cadence == Cadence.HOURLY:
        return "Every hour" if schedule.at_minute == 0 else f"Every hour at {schedule.at_minute} past"
    if schedule.cadence == Cadence.DAILY and schedule.at_time is not None:
        return f"Every day at {schedule.at_time:%H:%M}"
    return f"Cron {schedule.cron}"
