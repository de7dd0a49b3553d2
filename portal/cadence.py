"""When a schedule runs, in words."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from syncapp.models import Cadence, Schedule
from syncapp.services.schedules import LAST_DAY, weekdays_of

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def words(schedule: Schedule, zone: str = "") -> str:
    """Every 15 minutes; Every hour at :30; Every day at 02:00; the cron line itself."""
    if schedule.cadence == Cadence.EVERY:
        return "Every minute" if schedule.minutes == 1 else f"Every {schedule.minutes} minutes"
    if schedule.cadence == Cadence.HOURLY:
        return "Every hour" if schedule.at_minute == 0 else f"Every hour at {schedule.at_minute} past"
    if schedule.cadence == Cadence.DAILY and schedule.at_time is not None:
        return f"Every day at {schedule.at_time:%H:%M}"
    if schedule.cadence == Cadence.WEEKLY and schedule.at_time is not None:
        days = ", ".join(DAYS[day] for day in weekdays_of(schedule))
        return f"Every {days} at {schedule.at_time:%H:%M}"
    if schedule.cadence == Cadence.MONTHLY and schedule.at_time is not None:
        day = "last day" if schedule.month_day == LAST_DAY else f"day {schedule.month_day}"
        return f"Every month on {'the ' if schedule.month_day == LAST_DAY else ''}{day} at {schedule.at_time:%H:%M}"
    if schedule.cadence == Cadence.ONCE and schedule.once_at is not None:
        moment = schedule.once_at.astimezone(ZoneInfo(zone or schedule.integration.company.zone))
        return f"Once, {moment:%d %b %Y at %H:%M}"
    return f"Cron {schedule.cron}"
