"""The times of schedules as properties: whatever cadence, zone, quiet hours and change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncapp.models import Schedule
from syncapp.services import schedules


def utc(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


ZONES = ("America/Chicago", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC")
CHANGES = (utc(3, 8, 8), utc(3, 29, 1), utc(4, 4, 15), utc(11, 1, 7))
"""When clocks change in one or another of these zones, UTC."""

times_of_day = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
quiet_hours = st.none() | st.tuples(times_of_day, times_of_day).filter(lambda pair: pair[0] != pair[1])
moments = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-3000, 3000),
)
rules = st.one_of(
    st.builds(lambda n: Schedule(cadence="every", minutes=n), st.sampled_from((5, 15, 60, 180, 1440))),
    st.builds(lambda n: Schedule(cadence="hourly", at_minute=n), st.integers(0, 59)),
    st.builds(lambda at: Schedule(cadence="daily", at_time=at), times_of_day),
    st.builds(
        lambda at, days: Schedule(cadence="weekly", at_time=at, weekdays=days),
        times_of_day,
        st.sampled_from(("6", "0,4")),
    ),
    st.builds(
        lambda at, day: Schedule(cadence="monthly", at_time=at, month_day=day),
        times_of_day,
        st.sampled_from((1, 8, 29, 31)),
    ),
    st.builds(
        lambda text: Schedule(cadence="cron", cron=text),
        st.sampled_from(("*/20 1-3 * * *", "30 2 * * 0", "0 0 1 * *")),
    ),
)


def is_quiet(moment: datetime, zone: str, quiet: tuple[time, time] | None) -> bool:
    if quiet is None:
        return False
    at, (begins, ends) = moment.astimezone(ZoneInfo(zone)).time(), quiet
    return begins <= at < ends if begins < ends else at >= begins or at < ends


@settings(max_examples=400, deadline=None)
@given(schedule=rules, zone=st.sampled_from(ZONES), quiet=quiet_hours, now=moments)
def test_the_next_times_lie_ahead_in_order_and_outside_quiet_hours(
    schedule: Schedule, zone: str, quiet: tuple[time, time] | None, now: datetime
) -> None:
    found = schedules.next_times(schedule, 4, now, zone, quiet)
    assert len(found) == 4
    assert now < found[0]
    assert found == sorted(set(found))
    assert [moment for moment in found if is_quiet(moment, zone, quiet)] == []


@settings(max_examples=200, deadline=None)
@given(at=times_of_day, zone=st.sampled_from(ZONES), now=moments)
def test_a_daily_time_comes_once_on_every_day_of_the_companys_zone(
    at: time, zone: str, now: datetime
) -> None:
    local = [
        moment.astimezone(ZoneInfo(zone))
        for moment in schedules.next_times(Schedule(cadence="daily", at_time=at), 6, now, zone)
    ]
    days = [moment.date() for moment in local]
    assert days == [days[0] + timedelta(days=n) for n in range(6)]
    assert all(moment.time() == at or jumped_over(moment.date(), at, zone) for moment in local)


def jumped_over(day: date, at: time, zone: str) -> bool:
    """Whether the clocks of that day skip this time."""
    there = datetime.combine(day, at, tzinfo=ZoneInfo(zone))
    return there.astimezone(UTC).astimezone(ZoneInfo(zone)).time() != at


@settings(max_examples=100, deadline=None)
@given(schedule=rules, zone=st.sampled_from(ZONES), quiet=quiet_hours, now=moments)
def test_the_shown_times_are_those_at_which_it_runs(
    schedule: Schedule, zone: str, quiet: tuple[time, time] | None, now: datetime
) -> None:
    """Five are shown at once; the clock asks for one at a time, each from the one before."""
    shown, ran = schedules.next_times(schedule, 3, now, zone, quiet), [now]
    while len(ran) < 4:
        ran += schedules.next_times(schedule, 1, ran[-1], zone, quiet)
    assert ran[1:] == shown


@pytest.mark.parametrize(
    ("cadence", "values", "now", "expected"),
    [
        ("weekly", {"weekdays": "6", "at_time": time(2, 30)}, utc(3, 7), "2026-03-08T08:00"),
        ("weekly", {"weekdays": "6", "at_time": time(1, 30)}, utc(10, 31), "2026-11-01T06:30"),
        ("monthly", {"month_day": 1, "at_time": time(1, 30)}, utc(10, 31), "2026-11-01T06:30"),
        ("monthly", {"month_day": 8, "at_time": time(2, 0)}, utc(3, 1), "2026-03-08T08:00"),
        ("cron", {"cron": "30 2 * * 0"}, utc(3, 7), "2026-03-08T08:00"),
        (
            "once",
            {"once_at": utc(11, 1, 7, 30)},
            utc(10, 31),
            "2026-11-01T07:30",
        ),
    ],
)
def test_every_cadence_keeps_the_companys_time_when_the_clocks_change(
    cadence: str, values: dict[str, object], now: datetime, expected: str
) -> None:
    schedule = Schedule(cadence=cadence, **values)
    found = schedules.next_times(schedule, 1, now, "America/Chicago")
    assert [moment.isoformat()[:16] for moment in found] == [expected]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (utc(3, 8, 5, 30), "2026-03-08T08:00"),  # 23:30; 02:15 does not exist that night
        (utc(11, 1, 3, 30), "2026-11-01T08:15"),
        (utc(12, 1, 4, 30), "2026-12-01T08:15"),
    ],
)
def test_quiet_hours_past_midnight_end_by_the_clock_of_the_morning(now: datetime, expected: str) -> None:
    schedule, quiet = Schedule(cadence="every", minutes=15), (time(22, 0), time(2, 15))
    found = schedules.next_times(schedule, 1, now, "America/Chicago", quiet)
    assert [moment.isoformat()[:16] for moment in found] == [expected]


@pytest.mark.parametrize(("now", "expected"), [(utc(11, 1, 4), "06:30"), (utc(11, 1, 7, 5), "07:30")])
def test_quiet_hours_that_end_in_the_doubled_hour_never_lead_back_in_time(
    now: datetime, expected: str
) -> None:
    schedule, quiet = Schedule(cadence="every", minutes=15), (time(22, 0), time(1, 30))
    found = schedules.next_times(schedule, 1, now, "America/Chicago", quiet)
    assert [moment.isoformat()[11:16] for moment in found] == [expected]
