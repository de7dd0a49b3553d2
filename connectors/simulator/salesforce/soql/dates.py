"""Date literals: the days that TODAY, LAST_N_DAYS:7 or THIS_FISCAL_QUARTER stand for (SOQL: Date Formats)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


@dataclass(frozen=True, slots=True)
class Days:
    """A half-open range of days: `first` included, `end` not."""

    first: date
    end: date


def days_of(word: str, count: int | None, today: date, fiscal_start: int = 1) -> Days:
    """The days a literal stands for. `fiscal_start` is the month in which the fiscal year begins."""
    if word in ("YESTERDAY", "TODAY", "TOMORROW"):
        day = today + timedelta(days=("YESTERDAY", "TODAY", "TOMORROW").index(word) - 1)
        return Days(day, day + timedelta(days=1))
    if word == "LAST_90_DAYS":
        return Days(today - timedelta(days=90), today + timedelta(days=1))
    if word == "NEXT_90_DAYS":
        return Days(today + timedelta(days=1), today + timedelta(days=91))
    if count is None:
        when, _, unit = word.partition("_")
        return _period(unit, {"LAST": -1, "THIS": 0, "NEXT": 1}[when], 1, today, fiscal_start)
    return _counted(word, count, today, fiscal_start)


def _counted(word: str, count: int, today: date, fiscal_start: int) -> Days:
    if word.endswith("_AGO"):
        unit = word[2:-5]
        if unit == "DAY":
            day = today - timedelta(days=count)
            return Days(day, day + timedelta(days=1))
        return _period(unit, -count, 1, today, fiscal_start)
    direction, unit = word[:4], word[7:-1]
    if unit == "DAY":
        if direction == "LAST":
            return Days(today - timedelta(days=count), today + timedelta(days=1))
        return Days(today + timedelta(days=1), today + timedelta(days=count + 1))
    if direction == "LAST":
        return _period(unit, -count, max(count, 1), today, fiscal_start)
    return _period(unit, 1, max(count, 1), today, fiscal_start)


def _period(unit: str, offset: int, length: int, today: date, fiscal_start: int) -> Days:
    """`length` units, the first of them `offset` units from the one that holds today."""
    if unit == "WEEK":
        monday_based = (today.weekday() + 1) % 7  # weeks begin on Sunday in the US locale
        first = today - timedelta(days=monday_based) + timedelta(weeks=offset)
        return Days(first, first + timedelta(weeks=length))
    fiscal = unit.startswith("FISCAL_")
    months = _MONTHS[unit.removeprefix("FISCAL_")]
    start_month = fiscal_start if fiscal else 1
    index = today.year * 12 + today.month - 1 - (start_month - 1)
    index = index // months * months + (start_month - 1)
    return Days(_month(index + offset * months), _month(index + (offset + length) * months))


def _month(index: int) -> date:
    year, month = divmod(index, 12)
    return date(min(max(year, 1), 9999), month + 1, 1)


def instant(day: date, zone: ZoneInfo) -> datetime:
    """Midnight of a day in the running user's zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
