"""Schedules made, changed and run by people, in the company's zone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.people.models import Role
from syncapp.models import (
    Mapping,
    Run,
    Schedule,
)
from tests.builders import (
    a_mapping,
    a_schedule,
)
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


def test_the_dashboard_shows_the_schedules_that_are_due_soonest(browser: Client, mapping: Mapping) -> None:
    for minutes in (700, 15, 800, 600, 500, 400, 300, 200):
        a_schedule(mapping.integration, minutes=minutes, next_at=timezone.now() + timedelta(minutes=minutes))

    page = browser.get("/")

    assert len(page.context["schedules"]) == 6
    assert "6 of 8, those due soonest All schedules" in words(page)


def test_a_schedule_is_made_in_the_companys_zone(browser: Client, mapping: Mapping) -> None:
    answer = browser.post(
        "/schedules/add/", {"what": f"m:{mapping.pk}", "cadence": "daily", "at_time": "02:00"}
    )
    schedule = Schedule.all_companies.get()
    assert (answer.status_code, schedule.mapping, schedule.company) == (302, mapping, mapping.company)
    assert schedule.next_at is not None
    assert schedule.next_at.hour in {7, 8}  # 02:00 in Chicago, summer or winter


def test_a_schedule_runs_weekly_monthly_or_once_in_the_companys_zone(
    browser: Client, mapping: Mapping
) -> None:
    for data in (
        {"cadence": "weekly", "weekdays": ["0", "4"], "at_time": "06:00"},
        {"cadence": "monthly", "month_day": "31", "at_time": "06:00"},
        {"cadence": "once", "once_at": "2100-01-04T06:00"},
    ):
        assert browser.post("/schedules/add/", {"what": f"m:{mapping.pk}", **data}).status_code == 302
    page = words(browser.get("/schedules/"))
    assert "Every Mon, Fri at 06:00" in page
    assert "Every month on the last day at 06:00" in page
    assert "Once, 04 Jan 2100 at 06:00" in page
    once = Schedule.all_companies.get(cadence="once")
    assert "2100-01-04T06:00" in browser.get(f"/schedules/{once.pk}/").content.decode()


def test_the_next_times_are_shown_before_anything_is_saved(browser: Client, mapping: Mapping) -> None:
    text = words(
        browser.post(
            "/schedules/add/",
            {"what": f"m:{mapping.pk}", "cadence": "cron", "cron": "0 6 * * MON", "try": "1"},
        )
    )
    assert (text.count("Monday "), Schedule.all_companies.count()) == (5, 0)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"cadence": "cron", "cron": "often"}, "is not five fields"),
        ({"cadence": "every", "minutes": "0"}, "every 1 to 1440 minutes"),
        ({"cadence": "daily"}, "This field is required"),
    ],
)
def test_a_wrong_schedule_keeps_what_was_typed_and_says_why(
    browser: Client, mapping: Mapping, data: dict[str, str], said: str
) -> None:
    text = words(browser.post("/schedules/add/", {"what": f"m:{mapping.pk}", **data}))
    assert (said in text, Schedule.all_companies.count()) == (True, 0)


def test_a_schedule_of_another_companys_mapping_is_refused(browser: Client) -> None:
    other = a_mapping()
    answer = browser.post("/schedules/add/", {"what": f"m:{other.pk}", "cadence": "hourly", "at_minute": "0"})
    assert ("Select a valid choice" in words(answer), Schedule.all_companies.count()) == (True, 0)


def test_pausing_resuming_running_and_removing(browser: Client, mapping: Mapping) -> None:
    schedule = a_schedule(mapping.integration, mapping=mapping)
    address = f"/schedules/{schedule.pk}/"
    browser.post(f"{address}pause/")
    schedule.refresh_from_db()
    assert (schedule.paused, "Paused" in words(browser.get("/schedules/"))) == (True, True)
    browser.post(f"{address}pause/")
    answer = browser.post(f"{address}run/")
    run = Run.all_companies.get()
    assert (run.schedule, answer.headers["Location"]) == (schedule, f"/runs/{run.pk}/")
    assert "It is running already" in words(browser.post(f"{address}run/", follow=True))
    browser.post(f"{address}remove/")
    assert (Schedule.all_companies.count(), Run.all_companies.get().schedule) == (0, None)


def test_an_operator_runs_schedules_but_does_not_change_them(mapping: Mapping) -> None:
    operator = a_browser(Role.OPERATOR, mapping.company)
    schedule = a_schedule(mapping.integration, mapping=mapping)
    page = words(operator.get("/schedules/"))
    assert ("Run now" in page, "New schedule" in page, "Pause" in page) == (True, False, False)
    for part in ("", "pause/", "remove/"):
        assert operator.post(f"/schedules/{schedule.pk}/{part}").status_code == 403
