"""Schedules: next times in the company's zone, and claiming what is due."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from syncapp import services
from syncapp.models import AuditEvent, Run, RunState, Schedule
from syncapp.services import companies, schedules
from syncapp.services.errors import Refused
from syncapp.tenancy import tenant
from tests.builders import NOW, a_company, a_mapping, a_run, a_schedule, an_integration

pytestmark = pytest.mark.django_db


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def times(schedule: Schedule, now: datetime, n: int = 3, zone: str = "America/Chicago") -> list[datetime]:
    return schedules.next_times(schedule, n, now, zone)


def test_every_fifteen_minutes_means_the_quarters_of_the_hour() -> None:
    schedule = Schedule(cadence="every", minutes=15)
    assert times(schedule, NOW) == [
        utc(2026, 11, 12, 17, 45),
        utc(2026, 11, 12, 18, 0),
        utc(2026, 11, 12, 18, 15),
    ]


def test_a_daily_time_is_the_companys_time_in_winter_and_in_summer() -> None:
    schedule = Schedule(cadence="daily", at_time=time(2, 0))
    assert times(schedule, NOW, 1) == [utc(2026, 11, 13, 8, 0)]
    assert times(schedule, utc(2026, 7, 1, 12, 0), 1) == [utc(2026, 7, 2, 7, 0)]


def test_a_time_that_the_clocks_jump_over_comes_at_the_end_of_the_jump() -> None:
    schedule = Schedule(cadence="daily", at_time=time(2, 30))
    assert times(schedule, utc(2026, 3, 8, 6, 0), 2) == [utc(2026, 3, 8, 8, 0), utc(2026, 3, 9, 7, 30)]


def test_a_time_that_comes_twice_runs_once() -> None:
    schedule = Schedule(cadence="daily", at_time=time(1, 30))
    first_pass = utc(2026, 11, 1, 6, 30)
    assert times(schedule, utc(2026, 11, 1, 5, 0), 1) == [first_pass]
    between_the_passes = first_pass + timedelta(minutes=31)
    assert times(schedule, between_the_passes, 1) == [utc(2026, 11, 2, 7, 30)]


def test_a_weekly_schedule_keeps_to_its_days() -> None:
    schedule = Schedule(cadence="weekly", weekdays="0,4", at_time=time(6, 0))
    assert times(schedule, NOW) == [
        utc(2026, 11, 13, 12, 0),
        utc(2026, 11, 16, 12, 0),
        utc(2026, 11, 20, 12, 0),
    ]


def test_a_monthly_schedule_knows_the_last_day_of_every_month() -> None:
    schedule = Schedule(cadence="monthly", month_day=31, at_time=time(6, 0))
    assert times(schedule, utc(2027, 1, 31, 13, 0)) == [
        utc(2027, 2, 28, 12, 0),
        utc(2027, 3, 31, 11, 0),
        utc(2027, 4, 30, 11, 0),
    ]


def test_what_runs_once_has_one_time_and_then_none() -> None:
    schedule = Schedule(cadence="once", once_at=utc(2026, 12, 1, 9, 0))
    assert times(schedule, NOW) == [utc(2026, 12, 1, 9, 0)]
    assert times(schedule, utc(2026, 12, 1, 9, 0)) == []


@pytest.mark.parametrize(
    ("quiet", "expected"),
    [
        (
            (time(22, 0), time(6, 0)),
            [utc(2026, 11, 13, 3, 0), utc(2026, 11, 13, 12, 0), utc(2026, 11, 13, 15, 0)],
        ),
        (
            (time(1, 0), time(5, 30)),
            [utc(2026, 11, 13, 3, 0), utc(2026, 11, 13, 6, 0), utc(2026, 11, 13, 11, 30)],
        ),
        (None, [utc(2026, 11, 13, 3, 0), utc(2026, 11, 13, 6, 0), utc(2026, 11, 13, 9, 0)]),
    ],
)
def test_what_falls_into_quiet_hours_comes_once_when_they_end(
    quiet: tuple[time, time] | None, expected: list[datetime]
) -> None:
    schedule = Schedule(cadence="every", minutes=180)
    found = schedules.next_times(schedule, 3, utc(2026, 11, 13, 2, 0), "America/Chicago", quiet)
    assert found == expected


def test_a_new_zone_or_quiet_hours_move_the_next_time() -> None:
    integration = an_integration(a_company(zone="America/Chicago"))
    company = integration.company
    with tenant(company.pk):
        schedule = schedules.save(
            Schedule(integration=integration, cadence="daily", at_time=time(2, 0)), None, now=NOW
        )
        companies.update(company, None, name=company.name, zone="UTC", currency="USD")
        schedule.refresh_from_db()
        assert schedule.next_at is not None
        assert schedule.next_at.time() == time(2, 0)
        companies.set_quiet_hours(company, None, time(1, 0), time(5, 0))
        schedule.refresh_from_db()
        assert schedule.next_at.time() == time(5, 0)


def test_an_hourly_minute_counts_in_a_zone_with_half_hours() -> None:
    schedule = Schedule(cadence="hourly", at_minute=0)
    assert times(schedule, utc(2026, 11, 12, 6, 10), 2, "Asia/Kolkata") == [
        utc(2026, 11, 12, 6, 30),
        utc(2026, 11, 12, 7, 30),
    ]


def test_every_hour_of_the_doubled_hour_is_kept_for_hourly_schedules() -> None:
    schedule = Schedule(cadence="hourly", at_minute=0)
    assert times(schedule, utc(2026, 11, 1, 5, 30), 3) == [utc(2026, 11, 1, hour) for hour in (6, 7, 8)]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"cadence": "every", "minutes": 0}, "schedule.minutes"),
        ({"cadence": "every", "minutes": 1441}, "schedule.minutes"),
        ({"cadence": "hourly", "at_minute": 60}, "schedule.minute_of_hour"),
        ({"cadence": "daily", "at_time": None}, "schedule.time_missing"),
        ({"cadence": "weekly", "at_time": time(6, 0)}, "schedule.day_missing"),
        ({"cadence": "monthly", "at_time": time(6, 0), "month_day": 29}, "schedule.month_day"),
        ({"cadence": "once", "once_at": utc(2020, 1, 1)}, "schedule.once_over"),
        ({"cadence": "cron", "cron": "every day"}, "schedule.cron_wrong"),
        ({"cadence": "cron", "cron": "* * * * * *"}, "schedule.cron_wrong"),
        ({"cadence": "cron", "cron": "99 * * * *"}, "schedule.cron_wrong"),
    ],
)
def test_a_schedule_that_cannot_run_is_refused(values: dict[str, object], code: str) -> None:
    integration = an_integration()
    with tenant(integration.company_id), pytest.raises(Refused) as refused:
        schedules.save(Schedule(integration=integration, **values), None)
    assert refused.value.code == code


def test_a_mapping_of_another_integration_is_refused() -> None:
    company = a_company()
    integration, other = an_integration(company), a_mapping(an_integration(company))
    with tenant(company.pk), pytest.raises(Refused) as refused:
        schedules.save(Schedule(integration=integration, mapping=other), None)
    assert refused.value.code == "schedule.other_mapping"


def test_saving_works_out_the_next_time_and_is_in_the_audit_trail() -> None:
    integration = an_integration()
    with tenant(integration.company_id):
        schedule = schedules.save(
            Schedule(integration=integration, cadence="cron", cron="0 6 * * MON"), None, now=NOW
        )
    assert schedule.next_at == utc(2026, 11, 16, 12, 0)
    assert [(row.action, row.after["cron"]) for row in AuditEvent.all_companies.all()] == [
        ("schedule.added", "0 6 * * MON")
    ]


class Starts:
    """Stands in for the service that starts runs: makes the row and nothing else."""

    def __init__(self) -> None:
        self.causes: list[str] = []

    def __call__(self, mapping, schedule, person, cause, together):  # type: ignore[no-untyped-def]
        self.causes.append(cause)
        return a_run(
            mapping.integration,
            mapping=mapping,
            schedule=schedule,
            state=RunState.QUEUED,
            kind="schedule",
            finished_at=None,
        )


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Starts:
    stand_in = Starts()
    monkeypatch.setattr(services, "runs", SimpleNamespace(request_by_schedule=stand_in), raising=False)
    return stand_in


def a_due_schedule(**values: object) -> Schedule:
    mapping = a_mapping()
    return a_schedule(
        mapping.integration, **{"mapping": mapping, "next_at": NOW - timedelta(hours=5), **values}
    )


def test_missed_times_run_once(starts: Starts) -> None:
    schedule = a_due_schedule()
    assert [schedules.start_due(NOW), schedules.start_due(NOW)] == [1, 0]
    schedule = Schedule.all_companies.get(pk=schedule.pk)
    assert (schedule.last_at, schedule.next_at) == (NOW, utc(2026, 11, 12, 17, 45))
    assert Run.all_companies.get(schedule=schedule).state == RunState.QUEUED


def test_a_schedule_whose_last_run_is_open_waits_for_its_next_time(starts: Starts) -> None:
    schedule = a_due_schedule()
    a_run(schedule.integration, schedule=schedule, state=RunState.RUNNING, finished_at=None)
    assert schedules.start_due(NOW) == 0
    assert Schedule.all_companies.get(pk=schedule.pk).next_at == utc(2026, 11, 12, 17, 45)


@pytest.mark.parametrize("held_by", ["company", "integration", "mapping", "closing", "draft"])
def test_nothing_starts_while_it_is_paused_or_off(starts: Starts, held_by: str) -> None:
    schedule = a_due_schedule()
    company, integration, mapping = schedule.company, schedule.integration, schedule.mapping
    if held_by == "company":
        company.paused = True
    elif held_by == "closing":
        company.state = "closing"
    elif held_by == "integration":
        integration.state = "paused"
    elif held_by == "draft":
        mapping.published_number = 0
    else:
        mapping.mode = "button"
    for row in (company, integration, mapping):
        row.save()
    assert (schedules.start_due(NOW), starts.causes) == (0, [])


def test_a_schedule_of_the_whole_integration_starts_each_mapping_that_runs_by_the_clock(
    starts: Starts,
) -> None:
    integration = an_integration()
    for key, mode in (("a", "schedule"), ("b", "changes"), ("c", "button"), ("d", "off")):
        a_mapping(integration, key=key, mode=mode)
    schedule = a_schedule(integration, next_at=NOW)
    schedules.start_due(NOW)
    started = Run.all_companies.filter(schedule=schedule).values_list("mapping__key", flat=True)
    assert sorted(started) == ["a", "b"]


def test_a_paused_schedule_has_no_next_time_and_makes_up_for_nothing_when_resumed() -> None:
    schedule = a_schedule()
    with tenant(schedule.company_id):
        schedules.pause(schedule, None)
        assert (schedule.paused, schedule.next_at) == (True, None)
        schedules.resume(schedule, None, now=NOW)
        assert (schedule.paused, schedule.next_at) == (False, utc(2026, 11, 12, 17, 45))


def test_run_now_leaves_the_next_time_and_does_not_start_twice(starts: Starts) -> None:
    schedule = a_due_schedule()
    with tenant(schedule.company_id):
        run = schedules.run_now(schedule, None)
        assert (run.schedule, starts.causes) == (schedule, ["Run now"])
        with pytest.raises(Refused) as refused:
            schedules.run_now(schedule, None)
    assert refused.value.code == "schedule.still_running"


def test_two_ticks_at_once_start_a_schedule_once(starts: Starts) -> None:
    schedule = a_due_schedule()
    seen = schedules._due(NOW, 10)
    schedules.start_due(NOW)
    with patch.object(
        schedules, "_due", return_value=seen
    ):  # the second tick looked before the first was done
        assert schedules.start_due(NOW) == 0
    assert Run.all_companies.filter(schedule=schedule).count() == 1


# --- while others look, press and edit ---


def test_thousands_of_schedules_cost_one_query_while_none_is_due(
    django_assert_num_queries: Any,
) -> None:
    integration = an_integration()
    later = NOW + timedelta(hours=1)
    rows = [
        Schedule(company_id=integration.company_id, integration=integration, next_at=later)
        for _ in range(3000)
    ]
    Schedule.all_companies.bulk_create(rows)
    with django_assert_num_queries(1):
        assert schedules.start_due(NOW) == 0


def test_schedules_that_nothing_lets_start_are_moved_on_together(django_assert_num_queries: Any) -> None:
    mapping = a_mapping()
    company = mapping.company
    company.paused = True
    company.save()
    rows = [
        Schedule(
            company_id=company.pk, integration=mapping.integration, mapping=mapping, minutes=15, next_at=NOW
        )
        for _ in range(150)
    ]
    Schedule.all_companies.bulk_create(rows)
    with django_assert_num_queries(3):  # whether anything is due; what; all of them moved on
        assert schedules.start_due(NOW) == 0
    assert set(Schedule.all_companies.values_list("next_at", flat=True)) == {utc(2026, 11, 12, 17, 45)}


def test_a_schedule_that_is_due_starts_with_six_statements_and_never_beside_its_open_run(
    django_assert_num_queries: Any,
) -> None:
    schedule = a_due_schedule()
    with django_assert_num_queries(2 + 2 + 6):  # whether anything is due; what; its savepoint
        assert schedules.start_due(NOW) == 1
    run = Run.all_companies.get()
    assert (run.schedule_id, run.mapping_id, run.kind, run.state) == (
        schedule.pk,
        schedule.mapping_id,
        "schedule",
        "queued",
    )

    Schedule.all_companies.filter(pk=schedule.pk).update(next_at=NOW)
    assert schedules.start_due(NOW) == 0
    assert Run.all_companies.count() == 1


def test_a_schedule_that_breaks_keeps_no_other_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = a_due_schedule(), a_due_schedule()
    works = Starts()

    def start(mapping, *more):  # type: ignore[no-untyped-def]
        if mapping.pk == broken.mapping_id:
            raise ValueError("a defect of ours")
        return works(mapping, *more)

    stand_in = SimpleNamespace(request_by_schedule=start)
    monkeypatch.setattr(services, "runs", stand_in, raising=False)
    assert schedules.start_due(NOW) == 1
    assert Run.all_companies.get().schedule_id == sound.pk
    assert Schedule.all_companies.get(pk=broken.pk).next_at == utc(2026, 11, 12, 17, 45)


def test_an_edit_that_began_before_a_tick_undoes_nothing_of_it(starts: Starts) -> None:
    schedule = a_due_schedule()
    with tenant(schedule.company_id):
        opened = Schedule.objects.select_related("integration", "mapping").get(pk=schedule.pk)
        schedules.start_due(NOW)
        opened.minutes = 30
        schedules.save(opened, None, now=NOW)
    schedule = Schedule.all_companies.get(pk=schedule.pk)
    assert (schedule.last_at, schedule.next_at) == (NOW, utc(2026, 11, 12, 18, 0))
    assert schedules.start_due(NOW) == 0


def test_editing_a_paused_schedule_does_not_start_it(starts: Starts) -> None:
    schedule = a_due_schedule()
    with tenant(schedule.company_id):
        opened = Schedule.objects.select_related("integration", "mapping").get(pk=schedule.pk)
        schedules.pause(Schedule.objects.get(pk=schedule.pk), None)
        schedules.save(opened, None, now=NOW)
    schedule = Schedule.all_companies.get(pk=schedule.pk)
    assert (schedule.paused, schedule.next_at) == (True, None)


def test_a_tick_that_looked_before_an_edit_leaves_the_new_time_alone(starts: Starts) -> None:
    schedule = a_due_schedule()
    seen = schedules._due(NOW, 10)
    with tenant(schedule.company_id):
        opened = Schedule.objects.select_related("integration", "mapping").get(pk=schedule.pk)
        opened.cadence, opened.at_time = "daily", time(2, 0)
        schedules.save(opened, None, now=NOW)
    schedules._move_on(seen, NOW)
    with patch.object(schedules, "_due", return_value=seen):
        assert schedules.start_due(NOW) == 0
    assert Schedule.all_companies.get(pk=schedule.pk).next_at == utc(2026, 11, 13, 8, 0)


def test_all_schedules_or_those_of_one_mapping_are_paused_and_resumed() -> None:
    integration = an_integration()
    one, other = a_mapping(integration), a_mapping(integration, key="product_item")
    for mapping in (one, one, other):
        a_schedule(integration, mapping=mapping)
    with tenant(integration.company_id):
        assert [schedules.pause_all(None, one), schedules.pause_all(None)] == [2, 1]
        assert [schedules.resume_all(None, other), schedules.resume_all(None)] == [1, 2]
        assert not Schedule.objects.filter(paused=True).exists()


def test_resuming_from_an_old_page_takes_the_times_that_are_stored_now() -> None:
    company = a_company(zone="America/Chicago")
    with tenant(company.pk):
        schedule = a_schedule(an_integration(company), minutes=15, paused=True, next_at=None)
        as_read = Schedule.objects.get(pk=schedule.pk)
        schedule.cadence, schedule.at_time = "daily", time(2, 0)
        schedules.save(schedule, None, now=NOW)
        schedules.resume(as_read, None, now=NOW)
        assert Schedule.objects.get(pk=schedule.pk).next_at == as_read.next_at == utc(2026, 11, 13, 8, 0)


def test_what_was_removed_meanwhile_is_not_paused_resumed_removed_or_run() -> None:
    company = a_company()
    with tenant(company.pk):
        schedule = a_schedule(an_integration(company), minutes=15)
        paused = a_schedule(schedule.integration, minutes=15, paused=True, next_at=None)
        as_read = [Schedule.objects.get(pk=row.pk) for row in (schedule, paused)]
        for row in (schedule, paused):
            schedules.remove(row, None)
        schedules.pause(as_read[0], None)
        schedules.resume(as_read[1], None)
        schedules.remove(as_read[0], None)
        with pytest.raises(Refused, match="nothing_to_run"):
            schedules.run_now(as_read[0], None)
        told = AuditEvent.objects.filter(action__startswith="schedule.").values_list("action", flat=True)
        assert (list(told), Schedule.objects.exists()) == (["schedule.removed"] * 2, False)
