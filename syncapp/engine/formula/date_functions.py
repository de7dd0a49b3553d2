"""Functions of dates and times. A day is the company's, a time is UTC."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from syncapp.engine.formula.function import Function, Run, needs
from syncapp.engine.formula.values import (
    Kind,
    Unsuitable,
    Value,
    as_date,
    as_text,
    as_time,
    as_whole,
    is_blank,
    moment,
)

_OUTSIDE = "This date is outside the years 1 to 9999."


def _date(_run: Run, values: Sequence[Value]) -> Value:
    year, month, day = map(as_whole, values)
    try:
        return date(year, month, day)
    except (ValueError, OverflowError) as error:
        raise Unsuitable("There is no such date: check year, month and day.") from error


def _parsed(value: Value) -> Value:
    if is_blank(value):
        return None
    if isinstance(value, date):
        return value
    found = moment(as_text(value).strip())
    if found is None:
        raise Unsuitable(f"“{as_text(value)[:40]}” is not a date. Write it like 2026-11-21.")
    return found


def _date_value(_run: Run, values: Sequence[Value]) -> Value:
    return as_date(_parsed(values[0]))


def _time_value(_run: Run, values: Sequence[Value]) -> Value:
    return as_time(_parsed(values[0]))


def _today(run: Run, _values: Sequence[Value]) -> Value:
    if run.environment.today is None:
        raise Unsuitable("What day it is is not known here.")
    return run.environment.today


def _now(run: Run, _values: Sequence[Value]) -> Value:
    if run.environment.now is None:
        raise Unsuitable("What time it is is not known here.")
    return run.environment.now


def _part(name: str, value: Value) -> Value:
    day = as_date(value)
    return None if day is None else Decimal(getattr(day, name))


def _year(_run: Run, values: Sequence[Value]) -> Value:
    return _part("year", values[0])


def _month(_run: Run, values: Sequence[Value]) -> Value:
    return _part("month", values[0])


def _day(_run: Run, values: Sequence[Value]) -> Value:
    return _part("day", values[0])


def _weekday(_run: Run, values: Sequence[Value]) -> Value:
    day = as_date(values[0])
    return None if day is None else Decimal(day.isoweekday() % 7 + 1)


def _add_months(_run: Run, values: Sequence[Value]) -> Value:
    value, count = values[0], as_whole(values[1])
    if not isinstance(value, date):
        value = as_date(value)
    if value is None:
        return None
    months = value.year * 12 + value.month - 1 + count
    year, month = months // 12, months % 12 + 1
    if not 1 <= year <= 9999:
        raise Unsuitable(_OUTSIDE)
    last = monthrange(year, month)[1]
    at_end = value.day == monthrange(value.year, value.month)[1]
    return value.replace(year=year, month=month, day=last if at_end else min(value.day, last))


_DATE = needs("date", Kind.DATE)

FUNCTIONS = (
    Function("DATE", "Dates", tuple(needs(one, Kind.NUMBER) for one in ("year", "month", "day")), Kind.DATE,
             "A date.", ("DATE(2026, 11, 21)", "2026-11-21"), _date),
    Function("DATEVALUE", "Dates", (needs("value", Kind.TEXT),), Kind.DATE,
             "The date of a text or of a time (its day in UTC).",
             ('DATEVALUE("2026-11-21") + 1', "2026-11-22"), _date_value),
    Function("DATETIMEVALUE", "Dates", (needs("value", Kind.TEXT),), Kind.TIME, "The time that a text names.",
             ('DATETIMEVALUE("2026-11-21T09:30:00Z")', "2026-11-21 09:30:00Z"), _time_value),
    Function("TODAY", "Dates", (), Kind.DATE, "Today, in the company's time zone.", ("TODAY()", "2026-11-21"), _today),
    Function("NOW", "Dates", (), Kind.TIME, "Now, in UTC.", ("NOW()", "2026-11-21 12:00:00Z"), _now),
    Function("YEAR", "Dates", (_DATE,), Kind.NUMBER, "The year of a date.",
             ("YEAR(DATE(2026, 11, 21))", "2026"), _year),
    Function("MONTH", "Dates", (_DATE,), Kind.NUMBER, "The month of a date, 1 to 12.",
             ("MONTH(DATE(2026, 11, 21))", "11"), _month),
    Function("DAY", "Dates", (_DATE,), Kind.NUMBER, "The day of the month.", ("DAY(DATE(2026, 11, 21))", "21"), _day),
    Function("WEEKDAY", "Dates", (_DATE,), Kind.NUMBER, "The day of the week: 1 is Sunday, 7 is Saturday.",
             ("WEEKDAY(DATE(2026, 11, 21))", "7"), _weekday),
    Function("ADDMONTHS", "Dates", (_DATE, needs("months", Kind.NUMBER)), Kind.DATE,
             "A date some months later. The last day of a month stays the last day.",
             ("ADDMONTHS(DATE(2026, 1, 31), 1)", "2026-02-28"), _add_months),
)  # fmt: skip
