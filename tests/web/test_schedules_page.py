"""Schedules on pages: all paused at once, what each mapping does, and the trail in words."""

from __future__ import annotations

from datetime import time

import pytest

from syncapp.models import Schedule
from syncapp.services import schedules
from syncapp.tenancy import tenant
from tests.builders import a_company, a_mapping, a_schedule, an_integration
from tests.web.builders import a_browser, words

pytestmark = pytest.mark.django_db


def test_all_schedules_are_paused_and_resumed_by_one_press() -> None:
    company = a_company()
    integration = an_integration(company)
    for _ in range(3):
        a_schedule(integration)
    browser = a_browser("admin", company)
    assert "Pause all" in words(browser.get("/schedules/"))
    page = words(browser.post("/schedules/pause/", {"do": "pause"}, follow=True))
    assert ("3 schedules paused" in page, "Resume all" in page, "Pause all" in page) == (True, True, False)
    browser.post("/schedules/pause/", {"do": "resume"})
    assert not Schedule.all_companies.filter(paused=True).exists()


def test_the_list_of_mappings_says_when_each_runs() -> None:
    company = a_company()
    integration = an_integration(company)
    one = a_mapping(integration, mode="schedule")
    a_mapping(integration, key="product_item", label="Product ↔ Item", mode="schedule")
    a_schedule(integration, mapping=one, cadence="daily", at_time=time(2, 0))
    browser = a_browser("admin", company)
    page = words(browser.get("/mappings/"))
    assert ("Every day at 02:00" in page, "no schedule yet" in page) == (True, True)
    browser.post("/schedules/pause/", {"do": "pause", "mapping": one.pk})
    assert "Every day at 02:00, paused" in words(browser.get("/mappings/"))


def test_the_trail_tells_of_schedules_in_words() -> None:
    company = a_company(zone="America/Chicago")
    mapping = a_mapping(an_integration(company))
    with tenant(company.pk):
        row = Schedule(integration=mapping.integration, mapping=mapping, cadence="every", minutes=15)
        schedules.save(row, None)
        row.cadence, row.weekdays, row.at_time = "weekly", "0,4", time(6, 0)
        schedules.save(row, None)
        schedules.pause(row, None)
    page = words(a_browser("admin", company).get("/audit/"))
    assert "Every Mon, Fri at 06:00" in page
    assert "Every 15 minutes" in page
    assert not any(raw in page for raw in ("at minute", "month day", "cadence"))
