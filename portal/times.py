"""Times as people read them: relative in text, absolute with zone. Pure functions; the clock is an argument."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def absolute(moment: datetime, zone: ZoneInfo) -> str:
    """Thursday 12 November 2026, 11:42 CST."""
    local = moment.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M} {local.tzname()}"


def relative(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Just now, 8 minutes ago, in 3 min; beyond a day the date in `zone`, with the year when it is another one."""
    gap = now - moment
    if abs(gap) >= timedelta(days=1):
        return _date(moment.astimezone(zone), now.astimezone(zone))
    if gap < timedelta(0):
        return f"in {_short(-gap)}"
    if gap < timedelta(seconds=5):
        return "just now"
    return f"{_long(gap)} ago"


def _date(local: datetime, today: datetime) -> str:
    if local.year == today.year:
        return f"{local.day} {local:%B, %H:%M}"
    return f"{local.day} {local:%B %Y}"


def _short(gap: timedelta) -> str:
    minutes = round(gap.total_seconds() / 60)
    if minutes < 1:
        return f"{max(1, round(gap.total_seconds()))} s"
    return f"{minutes} min" if minutes < 100 else f"{round(minutes / 60)} h"


def _long(gap: timedelta) -> str:
    whole = int(gap.total_seconds())
    for size, word in ((3600, "hour"), (60, "minute"), (1, "second")):
        if whole >= size:
            number = whole // size
            return f"{number} {word}{'' if number == 1 else 's'}"
    return "a moment"
