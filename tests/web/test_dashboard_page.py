"""The dashboard and the connections: how it stands, what comes next, what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.people.models import Role
from syncapp.models import (
    ApiUsage,
    Integration,
    Mapping,
    Run,
)
from tests.builders import (
    a_company,
    a_link,
    a_mapping,
    a_problem,
    a_run,
    a_schedule,
    an_attempt,
)
from tests.web.builders import a_browser, queries_of, words

pytestmark = pytest.mark.django_db


def test_the_dashboard_says_how_it_stands_what_comes_next_and_what_to_do(
    browser: Client, mapping: Mapping
) -> None:
    for _ in range(3):
        an_attempt(a_link(mapping), finished_at=timezone.now())
    a_problem(a_link(mapping, attention="data_error"), last_seen_at=timezone.now())
    a_link(mapping, attention="skipped")
    a_run(mapping.integration, mapping=mapping, updated_count=3)
    a_schedule(mapping.integration, mapping=mapping, next_at=timezone.now() + timedelta(minutes=3))
    answer = browser.get("/")
    text, page = words(answer), answer.content.decode()
    for part in (
        "3 of 4 records are in sync; 1 more is left out",
        "75.0% of those to keep in step",
        "1 cause",
        "in 3 min",
        "Every 15 minutes",
        "Run now",
    ):
        assert part in text
    for address in ("/records/?state=needs_attention", "/records/?state=in_sync", "/problems/?code=qbo.6240"):
        assert address in page
    assert (
        'aria-label="Records per hour in the last 24 hours: 3 to QuickBooks, 0 to Salesforce, 0 failed'
        in page
    )


def test_only_the_head_of_the_dashboard_moves_while_a_person_reads(browser: Client, mapping: Mapping) -> None:
    a_link(mapping)
    part = browser.get("/", headers={"HX-Request": "true"})
    assert ("In sync" in words(part), "Records per hour" in words(part)) == (True, False)
    assert 'hx-trigger="every 20s"' in part.content.decode()


def test_the_dashboard_of_a_new_company_leads_to_the_setup() -> None:
    answer = a_browser(Role.OWNER, a_company()).get("/")
    assert ("Begin the setup" in words(answer), 'href="/setup/' in answer.content.decode()) == (True, True)


def test_a_pair_that_was_never_connected_is_to_be_connected_and_not_connected_again() -> None:
    company = a_company()
    Integration.all_companies.create(company=company)
    text = words(a_browser(Role.OWNER, company).get("/"))
    shown = {
        part: part in text
        for part in ("Not connected yet", "Not switched on", "Reconnect", "both sides agreed")
    }
    assert shown == {
        "Not connected yet": True,
        "Not switched on": True,
        "Reconnect": False,
        "both sides agreed": False,
    }


def test_a_lost_connection_is_seen_at_once(browser: Client, mapping: Mapping) -> None:
    mapping.integration.quickbooks.status = "needs_reauth"
    mapping.integration.quickbooks.save()
    text = words(browser.get("/"))
    assert ("Reconnect now" in text, "what is due waits" in text) == (True, True)


def test_a_connection_that_rests_says_so_and_when_it_goes_on(browser: Client, mapping: Mapping) -> None:
    connection = mapping.integration.quickbooks
    assert connection is not None
    connection.breaker_open_until = timezone.now() + timedelta(minutes=5)
    connection.save()
    assert "QuickBooks did not answer several times" in words(browser.get("/connections/"))


def test_the_connections_page_says_what_the_org_has_left_today_and_what_waits(
    browser: Client, mapping: Mapping
) -> None:
    connection = mapping.integration.salesforce
    assert connection is not None
    seen = []
    for left in (40_000, 15_000, 5_000):
        connection.facts = {**connection.facts, "calls_max": 100_000, "calls_left": left}
        connection.save()
        seen.append(words(browser.get("/connections/")))
    assert "60,000 of 100,000 (60 %), 40,000 left for all its apps" in seen[0]
    assert ["large loads wait and go on" in text for text in seen] == [False, True, False]
    assert ["large loads and schedules wait and go on" in text for text in seen] == [False, False, True]


def test_the_metered_reads_show_use_and_forecast_and_their_budget_is_changed(
    browser: Client, mapping: Mapping
) -> None:
    connection = mapping.integration.quickbooks
    assert connection is not None
    ApiUsage.all_companies.create(
        company=mapping.company,
        connection=connection,
        day=timezone.now().date(),
        endpoint="GET query",
        metered=400_000,
    )
    text = words(browser.get("/connections/"))
    assert "400,000 of 500,000 this month (80 %)" in text
    assert "400,000 of 500,000 metered reads this month" in words(browser.get("/", follow=True))
    browser.post(f"/connections/{connection.pk}/budget/", {"reads": "1,000,000"})
    assert "400,000 of 1,000,000 this month (40 %)" in words(browser.get("/connections/"))
    assert "How many reads a month?" in words(
        browser.post(f"/connections/{connection.pk}/budget/", {"reads": "lots"}, follow=True)
    )


def the_form_of(browser: Client, button: str) -> str:
    """Where the button of the dashboard leads."""
    page = browser.get("/").content.decode()
    before, _, _ = page.partition(f"</svg>{button}</button>")
    return before.rpartition('action="')[2].partition('"')[0]


def test_pausing_the_company_is_said_and_taken_back(browser: Client, mapping: Mapping) -> None:
    a_link(mapping)
    browser.post(the_form_of(browser, "Pause"))
    assert "All syncing is paused" in words(browser.get("/"))
    browser.post(the_form_of(browser, "Resume"))
    assert "All syncing is paused" not in words(browser.get("/"))


def test_sync_now_reads_every_mapping_that_is_on(browser: Client, mapping: Mapping) -> None:
    a_mapping(mapping.integration, key="off", mode="off", sf_object="Contact")
    answer = browser.post(the_form_of(browser, "Sync now"))
    run = Run.all_companies.get()
    assert (run.mapping, answer.headers["Location"]) == (mapping, f"/runs/{run.pk}/")


def test_the_dashboard_costs_the_same_for_many_mappings_and_schedules(
    browser: Client, mapping: Mapping
) -> None:
    a_schedule(mapping.integration, mapping=mapping)
    a_run(mapping.integration)
    few = queries_of(browser, "/")
    for number in range(4):
        more = a_mapping(mapping.integration, key=f"m{number}", sf_object=f"O{number}__c")
        a_schedule(mapping.integration, mapping=more)
        a_link(more)
    assert queries_of(browser, "/") <= few


@pytest.mark.parametrize("period", ["24h", "7d", "30d", "nonsense"])
def test_the_chart_has_a_table_of_its_figures(browser: Client, mapping: Mapping, period: str) -> None:
    an_attempt(a_link(mapping), finished_at=timezone.now())
    text = words(browser.get("/", {"period": period}))
    assert "As a table" in text
